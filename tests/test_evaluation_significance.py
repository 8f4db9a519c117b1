"""Tests between recognizers: against enumeration, by simulation under the null, against power by hand."""

import itertools

import numpy as np
import pytest
from scipy.stats import nct, t
from sklearn.metrics import f1_score

from actscribe.evaluation import significance
from actscribe.evaluation.intervals import group_units, label_counts
from actscribe.evaluation.significance import (
    compare_pair,
    holm,
    macro_over_seeds,
    smallest_detectable,
    smallest_p,
)
from actscribe.evaluation.significance import (
    permutation_test as swap_test,
)


def recordings(rng, shape, size=30, sensitivity=(8, 3), specificity=(12, 2)):
    """Counts (tp, fp, fn) of recordings that differ in how much they show and how hard they are, shape (*shape, 3)."""
    positives = rng.binomial(size, rng.beta(2, 3, shape))
    hits = rng.binomial(positives, rng.beta(*sensitivity, shape))
    false = rng.binomial(size - positives, 1 - rng.beta(*specificity, shape))
    return np.stack([hits, false, positives - hits], axis=-1).astype(float)


def test_two_equal_recognizers_are_rarely_called_different():
    """1000 test sets of 8 recordings; the two err on their own, equally often; hard recordings are hard for both."""
    rng = np.random.default_rng(0)
    called = 0
    for _ in range(1000):
        positives = rng.binomial(30, rng.beta(2, 3, (8, 1, 2)))
        sensitivity, false_alarms = rng.beta(4, 2, (8, 1, 2)), rng.beta(2, 12, (8, 1, 2))
        pair = []
        for _ in range(2):
            hits = rng.binomial(positives, sensitivity)
            pair.append(np.stack([hits, rng.binomial(30 - positives, false_alarms), positives - hits], -1))
        called += swap_test(*pair) <= 0.05
    assert called / 1000 <= 0.06
    assert called / 1000 >= 0.02  # nor is the test asleep


def test_p_is_the_share_of_all_exchanges():
    rng = np.random.default_rng(3)
    first = recordings(rng, (7, 2, 3))
    second = first.copy()
    moved = np.minimum(rng.integers(0, 6, (7, 2, 3)), first[..., 2])
    second[..., 0] += moved
    second[..., 2] -= moved
    second[..., 1] += rng.integers(0, 5, (7, 2, 3))
    sizes = []
    for exchanged in itertools.product((False, True), repeat=7):  # the first one exchanges nothing
        pairs = [(two, one) if swap else (one, two) for one, two, swap in zip(first, second, exchanged, strict=True)]
        hits, false, missed = np.moveaxis(np.sum(pairs, axis=0), -1, 0)
        f1 = (2 * hits / (2 * hits + false + missed)).mean(axis=(1, 2))
        sizes.append(abs(f1[1] - f1[0]))
    expected = np.mean(np.array(sizes) >= sizes[0] - 1e-12)
    assert 1 / 64 < expected < 1
    assert swap_test(first, second) == expected


def test_drawn_flips_come_close_to_all_flips(monkeypatch):
    rng = np.random.default_rng(5)
    first, second = recordings(rng, (13, 1, 2)), recordings(rng, (13, 1, 2))
    exact = swap_test(first, second)
    monkeypatch.setattr(significance, "EXCHANGES", 2**13 - 1)
    drawn = swap_test(first, second)
    assert 0.02 < exact < 0.98
    assert drawn == pytest.approx(exact, abs=0.02)
    assert swap_test(first, second) == drawn
    assert swap_test(first, second, seed=1) != drawn


def test_a_clear_difference_gives_the_smallest_p_there_is():
    perfect = np.tile([10.0, 0, 0], (6, 1, 2, 1))
    poor = np.tile([2.0, 5, 8], (6, 1, 2, 1))
    assert swap_test(poor, perfect) == smallest_p(6) == 1 / 32
    assert swap_test(perfect, perfect) == 1
    assert np.isnan(swap_test(np.zeros((6, 1, 2, 3)), np.zeros((6, 1, 2, 3))))
    assert swap_test(poor[:1], perfect[:1]) == smallest_p(1) == 1
    assert np.isnan(swap_test(poor[:0], perfect[:0]))
    assert smallest_p(100) == pytest.approx(1e-4, rel=1e-3)


def clips_of(count=12, per=30, seed=0):
    rng = np.random.default_rng(seed)
    names = [f"r{index:02d}" for index in range(count) for _ in range(per)]
    targets = (rng.random((count * per, 2)) < 0.4).astype(float)
    quality = np.repeat(np.clip(rng.normal(0.8, 0.1, count), 0, 1), per)[:, None]
    return targets, names, quality, rng


def test_a_pair_is_compared_over_seeds_and_one_without_seeds_stands_for_each():
    targets, names, quality, rng = clips_of()
    trained = [np.where(rng.random(targets.shape) < quality, targets > 0, targets == 0) for _ in range(3)]
    fixed = rng.random(targets.shape) < 0.5
    first = label_counts(targets, fixed)[:, None]
    second = np.stack([label_counts(targets, decided) for decided in trained], axis=1)
    comparison = compare_pair(first, second, group_units(names))
    scores = [f1_score(targets, decided, average="macro") for decided in (fixed, *trained)]
    assert comparison.value == pytest.approx(np.mean(scores[1:]) - scores[0])
    assert macro_over_seeds(second.sum(axis=0)) == pytest.approx(np.mean(scores[1:]))
    assert comparison.low < comparison.value < comparison.high
    assert comparison.p == comparison.smallest_p
    assert 0 < comparison.detectable < comparison.value
    back = compare_pair(second, first, group_units(names))
    assert (back.value, back.low, back.p) == pytest.approx((-comparison.value, -comparison.high, comparison.p))
    with pytest.raises(ValueError, match="same clips"):
        compare_pair(first, second[::-1], group_units(names))
    with pytest.raises(ValueError, match="paired"):
        compare_pair(second[:, :2], second, group_units(names))


def test_holm_by_hand():
    # 0.01 * 4 = 0.04; 0.02 * 3 = 0.06; 0.03 * 2 = 0.06; 0.5 * 1, never below the one before.
    assert holm([0.03, 0.5, 0.01, 0.02]) == pytest.approx([0.06, 0.5, 0.04, 0.06])
    assert holm([0.9, 0.8]).tolist() == [1, 1]
    corrected = holm([0.01, np.nan, 0.04])
    assert corrected[[0, 2]] == pytest.approx([0.02, 0.04])
    assert np.isnan(corrected[1])
    assert holm([]).tolist() == []


@pytest.mark.parametrize("clusters", [5, 20, 100])
def test_the_smallest_detectable_difference_is_found_as_often_as_it_says(clusters):
    """Power of the paired t test at that difference, from the noncentral t distribution."""
    sd = 0.2
    effect = smallest_detectable(sd / np.sqrt(clusters), clusters)
    limit = t.ppf(0.975, clusters - 1)
    power = nct.sf(limit, clusters - 1, effect / (sd / np.sqrt(clusters)))
    assert power == pytest.approx(0.8, abs=0.04 if clusters < 10 else 0.01)
    assert np.isnan(smallest_detectable(0.1, 1))
