"""Whether annotations fit their video, and what a label set makes of their labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from actscribe.annotations.interval import Annotations, Interval, sort_key
from actscribe.counts import counted
from actscribe.errors import ActScribeError
from actscribe.labels import LabelSet

#: Seconds by which annotations and video may disagree.
TOLERANCE = 1.0
#: Seconds that two intervals may share because their times were rounded; most formats keep milliseconds.
_ROUNDING = 0.001
#: Problems that one message lists.
_SHOWN = 10


class DoesNotFit(ActScribeError):
    """Annotations whose times are not those of their video.

    Args:
        source: the annotation file.
        video: that it was paired with.
        message, hint: see `ActScribeError`.
    """

    def __init__(self, source: Path, video: Path, message: str, hint: str) -> None:
        super().__init__(f"{source}: {message}", hint)
        self.source = source
        self.video = video


def check(annotations: Annotations, duration: float, source: Path, video: Path) -> Annotations:
    """Return the annotations cut to the video's end, or refuse them.

    Args:
        annotations: as `read` returned them, labels as the file spells them.
        duration: of the video, in seconds.
        source: the annotation file, for messages.
        video: for messages too: a table may be about a hundred of them.

    Raises:
        ActScribeError: the file is about a video of another length, an interval ends more than 1 s after the video, or
            two intervals of one label and subject overlap. Two aliases of one label may overlap.
    """
    if annotations.duration is not None and abs(annotations.duration - duration) > TOLERANCE:
        raise DoesNotFit(
            source,
            video,
            f"is about a video of {annotations.duration:.2f} s, but {video.name} lasts {duration:.2f} s.",
            "These annotations belong to another video, or the video was cut; pair the files that belong together.",
        )
    late = [i for i in (*annotations.intervals, *annotations.gaps) if i.end > duration + TOLERANCE]
    if late:
        number = counted(len(late), "interval ends", "intervals end")
        last = max(late, key=lambda interval: interval.end)
        raise DoesNotFit(
            source,
            video,
            f"{number} after its video, {video.name}, which lasts {duration:.2f} s; the last is"
            f" '{last.label}' from {last.start:.2f} s to {last.end:.2f} s.",
            "These annotations belong to another video, or their times are not in the unit that the format expects.",
        )
    doubled = overlaps(annotations.intervals)
    if doubled:
        shown = "".join(
            f"\n  '{one.label}'{f' of {one.subject}' if one.subject else ''}:"
            f" {one.start:.3f} s to {one.end:.3f} s and {other.start:.3f} s to {other.end:.3f} s"
            for one, other in doubled[:_SHOWN]
        )
        rest = f"\n  and {len(doubled) - _SHOWN} more" if len(doubled) > _SHOWN else ""
        raise ActScribeError(
            f"{source}: intervals of the same label overlap in {video.name}:{shown}{rest}",
            "Merge or correct them in the annotation tool, or give them two subjects.",
        )
    return replace(annotations, intervals=_cut(annotations.intervals, duration), gaps=_cut(annotations.gaps, duration))


def overlaps(intervals: Iterable[Interval]) -> list[tuple[Interval, Interval]]:
    """Return the pairs of one label (as spelled) and subject that share more than a millisecond.

    Each interval is compared with the one before it that ends last.
    """
    pairs = []
    last: dict[tuple[str, str], Interval] = {}
    for interval in sorted(intervals, key=sort_key):
        key = (interval.label, interval.subject)
        before = last.get(key)
        if before and min(before.end, interval.end) - interval.start > _ROUNDING:
            pairs.append((before, interval))
        if before is None or interval.end > before.end:
            last[key] = interval
    return pairs


def resolve(annotations: Annotations, labels: LabelSet) -> tuple[Annotations, dict[str, int]]:
    """Return the annotations under the label set's own names, and the names that it does not know, with their counts.

    Aliases become their label; intervals of one label and subject that then overlap or touch become one, with the
    highest of their scores (ours). All labels of the set are the labels of the result. Ignored names are left out.
    Unknown ones are left out too, and counted: it is for the caller to refuse or to report them.
    """
    intervals = merge(_named(annotations.intervals, labels))
    gaps = merge(_named(annotations.gaps, labels))
    spellings = Counter(interval.label for interval in (*annotations.intervals, *annotations.gaps) if interval.label)
    # Places are those of the file's own spellings, which are gone.
    named = replace(annotations, intervals=intervals, gaps=gaps, labels=tuple(labels.names), label_sources={})
    return named, labels.unknown(spellings.elements())


def merge(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    """Join intervals of one label and subject that overlap or touch."""
    done: list[Interval] = []
    current: dict[tuple[str, str], Interval] = {}
    for interval in sorted(intervals, key=sort_key):
        key = (interval.label, interval.subject)
        before = current.pop(key, None)
        if before and interval.start <= before.end:
            interval = replace(
                before,
                end=max(before.end, interval.end),
                score=_higher(before.score, interval.score),
                raw_score=_higher(before.raw_score, interval.raw_score),
                origin=before.origin if before.origin == interval.origin else None,
            )
        elif before:
            done.append(before)
        current[key] = interval
    return tuple(sorted((*done, *current.values()), key=sort_key))


def _higher(first: float | None, second: float | None) -> float | None:
    return max((score for score in (first, second) if score is not None), default=None)


def _named(intervals: Iterable[Interval], labels: LabelSet) -> list[Interval]:
    """Return the intervals whose label the set knows, renamed; an empty label (a gap for all) stays."""
    named = []
    for interval in intervals:
        name = labels.resolve(interval.label) if interval.label else ""
        if name is not None:
            named.append(replace(interval, label=name))
    return named


def _cut(intervals: Iterable[Interval], duration: float) -> tuple[Interval, ...]:
    cut = (
        interval
        if interval.end <= duration
        else replace(interval, start=min(interval.start, duration), end=max(min(interval.end, duration), 0.0))
        for interval in intervals
    )
    return tuple(sorted(cut, key=sort_key))
