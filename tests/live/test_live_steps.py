"""A causal network over steps, live: the scores of the whole recording from what it can see of the past."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import torch
from live_lamps import SECONDS, Calm, Heard, Made, chosen, lamp_run, lamps
from torch import Tensor

from actscribe.annotations import read
from actscribe.data.input_spec import ClipFrames, InputSpec
from actscribe.data.recording import Recording
from actscribe.errors import ActScribeError
from actscribe.features.embedder import Encoder
from actscribe.features.sequences import Stepping
from actscribe.live.arrivals import Event
from actscribe.live.as_live import shown_steps
from actscribe.live.scorers import StepScorer, WindowScorer, scorer_of
from actscribe.live.watch import watch
from actscribe.models.temporal.network import Design, TemporalNetwork
from actscribe.recognizers.on_sequences import OnSequences
from actscribe.run_folder.run import Run
from actscribe.runs.one_video import Loaded
from actscribe.runs.scoring import score_recordings

WIDTH = 6


class Colours:
    """An encoder of frames: how bright six parts of a frame are."""

    encoder = Encoder("colours", "frame", WIDTH, 1, 4, 8)

    def embed(self, clips: Sequence[ClipFrames]) -> list[Tensor]:
        return [
            torch.tensor(
                np.array([[part.mean() / 255 for part in np.array_split(f, WIDTH, axis=1)] for f in clip.frames])
            ).float()
            for clip in clips
        ]


def network(kind: Literal["convolutions", "attention"] = "convolutions", **changes: object) -> TemporalNetwork:
    torch.manual_seed(3)
    design = Design(kind, WIDTH, 2, "multi-label", channels=8, stages=2, layers=3, heads=2, window=5, causal=True)
    made = TemporalNetwork(replace(design, **changes))  # type: ignore[arg-type]
    with torch.no_grad():
        for weights in made.parameters():
            weights.mul_(3.0)  # so that scores differ
    return made


def recognizer(run: Run, kind: Literal["convolutions", "attention"] = "convolutions") -> OnSequences:
    stepping = Stepping(Colours.encoder, 0.25, (3.0,), True)
    return OnSequences(Colours(), InputSpec(4, 48), stepping, network(kind), run.labels, lambda folder: None)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return lamp_run(tmp_path_factory.mktemp("live") / "run")


@pytest.mark.parametrize("kind", ["convolutions", "attention"])
def test_what_lies_farther_back_than_its_reach_is_not_seen(kind: Literal["convolutions", "attention"]) -> None:
    made = network(kind).eval()
    reach = made.design.reach
    torch.manual_seed(0)
    features = torch.randn(1, reach + 40, WIDTH)

    def last(states: Tensor) -> Tensor:
        with torch.inference_mode():
            return made(states, torch.ones(states.shape[:2], dtype=torch.bool))[0, -1]

    whole = last(features)
    torch.testing.assert_close(last(features[:, -(reach + 1) :]), whole, atol=1e-6, rtol=1e-5)
    changed = features.clone()
    changed[:, : -(reach + 1)] = 9.0
    torch.testing.assert_close(last(changed), whole, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("kind", ["convolutions", "attention"])
def test_live_steps_have_the_scores_of_offline_scoring(
    run: Run, kind: Literal["convolutions", "attention"], tmp_path: Path
) -> None:
    video = run.folder.parent / "study" / "r0.mp4"
    both = recognizer(run, kind)
    heard = Heard()
    loaded = Loaded(run, both, run.operating_point.timeline, run.operating_point.confidence, (), {})
    done = watch(chosen(Calm(video), video), run, tmp_path / "r0", heard, (), loaded=loaded)
    recording = Recording("r0", video, SECONDS, f"content {kind}", "g")
    steps = score_recordings(both, [recording], run.labels, run.study.windows, "x").steps["r0"]
    rows = np.concatenate([line["scores"] for line in heard.of("window")])
    assert len(rows) == len(steps.scores) == 48
    assert rows.std() > 0.01
    np.testing.assert_allclose(rows, steps.scores, atol=2e-6)
    assert done.ended is not None
    bars = shown_steps(steps, run.operating_point.timeline, run.labels)
    ended = [(line["label"], line["start"], line["end"]) for line in heard.of("ends")]
    key = [(bar.label, pytest.approx(bar.start, abs=0.01), pytest.approx(bar.end, abs=0.01)) for bar in bars]
    assert sorted(ended) == sorted(key, key=lambda one: (one[0], one[1].expected))


def test_a_gap_starts_over_and_is_not_annotated(run: Run, tmp_path: Path) -> None:
    given = [*lamps(4.0), Event("lost", 4.0, "gone"), Event("back", 20.0, "back"), *lamps(4.0, begin=20.0)]
    heard = Heard()
    loaded = Loaded(run, recognizer(run), run.operating_point.timeline, run.operating_point.confidence, (), {})
    source = Made([*given, Event("end", 24.0, "over")])
    done = watch(chosen(source), run, tmp_path / "cut", heard, ("json",), loaded=loaded)
    windows = heard.of("window")
    first = [line["scores"] for line in windows if line["end"] <= 4]
    again = [line["scores"] for line in windows if line["start"] >= 20]
    assert len(again) == 4
    np.testing.assert_allclose(first, again[: len(first)], atol=1e-6)  # the same pictures, and nothing before them
    (gap,) = read(done.files[0]).gaps
    assert (gap.start, gap.end) == (pytest.approx(4.0, abs=0.11), pytest.approx(20.0, abs=0.11))


def test_pictures_that_fail_to_come_are_not_annotated_and_nothing_is_drawn_through_them(
    run: Run, tmp_path: Path
) -> None:
    source = Made([*lamps(4.0), *lamps(4.0, begin=10.0), Event("end", 14.0, "over")], hold_s=0.5)
    heard = Heard()
    loaded = Loaded(run, recognizer(run), run.operating_point.timeline, run.operating_point.confidence, (), {})
    watch(chosen(source), run, tmp_path / "still", heard, (), loaded=loaded)
    windows = heard.of("window")
    first = [line["scores"] for line in windows if line["end"] <= 4]
    again = [line["scores"] for line in windows if line["start"] >= 10]
    np.testing.assert_allclose(first, again[: len(first)], atol=1e-6)
    hidden = (windows[len(first) - 1]["end"], windows[len(first)]["start"])
    assert hidden == (pytest.approx(4.0, abs=1.0), 10.0)
    assert [(line["start"], line["end"]) for line in heard.of("gap")] == [hidden]
    assert not [line for line in heard.of("ends") if line["start"] < hidden[1] and line["end"] > hidden[0]]


def test_an_encoder_of_clips_is_refused(run: Run) -> None:
    made = recognizer(run)
    made.embedder = type("Clips", (), {"encoder": replace(Colours.encoder, per="clip")})()
    with pytest.raises(ActScribeError, match="its encoder sees clips"):
        scorer_of(made, run)
    assert isinstance(scorer_of(recognizer(run), run), StepScorer)
    assert WindowScorer.steps is False
