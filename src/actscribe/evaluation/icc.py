"""The intraclass correlation of two or more raters' numbers, such as seconds or bouts per recording.

Which of Shrout and Fleiss's (1979): `icc` is (2,1), agreement, to which being always two seconds late counts;
`consistency` is (3,1), to which it does not; `one_way` is (1,1), where each thing was rated by other people.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import f as fisher


@dataclass(frozen=True, slots=True)
class Icc:
    """One coefficient, of single ratings.

    Args:
        value: at most 1; below 0 where raters agree less than numbers drawn at random. nan where all are one number.
        low, high: interval (McGraw and Wong 1996); nan where it has none.
    """

    value: float
    low: float
    high: float


def icc(ratings: np.ndarray, confidence: float = 0.95) -> Icc:
    """Return how far raters give one number to the same thing: ICC(2,1), raters drawn from many.

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


def consistency(ratings: np.ndarray, confidence: float = 0.95) -> Icc:
    """Return how far these very raters order things alike, whatever each adds to all of them: ICC(3,1).

    Args:
        ratings, confidence: as of `icc`.
    """
    ratings = np.asarray(ratings, dtype=float)
    things, raters = ratings.shape
    if things < 2 or raters < 2:
        return Icc(np.nan, np.nan, np.nan)
    rows, _, rest = _mean_squares(ratings)
    return _of_ratio(rows, rest, (things - 1, (things - 1) * (raters - 1)), raters, confidence)


def one_way(ratings: np.ndarray, confidence: float = 0.95) -> Icc:
    """Return how far raters give one number to the same thing where each thing has its own raters: ICC(1,1).

    Args:
        ratings, confidence: as of `icc`.
    """
    ratings = np.asarray(ratings, dtype=float)
    things, raters = ratings.shape
    if things < 2 or raters < 2:
        return Icc(np.nan, np.nan, np.nan)
    rows, columns, rest = _mean_squares(ratings)
    within = (columns + rest * (things - 1)) / things
    return _of_ratio(rows, within, (things - 1, things * (raters - 1)), raters, confidence)


def _of_ratio(rows: float, noise: float, freedom: tuple[int, int], raters: int, confidence: float) -> Icc:
    """Return the coefficient of things against noise, with the interval of their F (Shrout and Fleiss 1979)."""
    spread = rows + (raters - 1) * noise
    if spread <= 0:
        return Icc(np.nan, np.nan, np.nan)
    if noise <= 0:
        return Icc(1.0, np.nan, np.nan)
    ratio, tail = rows / noise, (1 + confidence) / 2
    low, high = ratio / fisher.ppf(tail, *freedom), ratio * fisher.ppf(tail, *freedom[::-1])
    low, high = ((one - 1) / (one + raters - 1) for one in (low, high))
    return Icc(float((rows - noise) / spread), float(low), float(high))


def _mean_squares(ratings: np.ndarray) -> tuple[float, float, float]:
    """Return the mean squares between things, between raters, and of what is left; 0 where it is rounding alone."""
    things, raters = ratings.shape
    mean, of_things, of_raters = ratings.mean(), ratings.mean(axis=1), ratings.mean(axis=0)
    rows = raters * ((of_things - mean) ** 2).sum() / (things - 1)
    columns = things * ((of_raters - mean) ** 2).sum() / (raters - 1)
    left = ratings - of_things[:, None] - of_raters[None] + mean
    rest = (left**2).sum() / ((things - 1) * (raters - 1))
    noise = 1e-12 * max(float((ratings**2).mean()), 1e-300)  # rounding is not a difference
    rows, columns, rest = (float(one) if one > noise else 0.0 for one in (rows, columns, rest))
    return rows, columns, rest


def _freedom(value: float, ratio: float, things: int, raters: int) -> float:
    """Return the degrees of freedom of the raters and the rest together, after Satterthwaite."""
    first, second = raters * value * ratio, things * (1 + (raters - 1) * value) - raters * value
    return (raters - 1) * (things - 1) * (first + second) ** 2 / ((things - 1) * first**2 + second**2)
