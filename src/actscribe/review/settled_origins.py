"""From which suggestions what two annotators say comes: the agreed sheet keeps it, as their own sheets do."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from actscribe.journal import Bout, Sheet, Suggestion
from actscribe.labels import LabelSet
from actscribe.review.renamed import as_now


def suggested_bouts(sheet: Sheet, labels: LabelSet) -> tuple[Bout, ...]:
    """Return the bouts of a sheet that were made from a run's suggestion; one that was wrong on purpose is none.

    Args:
        sheet: of one annotator on one recording.
        labels: of the study, by whose names they are called.
    """
    bouts = as_now(sheet, labels).bouts.values()
    return tuple(one for one in bouts if one.origin is not None and not one.origin.planted)


def origins_in(bouts: Iterable[Bout], label: str) -> Callable[[str, float, float], Suggestion | None]:
    """Return what returns from which suggestion a subject's bout from start to end comes; None: a person marked it.

    Where several bouts lie in it, that is the suggestion of the one that fills most of it, the first of equal ones.

    Args:
        bouts: from `suggested_bouts`.
        label: of the bouts that are asked about.
    """
    own = [one for one in bouts if one.label == label]
    starts, ends = np.array([(one.start, one.end) for one in own]).reshape(-1, 2).T
    subjects = np.array([one.subject for one in own])

    def origin_of(subject: str, start: float, end: float) -> Suggestion | None:
        overlaps = np.where(subjects == subject, np.minimum(ends, end) - np.maximum(starts, start), 0.0)
        return own[int(overlaps.argmax())].origin if (overlaps > 0).any() else None

    return origin_of
