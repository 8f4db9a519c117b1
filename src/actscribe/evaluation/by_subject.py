"""How far two people agree on each subject alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from actscribe.data.pairs import Pair, labels_of
from actscribe.evaluation.raters import Agreement, Measure, agreement

SUBJECT = "subject"
#: Stands for events that name nobody, where others do.
NOBODY = "(no subject)"


def by_subject(subjects: Mapping[str, Sequence[Pair]], measure: Measure) -> pd.DataFrame:
    """Return `Agreement.table` of each subject below one another, with the subject as first column.

    A label that a subject shows in neither annotation has no row.

    Args:
        subjects: who ("" for events of nobody) -> the videos, with this one's events alone.
        measure: how.
    """
    tables = []
    for who, pairs in subjects.items():
        labels = labels_of(pairs, None)
        if labels:
            table = agreement(pairs, labels, measure).table
            table.insert(0, SUBJECT, who or NOBODY)
            tables.append(table)
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def side_by_side(whole: Agreement, subjects: pd.DataFrame) -> pd.DataFrame:
    """Return the table of all subjects together and those of each in one; the first ones have an empty subject."""
    if subjects.empty:
        return whole.table
    together = whole.table.copy()
    together.insert(0, SUBJECT, "")
    return pd.concat([together, subjects], ignore_index=True)
