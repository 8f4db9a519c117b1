"""What a model said of when labels happen in one window, and its scores over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from actscribe.data.clips import Clip
from actscribe.recognizers.interval_answers import IntervalAnswer
from actscribe.recognizers.zero_shot import UNKNOWN

#: From one score of a recording to the next, in seconds: finer than models say times (ours).
STEP_S = 0.25


@dataclass(frozen=True, slots=True, eq=False)
class Grounded:
    """What a model said about one window.

    Args:
        window: of the recording.
        answers: per label; seconds are counted from the window's start.
        chances: how sure each of the intervals is, in [0, 1], per label.
        texts: as it wrote them, per label.
        shift: of the frames against the times that the model was told for them, in seconds.
    """

    window: Clip
    answers: tuple[IntervalAnswer, ...]
    chances: tuple[tuple[float, ...], ...]
    texts: tuple[str, ...]
    shift: float = 0.0

    @property
    def unread(self) -> np.ndarray:
        """Whether the answer on a label could not be read, shape (labels,)."""
        return np.array([one.unread for one in self.answers])

    def cover(self, column: int, edges: np.ndarray) -> np.ndarray:
        """Return how much of each step a label's intervals cover, times how sure they are, shape (steps,).

        Args:
            column: of the label.
            edges: of the steps, in seconds of the recording, shape (steps + 1,).
        """
        begins, ends = edges[:-1], edges[1:]
        covered = np.zeros(len(begins))
        for one, chance in zip(self.answers[column].intervals, self.chances[column], strict=True):
            start, end = (self.window.start + self.shift + moment for moment in (one.start, one.end))
            inside = np.clip(np.minimum(ends, end) - np.maximum(begins, start), 0.0, None) / (ends - begins)
            covered = np.maximum(covered, chance * inside)
        return covered


def step_edges(start: float, end: float) -> np.ndarray:
    """Return the edges of steps of `STEP_S` from `start` to `end`, in seconds; the last may be shorter or longer."""
    count = max(1, round((end - start) / STEP_S))
    return np.append(start + np.arange(count) * STEP_S, end)


def on_steps(answers: Sequence[Grounded], edges: np.ndarray, task: str) -> np.ndarray:
    """Return the scores of steps of a recording, in [0, 1], float64, shape (steps, labels).

    The mean over the windows that hold a step's middle and in which the answer on the label could be read; `UNKNOWN`
    where it could be read in none. Classes share 1 by their scores, evenly where none was named (ours).

    Args:
        answers: on windows of one recording, at least one.
        edges: of the steps, in seconds, shape (steps + 1,).
        task: of the label set.
    """
    middles = (edges[:-1] + edges[1:]) / 2
    labels = len(answers[0].answers)
    total, read = (np.zeros((len(middles), labels)) for _ in range(2))
    for answer in answers:
        first, last = np.searchsorted(middles, [answer.window.start, answer.window.end])
        for column in np.flatnonzero(~answer.unread):
            total[first:last, column] += answer.cover(int(column), edges[first : last + 1])
            read[first:last, column] += 1
    scores = np.divide(total, read, out=np.full(total.shape, UNKNOWN), where=read > 0)
    if task == "multi-class":
        whole = scores.sum(axis=1, keepdims=True)
        scores = np.divide(scores, whole, out=np.full(scores.shape, 1 / labels), where=whole > 0)
    return np.asarray(scores)
