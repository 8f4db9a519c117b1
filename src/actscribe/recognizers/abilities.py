"""What a recognizer can beyond scoring clips by themselves: its class is made from the classes of what it can."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

import numpy as np
from torch import Tensor

from actscribe.data.clips import Clip
from actscribe.data.input_spec import ClipFrames
from actscribe.features.embedder import Embedder
from actscribe.features.sequences import Stepping
from actscribe.labels import LabelSet
from actscribe.recognizers.grounded import Grounded


class ScoresFeatures(ABC):
    """Scores the vectors of clips that a frozen encoder makes, which are kept in the feature store.

    Args:
        embedder: of the clips.
    """

    embedder: Embedder

    @abstractmethod
    def score_features(self, features: Iterable[Tensor]) -> Iterator[np.ndarray]:
        """Yield scores of the vectors of clips, (tokens, D) each, in [0, 1], shape (labels,), in their order."""


class StepFollower(Protocol):
    """Scores the steps of a recording as they come."""

    def score(self, features: Sequence[Tensor]) -> np.ndarray:
        """Return the scores of the next steps, in [0, 1], float32, shape (steps, labels).

        Args:
            features: of each step in order of time, shape (width,).
        """
        ...

    def forget(self) -> None:
        """Start over: the next step does not follow on the last one."""
        ...


class ScoresSteps(ABC):
    """Scores a recording as a whole, step by step, from the features that a frozen encoder makes of its steps.

    Args:
        labels: in the order of the scores.
        embedder: of frames or clips.
        stepping: how it walks through a recording.
    """

    labels: LabelSet
    embedder: Embedder
    stepping: Stepping

    @abstractmethod
    def score_steps(self, features: Iterable[Tensor]) -> np.ndarray:
        """Return the scores of the steps of a recording, in [0, 1], float32, shape (steps, labels).

        Args:
            features: of each step in order of time, shape (width,).
        """

    @abstractmethod
    def follower(self, together: int) -> StepFollower:
        """Return what scores so many steps at a time as they come; asked for only where nothing looks ahead."""


class ScoresWindows(ABC):
    """Scores a recording by what it answers about windows of it: from when to when each label happens.

    Args:
        labels: of the study.
    """

    labels: LabelSet

    @abstractmethod
    def windows(self, clips: Sequence[Clip]) -> list[Clip]:
        """Return the windows of the stretch of a recording that its clips lie in."""

    @abstractmethod
    def ask(self, window: ClipFrames) -> Grounded:
        """Return what is answered about a window."""
