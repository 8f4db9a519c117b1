"""Where each bout of an export comes from: by hand, suggested by a run, or from a file; and who said it last."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from actscribe.annotations.interval import How, Interval, Origin
from actscribe.journal import Bout, Sheet
from actscribe.journal.annotations import own_parts
from actscribe.labels import LabelSet


def with_origins(intervals: Sequence[Interval], sheet: Sheet, labels: LabelSet) -> tuple[Interval, ...]:
    """Return the intervals that a sheet amounts to, each with its origin.

    One that several bouts were joined to has their common origin; where they have none, a person corrected it.

    Args:
        intervals: from `settling.annotated`, no two of one label and subject at the same time.
        sheet: of one annotator on one recording.
        labels: of the study, by whose names the intervals are called.
    """
    duration = sheet.began.duration
    indices: dict[tuple[str, str], list[int]] = defaultdict(list)
    for index, one in enumerate(intervals):
        indices[one.label, one.subject].append(index)
    starts = {key: [intervals[index].start for index in positions] for key, positions in indices.items()}
    ends = {key: [intervals[index].end for index in positions] for key, positions in indices.items()}
    origins: dict[int, list[Origin]] = defaultdict(list)
    began = {one.id: one for one in sheet.began.bouts}
    for bout in sheet.bouts.values():
        key = labels.resolve(bout.label) or "", bout.subject
        for low, high in own_parts(bout) if key in indices else ():
            start, end = min(low, duration), min(high, duration)
            first, last = bisect_left(ends[key], start), bisect_right(starts[key], end)
            for index in indices[key][first:last]:
                one = intervals[index]
                if start == end or (start < one.end and one.start < end):
                    is_cut = start < one.start or one.end < end  # what is not settled is left out
                    origins[index].append(_of(bout, began.get(bout.id), sheet, is_cut))
    return tuple(replace(one, origin=_joined(origins[index], sheet)) for index, one in enumerate(intervals))


def _of(bout: Bout, began: Bout | None, sheet: Sheet, is_cut: bool) -> Origin:
    if bout.origin is not None:
        how: How = "accepted" if is_as_suggested(bout) and not is_cut else "corrected"
        return Origin(how, sheet.annotator, bout.origin.run)
    if began is None or not sheet.began.source:
        return Origin("manual", sheet.annotator)
    same = (began.label, began.start, began.end) == (bout.label, bout.start, bout.end)
    return Origin("file" if same else "corrected", sheet.annotator)


def is_as_suggested(bout: Bout) -> bool:
    """Tell whether a bout is what a run suggested, unchanged."""
    one = bout.origin
    return one is not None and (one.label, one.start, one.end) == (bout.label, bout.start, bout.end)


def _joined(origins: Iterable[Origin], sheet: Sheet) -> Origin:
    kinds = set(origins)
    if len(kinds) == 1:
        return kinds.pop()
    runs = {one.run for one in kinds}
    return Origin("corrected", sheet.annotator, runs.pop() if len(runs) == 1 else "")
