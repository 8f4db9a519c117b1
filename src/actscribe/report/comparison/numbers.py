"""What the sentences of a comparison read off its tables, and how they write it."""

from __future__ import annotations

import math

import pandas as pd

from actscribe.report import formatting as w
from actscribe.report.comparison.comparison import Comparison


def ranking(done: Comparison) -> pd.DataFrame:
    """Return the rows of the recognizers in the headline, the best first; those without a number are left out."""
    rows = done.tables["headline"].iloc[: len(done.systems)]
    return rows[rows["macro_f1"].notna()].sort_values("macro_f1", ascending=False, kind="stable")


def pair(done: Comparison, first: str, second: str) -> tuple[pd.Series, int]:
    """Return the row of a pair, and -1 if it is written the other way round."""
    table = done.tables["pairs"].set_index(["first", "second"])
    if (first, second) in table.index:
        return table.loc[(first, second)], 1
    return table.loc[(second, first)], -1


def best_guess(done: Comparison) -> tuple[str, float]:
    """Return the best answer that never looks at the video, guessing by chance included, with its macro F1."""
    headline = done.tables["headline"].set_index("system")["macro_f1"]
    reached = headline.drop([system.name for system in done.systems])
    return str(reached.idxmax()), float(reached.max())


def recognizers(done: Comparison) -> list[str]:
    """Return their names, in the order of the study."""
    return [system.name for system in done.systems]


def written_p(value: float) -> str:
    """Return a p value as text."""
    return "< 0.001" if value < 0.001 else f"{value:.3f}" if math.isfinite(value) else w.MISSING


def main_value(row: pd.Series) -> str:
    """Return a row's macro F1, or else its value, with the interval where it has one."""
    return with_interval(row, "macro_f1" if "macro_f1" in row else "value")


def with_interval(row: pd.Series, name: str) -> str:
    """Return a number with its interval, where it has one."""
    value = w.number(row[name])
    held = math.isfinite(row["low"]) and math.isfinite(row["high"])
    return f"{value} (95 % interval {w.span(row['low'], row['high'])})" if held else value
