"""How good each recognizer is, and each answer that never looks: in one number, and label by label."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from actscribe.columns import Column, names
from actscribe.evaluation.calibration import ECE, ECE_FLOOR
from actscribe.evaluation.clips import macro_f1
from actscribe.evaluation.comparison.systems import MACRO_F1, SEED_SD, SEEDS, SYSTEM, Shared, System
from actscribe.evaluation.intervals import estimate, mean_of_known
from actscribe.evaluation.measures import (
    HEADLINE,
    LABEL,
    LABELS,
    PREDICTED_RATE,
    SUPPORT,
    TERMINAL,
    Measure,
    columns_in,
    measures_in,
)
from actscribe.evaluation.significance import macro

NOTE = Column("note", "note", format="text")
#: The table of all recognizers, the same on the terminal, and that of their labels.
HEADLINE_COLUMNS = (SYSTEM, SEEDS, MACRO_F1, SEED_SD, *columns_in(HEADLINE), ECE, ECE_FLOOR, NOTE)
TERMINAL_COLUMNS = (SYSTEM, SEEDS, MACRO_F1, *columns_in(TERMINAL), ECE, NOTE)
LABEL_COLUMNS = (SYSTEM, LABEL, *columns_in(LABELS), SUPPORT, PREDICTED_RATE)


def headline_table(systems: Sequence[System], shared: Shared) -> pd.DataFrame:
    """Return one row per recognizer and baseline, columns HEADLINE_COLUMNS.

    That is `system`; `seeds`; `macro_f1`, `low`, `high`, `seed_sd`; the measures (`evaluation.measures`), means over
    labels or of all at once; `ece`: mean over labels, of classes that of the top label, and `ece_floor`; `note` on the
    interval.
    """
    rows = []
    for system in systems:
        counts = system.counts()[..., :3]
        estimated = estimate(macro, counts, shared.grouping)
        by_seed = macro(counts.sum(axis=0))
        row: dict[str, object] = {"system": system.name, "seeds": len(system.runs), "macro_f1": float(by_seed.mean())}
        row |= {"low": float(estimated.low), "high": float(estimated.high)}
        row["seed_sd"] = float(by_seed.std(ddof=1)) if len(by_seed) > 1 else float("nan")
        for measure, column in zip(measures_in(HEADLINE), columns_in(HEADLINE), strict=True):
            row[column.name] = float(_values(measure, system, shared)[_headline_row(measure, shared)])
        for name in ("ece", "ece_floor"):
            row[name] = float(np.mean([run.calibration[name].iloc[-1] for run in system.runs]))
        rows.append(row | {"note": shared.grouping.note})
    for name, table in shared.baselines.items():
        row = {"system": name, "macro_f1": macro_f1(table), "note": ""}
        for measure, column in zip(measures_in(HEADLINE), columns_in(HEADLINE), strict=True):
            row[column.name] = float(_blind_values(measure, table)[_headline_row(measure, shared)])
        rows.append(row)
    return pd.DataFrame(rows, columns=names(HEADLINE_COLUMNS)).astype({"seeds": "Int64"})


def label_table(systems: Sequence[System], shared: Shared) -> pd.DataFrame:
    """Return one row per recognizer or baseline and label, and their rows `macro` and `micro`; columns LABEL_COLUMNS.

    That is `system`, `label`; the measures (`evaluation.measures`), some with an interval; `support`; `predicted_rate`.
    Means over seeds. `macro` is the mean over labels that a clip shows (of MCC and kappa: that another one does not),
    `micro` counts all decisions together (of classes: all at once, its F1 being the accuracy).
    """
    tables = []
    for system in systems:
        first = system.runs[0].table
        columns: dict[str, object] = {"system": system.name, "label": first["label"], "support": first["support"]}
        columns["predicted_rate"] = np.mean([run.table["predicted_rate"] for run in system.runs], axis=0)
        for measure in measures_in(LABELS):
            columns[measure.name] = _values(measure, system, shared)
            if measure.column.interval:
                columns |= dict(zip(measure.column.interval, _ends(measure, system, shared), strict=True))
        tables.append(pd.DataFrame(columns, columns=names(LABEL_COLUMNS)))
    for name, table in shared.baselines.items():
        columns = {measure.name: _blind_values(measure, table) for measure in measures_in(LABELS)}
        columns |= {name: table[name] for name in ("label", "support", "predicted_rate")}
        tables.append(pd.DataFrame({"system": name, **columns}).reindex(columns=names(LABEL_COLUMNS)))
    return pd.concat(tables, ignore_index=True)


def _values(measure: Measure, system: System, shared: Shared) -> np.ndarray:
    """Return a measure per label with macro and micro behind, means over seeds, shape (labels + 2,)."""
    if measure.name in system.runs[0].table:
        return np.asarray(np.mean([run.table[measure.name].to_numpy(dtype=float) for run in system.runs], axis=0))
    by_seed = measure.with_averages(system.counts().sum(axis=0), shared.labels.task == "multi-class")
    return mean_of_known(by_seed, axis=-2)


def _blind_values(measure: Measure, table: pd.DataFrame) -> np.ndarray:
    """Return the same of an answer that never looks, from its table of labels."""
    if measure.blind is not None:
        return np.full(len(table), measure.blind)
    if measure.name not in table:
        raise ValueError(f"{measure.name} needs a number for answers that never look, or a place in a run's table")
    return np.asarray(table[measure.name].to_numpy(dtype=float))


def _ends(measure: Measure, system: System, shared: Shared) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of a measure's intervals, shape (labels + 2,) each; none passes 1, where every measure ends."""
    if measure.ranked is not None:
        ranked = measure.ranked(shared.targets, np.stack([run.scores for run in system.runs], axis=1), shared.grouping)
        return ranked.low, ranked.high
    counts = system.counts()
    showing = np.append(shared.grouping.showing(counts[..., :3]), [shared.grouping.count] * 2)
    is_one_of_several = shared.labels.task == "multi-class"
    estimated = estimate(
        lambda pooled: measure.with_averages(pooled, is_one_of_several), counts, shared.grouping, measure.scale, showing
    )
    return estimated.low, np.minimum(estimated.high, 1.0)


def _headline_row(measure: Measure, shared: Shared) -> int:
    """Return in which row of a table of labels the headline's number stands."""
    at_once = measure.at_once is not None and shared.labels.task == "multi-class"
    return -1 if at_once or measure.headline == "micro" else -2
