"""Suggestions that are wrong on purpose, an option: how often they are accepted says how closely somebody looks.

The browser is never told which they are. Those that were accepted are taken back when the work ends, or before the next
begins, and neither exported nor trained on meanwhile (`journal.annotations`); their span counts as not reviewed again,
since nobody knows what is there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from actscribe.journal import Action, Bout, Drop, Mark, Op, Put, Sheet, Suggestion, Verdict
from actscribe.review.suggestions import Suggested
from actscribe.timeline.scores import TimeScores

#: Places that are tried for each; the one where the run sees least of the label is taken (ours).
TRIES = 40


def planted(
    found: Suggested,
    scores: TimeScores,
    labels: Sequence[str],
    annotated: Iterable[tuple[str, float, float]],
    share: float,
    seed: Sequence[int],
) -> tuple[Suggestion, ...]:
    """Return wrong suggestions, about `share` as many as there are right ones.

    Each has the length and the confidence of one of the run's own, so that neither gives it away.

    Args:
        found: what the run suggests.
        scores: of the run, columns in the order of `labels`.
        labels: of the run.
        annotated: label, start and end of what is known to be there.
        share: of the suggestions, 0 to 1.
        seed: the same numbers give the same suggestions.
    """
    rng = np.random.default_rng(list(seed))
    there = [*annotated, *((one.label, one.start, one.end) for one in found.suggestions)]
    made: list[Suggestion] = []
    for like in found.suggestions:
        if rng.random() >= share:
            continue
        length = min(like.end - like.start, scores.duration)
        places = []
        for _ in range(TRIES):
            column, start = int(rng.integers(len(labels))), float(rng.random() * (scores.duration - length))
            if not any(label == labels[column] and one < start + length and start < end for label, one, end in there):
                score = float(np.nan_to_num(scores.mean(column, np.array([[start, start + length]]))[0], nan=1.0))
                places.append((score, labels[column], start))
        if places:
            _, label, start = min(places)
            end = round(start + length, 3)
            made.append(like.model_copy(update={"label": label, "start": round(start, 3), "end": end, "planted": True}))
            there.append((label, start, end))
    return tuple(made)


def unmasked(action: Action, known: Iterable[Suggestion]) -> Action:
    """Return an action as it is written down: with the suggestions marked that are wrong on purpose.

    Args:
        action: as the page sent it, which does not know.
        known: those that are.
    """
    wrong = {_bare(one) for one in known}

    def marked(one: Suggestion) -> Suggestion:
        return one.model_copy(update={"planted": _bare(one) in wrong})

    def op_of(op: Op) -> Op:
        if isinstance(op, Verdict):
            return op.model_copy(update={"suggestion": marked(op.suggestion)})
        if isinstance(op, Put) and op.bout.origin is not None:
            return Put(bout=op.bout.model_copy(update={"origin": marked(op.bout.origin)}))
        return op

    return Action(why=action.why, ops=tuple(map(op_of, action.ops)))


def planted_in(sheet: Sheet | None) -> list[Suggestion]:
    """Return the suggestions wrong on purpose that a sheet knows of, from whatever server showed them."""
    if sheet is None:
        return []
    origins = [bout.origin for bout in _accepted(sheet) if bout.origin is not None]
    return [*(one for one in sheet.verdicts if one.planted), *origins]


def taken_back(sheet: Sheet) -> Action | None:
    """Return what takes back every bout that came from a suggestion wrong on purpose; None: there is none."""
    wrong = _accepted(sheet)
    if not wrong:
        return None
    drops = [Drop(id=bout.id) for bout in wrong]
    marks = [Mark(start=bout.start, end=bout.end, labels=(bout.label,), reviewed=False) for bout in wrong]
    return Action(why="take back test suggestions", ops=(*drops, *marks))


def _accepted(sheet: Sheet) -> list[Bout]:
    return [bout for bout in sheet.bouts.values() if bout.origin is not None and bout.origin.planted]


def _bare(one: Suggestion) -> Suggestion:
    return one.model_copy(update={"planted": False})
