"""What a timeline says in numbers: when an activity first happened, for how long, how often, how interrupted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from actscribe.annotations.interval import Interval
from actscribe.columns import Column, names
from actscribe.data import spans as sp
from actscribe.data.recording import Recording
from actscribe.labels import LabelSet
from actscribe.timeline.matching import annotated_spans, check_pairs, label_spans

#: The indicators in the order of the tables; `_s` means seconds.
INDICATOR_COLUMNS = (
    Column("first_s", "first", "start of the first bout, from the start of the video", "clock"),
    Column("total_s", "total", "covered time", "clock"),
    Column("fraction", "share of time", "of the annotated time", "percent"),
    Column("bouts", "bouts", format="count"),
    Column("longest_interruption_s", "longest interruption", "between first and last bout", "clock"),
)
INDICATORS = tuple(names(INDICATOR_COLUMNS))
#: Of a time budget: sums of seconds have no more meaning.
DECIMALS = 6


def indicators(recording: Recording, intervals: Iterable[Interval], labels: LabelSet) -> pd.DataFrame:
    """Return one row per label with the columns `label` and INDICATORS.

    - `first_s`: start of the first bout, seconds from the beginning of the video; nan without one.
    - `total_s`: covered time. `fraction`: of the annotated time; nan when nothing is annotated.
    - `bouts`: intervals that touch or overlap are one.
    - `longest_interruption_s`: longest time without the activity between its first and last bout; 0 for one bout, nan
      for none.

    Gaps belong to neither side: they cut bouts, are not part of the annotated time, and end an interruption, which is
    then only as long as was seen of it (ours).

    Args:
        recording: its duration and gaps are used.
        intervals: its annotated or predicted activities.
        labels: the set.
    """
    intervals = list(intervals)
    rows = []
    for name in labels.names:
        bouts, annotated = label_spans(recording, intervals, name), annotated_spans(recording, name)
        rows.append({"label": name} | _of_label(bouts, annotated))
    return pd.DataFrame(rows, columns=["label", *INDICATORS])


def compare_indicators(
    recordings: Sequence[Recording], predictions: Mapping[str, Sequence[Interval]], labels: LabelSet
) -> pd.DataFrame:
    """Return the indicators of annotation and prediction side by side, both within the annotated time.

    Columns: `recording`, `label`, `indicator` (one of INDICATORS), `annotated`, `predicted`, `error` (predicted minus
    annotated; nan where either is).

    Raises:
        ActScribeError: a recording is not annotated, or has no timeline.
    """
    check_pairs(recordings, predictions)
    columns = ["recording", "label", "indicator", "annotated", "predicted", "error"]
    tables = [pd.DataFrame(columns=columns)]
    for recording in recordings:
        true = indicators(recording, recording.intervals or (), labels)
        predicted = indicators(recording, predictions[recording.name], labels)
        table = true.melt("label", INDICATORS, "indicator", "annotated")
        table["predicted"] = predicted.melt("label", INDICATORS)["value"]
        table["recording"] = recording.name
        table["error"] = table["predicted"] - table["annotated"]
        tables.append(table[columns])
    return pd.concat(tables[1:] or tables, ignore_index=True)


def time_budget(
    recordings: Sequence[Recording], by: Mapping[str, Mapping[str, Sequence[Interval]]], labels: LabelSet
) -> pd.DataFrame:
    """Return one row per recording, label and source: how its time was spent.

    Columns: `recording`, `label`, `source`, `total_s`, `fraction` of the annotated time, `bouts`, `mean_bout_s`,
    `first_s`, `longest_pause_s`, see `indicators`; nan where there is no bout. Rounded to a microsecond.

    Args:
        recordings: whose time; their gaps are not part of it.
        by: source ("annotated", "predicted") -> recording -> intervals. A recording without a label's bout has its row.
        labels: the set.
    """
    columns = ["recording", "label", "source", "total_s", "fraction", "bouts", "mean_bout_s", "first_s"]
    tables = [pd.DataFrame(columns=[*columns, "longest_pause_s"])]
    for recording in recordings:
        for source, timelines in by.items():
            table = indicators(recording, timelines[recording.name], labels)
            mean = table["total_s"] / table["bouts"].where(table["bouts"] > 0)
            made = table.assign(recording=recording.name, source=source, mean_bout_s=mean)
            made = made.rename(columns={"longest_interruption_s": "longest_pause_s"})
            tables.append(made[[*columns, "longest_pause_s"]])
    return pd.concat(tables[1:] or tables, ignore_index=True).round(DECIMALS)


def _of_label(bouts: np.ndarray, annotated: np.ndarray) -> dict[str, float]:
    covered, seconds = sp.total(bouts), sp.total(annotated)
    longest = float("nan")
    if len(bouts):
        between = sp.subtract(sp.intersect(annotated, np.array([[bouts[0, 0], bouts[-1, 1]]])), bouts)
        longest = float((between[:, 1] - between[:, 0]).max(initial=0.0))
    return {
        "first_s": float(bouts[0, 0]) if len(bouts) else float("nan"),
        "total_s": covered,
        "fraction": covered / seconds if seconds > 0 else float("nan"),
        "bouts": len(bouts),
        "longest_interruption_s": longest,
    }
