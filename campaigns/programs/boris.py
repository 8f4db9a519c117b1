"""Projects opened by BORIS: integrity, media, ethogram, and its time budget to a millisecond."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

FORMAT = "boris"
TICK = 0.001
PACKAGES = ("boris-behav-obs",)


def checker(venv: Path) -> Callable[[dict[str, Any]], list[str]]:
    """Return what opens a project and compares what BORIS finds in it with what was drawn."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    # The package itself opens the program, with sound and pictures; its functions are modules of their own.
    package = ModuleType("boris")
    package.__path__ = importlib.util.find_spec("boris").submodule_search_locations
    sys.modules["boris"] = package
    player = ModuleType("boris.mpv2")  # needs the system's libmpv, which plays and does not read
    player.dll = ""
    sys.modules["boris.mpv2"] = player
    from boris import config, db_functions, project_functions, time_budget_functions

    def budget(project: dict[str, Any], subjects: list[str], case: dict[str, Any]) -> dict[tuple[str, str], Any]:
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
        rows, _ = time_budget_functions.time_budget_analysis(project[config.ETHOGRAM], cursor, observations, parameters)
        return {(row["behavior"], row["subject"]): (row["number"], row["duration"]) for row in rows if row["number"]}

    def check(case: dict[str, Any]) -> list[str]:
        _, changed, project, message = project_functions.open_project_json(case["path"])
        if "error" in project or message or changed:
            return [f"opening: {project.get('error', '')} {message} changed={changed}"]
        said = project_functions.check_project_integrity(project, config.HHMMSS, case["path"], True)
        wrong = [f"integrity: {said}"] if said.replace("<br>", "").strip() else []
        for observation in project[config.OBSERVATIONS].values():
            is_there, why = project_functions.check_if_media_available(observation, case["path"])
            wrong += [] if is_there else [f"media: {why}"]
            (media,) = observation[config.FILE]["1"]
            found = project_functions.full_path(media, case["path"])
            wrong += [] if Path(found).samefile(case["video"]) else [f"video {found}"]
            facts = observation[config.MEDIA_INFO]
            told = [facts[key][media] for key in (config.LENGTH, config.FPS, config.HAS_VIDEO, config.HAS_AUDIO)]
            wrong += [] if told == [case["duration"], 25, True, False] else [f"media info {told}"]
        ethogram = list(project[config.ETHOGRAM].values())
        wrong += [] if [one["code"] for one in ethogram] == case["labels"] else ["ethogram"]
        keys = [one["key"] for one in ethogram]
        wrong += [] if len(set(keys)) == len(keys) and all(keys) else [f"keys {keys}"]
        subjects = sorted({who or config.NO_FOCAL_SUBJECT for _, who, *_ in case["intervals"]})
        drawn: dict[tuple[str, str], list[int]] = defaultdict(list)
        for label, who, start, end in case["intervals"]:
            drawn[label, who or config.NO_FOCAL_SUBJECT].append(end - start)
        counted = budget(project, subjects, case)
        for key, lengths in drawn.items():
            number, length = counted.pop(key, (0, 0))
            # BORIS counts points and says NA for their length.
            same = length == config.NA if not any(lengths) else abs(float(length) * 1000 - sum(lengths)) < 1
            wrong += [] if number == len(lengths) and same else [f"{key}: {number}, {length} != {lengths}"]
        return wrong + [f"{key} is in the time budget only" for key in counted]

    return check
