"""Intervals that end after their video by less than would make them another video's, and are cut to its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from actscribe.annotations.interval import Annotations
from actscribe.counts import counted

#: In seconds. Less is how files round a video's end (ours).
REPORTED_S = 0.1
#: Videos that the sentence names.
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Overrun:
    """What was cut off in the annotations of one video.

    Args:
        video: the file.
        file: the annotation file.
        label: of the interval that ends last.
        count: of the intervals that end after the video.
        seconds: by how much the last of them does.
    """

    video: Path
    file: Path
    label: str
    count: int
    seconds: float


def overrun_in(read: Annotations, duration: float, video: Path, file: Path) -> Overrun | None:
    """Return what ends more than `REPORTED_S` after a video of `duration` seconds, or None."""
    over = [one for one in read.intervals if one.end > duration + REPORTED_S]
    last = max(over, key=lambda one: one.end, default=None)
    return None if last is None else Overrun(video, file, last.label, len(over), last.end - duration)


def messages(late: Sequence[Overrun]) -> list[str]:
    """Return the sentence on all of them, or none."""
    if not late:
        return []
    total, worst = sum(one.count for one in late), max(one.seconds for one in late)
    worst_first = sorted(late, key=lambda one: -one.seconds)[:_SHOWN]
    videos = "; ".join(f"{one.video.name}: {one.label}, in {one.file.name}" for one in worst_first)
    more = f"; and {counted(len(late) - _SHOWN, 'more video')}" if len(late) > _SHOWN else ""
    return [
        f"{counted(total, 'interval ends', 'intervals end')} up to {worst:.2f} s after the video ({videos}{more}) and"
        f" {'is' if total == 1 else 'are'} cut at its end. Look whether these annotations belong to this cut of the"
        " video."
    ]
