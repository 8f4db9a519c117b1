"""The comparison's part on what looking at the past alone costs: its sentences and its table."""

from __future__ import annotations

import math

import pandas as pd

from actscribe.evaluation.causality import CAUSALITY_COLUMNS, MEASURES
from actscribe.report import formatting as w
from actscribe.report.causality import how_to_measure
from actscribe.report.comparison.comparison import Comparison
from actscribe.report.comparison.numbers import pair, written_p
from actscribe.report.comparison.verdict import CLEAR
from actscribe.report.table import Table, frame_table
from actscribe.settings.causality import looks_back_alone


def sentences(done: Comparison) -> tuple[str, ...]:
    """Return a sentence for each recognizer that looks at the past alone: what that costs, or how to measure it."""
    table, study = done.tables.get("causality"), done.provenance.study
    measured = {} if table is None else dict(iter(table.groupby("system", sort=False)))
    alone = [system.name for system in done.systems if looks_back_alone(study.chosen(system.name))]
    return tuple(
        _costs(done, measured[name])
        if name in measured
        else f"{name} looks at the past alone, as live use needs it. {how_to_measure(study, study.folder, name)}"
        for name in alone
    )


def table(done: Comparison) -> Table:
    """Return the differences with their intervals."""
    shown = done.tables["causality"].replace({"measure": MEASURES})
    return frame_table("The one that looks at the past alone, minus the one that does not.", shown, CAUSALITY_COLUMNS)


def _costs(done: Comparison, rows: pd.DataFrame) -> str:
    first = rows.iloc[0]
    name, around = str(first["system"]), str(first["against"])
    by_measure = rows.set_index("measure")
    row, _ = pair(done, around, name)
    clear = "a clear difference" if row["p_holm"] < CLEAR else "which may be chance"
    test = f"p = {written_p(row['p'])}, corrected {written_p(row['p_holm'])}"
    text = (
        f"{name} looks at the past alone, {around} at what comes, too, and they differ in nothing else. That changes"
        f" macro F1 by {_change(by_measure.loc['macro_f1'])}, {clear} ({test})"
    )
    if "f1@50" not in by_measure.index:
        return f"{text}."
    text += f"; segment F1@50 by {_change(by_measure.loc['f1@50'])}"
    begins = by_measure.loc["onset_mae_s"]
    if math.isfinite(begins["difference"]):
        text += f"; and how far found bouts begin from the true ones by {_change(begins, ' s')}"
    return f"{text}."


def _change(row: pd.Series, unit: str = "") -> str:
    """Return a signed difference with its interval, where it has one."""
    value = f"{w.signed(row['difference'], 2)}{unit}"
    ends = [w.signed(row[name], 2) for name in ("low", "high")]
    return value if w.MISSING in ends else f"{value} (95 % interval {ends[0]} to {ends[1]})"
