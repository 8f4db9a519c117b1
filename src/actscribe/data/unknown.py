"""Names in annotation files that the label set does not know: where they stand, and which label may be meant."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from actscribe.annotations.interval import Annotations
from actscribe.annotations.label_sources import label_sources
from actscribe.errors import LIKENESS_OF_SLIPS, closest
from actscribe.labels import LabelSet

#: Names that one message lists.
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Unknown:
    """One name in one annotation file.

    Args:
        spelling: as the file has it.
        file: the annotation file, or the video whose row of the manifest names the label.
        video: that it is about.
        start: of the first interval so called, in seconds.
        count: of the intervals so called.
        location: the tier or category that it is written under, or whose it is; empty where the file does not say.
    """

    spelling: str
    file: Path
    video: Path
    start: float
    count: int
    location: str = ""


def unknown_in(annotations: Annotations, labels: LabelSet, file: Path | None, video: Path) -> list[Unknown]:
    """Return the names in one video's annotations, gaps included, that are neither labels nor ignored."""
    times = defaultdict(list)
    subjects = ((one.label, one.subject) for one in annotations.intervals)
    places = {**label_sources("subject", subjects), **annotations.label_sources}
    for interval in (*annotations.intervals, *annotations.gaps):
        if interval.label:
            times[interval.label].append(interval.start)
    return [
        Unknown(spelling, file or video, video, min(times[spelling]), count, places.get(spelling, ""))
        for spelling, count in labels.unknown(s for s, starts in times.items() for _ in starts).items()
    ]


def message(unknown: Iterable[Unknown], labels: LabelSet) -> str:
    """Return the message on unknown names, one line each: how often, where first, and the label that may be meant."""
    by_name: dict[str, list[Unknown]] = defaultdict(list)
    for one in unknown:
        by_name[one.spelling].append(one)
    lines = [_line(by_name[name], labels) for name in sorted(by_name)[:_SHOWN]]
    more = [f"  and {len(by_name) - _SHOWN} more"] if len(by_name) > _SHOWN else []
    in_files = any(one.file != one.video for of_name in by_name.values() for one in of_name)
    tiers = " A whole tier of notes is left out with the study's line: tiers: ['!NAME OF THE TIER']" if in_files else ""
    return "\n".join(
        [
            f"names that label set '{labels.name}' does not know:",
            *lines,
            *more,
            "Fix a slip in its file, add the name as an alias of a label, or put it under 'ignored:' to leave it out"
            f" on purpose.{tiers}",
        ]
    )


def guess(spelling: str, labels: LabelSet) -> str | None:
    """Return the label whose name or alias is most like a spelling, or None where none is like it."""
    close = closest(spelling, (name for one in labels.labels for name in (*one.aliases, one.name)), LIKENESS_OF_SLIPS)
    return labels.resolve(close) if close else None


def _line(occurrences: Sequence[Unknown], labels: LabelSet) -> str:
    first = occurrences[0]
    count = sum(one.count for one in occurrences)
    files = len({one.file for one in occurrences})
    often = f"{count}x" if files == 1 else f"{count}x in {files} files"
    if first.file == first.video:
        where = f"the manifest's row of {first.video.name}"
    else:
        where = f"{first.file}, {first.start:.3f} s of {first.video.name}"
    where += f" ({first.location})" if first.location else ""
    near = guess(first.spelling, labels)
    return f"  '{first.spelling}' ({often}), first in {where}" + (f": did you mean '{near}'?" if near else "")
