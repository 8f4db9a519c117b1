"""When each frame of a video is shown, for the formats that count frames (ours)."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from actscribe.annotations.interval import Interval
from actscribe.counts import counted
from actscribe.errors import ActScribeError

#: Frames per second; the fastest cameras on sale take a million.
MOST_RATE = 10e6


@dataclass(frozen=True, slots=True)
class FrameClock:
    """The moments at which the frames of a video begin.

    Args:
        rate: frames per second; where `edges` are given, their average, for information only.
        edges: when each frame begins, in seconds from the video's beginning, ascending, and last when the last frame
            ends, shape (frames + 1,); empty: frames follow each other at `rate`, the first one at 0 s.

    Raises:
        ActScribeError: the rate is not positive, or more than any camera has.
    """

    rate: float
    edges: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if not 0 < self.rate <= MOST_RATE:
            raise ActScribeError(f"A frame rate of {self.rate} is not possible.", "Give frames per second, such as 25.")

    @classmethod
    def of_frames(cls, times: Iterable[float], end: float) -> FrameClock:
        """Return the clock of a video from when its frames are shown, in any order, and the end of the last one.

        Args:
            times: when each frame begins, in seconds.
            end: when the last one ends, in seconds.

        Raises:
            ActScribeError: there is no frame, or the last one ends before it begins.
        """
        edges = (*sorted(float(time) for time in times), float(end))
        if len(edges) < 2 or not edges[-1] > edges[0] or edges[-1] < edges[-2]:
            raise ActScribeError(f"{counted(len(edges) - 1, 'frame')} that end at {end} s are not a video.")
        return cls((len(edges) - 1) / (edges[-1] - edges[0]), edges)

    @property
    def frames(self) -> int | None:
        """How many frames there are; None where only the rate is known."""
        return len(self.edges) - 1 if self.edges else None

    @property
    def is_steady(self) -> bool:
        """Whether the rate alone puts every frame within half a frame of where it is."""
        return all(abs(edge * self.rate - frame) < 0.5 for frame, edge in enumerate(self.edges))

    def seconds(self, frame: int) -> float:
        """Return when a frame begins, in seconds.

        Before the first and beyond the last frame, frames go on at the average rate, so that a comparison with the
        video's length shows by how many frames it is exceeded.

        Args:
            frame: from 0; the number of frames gives the end of the last one.
        """
        last = len(self.edges) - 1
        if 0 <= frame <= last:
            return self.edges[frame]
        nearest, edge = (last, self.edges[-1]) if self.edges and frame > 0 else (0, 0.0)
        return edge + (frame - nearest) / self.rate

    def frame(self, seconds: float) -> int:
        """Return the index of the frame that begins nearest to a time; `frames` stands for the end of the last one.

        Args:
            seconds: from the video's beginning.
        """
        if not self.edges or seconds > self.edges[-1]:
            beyond = seconds - self.edges[-1] if self.edges else seconds
            return max(len(self.edges) - 1, 0) + round(beyond * self.rate)
        after = bisect_left(self.edges, seconds)
        before = max(after - 1, 0)
        return before if seconds - self.edges[before] < self.edges[after] - seconds else after

    def span(self, interval: Interval) -> tuple[int, int]:
        """Return the first frame of an interval and the first one after it; an interval has at least one frame.

        Args:
            interval: in seconds.
        """
        first = self.frame(interval.start)
        return first, max(self.frame(interval.end), first + 1)


def needed(path: Path, clock: FrameClock | None, why: str, to_write: bool = False) -> FrameClock:
    """Return the clock, or refuse because the format counts frames.

    Args:
        path: of the file that is read or written.
        clock: if there is one.
        why: says of the file that it counts frames.
        to_write: whether it is written.

    Raises:
        ActScribeError: there is none.
    """
    if clock is None:
        turn = "seconds into frames" if to_write else "frames into seconds"
        raise ActScribeError(
            f"{path}: {why}, so the video is needed to turn {turn}.",
            "Name the video's file: --video video.mp4 on the command line, clock=frame_clock(video) in Python; or, for"
            " a video of a constant rate, give its frames per second: --fps 25, clock=FrameClock(25).",
        )
    return clock
