"""Which windows of the recording are scored, and which moments they look at: those of offline scoring, one by one."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from actscribe.data.clips import SAME_S
from actscribe.video.sampling import TIME_DECIMALS, sample_times


@dataclass(frozen=True, slots=True)
class LiveWindows:
    """Windows of a study without an end; number k is the k-th that `data.clips.spans` gives of a long video.

    Args:
        length: in seconds.
        stride: from one window's start to the next one's.
        frames: of a window.
    """

    length: float
    stride: float
    frames: int

    def span(self, number: int) -> tuple[float, float]:
        """Return start and end of a window, in seconds."""
        start = number * self.stride
        return start, start + self.length

    def moments(self, number: int) -> np.ndarray:
        """Return what a window looks at, in seconds, ascending, shape (frames,)."""
        return sample_times(*self.span(number), self.frames)

    def known_from(self, number: int) -> float:
        """Return the second from which on all that a window looks at is known."""
        return max(self.span(number)[1] - SAME_S, float(self.moments(number)[-1]))

    def newest(self, reached: float) -> int:
        """Return the number of the newest window that lies before a moment; below 0: none."""
        number = math.floor((reached - self.length + 2 * SAME_S) / self.stride)
        while number >= 0 and self.known_from(number) > reached:
            number -= 1
        return number

    def first(self, begin: float) -> int:
        """Return the number of the first window that begins at or after a moment."""
        return max(0, math.ceil(begin / self.stride - SAME_S))

    def every_moment(self, begin: float) -> Iterator[float]:
        """Yield, without end, every moment from `begin` on that any window looks at, ascending."""
        step = self.length / self.frames
        number = max(0, math.ceil(round(begin / step - 0.5, 9)))
        while True:
            yield round((number + 0.5) * step, TIME_DECIMALS)
            number += 1
