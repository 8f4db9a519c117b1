"""The report of a benchmark: one HTML file that loads nothing from anywhere."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd
from markupsafe import Markup

from actscribe.report import wording as w
from actscribe.report.comparison.charts import forest
from actscribe.report.page import render
from actscribe.report.tables import Column, Row, Table, pairs_table

REPORT = "report.html"
#: What metrics are called, and what they are.
METRICS = {
    "top1": ("Top-1 accuracy", "share of the test clips whose class got the highest score"),
    "top5": ("Top-5 accuracy", "share of the test clips whose class is among the five highest scores"),
    "mean_per_class": ("Mean accuracy of classes", "mean over classes of the share of their clips put first"),
    "harmonic_mean": ("Harmonic mean", "of top-1 on base and on novel classes"),
}
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
    said = []
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
        said.append(f"{name}: {_name(metric)[0].lower()} {w.percent(row['mean'])}{ends}; {against}")
    return said


def _of(row: pd.Series) -> str:
    return f"over {w.counted(int(row['seeds']), 'seed')}" if row["interval"] == "seeds" else str(row["interval"])


def _name(metric: str) -> tuple[str, str]:
    """Return what a metric is called and what it is, with the half of the classes that it is of."""
    part, _, rest = metric.partition("_")
    if part in ("base", "novel") and rest in METRICS:
        title, what = METRICS[rest]
        return f"{title}, {part} classes", what
    return METRICS.get(metric, (metric.replace("_", " "), ""))


def _results(results: pd.DataFrame) -> Table:
    columns = (
        Column("system", is_text=True),
        Column("metric", is_text=True),
        Column("mean", "over seeds"),
        Column("95 % interval"),
        Column("of", "Student's over seeds, or Clopper and Pearson's over groups of test clips", is_text=True),
        Column("± seeds", "standard deviation from seed to seed"),
        Column("seeds"),
    )
    rows = []
    for row in results.to_dict("records"):
        blind = row["system"] in BLIND
        cells = [row["system"], _name(row["metric"])[0], w.number(row["mean"], 3), _span(row), row["interval"]]
        cells += [w.number(row["std"], 3), w.MISSING if blind else w.count(row["seeds"])]
        rows.append(Row(tuple(map(str, cells))))
    return Table("Results. Chance and majority never look at a video.", columns, tuple(rows))


def _span(row: Mapping[str, Any]) -> str:
    return f"{w.number(row['low'], 3)}–{w.number(row['high'], 3)}" if math.isfinite(row["low"]) else w.MISSING


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
    columns = (
        Column("metric", is_text=True),
        Column("difference"),
        Column("95 % interval"),
        Column("p (t)"),
        Column("p (sign flip)"),
        Column("seeds"),
    )
    rows = []
    for row in table.to_dict("records"):
        ends = f"{w.signed(row['low'], 3)} to {w.signed(row['high'], 3)}" if math.isfinite(row["low"]) else w.MISSING
        cells = (_name(row["metric"])[0], w.signed(row["difference"], 3), ends)
        rows.append(Row((*cells, w.number(row["p_t"], 3), w.number(row["p_sign_flip"], 3), w.count(row["seeds"]))))
    return Table("With VgHIF less without, on the same seeds.", columns, tuple(rows))


def _plain(table: pd.DataFrame | None, caption: str) -> Table | None:
    if table is None or not len(table):
        return None
    numbers = [pd.api.types.is_numeric_dtype(table[name]) for name in table.columns]
    columns = tuple(
        Column(str(name).replace("_", " "), is_text=not number)
        for name, number in zip(table.columns, numbers, strict=True)
    )
    rows = tuple(Row(tuple(_cell(value) for value in row)) for row in table.itertuples(index=False))
    return Table(caption, columns, rows)


def _cell(value: object) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return w.MISSING
    return w.number(value, 3) if isinstance(value, float) else str(value)
