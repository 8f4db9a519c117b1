"""Vectors of clips: right, made once, decoded once, kept through a kill."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tiny_vlms
import torch
import vlm_inputs
from videos import make_video

from actscribe.data.clips import Clip
from actscribe.data.frames import stream
from actscribe.data.input_spec import ClipFrames, InputSpec
from actscribe.data.recording import Recording
from actscribe.errors import ActScribeError
from actscribe.features import embedding as embedding_module
from actscribe.features.embedder import Encoder
from actscribe.features.embedders.vlm import Backbone, VlmEmbedder, in_batches
from actscribe.features.embedding import Embedding, Features, embed, embedded
from actscribe.features.store import FeatureStore
from actscribe.labels import LabelSet
from actscribe.models import device as devices
from actscribe.models.probe_heads import LinearHead
from actscribe.models.vlm import Hidden, load_vlm
from actscribe.recognizers.on_features import OnFeatures
from actscribe.runs.scoring import score_recordings
from actscribe.settings.study import Windows
from actscribe.video.sampling import sample_times


class Colours:
    """Mean colour per frame; counts what it is shown."""

    def __init__(self, per: str = "frame", batch: int = 4, key: str = "colours") -> None:
        self.encoder = Encoder(key, per, 3, 1, 4, batch)  # type: ignore[arg-type]
        self.frames, self.stop = 0, 10**9

    def embed(self, clips: Sequence[ClipFrames]) -> list[torch.Tensor]:
        self.frames += sum(len(clip.frames) for clip in clips)
        if self.frames > self.stop:
            raise KeyboardInterrupt
        return [torch.from_numpy(clip.frames.mean(axis=(1, 2))).float() for clip in clips]


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    return Recording("r", make_video(tmp_path / "r.mp4", 80, fps=10), 8.0, "digest", "r")


@pytest.fixture
def clips() -> list[Clip]:
    return [Clip("r", start, start + 3.0) for start in (0.0, 1.0, 2.0, 3.0, 4.0, 4.7)]


INPUT_SPEC = InputSpec(6, 32)


def through(embedder: Colours, tmp_path: Path, input_spec: InputSpec = INPUT_SPEC) -> Embedding:
    return Embedding(embedder, input_spec, FeatureStore(tmp_path / "store", 2**30))


@pytest.mark.parametrize("per", ["frame", "clip"])
def test_vectors_are_those_of_each_clips_own_frames(
    recording: Recording, clips: list[Clip], tmp_path: Path, per: str
) -> None:
    rows = list(embedded(through(Colours(per), tmp_path), recording, clips))
    for row, shown in zip(rows, stream(recording, clips, INPUT_SPEC), strict=True):
        np.testing.assert_allclose(row.vectors, shown.frames.mean(axis=(1, 2)), rtol=1e-6)
        np.testing.assert_array_equal(row.times, shown.times)


def test_a_frame_that_windows_share_is_seen_once(recording: Recording, clips: list[Clip], tmp_path: Path) -> None:
    colours = Colours()
    list(embedded(through(colours, tmp_path), recording, clips))
    assert colours.frames == len({time for clip in clips for time in grid(clip)})
    whole = Colours("clip", key="others")
    list(embedded(through(whole, tmp_path), recording, clips))
    assert whole.frames == 6 * len(clips)


def grid(clip: Clip) -> list[int]:
    """The common grid by hand: half steps of 0.5 s, the first at or after the clip's start."""
    first = int(np.ceil(round((clip.start - 0.25) / 0.5, 6)))
    return [first + step for step in range(6)]


def test_what_is_known_is_neither_decoded_nor_encoded(
    recording: Recording, clips: list[Clip], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = [row.vectors for row in embedded(through(Colours(), tmp_path), recording, clips)]
    recording.video.unlink()
    again = Colours()
    monkeypatch.setattr(embedding_module, "time", None)
    vectors = embed(through(again, tmp_path), [recording], clips[::-1], "Features")
    assert again.frames == 0
    assert all(torch.equal(one, other) for one, other in zip(first, list(vectors)[::-1], strict=True))
    with pytest.raises(IndexError):
        vectors[len(clips)]


def test_a_killed_pass_goes_on_in_the_same_batches(
    recording: Recording, clips: list[Clip], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedding_module, "WRITE_S", -1.0)
    killed = Colours("clip", batch=2)
    killed.stop = 3 * 6
    with pytest.raises(KeyboardInterrupt):
        list(embedded(through(killed, tmp_path), recording, clips))
    again = Colours("clip", batch=2)
    rows = list(embedded(through(again, tmp_path), recording, clips))
    assert again.frames == 4 * 6
    expected = embedded(through(Colours("clip"), tmp_path / "whole"), recording, clips)
    assert all(torch.equal(one.vectors, other.vectors) for one, other in zip(rows, expected, strict=True))


def test_whoever_stops_early_keeps_what_was_made(recording: Recording, clips: list[Clip], tmp_path: Path) -> None:
    rows = embedded(through(Colours("clip", batch=1), tmp_path), recording, clips)
    next(rows)
    rows.close()
    again = Colours("clip", batch=1)
    list(embedded(through(again, tmp_path), recording, clips))
    assert again.frames == 5 * 6


def test_whatever_vectors_depend_on_keeps_them_apart(recording: Recording, clips: list[Clip], tmp_path: Path) -> None:
    other = replace(recording, content="another digest")
    variants = [
        (Colours(), INPUT_SPEC, recording),
        (Colours(key="another"), INPUT_SPEC, recording),
        (Colours(), replace(INPUT_SPEC, short_side=24), recording),
        (Colours(), replace(INPUT_SPEC, square_pixels=False), recording),
        (Colours(), INPUT_SPEC, other),
        (Colours("clip"), INPUT_SPEC, recording),
        (Colours("clip"), replace(INPUT_SPEC, frames=5), recording),
    ]
    shelves = {through(embedder, tmp_path, input_spec).shelf(video).folder for embedder, input_spec, video in variants}
    assert len(shelves) == len(variants)
    # A frame is the same however many a clip has.
    assert through(Colours(), tmp_path, replace(INPUT_SPEC, frames=5)).shelf(recording).folder in shelves


def test_of_two_processes_each_begins_elsewhere(
    recording: Recording, clips: list[Clip], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = [recording, replace(recording, name="s", content="other")]
    wanted = clips + [replace(clip, recording="s") for clip in clips]
    begun = []
    for rank in "01":
        with monkeypatch.context() as patch:
            for name, value in (("LOCAL_RANK", rank), ("RANK", rank), ("WORLD_SIZE", "2")):
                patch.setenv(name, value)
            shown: list[str] = []
            embedding = replace(through(Colours(), tmp_path / rank), show=noting(shown))
            embed(embedding, both, wanted, "Features")
            begun.append(shown)
    assert begun == [["r", "s"], ["s", "r"]]


def noting(names: list[str]):  # type: ignore[no-untyped-def]
    def show(recording: Recording, input_spec: InputSpec, wanted: Sequence[object]) -> Iterator[ClipFrames]:
        names.append(recording.name)
        yield from embedding_module.shown(recording, input_spec, wanted)  # type: ignore[arg-type]

    return show


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_vlms.build("smolvlm", tmp_path_factory.mktemp("model"))


@pytest.fixture
def mean(folder: Path) -> Backbone:
    return Backbone(load_vlm(folder, "float32"), "What happens?", "mean", 200)


def features(backbone: Backbone, data: vlm_inputs.MadeClips, root: Path) -> Features:
    embedding = Embedding(VlmEmbedder(backbone, data.input_spec), data.input_spec, FeatureStore(root, 2**30), data.show)
    return embed(embedding, list(data.recordings.values()), data.clips, "Features")


def test_mean_features_are_means_over_video_positions(mean: Backbone, tmp_path: Path) -> None:
    data, _ = vlm_inputs.clips("r", 3, 2, seed=1)
    means = features(mean, data, tmp_path)
    assert len(means) == 3
    for index in range(3):
        inputs = mean.vlm.inputs([data[index]], ["What happens?"])
        states = mean.vlm.hidden(inputs).states[0].numpy()
        video = inputs[0].ids.numpy() == mean.vlm.prompter.placeholder
        assert video.sum() == 8  # two frames of four tokens
        np.testing.assert_allclose(means[index], states[video].mean(axis=0, keepdims=True), atol=1e-5)
    assert float((means[0] - means[1]).abs().max()) > 1e-3


def test_attention_features_are_the_whole_sequence(mean: Backbone, tmp_path: Path) -> None:
    backbone = replace(mean, pooling="attention")
    data, _ = vlm_inputs.clips("r", 3, 2, seed=1)
    sequences = features(backbone, data, tmp_path)
    states = mean.vlm.hidden(backbone.inputs([data[2]])).states[0]
    assert sequences[2].dtype == torch.float16
    torch.testing.assert_close(sequences[2].float(), states, atol=5e-3, rtol=1e-3)
    assert sequences.longest() == len(states)


def test_models_prompts_and_precisions_are_kept_apart(mean: Backbone, folder: Path, tmp_path: Path) -> None:
    data, _ = vlm_inputs.clips("r", 2, 2, seed=1)
    another = Backbone(
        load_vlm(tiny_vlms.build("smolvlm", tmp_path / "model", seed=1), "float32"), mean.prompt, "mean", 200
    )
    variants = [
        mean,
        replace(mean, prompt="What else happens?"),
        replace(mean, pooling="attention"),
        replace(mean, vlm=load_vlm(folder, "bfloat16")),
        another,
    ]
    keys = {VlmEmbedder(one, data.input_spec).encoder.key for one in variants}
    assert len(keys) == len(variants)
    assert VlmEmbedder(replace(mean, batch_tokens=50), data.input_spec).encoder.key in keys


def test_one_frame_in_clips_of_two_lengths_is_two_things(recording: Recording, mean: Backbone, tmp_path: Path) -> None:
    clips, input_spec = (
        [Clip("r", 0.0, 3.0), Clip("r", 1.0, 2.0)],
        InputSpec(1, 32),
    )  # the model is told how long they are
    embedding = Embedding(VlmEmbedder(mean, input_spec), input_spec, FeatureStore(tmp_path / "store", 2**30))
    rows = list(embedded(embedding, recording, clips))
    for row, shown in zip(rows, stream(recording, clips, input_spec), strict=True):
        torch.testing.assert_close(row.vectors, embedding.embedder.embed([shown])[0])


class Fed(Colours):
    """Colours in two steps, which note when they begin and end."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[str] = []
        self.fed_twice = threading.Event()

    def feed(self, clips: Sequence[ClipFrames]) -> Sequence[ClipFrames]:
        self.events.append("feed")
        if self.events.count("feed") == 2:
            self.fed_twice.set()
        return clips

    def embed_fed(self, fed: Sequence[ClipFrames]) -> list[torch.Tensor]:
        if "embedded" not in self.events:
            self.fed_twice.wait(0.5)
        self.events.append("embedded")
        return self.embed(fed)


@pytest.mark.parametrize(("where", "first"), [("cpu", ["feed", "embedded"]), ("cuda", ["feed", "feed"])])
def test_beside_a_gpu_the_next_batch_is_made_ready_while_the_network_computes(
    where: str, first: list[str], recording: Recording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devices, "device", lambda: torch.device(where))
    clips = [Clip("r", 0.0, 3.0), Clip("r", 1.0, 4.0)]
    fed, plain = (
        Embedding(one, INPUT_SPEC, FeatureStore(tmp_path / name, 2**30))
        for name, one in (("fed", Fed()), ("plain", Colours()))
    )
    rows = list(embedded(fed, recording, clips))
    for row, expected in zip(rows, embedded(plain, recording, clips), strict=True):
        assert torch.equal(row.vectors, expected.vectors)
    assert fed.embedder.events[:2] == first  # type: ignore[attr-defined]
    assert threading.active_count() == 1 or all("ahead" not in one.name for one in threading.enumerate())


def test_batches_keep_the_order_and_the_budget(mean: Backbone) -> None:
    short, _ = vlm_inputs.clips("r", 3, 2, seed=1)
    long, _ = vlm_inputs.clips("s", 2, 5, seed=2)
    inputs = mean.inputs([long[0], short[0], long[1], short[1], short[2]])
    sizes: list[tuple[int, ...]] = []

    def use(hidden: Hidden) -> list[torch.Tensor]:
        sizes.append(tuple(hidden.mask.shape))
        return list(hidden.mask.sum(1))

    budget = 2 * len(inputs[1])
    assert in_batches(mean.vlm, inputs, budget, use) == [len(one) for one in inputs]
    assert all(rows == 1 or rows * tokens <= budget for rows, tokens in sizes)
    assert len(sizes) == 4


class Wide(Colours):
    """Vectors of 4 KiB per frame."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = Encoder("wide", "frame", 1024, 1, 4, 4)

    def embed(self, clips: Sequence[ClipFrames]) -> list[torch.Tensor]:
        return [one.repeat(1, 342)[:, :1024] for one in super().embed(clips)]


def test_scoring_keeps_within_a_store_that_holds_one_recording_and_refuses_one_that_holds_less(
    recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    videos = [recording, replace(recording, name="other", content="other digest")]
    labels = LabelSet(name="one", labels=({"name": "Lamp"},))  # type: ignore[arg-type]
    windows = Windows(length=3.0, stride=1.0, frames=6)

    def scores(embedder: Wide) -> np.ndarray:
        head = LinearHead(1024, 1, "mean")
        torch.nn.init.normal_(head.out.weight)
        known = OnFeatures(embedder, INPUT_SPEC, head, labels, lambda folder: None)
        return score_recordings(known, videos, labels, windows, "Scoring").scores

    frames = len(np.unique(np.concatenate([sample_times(start, start + 3, 6) for start in range(6)]).round(6)))
    for rows, fits in ((1.5 * frames, True), (0.9 * frames, False)):
        monkeypatch.setenv("ACTSCRIBE_FEATURES_GIB", f"{rows * 4096 / 2**30:.12f}")
        embedder = Wide()
        if fits:
            assert len(scores(embedder)) == 12
        else:
            with pytest.raises(ActScribeError, match="the features of one recording take"):
                scores(embedder)
            assert embedder.frames == 0


def test_states_that_are_no_numbers_are_not_kept(folder: Path, tmp_path: Path) -> None:
    vlm = load_vlm(folder, "float32")
    with torch.no_grad():
        vlm.model.model.text_model.norm.weight.fill_(float("nan"))
    data, _ = vlm_inputs.clips("r", 2, 2, seed=1)
    with pytest.raises(ActScribeError, match=r"makes of 'r' at 0 s are not finite numbers\."):
        features(Backbone(vlm, "Watch.", "mean", 200), data, tmp_path)
    assert not list((tmp_path / "store").rglob("*actscribe-features"))
