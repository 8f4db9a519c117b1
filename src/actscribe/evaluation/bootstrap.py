"""Intervals of confidence that respect groups: whole groups are drawn again, not clips.

Clips of one recording are near copies of each other and recordings of one subject resemble each other, so a bootstrap
over clips gives intervals that are far too short. Every metric here is a function of counts that add up over groups,
so a resample is a weighted sum of the groups' counts and a thousand resamples are one matrix product.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from actscribe.evaluation.agreement import four_counts
from actscribe.evaluation.events import f1_of

#: With fewer groups than this an interval carries a note, and recordings are drawn instead where they are given (ours).
FEW_GROUPS = 5

#: Columns of every table of this module.
COLUMNS = ("metric", "value", "low", "high", "groups", "note")

Metric = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, slots=True, eq=False)
class Draws:
    """Resamples of whole clusters: groups, or recordings where there are few groups.

    Args:
        index: place of each unit's cluster, shape (units,).
        weights: how often each resample drew each cluster, shape (resamples, clusters).
        groups: how many groups there are.
        note: why not to rely on intervals, or nothing.
    """

    index: np.ndarray
    weights: np.ndarray
    groups: int
    note: str

    @property
    def clusters(self) -> int:
        """How many are drawn from."""
        return self.weights.shape[1]

    def sums(self, counts: np.ndarray) -> np.ndarray:
        """Return counts of units, shape (units, ...), summed by cluster, shape (clusters, ...)."""
        sums = np.zeros((self.clusters, *counts.shape[1:]))
        np.add.at(sums, self.index, counts)
        return sums

    def resampled(self, counts: np.ndarray) -> np.ndarray:
        """Return the counts of every resample, shape (resamples, ...)."""
        return np.tensordot(self.weights.astype(float), self.sums(counts), axes=1)


def label_counts(targets: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Return each clip's (tp, fp, fn) per label, shape (clips, labels, 3); nothing where not annotated.

    Args:
        targets: shape (clips, labels), nan not annotated.
        predicted: bool, shape (clips, labels).
    """
    return four_counts(targets, predicted)[..., :3]


def f1_intervals(
    counts: np.ndarray,
    groups: Sequence[str],
    names: Sequence[str],
    *,
    recordings: Sequence[str] | None = None,
    resamples: int = 1000,
    seed: int = 0,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Return F1 per label and `macro`, with percentile intervals of a cluster bootstrap over groups.

    `macro` is the mean over the labels that are present in the (re)sample, as in `clips.clip_table`.

    Args:
        counts: (tp, fp, fn) of clips (`label_counts`) or of recordings (`events.segment_counts` at one threshold),
            shape (units, labels, 3).
        groups: of each unit.
        names: of the labels.
        recordings: of each unit; drawn in place of groups when there are fewer than FEW_GROUPS of those.
        resamples: how many.
        seed: of the draws.
        confidence: between 0 and 1.

    Returns:
        one row per label and `macro`, columns COLUMNS; `groups` says how many there are, `note` why not to rely on the
        interval, or nothing.
    """
    draws = draw(len(counts), groups, recordings, resamples, seed)
    return intervals([*names, "macro"], with_macro, counts, draws, confidence)


def accuracy_interval(
    correct: np.ndarray,
    groups: Sequence[str],
    *,
    recordings: Sequence[str] | None = None,
    resamples: int = 1000,
    seed: int = 0,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Return the row `accuracy` of clips that are `correct`, bool, shape (clips,); the rest as in `f1_intervals`."""
    counts = np.stack([np.asarray(correct, dtype=float), np.ones(len(correct))], axis=-1)
    draws = draw(len(counts), groups, recordings, resamples, seed)
    return intervals(["accuracy"], lambda pooled: ratio(pooled)[..., None], counts, draws, confidence)


def paired_difference(
    first: np.ndarray,
    second: np.ndarray,
    groups: Sequence[str],
    names: Sequence[str],
    *,
    recordings: Sequence[str] | None = None,
    resamples: int = 1000,
    seed: int = 0,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Return F1 of a second recognizer minus that of a first on the same clips, per label and `macro`.

    Both are measured on the same draws, so what makes a group hard for both cancels. A difference is clear where its
    interval does not hold 0.

    Args:
        first, second: counts of the two, shape (clips, labels, 3); targets must be the same.

    Raises:
        ValueError: the two were not measured on the same targets.
    """
    if first.shape != second.shape or not np.array_equal(
        first[..., 0] + first[..., 2], second[..., 0] + second[..., 2]
    ):
        raise ValueError("the two recognizers were not measured on the same clips")
    draws = draw(len(first), groups, recordings, resamples, seed)
    count = len(names)

    def difference(pooled: np.ndarray) -> np.ndarray:
        return with_macro(pooled[..., count:, :]) - with_macro(pooled[..., :count, :])

    both = np.concatenate([first, second], axis=1)
    return intervals([*names, "macro"], difference, both, draws, confidence)


def with_macro(pooled: np.ndarray) -> np.ndarray:
    """Return F1 per label with the mean of those that exist behind: (..., labels, 3) to (..., labels + 1)."""
    f1 = f1_of(pooled)
    return np.concatenate([f1, mean_of_known(f1)[..., None]], axis=-1)


def mean_of_known(values: np.ndarray) -> np.ndarray:
    """Return the mean over the last axis of what is not nan; nan where nothing is left."""
    exists = np.isfinite(values).sum(axis=-1)
    total = np.nansum(values, axis=-1)
    return np.divide(total, exists, out=np.full(exists.shape, np.nan), where=exists > 0)


def ratio(pooled: np.ndarray) -> np.ndarray:
    """Return part / whole of the last axis, nan where the whole is 0."""
    part, whole = pooled[..., 0], pooled[..., 1]
    return np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0)


def draw(
    units: int,
    groups: Sequence[str],
    recordings: Sequence[str] | None = None,
    resamples: int = 1000,
    seed: int = 0,
) -> Draws:
    """Draw whole groups again, or recordings where there are fewer than FEW_GROUPS groups.

    Args:
        units: how many rows of counts there will be.
        groups, recordings: of each unit.
        resamples: how many.
        seed: of the draws; they depend on it and on the number of clusters alone.
    """
    if len(groups) != units or (recordings is not None and len(recordings) != units):
        raise ValueError(f"{units} rows of counts need as many groups and recordings")
    names, index = np.unique(np.asarray(groups, dtype=str), return_inverse=True)
    size, note = len(names), ""
    if size < FEW_GROUPS:
        note = f"only {size} group{'' if size == 1 else 's'}: the interval is unreliable"
        if recordings is not None:
            names, index = np.unique(np.asarray(recordings, dtype=str), return_inverse=True)
            note += f", drawn over {len(names)} recordings and so rather too short"
    drawn = max(len(names), 1)
    weights = np.random.default_rng(seed).multinomial(len(names), np.full(drawn, 1 / drawn), size=resamples)
    return Draws(index, weights[:, : len(names)], size, note)


def bounds(drawn: np.ndarray, confidence: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """Return the percentile interval of values, shape (resamples, ...), nan left out: two of shape (...)."""
    flat = drawn.reshape(len(drawn), -1)
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    found = np.full((2, flat.shape[1]), np.nan)
    for place, column in enumerate(flat.T):
        known = column[np.isfinite(column)]
        if len(known):
            found[:, place] = np.quantile(known, tails)
    return found[0].reshape(drawn.shape[1:]), found[1].reshape(drawn.shape[1:])


def intervals(
    names: Sequence[str], metric: Metric, counts: np.ndarray, draws: Draws, confidence: float = 0.95
) -> pd.DataFrame:
    """Return one row per value of a metric of summed counts, with its interval; columns COLUMNS.

    Args:
        names: of the values.
        metric: from counts, shape (..., *rest), to values, shape (..., names).
        counts: of units, shape (units, *rest).
        draws: over the same units.
        confidence: between 0 and 1.
    """
    values = metric(draws.sums(counts).sum(axis=0))
    low, high = bounds(metric(draws.resampled(counts)), confidence)
    if draws.clusters < 2:
        low, high = np.full_like(low, np.nan), np.full_like(high, np.nan)
    rows = [
        (name, float(values[place]), float(low[place]), float(high[place]), draws.groups, draws.note)
        for place, name in enumerate(names)
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))
