"""Means over seeds and paired tests, against scipy, scikit-learn and enumeration by hand."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import balanced_accuracy_score, top_k_accuracy_score

from actscribe.evaluation.class_metrics import class_scores
from actscribe.evaluation.seeds import (
    harmonic_mean,
    mean_interval,
    paired_test,
    seed_table,
    sign_flip_p,
)

WITH, WITHOUT = [57.1, 58.3, 55.9, 60.2, 58.8], [55.0, 57.9, 56.4, 57.7, 56.1]


def test_the_interval_is_scipys() -> None:
    interval = mean_interval(WITH)
    low, high = stats.t.interval(0.95, 4, loc=np.mean(WITH), scale=stats.sem(WITH))
    assert (interval.mean, interval.low, interval.high) == pytest.approx((np.mean(WITH), low, high))
    assert interval.std == pytest.approx(np.std(WITH, ddof=1))
    assert mean_interval([2.0, 4.0]).high == pytest.approx(3 + 12.706204736432095)  # t(0.975, 1) x 1, by table
    alone = mean_interval([3.0])
    assert alone.mean == 3
    assert np.isnan([alone.low, alone.high, alone.std]).all()


def test_the_paired_test_by_hand() -> None:
    paired = paired_test(WITH, WITHOUT)
    # Differences 2.1, 0.4, -0.5, 2.5, 2.7: mean 1.44, squares about it 7.992; t(0.975, 4) = 2.7764 by table.
    error = np.sqrt(7.992 / 4 / 5)
    assert paired.t == pytest.approx(1.44 / error)
    assert paired.p_t == pytest.approx(2 * stats.t.sf(1.44 / error, 4))
    assert (paired.difference.low, paired.difference.high) == pytest.approx(
        (1.44 - 2.7764451 * error, 1.44 + 2.7764451 * error)
    )
    # Sums as far from 0 as 7.2: all of one sign (8.2), 0.4 of the other (7.4), 0.5 of the other; and mirrored.
    assert paired.p_sign_flip == 6 / 32


@settings(max_examples=25)
@given(st.lists(st.integers(-9, 9), min_size=1, max_size=8))
def test_the_sign_flip_p_is_the_share_of_all_patterns(numbers: list[int]) -> None:
    patterns = np.array(list(itertools.product((1, -1), repeat=len(numbers))))
    sums = np.abs(patterns @ numbers)
    assert sign_flip_p(numbers) == np.mean(sums >= abs(sum(numbers)))


def test_five_gains_have_a_smallest_p() -> None:
    assert sign_flip_p([0.1, 0.2, 0.3, 0.7, 1.1]) == 2 / 32
    assert sign_flip_p([0.0, 0.0]) == 1
    same = paired_test([2.0, 3.0], [1.0, 2.0])
    assert same.difference.mean == 1
    assert np.isnan([same.t, same.p_t]).all()
    assert same.p_sign_flip == 0.5
    almost = paired_test([0.3, 0.4], [0.2, 0.3])  # 0.1 twice but for the last digit
    assert np.isnan([almost.t, almost.p_t]).all()


@pytest.mark.parametrize("bad", [[], [float("nan")], [1.0] * 21])
def test_no_test_of_nothing(bad: list[float]) -> None:
    with pytest.raises(ValueError, match="finite differences"):
        sign_flip_p(bad)


def test_unpaired_and_empty_results_are_refused() -> None:
    with pytest.raises(ValueError, match="do not pair"):
        paired_test([1.0], [1.0, 2.0])
    with pytest.raises(ValueError, match="at least one finite"):
        mean_interval([])


def test_class_scores_are_scikit_learns() -> None:
    rng = np.random.default_rng(0)
    truth = rng.choice(7, size=60, p=[0.4, 0.2, 0.1, 0.1, 0.1, 0.05, 0.05])
    scores = rng.random((60, 7)) + np.eye(7)[truth] * 0.4
    measured = class_scores(np.eye(7)[truth], scores)
    assert measured["top1"] == pytest.approx((scores.argmax(1) == truth).mean())
    assert measured["top5"] == pytest.approx(top_k_accuracy_score(truth, scores, k=5, labels=range(7)))
    assert measured["mean_per_class"] == pytest.approx(balanced_accuracy_score(truth, scores.argmax(1)))


def test_classes_without_clips_and_unknown_clips_do_not_count() -> None:
    targets = np.array([[1, 0, 0], [1, 0, 0], [0, 1, 0], [np.nan] * 3])
    scores = np.array([[0.9, 0, 0], [0, 0.8, 0], [0, 0.7, 0], [1, 0, 0]])
    measured = class_scores(targets, scores)
    assert measured["top1"] == pytest.approx(2 / 3)
    assert measured["mean_per_class"] == pytest.approx((0.5 + 1) / 2)
    assert np.isnan(measured["top5"])


def test_one_row_a_metric() -> None:
    rows = [{"top1": value, "top5": float("nan")} for value in WITH]
    table = seed_table(rows).set_index("metric")
    assert table.loc["top1", "mean"] == pytest.approx(np.mean(WITH))
    assert table.loc["top1", "low"] == pytest.approx(mean_interval(WITH).low)
    assert table["seeds"].tolist() == [5, 5]
    assert table.loc["top5"].drop("seeds").isna().all()
    assert seed_table([]).empty


@pytest.mark.parametrize(("base", "novel", "mean"), [(73.8, 53.3, 61.9), (92.9, 67.7, 78.3), (76.4, 61.1, 67.9)])
def test_the_harmonic_mean_of_the_published_table(base: float, novel: float, mean: float) -> None:
    assert harmonic_mean(base, novel) == pytest.approx(mean, abs=0.05)
    assert harmonic_mean(base, 0.0) == 0
