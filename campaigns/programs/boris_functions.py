"""BORIS's own functions without its program: modules in its environment, and its time budget."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from decimal import Decimal
from types import ModuleType
from typing import Any


def function_modules(*names: str) -> list[ModuleType]:
    """Return modules of BORIS. The package itself opens the program, with sound and pictures, and is left aside."""
    if "boris" not in sys.modules:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
        package = ModuleType("boris")
        package.__path__ = importlib.util.find_spec("boris").submodule_search_locations
        player = ModuleType("boris.mpv2")  # needs the system's libmpv, which plays and does not read
        player.dll = ""  # type: ignore[attr-defined]
        sys.modules |= {"boris": package, "boris.mpv2": player}
    return [importlib.import_module(f"boris.{name}") for name in names]


def time_budget(project: dict[str, Any], case: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the rows of BORIS's time budget of a whole project, by behavior and subject."""
    config, db_functions, budgets = function_modules("config", "db_functions", "time_budget_functions")
    subjects = sorted({who or config.NO_FOCAL_SUBJECT for _, who, *_ in case["intervals"]})
    parameters = {
        config.SELECTED_SUBJECTS: subjects,
        config.SELECTED_BEHAVIORS: case["labels"],
        config.INCLUDE_MODIFIERS: False,
        config.EXCLUDE_BEHAVIORS: True,
        config.TIME_INTERVAL: config.TIME_FULL_OBS,
        config.START_TIME: Decimal("0.000"),
        config.END_TIME: Decimal(str(case["duration"])),
    }
    observations = list(project[config.OBSERVATIONS])
    cursor = db_functions.load_events_in_db(project, subjects, observations, case["labels"])
    rows, _ = budgets.time_budget_analysis(project[config.ETHOGRAM], cursor, observations, parameters)
    return {(row["behavior"], row["subject"]): row for row in rows if row["number"]}
