"""The intraclass correlation of two or more raters' numbers, such as seconds or bouts per recording."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import f as fisher


@dataclass(frozen=True, slots=True)
class Icc:
    """ICC(2,1): absolute agreement of single ratings, raters drawn from many (Shrout and Fleiss 1979).

    Args:
        value: at most 1; below 0 where raters agree less than numbers drawn at random. nan where all are one number.
        low, high: interval (McGraw and Wong 1996); nan where it has none.
    """

    value: float
    low: float
    high: float


def icc(ratings: np.ndarray, confidence: float = 0.95) -> Icc:
    """Return how far raters give one number to the same thing.

    Args:
        ratings: shape (things, raters), finite, at least two of each, else all is nan.
        confidence: between 0 and 1.
    """
    ratings = np.asarray(ratings, dtype=float)
    things, raters = ratings.shape
    if things < 2 or raters < 2:
        return Icc(np.nan, np.nan, np.nan)
    rows, columns, rest = _mean_squares(ratings)
    spread = rows + (raters - 1) * rest + raters * (columns - rest) / things
    if spread <= 0:
        return Icc(np.nan, np.nan, np.nan)
    value = (rows - rest) / spread
    if rest <= 0:  # raters differ by one number at most: nothing to take an interval from
        return Icc(value, np.nan, np.nan)
    freedom = _freedom(value, columns / rest, things, raters)
    tail = (1 + confidence) / 2
    below, above = fisher.ppf(tail, things - 1, freedom), fisher.ppf(tail, freedom, things - 1)
    shared = raters * columns + (raters * things - raters - things) * rest
    low = things * (rows - below * rest) / (below * shared + things * rows)
    high = things * (above * rows - rest) / (shared + things * above * rows)
    return Icc(float(value), float(low), float(high))


def _mean_squares(ratings: np.ndarray) -> tuple[float, float, float]:
    """Return the mean squares between things, between raters, and of what is left."""
    things, raters = ratings.shape
    mean, of_things, of_raters = ratings.mean(), ratings.mean(axis=1), ratings.mean(axis=0)
    rows = raters * ((of_things - mean) ** 2).sum() / (things - 1)
    columns = things * ((of_raters - mean) ** 2).sum() / (raters - 1)
    left = ratings - of_things[:, None] - of_raters[None] + mean
    rest = (left**2).sum() / ((things - 1) * (raters - 1))
    noise = 1e-12 * max(float((ratings**2).mean()), 1e-300)  # rounding is no difference
    return float(rows), float(columns), float(rest) if rest > noise else 0.0


def _freedom(value: float, ratio: float, things: int, raters: int) -> float:
    """Return the degrees of freedom of the raters and the rest together, after Satterthwaite."""
    first, second = raters * value * ratio, things * (1 + (raters - 1) * value) - raters * value
    return (raters - 1) * (things - 1) * (first + second) ** 2 / ((things - 1) * first**2 + second**2)
