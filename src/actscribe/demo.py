"""The whole job on simulated recordings: simulate, check, train, evaluate, annotate a video of no training."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from actscribe import annotations as annotation_files
from actscribe.data.loading import StudyData, load_data
from actscribe.data.summary import summarise
from actscribe.errors import ActScribeError
from actscribe.evaluation.clips import macro_f1
from actscribe.progress import clock
from actscribe.runs.annotate import annotate
from actscribe.runs.evaluate import EvaluatedRun, evaluate
from actscribe.runs.train import train
from actscribe.simulation.recording import simulate
from actscribe.study import Study, load_study
from actscribe.tables import print_table

#: A folder with this file was made by the demo and may be made anew.
MARKER = ".made-by-actscribe-demo"
EXPORTS = ("elan", "boris", "csv")


@dataclass(frozen=True, slots=True)
class Size:
    """How much a demo does.

    Args:
        recordings: simulated.
        minutes: of each.
        stride: seconds from one clip's start to the next one's; clips are 3 s long.
        epochs: of the recognizers that are trained whole.
    """

    recordings: int
    minutes: float
    stride: float
    epochs: dict[str, int]


FULL = Size(30, 1.5, 1.5, {"timesformer": 4, "vlm-lora": 2})
QUICK = Size(8, 1.0, 2.0, {"timesformer": 2, "vlm-lora": 1})
#: What is compared (paper 1), with settings other than the defaults.
RECOGNIZERS: dict[str, dict[str, Any]] = {
    "timesformer": {"flip": True, "optimizer": "muon", "learning_rate": 5e-4, "weight_decay": 0.1},
    "vlm-list": {},
    "vlm-yesno": {},
    "vlm-judge": {},
    "vlm-head": {"pooling": "attention", "hidden": 128},
    "vlm-lora": {
        "pooling": "attention",
        "hidden": 128,
        "probe_first": True,
        "learning_rate": 2e-3,
        "head_learning_rate": 2e-3,
    },
}


def demo(out: Path, quick: bool = False, seed: int = 1) -> Path:
    """Run every step of the road in `out` and return the path of the report.

    Raises:
        ActScribeError: `out` exists and was not made by the demo.
    """
    start = time.monotonic()
    size = QUICK if quick else FULL
    _clear(out)
    study_folder = out / "study"
    _say("1. Simulating annotated recordings")
    simulate(study_folder, recordings=size.recordings, minutes=size.minutes, seed=seed)
    study = _study(study_folder, size)
    data = load_data(study)
    _say("2. What is in the data")
    for title, table in summarise(study, data).tables.items():
        print_table(title, table)
    _say("3. Training and testing")
    evaluated = [_run(study, data, name) for name in study.recognizers]
    _say("4. The comparison")
    for title, table in _comparison(evaluated).items():
        print_table(title, table)
    best = max(evaluated, key=lambda one: one.evaluation.headline())
    for title, table in best.summary().items():
        print_table(title, table)
    _annotate_new_video(out, best, seed)
    _say(f"Done in {clock(time.monotonic() - start)}. Reports, with captions and hallucinations where there are any:")
    for one in evaluated:
        print(one.report.resolve())
    return best.report


def _study(folder: Path, size: Size) -> Study:
    study = load_study(folder)
    windows = study.windows.model_copy(update={"stride": size.stride})
    chosen = {
        name: {**settings, **({"epochs": size.epochs[name]} if name in size.epochs else {})}
        for name, settings in RECOGNIZERS.items()
    }
    return study.model_copy(update={"windows": windows, "recognizers": chosen, "empty_labels": "allow"})


def _run(study: Study, data: StudyData, name: str) -> EvaluatedRun:
    start = time.monotonic()
    done = evaluate(train(study, name, data=data))
    print(f"{name}: macro F1 {done.evaluation.headline():.3f} on test, {clock(time.monotonic() - start)}", flush=True)
    return done


def _comparison(evaluated: list[EvaluatedRun]) -> dict[str, pd.DataFrame]:
    """Return macro F1 with its interval and seconds of training and scoring, and F1 per label."""
    rows, labels = [], []
    for one in evaluated:
        macro = one.evaluation.confidence.set_index("metric").loc["macro"]
        seconds = one.run.facts.task_seconds
        rows.append(
            {
                "system": one.run.facts.recognizer,
                "macro_f1": one.evaluation.headline(),
                "low": float(macro["low"]),
                "high": float(macro["high"]),
                "train_s": round(seconds["train"], 1),
                "test_s": round(seconds["evaluate test"], 1),
            }
        )
        labels.append((one.run.facts.recognizer, one.evaluation.table))
    for name, table in evaluated[0].evaluation.baselines.items():
        rows.append({"system": name, "macro_f1": macro_f1(table)})
        labels.append((name, table))
    per_label = [{"system": name, **dict(zip(table["label"], table["f1"], strict=True))} for name, table in labels]
    return {"Macro F1 on test": pd.DataFrame(rows), "F1 per label on test": pd.DataFrame(per_label)}


def _annotate_new_video(out: Path, best: EvaluatedRun, seed: int) -> None:
    _say(f"5. The timeline of a video that nobody trained on, by {best.run.facts.recognizer}")
    simulate(out / "new", recordings=1, minutes=1.0, seed=seed + 1000)
    video = next((out / "new").rglob("*.mp4"))
    done = annotate([video], best.run, EXPORTS, out / "timeline")[0]
    for path in done.files:
        read = annotation_files.read(path)
        print(f"{path}: {len(read.intervals)} intervals read back")


def _clear(out: Path) -> None:
    if out.exists() and not (out / MARKER).is_file():
        raise ActScribeError(f"{out} exists and was not made by the demo.", "Choose another folder with --out.")
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    (out / MARKER).touch()


def _say(text: str) -> None:
    print(f"\n{text}", flush=True)
