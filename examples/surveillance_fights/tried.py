"""What else of ImageNet's pictures could a probe see? `python examples/surveillance_fights/tried.py OUT`.

Nested as in `folds.py`: the penalty of each head is that with the least loss in folds of its own training groups, and
the line before the last says what choosing a set so gives. Partitions are those of seeds from 100 on: what is tried
here looks at the same clips, but not at the partitions whose macro F1 is reported. The data set must lie in `data`
beside this file.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.model_selection import GroupKFold

from actscribe.features.embedders import imagenet
from actscribe.training.logistic import STEPS, STRENGTHS
from actscribe.video.probe import probe
from actscribe.video.reading import frames_at
from actscribe.video.sampling import sample_times

FOLDER = Path(__file__).resolve().parent
FOLDS, FIRST = 5, 100
#: Every third of the frames is one of the 16 that a probe sees.
FRAMES, EVERY = 48, slice(1, None, 3)
#: Maps after these places in the network's stages, and after its last layer, whose mean the probe's vector is.
DEPTHS = {"stage 5": 4, "stage 7": 6, "last": None}
#: Statistics of the vectors; "cell": those of each of 7 x 7 cells, then their mean over the cells; "48": of all frames.
STATISTICS = (
    *("mean", "deviation", "change", "cell deviation", "cell change", "cell change 48"),
    *("mean 48", "deviation 48", "change 48", "max"),
)
SETS: dict[str, tuple[str, ...]] = {
    "mean": ("last/mean",),
    "mean, deviation, change (the default)": ("last/mean", "last/deviation", "last/change"),
    "deviation, change": ("last/deviation", "last/change"),
    "default and max": ("last/mean", "last/deviation", "last/change", "last/max"),
    "default, of 48 frames": ("last/mean 48", "last/deviation 48", "last/change 48"),
    "mean; deviation, change of cells": ("last/mean", "last/cell deviation", "last/cell change"),
    "deviation, change of cells": ("last/cell deviation", "last/cell change"),
    "mean; deviation of cells, change of 48 frames": ("last/mean", "last/cell deviation", "last/cell change 48"),
    "default; deviation, change of cells": (
        *("last/mean", "last/deviation", "last/change"),
        *("last/cell deviation", "last/cell change"),
    ),
    "stage 7: mean; deviation, change of cells": ("stage 7/mean", "stage 7/cell deviation", "stage 7/cell change"),
    "stage 5: mean; deviation, change of cells": ("stage 5/mean", "stage 5/cell deviation", "stage 5/cell change"),
}


class Fold(NamedTuple):
    """Logits of fight against noFight of a test fold's clips, and the loss in folds of the training groups."""

    test: np.ndarray
    logits: np.ndarray
    loss: float


def main() -> None:
    """Print the macro F1 of each set of statistics, and of sets chosen or averaged."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--partitions", type=int, default=4)
    arguments = parser.parse_args()
    clips = pd.read_csv(FOLDER / "data" / "clips.csv")
    known = _statistics(clips, arguments.out)
    by_name: dict[str, list[list[Fold]]] = {}
    for name, parts in SETS.items():
        columns = np.concatenate([known[part] for part in parts], axis=1)
        by_name[name] = [_folds(clips, columns, FIRST + number) for number in range(arguments.partitions)]
        _say(name, clips, by_name[name])
    _say("that of the least loss", clips, _combined(by_name, lambda folds: min(folds, key=lambda one: one.loss)))
    _say("mean of all logits", clips, _combined(by_name, _mean))


def _mean(folds: list[Fold]) -> Fold:
    return folds[0]._replace(logits=np.mean([one.logits for one in folds], axis=0))


def _combined(partitions: Mapping[str, list[list[Fold]]], combine: Any) -> list[list[Fold]]:
    """Return one fold of those that all sets have of it."""
    return [
        [combine(list(of)) for of in zip(*partition, strict=True)]
        for partition in zip(*partitions.values(), strict=True)
    ]


def _say(name: str, clips: pd.DataFrame, partitions: list[list[Fold]]) -> None:
    scores = []
    for folds in partitions:
        chosen = np.zeros(len(clips), dtype=bool)
        for one in folds:
            chosen[one.test] = one.logits > 0
        scores.append(float(f1_score(clips["label"] == "fight", chosen, average="macro")))
    print(f"{np.mean(scores):.3f}  {name}  ({', '.join(f'{score:.3f}' for score in scores)})", flush=True)


def _folds(clips: pd.DataFrame, columns: np.ndarray, seed: int) -> list[Fold]:
    """Return the folds of a partition; groups are dealt as `folds.py` deals them."""
    shuffled = np.random.default_rng(seed).permutation(clips["group"].unique())
    of_clip = clips["group"].map({group: index % FOLDS for index, group in enumerate(shuffled)}).to_numpy()
    fights = (clips["label"] == "fight").to_numpy()
    return [_fold(clips["group"].to_numpy(), columns, fights, of_clip == number) for number in range(FOLDS)]


def _fold(groups: np.ndarray, columns: np.ndarray, fights: np.ndarray, test: np.ndarray) -> Fold:
    learned, truth = columns[~test], fights[~test]
    logits = np.zeros((len(STRENGTHS), len(learned)))
    for at, rest in GroupKFold(FOLDS).split(learned, groups=groups[~test]):
        logits[:, rest] = _logits(learned[at], truth[at], learned[rest], STRENGTHS)
    signs = np.where(truth, 1, -1)
    lost = (_weights(truth) * np.logaddexp(0, -signs * logits)).mean(axis=1)
    best = int(lost.argmin())
    (of_test,) = _logits(learned, truth, columns[test], STRENGTHS[best : best + 1])
    return Fold(np.flatnonzero(test), of_test, float(lost[best]))


def _logits(learned: np.ndarray, truth: np.ndarray, asked: np.ndarray, strengths: Sequence[float]) -> np.ndarray:
    """Return logits by heads of several penalties, shape (strengths, clips asked); the fit is the probe's own.

    Rows are written by their coordinates in the space of the learned ones, once for all penalties.
    """
    mean, scale = learned.mean(axis=0), learned.std(axis=0)
    scale[scale < 1e-6] = 1.0
    rows, others = ((of - mean) / scale for of in (learned.astype(np.float64), asked.astype(np.float64)))
    lengths, axes = np.linalg.eigh(rows @ rows.T)
    kept = lengths > 1e-8 * lengths[-1]
    lengths, axes = np.sqrt(lengths[kept]), axes[:, kept]
    scaled, shown = axes * lengths, others @ (rows.T @ (axes / lengths))
    fits = [
        LogisticRegression(C=strength, max_iter=STEPS).fit(scaled, truth, _weights(truth)) for strength in strengths
    ]
    return np.stack([fit.decision_function(shown) for fit in fits])


def _weights(truth: np.ndarray) -> np.ndarray:
    """Return weights of clips by which both classes count alike, with mean 1."""
    share = truth.mean()
    return np.where(truth, 0.5 / share, 0.5 / (1 - share))


def _statistics(clips: pd.DataFrame, out: Path) -> dict[str, np.ndarray]:
    """Return the statistics of all clips, float32, shape (clips, columns) each; kept in `out`."""
    kept = out / "statistics.npz"
    if not kept.exists():
        network = imagenet.load().eval().network
        rows = [_of_clip(network, FOLDER / "data" / name) for name in clips["video"]]
        out.mkdir(parents=True, exist_ok=True)
        np.savez(kept, **{name: np.stack([row[name] for row in rows]) for name in rows[0]})
    with np.load(kept) as held:
        return dict(held)


@torch.inference_mode()
def _of_clip(network: Any, video: Path) -> dict[str, np.ndarray]:
    pixels = imagenet.pixels("stretch")
    times = sample_times(0, probe(video).duration, FRAMES)
    shown = [pixels.tensor(frame.image[None]) for frame in frames_at(video, times, imagenet.SIDE)]
    pictures = pixels.normalise(torch.cat(shown))
    maps = [_maps(network, part) for part in pictures.split(16)]
    features = {}
    for depth in DEPTHS:
        values = torch.cat([one[depth] for one in maps])
        features |= {f"{depth}/{name}": value.numpy() for name, value in zip(STATISTICS, _reduced(values), strict=True)}
    return features


def _reduced(maps: torch.Tensor) -> list[torch.Tensor]:
    """Return the statistics of maps (frames, channels, 7, 7) in the order of `STATISTICS`, shape (channels,) each."""
    few, all_vectors = maps[EVERY], maps.mean((2, 3))
    vectors = few.mean((2, 3))
    return [
        *(vectors.mean(0), vectors.std(0, correction=0), vectors.diff(dim=0).abs().mean(0)),
        *(few.std(0, correction=0).mean((1, 2)), few.diff(dim=0).abs().mean((0, 2, 3))),
        maps.diff(dim=0).abs().mean((0, 2, 3)),
        *(all_vectors.mean(0), all_vectors.std(0, correction=0), all_vectors.diff(dim=0).abs().mean(0)),
        vectors.amax(0),
    ]


def _maps(network: Any, pictures: torch.Tensor) -> dict[str, torch.Tensor]:
    """Return maps of pictures at all depths, averaged to 7 x 7 cells, shape (pictures, channels, 7, 7) each."""
    maps, values = {}, network.bn1(network.conv_stem(pictures))
    for index, block in enumerate(network.blocks):
        values = block(values)
        maps |= {depth: values for depth, at in DEPTHS.items() if at == index}
    maps["last"] = network.bn2(network.conv_head(values))
    return {depth: torch.nn.functional.adaptive_avg_pool2d(one, 7) for depth, one in maps.items()}


if __name__ == "__main__":
    main()
