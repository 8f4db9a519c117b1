import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss

from actscribe.evaluation.calibration import calibration_table, reliability_bins


def some_clips(distort=1.0):
    rng = np.random.default_rng(0)
    scores = rng.random(2000)
    return (rng.random(2000) < scores**distort).astype(float), scores


def test_bins_agree_with_scikit_learn():
    target, score = some_clips(2.0)
    table = reliability_bins(target, score, 8)
    rates, means = calibration_curve(target, score, n_bins=8, strategy="quantile")
    np.testing.assert_allclose(table["mean_score"], means)
    np.testing.assert_allclose(table["positive_rate"], rates)
    assert table["clips"].tolist() == [250] * 8
    tied = np.round(score, 1)
    rates, means = calibration_curve(target, tied, n_bins=8, strategy="quantile")
    np.testing.assert_allclose(reliability_bins(target, tied, 8)["mean_score"], means)


def test_the_table_agrees_with_scikit_learn_and_leaves_out_what_is_not_annotated():
    target, score = some_clips()
    targets, scores = np.column_stack([target, target]), np.column_stack([score, np.full(2000, 0.9)])
    targets[:500, 0] = np.nan
    table = calibration_table(targets, scores, ["a", "b"]).set_index("label")
    assert table.loc["a", "brier"] == pytest.approx(brier_score_loss(target[500:], score[500:]))
    assert table.loc["a", "annotated"] == 1500
    assert table.loc["a", "ece"] < 0.05
    assert table.loc["b", "ece"] == pytest.approx(0.9 - target.mean())
    assert table.loc["macro", "ece"] == pytest.approx(table.loc[["a", "b"], "ece"].mean())


def test_small_and_empty_sets():
    table = reliability_bins(np.array([0.0, 1.0, 1.0]), np.array([0.5, 0.5, 0.5]))
    assert table[["mean_score", "clips"]].values.tolist() == [[0.5, 3]]
    assert reliability_bins(np.array([np.nan]), np.array([0.5])).empty
    empty = calibration_table(np.full((2, 1), np.nan), np.zeros((2, 1)), ["a"]).set_index("label")
    assert np.isnan(empty.loc["a", "brier"])
    assert np.isnan(empty.loc["macro", "ece"])
