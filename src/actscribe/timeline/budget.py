"""The time budget: what each timeline says in numbers, a row for each recording and label."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd

from actscribe.annotations.interval import Interval
from actscribe.data.recording import Recording
from actscribe.data.spans import total
from actscribe.evaluation.events import annotated_spans
from actscribe.labels import LabelSet
from actscribe.timeline.indicators import indicators

#: Columns after those that say whose row it is; `_s` means seconds.
COLUMNS = (
    "annotated_s",
    "total_s",
    "fraction",
    "bouts",
    "mean_bout_s",
    "first_s",
    "longest_interruption_s",
)


def time_budget(timelines: Iterable[tuple[Recording, str, Sequence[Interval]]], labels: LabelSet) -> pd.DataFrame:
    """Return the columns `recording`, `source`, `label` and COLUMNS.

    - `annotated_s`: seconds that are annotated for the label: the video less its gaps.
    - `mean_bout_s`: `total_s` / `bouts`; nan without a bout.
    - the others: see `timeline.indicators`.

    Args:
        timelines: a recording, where its timeline comes from (`annotated`, `predicted`), and its intervals.
        labels: the set; each label has a row, whether it occurs or not.
    """
    parts = [pd.DataFrame(columns=["recording", "source", "label", *COLUMNS])]
    for recording, source, intervals in timelines:
        table = indicators(recording, intervals, labels)
        table["recording"], table["source"] = recording.name, source
        table["annotated_s"] = [total(annotated_spans(recording, name)) for name in labels.names]
        table["mean_bout_s"] = table["total_s"] / table["bouts"].where(table["bouts"] > 0)
        parts.append(table[list(parts[0].columns)])
    return pd.concat(parts[1:] or parts, ignore_index=True)
