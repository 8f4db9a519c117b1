"""How often a window is scored: as often as the study says, or as often as this machine can (ours)."""

from __future__ import annotations

import math

#: Weight of the newest window in the mean time that one takes.
NEWEST = 0.3
#: The share of the time that scoring may take: beyond the first the stride grows, below the second it shrinks again.
MOST_BUSY, LEAST_BUSY = 0.85, 0.65
#: Windows that are scored at a stride before it shrinks, so that it does not swing.
BEFORE_SHRINKING = 5
#: Windows that may wait at the present stride before the oldest of them are passed over.
WAITING = 2
#: A stride never grows beyond so many seconds: then windows are passed over instead.
MOST_S = 60.0


class Pace:
    """Every how many windows one is scored, and which comes next.

    Args:
        room: seconds of this machine's time from one window to the next.
        waits: whether the source waits, so that no window has to be passed over.
        most: the largest `every`.
        held: windows, one after the other, whose pictures are held for whoever is late.
    """

    def __init__(self, room: float, waits: bool = False, most: int = 60, held: int = 10) -> None:
        self._room, self._waits, self._most, self._held = room, waits, max(1, most), held
        self.every, self.passed_over = 1, 0
        self._cost: float | None = None
        self._scored = 0

    def next(self, last: int, newest: int) -> int | None:
        """Return the number of the window to score now; None while there is none.

        Args:
            last: scored, or below the first one.
            newest: of which all is known.
        """
        following = self.following(last)
        if following > newest:
            return None
        waiting = (newest - following) // self.every
        if self._waits or waiting <= min(WAITING, self._held // self.every):
            return following
        self.passed_over += waiting
        return following + waiting * self.every

    def following(self, last: int) -> int:
        """Return the number of the window that is to be scored after `last`, be it known yet or not."""
        return (last // self.every + 1) * self.every

    def took(self, seconds: float) -> bool:
        """Note how long a window took, and tell whether the stride changed."""
        self._cost = seconds if self._cost is None else NEWEST * seconds + (1 - NEWEST) * self._cost
        self._scored += 1
        before = self.every
        if self._cost > MOST_BUSY * self._room * self.every:
            self.every = min(self._most, math.ceil(self._cost / (MOST_BUSY * self._room)))
        elif self._scored > BEFORE_SHRINKING and self.every > 1:
            least = max(1, math.ceil(self._cost / (LEAST_BUSY * self._room)))
            self.every = min(self.every, max(least, self.every // 2))
        if self.every != before:
            self._scored = 0
        return self.every != before
