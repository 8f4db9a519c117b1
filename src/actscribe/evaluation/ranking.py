"""How well scores rank clips, with intervals over groups: average precision, and what is left of it without a group."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score

from actscribe.evaluation.intervals import Estimate, Groups, from_left_out, group_units, interval_table, mean_of_known

#: Floats that are held at once while groups are left out.
AT_ONCE = 10_000_000


def average_precision(true: np.ndarray, scores: np.ndarray) -> float:
    """Return the step-wise sum of scikit-learn; nan where no clip shows the label."""
    return float(average_precision_score(true, scores)) if true.any() else float("nan")


def weighted_average_precision(true: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return average precision of clips that count more or less, shape (rows,); nan where no clip that counts shows.

    Args:
        true, scores: of one label's clips, shape (clips,).
        weights: of the clips, at least 0, shape (rows, clips).
    """
    if not len(scores):
        return np.full(len(weights), np.nan)
    order = np.argsort(-scores, kind="stable")
    ranked, shows, weights = scores[order], true[order].astype(float), weights[:, order].astype(float)
    last = np.flatnonzero(np.append(ranked[1:] < ranked[:-1], True))  # equal scores are one step
    hits, marked = (weights * shows).cumsum(axis=1)[:, last], weights.cumsum(axis=1)[:, last]
    precision = np.divide(hits, marked, out=np.zeros(hits.shape), where=marked > 0)
    total, positives = (np.diff(hits, axis=1, prepend=0.0) * precision).sum(axis=1), hits[:, -1]
    return np.asarray(np.divide(total, positives, out=np.full(len(weights), np.nan), where=positives > 0))


def average_precision_without(true: np.ndarray, scores: np.ndarray, groups: Groups) -> np.ndarray:
    """Return average precision with each group left out in turn, shape (groups,); for clips of one label."""
    step = max(1, AT_ONCE // max(len(scores), 1))
    parts = [np.arange(first, min(first + step, groups.count)) for first in range(0, groups.count, step)]
    left_out = (weighted_average_precision(true, scores, groups.index != part[:, None]) for part in parts)
    return np.concatenate([np.zeros(0), *left_out])


def precision_estimate(targets: np.ndarray, scores: np.ndarray, groups: Groups) -> Estimate:
    """Return average precision per label with macro and micro behind, with intervals; shape of each (labels + 2,).

    `macro` is the mean over labels that a clip shows, `micro` ranks all decisions together. A label that fewer than
    `FEW_GROUPS` groups show has no interval, however many groups there are: what its value is, only those tell.

    Args:
        targets: shape (clips, labels), nan not annotated.
        scores: of each training, shape (clips, seeds, labels).
        groups: of the clips.
    """
    seeds, labels = scores.shape[1:]
    by_seed, without = np.empty((seeds, labels + 2)), np.empty((groups.count, seeds, labels + 2))
    everywhere = Groups(np.repeat(groups.index, labels), groups.count)
    for seed in range(seeds):
        own = scores[:, seed]
        for index in range(labels):
            by_seed[seed, index], without[:, seed, index] = _both(targets[:, index], own[:, index], groups)
        by_seed[seed, -1], without[:, seed, -1] = _both(targets.ravel(), own.ravel(), everywhere)
    by_seed[:, -2], without[..., -2] = mean_of_known(by_seed[:, :labels]), mean_of_known(without[..., :labels])
    return from_left_out(by_seed, without, groups, "share", _showing(targets, groups))


def precision_intervals(
    targets: np.ndarray, scores: np.ndarray, groups: Sequence[str], names: Sequence[str]
) -> pd.DataFrame:
    """Return average precision per label, `macro` and `micro` with intervals over groups, as `f1_intervals` does.

    Args:
        targets, scores: shape (clips, labels); nan not annotated.
        groups: of each clip.
        names: of the labels.
    """
    of = group_units(groups)
    estimated = precision_estimate(targets, scores[:, None], of)
    return interval_table([*names, "macro", "micro"], estimated, _showing(targets, of), of)


def _showing(targets: np.ndarray, groups: Groups) -> np.ndarray:
    """Return in how many groups a clip shows each label, with all of them for macro and micro behind."""
    shown = groups.sums(np.nan_to_num(targets)) > 0
    return np.append(shown.sum(axis=0), [groups.count, groups.count])


def _both(target: np.ndarray, scores: np.ndarray, groups: Groups) -> tuple[float, np.ndarray]:
    known = ~np.isnan(target)
    true, known_scores = target[known] > 0, scores[known]
    own = Groups(groups.index[known], groups.count)
    return average_precision(true, known_scores), average_precision_without(true, known_scores, own)
