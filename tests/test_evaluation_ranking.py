"""Average precision with intervals: against scikit-learn on the clips that are left, and Student's formula by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import t as student
from sklearn.metrics import average_precision_score

from actscribe.evaluation import ranking
from actscribe.evaluation.intervals import group_units


@pytest.fixture
def clips() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Targets and scores of 3 labels with ties and clips that nobody annotated, and the clips' groups."""
    rng = np.random.default_rng(3)
    targets = (rng.random((120, 3)) < [0.5, 0.2, 0.1]).astype(float)
    scores = np.round(np.clip(0.3 * targets + 0.7 * rng.random((120, 3)), 0, 1), 1)
    targets[rng.random((120, 3)) < 0.1] = np.nan
    return targets, scores, np.repeat([f"g{index}" for index in range(8)], 15)


def test_leaving_a_group_out_is_scikit_learns_number_without_its_clips(clips, monkeypatch):
    targets, scores, groups = clips
    known = ~np.isnan(targets[:, 1])
    true, own = targets[known, 1] > 0, scores[known, 1]
    for at_once in (10_000_000, 100):  # all groups in one piece, and one by one
        monkeypatch.setattr(ranking, "AT_ONCE", at_once)
        without = ranking.average_precision_without(true, own, group_units(groups[known]))
        for index, name in enumerate(np.unique(groups)):
            rest = groups[known] != name
            assert without[index] == pytest.approx(average_precision_score(true[rest], own[rest]))


def test_weights_are_those_of_scikit_learn():
    rng = np.random.default_rng(0)
    true, scores = rng.random(50) < 0.4, np.round(rng.random(50), 1)
    weights = rng.integers(0, 4, (5, 50))
    expected = [average_precision_score(true, scores, sample_weight=row) for row in weights]
    np.testing.assert_allclose(ranking.weighted_average_precision(true, scores, weights), expected)


def test_without_the_only_group_that_shows_it_nothing_is_known():
    true, scores = np.array([True, True, False, False]), np.array([0.9, 0.1, 0.8, 0.2])
    without = ranking.average_precision_without(true, scores, group_units(["a", "a", "b", "b"]))
    assert np.isnan(without[0])
    assert without[1] == 1
    nothing = ranking.average_precision_without(np.zeros(0, bool), np.zeros(0), group_units([]))
    assert nothing.shape == (0,)


def test_values_of_labels_macro_and_micro_are_scikit_learns(clips):
    targets, scores, groups = clips
    table = ranking.precision_intervals(targets, scores, groups, ["a", "b", "c"]).set_index("metric")
    known = ~np.isnan(targets)
    each = [average_precision_score(targets[known[:, i], i], scores[known[:, i], i]) for i in range(3)]
    np.testing.assert_allclose(table.loc[["a", "b", "c"], "value"], each)
    assert table.loc["macro", "value"] == pytest.approx(np.mean(each))
    assert table.loc["micro", "value"] == pytest.approx(average_precision_score(targets[known], scores[known]))
    assert (table["low"] < table["value"]).all()
    assert (table["value"] < table["high"]).all()
    assert table[["low", "high"]].gt(0).all(axis=None)
    assert table[["low", "high"]].lt(1).all(axis=None)


def test_the_interval_is_students_on_the_logit_scale_of_a_jackknife(clips):
    targets, scores, groups = clips
    targets = np.nan_to_num(targets)
    row = ranking.precision_intervals(targets, scores, groups, ["a", "b", "c"]).iloc[0]
    true, own, names = targets[:, 0] > 0, scores[:, 0], np.unique(groups)
    whole = average_precision_score(true, own)
    without = np.array([average_precision_score(true[groups != name], own[groups != name]) for name in names])
    error = np.sqrt(7 / 8 * ((without - whole) ** 2).sum())
    middle, reach = np.log(whole / (1 - whole)), student.ppf(0.975, 7) * error / (whole * (1 - whole))
    ends = 1 / (1 + np.exp(-np.array([middle - reach, middle + reach])))
    np.testing.assert_allclose([row["low"], row["high"]], ends)


def test_few_groups_have_no_interval_and_say_so(clips):
    targets, scores, _ = clips
    table = ranking.precision_intervals(targets, scores, np.repeat(["a", "b", "c"], 40), ["a", "b", "c"])
    assert table[["low", "high"]].isna().all(axis=None)
    assert set(table["note"]) == {"only 3 groups: an interval needs 5"}


def test_trainings_that_disagree_widen_the_interval(clips):
    targets, scores, groups = clips
    other = np.random.default_rng(1).permutation(scores)
    units = group_units(groups)
    same = ranking.precision_estimate(targets, np.stack([scores, scores], axis=1), units)
    apart = ranking.precision_estimate(targets, np.stack([scores, other], axis=1), units)
    for label in (0, 3):  # the first one and macro; of rare ones means over two trainings vary less over groups
        assert apart.standard_error[label] > 1.5 * same.standard_error[label]


def differing(rng: np.random.Generator, groups: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Clips of groups that differ much in how often the label occurs and in what scores it gets, and their groups."""
    index = np.repeat(np.arange(groups), rng.integers(40, 160, groups))
    rate, shift, skill = 1.2 * rng.standard_normal((3, groups))[:, index]
    true = rng.random(len(index)) < expit(rate - 1.5)
    return true, rng.normal(0.5 * shift + true * np.exp(0.3 + 0.3 * skill)), index


def test_intervals_hold_the_truth_as_often_as_they_say_and_are_refused_only_where_groups_show_nothing():
    """500 test sets of 5 groups; counting a refused interval as one that misses the truth made 87 % of it."""
    rng = np.random.default_rng(11)
    truth = average_precision_score(*differing(rng, 10_000)[:2])
    given, held, shown = np.zeros((3, 500), dtype=bool)
    for number in range(500):
        true, scores, index = differing(rng, 5)
        estimated = ranking.precision_estimate(
            true[:, None] * 1.0, scores[:, None, None], group_units(index.astype(str))
        )
        given[number], shown[number] = np.isfinite(estimated.low[0]), len(np.unique(index[true])) == 5
        held[number] = estimated.low[0] <= truth <= estimated.high[0]
    np.testing.assert_array_equal(given, shown)
    assert 0.04 <= 1 - given.mean() <= 0.10
    assert 0.92 <= held[given].mean() <= 0.97
    assert held.mean() < 0.9


def test_of_a_label_that_four_of_five_groups_show_no_interval_is_given_and_the_row_says_why():
    true = np.array([[1.0], [0.0]] * 4 + [[0.0], [0.0]])
    scores = np.array([[0.9], [0.2], [0.8], [0.3], [0.7], [0.75], [0.6], [0.1], [0.65], [0.05]])
    row = ranking.precision_intervals(true, scores, np.repeat(list("abcde"), 2), ["x"]).iloc[0]
    assert row["value"] == pytest.approx((1 + 1 + 3 / 4 + 4 / 6) / 4)  # ranks 1, 2, 4 and 6 show it
    assert row[["low", "high"]].isna().all()
    assert row["note"] == "counted in only 4 of 5 groups: an interval needs 5"
