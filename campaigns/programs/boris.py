"""Projects opened by BORIS: integrity, media, ethogram, and its time budget to a millisecond."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from campaigns.programs.boris_functions import function_modules, time_budget

FORMAT = "boris"
TICK = 0.001
PACKAGES = ("boris-behav-obs",)


def checker(venv: Path) -> Callable[[dict[str, Any]], list[str]]:
    """Return what opens a project and compares what BORIS finds in it with what was drawn."""
    config, project_functions = function_modules("config", "project_functions")

    def check(case: dict[str, Any]) -> list[str]:
        _, changed, project, message = project_functions.open_project_json(case["path"])
        if "error" in project or message or changed:
            return [f"opening: {project.get('error', '')} {message} changed={changed}"]
        report = project_functions.check_project_integrity(project, config.HHMMSS, case["path"], True)
        wrong = [f"integrity: {report}"] if report.replace("<br>", "").strip() else []
        for observation in project[config.OBSERVATIONS].values():
            is_there, why = project_functions.check_if_media_available(observation, case["path"])
            wrong += [] if is_there else [f"media: {why}"]
            (media,) = observation[config.FILE]["1"]
            path = project_functions.full_path(media, case["path"])
            wrong += [] if Path(path).samefile(case["video"]) else [f"video {path}"]
            facts = observation[config.MEDIA_INFO]
            media_info = [facts[key][media] for key in (config.LENGTH, config.FPS, config.HAS_VIDEO, config.HAS_AUDIO)]
            wrong += [] if media_info == [case["duration"], 25, True, False] else [f"media info {media_info}"]
        ethogram = list(project[config.ETHOGRAM].values())
        wrong += [] if [one["code"] for one in ethogram] == case["labels"] else ["ethogram"]
        keys = [one["key"] for one in ethogram]
        wrong += [] if len(set(keys)) == len(keys) and all(keys) else [f"keys {keys}"]
        drawn: dict[tuple[str, str], list[int]] = defaultdict(list)
        for label, who, start, end in case["intervals"]:
            drawn[label, who or config.NO_FOCAL_SUBJECT].append(end - start)
        counted = {key: (row["number"], row["duration"]) for key, row in time_budget(project, case).items()}
        for key, lengths in drawn.items():
            number, length = counted.pop(key, (0, 0))
            # BORIS counts points and says NA for their length.
            same = length == config.NA if not any(lengths) else abs(float(length) * 1000 - sum(lengths)) < 1
            wrong += [] if number == len(lengths) and same else [f"{key}: {number}, {length} != {lengths}"]
        return wrong + [f"{key} is in the time budget only" for key in counted]

    return check
