"""Intervals of confidence that respect groups and trainings: whole groups are left out in turn, not clips.

Clips of one recording are near copies of each other and recordings of one subject resemble each other, so an interval
over clips is far too short. Here the standard error is that of the delete-one-group jackknife (Efron and Tibshirani
1993, chapter 11), quantiles are Student's, and shares are treated on the logit scale so that ends stay in [0, 1].
Percentiles of a bootstrap over groups, the usual choice, hold the truth far too seldom where groups are few:
`campaigns/coverage.py` counts both, and docs/explanation/reliability.md shows the table.

Where a recognizer was trained with several seeds, the interval holds both what other groups and what another training
would change: the two variances add, with degrees of freedom after Satterthwaite (1946).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from scipy.special import expit, logit
from scipy.stats import t as student

from actscribe.counts import counted
from actscribe.evaluation.agreement import four_counts
from actscribe.timeline.matching import f1_of

#: With fewer groups than this no interval is given: none that was tried holds what it promises (ours).
FEW_GROUPS = 5
#: A standard error below this is that of groups which all say exactly the same.
NO_SPREAD = 1e-12

#: Columns of every table of this module.
COLUMNS = ("metric", "value", "low", "high", "groups", "note")

#: What kind of number an interval is about: in [0, 1], at least 0, in [-1, 1], as differences of shares are, or any.
Scale = Literal["share", "positive", "signed", "unbounded"]
#: From summed counts, shape (..., seeds, *rest), to values, shape (..., seeds, *values).
Metric = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """Which group each unit (a clip or a recording) belongs to.

    Args:
        index: place of each unit's group, shape (units,).
        count: how many groups there are.
    """

    index: np.ndarray
    count: int

    @property
    def note(self) -> str:
        """Why there is no interval, or nothing."""
        if self.count >= FEW_GROUPS:
            return ""
        return f"only {counted(self.count, 'group')}: an interval needs {FEW_GROUPS}"

    def sums(self, counts: np.ndarray) -> np.ndarray:
        """Return counts of units, shape (units, ...), summed by group, shape (groups, ...)."""
        sums = np.zeros((self.count, *counts.shape[1:]))
        np.add.at(sums, self.index, counts)
        return sums

    def showing(self, counts: np.ndarray) -> np.ndarray:
        """Return in how many groups anything is counted: (units, seeds, ..., kinds) to (...)."""
        return np.asarray((self.sums(counts).sum(axis=(1, -1)) > 0).sum(axis=0))


@dataclass(frozen=True, slots=True, eq=False)
class Estimate:
    """Values with their intervals, all of one shape.

    Args:
        value: of all units, mean over seeds.
        low, high: ends of the interval; nan where there are too few groups.
        standard_error: of groups and trainings together; nan with one group.
    """

    value: np.ndarray
    low: np.ndarray
    high: np.ndarray
    standard_error: np.ndarray


def group_units(names: Sequence[str]) -> Groups:
    """Return the groups of units by the name of each unit's group."""
    unique, index = np.unique(np.asarray(names, dtype=str), return_inverse=True)
    return Groups(index, len(unique))


def estimate(
    metric: Metric,
    counts: np.ndarray,
    groups: Groups,
    scale: Scale = "share",
    showing: np.ndarray | None = None,
    confidence: float = 0.95,
) -> Estimate:
    """Return a metric of summed counts with its interval.

    Args:
        metric: of summed counts.
        counts: of units, shape (units, seeds, *rest); one seed where nothing is left to chance.
        groups: of the same units.
        scale: of the values.
        showing: in how many groups each value is counted at all, shape of the values; default all groups.
        confidence: between 0 and 1.
    """
    sums = groups.sums(counts)
    total = sums.sum(axis=0)
    return from_left_out(metric(total), metric(total[None] - sums), groups, scale, showing, confidence)


def from_left_out(
    by_seed: np.ndarray,
    without: np.ndarray,
    groups: Groups,
    scale: Scale = "share",
    showing: np.ndarray | None = None,
    confidence: float = 0.95,
) -> Estimate:
    """Return the same from values that are not sums, such as those of a ranking.

    Args:
        by_seed: the values of all units, shape (seeds, *values).
        without: the same with each group left out in turn, shape (groups, seeds, *values).
        groups, scale, showing, confidence: as in `estimate`.
    """
    value = mean_of_known(by_seed, axis=0)
    without = mean_of_known(without, axis=1)
    showing = np.broadcast_to(groups.count if showing is None else showing, value.shape)
    error, freedom = _error(by_seed, without, groups.count, showing)
    low, high = _ends(value, error, freedom, showing, scale, confidence)
    return Estimate(value, low, high, error)


def label_counts(targets: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Return each clip's (tp, fp, fn) per label, shape (clips, labels, 3); nothing where not annotated.

    Args:
        targets: shape (clips, labels), nan not annotated.
        predicted: bool, shape (clips, labels).
    """
    return four_counts(targets, predicted)[..., :3]


def f1_intervals(
    counts: np.ndarray, groups: Sequence[str], names: Sequence[str], confidence: float = 0.95
) -> pd.DataFrame:
    """Return F1 per label and `macro`, with intervals over groups.

    `macro` is the mean over the labels that are present, as in `clips.clip_table`.

    Args:
        counts: (tp, fp, fn) of clips (`label_counts`) or of recordings (`matching.segment_counts` at one threshold),
            shape (units, labels, 3).
        groups: of each unit.
        names: of the labels.
        confidence: between 0 and 1.

    Returns:
        one row per label and `macro`, columns COLUMNS; `groups` says in how many groups a label is counted, `note` why
        there is no interval, or nothing.
    """
    of = _checked(counts, groups)
    showing = np.append(of.showing(counts[:, None]), of.count)
    estimated = estimate(with_macro, counts[:, None], of, "share", showing, confidence)
    return interval_table([*names, "macro"], estimated, showing, of)


def accuracy_interval(correct: np.ndarray, groups: Sequence[str], confidence: float = 0.95) -> pd.DataFrame:
    """Return the row `accuracy` of clips that are `correct`, bool, shape (clips,); the rest as in `f1_intervals`."""
    counts = np.stack([np.asarray(correct, dtype=float), np.ones(len(correct))], axis=-1)
    of = _checked(counts, groups)
    estimated = estimate(lambda pooled: ratio(pooled)[..., None], counts[:, None], of, "share", None, confidence)
    return interval_table(["accuracy"], estimated, np.array([of.count]), of)


def with_macro(pooled: np.ndarray) -> np.ndarray:
    """Return F1 per label with the mean of those that exist behind: (..., labels, 3) to (..., labels + 1)."""
    f1 = f1_of(pooled)
    return np.concatenate([f1, mean_of_known(f1)[..., None]], axis=-1)


def mean_of_known(values: np.ndarray, axis: int = -1) -> np.ndarray:
    """Return the mean over one axis of what is not nan; nan where nothing is left."""
    exists = np.isfinite(values).sum(axis=axis)
    total = np.nansum(values, axis=axis)
    return np.asarray(np.divide(total, exists, out=np.full(exists.shape, np.nan), where=exists > 0))


def ratio(pooled: np.ndarray) -> np.ndarray:
    """Return part / whole of the last axis, nan where the whole is 0."""
    part, whole = pooled[..., 0], pooled[..., 1]
    return np.asarray(np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0))


def _checked(counts: np.ndarray, groups: Sequence[str]) -> Groups:
    if len(groups) != len(counts):
        raise ValueError(f"{len(counts)} rows of counts need as many groups, found {len(groups)}")
    return group_units(groups)


def _error(by_seed: np.ndarray, without: np.ndarray, count: int, showing: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return standard error and degrees of freedom of groups and seeds together, both of the shape of the values."""
    unknown = np.full(showing.shape, np.nan)
    if count < 2:
        return unknown, unknown
    known = np.isfinite(without)
    away = np.where(known, without - mean_of_known(by_seed, axis=0), 0.0)
    groups = (count - 1) / count * (away**2).sum(axis=0)
    seeds = by_seed.var(axis=0, ddof=1) / len(by_seed) if len(by_seed) > 1 else np.zeros(showing.shape)
    seeds = np.nan_to_num(seeds)
    spread = groups**2 / np.maximum(showing - 1, 1) + seeds**2 / max(len(by_seed) - 1, 1)
    usual = np.array(np.maximum(showing - 1, 1), dtype=float)
    freedom = np.divide((groups + seeds) ** 2, spread, out=usual, where=spread > 0)
    return np.sqrt(groups + seeds), freedom


def _ends(
    value: np.ndarray, error: np.ndarray, freedom: np.ndarray, showing: np.ndarray, scale: Scale, confidence: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the interval's ends on a scale: value and error are carried there to first order, and the ends back."""
    reach = student.ppf((1 + confidence) / 2, freedom) * error
    with np.errstate(divide="ignore", invalid="ignore"):
        if scale == "share":
            low, high = (expit(logit(value) + way * reach / (value * (1 - value))) for way in (-1, 1))
        elif scale == "positive":
            low, high = (value * np.exp(way * reach / value) for way in (-1, 1))
        else:
            low, high = (value + way * reach for way in (-1, 1))
            if scale == "signed":
                low, high = np.clip(low, -1, 1), np.clip(high, -1, 1)
    if scale == "share":
        low, high = _at_the_edge(value, error, showing, confidence, low, high)
    few = ~np.isfinite(value) | (showing < FEW_GROUPS)
    return np.where(few, np.nan, low), np.where(few, np.nan, high)


def _at_the_edge(
    value: np.ndarray, error: np.ndarray, showing: np.ndarray, confidence: float, low: np.ndarray, high: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Put an interval around 0 or 1: groups that all got it right say only that most groups would (ours).

    A group is taken as one trial whose success is a perfect value; the end is Clopper and Pearson's (1934) for n of n.
    """
    tail = ((1 - confidence) / 2) ** (1 / np.maximum(showing, 1))
    edge = (error < NO_SPREAD) & ((value == 0) | (value == 1))
    still = (error < NO_SPREAD) & ~edge
    low = np.where(edge, np.where(value == 1, tail, 0.0), np.where(still, value, low))
    high = np.where(edge, np.where(value == 1, 1.0, 1 - tail), np.where(still, value, high))
    return low, high


def interval_table(names: Sequence[str], estimated: Estimate, showing: np.ndarray, groups: Groups) -> pd.DataFrame:
    """Return estimates as rows with the columns COLUMNS; `showing`: in how many groups each is counted."""
    notes = [_note(each, groups) for each in showing.tolist()]
    columns = (names, estimated.value, estimated.low, estimated.high, showing.astype(int), notes)
    return pd.DataFrame(dict(zip(COLUMNS, columns, strict=True)))


def _note(showing: int, groups: Groups) -> str:
    if groups.note or showing >= FEW_GROUPS:
        return groups.note
    return f"counted in only {showing} of {groups.count} groups: an interval needs {FEW_GROUPS}"
