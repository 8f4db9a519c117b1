"""Whole recordings against windows on the same encoders: `python examples/simulated_resuscitations/temporal.py OUT`.

The recordings and the split are those of `actscribe demo`: 30 of 1.5 minutes, 18 / 6 / 6, windows of 3 s every 1.5 s.
For each encoder two recognizers are trained with each seed: one that scores windows, which the timeline then smooths,
and `temporal`; with the embedded one also one that sees clips of two lengths at each step, one that does so every
quarter of a second and is asked for the ends of bouts, too, and a causal one. The encoders are EfficientNet-Lite0 on
ImageNet, the embedded TimeSformer as it is, and the TimeSformer that was trained on these recordings. What came out,
in how much time, stands in docs/explanation/results.md.

`--simulation 11` makes other recordings: what is a step's features was chosen on 20 of those, steps on 30.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from actscribe import evaluate, load_data, load_study, train
from actscribe.run_folder.file_names import RUN_FILE
from actscribe.run_folder.run import Run
from actscribe.settings.study import Study
from actscribe_sim.demo import FULL, RECOGNIZERS
from actscribe_sim.resuscitation.recording import simulate

FIRST = "Suction"
#: Name -> settings; TRAINED stands for the model of the run of `timesformer` with the same seed.
TRAINED = "the trained TimeSformer"
SYSTEMS: dict[str, dict[str, Any]] = {
    "imagenet-windows": {"recognizer": "probe"},
    "imagenet-temporal": {"recognizer": "temporal"},
    "embedded-windows": {"recognizer": "probe", "model": "embedded"},
    "embedded-temporal": {"recognizer": "temporal", "model": "embedded"},
    "embedded-two-lengths": {"recognizer": "temporal", "model": "embedded", "clip_lengths": [3.0, 1.0]},
    "embedded-fine": {
        "recognizer": "temporal",
        "model": "embedded",
        "clip_lengths": [3.0, 1.0],
        "step": 0.25,
        "boundary_loss": 0.5,
    },
    "embedded-causal": {"recognizer": "temporal", "model": "embedded", "causal": True},
    "trained-windows": {
        "recognizer": "timesformer",
        **RECOGNIZERS["timesformer"],
        "epochs": FULL.epochs["timesformer"],
    },
    "trained-temporal": {"recognizer": "temporal", "model": TRAINED},
}


def main() -> None:
    """Print a row for each system and seed, and the means over seeds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--simulation", type=int, default=1, help="seed of the recordings")
    parser.add_argument("--only", default="", help="systems, separated by commas")
    options = parser.parse_args()
    made = simulate(options.out / "study", FULL.recordings, FULL.minutes, options.simulation)
    study = load_study(made.study)
    windows = study.windows.model_copy(update={"stride": FULL.stride})
    study = study.model_copy(update={"windows": windows, "empty_labels": "allow", "recognizers": SYSTEMS})
    chosen = options.only.split(",") if options.only else list(SYSTEMS)
    table = pd.DataFrame(list(rows(study, chosen, options.seeds, options.out / "runs")))
    print(table.to_string(index=False, float_format="%.3f"))
    means = table.drop(columns="seed").groupby("system", sort=False).agg(["mean", "std"])
    print(means.to_string(float_format="%.3f"))


def rows(study: Study, systems: list[str], seeds: int, out: Path) -> Iterator[dict[str, object]]:
    """Yield what each system measures with each seed; complete runs in `out` are measured again and not trained."""
    data = load_data(study)
    for seed in range(seeds):
        for name in systems:
            settings = dict(SYSTEMS[name])
            if settings.get("model") == TRAINED:
                settings["model"] = str((out / f"trained-windows-{seed}" / "model").absolute())
            own = study.model_copy(update={"seed": seed, "recognizers": {name: settings}})
            folder = out / f"{name}-{seed}"
            run = Run.open(folder) if (folder / RUN_FILE).is_file() else train(own, name, folder, data=data)
            yield {"system": name, "seed": seed, **measured(run)}


def measured(run: Run) -> dict[str, float]:
    """Return the measures of a run on the test recordings: F1 of clips, of time and of bouts, and seconds."""
    result = evaluate(run).evaluation
    assert result.events is not None
    events = result.events.set_index("label")
    labels = [name for name in run.labels.names if name in events.index]
    begins = [first(result.timelines[one.name]) - first(one.intervals or ()) for one in result.recordings]
    return {
        "clip F1": result.headline(),
        "time F1": float(events.loc["macro", "frame_f1"]),
        "F1@50": float(events.loc["macro", "f1@50"]),
        "edit": float(events.loc["macro", "edit"]),
        "start off (s)": float(events.loc[labels, "onset_mae_s"].mean()),
        f"first {FIRST} off (s)": float(np.nanmedian(np.abs(begins))),
        "train (s)": run.info.task_seconds["train"],
    }


def first(intervals: Any) -> float:
    """Return when the first bout begins, in seconds; nan without one."""
    return min((one.start for one in intervals if one.label == FIRST), default=float("nan"))


if __name__ == "__main__":
    main()
