import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from actscribe.evaluation.clips import choose_thresholds, class_table, clip_table, confusion, top_accuracy

NAMES = ["a", "b", "c"]


def some_clips(seed=0, clips=200, missing=0.2):
    rng = np.random.default_rng(seed)
    targets = (rng.random((clips, 3)) < [0.5, 0.1, 0.3]).astype(float)
    scores = np.round(np.clip(0.3 * targets + rng.random((clips, 3)) * 0.7, 0, 1), 2)  # rounded: with ties
    targets[rng.random((clips, 3)) < missing] = np.nan
    return targets, scores


def test_every_label_agrees_with_scikit_learn_on_the_annotated_clips():
    targets, scores = some_clips()
    thresholds = np.array([0.4, 0.5, 0.6])
    table = clip_table(targets, scores, thresholds, NAMES).set_index("label")
    for column, name in enumerate(NAMES):
        known = ~np.isnan(targets[:, column])
        true, score = targets[known, column], scores[known, column]
        decided = score >= thresholds[column]
        expected = metrics.precision_recall_fscore_support(true, decided, average="binary", zero_division=0)[:3]
        np.testing.assert_allclose(table.loc[name, ["precision", "recall", "f1"]].astype(float), expected)
        assert table.loc[name, "average_precision"] == pytest.approx(metrics.average_precision_score(true, score))
        assert table.loc[name, "support"] == true.sum()
        assert table.loc[name, "annotated"] == known.sum()
        assert table.loc[name, "predicted_rate"] == pytest.approx(decided.mean())
        assert table.loc[name, "prior"] == pytest.approx(true.mean())


def test_macro_and_micro_agree_with_scikit_learn():
    targets, scores = some_clips(missing=0)
    table = clip_table(targets, scores, np.full(3, 0.5), NAMES).set_index("label")
    for kind in ("macro", "micro"):
        expected = metrics.precision_recall_fscore_support(targets, scores >= 0.5, average=kind, zero_division=0)[:3]
        np.testing.assert_allclose(table.loc[kind, ["precision", "recall", "f1"]].astype(float), expected)
        precision = metrics.average_precision_score(targets, scores, average=kind)
        assert table.loc[kind, "average_precision"] == pytest.approx(precision)


def test_empty_cases_are_defined():
    targets = np.array([[1.0, 0.0, np.nan], [0.0, 0.0, np.nan]])
    scores = np.array([[0.1, 0.9, 0.9], [0.1, 0.1, 0.9]])
    table = clip_table(targets, scores, np.full(3, 0.5), NAMES).set_index("label")
    assert table.loc["a", ["precision", "recall", "f1"]].tolist() == [0, 0, 0]  # present, never predicted
    assert table.loc["b", "precision"] == 0  # absent, predicted
    assert table.loc["b", ["recall", "f1", "average_precision"]].isna().all()
    assert table.loc["c", ["recall", "f1", "prior", "predicted_rate"]].isna().all()
    assert table.loc["c", "annotated"] == 0
    assert table.loc["macro", "f1"] == 0  # of "a" alone
    assert table.loc["micro", ["precision", "recall", "support"]].tolist() == [0, 0, 1]
    nothing = clip_table(np.full((2, 1), np.nan), np.zeros((2, 1)), np.zeros(1), ["a"]).set_index("label")
    assert np.isnan(nothing.loc["macro", "f1"])


def test_shapes_that_do_not_match_are_refused():
    with pytest.raises(ValueError, match="do not match"):
        clip_table(np.zeros((2, 3)), np.zeros((2, 2)), np.zeros(2), ["a", "b"])


def one_hot(labels, count=3):
    return np.eye(count)[labels]


def test_classes_agree_with_scikit_learn():
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 3, 150)
    scores = rng.random((150, 3)) + 0.5 * one_hot(labels)
    targets = one_hot(labels)
    targets[:10] = np.nan
    table = class_table(targets, scores, NAMES).set_index("label")
    true, predicted = labels[10:], scores[10:].argmax(axis=1)
    expected = metrics.precision_recall_fscore_support(true, predicted, labels=range(3), zero_division=0)
    for column, name in enumerate(["precision", "recall", "f1", "support"]):
        np.testing.assert_allclose(table.loc[NAMES, name].astype(float), expected[column])
    assert table.loc["micro", "f1"] == pytest.approx(metrics.accuracy_score(true, predicted))
    assert table.loc["macro", "f1"] == pytest.approx(metrics.f1_score(true, predicted, average="macro"))
    assert top_accuracy(targets, scores) == pytest.approx(metrics.accuracy_score(true, predicted))
    assert top_accuracy(targets, scores, 2) == pytest.approx(metrics.top_k_accuracy_score(true, scores[10:], k=2))
    assert (confusion(targets, scores) == metrics.confusion_matrix(true, predicted)).all()


def test_a_class_that_is_never_true_stays_out_of_macro():
    table = class_table(one_hot([0, 0, 1]), one_hot([0, 2, 1]), NAMES).set_index("label")
    assert np.isnan(table.loc["c", "f1"])
    assert table.loc["c", "precision"] == 0
    assert table.loc["macro", "precision"] == 1
    assert table.loc["macro", "f1"] == pytest.approx((2 / 3 + 1) / 2)


def test_ties_count_for_the_earlier_class():
    assert top_accuracy(one_hot([0, 1, 2]), np.full((3, 3), 0.5)) == pytest.approx(1 / 3)
    assert np.isnan(top_accuracy(np.full((2, 3), np.nan), np.zeros((2, 3))))


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 20)), min_size=1, max_size=25))
def test_no_threshold_has_a_higher_f1_than_the_chosen_one(rows):
    targets = np.array([[row[0]] for row in rows], dtype=float)
    scores = np.array([[row[1] / 20] for row in rows])
    chosen = choose_thresholds(targets, scores)[0]
    if not targets.any():
        assert chosen == 0.5
        return
    decided = scores >= np.array([chosen, *np.linspace(0, 1, 81)])  # one column a threshold
    f1 = 2 * (decided & (targets > 0)).sum(axis=0) / (decided.sum(axis=0) + targets.sum())
    assert f1[0] == pytest.approx(f1.max())


def test_a_threshold_lies_midway_and_near_a_half():
    targets = np.array([[0, 0, 1, 1]]).T.astype(float)
    assert choose_thresholds(targets, np.array([[0.1, 0.2, 0.8, 0.9]]).T)[0] == pytest.approx(0.5)
    assert choose_thresholds(targets, np.array([[0.01, 0.02, 0.04, 0.06]]).T)[0] == pytest.approx(0.03)
    assert choose_thresholds(np.ones((2, 1)), np.array([[0.4], [0.9]]))[0] == pytest.approx(0.2)
    # 0.15 (all but one said) and 0.75 (one of two said) give the same F1 of 2/3: the one nearer to 0.5 is taken.
    tied = np.array([[1, 0, 0, 1]]).T.astype(float)
    assert choose_thresholds(tied, np.array([[0.9, 0.6, 0.3, 0.28]]).T)[0] == pytest.approx(0.75)
    low = np.array([[1, 0, 0, 1, 0]]).T.astype(float)
    assert choose_thresholds(low, np.array([[0.95, 0.9, 0.8, 0.6, 0.1]]).T)[0] == pytest.approx(0.35)


def test_clips_that_are_not_annotated_choose_nothing():
    targets = np.array([[0, 1, np.nan]]).T
    assert choose_thresholds(targets, np.array([[0.2, 0.6, 0.99]]).T)[0] == pytest.approx(0.4)
    assert choose_thresholds(np.full((2, 1), np.nan), np.zeros((2, 1)))[0] == 0.5


def test_neighbouring_floats_are_told_apart():
    low = 0.7
    high = np.nextafter(low, 1)
    threshold = choose_thresholds(np.array([[0.0], [1.0]]), np.array([[low], [high]]))[0]
    assert low < threshold <= high
