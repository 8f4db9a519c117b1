from itertools import product

import numpy as np
import pytest

from actscribe.evaluation.baselines import class_baselines, expected_f1, label_baselines
from actscribe.evaluation.clips import COLUMNS


def expectation(targets, rates):
    """Expected precision, recall and F1 of independent guesses by label and their means, over every set of guesses."""
    guesses = np.array(list(product([0, 1], repeat=targets.size))).reshape(-1, *targets.shape)
    probability = np.prod(np.where(guesses, rates, 1 - np.asarray(rates)), axis=(1, 2))
    right = (guesses * (targets == 1)).sum(axis=1)
    named, shown = (guesses * np.isfinite(targets)).sum(axis=1), (targets == 1).sum(axis=0)
    table = np.stack(
        [right / np.maximum(named, 1), right / np.broadcast_to(shown, right.shape), 2 * right / (named + shown)],
        axis=-1,
    )
    return np.concatenate([expected := np.tensordot(probability, table, axes=1), expected.mean(axis=0, keepdims=True)])


def test_guessing_has_the_exact_expectation():
    targets = np.array([[1, 1], [0, 1], [0, 0], [1, 0], [0, np.nan]], dtype=float)
    rates = np.array([0.3, 0.6])
    table = label_baselines(targets, ["0", "1"], rates)["prior"].set_index("label")
    measured = table.loc[["0", "1", "macro"], ["precision", "recall", "f1"]].to_numpy(dtype=float)
    np.testing.assert_allclose(measured, expectation(targets, rates))


def test_the_share_in_the_targets_is_the_default_rate():
    targets = (np.random.default_rng(0).random((400, 2)) < [0.2, 0.7]).astype(float)
    table = label_baselines(targets, ["a", "b"])["prior"].set_index("label")
    share = targets.mean(axis=0)
    np.testing.assert_allclose(table.loc[["a", "b"], "predicted_rate"].astype(float), share)
    np.testing.assert_allclose(table.loc[["a", "b"], "f1"].astype(float), share, atol=0.005)
    np.testing.assert_allclose(table.loc[["a", "b"], "average_precision"].astype(float), share)
    assert table.loc["micro", "support"] == targets.sum()


def test_always_yes_and_always_no():
    targets = np.array([[1, 0], [0, 0], [0, 1], [np.nan, 1]], dtype=float)
    tables = label_baselines(targets, ["a", "b"])
    assert list(tables) == ["always yes", "always no", "prior"]
    assert all(list(table.columns) == list(COLUMNS) for table in tables.values())
    yes, no = (tables[name].set_index("label") for name in ("always yes", "always no"))
    assert yes.loc["a", ["precision", "recall", "f1"]].tolist() == pytest.approx([1 / 3, 1, 0.5])
    assert yes.loc["b", "f1"] == pytest.approx(2 / 3)
    assert yes.loc["macro", "f1"] == pytest.approx((1 / 2 + 2 / 3) / 2)
    assert no.loc[["a", "b", "macro"], ["precision", "recall", "f1"]].to_numpy().sum() == 0
    assert no.loc["a", "average_precision"] == pytest.approx(1 / 3)


def test_labels_without_positives_have_no_expectation():
    table = label_baselines(np.zeros((3, 1)), ["a"])["prior"].set_index("label")
    assert np.isnan(table.loc["a", "f1"])
    assert np.isnan(expected_f1(0, 5, 0.5))
    assert label_baselines(np.full((3, 1), np.nan), ["a"])["prior"].set_index("label").loc["a", "annotated"] == 0


def test_classes_majority_prior_and_uniform():
    targets = np.eye(3)[[0, 0, 0, 1, 2, 0]]
    targets = np.vstack([targets, np.full(3, np.nan)])
    tables = class_baselines(targets, ["a", "b", "c"])
    micro = {name: table.set_index("label").loc["micro", "f1"] for name, table in tables.items()}
    assert micro["majority"] == pytest.approx(4 / 6)
    assert micro["prior"] == pytest.approx((4 / 6) ** 2 + 2 * (1 / 6) ** 2)
    assert micro["uniform"] == pytest.approx(1 / 3)
    majority = tables["majority"].set_index("label")
    assert majority.loc["macro", "f1"] == pytest.approx(0.8 / 3)
    from_training = class_baselines(targets, ["a", "b", "c"], np.array([0.1, 0.2, 0.7]))["majority"].set_index("label")
    assert from_training.loc["micro", "f1"] == pytest.approx(1 / 6)


def test_uniform_macro_f1_agrees_with_many_draws():
    rng = np.random.default_rng(0)
    labels = np.array([0] * 12 + [1] * 5 + [2] * 3)
    exact = class_baselines(np.eye(3)[labels], ["a", "b", "c"])["uniform"].set_index("label").loc["macro", "f1"]
    guesses = rng.integers(0, 3, (20000, 20))
    f1 = []
    for c in range(3):
        tp = ((guesses == c) & (labels == c)).sum(axis=1)
        f1.append(2 * tp / ((guesses == c).sum(axis=1) + (labels == c).sum()))
    assert exact == pytest.approx(np.mean(f1), abs=0.003)
