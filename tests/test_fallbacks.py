"""Thresholds that validation could not choose are noted as such."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from short_studies import a_run
from small_studies import LEFT, RIGHT, lamp_study

from actscribe import load_study
from actscribe.data.input_spec import ClipFrames, InputSpec
from actscribe.data.loading import load_data
from actscribe.runs.train import decide


class Bright:
    """Scores by the brightness of the picture."""

    input_spec = InputSpec(2, 16)

    def score(self, clips: Iterable[ClipFrames]) -> Iterator[np.ndarray]:
        for clip in clips:
            yield np.full(3, clip.frames.mean() / 255)

    def save(self, folder: Path) -> None:
        raise NotImplementedError


def test_a_label_that_no_validation_clip_shows_has_a_default_threshold_and_is_noted(tmp_path: Path) -> None:
    study = lamp_study(
        tmp_path / "study",
        6,
        4.0,
        empty_labels="allow",
        labels={"name": "lamps", "labels": [LEFT, RIGHT, "Third lamp"]},
    )
    loaded = load_study(study)
    run, recognizer = a_run(study, tmp_path / "run"), Bright()
    recognizer.labels = run.labels
    decide(run, recognizer, loaded, load_data(loaded))
    assert run.operating_point.fallbacks == ("Third lamp",)
    assert run.operating_point.thresholds["Third lamp"] == 0.5
