"""Intervals of confidence that respect groups: whole groups are drawn again, not clips.

Clips of one recording are near copies of each other and recordings of one subject resemble each other, so a bootstrap
over clips gives intervals that are far too short. Every metric here is a function of counts that add up over groups,
so a resample is a weighted sum of the groups' counts and a thousand resamples are one matrix product.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from actscribe.evaluation.events import f1_of

#: With fewer groups than this an interval carries a note, and recordings are drawn instead where they are given (ours).
FEW_GROUPS = 5

#: Columns of every table of this module.
COLUMNS = ("metric", "value", "low", "high", "groups", "note")

Metric = Callable[[np.ndarray], np.ndarray]


def label_counts(targets: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Return each clip's (tp, fp, fn) per label, shape (clips, labels, 3); nothing where not annotated.

    Args:
        targets: shape (clips, labels), nan not annotated.
        predicted: bool, shape (clips, labels).
    """
    targets, predicted = np.asarray(targets, dtype=float), np.asarray(predicted, dtype=bool)
    known, true = ~np.isnan(targets), targets > 0
    return np.stack([true & predicted, known & ~true & predicted, true & ~predicted], axis=-1).astype(float)


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
    sums, weights, size, note = _draw(counts, groups, recordings, resamples, seed)
    return _rows([*names, "macro"], _with_macro, sums, weights, confidence, size, note)


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
    sums, weights, size, note = _draw(counts, groups, recordings, resamples, seed)
    return _rows(["accuracy"], _ratio, sums, weights, confidence, size, note)


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
    sums, weights, size, note = _draw(np.concatenate([first, second], axis=1), groups, recordings, resamples, seed)
    count = len(names)

    def difference(pooled: np.ndarray) -> np.ndarray:
        return _with_macro(pooled[..., count:, :]) - _with_macro(pooled[..., :count, :])

    return _rows([*names, "macro"], difference, sums, weights, confidence, size, note)


def _with_macro(pooled: np.ndarray) -> np.ndarray:
    """Return F1 per label with the mean of those that exist behind, shape (..., labels + 1)."""
    f1 = f1_of(pooled)
    exists = np.isfinite(f1).sum(axis=-1)
    macro = np.divide(np.nansum(f1, axis=-1), exists, out=np.full(exists.shape, np.nan), where=exists > 0)
    return np.concatenate([f1, macro[..., None]], axis=-1)


def _ratio(pooled: np.ndarray) -> np.ndarray:
    part, all_ = pooled[..., 0], pooled[..., 1]
    return np.divide(part, all_, out=np.full(part.shape, np.nan), where=all_ > 0)[..., None]


def _draw(
    counts: np.ndarray, groups: Sequence[str], recordings: Sequence[str] | None, resamples: int, seed: int
) -> tuple[np.ndarray, np.ndarray, int, str]:
    """Return counts summed by group, how often each resample drew each group, the number of groups, and the note."""
    if len(groups) != len(counts) or (recordings is not None and len(recordings) != len(counts)):
        raise ValueError(f"{len(counts)} rows of counts need as many groups and recordings")
    units, index = np.unique(np.asarray(groups, dtype=str), return_inverse=True)
    size, note = len(units), ""
    if size < FEW_GROUPS:
        note = f"only {size} group{'' if size == 1 else 's'}: the interval is unreliable"
        if recordings is not None:
            units, index = np.unique(np.asarray(recordings, dtype=str), return_inverse=True)
            note += f", drawn over {len(units)} recordings and so rather too short"
    sums = np.zeros((len(units), *counts.shape[1:]))
    np.add.at(sums, index, counts)
    drawn = max(len(units), 1)
    weights = np.random.default_rng(seed).multinomial(len(units), np.full(drawn, 1 / drawn), size=resamples)
    return sums, weights[:, : len(units)], size, note


def _rows(
    names: Sequence[str],
    metric: Metric,
    sums: np.ndarray,
    weights: np.ndarray,
    confidence: float,
    groups: int,
    note: str,
) -> pd.DataFrame:
    values = metric(sums.sum(axis=0))
    drawn = metric(np.tensordot(weights.astype(float), sums, axes=1))
    tail = (1 - confidence) / 2
    rows = []
    for place, name in enumerate(names):
        known = drawn[np.isfinite(drawn[:, place]), place]
        low, high = np.quantile(known, [tail, 1 - tail]) if len(known) and len(sums) > 1 else (np.nan, np.nan)
        rows.append((name, float(values[place]), float(low), float(high), groups, note))
    return pd.DataFrame(rows, columns=list(COLUMNS))
