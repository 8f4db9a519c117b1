"""Whether two recognizers differ: a permutation test over recordings, Holm's correction, and what could be seen at all.

Counts of a recognizer have the shape (clips, seeds, labels, 3): true positives, false positives and false negatives.
Its headline number is the mean over seeds of macro F1; a recognizer that knows no chance has one seed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from actscribe.evaluation.intervals import Estimate, Groups, estimate, mean_of_known, with_macro

#: Exchanges that are tried at most: all of them where there are no more (13 clusters), else so many are drawn.
EXCHANGES = 10_000
#: Exchanges worked on at once.
_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Difference:
    """Macro F1 of a second recognizer minus that of a first, on the same clips.

    Args:
        value, low, high: the difference with its interval.
        p: of the permutation test, two-sided.
        smallest_p: that so few clusters allow.
        detectable: see `smallest_detectable`.
    """

    value: float
    low: float
    high: float
    p: float
    smallest_p: float
    detectable: float


def macro(pooled: np.ndarray) -> np.ndarray:
    """Return macro F1 of summed counts: (..., labels, 3) to (...)."""
    return np.asarray(with_macro(pooled)[..., -1])


def macro_over_seeds(pooled: np.ndarray) -> np.ndarray:
    """Return the mean over seeds of macro F1: (..., seeds, labels, 3) to (...)."""
    return mean_of_known(macro(pooled))


def difference(first: np.ndarray, second: np.ndarray, groups: Groups) -> Estimate:
    """Return macro F1 of a second recognizer minus that of a first, with its interval, all of shape ().

    The same groups are left out of both, so what makes a group hard for both cancels. Of one with a single seed that
    one is used throughout; seeds are paired by their order.

    Args:
        first, second: counts, shape (clips, seeds, labels, 3).
        groups: of the clips.

    Raises:
        ValueError: the two were not measured on the same targets, or on different numbers of seeds.
    """
    both = np.stack(_aligned(first, second), axis=-3)
    return estimate(lambda pooled: np.diff(macro(pooled), axis=-1)[..., 0], both, groups, "signed")


def compare_pair(first: np.ndarray, second: np.ndarray, groups: Groups, seed: int = 0) -> Difference:
    """Compare two recognizers by macro F1.

    Args:
        first, second: counts, shape (clips, seeds, labels, 3); of one with a single seed that one is used throughout.
        groups: of the clips.
        seed: of the flips.

    Raises:
        ValueError: the two were not measured on the same targets, or on different numbers of seeds.
    """
    one, other = _aligned(first, second)
    estimated = difference(one, other, groups)
    return Difference(
        float(estimated.value),
        float(estimated.low),
        float(estimated.high),
        permutation_test(groups.sums(one), groups.sums(other), seed),
        smallest_p(groups.count),
        smallest_detectable(float(estimated.standard_error), groups.count),
    )


def permutation_test(first: np.ndarray, second: np.ndarray, seed: int = 0) -> float:
    """Return the two-sided p of the difference in macro F1 under exchange of the two within clusters.

    If the two are equally good, swapping them in any cluster is as likely as not. Of an additive metric this is the
    sign-flip test; F1 is computed again from the swapped sums (Good 2005, Permutation, Parametric and Bootstrap Tests,
    section 3; for F1 Yeh 2000, More accurate tests). All 2^clusters exchanges are tried where they are no more than
    EXCHANGES; else so many are drawn and p = (1 + as extreme ones) / (1 + EXCHANGES).

    Args:
        first, second: counts summed by cluster, shape (clusters, seeds, labels, 3).
        seed: of the draws.

    Returns:
        p; nan without a cluster or where no label can be measured.
    """
    own, difference = first.sum(axis=0), second - first
    total = own + second.sum(axis=0)

    def change(swapped: np.ndarray, _: np.ndarray, axis: int) -> np.ndarray:
        """Return the size of the difference for exchanges of shape (..., clusters): 1 where the two are swapped."""
        sums = own + np.tensordot(swapped, difference, axes=1)
        change = macro_over_seeds(total - sums) - macro_over_seeds(sums)
        return np.asarray(np.abs(change).round(12))  # equal on paper is equal here

    clusters = len(first)
    kept, swapped = np.zeros(clusters), np.ones(clusters)
    if not clusters or not np.isfinite(change(kept, swapped, -1)):
        return float("nan")
    if clusters == 1:  # an exchange and its mirror image are all there is, and SciPy wants two observations
        return 1.0
    test = stats.permutation_test(
        (kept, swapped),
        change,
        permutation_type="samples",
        vectorized=True,
        n_resamples=EXCHANGES,
        batch=_AT_ONCE,
        alternative="greater",
        rng=np.random.default_rng(seed),
    )
    return float(test.pvalue)


def smallest_p(clusters: int) -> float:
    """Return the smallest p that the permutation test can give: an exchange and its mirror image count alike."""
    return 1 / 2 ** max(clusters - 1, 0) if 2**clusters <= EXCHANGES else 1 / (1 + EXCHANGES)


def holm(p: Sequence[float]) -> np.ndarray:
    """Return p values corrected for testing all of them (Holm 1979), shape (tests,); nan stays and does not count."""
    values = np.asarray(p, dtype=float)
    corrected = np.full(values.shape, np.nan)
    known = np.flatnonzero(np.isfinite(values))
    order = known[np.argsort(values[known], kind="stable")]
    factors = len(order) - np.arange(len(order))
    corrected[order] = np.minimum(np.maximum.accumulate(factors * values[order]), 1)
    return corrected


def smallest_detectable(standard_error: float, clusters: int, power: float = 0.8, alpha: float = 0.05) -> float:
    """Return the smallest true difference that a two-sided test at `alpha` would find with probability `power`.

    (t(1 - alpha / 2) + t(power)) times the standard error, with clusters - 1 degrees of freedom (Bloom 1995, Minimum
    detectable effects); nan with fewer than two clusters.

    Args:
        standard_error: of the difference.
        clusters: groups that it comes from.
        power, alpha: between 0 and 1.
    """
    if clusters < 2:
        return float("nan")
    quantiles = stats.t.ppf([1 - alpha / 2, power], clusters - 1)
    return float(quantiles.sum() * standard_error)


def _aligned(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    seeds = max(first.shape[1], second.shape[1])
    if {first.shape[1], second.shape[1]} - {1, seeds} or len(first) != len(second):
        raise ValueError(f"counts of {first.shape} and {second.shape} cannot be paired")
    shape = (len(first), seeds, *first.shape[2:])
    one, other = np.broadcast_to(first, shape), np.broadcast_to(second, shape)
    if not np.array_equal(one[..., 0] + one[..., 2], other[..., 0] + other[..., 2]):
        raise ValueError("the two recognizers were not measured on the same clips")
    return one, other
