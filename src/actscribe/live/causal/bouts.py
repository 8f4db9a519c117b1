"""Bouts of one label, step by step: what `timeline.segments.bouts` decides of a whole recording, as it goes on."""

from __future__ import annotations

import math
from dataclasses import dataclass

from actscribe.data.clips import SAME_S
from actscribe.timeline.scores import SAME_SCORE, SHORTEST
from actscribe.timeline.segments import LabelOperatingPoint


@dataclass(frozen=True, slots=True)
class Bout:
    """A bout as far as it is known.

    Args:
        start, end: in seconds; of one that is open, `end` is up to where the label has been seen so far.
        open: whether it may still go on.
    """

    start: float
    end: float
    open: bool


class LabelBouts:
    """Hysteresis, then short gaps, then short bouts, given one step after the other.

    The same values give the same bouts as `segments.bouts`. A bout is told once it has lasted its minimum duration, and
    is over once so much time has passed since it ended that a next one would be another.

    Args:
        operating_point: `smoothing` is not used here.
    """

    def __init__(self, operating_point: LabelOperatingPoint) -> None:
        self._decision = operating_point
        self._apart = max(operating_point.min_gap, 2 * SAME_S) - SAME_S
        self._least = max(operating_point.min_duration, SHORTEST) - SAME_S
        self._last: tuple[float, float] | None = None  # middle and value of the step before, if it was seen
        self._inside: float | None = None  # where the span that goes on began
        self._before: tuple[float, float] | None = None  # of the spans before it those that a next one may join

    def step(self, value: float, time: float, edge: float) -> tuple[list[Bout], Bout | None]:
        """Take the value of a step, and return the bouts that are over with it, and the one that is open.

        Args:
            value: smoothed score; nan where unseen.
            time: middle of the step, in seconds.
            edge: where it begins.
        """
        if math.isnan(value):
            return self.finish(edge), None
        over: list[Bout] = []
        if self._inside is None and value >= self._decision.on - SAME_SCORE:
            self._inside = self._crossing(self._decision.on, value, time, edge)
            if not self._joins():
                over += self._over()
        elif self._inside is not None and not value >= self._decision.off - SAME_SCORE:
            self._leave(self._crossing(self._decision.off, value, time, edge))
        if self._inside is None and self._before is not None and time - self._before[1] >= self._apart:
            over += self._over()
        self._last = time, value
        return over, self._open(time)

    def finish(self, edge: float) -> list[Bout]:
        """Return what is over where nothing more is seen, from `edge` on."""
        if self._inside is not None:
            self._leave(edge)
        self._last = None
        return self._over()

    def _crossing(self, level: float, value: float, time: float, edge: float) -> float:
        """Return when the straight line from the step before crosses a level; without one before, the step's edge."""
        if self._last is None:
            return edge
        before, was = self._last
        part = min(max((level - was) / (value - was), 0.0), 1.0) if value != was else 0.0
        return min(max(before * (1 - part) + time * part, before), time)

    def _joins(self) -> bool:
        """Tell whether the span that goes on belongs to the one before."""
        return self._inside is not None and self._before is not None and self._inside - self._before[1] < self._apart

    def _leave(self, end: float) -> None:
        """End the span that goes on; one that only touched the threshold was none."""
        start = self._start()
        if self._inside is not None and end - self._inside >= SHORTEST - SAME_S:
            self._before = start, end
        self._inside = None

    def _start(self) -> float:
        """Return where the bout began that goes on."""
        assert self._inside is not None, "a span goes on"
        return self._before[0] if self._before is not None and self._joins() else self._inside

    def _over(self) -> list[Bout]:
        span, self._before = self._before, None
        return [Bout(*span, open=False)] if span is not None and span[1] - span[0] >= self._least else []

    def _open(self, time: float) -> Bout | None:
        touches = self._inside is not None and time - self._inside < SHORTEST - SAME_S
        if self._inside is not None and not touches:
            start, end = self._start(), time
        elif self._before is not None:
            start, end = self._before
        else:
            return None
        return Bout(start, end, open=True) if end - start >= self._least else None
