"""What derives from suggestions that are wrong on purpose: kept bout by bout, whatever is merged, split or moved.

A bout derives from another one where an action takes that one away or changes it, and writes this one with the same
label where it was. What a person marked in it stays the person's; so does a bout that was relabelled, or moved until
less than half is left: the person saw that something was wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from actscribe.journal import Action, Bout, Conflict, Drop, Mark, Op, Put, Sheet, Suggestion, Verdict
from actscribe.journal.annotations import own_parts
from actscribe.journal.spans import Spans, joined, left_of, seconds, shared
from actscribe.review.queue.strategies import clock

#: Part of what was suggested that a bout must still cover, and of the bout that must still lie on it (ours).
SAME = 0.5
WHY = "take back test suggestions"


def unmasked(action: Action, known: Iterable[Suggestion], sheet: Sheet) -> Action:
    """Return an action as it is written down: with everything marked that derives from what is wrong on purpose.

    Args:
        action: as the page sent it, which does not know.
        known: suggestions that this server shows.
        sheet: before the action.

    Raises:
        Conflict: it is about a suggestion that neither this server shows nor the sheet knows of: another server showed
            it, and whether that one was wrong on purpose is not known here.
    """
    known = (*known, *_suggestions_in(sheet))
    keys = {_key(one) for one in known}
    if any(_key(one) not in keys for one in _suggestions_of(action)):
        raise Conflict(
            "This suggestion was shown before review was started again, and is not among those shown now.",
            "Load the page again to go on.",
        )
    wrong = {_key(one): one for one in known if one.planted}
    ops = [_named(op, wrong) for op in action.ops]
    touched = {op.id if isinstance(op, Drop) else op.bout.id for op in ops if isinstance(op, Put | Drop)}
    before = [sheet.bouts[id] for id in touched if id in sheet.bouts]
    last = {op.bout.id: op.bout for op in ops if isinstance(op, Put)}
    after = [*(one for id, one in sheet.bouts.items() if id not in touched), *last.values()]

    def derived(op: Op) -> Op:
        if not isinstance(op, Put):
            return op
        return Put(bout=op.bout.model_copy(update={"planted": _derived(op.bout, before, after)}))

    return Action(why=action.why, ops=tuple(map(derived, ops)))


def names_suggestions(action: Action) -> bool:
    """Tell whether an action judges suggestions, or writes bouts that were made from them."""
    return any(_suggestions_of(action))


def corrected(sheet: Sheet) -> set[Suggestion]:
    """Return the suggestions wrong on purpose that were accepted in another form, which is a person's own."""
    made = [one for one in sheet.bouts.values() if one.origin is not None and one.origin.planted]
    return {one.origin for one in made if one.origin and not one.planted}


def taken_back(sheet: Sheet) -> Action | None:
    """Return what takes back what derives from suggestions wrong on purpose; None: nothing does.

    What a person marked in such bouts stays, each part a bout; neither this nor anything before it can be undone.
    """
    ops: list[Op] = []
    for bout in sheet.bouts.values():
        if not bout.planted:
            continue
        first, *further = own_parts(bout) or (None,)
        rest = {"planted": (), "origin": None if bout.origin is None or bout.origin.planted else bout.origin}
        ops.append(Drop(id=bout.id) if first is None else _part(bout, bout.id, first, rest))
        for index, part in enumerate(further, 2):
            ops.append(_part(bout, _free(f"{bout.id[:56]}-{index}", sheet), part, rest))
        marks = [Mark(start=start, end=end, labels=(bout.label,), reviewed=False) for start, end in bout.planted]
        ops += marks
    return Action(why=WHY, ops=tuple(ops), final=True) if ops else None


def sentence(sheet: Sheet) -> str:
    """Say what `taken_back` takes back of a sheet, and where."""
    spans = [(bout.label, start, end) for bout in sheet.bouts.values() for start, end in bout.planted]
    where = ", ".join(f"{label} {clock(start)}–{clock(end)}" for label, start, end in spans)
    return f"{sheet.began.name}: {len(spans)} accepted test suggestion{'s' * (len(spans) != 1)} taken back: {where}."


def _suggestions_in(sheet: Sheet) -> list[Suggestion]:
    """Return the suggestions that a sheet knows of, from whatever server showed them."""
    return [*sheet.verdicts, *(one.origin for one in sheet.bouts.values() if one.origin is not None)]


def _suggestions_of(action: Action) -> Iterator[Suggestion]:
    for op in action.ops:
        if isinstance(op, Verdict):
            yield op.suggestion
        elif isinstance(op, Put) and op.bout.origin is not None:
            yield op.bout.origin


def _part(bout: Bout, id: str, span: tuple[float, float], rest: Mapping[str, object]) -> Put:
    return Put(bout=bout.model_copy(update={"id": id, "start": span[0], "end": span[1], **rest}))


def _free(id: str, sheet: Sheet) -> str:
    while id in sheet.bouts:
        id = f"{id[:60]}x"
    return id


def _derived(bout: Bout, before: Sequence[Bout], after: Sequence[Bout]) -> Spans:
    """Return the spans of a bout that derive from what is wrong on purpose.

    Args:
        bout: as it is written.
        before: bouts that the action changes or takes away, as they were.
        after: all bouts, as they will be.
    """
    whole: Spans = ((bout.start, bout.end),)
    sources = [one for one in before if one.label == bout.label and one.start <= bout.end and bout.start <= one.end]
    origin = bout.origin if bout.origin is not None and bout.origin.planted else None
    fresh = [(origin.start, origin.end)] if origin is not None and origin.label == bout.label else []
    own = joined(span for one in sources for span in own_parts(one) if one.planted or one.origin != origin or not fresh)
    wrong = joined([*fresh, *(span for one in sources for span in one.planted)])
    if not shared(whole, wrong) or not _still(bout, joined(fresh) or wrong, after):
        return ()
    return shared(whole, left_of(bout.end, own))


def _still(bout: Bout, wrong: Spans, after: Sequence[Bout]) -> bool:
    """Tell whether what was suggested is still there: not moved away or cut down by more than half."""
    now = joined((one.start, one.end) for one in after if one.label == bout.label)
    now = tuple(span for span in now if shared((span,), wrong))
    there = seconds(shared(now, wrong))
    mine: Spans = ((bout.start, bout.end),)
    alone = seconds(shared(mine, wrong))
    return there >= SAME * seconds(wrong) and (alone >= SAME * seconds(mine) or alone >= SAME * seconds(wrong))


def _named(op: Op, wrong: dict[tuple[str, float, float, str], Suggestion]) -> Op:
    if isinstance(op, Verdict):
        return op.model_copy(update={"suggestion": _marked(op.suggestion, wrong)})
    if isinstance(op, Put):
        origin = None if op.bout.origin is None else _marked(op.bout.origin, wrong)
        return Put(bout=op.bout.model_copy(update={"origin": origin, "planted": ()}))
    return op


def _marked(one: Suggestion, wrong: dict[tuple[str, float, float, str], Suggestion]) -> Suggestion:
    return wrong.get(_key(one)) or one.model_copy(update={"planted": False})


def _key(one: Suggestion) -> tuple[str, float, float, str]:
    return one.label, one.start, one.end, one.run
