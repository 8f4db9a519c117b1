"""What was settled between two annotators, and one of them no longer stands behind: it is to be asked again.

An answer is asked again exactly where one of the two says something else of it than when it was given, and stands less
behind it than then: agrees no longer, or contradicts by now. Whoever comes to say what was answered changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import reduce

from actscribe.annotations.interval import Annotations
from actscribe.journal.action import Action, Mark
from actscribe.journal.annotations import annotations_of
from actscribe.journal.entry import Entry
from actscribe.journal.sheet import AGREED, Sheet
from actscribe.journal.spans import Spans, joined, left_of, removed, shared
from actscribe.labels import LabelSet


def outdated(entries: Sequence[Entry], labels: LabelSet) -> dict[str, dict[str, Spans]]:
    """Return annotator -> label -> the spans of the agreed sheet that are to be asked again because of this one.

    Args:
        entries: of one recording by all annotators, in order.
        labels: of the study now.
    """
    agreed = [one for one in entries if one.annotator == AGREED and one.kind != "looked"]
    if not agreed:
        return {}
    people = list(dict.fromkeys(one.annotator for one in entries if one.kind == "began" and one.annotator != AGREED))
    own = {name: [one for one in entries if one.annotator == name and one.kind != "looked"] for name in people[:2]}
    late = {name: changes for name, changes in own.items() if changes[-1].seq > agreed[0].seq}
    if not late:
        return {}
    answer, given = _annotations(agreed, labels), _given(agreed)
    by_annotator = {}
    for name, changes in late.items():
        now = _annotations(changes, labels)
        spans: dict[str, Spans] = {}
        for at in sorted({at for _, at in given}):
            if all(one.seq <= at for one in changes):
                continue
            then = _annotations([one for one in changes if one.seq <= at], labels)
            for label in labels.names:
                answered = [one for (old, seq), one in given.items() if seq == at and labels.resolve(old) == label]
                mine = joined(span for of_one in answered for span in of_one)
                fallen = shared(mine, _fallen(label, answer, then, now))
                spans[label] = joined((*spans.get(label, ()), *fallen))
        by_annotator[name] = spans
    return by_annotator


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
            reviewed[name] = _without(reviewed[name], spans.get(labels.resolve(name) or "", ()))
    return replace(sheet, reviewed=reviewed)


def _given(agreed: Sequence[Entry]) -> dict[tuple[str, int], Spans]:
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
    given = {(label, began.revision): spans for label, spans in began.reviewed.items()}
    for seq, action in done:
        for op in action.ops:
            if isinstance(op, Mark):
                for label in op.labels or began.labels:
                    _mark(given, label, seq, op)
    return given


def _mark(given: dict[tuple[str, int], Spans], label: str, seq: int, op: Mark) -> None:
    for key, spans in list(given.items()):
        if key[0] == label:
            given[key] = removed(spans, op.start, op.end)
    if op.reviewed:
        given[label, seq] = joined((*given.get((label, seq), ()), (op.start, op.end)))


def _annotations(entries: Iterable[Entry], labels: LabelSet) -> Annotations | None:
    """Return what entries of one annotator amount to; None where there are none."""
    entries = list(entries)
    if not entries:
        return None
    sheet = Sheet.of(entries)
    return annotations_of(sheet, labels.names, {one: now for one in sheet.labels if (now := labels.resolve(one))})


def _fallen(label: str, answer: Annotations | None, then: Annotations | None, now: Annotations | None) -> Spans:
    """Return where an annotator agreed with the answer and does no longer, or contradicts it and did not."""
    agreed, contradicted = _against(label, answer, then)
    agrees, contradicts = _against(label, answer, now)
    return joined((*_without(agreed, agrees), *_without(contradicts, contradicted)))


def _against(label: str, answer: Annotations | None, one: Annotations | None) -> tuple[Spans, Spans]:
    """Return where an annotator says the same of a label as the answer, and where the contrary."""
    if answer is None or one is None or answer.duration is None:
        return (), ()
    is_so, says = _present(label, answer), _present(label, one)
    known = left_of(answer.duration, joined((gap.start, gap.end) for gap in one.gaps if gap.label in ("", label)))
    contrary = shared(known, joined((*_without(is_so, says), *_without(says, is_so))))
    return _without(known, contrary), contrary


def _present(label: str, annotations: Annotations) -> Spans:
    return joined((one.start, one.end) for one in annotations.intervals if one.label == label)


def _without(spans: Spans, others: Spans) -> Spans:
    return reduce(lambda left, span: removed(left, *span), others, spans)
