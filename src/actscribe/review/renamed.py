"""Sheets of a study whose labels were renamed since: shown under today's names, written under those of the sheet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from actscribe.journal import Action, Bout, Mark, Op, Put, Sheet, Suggestion, Verdict
from actscribe.journal.spans import Spans, shared
from actscribe.labels import LabelSet


def as_now(sheet: Sheet, labels: LabelSet) -> Sheet:
    """Return a sheet under the names that its labels have now, without bouts of labels that the study no longer has.

    A label that had several names was reviewed where it was under each of them, as `journal.annotations_of` counts it.

    Args:
        sheet: as the journal has it; it is not changed.
        labels: of the study.
    """
    named = {old: labels.resolve(old) for old in sheet.labels}
    if all(old == new for old, new in named.items()):
        return sheet
    reviewed: dict[str, Spans] = {}
    for old, new in named.items():
        if new is not None:
            own = sheet.reviewed.get(old, ())
            reviewed[new] = shared(reviewed[new], own) if new in reviewed else own
    bouts = {id: _bout(one, new, named) for id, one in sheet.bouts.items() if (new := named[one.label]) is not None}
    verdicts = {_suggestion(one, named): accepted for one, accepted in sheet.verdicts.items()}
    return replace(sheet, bouts=bouts, reviewed=reviewed, verdicts=verdicts)


def as_written(action: Action, sheet: Sheet, labels: LabelSet) -> Action:
    """Return an action under the names that a sheet has: what is reviewed now is so under each name of its label.

    Args:
        action: under the study's names.
        sheet: as the journal has it.
        labels: of the study.
    """
    names: dict[str, list[str]] = {}
    for old in sheet.labels:
        names.setdefault(labels.resolve(old) or old, []).append(old)
    if all(own == [new] for new, own in names.items()):
        return action
    former = {new: new if new in own else own[0] for new, own in names.items()}

    def written(op: Op) -> Op:
        if isinstance(op, Put):
            return Put(bout=_bout(op.bout, former.get(op.bout.label, op.bout.label), former))
        if isinstance(op, Verdict):
            return op.model_copy(update={"suggestion": _suggestion(op.suggestion, former)})
        if isinstance(op, Mark):
            every = tuple(old for new in op.labels for old in names.get(new, [new]))
            return op.model_copy(update={"labels": every})
        return op

    return action.model_copy(update={"ops": tuple(map(written, action.ops))})


def _bout(bout: Bout, label: str, named: Mapping[str, str | None]) -> Bout:
    origin = None if bout.origin is None else _suggestion(bout.origin, named)
    return bout.model_copy(update={"label": label, "origin": origin})


def _suggestion(one: Suggestion, named: Mapping[str, str | None]) -> Suggestion:
    return one.model_copy(update={"label": named.get(one.label) or one.label})
