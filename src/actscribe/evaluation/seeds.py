"""Results over seeds: means with intervals, and a paired test of with against without."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

#: More pairs than this have too many sign patterns to try all (2 to their power; 20 pairs take 5 s).
MOST_PAIRS = 20
#: Results of seeds that differ by less are equal.
SAME = 1e-12
#: Sign patterns worked on at once.
_AT_ONCE = 10_000
#: Columns of `seed_table`.
COLUMNS = ("metric", "mean", "low", "high", "std", "seeds")


@dataclass(frozen=True, slots=True)
class MeanInterval:
    """A mean over seeds with its interval.

    Args:
        mean: of the values.
        low, high: ends of the t interval; nan with fewer than two values.
        std: standard deviation of the values (n - 1); nan with fewer than two.
        count: of the values.
    """

    mean: float
    low: float
    high: float
    std: float
    count: int


@dataclass(frozen=True, slots=True)
class PairedTest:
    """Is the mean of paired differences 0?

    Args:
        difference: mean, with its t interval.
        t: Student's statistic; nan where all differences are equal (within SAME) or there is one.
        p_t: its two-sided p.
        p_sign_flip: two-sided p of the exact permutation test over signs; with n pairs it is 2 / 2^n at least.
    """

    difference: MeanInterval
    t: float
    p_t: float
    p_sign_flip: float


def mean_interval(values: Sequence[float], confidence: float = 0.95) -> MeanInterval:
    """Return the mean of values with Student's t interval, as for few seeds.

    Raises:
        ValueError: no value, or one that is not finite.
    """
    numbers = np.asarray(values, dtype=float)
    if not len(numbers) or not np.isfinite(numbers).all():
        raise ValueError(f"expected at least one finite value, found {list(values)}")
    mean, nothing = float(numbers.mean()), float("nan")
    if len(numbers) == 1:
        return MeanInterval(mean, nothing, nothing, nothing, 1)
    std = float(numbers.std(ddof=1))
    half = float(stats.t.ppf((1 + confidence) / 2, len(numbers) - 1)) * std / np.sqrt(len(numbers))
    return MeanInterval(mean, mean - half, mean + half, std, len(numbers))


def exact_interval(share: float, units: float, confidence: float = 0.95) -> tuple[float, float]:
    """Return the exact interval of a share (Clopper and Pearson 1934), which has a width at 0 and 1 too.

    SciPy's `binomtest` takes whole counts only; here groups stand for clips, so `share * units` need not be one.

    Args:
        share: in [0, 1], of all units.
        units: how many, at least 1: clips, or groups where clips of one group resemble each other; then the share is
            one of clips and so many groups stand for it, which errs on the wide side (ours).
        confidence: between 0 and 1.
    """
    right, rest = share * units, (1 - share) * units
    tail = (1 - confidence) / 2
    low = float(stats.beta.ppf(tail, right, rest + 1)) if right > 1e-9 else 0.0
    high = float(stats.beta.ppf(1 - tail, right + 1, rest)) if rest > 1e-9 else 1.0
    return low, high


def paired_test(with_: Sequence[float], without: Sequence[float], confidence: float = 0.95) -> PairedTest:
    """Compare results of the same seeds with and without a change.

    Args:
        with_, without: one number a seed, in the same order.
        confidence: of the interval of the difference.

    Raises:
        ValueError: not as many of one as of the other, none, or more than MOST_PAIRS.
    """
    if len(with_) != len(without):
        raise ValueError(f"{len(with_)} results with and {len(without)} without the change do not pair")
    differences = np.asarray(with_, dtype=float) - np.asarray(without, dtype=float)
    interval = mean_interval(differences.tolist(), confidence)
    t = p = float("nan")
    if interval.std > SAME:
        t, p = map(float, stats.ttest_rel(with_, without))
    return PairedTest(interval, t, p, sign_flip_p(differences.tolist()))


def sign_flip_p(differences: Sequence[float]) -> float:
    """Return the two-sided p of the exact sign-flip permutation test of a mean of 0.

    Under the null the sign of each difference is a coin's; p is the share of all 2^n sign patterns whose mean is at
    least as far from 0 as the one found (Fisher 1935).

    Raises:
        ValueError: no difference, one that is not finite, or more than MOST_PAIRS.
    """
    numbers = np.asarray(differences, dtype=float)
    if not 0 < len(numbers) <= MOST_PAIRS or not np.isfinite(numbers).all():
        raise ValueError(f"expected 1 to {MOST_PAIRS} finite differences, found {list(differences)}")
    if len(numbers) == 1:  # both signs are as far from 0, and SciPy wants two observations
        return 1.0
    largest = max(1.0, float(np.abs(numbers).sum()))
    test = stats.permutation_test(
        (numbers / largest,),
        lambda signed, axis: np.abs(signed.sum(axis=axis)).round(9),  # rounded: sums that are equal on paper stay so
        permutation_type="samples",
        vectorized=True,
        n_resamples=np.inf,
        batch=_AT_ONCE,
        alternative="greater",
    )
    return float(test.pvalue)


def seed_table(results: Sequence[Mapping[str, float]], confidence: float = 0.95) -> pd.DataFrame:
    """Return one row a metric with its mean and interval over seeds, columns COLUMNS.

    A metric that is nan (see `class_metrics`) for some seed is nan in the table.

    Args:
        results: one mapping from metric to value a seed, all with the same metrics.
        confidence: of the interval.
    """
    rows, nothing = [], float("nan")
    for metric in results[0] if results else ():
        values = [float(result[metric]) for result in results]
        if np.isfinite(values).all():
            one = mean_interval(values, confidence)
            rows.append((metric, one.mean, one.low, one.high, one.std, one.count))
        else:
            rows.append((metric, nothing, nothing, nothing, nothing, len(values)))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def harmonic_mean(base: float, novel: float) -> float:
    """Return the harmonic mean of the accuracies on base and on novel classes; 0 where one of them is 0."""
    return 2 * base * novel / (base + novel) if base > 0 and novel > 0 else 0.0
