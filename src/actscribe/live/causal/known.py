"""The scores over time that are known so far: of windows, or of steps, laid on the timeline's own steps."""

from __future__ import annotations

from collections import deque

import numpy as np

from actscribe.timeline.scores import merge_windows


class KnownWindows:
    """Windows that steps which are not decided yet may lie in. Up to its centre a window says most (ours).

    Args:
        labels: how many.
    """

    def __init__(self, labels: int) -> None:
        self._labels = labels
        self._windows: deque[tuple[float, float, np.ndarray]] = deque()
        self.until, self.end = float("-inf"), float("-inf")

    def add(self, start: float, end: float, scores: np.ndarray) -> None:
        """Take a window, shape (labels,); from then on steps up to `until` can be decided, and up to `end` at most."""
        self._windows.append((start, end, np.asarray(scores, dtype=float)))
        self.until, self.end = (start + end) / 2, end

    def rows(self, first: int, count: int, step: float) -> np.ndarray:
        """Return the scores of steps from number `first` on, shape (count, labels), nan where no window saw them."""
        if not self._windows:
            return np.full((count, self._labels), np.nan)
        starts, ends, scores = (np.array(part) for part in zip(*self._windows, strict=True))
        return merge_windows(starts - first * step, ends - first * step, scores, count * step, step).scores

    def forget(self, before: float) -> None:
        """Forget what says nothing of what comes after a moment."""
        while self._windows and self._windows[0][1] <= before:
            self._windows.popleft()

    def clear(self) -> None:
        """Forget everything: what comes next has nothing to do with it."""
        self._windows.clear()


class KnownSteps:
    """Scores of a recognizer that looks at each step once: between two middles read as a straight line.

    Args:
        labels: how many.
    """

    def __init__(self, labels: int) -> None:
        self._labels = labels
        self._times: deque[float] = deque()
        self._rows: deque[np.ndarray] = deque()
        self._begin = float("inf")
        self.until, self.end = float("-inf"), float("-inf")

    def add(self, start: float, end: float, scores: np.ndarray) -> None:
        """Take steps that divide a span evenly, shape (steps, labels); see `KnownWindows.add`."""
        if not self._times:
            self._begin = start
        width = (end - start) / len(scores)
        self._times.extend(start + (index + 0.5) * width for index in range(len(scores)))
        self._rows.extend(np.asarray(scores, dtype=float))
        self.until, self.end = self._times[-1], end

    def rows(self, first: int, count: int, step: float) -> np.ndarray:
        """See `KnownWindows.rows`; beyond the first and the last middle a step's score stays as it is to its edges."""
        if not self._times:
            return np.full((count, self._labels), np.nan)
        times = (first + np.arange(count) + 0.5) * step
        laid = np.column_stack([np.interp(times, self._times, column) for column in np.array(self._rows).T])
        laid[(times < self._begin) | (times > self.end)] = np.nan
        return laid

    def forget(self, before: float) -> None:
        """See `KnownWindows.forget`; the last middle before it is needed still."""
        while len(self._times) > 1 and self._times[1] <= before:
            self._times.popleft()
            self._rows.popleft()

    def clear(self) -> None:
        """See `KnownWindows.clear`."""
        self._times.clear()
        self._rows.clear()
        self._begin = float("inf")
