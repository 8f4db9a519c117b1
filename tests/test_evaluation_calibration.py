import numpy as np
import pytest
from scipy.special import expit, softmax
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss

from actscribe.evaluation.calibration import calibration_table, fit_temperature, reliability_bins, tempered


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


def test_the_top_label_error_is_that_of_guo_by_hand():
    # Highest scores 0.95 and 0.85 (two of three right) in the bin from 0.9 or 0.8; 0.55 (wrong) in that from 0.5.
    scores = np.array([[0.95, 0.05], [0.05, 0.95], [0.15, 0.85], [0.55, 0.45]])
    targets = np.array([[1, 0], [1, 0], [0, 1], [0, 1]], dtype=float)
    row = calibration_table(targets, scores, ["a", "b"], "multi-class").iloc[-1]
    assert row["label"] == "top label"
    assert row["ece"] == pytest.approx((2 * abs(0.95 - 0.5) + abs(0.85 - 1) + abs(0.55 - 0)) / 4)
    assert row["annotated"] == 4


@pytest.mark.parametrize("clips", [50, 2000])
def test_perfect_probabilities_get_the_floor_and_no_less(clips):
    rng = np.random.default_rng(clips)
    rows = []
    for _ in range(40):
        scores = rng.random((clips, 1))
        rows.append(calibration_table((rng.random((clips, 1)) < scores).astype(float), scores, ["a"]).iloc[0])
    assert np.mean([row["ece"] for row in rows]) == pytest.approx(np.mean([row["ece_floor"] for row in rows]), rel=0.1)
    assert (np.mean([row["ece_floor"] for row in rows]) > 0.1) == (clips == 50)


def test_small_and_empty_sets():
    table = reliability_bins(np.array([0.0, 1.0, 1.0]), np.array([0.5, 0.5, 0.5]))
    assert table[["mean_score", "clips"]].values.tolist() == [[0.5, 3]]
    assert reliability_bins(np.array([np.nan]), np.array([0.5])).empty
    empty = calibration_table(np.full((2, 1), np.nan), np.zeros((2, 1)), ["a"]).set_index("label")
    assert np.isnan(empty.loc["a", "brier"])
    assert np.isnan(empty.loc["macro", "ece"])


def overconfident(factor, task="multi-label", clips=4000):
    """Targets drawn from true probabilities, and scores whose logits are those times `factor`."""
    rng = np.random.default_rng(7)
    logits = rng.normal(size=(clips, 3)) * 1.5
    if task == "multi-label":
        return (rng.random(logits.shape) < expit(logits)).astype(float), expit(factor * logits)
    chosen = (softmax(logits, axis=1).cumsum(axis=1) > rng.random((clips, 1))).argmax(axis=1)
    return np.eye(3)[chosen], softmax(factor * logits, axis=1)


@pytest.mark.parametrize("task", ["multi-label", "multi-class"])
@pytest.mark.parametrize("factor", [0.4, 1.0, 3.0])
def test_the_temperature_of_distorted_scores_is_found_and_mends_them(task, factor):
    targets, scores = overconfident(factor, task)
    temperature = fit_temperature(targets, scores, task)
    assert temperature == pytest.approx(factor, rel=0.08)
    mended = tempered(scores, temperature, task)
    names = ["a", "b", "c"]
    before, after = (calibration_table(targets, s, names)["ece"].iloc[-1] for s in (scores, mended))
    assert after < (0.03 if factor == 1 else before / 2)
    np.testing.assert_array_equal(scores.argmax(axis=1), mended.argmax(axis=1))
    if task == "multi-class":
        np.testing.assert_allclose(mended.sum(axis=1), 1)


def test_temperature_leaves_out_what_is_not_annotated_and_bears_sure_scores():
    targets, scores = overconfident(3.0)
    masked, wrong = targets.copy(), scores.copy()
    masked[::2] = np.nan
    wrong[::2] = 1.0
    assert fit_temperature(masked, wrong, "multi-label") == pytest.approx(
        fit_temperature(targets[1::2], scores[1::2], "multi-label"), rel=1e-3
    )
    assert fit_temperature(np.full((2, 1), np.nan), np.zeros((2, 1)), "multi-label") == 1
    assert 1 < fit_temperature(np.array([[1.0], [0.0], [1.0]]), np.array([[1.0], [0.0], [0.0]]), "multi-label") <= 20
