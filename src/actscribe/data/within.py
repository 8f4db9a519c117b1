"""Splits within recordings: earlier parts are learned from, later ones tested on, time between them is in none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from actscribe.annotations.interval import Annotations, Interval
from actscribe.data.manifest import SPLITS
from actscribe.data.recording import Recording
from actscribe.errors import ActScribeError

#: Said wherever the numbers of such a study stand.
WITHIN = (
    "the split is within recordings: the same people, rooms and cameras are learned from and tested on, so that nothing"
    " is known about other recordings"
)


@dataclass(frozen=True, slots=True)
class Part:
    """What one split has of a recording.

    Args:
        recording: the whole video, of which all but the part counts as not annotated.
        of: name of the recording that it is a part of.
        outside: the spans before and behind the part.
    """

    recording: Recording
    of: str
    outside: tuple[Interval, ...]


def split_within(
    recordings: Sequence[Recording], shares: Mapping[str, float], gap: float, shortest: float
) -> list[Part]:
    """Divide each recording by time into parts for training, validation and test, in this order (ours).

    Between two parts lie `gap` seconds that are in no split. With a gap of at least a clip's length no frame is seen in
    two splits: a clip that reaches out of its part by more than half has no target, see `clips.MOST_UNANNOTATED`.

    Args:
        recordings: without splits of their own.
        shares: of each split, summing to 1; 0: none.
        gap: seconds.
        shortest: seconds; a part must be as long.

    Raises:
        ActScribeError: a recording names a split, or is too short for its parts.
    """
    wanted = [split for split in SPLITS if shares[split] > 0]
    parts = []
    for recording in recordings:
        if recording.split:
            raise ActScribeError(
                f"{recording.name}: the manifest names a split, and the study splits within recordings.",
                "Leave the manifest's split column out, or 'within: recordings' of the study's split.",
            )
        usable = recording.duration - gap * (len(wanted) - 1)
        least = shortest / min(shares[split] for split in wanted)
        if usable < least:
            raise ActScribeError(
                f"{recording.name}: {recording.duration:.1f} s are too short for {len(wanted)} parts with {gap:g} s"
                f" between them; at least {least + gap * (len(wanted) - 1):.1f} s are needed.",
                "Leave it out, choose shorter windows or other shares, or split by groups.",
            )
        start = 0.0
        for split in wanted:
            end = start + usable * shares[split]
            last = split == wanted[-1]
            parts.append(_part(recording, split, start, recording.duration if last else end))
            start = end + gap
    return parts


def part_of(annotations: Annotations, part: Part) -> Annotations:
    """Return a second annotator's annotations of the part alone."""
    return replace(
        annotations,
        intervals=_inside(annotations.intervals, part.outside),
        gaps=tuple(sorted((*annotations.gaps, *part.outside), key=lambda gap: (gap.start, gap.end, gap.label))),
    )


def _part(recording: Recording, split: str, start: float, end: float) -> Part:
    spans = ((0.0, start), (end, recording.duration))
    outside = tuple(Interval("", a, b) for a, b in spans if b > a)
    intervals = None if recording.intervals is None else _inside(recording.intervals, outside)
    gaps = tuple(sorted((*recording.gaps, *outside), key=lambda gap: (gap.start, gap.end, gap.label)))
    made = replace(recording, name=f"{recording.name}-{split}", split=split, intervals=intervals, gaps=gaps)
    return Part(made, recording.name, outside)


def _inside(intervals: Sequence[Interval], outside: Sequence[Interval]) -> tuple[Interval, ...]:
    """Return the intervals cut to what lies in the part; one that ends where the part begins is not in it."""
    start = max((gap.end for gap in outside if gap.start == 0.0), default=0.0)
    end = min((gap.start for gap in outside if gap.start > 0.0), default=float("inf"))
    kept = []
    for interval in intervals:
        is_point = interval.end <= interval.start
        if (interval.start < end and interval.end > start) or (is_point and start <= interval.start < end):
            kept.append(replace(interval, start=max(interval.start, start), end=min(interval.end, end)))
    return tuple(kept)
