"""What BORIS and sed_eval say of random annotations by two people: `python -m campaigns.agreement [--venvs DIR]`.

Writes `tests/golden_agreement.json`, with which `tests/test_raters.py` compares our own measures. Each program lives in
a virtual environment of its own (`--venvs`, default `.venv-programs`), made if it is missing; only its functions are
called.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

GOLDEN = Path(__file__).parents[1] / "tests" / "golden_agreement.json"
PROGRAMS = {"boris": "boris-behav-obs", "sed_eval": "sed_eval"}
LABELS = ("Sit", "Stand", "Walk", "Call")
UNITS, COLLARS = (1.0, 0.5, 0.37), ((0.2, 0.5), (1.0, 0.0), (0.5, 0.2))


def cases(count: int, seed: int) -> list[dict[str, Any]]:
    """Return bouts of two people: the second moves, drops and adds some of the first one's; `Call` is a point event."""
    drawn = random.Random(seed)
    pairs: list[dict[str, Any]] = []
    for number in range(count):
        first, second = [], []
        for label in LABELS:
            time = drawn.uniform(0, 8)
            while time < 60:
                length = 0.0 if label == "Call" else round(drawn.uniform(0.5, 12), 3)
                start, end = round(time, 3), round(time + length, 3)
                first.append([label, start, end])
                if drawn.random() < 0.85:
                    away = [round(drawn.gauss(0, 0.6), 3) if length else 0.0 for _ in range(2)]
                    moved = max(0.0, round(start + away[0], 3))
                    second.append(
                        [label, moved, max(round(moved + 0.1, 3), round(end + away[1], 3)) if length else moved]
                    )
                time += length + drawn.uniform(3, 14)
        if number % 3 == 0:
            second.append([LABELS[0], 70.0, 71.5])
        pairs.append({"first": first, "second": second, "unit": UNITS[number % 3], "collar": COLLARS[number % 3]})
    return pairs


def boris(case: dict[str, Any]) -> dict[str, Any]:
    """Return kappa of joint states, of each label alone, and Needleman and Wunsch's identity."""
    import importlib.util
    import sqlite3
    from decimal import Decimal
    from types import ModuleType

    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    if "boris" not in sys.modules:  # the package itself opens the program, with sound and pictures
        package = ModuleType("boris")
        package.__path__ = importlib.util.find_spec("boris").submodule_search_locations
        player = ModuleType("boris.mpv2")
        player.dll = ""  # type: ignore[attr-defined]
        sys.modules |= {"boris": package, "boris.mpv2": player}
    from boris import irr

    def asked(function: Any, labels: tuple[str, ...]) -> float:
        cursor = sqlite3.connect(":memory:").cursor()
        cursor.execute("CREATE TABLE aggregated_events (observation, subject, behavior, type, modifiers, start, stop)")
        rows = [
            (side, "", label, "POINT" if label == "Call" else "STATE", "", start, end)
            for side in ("first", "second")
            for label, start, end in sorted(case[side])  # one order of states for both, as they have it in a project
            if label in labels
        ]
        cursor.executemany("INSERT INTO aggregated_events VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        return float(function(cursor, "first", "second", Decimal(str(case["unit"])), [""], False)[0])

    return {
        "joint": asked(irr.cohen_kappa, LABELS),
        "labels": {label: asked(irr.cohen_kappa, (label,)) for label in LABELS},
        "identity": asked(irr.needleman_wunsch_identity, LABELS),
    }


def sed_eval(case: dict[str, Any]) -> dict[str, Any]:
    """Return F1 of events with collars, of all labels and of each."""
    import dcase_util
    from sed_eval.sound_event import EventBasedMetrics

    def events(side: str) -> Any:
        rows = [
            {"event_label": label, "onset": start, "offset": end, "filename": "a"}
            for label, start, end in case[side]
            if end > start
        ]
        return dcase_util.containers.MetaDataContainer(rows)

    collar, share = case["collar"]
    labels = [label for label in LABELS if label != "Call"]
    metric = EventBasedMetrics(labels, t_collar=collar, percentage_of_length=share, event_matching_type="optimal")
    metric.evaluate(events("first"), events("second"))
    by_label = {label: metric.class_wise_f_measure(label)["f_measure"] for label in labels}
    return {"all": metric.overall_f_measure()["f_measure"], "labels": by_label}


def main() -> None:
    """Draw the cases, ask every program, and write the golden file."""
    parser = argparse.ArgumentParser(prog="python -m campaigns.agreement", description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=12, help="default 12")
    parser.add_argument("--seed", type=int, default=13, help="default 13")
    parser.add_argument("--venvs", type=Path, default=Path(".venv-programs"), help="default .venv-programs")
    parser.add_argument("--inside", choices=PROGRAMS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    drawn = cases(options.count, options.seed)
    if options.inside:
        ask = {"boris": boris, "sed_eval": sed_eval}[options.inside]
        print(json.dumps([ask(case) for case in drawn]))
        return
    answers, versions = {}, {}
    for name, package in PROGRAMS.items():
        python = options.venvs.absolute() / name / "bin" / "python"
        if not python.is_file():
            subprocess.run([sys.executable, "-m", "venv", python.parents[1]], check=True)
            subprocess.run([python, "-m", "pip", "install", "--quiet", package], check=True)
        again = ["--inside", name, "--count", str(options.count), "--seed", str(options.seed)]
        printed = subprocess.run([python, __file__, *again], capture_output=True, text=True, check=True).stdout
        answers[name] = json.loads(printed.splitlines()[-1])
        known = f"from importlib.metadata import version; print(version({package!r}))"
        printed = subprocess.run([python, "-c", known], capture_output=True, text=True, check=True).stdout
        versions[package] = printed.strip()
    whole = [case | {name: answers[name][index] for name in PROGRAMS} for index, case in enumerate(drawn)]
    command = f"python -m campaigns.agreement --count {options.count} --seed {options.seed}"
    rows = ",\n".join(json.dumps(case) for case in whole)
    head = f'"made_by": {json.dumps(command)},\n"versions": {json.dumps(versions)}'
    GOLDEN.write_text(f'{{{head},\n"cases": [\n{rows}\n]}}\n', encoding="utf-8")


if __name__ == "__main__":
    main()
