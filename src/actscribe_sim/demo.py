"""The whole job on simulated recordings: simulate, check, compare all recognizers, annotate a video of no training."""

from __future__ import annotations

import shutil
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from actscribe import annotations as annotation_files
from actscribe.benchmark.benchmark import benchmark
from actscribe.benchmark.plan import Plan
from actscribe.compare.compare import compare
from actscribe.compute import Compute
from actscribe.counts import counted
from actscribe.data.benchmarks.base import Source
from actscribe.data.loading import load_data
from actscribe.data.summary import summarise
from actscribe.errors import ActScribeError
from actscribe.files import check_writable, write_text
from actscribe.models.device import computing
from actscribe.ownership import check_free
from actscribe.packages import explain, missing
from actscribe.progress import clock
from actscribe.report.comparison.comparison import Comparison
from actscribe.report.comparison.numbers import ranking
from actscribe.report.comparison.show import show
from actscribe.run_folder.comparison import REPORT
from actscribe.run_folder.run import Run
from actscribe.runs.annotate import annotate
from actscribe.settings.registry import recognizer
from actscribe.settings.study import Study, load_study, parse_settings
from actscribe.stored_path import real_path
from actscribe.tables import print_sentence, print_table
from actscribe.workers import cores
from actscribe_sim.resuscitation.recording import simulate
from actscribe_sim.tabletop.clips import simulate_tabletop

#: A folder with this file, and these words in it, was made by the demo; it may be remade if the user says so.
MARKER, WORDS = "made-by-actscribe-demo.txt", "Everything in this folder was made by: actscribe demo\n"
#: Of each run: sums of several threads differ in the last digit, and the tables with the number of cores.
ONE_THREAD = Compute(threads=1)
#: Memory of one training of the demo's networks beside a judge, and the most that run at once.
RUN_BYTES, MOST_AT_ONCE = 3 * 2**30, 4
EXPORTS = ("elan", "boris", "csv")


@dataclass(frozen=True, slots=True)
class Size:
    """How much a demo does.

    Args:
        recordings: simulated.
        minutes: of each.
        stride: seconds from one clip's start to the next one's; clips are 3 s long.
        epochs: of the recognizers that are trained whole.
        clips: of each tabletop action, for the few-shot table.
        shots, seeds: of that table.
        few_shot_epochs: of 20 updates each.
    """

    recordings: int
    minutes: float
    stride: float
    epochs: dict[str, int]
    clips: int
    shots: int
    seeds: int
    few_shot_epochs: int


FULL = Size(30, 1.5, 1.5, {"timesformer": 4, "vlm-lora": 2}, clips=40, shots=8, seeds=5, few_shot_epochs=4)
QUICK = Size(8, 1.0, 2.0, {"timesformer": 2, "vlm-lora": 1}, clips=7, shots=2, seeds=1, few_shot_epochs=1)
#: Six actions that differ from another in the order of frames alone, and two that do not.
ACTIONS = ("push_left", "push_right", "put_into", "take_out", "open_lid", "close_lid", "wave_hand", "tap")
#: Of both few-shot trainings, with and without VgHIF.
FEW_SHOT: dict[str, Any] = {
    "optimizer": "muon",
    "learning_rate": 1e-3,
    "vghif_learning_rate": 2e-2,
    "weight_decay": 0.05,
    "batch_size": 16,
    "clips_per_epoch": 320,
    "keep": "last",
    "positive_weight": False,
    "precision": "float32",
}
#: What is compared (Guerriero et al. 2026), with settings other than the defaults.
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


def demo(out: Path, quick: bool = False, seed: int = 1, overwrite: bool = False) -> Path:
    """Run every step of the demo in `out` and return the path of the comparison's report.

    Args:
        out: folder to make.
        quick: do less.
        seed: of everything.
        overwrite: delete what an earlier demo made in `out`, with all that was added to it since.

    Raises:
        ActScribeError: `out` holds an earlier demo that is not to be deleted, or anything else.
    """
    start = time.monotonic()
    size = QUICK if quick else FULL
    left_out = _lacking()
    _clear(out, overwrite)
    if left_out:
        print_sentence(_sentence(left_out))
    _say("1. Simulating annotated recordings")
    simulate(out / "study", recordings=size.recordings, minutes=size.minutes, seed=seed)
    study = _study(out / "study", size, left_out)
    _say("2. What is in the data")
    for title, table in summarise(study, load_data(study)).tables.items():
        print_table(title, table)
    _say("3. Training and testing every recognizer on the same clips")
    with computing(ONE_THREAD):
        done = compare(study, out=out / "comparison", at_once=_at_once())
    _say("4. The comparison")
    _show(done)
    best = _best(done)
    _say(f"5. The timeline of a video that nobody trained on, by {best.info.name}")
    _annotate_new_video(out, best, seed)
    _say(
        "6. ViFi-CLIP with and without VgHIF (Zhang et al. 2024),"
        f" {counted(size.shots, 'shot')} of each tabletop action"
    )
    _few_shot(out / "tabletop", size, seed)
    report = real_path(done.folder / REPORT)
    _say(f"Done in {clock(time.monotonic() - start)}. The report of all recognizers:")
    print(report)
    print("Beside it, under runs/, each has one of its own, with captions and hallucinations where there are any.")
    return report


def _lacking() -> dict[str, list[str]]:
    """Return the recognizers that cannot run in this installation, with what each lacks."""
    lacks = {
        name: [explain(module) for module in missing(recognizer(name).packages(parse_settings(name, settings)))]
        for name, settings in RECOGNIZERS.items()
    }
    return {name: reasons for name, reasons in lacks.items() if reasons}


def _sentence(left_out: Mapping[str, list[str]]) -> str:
    """Return one sentence on the recognizers that are left out, and what each lacks."""
    each = "; ".join(f"{name} ({', '.join(lacks)})" for name, lacks in left_out.items())
    return f"Left out, because packages are missing: {each}."


def _study(folder: Path, size: Size, left_out: Collection[str]) -> Study:
    study = load_study(folder)
    windows = study.windows.model_copy(update={"stride": size.stride})
    chosen = {
        name: {**settings, **({"epochs": size.epochs[name]} if name in size.epochs else {})}
        for name, settings in RECOGNIZERS.items()
        if name not in left_out
    }
    return study.model_copy(update={"windows": windows, "recognizers": chosen, "empty_labels": "allow"})


def _show(done: Comparison) -> None:
    """Print what `actscribe compare` prints, and F1 label by label."""
    labels = done.tables["labels"]
    f1 = labels.pivot(index="system", columns="label", values="f1")
    f1 = f1.loc[labels["system"].unique(), list(done.shared.labels.names)]
    print_table("F1 per label on test", f1.reset_index())
    show(done)


def _best(done: Comparison) -> Run:
    """Return the run of the recognizer with the highest macro F1."""
    return done.runs[str(ranking(done)["system"].iloc[0])][0]


def _annotate_new_video(out: Path, run: Run, seed: int) -> None:
    simulate(out / "new", recordings=1, minutes=1.0, seed=seed + 1000)
    video = next((out / "new").rglob("*.mp4"))
    done = annotate([video], run, EXPORTS, out / "timeline")[0]
    for path in done.files:
        read = annotation_files.read(path)
        print(f"{path}: {counted(len(read.intervals), 'interval')} read back")


def _few_shot(out: Path, size: Size, seed: int) -> None:
    simulate_tabletop(out / "set", size.clips, seed, actions=ACTIONS, size=112, plain=True)
    plan = Plan(
        "folder",
        Source(out / "set", groups="^([0-9]+)$"),
        "vifi-clip",
        size.shots,
        vghif=True,
        seeds=size.seeds,
        overrides=FEW_SHOT | {"epochs": size.few_shot_epochs},
    )
    with computing(ONE_THREAD):
        done = benchmark(plan, out / "runs", at_once=_at_once())
    for title, table in done.shown().items():
        print_table(title, table)


def _at_once() -> int:
    """Return how many of these small networks this machine trains at once."""
    return max(1, min(cores(), MOST_AT_ONCE, int(psutil.virtual_memory().available // RUN_BYTES)))


def _clear(out: Path, overwrite: bool) -> None:
    """Make the folder, or where an earlier demo made it and the user says so, empty it."""
    if not _is_demo(out):
        check_free(out, "Choose a new or empty folder with --out.")
    elif not overwrite:
        raise ActScribeError(
            f"{out}: an earlier demo lies here; nothing was changed.",
            "Delete it and remake it with --overwrite, or choose another folder with --out.",
        )
    check_writable(out)
    if _is_demo(out):
        for path in out.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            elif path.name != MARKER:
                path.unlink()
    write_text(out / MARKER, WORDS)


def _is_demo(out: Path) -> bool:
    try:
        return (out / MARKER).read_text(encoding="utf-8") == WORDS
    except (OSError, UnicodeDecodeError):
        return False


def _say(text: str) -> None:
    print(f"\n{text}", flush=True)
