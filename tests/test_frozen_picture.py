"""A picture that does not move scores the same wherever the window lies and at whatever rate the video was filmed."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import dual_encoder_inputs
import numpy as np
import pytest
import tiny_vlms
import torch
import vlm_inputs
from tiny_judge import tiny_judge
from tiny_models import tiny_timesformer

from actscribe.data.clips import Window, cut
from actscribe.data.frames import stream
from actscribe.data.input_spec import ClipFrames, InputSpec
from actscribe.data.recording import Recording
from actscribe.models.vlm import load_vlm
from actscribe.recognizers.base import implementation
from actscribe.settings.registry import BUILT_IN
from actscribe.settings.study import parse_settings
from actscribe.training.inputs import TrainingInputs
from actscribe.video.probe import probe
from actscribe.video.sampling import nominal_times
from actscribe.video.writing import write_video

RATES = (24, 25, Fraction(30000, 1001), 30)
SECONDS = 7
#: Arithmetic in batches of other sizes rounds otherwise; what the times did was 30,000 times as much.
TOLERANCE = 1e-6


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """One picture for 7 s at each rate, without loss, so that every decoded frame is the same."""
    folder = tmp_path_factory.mktemp("frozen")
    picture = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    paths = []
    for number, rate in enumerate(RATES):
        paths.append(folder / f"{number}.mp4")
        write_video(paths[-1], [picture] * round(SECONDS * rate), rate, crf=0)
    return paths


def windows(videos: list[Path], input_spec: InputSpec, labels: Any = vlm_inputs.LABELS) -> list[ClipFrames]:
    """Return every window of every video at the default settings, 3 s and a stride of 1 s."""
    clips: list[ClipFrames] = []
    for path in videos:
        recording = Recording(path.stem, path, probe(path).duration, path.stem, path.stem)
        clips += stream(recording, cut(recording, labels, Window()), input_spec)
    assert len(clips) >= len(videos) * 5
    assert all((clip.frames == clips[0].frames[0]).all() for clip in clips)
    return clips


def test_the_windows_take_frames_at_other_times_of_theirs(videos: list[Path]) -> None:
    """Else the tests below would pass whatever a model is told."""
    clips = windows(videos, InputSpec(8, 48))
    assert len({tuple(np.round(clip.times - clip.clip.start, 3)) for clip in clips}) > 2 * len(RATES)


@pytest.mark.parametrize("family", list(tiny_vlms.FAMILIES))
def test_every_family_is_told_the_same(family: str, videos: list[Path], tmp_path: Path) -> None:
    vlm = load_vlm(tiny_vlms.build(family, tmp_path), "float32")
    clips = windows(videos, InputSpec(8, 48))
    inputs = vlm.inputs([replace(clip, content="") for clip in clips], ["Is the baby visible?"] * len(clips))
    assert len({(one.text, one.unit_seconds) for one in inputs}) == 1
    logits = torch.cat([vlm.logits([one]) for one in inputs[:6]])
    torch.testing.assert_close(logits, logits[:1].expand_as(logits), atol=TOLERANCE, rtol=0)


def test_qwen_positions_are_those_of_the_sampled_rate(videos: list[Path], tmp_path: Path) -> None:
    """2 * 3 s / 8 frames at 2 positions a second: units stand at 0, 1.5, 3 and 4.5, rounded down as in transformers."""
    vlm = load_vlm(tiny_vlms.build("qwen2_5_vl", tmp_path), "float32")
    for clip in windows(videos, InputSpec(8, 48)):
        one = vlm.inputs([clip], ["What?"])[0]
        assert one.unit_seconds == 0.75
        mask = torch.ones(1, len(one), dtype=torch.bool)
        rows = vlm._positions(one.ids[None], mask, [one])[0, 0, one.ids == vlm.prompter.placeholder]
        assert (rows - rows[0]).unique().tolist() == [0, 1, 3, 4]


def test_nominal_times_by_hand() -> None:
    np.testing.assert_array_equal(nominal_times(0.0, 3.0, 4), [0.375, 1.125, 1.875, 2.625])
    np.testing.assert_array_equal(nominal_times(7.1, 10.1, 4), [0.375, 1.125, 1.875, 2.625])
    np.testing.assert_array_equal(nominal_times(2.0, 2.5, 1), [0.25])
    with pytest.raises(ValueError, match="cannot place 0 frames"):
        nominal_times(0.0, 3.0, 0)
    with pytest.raises(ValueError, match="from 3"):
        nominal_times(3.0, 3.0, 8)


@pytest.mark.parametrize("name", ["vlm-list", "vlm-yesno", "vlm-judge", "vlm-head", "vlm-lora", "timesformer"])
def test_every_recognizer_scores_it_alike(
    name: str, videos: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACTSCRIBE_CACHE", str(tmp_path / "cache"))
    made = _trained(name, tmp_path) if BUILT_IN[name].settings.model_fields.get("epochs") else _asked(name, tmp_path)
    _check(made, windows(videos, made.input_spec))


@pytest.mark.parametrize("name", ["clip", "x-clip", "vifi-clip"])
def test_every_dual_encoder_scores_it_alike(name: str, videos: list[Path], tmp_path: Path) -> None:
    made = implementation(name).make(
        dual_encoder_inputs.training_inputs(tmp_path / "run", name, tmp_path, learns="none")
    )
    _check(made, windows(videos, made.input_spec))


def _trained(name: str, folder: Path) -> Any:
    changes: dict[str, Any] = {"epochs": 1, "batch_size": 4}
    if name == "timesformer":
        changes |= {"model": str(tiny_timesformer(folder / "model")), "augment": False, "precision": "float32"}
        inputs = dual_encoder_inputs.training_inputs(folder / "run", "clip", folder)
        return implementation(name).make(replace(inputs, settings=parse_settings(name, changes)))
    changes |= {"model": str(tiny_vlms.build("smolvlm", folder / "model"))}
    (folder / "run").mkdir()
    return implementation(name).make(vlm_inputs.training_inputs(folder / "run", name, frames=8, **changes))


def _asked(name: str, folder: Path) -> Any:
    values: dict[str, Any] = {"model": str(tiny_vlms.build("smolvlm", folder / "model")), "dtype": "float32"}
    if name == "vlm-judge":
        values |= {"judge": str(tiny_judge(folder / "judge")), "caption_tokens": 6}
    settings = BUILT_IN[name].settings.model_validate(values)
    nothing: Any = None
    input_spec = implementation(name).input_spec(settings, 8)
    return implementation(name).make(
        TrainingInputs(vlm_inputs.LABELS, settings, input_spec, nothing, nothing, nothing, nothing, folder, seed=0)
    )


def _check(recognizer: Any, clips: list[ClipFrames]) -> None:
    scores = np.stack(list(recognizer.score(iter(clips))))
    np.testing.assert_allclose(scores, np.broadcast_to(scores[0], scores.shape), atol=TOLERANCE, rtol=0)
