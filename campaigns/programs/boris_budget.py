"""Our time budget beside that of BORIS, number by number, to a millisecond: its functions on the same project."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from campaigns.programs.boris_functions import function_modules, time_budget

FORMAT = "boris"
TICK = 0.001
PACKAGES = ("boris-behav-obs",)
#: Our column -> BORIS's.
COLUMNS = {
    "events": "number",
    "total_s": "duration",
    "mean_s": "duration_mean",
    "sd_s": "duration_stdev",
    "interval_mean_s": "inter_duration_mean",
    "interval_sd_s": "inter_duration_stdev",
}


def expected(case: dict[str, Any]) -> list[list[Any]]:
    """Return [label, subject, {column: number or null}] of our table.

    Left out is what is counted otherwise on purpose: bouts that touch, which are one here, and bouts of a millisecond,
    which are point events here, since that is how long ELAN makes a point.
    """
    from actscribe.annotations import Interval
    from actscribe.evaluation.audit.budget import budget
    from actscribe.evaluation.audit.presence import Observed
    from actscribe.labels import LabelSet

    rows = []
    for label, who in sorted({(label, who) for label, who, *_ in case["intervals"]}):
        own = [(start, end) for name, one, start, end in case["intervals"] if (name, one) == (label, who)]
        touch = {start for start, _ in own} & {end for start, end in own if start < end}
        if touch or any(end - start == 1 for start, end in own):
            continue
        observed = Observed([Interval(label, start / 1000, end / 1000) for start, end in own], case["duration"])
        row = budget(observed, LabelSet(name="case", labels=(label,))).iloc[0]
        numbers = {name: None if row[name] != row[name] else float(row[name]) for name in COLUMNS}
        rows.append([label, who, numbers])
    return rows


def checker(venv: Path) -> Callable[[dict[str, Any]], list[str]]:
    """Return what compares a case's expected numbers with BORIS's."""
    config, project_functions = function_modules("config", "project_functions")

    def check(case: dict[str, Any]) -> list[str]:
        _, _, project, _ = project_functions.open_project_json(case["path"])
        budgets = time_budget(project, case)
        wrong = []
        for label, who, numbers in case["expected"]:
            row = budgets.get((label, who or config.NO_FOCAL_SUBJECT))
            if row is None:
                wrong.append(f"{label[:30]} of {who} is not in BORIS's budget")
                continue
            for ours, theirs in COLUMNS.items():
                if not _same(numbers[ours], row[theirs]):
                    wrong.append(f"{label[:30]} of {who}: {ours} {numbers[ours]}, BORIS {row[theirs]}")
        return wrong

    return check


def _same(ours: float | None, theirs: Any) -> bool:
    """Tell whether two numbers are one to a millisecond; BORIS writes NA for none, and for the length of points."""
    if isinstance(theirs, str):
        return ours is None or ours == 0
    return ours is not None and abs(float(theirs) - ours) < 0.001 + 1e-9
