"""Two annotators of one recording: how far they agree, and the moments at which they do not, to be settled."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from actscribe.annotations.interval import Annotations, Interval, sort_key
from actscribe.data import spans as sp
from actscribe.data.clips import SAME_S
from actscribe.data.recording import Recording
from actscribe.evaluation.collars import one_to_one
from actscribe.journal import AGREED, FILES, SECOND_FILES, Began, Bout, Journal, Sheet, annotated
from actscribe.journal.file_voices import counting
from actscribe.journal.outdated import as_it_stands, outdated
from actscribe.journal.spans import Spans, joined, left_of, shared, without
from actscribe.labels import LabelSet
from actscribe.report.formatting import clock
from actscribe.review.recordings import Item
from actscribe.review.settled_origins import origins_in, suggested_bouts
from actscribe.timeline.matching import annotated_spans, label_spans

#: Seconds within which two people's point events of one label are taken for one (ours).
SAME_EVENT_S = 1.0
#: Changes that one sentence names.
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Voice:
    """What one annotator says of a recording.

    Args:
        name: of the annotator, or of the manifest's column.
        annotations: under the study's labels.
        source: the file that this annotator began with; empty: none.
        suggested: the bouts that were made from suggestions, each with its own.
    """

    name: str
    annotations: Annotations
    source: str = ""
    suggested: tuple[Bout, ...] = ()


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A span of which one says that a label is there and the other one that it is not.

    Args:
        label: of the label set.
        start, end: seconds.
        present: by the names of the two: who says that it is there.
    """

    label: str
    start: float
    end: float
    present: Mapping[str, bool]


def voices(item: Item, journal: Journal, labels: LabelSet) -> tuple[Voice, ...]:
    """Return what the first two annotators of a recording say, and where there are less, what the study's files say.

    Whoever began with what a file says is not a second opinion on it.

    Args:
        item: the recording.
        journal: of the study.
        labels: of the study.
    """
    names = [name for name in journal.annotators(item.content) if name != AGREED]
    sheets = [journal.sheet(item.content, name) for name in names[:2]]
    all_voices = [
        Voice(one.annotator, annotated(one, labels), one.began.source, suggested_bouts(one, labels)) for one in sheets
    ]
    counted = counting([one.began for one in sheets], item.written.files(labels))
    if FILES in counted:
        in_file = Annotations(item.recording.intervals or (), item.recording.gaps)
        all_voices.insert(0, Voice(FILES, in_file, item.written.source))
    if SECOND_FILES in counted and item.written.second is not None:
        all_voices.append(Voice(SECOND_FILES, item.written.second))
    return tuple(all_voices)


def note_files(item: Item, journal: Journal, labels: LabelSet) -> None:
    """Write down what files that are one of the two say, where that is something else than when it was shown last.

    Args:
        item: the recording that is shown to who settles.
        journal: of the study.
        labels: of the study.
    """
    files = item.written.files(labels)
    for voice in voices(item, journal, labels):
        if voice.name in files:
            read = journal.entries(item.content, voice.name)
            if not read or read[-1].read(Began) != files[voice.name]:
                journal.append(voice.name, item.content, "read", files[voice.name])


def changed_meanwhile(item: Item, journal: Journal, labels: LabelSet) -> Mapping[str, Mapping[str, Spans]]:
    """Return annotator -> label -> what was settled and is to be asked again, since this one changed something there.

    Args:
        item: the recording.
        journal: of the study.
        labels: of the study.
    """
    again = outdated(journal.entries(item.content), labels, item.written.files(labels))
    return {
        name: of_one for name, spans in again.items() if (of_one := {key: one for key, one in spans.items() if one})
    }


def standing(sheet: Sheet, item: Item, journal: Journal, labels: LabelSet) -> Sheet:
    """Return a sheet of a recording as it counts now: of an agreed one without what is to be asked again."""
    if sheet.annotator != AGREED or not sheet.revision:
        return sheet
    return as_it_stands(sheet, changed_meanwhile(item, journal, labels), labels)


def disagreements(item: Item, both: Sequence[Voice], labels: Sequence[str]) -> list[Disagreement]:
    """Return the moments that are to be settled, in order of time; where one of the two did not look, there are none.

    Args:
        item: the recording.
        both: of it.
        labels: of the study.
    """
    first, second = both
    differing = []
    for label in labels:
        one, other = (label_spans(_as(item, voice), voice.annotations.intervals, label) for voice in both)
        known = sp.intersect(*(annotated_spans(_as(item, voice), label) for voice in both))
        for mine, theirs, is_first in ((one, other, True), (other, one, False)):
            for start, end in sp.intersect(sp.subtract(mine, theirs), known):
                if end - start > SAME_S:
                    who = {first.name: is_first, second.name: not is_first}
                    differing.append(Disagreement(label, float(start), float(end), who))
    return sorted(differing, key=lambda one: (one.start, one.end, one.label))


def begun_as_agreed(item: Item, both: Sequence[Voice], labels: Sequence[str]) -> Began:
    """Return the beginning of the agreed sheet: the first one's bouts, reviewed where both looked and say the same.

    What is left to review is what is left to settle. A bout that the first one made from a suggestion keeps it; one
    that the first one names nobody for is of whom the second one names. Point events last no time in which to differ:
    those of both are there, and what the two marked within `SAME_EVENT_S` is one.

    Args:
        item: the recording.
        both: of it.
        labels: of the study.
    """
    duration = item.recording.duration
    open_spans: dict[str, list[tuple[float, float]]] = {label: [] for label in labels}
    for one in disagreements(item, both, labels):
        open_spans[one.label].append((one.start, one.end))
    reviewed = {}
    for label in labels:
        spans: Spans = ((0.0, duration),)
        for voice in both:
            gaps = joined((gap.start, gap.end) for gap in voice.annotations.gaps if gap.label in ("", label))
            spans = shared(spans, left_of(duration, gaps))
        reviewed[label] = without(spans, joined(open_spans[label]))
    origin_of = {label: origins_in(both[0].suggested, label) for label in labels}
    bouts = tuple(
        Bout(
            id=f"f{index}",
            label=one.label,
            start=one.start,
            end=one.end,
            subject=who,
            origin=origin_of[one.label](one.subject, one.start, one.end),
        )
        for index, (one, who) in enumerate(_of_both(both, labels), 1)
    )
    name = item.recording.name
    return Began(name=name, duration=duration, labels=tuple(labels), bouts=bouts, reviewed=reviewed)


def events_since(sheet: Sheet, both: Sequence[Voice], labels: LabelSet) -> str:
    """Say which point events the two changed since settling began and the agreed sheet does not have so; empty: none.

    Args:
        sheet: of what was agreed.
        both: as they are now.
        labels: of the study now.
    """
    now = sorted((one.label, one.start) for one, _ in _of_both(both, labels.names) if one.start == one.end)
    then, agreed = _events(sheet.began.bouts, labels), _events(sheet.bouts.values(), labels)
    new = [one for one in now if not _is_near(one, then) and not _is_near(one, agreed)]
    gone = [one for one in then if not _is_near(one, now) and _is_near(one, agreed)]
    both_ways = (("new", new), ("gone", gone))
    changes = [f"{label} at {clock(at)} is {what}" for what, events in both_ways for label, at in events]
    if not changes:
        return ""
    more = f" and {len(changes) - _SHOWN} more" if len(changes) > _SHOWN else ""
    return f"Point events changed since settling began, of which nothing is asked: {', '.join(changes[:_SHOWN])}{more}."


def _events(bouts: Iterable[Bout], labels: LabelSet) -> list[tuple[str, float]]:
    return sorted((labels.resolve(one.label) or "", one.start) for one in bouts if one.start == one.end)


def _is_near(event: tuple[str, float], others: Sequence[tuple[str, float]]) -> bool:
    """Tell whether one of several events, in order, is taken for this one."""
    label, at = event
    reach = SAME_EVENT_S + SAME_S
    return bisect_left(others, (label, at - reach)) < bisect_right(others, (label, at + reach))


def _of_both(both: Sequence[Voice], labels: Sequence[str]) -> list[tuple[Interval, str]]:
    """Return what the agreed sheet begins with, and of whom it is: all of the first one, events of the second alone."""
    mine, theirs = (voice.annotations.intervals for voice in both)
    events, others = (sorted((one for one in own if one.start == one.end), key=sort_key) for own in (mine, theirs))
    partners = _partners(others, events)
    pairs = zip(others, partners, strict=True)
    named = {events[partner]: one.subject for one, partner in pairs if partner >= 0}
    subject_of = {label: subjects_in(theirs, label) for label in labels}
    own = [(one, one.subject or named.get(one, "") or subject_of[one.label](one.start, one.end)) for one in mine]
    alone = [one for one, partner in zip(others, partners, strict=True) if partner < 0]
    return [*own, *((one, one.subject) for one in alone)]


def subjects_in(intervals: Iterable[Interval], label: str) -> Callable[[float, float], str]:
    """Return what returns whom the bouts of a label in a span are of; empty: nobody says, or they are of several."""
    own = [one for one in intervals if one.label == label]
    starts, ends = np.array([(one.start, one.end) for one in own]).reshape(-1, 2).T
    names = np.array([one.subject for one in own])

    def subject_of(start: float, end: float) -> str:
        there = {str(name) for name in names[(starts < end) & (ends > start)]}
        return there.pop() if len(there) == 1 else ""

    return subject_of


def _partners(events: Sequence[Interval], others: Sequence[Interval]) -> np.ndarray:
    """Return for each point event the index of the one among others that it is one with, each once; -1: it is alone."""
    moments, reach = [one.start for one in others], SAME_EVENT_S + SAME_S
    pairs = [
        (row, column)
        for row, one in enumerate(events)
        for column in range(bisect_left(moments, one.start - reach), bisect_right(moments, one.start + reach))
        if _may_be_one(one, others[column])
    ]
    if not pairs:
        return np.full(len(events), -1)
    rows, columns = np.transpose(pairs)
    return one_to_one(csr_array((np.ones(len(pairs), bool), (rows, columns)), shape=(len(events), len(others))))


def _may_be_one(one: Interval, other: Interval) -> bool:
    """Tell whether two events are of one label, and nobody says of two subjects; who marks in the page names none."""
    subjects = {one.subject, other.subject} - {""}
    return one.label == other.label and len(subjects) < 2


def _as(item: Item, voice: Voice) -> Recording:
    """Return the recording with the gaps of one voice."""
    one = item.recording
    return Recording(one.name, one.video, one.duration, one.content, one.group, gaps=voice.annotations.gaps)
