"""The tables of a benchmark, from the kept scores of its runs. The same runs give the same bytes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
import pandas as pd

from actscribe.counts import counted
from actscribe.data.clips import targets
from actscribe.evaluation.class_metrics import CLASS_METRICS, class_scores
from actscribe.evaluation.clips import confusion
from actscribe.evaluation.intervals import FEW_GROUPS
from actscribe.evaluation.seeds import SAME, exact_interval, harmonic_mean, paired_test, seed_table
from actscribe.run_folder.run import Run
from actscribe.table_text import NOTES, csv_text, markdown_text, notes_text

#: Which classes a result is about.
ALL, BASE, NOVEL = "all", "base", "novel"
#: Tables with a row a class or clip: hundreds of thousands for Kinetics.
LONG = ("classes", "missing")
#: Answers that never look at the video.
CHANCE, MAJORITY = "chance", "majority"


@dataclass(frozen=True, slots=True, eq=False)
class SeedResult:
    """One system with one seed, measured on test.

    Args:
        system: what is measured, such as "vifi-clip + VgHIF".
        seed: of shots and training.
        values: metric -> fraction in [0, 1], see `class_scores`; base-to-novel: both halves and `harmonic_mean`.
        classes: part -> one row a class: class, clips, accuracy (nan without clips).
        groups: metric -> groups of the test clips whose share it is; none for means of shares.
    """

    system: str
    seed: int
    values: Mapping[str, float]
    classes: Mapping[str, pd.DataFrame]
    groups: Mapping[str, int] = field(default_factory=dict)


def seed_result(system: str, seed: int, parts: Mapping[str, Run]) -> SeedResult:
    """Return the measurements of one system and seed from the test scores that its runs keep.

    Args:
        system: its name.
        seed: its seed.
        parts: ALL alone, or BASE and NOVEL, with the run that holds its scores.
    """
    values: dict[str, float] = {}
    classes: dict[str, pd.DataFrame] = {}
    groups: dict[str, int] = {}
    for part, run in parts.items():
        scored = run.scores("test")
        truth = targets(scored.clips, "multi-class").astype(float)
        prefix = "" if part == ALL else f"{part}_"
        values |= {f"{prefix}{metric}": value for metric, value in class_scores(truth, scored.scores).items()}
        group_of = {recording.name: recording.group for recording in run.recordings("test")}
        shares = [f"{prefix}{metric.column.name}" for metric in CLASS_METRICS if metric.is_share]
        groups |= dict.fromkeys(shares, len({group_of[clip.recording] for clip in scored.clips}))
        counts = confusion(truth, scored.scores)
        clips = counts.sum(axis=1)
        right = np.divide(counts.diagonal(), clips, out=np.full(len(clips), np.nan), where=clips > 0)
        classes[part] = pd.DataFrame({"class": run.labels.names, "clips": clips.astype(int), "accuracy": right})
    if NOVEL in parts:
        values["harmonic_mean"] = harmonic_mean(values["base_top1"], values["novel_top1"])
    return SeedResult(system, seed, values, classes, groups)


def result_table(results: Sequence[SeedResult]) -> pd.DataFrame:
    """Return one row a system and metric: system, metric, mean, low, high, std, seeds, interval; then `chance_table`.

    Metrics that cannot be computed, such as top-5 of five classes, have no row.

    `interval` says what the ends are: of a mean over seeds (Student's, cut where a fraction ends, which it passes where
    seeds are few), or exact over the groups of test clips, where there is one seed or all seeds gave the same; none of
    a mean of shares then, or of fewer than `FEW_GROUPS` groups, for none can be given.
    """
    tables = []
    for name, its in _by_system(results).items():
        made = seed_table([one.values for one in its])
        ends = [_ends(row, its[0].groups.get(row["metric"])) for row in made.to_dict("records")]
        made[["low", "high"]] = [[low, high] for low, high, _ in ends]
        tables.append(_first(made.assign(interval=[interval for *_, interval in ends]), system=name))
    whole = pd.concat([*tables, chance_table(results)], ignore_index=True)
    return whole[whole["mean"].notna()].reset_index(drop=True)


def _ends(row: Mapping[str, Any], groups: int | None) -> tuple[float, float, str]:
    """Return the ends of an interval and what they are."""
    if not np.isfinite(row["mean"]):
        return np.nan, np.nan, ""
    if row["std"] > SAME:
        return float(np.clip(row["low"], 0, 1)), float(np.clip(row["high"], 0, 1)), "seeds"
    if groups and groups < FEW_GROUPS:
        return np.nan, np.nan, f"none: {counted(groups, 'group')}, and it needs {FEW_GROUPS}"
    if groups:
        return *exact_interval(row["mean"], groups), f"exact, {counted(groups, 'group')}"
    return np.nan, np.nan, "none: one seed" if row["seeds"] == 1 else "none: all seeds equal"


def chance_table(results: Sequence[SeedResult]) -> pd.DataFrame:
    """Return what answers that never look get on the same clips, as rows of `result_table` without intervals.

    `chance`: each class as often as any other. `majority`: always the class that most test clips show (of top-5, the
    five that do), so no constant answer is better.
    """
    rows = []
    for name in (CHANCE, MAJORITY):
        values: dict[str, float] = {}
        for part, table in results[0].classes.items() if results else ():
            prefix = "" if part == ALL else f"{part}_"
            values |= {f"{prefix}{metric}": value for metric, value in _blind(table["clips"].to_numpy(), name).items()}
        if f"{NOVEL}_top1" in values:
            values["harmonic_mean"] = harmonic_mean(values["base_top1"], values["novel_top1"])
        rows += [(name, metric, value) for metric, value in values.items()]
    made = pd.DataFrame(rows, columns=["system", "metric", "mean"])
    return made.assign(low=np.nan, high=np.nan, std=np.nan, seeds=0, interval="")


def _blind(clips: np.ndarray, name: str) -> dict[str, float]:
    known = int(clips.sum()) > 0
    return {
        metric.column.name: (metric.chance if name == CHANCE else metric.majority)(clips) if known else float("nan")
        for metric in CLASS_METRICS
    }


def difference_table(results: Sequence[SeedResult]) -> pd.DataFrame | None:
    """Return one row a metric: the second system less the first on the same seeds; None of one system.

    Columns: metric, difference, low, high (95 % t interval, within -1 and 1; none where all differences are equal), t,
    p_t, p_sign_flip, seeds.
    """
    systems = list(_by_system(results).values())
    if len(systems) < 2:
        return None
    without, with_ = systems
    rows = []
    for metric in without[0].values:
        after, before = ([one.values[metric] for one in side] for side in (with_, without))
        if np.isfinite(after).all() and np.isfinite(before).all():
            test = paired_test(after, before)
            gain = test.difference
            low, high = np.clip((gain.low, gain.high), -1, 1) if gain.std > SAME else (np.nan, np.nan)
            rows.append((metric, gain.mean, low, high, test.t, test.p_t, test.p_sign_flip, gain.count))
    return pd.DataFrame(rows, columns=["metric", "difference", "low", "high", "t", "p_t", "p_sign_flip", "seeds"])


def seeds_table(results: Sequence[SeedResult]) -> pd.DataFrame:
    """Return one row a system and seed with every metric."""
    return pd.DataFrame([{"system": one.system, "seed": one.seed, **one.values} for one in results])


def class_table(results: Sequence[SeedResult]) -> pd.DataFrame:
    """Return one row a system and class: system, part, class, clips, mean accuracy, and that of each seed."""
    tables = []
    for name, its in _by_system(results).items():
        for part, first in its[0].classes.items():
            each = {f"seed_{one.seed}": one.classes[part]["accuracy"].to_numpy() for one in its}
            made = first[["class", "clips"]].assign(mean=np.mean(list(each.values()), axis=0), **each)
            tables.append(_first(made, system=name, part=part))
    return pd.concat(tables, ignore_index=True)


def files(tables: Mapping[str, pd.DataFrame], facts: Mapping[str, Any], texts: Iterable[str]) -> dict[str, str]:
    """Return the files of a benchmark's folder: one CSV a table, their notes, benchmark.md, benchmark.json.

    Args:
        tables: by name; those of LONG are files of their own only.
        facts: of benchmark.json, beside the tables; their "notes" stand beside the CSVs too.
        texts: paragraphs that stand before the tables in benchmark.md.
    """
    made = {f"{name}.csv": csv_text(table) for name, table in tables.items()}
    short = {name: table for name, table in tables.items() if name not in LONG}
    shown = [f"## {name.capitalize()}\n\n{markdown_text(table)}" for name, table in short.items()]
    made["benchmark.md"] = "\n".join([*(f"{text}\n" for text in texts), *shown])
    values = {**facts, "tables": {name: _rows(table) for name, table in short.items()}}
    if facts.get("notes"):
        made[NOTES] = notes_text(facts["notes"])
    made["benchmark.json"] = json.dumps(values, indent=1, ensure_ascii=False) + "\n"
    return made


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows as JSON has them: no nan."""
    plain = table.astype(object).where(table.notna(), None)
    return cast(
        "list[dict[str, Any]]", json.loads(json.dumps(plain.to_dict("records"), default=lambda number: number.item()))
    )


def _by_system(results: Sequence[SeedResult]) -> dict[str, list[SeedResult]]:
    by_system: dict[str, list[SeedResult]] = {}
    for one in results:
        by_system.setdefault(one.system, []).append(one)
    return by_system


def _first(table: pd.DataFrame, **columns: str) -> pd.DataFrame:
    """Return a table with columns of one value put first."""
    for index, (name, value) in enumerate(columns.items()):
        table.insert(index, name, value)
    return table
