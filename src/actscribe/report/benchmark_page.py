"""The report of a benchmark: one HTML file that loads nothing from anywhere."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pandas as pd
from markupsafe import Markup

from actscribe.columns import Column
from actscribe.counts import counted
from actscribe.evaluation.class_metrics import CLASS_METRICS, HARMONIC_MEAN
from actscribe.report import formatting as w
from actscribe.report.comparison.charts import forest
from actscribe.report.rendering import render
from actscribe.report.table import INTERVAL as GROUP_INTERVAL
from actscribe.report.table import Head, Row, Table, frame_table, pairs_table

REPORT = "report.html"
#: What metrics are called, and what they are.
METRICS = {column.name: column for column in (*(metric.column for metric in CLASS_METRICS), HARMONIC_MEAN)}
#: Systems that look at nothing.
BLIND = ("chance", "majority")


@dataclass(frozen=True, slots=True)
class Figure:
    """One metric of all systems."""

    key: str
    title: str
    sentence: str
    picture: Markup


def benchmark_page(
    title: str, command: str, tables: Mapping[str, pd.DataFrame], notes: Sequence[str], facts: Mapping[str, Any]
) -> str:
    """Return the page.

    Args:
        title: of the benchmark.
        command: that makes it again.
        tables: by name, see `benchmark.benchmark`.
        notes: what to know before relying on it.
        facts: of benchmark.json: systems, versions, machine, seconds.
    """
    results = tables["results"]
    content = {
        "w": w,
        "title": title,
        "date": datetime.now().astimezone().strftime("%d %B %Y, %H:%M"),
        "verdict": verdict(results),
        "warnings": [f"{note[:1].upper()}{note[1:].rstrip('.')}." for note in notes],
        "results": _results(results),
        "figures": _figures(results),
        "difference": _difference(tables.get("difference")),
        "published": _plain(tables.get("published"), "What the authors of the recipe report."),
        "seeds": _plain(tables["seeds"], "Every seed."),
        "classes": _plain(tables["classes"], "Every class."),
        "availability": _plain(tables["availability"], "Clips of the set on this machine."),
        "command": command,
        "details": (
            pairs_table("Settings.", {k: json.dumps(v, ensure_ascii=False) for k, v in facts["systems"].items()}),
            pairs_table("Seconds of each run.", {k: json.dumps(v) for k, v in facts["seconds"].items()}),
            pairs_table("Versions.", {**facts["versions"], "machine": facts["machine"]}),
        ),
    }
    return render("benchmark.html", content)


def verdict(results: pd.DataFrame) -> list[str]:
    """Return a sentence for each system: its first metric, against answers that never look."""
    metric = results["metric"].iloc[0]
    rows = results[results["metric"] == metric].set_index("system")
    least = max((float(rows.loc[name, "mean"]) for name in BLIND if name in rows.index), default=math.nan)
    sentences = []
    for name in [name for name in rows.index if name not in BLIND]:
        row = rows.loc[name]
        ends = (
            f" (95\u202f% interval {w.percent(row['low'])} to {w.percent(row['high'])}, {_of(row)})"
            if math.isfinite(row["low"])
            else f" (no interval: {row['interval'].removeprefix('none: ')})"
        )
        against = f"an answer that never looks would get up to {w.percent(least)}."
        if not row["mean"] > least:
            against += " That is no better."
        elif math.isfinite(row["low"]) and not row["low"] > least:
            against += " It may be no better: the interval reaches down to that."
        sentences.append(f"{name}: {_name(metric)[0].lower()} {w.percent(row['mean'])}{ends}; {against}")
    return sentences


def _of(row: pd.Series) -> str:
    return f"over {counted(int(row['seeds']), 'seed')}" if row["interval"] == "seeds" else str(row["interval"])


def _name(metric: str) -> tuple[str, str]:
    """Return what a metric is called and what it is, with the half of the classes that it is of."""
    part, _, rest = metric.partition("_")
    if part in ("base", "novel") and rest in METRICS:
        return f"{METRICS[rest].title}, {part} classes", METRICS[rest].meaning
    column = METRICS.get(metric, Column(metric, metric.replace("_", " ")))
    return column.title, column.meaning


INTERVAL = replace(GROUP_INTERVAL, meaning="over seeds, or over groups of test clips where that is stated beside it")
RESULT_COLUMNS = (
    Column("system", "system", format="text"),
    Column("metric", "metric", format="text"),
    Column("mean", "mean", "over seeds", "precise", interval=("low", "high")),
    Column("interval", "of", "Student's over seeds, or Clopper and Pearson's over groups of test clips", format="text"),
    Column("std", "± seeds", "standard deviation from seed to seed", "precise"),
    Column("seeds", "seeds", format="count"),
)
DIFFERENCE_COLUMNS = (
    Column("metric", "metric", format="text"),
    Column("difference", "difference", format="precise change", interval=("low", "high")),
    Column("p_t", "p (t)", "how often chance gives as large a difference, if differences were normal", "precise"),
    Column("p_sign_flip", "p (sign flip)", "the same whatever they are; with few seeds it cannot be small", "precise"),
    Column("seeds", "seeds", format="count"),
)


def _results(results: pd.DataFrame) -> Table:
    shown = _with_titles(results)
    shown["seeds"] = results["seeds"].where(~results["system"].isin(BLIND)).astype("Float64")
    return frame_table("Results. Chance and majority never look at a video.", shown, RESULT_COLUMNS, interval=INTERVAL)


def _with_titles(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(metric=[_name(metric)[0] for metric in table["metric"]])


def _figures(results: pd.DataFrame) -> list[Figure]:
    figures = []
    for metric in dict.fromkeys(results["metric"]):
        rows = results[results["metric"] == metric].rename(columns={"mean": "value"})
        if not rows["value"].notna().any():
            continue
        title, what = _name(metric)
        systems = int((~rows["system"].isin(BLIND)).sum())
        figures.append(Figure(metric, title, f"{what[:1].upper()}{what[1:]}.", forest(rows, systems, title)))
    return figures


def _difference(table: pd.DataFrame | None) -> Table | None:
    if table is None or not len(table):
        return None
    return frame_table(
        "With VgHIF less without, on the same seeds.", _with_titles(table), DIFFERENCE_COLUMNS, interval=INTERVAL
    )


def _plain(table: pd.DataFrame | None, caption: str) -> Table | None:
    if table is None or not len(table):
        return None
    numbers = [pd.api.types.is_numeric_dtype(table[name]) for name in table.columns]
    columns = tuple(
        Head(str(name).replace("_", " "), is_text=not number)
        for name, number in zip(table.columns, numbers, strict=True)
    )
    rows = tuple(Row(tuple(_cell(value) for value in row)) for row in table.itertuples(index=False))
    return Table(caption, columns, rows)


def _cell(value: object) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return w.MISSING
    return w.number(value, 3) if isinstance(value, float) else str(value)
