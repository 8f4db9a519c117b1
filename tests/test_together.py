"""Several short recordings in one pass: full batches, the scores of each by itself, and no harm from a bad one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from small_studies import LEFT, RIGHT, bouts, film
from tiny_models import tiny_timesformer

from actscribe import Compute, computing
from actscribe.batching import batched
from actscribe.data.input_spec import ClipFrames, InputSpec
from actscribe.data.recording import Recording
from actscribe.errors import UnreadableVideo
from actscribe.features.embedder import Encoder
from actscribe.features.store import FeatureStore
from actscribe.labels import LabelSet
from actscribe.models.pixels import Pixels
from actscribe.models.video_classifier import load_classifier
from actscribe.recognizers.on_features import OnFeatures
from actscribe.recognizers.video_classifier import VideoClassifierRecognizer
from actscribe.run_folder.scored_clips import ScoredClips
from actscribe.runs import scoring, together
from actscribe.runs.scoring import score_recordings
from actscribe.runs.together import score_together
from actscribe.settings.study import Windows

LABELS = LabelSet(name="lamps", labels=(LEFT, RIGHT))  # type: ignore[arg-type]
WINDOWS = Windows(length=2.0, stride=1.0, frames=4)
#: Windows of each: 3, 2, 1, 5, 4.
SECONDS = (4.0, 3.0, 2.0, 6.0, 5.0)


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> list[Recording]:
    folder = tmp_path_factory.mktemp("films")
    return [
        Recording(f"r{index}", film(folder / f"r{index}.mp4", bouts(index, long), long, index), long, f"c{index}", "g")
        for index, long in enumerate(SECONDS)
    ]


@pytest.fixture(scope="module")
def cut_off(recordings: list[Recording]) -> Recording:
    """A video that ends after six of the eleven windows that it is taken to have."""
    return replace(recordings[3], name="cut", duration=12.0, content="cut")


class Counting:
    """Brightness of both halves; notes how many clips it is given at once."""

    def __init__(self, batch: int = 8) -> None:
        self.labels, self.input_spec, self.batch = LABELS, InputSpec(4, 32), batch
        self.batches: list[int] = []

    def score(self, clips: Iterable[ClipFrames]) -> Iterator[np.ndarray]:
        for batch in batched(clips, self.batch):
            self.batches.append(len(batch))
            for clip in batch:
                half = clip.frames.shape[2] // 2
                yield np.array([clip.frames[:, :, :half].mean(), clip.frames[:, :, half:].mean()]) / 255


def alone(recognizer: object, recordings: Sequence[Recording]) -> list[ScoredClips]:
    return [score_recordings(recognizer, [one], LABELS, WINDOWS, "Scoring") for one in recordings]  # type: ignore[arg-type]


def same(actual: Sequence[ScoredClips | None], expected: Sequence[ScoredClips], atol: float = 0.0) -> None:
    for one, other in zip(actual, expected, strict=True):
        assert one is not None
        assert one.clips == other.clips
        assert [times.tolist() for times in one.times] == [times.tolist() for times in other.times]
        assert one.scores.dtype == other.scores.dtype
        np.testing.assert_allclose(one.scores, other.scores, rtol=0, atol=atol)


def test_batches_are_full_across_recordings(recordings: list[Recording]) -> None:
    counting = Counting()
    scored = score_together(counting, recordings, LABELS, WINDOWS)  # type: ignore[arg-type]
    assert counting.batches == [8, 7]
    same(scored, alone(Counting(), recordings))


def test_a_video_that_ends_early_takes_no_other_with_it(recordings: list[Recording], cut_off: Recording) -> None:
    among = [*recordings[:2], cut_off, *recordings[2:]]
    gone = replace(cut_off, name="gone", video=cut_off.video.with_name("gone.mp4"))
    counting = Counting()
    scored = score_together(counting, [gone, *among], LABELS, WINDOWS)  # type: ignore[arg-type]
    assert sum(counting.batches) == 15 + 6  # windows of the one that ends early are shown before it is known
    assert [one is None for one in scored] == [True, False, False, True, False, False, False]
    same([one for one in scored if one is not None], alone(Counting(), recordings))


def test_a_network_gives_the_scores_of_each_by_itself(recordings: list[Recording], tmp_path: Path) -> None:
    model, pixels = load_classifier(str(tiny_timesformer(tmp_path / "model")), LABELS.names, 4)
    torch.nn.init.normal_(model.head.weight)
    recognizer = VideoClassifierRecognizer(model, pixels, LABELS, bfloat16=False)
    assert isinstance(pixels, Pixels)
    sizes: list[int] = []
    model.register_forward_pre_hook(lambda module, given: sizes.append(len(given[0])))
    for batch_size, wanted, atol in ((1, [1] * 15, 0.0), (8, [8, 7], 1e-6)):
        with computing(Compute("cpu", 1, batch_size)):
            expected = alone(recognizer, recordings)
            sizes.clear()
            same(score_together(recognizer, recordings, LABELS, WINDOWS), expected, atol)
            assert sizes == wanted
    assert np.ptp([one.scores for one in expected[:1]]) > 1e-3  # the clips differ


class Colours:
    """Mean colour of a frame; notes how many frames it is given at once."""

    def __init__(self) -> None:
        self.encoder = Encoder("colours", "frame", 3, 1, 4, 8)
        self.batches: list[int] = []

    def embed(self, clips: Sequence[ClipFrames]) -> list[torch.Tensor]:
        self.batches.append(len(clips))
        return [torch.from_numpy(clip.frames.mean(axis=(1, 2)) / 255).float() for clip in clips]


class Mean(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.tensor([[4.0, -4.0, 1.0], [1.0, 2.0, -3.0]]))

    def forward(self, states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        return states.mean(dim=1) @ self.weight.T


def test_what_a_frozen_encoder_sees_is_kept_for_each(
    recordings: list[Recording], cut_off: Recording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def on_features(store: Path) -> tuple[OnFeatures, Colours]:
        made = FeatureStore(store, 2**30)
        for module in (scoring, together):
            monkeypatch.setattr(module, "default_store", lambda: made)
        colours = Colours()
        return OnFeatures(colours, InputSpec(4, 32), Mean(), LABELS, lambda folder: None), colours

    recognizer, colours = on_features(tmp_path / "alone")
    expected = alone(recognizer, recordings)
    frames = sum(colours.batches)
    assert colours.batches != sorted(colours.batches, reverse=True)  # batches of each recording's end are not full
    recognizer, colours = on_features(tmp_path / "together")
    scored = score_together(recognizer, [recordings[0], cut_off, *recordings[1:]], LABELS, WINDOWS)
    assert scored == [None] * 6
    assert set(colours.batches[:-1]) == {8}
    assert sum(colours.batches) > frames  # what the one shows that ends early, too
    colours.batches.clear()
    same(alone(recognizer, recordings), expected)
    assert colours.batches == []  # all was in the store
    with pytest.raises(UnreadableVideo, match="no picture at"):
        alone(recognizer, [cut_off])
