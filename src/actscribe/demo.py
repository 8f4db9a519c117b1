"""The whole job on simulated recordings: simulate, check, train, evaluate, annotate a video of no training."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from pathlib import Path

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
    """How much a demo does: simulated recordings, minutes of each, and training epochs."""

    recordings: int
    minutes: float
    epochs: int


FULL, QUICK = Size(recordings=30, minutes=1.5, epochs=8), Size(recordings=8, minutes=1.0, epochs=2)
#: What is compared, with settings other than the defaults.
RECOGNIZERS = {"timesformer": {"flip": True, "optimizer": "muon", "learning_rate": 5e-4, "weight_decay": 0.1}}


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
    study = load_study(study_folder).model_copy(update={"recognizers": RECOGNIZERS, "empty_labels": "allow"})
    data = load_data(study)
    _say("2. What is in the data")
    for title, table in summarise(study, data).tables.items():
        print_table(title, table)
    evaluated = [_compare(study, data, name, size) for name in study.recognizers]
    _say("4. The comparison")
    print_table("Macro F1 on test", _comparison(evaluated))
    best = max(evaluated, key=lambda one: one.evaluation.headline())
    _annotate_new_video(out, best, seed)
    _say(f"Done in {clock(time.monotonic() - start)}.")
    for one in evaluated:
        print(f"Report of {one.run.facts.recognizer}: {one.report.resolve()}")
    return best.report


def _compare(study: Study, data: StudyData, name: str, size: Size) -> EvaluatedRun:
    _say(f"3. {name}: training, then test")
    settings = study.recognizers[name]
    if "epochs" not in settings:
        settings = {**settings, "epochs": size.epochs}
    sized = study.model_copy(update={"recognizers": {**study.recognizers, name: settings}})
    done = evaluate(train(sized, name, data=data))
    for title, table in done.summary().items():
        print_table(title, table)
    return done


def _comparison(evaluated: list[EvaluatedRun]) -> pd.DataFrame:
    rows = []
    for one in evaluated:
        macro = one.evaluation.confidence.set_index("metric").loc["macro"]
        rows.append(
            {
                "system": one.run.facts.recognizer,
                "macro_f1": one.evaluation.headline(),
                "low": float(macro["low"]),
                "high": float(macro["high"]),
                "seconds": one.run.facts.task_seconds["train"],
            }
        )
    for name, table in evaluated[0].evaluation.baselines.items():
        rows.append({"system": name, "macro_f1": macro_f1(table)})
    return pd.DataFrame(rows)


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
