"""Timelines of several recognizers, and the indicators that are read off them, against the annotations.

All numbers are means over the seeds of a recognizer; intervals are those of `evaluation.intervals`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from actscribe.annotations.interval import Interval
from actscribe.columns import Column, names
from actscribe.evaluation.comparison.systems import SYSTEM, Shared, System, constant_answers, group_recordings
from actscribe.evaluation.events import EVENT_COLUMNS, event_table
from actscribe.evaluation.indicators import INDICATORS
from actscribe.evaluation.intervals import Estimate, Metric, Scale, estimate, mean_of_known, ratio, with_macro
from actscribe.evaluation.measures import LABEL
from actscribe.evaluation.result import Evaluation
from actscribe.timeline.matching import IOUS, Timelines, segment_counts

#: Measures of the table of timelines that are not F1, and what they are called beside each other.
SUMMED = {"edit": "edit", "onset_mae_s": "start off (s)", "offset_mae_s": "end off (s)"}
#: All of them in the order of the page.
TIMELINE_COLUMNS = tuple(
    replace(column, title=SUMMED.get(column.name, column.name.upper()), group="")
    for column in EVENT_COLUMNS
    if column.name in SUMMED or column.name.startswith("f1@")
)
#: By how much indicators are off.
OFF_COLUMNS = (
    SYSTEM,
    LABEL,
    Column("indicator", "indicator", "what is measured of a recording", "text"),
    Column(
        "off_by",
        "off by",
        "mean absolute error: seconds where the indicator ends in _s, else as it is counted",
        interval=("low", "high"),
        higher_is_better=False,
    ),
    Column("recordings", "recordings", "in which both the annotation and the timeline have it; mean over trainings"),
)


def timeline_table(systems: Sequence[System], shared: Shared) -> pd.DataFrame | None:
    """Return timelines against annotations with intervals over groups; None for trimmed data sets.

    Behind the recognizers stand the answers that are the same at every moment: one bout as long as the recording.

    Columns: `system`, `measure`, `label` (and `macro`), `value`, `low`, `high`. Measures: `f1@10`, `f1@25`, `f1@50`,
    `edit`, `onset_mae_s`, `offset_mae_s`, as `events.event_table` defines them; `macro` is the mean over the labels
    with a true bout.
    """
    if not shared.recordings or not systems[0].runs[0].timelines:
        return None
    groups = group_recordings(shared)
    rows: list[tuple[object, ...]] = []
    timelines_of: dict[str, Sequence[Timelines]]
    timelines_of = {system.name: [run.timelines for run in system.runs] for system in systems}
    timelines_of |= {name: [_constant_timelines(shared, answer)] for name, answer in constant_answers(shared).items()}
    for name, runs in timelines_of.items():
        counts = np.stack([segment_counts(shared.recordings, each, shared.labels) for each in runs], 1)
        for index, iou in enumerate(IOUS):
            of_threshold = counts[..., index, :].astype(float)
            showing = np.append(groups.showing(of_threshold), groups.count)
            estimated = estimate(with_macro, of_threshold, groups, "share", showing)
            rows += _measured(name, f"f1@{round(100 * iou)}", estimated, shared)
        sums = np.stack([event_sums(each, shared) for each in runs], axis=1)
        true_bouts = (counts[:, 0, :, 0, 0] + counts[:, 0, :, 0, 2]).sum(axis=0)
        for index, measure in enumerate(SUMMED):
            parts = sums[..., index, :]
            showing = np.append(groups.showing(parts), groups.count)
            scale: Scale = "share" if measure == "edit" else "positive"
            estimated = estimate(ratio_with_mean(true_bouts > 0), parts, groups, scale, showing)
            rows += _measured(name, measure, estimated, shared)
    return pd.DataFrame(rows, columns=["system", "measure", "label", "value", "low", "high"])


def indicator_table(systems: Sequence[System], shared: Shared) -> pd.DataFrame | None:
    """Return how far indicators of predicted timelines are off, with intervals; None for trimmed data sets.

    Columns: `system`, `label`, `indicator`; `off_by`: mean absolute error over the recordings in which both sides have
    it (seconds; for `fraction` and `bouts` without unit), `low`, `high`; `recordings`: how many those are, mean over
    seeds.
    """
    if systems[0].runs[0].indicators is None:
        return None
    groups = group_recordings(shared)
    order = [recording.name for recording in shared.recordings]
    rows = []
    for system in systems:
        errors = np.stack([_indicator_errors(run, order) for run in system.runs], axis=1)
        known = np.isfinite(errors)
        parts = np.stack([np.abs(np.where(known, errors, 0)), known.astype(float)], axis=-1)
        estimated = estimate(ratio, parts, groups, "positive", groups.showing(parts[..., 1:]))
        for i, label in enumerate(shared.labels.names):
            for j, indicator in enumerate(INDICATORS):
                cells = (float(estimated.value[i, j]), float(estimated.low[i, j]), float(estimated.high[i, j]))
                rows.append((system.name, label, indicator, *cells, float(known[..., i, j].sum(axis=0).mean())))
    return pd.DataFrame(rows, columns=names(OFF_COLUMNS))


def _measured(system: str, measure: str, estimated: Estimate, shared: Shared) -> Iterator[tuple[object, ...]]:
    """Yield a row per label and `macro` of estimates, shape (labels + 1,)."""
    for index, label in enumerate([*shared.labels.names, "macro"]):
        yield (
            system,
            measure,
            label,
            float(estimated.value[index]),
            float(estimated.low[index]),
            float(estimated.high[index]),
        )


def ratio_with_mean(counted: np.ndarray) -> Metric:
    """Return what turns (..., labels, 2) into part / whole per label with the mean of the `counted` labels behind."""

    def measure(pooled: np.ndarray) -> np.ndarray:
        values = ratio(pooled)
        whole = mean_of_known(np.where(counted, values, np.nan))
        return np.concatenate([values, whole[..., None]], axis=-1)

    return measure


def _constant_timelines(shared: Shared, decisions: np.ndarray) -> Timelines:
    marked = [name for name, yes in zip(shared.labels.names, decisions.tolist(), strict=True) if yes]
    return {r.name: tuple(Interval(name, 0.0, r.duration) for name in marked) for r in shared.recordings}


def event_sums(timelines: Timelines, shared: Shared) -> np.ndarray:
    """Return per recording and label the parts of edit, onset and offset error, shape (recordings, labels, 3, 2)."""
    sums = np.zeros((len(shared.recordings), len(shared.labels), 3, 2))
    for index, recording in enumerate(shared.recordings):
        table = event_table([recording], timelines, shared.labels).iloc[:-1]
        matched = table["matched"].to_numpy(dtype=float)
        sums[index, :, 0] = np.stack([table["edit"], np.ones(len(table))], axis=1)
        for row, name in ((1, "onset_mae_s"), (2, "offset_mae_s")):
            sums[index, :, row] = np.stack([np.nan_to_num(table[name]) * matched, matched], axis=1)
    return sums


def _indicator_errors(run: Evaluation, order: Sequence[str]) -> np.ndarray:
    """Return predicted minus annotated, nan where either is, shape (recordings, labels, indicators)."""
    table = run.indicators
    assert table is not None
    labels = {name: index for index, name in enumerate(run.labels.names)}
    errors = np.full((len(order), len(labels), len(INDICATORS)), np.nan)
    rows = {name: index for index, name in enumerate(order)}
    columns = ("recording", "label", "indicator", "error")
    for recording, label, indicator, error in zip(*(table[name] for name in columns), strict=True):
        errors[rows[recording], labels[label], INDICATORS.index(indicator)] = error
    return errors
