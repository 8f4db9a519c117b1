"""What a run's recognizer makes of windows as they come: a row of scores for each, or one for each of its steps."""

from __future__ import annotations

from collections import deque
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from actscribe.data.view import ClipFrames
from actscribe.errors import ActScribeError
from actscribe.live.windows import LiveWindows
from actscribe.recognizers.base import Recognizer
from actscribe.recognizers.on_sequences import OnSequences
from actscribe.run_folder.run import Run
from actscribe.runs.scoring import sound
from actscribe.training.losses import probabilities

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
        self.windows = LiveWindows(length, stride, recognizer.view.frames)
        self._recognizer, self._labels = recognizer, labels

    def score(self, clip: ClipFrames) -> np.ndarray:
        """See `Scorer`."""
        (row,) = self._recognizer.score([clip])
        return sound(row, self._labels).astype(float)

    def forget(self) -> None:
        """See `Scorer`; no window depends on another."""


class StepScorer:
    """A causal network over the features of an encoder of frames: all of a step is known once its frame is.

    What the network can see of the past is held, and nothing older: the scores are those of the whole recording.

    Args:
        recognizer: causal, on an encoder of frames.
    """

    steps = True

    def __init__(self, recognizer: OnSequences) -> None:
        step = recognizer.stepping.step
        self._together = max(1, round(TOGETHER_S / step))
        self.windows = LiveWindows(self._together * step, self._together * step, self._together)
        self._recognizer = recognizer
        self._narrow: deque[Tensor] = deque(maxlen=recognizer.network.design.reach + self._together)

    def score(self, clip: ClipFrames) -> np.ndarray:
        """See `Scorer`."""
        recognizer, network = self._recognizer, self._recognizer.network
        where = next(network.parameters()).device
        (vectors,) = recognizer.embedder.embed([clip])
        features = [recognizer.stepping.vector(vectors, clip.times, float(moment)) for moment in clip.times]
        with torch.inference_mode():
            self._narrow.extend(network.narrowed(torch.stack(features).to(where).float()[None])[0])
            held = torch.stack(list(self._narrow))[None]
            logits = network.refined(held, torch.ones(held.shape[:2], dtype=torch.bool, device=where))
            scores = probabilities(logits[0, -self._together :], recognizer.labels.task).cpu().numpy()
        return np.stack([sound(row, len(recognizer.labels)) for row in scores]).astype(float)

    def forget(self) -> None:
        """See `Scorer`."""
        self._narrow.clear()


def scorer_of(recognizer: Recognizer, run: Run) -> Scorer:
    """Return what scores windows with a run's recognizer as they come.

    Raises:
        ActScribeError: a causal network on an encoder of clips.
    """
    if isinstance(recognizer, OnSequences):
        if recognizer.embedder.encoder.per != "frame":
            raise ActScribeError(
                f"{run.folder}: its encoder sees clips, each of which would have to be seen at every step.",
                "Watch with a run of 'temporal' on an encoder of frames, or with one of 'probe' on this encoder.",
            )
        return StepScorer(recognizer)
    length, stride = run.study.windows.length, run.study.windows.stride
    assert length is not None, "check_run refuses whole videos"
    return WindowScorer(recognizer, length, stride, len(run.labels))
