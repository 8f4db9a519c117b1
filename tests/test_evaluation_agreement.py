import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score, matthews_corrcoef

from actscribe.evaluation.agreement import class_kappa, class_mcc, four_counts, kappa, mcc, where_varied
from actscribe.evaluation.intervals import estimate, group_units


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=2, max_size=40))
def test_kappa_and_mcc_agree_with_scikit_learn(pairs):
    true, predicted = (np.array(side, dtype=int) for side in zip(*pairs, strict=True))
    counts = four_counts(true[:, None].astype(float), predicted[:, None] > 0).sum(axis=0)[0]
    if len(set(true) | set(predicted)) == 2:
        assert mcc(counts) == pytest.approx(matthews_corrcoef(true, predicted))
        assert kappa(counts) == pytest.approx(cohen_kappa_score(true, predicted))
    else:
        assert mcc(counts) == 0
        assert np.isnan(kappa(counts))


def test_kappa_by_hand():
    # 20 + 15 of 50 alike, so 0.7; by chance (25 * 30 + 25 * 20) / 50 ** 2 = 0.5; (0.7 - 0.5) / (1 - 0.5) = 0.4.
    assert kappa(np.array([20, 5, 10, 15])) == pytest.approx(0.4)


def test_clips_that_are_not_annotated_count_nowhere():
    targets = np.array([[1, np.nan], [0, np.nan], [1, np.nan]])
    counts = four_counts(targets, np.array([[True, True], [False, True], [False, False]])).sum(axis=0)
    assert counts.tolist() == [[1, 0, 1, 1], [0, 0, 0, 0]]
    assert np.isnan(kappa(counts)[1])
    assert np.isnan(mcc(counts)[1])


def test_kappa_takes_intervals_over_recordings():
    rng = np.random.default_rng(0)
    targets = (rng.random((600, 1)) < 0.4).astype(float)
    predicted = np.where(rng.random((600, 1)) < 0.85, targets > 0, targets == 0)
    names = [str(index // 30) for index in range(600)]
    estimated = estimate(kappa, four_counts(targets, predicted)[:, None], group_units(names), "signed")
    assert estimated.value == pytest.approx(cohen_kappa_score(targets[:, 0], predicted[:, 0]))
    assert estimated.low < estimated.value < estimated.high


def test_kappa_of_classes_agrees_with_scikit_learn():
    rng = np.random.default_rng(1)
    true = rng.integers(0, 4, 200)
    predicted = np.where(rng.random(200) < 0.6, true, rng.integers(0, 4, 200))
    one_hot = np.eye(4)
    counts = four_counts(one_hot[true], one_hot[predicted] > 0).sum(axis=0)
    assert class_kappa(counts) == pytest.approx(cohen_kappa_score(true, predicted))
    assert class_mcc(counts) == pytest.approx(matthews_corrcoef(true, predicted))
    constant = four_counts(one_hot[true], one_hot[np.zeros(200, dtype=int)] > 0).sum(axis=0)
    assert class_mcc(constant) == 0
    assert np.isnan(class_mcc(np.zeros((2, 4))))
    assert np.isnan(class_kappa(np.array([[5, 0, 0, 0], [0, 0, 0, 5]])))
    assert np.isnan(class_kappa(np.zeros((2, 4))))


def test_means_are_over_the_same_labels_for_everyone():
    """A label that is in every clip gives kappa 0 to one miss and no kappa to none: it counts for neither."""
    targets = np.array([[1, 1, 0], [1, 1, 0], [1, 0, 0], [1, 0, 0]], dtype=float)
    careful = targets > 0
    with_a_miss = careful.copy()
    with_a_miss[0, 0] = False
    with_a_miss[0, 2] = True
    for predicted in (careful, with_a_miss):
        counts = four_counts(targets, predicted).sum(axis=0)
        for measure in (kappa, mcc):
            varied = where_varied(measure(counts), counts)
            assert varied[1] == 1
            assert np.isnan(varied[[0, 2]]).all()
