import numpy as np
import pytest
from sklearn.metrics import f1_score

from actscribe.evaluation.certainty import certainty, risk_coverage
from actscribe.evaluation.intervals import group_units


def test_certainty_is_the_mean_part_of_the_room_beyond_the_threshold():
    scores = np.array([[0.9, 0.1], [0.6, 0.5], [0.0, 1.0]])
    # thresholds 0.6 and 0.5: (0.3 / 0.4 + 0.4 / 0.5) / 2, (0 + 0) / 2, (0.6 / 0.6 + 0.5 / 0.5) / 2
    assert certainty(scores, np.array([0.6, 0.5]), "multi-label") == pytest.approx([0.775, 0, 1])
    assert certainty(np.array([[0.2, 0.5, 0.3]]), np.zeros(3), "multi-class") == pytest.approx([0.2])
    assert certainty(np.ones((2, 1)), np.zeros(1), "multi-class").tolist() == [1, 1]
    assert certainty(np.array([[1.0]]), np.array([1.0]), "multi-label").tolist() == [1]


def test_the_rest_is_measured_without_the_least_certain_clips():
    rng = np.random.default_rng(0)
    targets = (rng.random((200, 2)) < 0.5).astype(float)
    sure = rng.random(200)
    decided = np.where(rng.random((200, 2)) < 0.5 + sure[:, None] / 2, targets > 0, targets == 0)
    names = [str(index // 20) for index in range(200)]
    table = risk_coverage(targets, decided[:, None], sure[:, None], group_units(names), (0.0, 0.2, 0.5))
    assert table["clips"].tolist() == [200, 160, 100]
    kept = np.argsort(-sure)
    for row in table.itertuples():
        rows = kept[: row.clips]
        assert row.macro_f1 == pytest.approx(f1_score(targets[rows], decided[rows], average="macro"))
        assert row.low < row.macro_f1 < row.high
    assert table["macro_f1"].is_monotonic_increasing


def test_seeds_are_averaged_and_each_has_its_own_order():
    targets = np.array([[1.0], [1.0], [0.0], [0.0]])
    decided = np.array([[[True], [True]], [[False], [True]], [[False], [True]], [[False], [False]]])
    sure = np.array([[1.0, 0.9], [0.1, 0.8], [0.5, 0.1], [0.6, 0.7]])
    table = risk_coverage(targets, decided, sure, group_units(list("abcd")), (0.0, 0.25))
    # Seed 0: tp 1, fn 1 -> 2/3, without clip 1: 1. Seed 1: tp 2, fp 1 -> 4/5, without clip 2: 1.
    assert table["macro_f1"].tolist() == pytest.approx([(2 / 3 + 4 / 5) / 2, 1])
    alone = risk_coverage(targets, decided, sure, group_units(["a"] * 4), (0.0,)).iloc[0]
    assert np.isnan(alone["low"])
