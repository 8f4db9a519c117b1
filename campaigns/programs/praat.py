"""TextGrids read by praatio."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

FORMAT = "textgrid"
TICK = 0.001
PACKAGES = ("praatio",)


def checker(venv: Path) -> Callable[[dict[str, Any]], list[str]]:
    """Return what compares tiers, intervals, points and length with what was drawn."""
    from praatio import textgrid

    def check(case: dict[str, Any]) -> list[str]:
        grid = textgrid.openTextgrid(case["path"], includeEmptyIntervals=False)
        intervals = []
        for name in grid.tierNames:
            for entry in grid.getTier(name).entries:
                start, end = (entry.time, entry.time) if hasattr(entry, "time") else (entry.start, entry.end)
                label = entry.label
                if start == end:
                    label = label.replace('""', '"')  # praatio leaves the quotes of points doubled
                subject = name[len(label) + 3 :] if name.startswith(f"{label} @ ") else ""
                intervals.append([label, subject, round(start * 1000), round(end * 1000)])
        drawn = case["intervals"]
        wrong = [f"{one} was not drawn" for one in intervals if one not in drawn]
        wrong += [f"{one} is missing" for one in drawn if one not in intervals]
        wrong += [] if grid.maxTimestamp == case["duration"] else [f"length {grid.maxTimestamp}"]
        missing = [label for label in case["labels"] if not any(name.startswith(label) for name in grid.tierNames)]
        return wrong + [f"no tier for {label[:40]}" for label in missing]

    return check
