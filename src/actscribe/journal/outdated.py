"""What was settled between two annotators, and one of them no longer stands behind: it is to be asked again.

One of the two may be a file of the study (`file_voices`).

An answer is asked again exactly where one of the two says something else of it than when it was given, and stands less
behind it than then: agrees no longer, or contradicts by now. Whoever comes to say what was answered changes nothing.
"""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from actscribe.annotations.interval import Annotations
from actscribe.journal.action import Action, Mark
from actscribe.journal.annotations import annotated
from actscribe.journal.entry import Began, Entry
from actscribe.journal.file_voices import counting
from actscribe.journal.sheet import AGREED, Sheet
from actscribe.journal.spans import Spans, added, joined, left_of, shared, within, without
from actscribe.labels import LabelSet

#: (label, number of the entry) -> spans.
_Given = dict[tuple[str, int], Spans]


def outdated(entries: Sequence[Entry], labels: LabelSet, files: Mapping[str, Began]) -> dict[str, dict[str, Spans]]:
    """Return annotator -> label -> the spans of the agreed sheet that are to be asked again because of this one.

    Args:
        entries: of one recording by all annotators, in order.
        labels: of the study now.
        files: name -> what a file of the study says of it now, see `file_voices`.
    """
    agreed = [one for one in entries if one.annotator == AGREED and one.kind != "looked"]
    if not agreed:
        return {}
    people = list(dict.fromkeys(one.annotator for one in entries if one.kind == "began" and one.annotator != AGREED))
    own = {name: [one for one in entries if one.annotator == name and one.kind != "looked"] for name in people[:2]}
    late = {name: changes for name, changes in own.items() if changes[-1].seq > agreed[0].seq}
    for name in counting([changes[0].read(Began) for changes in own.values()], files):
        read = [one for one in entries if one.annotator == name and one.kind == "read"]
        if not read or read[-1].seq > agreed[0].seq or read[-1].read(Began) != files[name]:
            late[name] = [*read, _now(agreed[0].recording, name, files[name])]
    if not late:
        return {}
    answer, given = annotated(Sheet.of(agreed), labels), _given(agreed)
    return {name: _fallen_since(changes, answer, given, labels) for name, changes in late.items()}


def _now(recording: str, name: str, began: Began) -> Entry:
    """Return what a file says now as the entry that would say so next."""
    return Entry(sys.maxsize, "", name, recording, "read", began.model_dump_json(), "")


def _fallen_since(changes: Sequence[Entry], answer: Annotations, given: _Given, labels: LabelSet) -> dict[str, Spans]:
    """Return label -> where an annotator stood behind an answer when it was given, and does no longer.

    Answers between two changes were given to the same state, which is looked at once.
    """
    known: dict[int, dict[str, list[tuple[float, float]]]] = {}  # changes that had come by then -> label -> spans
    sequence = [one.seq for one in changes]
    for (old, at), spans in given.items():
        number, label = bisect_right(sequence, at), labels.resolve(old)
        if label is not None and number < len(changes):
            known.setdefault(number, {}).setdefault(label, []).extend(spans)
    fallen: dict[str, Spans] = dict.fromkeys(labels.names, ())
    numbers = sorted(known)
    *states, now = _states(changes, [*numbers, len(changes)], labels)
    for number, then in zip(numbers, states, strict=True):
        for label, pieces in known[number].items():
            lost = shared(joined(pieces), _fallen(label, answer, then, now))
            fallen[label] = joined((*fallen[label], *lost))
    return fallen


def _states(changes: Sequence[Entry], numbers: Iterable[int], labels: LabelSet) -> Iterator[Annotations | None]:
    """Yield what an annotator said after so many changes, for ascending numbers; None: after none."""
    sheet, done = None, 0
    for number in numbers:
        for one in changes[done:number]:
            if sheet is None or one.kind == "read":
                sheet = Sheet.beginning(one.recording, one.annotator, one.read(Began), one.seq)
            else:
                sheet.follow(one)
        done = max(done, number)
        yield None if sheet is None else annotated(sheet, labels)


def as_it_stands(sheet: Sheet, again: Mapping[str, Mapping[str, Spans]], labels: LabelSet) -> Sheet:
    """Return an agreed sheet in which what is to be asked again is not reviewed.

    Args:
        sheet: of what was agreed.
        again: from `outdated`.
        labels: of the study now.
    """
    reviewed = dict(sheet.reviewed)
    for name in reviewed:
        for spans in again.values():
            reviewed[name] = without(reviewed[name], spans.get(labels.resolve(name) or "", ()))
    return replace(sheet, reviewed=reviewed)


def _given(agreed: Sequence[Entry]) -> _Given:
    """Return (label, number of the entry) -> the spans that were answered last by that entry."""
    done: list[tuple[int, Action]] = []
    undone: list[tuple[int, Action]] = []
    for one in agreed[1:]:
        if one.kind == "did":
            done.append((one.seq, one.read(Action)))
            undone.clear()
        elif one.kind == "undid":
            undone.append(done.pop())
        elif one.kind == "redid":
            done.append(undone.pop())  # as it was answered at first
    began = Sheet.of(agreed[:1])
    given: _Given = {}
    later: dict[str, Spans] = {}  # label -> what was answered again since
    for seq, action in reversed(done):
        for op in reversed([one for one in action.ops if isinstance(one, Mark)]):
            for label in op.labels or began.labels:
                known = later.get(label, ())
                if op.reviewed:
                    span: Spans = ((op.start, op.end),) if op.start < op.end else ()
                    last = without(span, within(known, op.start, op.end))
                    given[label, seq] = joined((*given.get((label, seq), ()), *last))
                later[label] = added(known, op.start, op.end)
    for label, spans in began.reviewed.items():
        given[label, began.revision] = without(spans, later.get(label, ()))
    return given


def _fallen(label: str, answer: Annotations, then: Annotations | None, now: Annotations | None) -> Spans:
    """Return where an annotator agreed with the answer and does no longer, or contradicts it and did not."""
    agreed, contradicted = _against(label, answer, then)
    agrees, contradicts = _against(label, answer, now)
    return joined((*without(agreed, agrees), *without(contradicts, contradicted)))


def _against(label: str, answer: Annotations, one: Annotations | None) -> tuple[Spans, Spans]:
    """Return where an annotator says the same of a label as the answer, and where the contrary."""
    if one is None or answer.duration is None:
        return (), ()
    is_so, says = _present(label, answer), _present(label, one)
    known = left_of(answer.duration, joined((gap.start, gap.end) for gap in one.gaps if gap.label in ("", label)))
    contrary = shared(known, joined((*without(is_so, says), *without(says, is_so))))
    return without(known, contrary), contrary


def _present(label: str, annotations: Annotations) -> Spans:
    return joined((one.start, one.end) for one in annotations.intervals if one.label == label)
