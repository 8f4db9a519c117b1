"""The probe on all 201 clips, each in a test fold once: `python examples/surveillance_fights/folds.py OUT`.

Groups are dealt into five folds at random, several times. A fold's run learns on the other four: its penalty is chosen
in folds of their groups, so nothing of the test fold is looked at before it is scored. The data set must lie in `data`
beside this file.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from sklearn.metrics import f1_score

from actscribe import evaluate, train

FOLDER = Path(__file__).resolve().parent
FOLDS = 5


def main() -> None:
    """Print the macro F1 of each partition, and their mean."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--partitions", type=int, default=3)
    parser.add_argument("--frames", type=int, default=16)
    arguments = parser.parse_args()
    clips = pd.read_csv(FOLDER / "data" / "clips.csv")
    clips["video"] = [str(FOLDER / "data" / name) for name in clips["video"]]
    scores = [partition(clips, seed, arguments.out, arguments.frames) for seed in range(arguments.partitions)]
    print(
        f"macro F1 by group, {FOLDS} folds: {', '.join(f'{score:.3f}' for score in scores)}; mean {np.mean(scores):.3f}"
    )


def partition(clips: pd.DataFrame, seed: int, out: Path, frames: int) -> float:
    """Return the macro F1 over all clips, each scored by the run that did not see its group."""
    groups = clips["group"].unique()
    shuffled = np.random.default_rng(seed).permutation(groups)
    fold_of = {group: index % FOLDS for index, group in enumerate(shuffled)}
    folds = [
        fold(clips, clips["group"].map(fold_of) == number, out / f"{seed}-{number}", frames) for number in range(FOLDS)
    ]
    together = pd.concat(folds)
    score = float(f1_score(together["truth"], together["chosen"], average="macro"))
    print(f"partition {seed}: {score:.3f}", flush=True)
    return score


def fold(clips: pd.DataFrame, held_out: pd.Series, folder: Path, frames: int) -> pd.DataFrame:
    """Return truth and choice of the clips of one fold."""
    folder.mkdir(parents=True, exist_ok=True)
    clips.assign(split=np.where(held_out, "test", "train")).to_csv(folder / "clips.csv", index=False)
    study = {
        "name": f"fights-{folder.name}",
        "recordings": "clips.csv",
        "labels": "surveillance_fights",
        "windows": {"length": None, "frames": frames},
        "recognizers": {"probe": {"keep": "last"}},
    }
    (folder / "study.yaml").write_text(yaml.safe_dump(study), encoding="utf-8")
    run = evaluate(train(folder, "probe", overwrite=True)).run
    scored = run.scores("test")
    rows = np.array([clip.fractions for clip in scored.clips]).argmax(axis=1), scored.scores.argmax(axis=1)
    return pd.DataFrame({"truth": rows[0], "chosen": rows[1]})


if __name__ == "__main__":
    main()
