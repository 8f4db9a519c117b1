"""What a run's recognizer makes of windows as they come: a row of scores for each, or one for each of its steps."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from actscribe.data.input_spec import ClipFrames
from actscribe.errors import ActScribeError
from actscribe.live.windows import LiveWindows
from actscribe.recognizers.abilities import ScoresSteps
from actscribe.recognizers.base import Recognizer
from actscribe.run_folder.run import Run
from actscribe.runs.scoring import sound
from actscribe.settings.registry import on_encoders

#: Seconds of steps that are scored together, about: as often as windows usually come.
TOGETHER_S = 1.0


class Scorer(Protocol):
    """Scores windows, one after the other.

    Args:
        windows: which.
        steps: whether a window's scores are those of its steps.
    """

    @property
    def windows(self) -> LiveWindows:
        """See the class."""
        ...

    @property
    def steps(self) -> bool:
        """See the class."""
        ...

    def score(self, clip: ClipFrames) -> np.ndarray:
        """Return the scores of a window, in [0, 1], shape (labels,), or (steps, labels)."""
        ...

    def forget(self) -> None:
        """Start over: the next window does not follow on the last one."""
        ...


class WindowScorer:
    """A recognizer of clips.

    Args:
        recognizer: that scores.
        length, stride: of the study's windows, in seconds.
        labels: how many.
    """

    steps = False

    def __init__(self, recognizer: Recognizer, length: float, stride: float, labels: int) -> None:
        self.windows = LiveWindows(length, stride, recognizer.input_spec.frames)
        self._recognizer, self._labels = recognizer, labels

    def score(self, clip: ClipFrames) -> np.ndarray:
        """See `Scorer`."""
        (row,) = self._recognizer.score([clip])
        return sound(row, self._labels).astype(float)

    def forget(self) -> None:
        """See `Scorer`; no window depends on another."""


class StepScorer:
    """A recognizer of steps that looks at nothing ahead, on an encoder of frames: a step is known once its frame is.

    Args:
        recognizer: such a one.
    """

    steps = True

    def __init__(self, recognizer: ScoresSteps) -> None:
        step = recognizer.stepping.step
        together = max(1, round(TOGETHER_S / step))
        self.windows = LiveWindows(together * step, together * step, together)
        self._recognizer, self._follower = recognizer, recognizer.follower(together)

    def score(self, clip: ClipFrames) -> np.ndarray:
        """See `Scorer`."""
        recognizer = self._recognizer
        (vectors,) = recognizer.embedder.embed([clip])
        features = [recognizer.stepping.vector(vectors, clip.times, float(moment)) for moment in clip.times]
        scores = self._follower.score(features)
        return np.stack([sound(row, len(recognizer.labels)) for row in scores]).astype(float)

    def forget(self) -> None:
        """See `Scorer`."""
        self._follower.forget()


def scorer_of(recognizer: Recognizer, run: Run) -> Scorer:
    """Return what scores windows with a run's recognizer as they come.

    Raises:
        ActScribeError: a recognizer of steps on an encoder of clips.
    """
    if isinstance(recognizer, ScoresSteps):
        own = run.info.recognizer
        if recognizer.embedder.encoder.per != "frame":
            raise ActScribeError(
                f"{run.folder}: its encoder sees clips, each of which would have to be seen at every step.",
                f"Watch with a run of '{own}' on an encoder of frames, or on this encoder with one of"
                f" {' or '.join(repr(name) for name in on_encoders() if name != own)}.",
            )
        return StepScorer(recognizer)
    length, stride = run.study.windows.length, run.study.windows.stride
    assert length is not None, "check_run refuses whole videos"
    return WindowScorer(recognizer, length, stride, len(run.labels))
