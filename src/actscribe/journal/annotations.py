"""From annotations to the beginning of a sheet, and from a sheet to annotations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from actscribe.annotations.checks import merge
from actscribe.annotations.interval import Annotations, Interval, sort_key
from actscribe.journal.action import Bout
from actscribe.journal.entry import Began
from actscribe.journal.sheet import AGREED, Sheet
from actscribe.journal.spans import Spans, joined, left_of, removed, shared, within, without
from actscribe.labels import LabelSet


def begin(
    name: str,
    duration: float,
    labels: Sequence[str],
    written: Annotations | None = None,
    source: str = "",
    digest: str = "",
) -> Began:
    """Return the beginning of a sheet: what an annotation file says, or nothing.

    Args:
        name: of the recording.
        duration: of the recording, in seconds.
        labels: of the study.
        written: under the names of `labels`; all time but its gaps counts as reviewed. None: nothing is reviewed.
        source: the annotation file, relative to the study.
        digest: of that file.
    """
    if written is None:
        return Began(name=name, duration=duration, labels=tuple(labels))
    bouts = (
        Bout(id=f"f{index}", label=one.label, start=one.start, end=one.end, subject=one.subject)
        for index, one in enumerate(written.intervals, 1)
    )
    reviewed = {
        label: left_of(duration, joined((gap.start, gap.end) for gap in written.gaps if gap.label in ("", label)))
        for label in labels
    }
    return Began(
        name=name,
        duration=duration,
        labels=tuple(labels),
        source=source,
        digest=digest,
        bouts=tuple(bouts),
        reviewed=reviewed,
    )


def annotated(sheet: Sheet, labels: LabelSet) -> Annotations:
    """Return what a sheet says, as `annotations_of`, under the names that its labels have now."""
    return annotations_of(sheet, labels.names, {one: now for one in sheet.labels if (now := labels.resolve(one))})


def annotations_of(
    sheet: Sheet, labels: Sequence[str] | None = None, named: Mapping[str, str] | None = None
) -> Annotations:
    """Return what a sheet says: its bouts, and as gaps whatever was not reviewed; label "" where for no label.

    Bouts outside reviewed spans are among them, but for the agreed sheet's: what is not settled there is what one
    annotator alone said. Bouts of one label and subject that overlap or touch are one. What
    derives from a suggestion that was wrong on purpose is not a bout, and not reviewed.

    Args:
        sheet: of one annotator on one recording.
        labels: of the study now; a label that the sheet does not know was reviewed nowhere. Default: the sheet's own.
        named: name in the sheet -> the label that it is called now; other names are left out. Where two names are one
            label by now, it was reviewed where both were. Default: each label is called what it was.
    """
    labels = sheet.labels if labels is None else labels
    named = {name: name for name in labels} if named is None else named
    duration = sheet.began.duration
    intervals = [
        Interval(label, min(start, duration), min(end, duration), one.subject)
        for one in sheet.bouts.values()
        if (label := named.get(one.label))
        for start, end in own_parts(one)
    ]
    reviewed = {label: _reviewed(sheet, named, label) for label in labels}
    if sheet.annotator == AGREED:
        intervals = [part for one in intervals for part in _inside(one, reviewed.get(one.label, ()))]
    missing = {label: left_of(duration, spans) for label, spans in reviewed.items()}
    return Annotations(merge(intervals), gaps_of(missing), (), duration, tuple(labels))


def own_parts(bout: Bout) -> Spans:
    """Return the spans of a bout that derive from no suggestion that was wrong on purpose."""
    if not bout.planted:
        return ((bout.start, bout.end),)
    return shared(((bout.start, bout.end),), left_of(bout.end, joined(bout.planted)))


def gaps_of(missing: Mapping[str, Spans]) -> tuple[Interval, ...]:
    """Return gaps: those that all labels share with the label "", and what is left of each label's under its name."""
    common: Spans | None = None
    for spans in missing.values():
        common = spans if common is None else shared(common, spans)
    common = common or ()
    gaps = [Interval("", start, end) for start, end in common]
    for label, spans in missing.items():
        gaps += [Interval(label, start, end) for start, end in without(spans, common)]
    return tuple(sorted(gaps, key=sort_key))


def _reviewed(sheet: Sheet, named: Mapping[str, str], label: str) -> Spans:
    """Return where a label was reviewed under each name that it had, and nothing wrong on purpose is in the way."""
    of_names: Iterable[Spans] = (sheet.reviewed.get(old, ()) for old, new in named.items() if new == label)
    reviewed: Spans | None = None
    for spans in of_names:
        reviewed = spans if reviewed is None else shared(reviewed, spans)
    for one in sheet.bouts.values():
        for start, end in one.planted if named.get(one.label) == label else ():
            reviewed = removed(reviewed or (), start, end)
    return reviewed or ()


def _inside(one: Interval, spans: Spans) -> list[Interval]:
    """Return the parts of an interval that lie in spans; a point event as it is."""
    if one.start == one.end:
        return [one] if any(start <= one.start <= end for start, end in spans) else []
    return [replace(one, start=start, end=end) for start, end in within(spans, one.start, one.end)]
