"""Point events, which cover no time: no clip shows them, so nothing can be learned from them or measured by them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from actscribe.annotations.interval import Annotations, Interval
from actscribe.counts import counted
from actscribe.data.clips import SAME_S
from actscribe.labels import LabelSet

#: In seconds. ELAN stores nothing shorter than a millisecond, so that is how long a point is there.
POINT_S = 0.001
#: Files that one sentence names.
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Points:
    """Point events of one label in the annotations of one video, and how often it has a length there.

    Args:
        label: of the label set.
        file: the annotation file.
        count: of the points that lie in no bout of the same label.
        bouts: of the same label there, which cover some time.
    """

    label: str
    file: Path
    count: int
    bouts: int


def is_point(interval: Interval) -> bool:
    """Tell whether an interval is as short as a point event, as formats write it that have no points."""
    return interval.duration <= POINT_S + SAME_S


def points_in(annotations: Annotations, labels: LabelSet, file: Path) -> list[Points]:
    """Return how often each label occurs in the annotations of one video, under the label set's own names.

    A point within a bout of its label and subject is part of that bout already (see `annotations.resolve`).
    """
    points = Counter(one.label for one in annotations.intervals if is_point(one))
    bouts = Counter(one.label for one in annotations.intervals if not is_point(one))
    return [Points(name, file, points[name], bouts[name]) for name in labels.names if points[name] or bouts[name]]


def messages(points: Iterable[Points]) -> list[str]:
    """Return a sentence for each label with point events: how many, in which files, and what to do."""
    by_label: dict[str, list[Points]] = defaultdict(list)
    bouts: Counter[str] = Counter()
    for one in points:
        bouts[one.label] += one.bouts
        if one.count:
            by_label[one.label].append(one)
    return [_sentence(label, of_label, bouts[label]) for label, of_label in by_label.items()]


def _sentence(label: str, points: list[Points], bouts: int) -> str:
    counts: Counter[Path] = Counter()
    for one in points:
        counts[one.file] += one.count
    total = sum(counts.values())
    where = ", ".join(f"{count} in {path}" for path, count in counts.most_common(_SHOWN))
    more = f" and others in {counted(len(counts) - _SHOWN, 'more file')}" if len(counts) > _SHOWN else ""
    cover, them = ("covers", "it") if total == 1 else ("cover", "them")
    what = f"{counted(total, 'point event')} ({where}{more}) {cover} no time, so that no clip shows {them}"
    way = f"Give {them} a start and an end in the annotation tool (in BORIS: as a state event), or remove {them}"
    if not bouts:
        way += f"; or put '{label}' under 'ignored:' of the label set"
    return f"{label}: {what}. {way}."
