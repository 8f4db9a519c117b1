"""Multi-class timelines as they happen: exactly one label at every seen moment."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from actscribe.data.clips import SAME_S
from actscribe.live.causal.bouts import Bout


class ExclusiveBouts:
    """The label with the highest score, step by step (ours).

    Another label takes over once it has been the highest for its minimum duration, from where that began; if it does
    not last, the label before goes on through it. After an unseen step the first label needs no minimum: none was
    before it. Offline a run that is too short goes to whichever neighbour has the higher mean, and the one after is not
    known here.

    Args:
        min_durations: of the labels, in seconds.
    """

    def __init__(self, min_durations: Sequence[float]) -> None:
        self._least = list(min_durations)
        self._label, self._start, self._end = -1, 0.0, 0.0
        self._other, self._since = -1, 0.0

    def step(self, values: np.ndarray, edge: float, end: float) -> list[tuple[int, Bout]]:
        """Take the smoothed scores of a step, and return each label with its bout that is over, or open.

        Args:
            values: shape (labels,), nan where unseen.
            edge, end: of the step, in seconds.
        """
        if not np.isfinite(values).any():
            return self.finish()
        best = int(np.nanargmax(values))
        bouts: list[tuple[int, Bout]] = []
        if self._label < 0:
            self._label, self._start, self._other = best, edge, best
        elif best != self._other:
            self._other, self._since = best, edge
        if self._other != self._label and end - self._since >= self._least[self._other] - SAME_S:
            if self._since - self._start > SAME_S:
                bouts.append((self._label, Bout(self._start, self._since, open=False)))
            self._label, self._start = self._other, self._since
        self._end = end
        return [*bouts, (self._label, Bout(self._start, end if self._other == self._label else self._since, open=True))]

    def finish(self) -> list[tuple[int, Bout]]:
        """Return what is over where nothing more is seen."""
        bouts = [(self._label, Bout(self._start, self._end, open=False))] if self._label >= 0 else []
        self._label = self._other = -1
        return bouts
