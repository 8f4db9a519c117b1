from itertools import product

import numpy as np
import pytest
from sklearn.metrics import f1_score

from actscribe.evaluation.bootstrap import COLUMNS, accuracy_interval, f1_intervals, label_counts, paired_difference

NAMES = ["a", "b"]


def clips_of(groups, per_group=40, seed=0, skill=0.8):
    """Clips whose quality differs from group to group: (targets, predicted, group of each)."""
    rng = np.random.default_rng(seed)
    group = np.repeat([f"g{i}" for i in range(groups)], per_group)
    quality = np.repeat(np.clip(rng.normal(skill, 0.1, groups), 0, 1), per_group)[:, None]
    targets = (rng.random((len(group), 2)) < 0.4).astype(float)
    right = rng.random((len(group), 2)) < quality
    return targets, np.where(right, targets > 0, targets == 0), group


def test_values_are_those_of_the_whole_set_and_inside_their_intervals():
    targets, predicted, groups = clips_of(12)
    table = f1_intervals(label_counts(targets, predicted), groups, NAMES)
    assert list(table.columns) == list(COLUMNS)
    assert table["metric"].tolist() == ["a", "b", "macro"]
    expected = f1_score(targets, predicted, average=None)
    np.testing.assert_allclose(table["value"], [*expected, expected.mean()])
    assert (table["low"] < table["value"]).all()
    assert (table["value"] < table["high"]).all()
    assert (table["groups"] == 12).all()
    assert (table["note"] == "").all()


def test_intervals_agree_with_every_resample_of_few_groups():
    targets, predicted, groups = clips_of(5, per_group=8)
    table = f1_intervals(label_counts(targets, predicted), groups, NAMES, resamples=20000).set_index("metric")
    members = [np.flatnonzero(groups == name) for name in sorted(set(groups))]
    macro = []
    for drawn in product(range(5), repeat=5):
        rows = np.concatenate([members[i] for i in drawn])
        macro.append(f1_score(targets[rows], predicted[rows], average="macro"))
    low, high = np.quantile(macro, [0.025, 0.975])
    assert table.loc["macro", "low"] == pytest.approx(low, abs=0.01)
    assert table.loc["macro", "high"] == pytest.approx(high, abs=0.01)


def test_intervals_shrink_with_more_groups_and_with_less_confidence():
    def width(groups, **options):
        targets, predicted, names = clips_of(groups)
        row = f1_intervals(label_counts(targets, predicted), names, NAMES, **options).set_index("metric").loc["macro"]
        return row["high"] - row["low"]

    assert width(80) < 0.6 * width(8)
    assert width(8, confidence=0.5) < 0.6 * width(8)


def test_groups_not_clips_are_what_is_drawn():
    # One group all right, one all wrong, ...: clips alone would make it look certain.
    groups = np.repeat([f"g{i}" for i in range(10)], 100)
    correct = np.repeat(np.arange(10) % 2 == 0, 100)
    row = accuracy_interval(correct, groups).iloc[0]
    assert row["value"] == 0.5
    assert row["high"] - row["low"] > 0.4
    by_clip = accuracy_interval(correct, np.arange(1000).astype(str)).iloc[0]
    assert by_clip["high"] - by_clip["low"] < 0.1


def test_the_same_seed_gives_the_same_numbers_whatever_the_order():
    targets, predicted, groups = clips_of(9)
    counts = label_counts(targets, predicted)
    first = f1_intervals(counts, groups, NAMES, seed=4)
    order = np.random.default_rng(0).permutation(len(groups))
    assert f1_intervals(counts[order], groups[order], NAMES, seed=4).equals(first)
    assert not f1_intervals(counts, groups, NAMES, seed=5).equals(first)


def test_few_groups_are_said_to_be_unreliable():
    targets, predicted, groups = clips_of(3)
    counts = label_counts(targets, predicted)
    plain = f1_intervals(counts, groups, NAMES).iloc[0]
    assert plain["note"] == "only 3 groups: the interval is unreliable"
    recordings = [f"{group}-{i % 4}" for i, group in enumerate(groups)]
    finer = f1_intervals(counts, groups, NAMES, recordings=recordings).iloc[0]
    assert "12 recordings" in finer["note"]
    assert finer["groups"] == 3
    alone = f1_intervals(counts, ["one"] * len(groups), NAMES).iloc[0]
    assert np.isnan([alone["low"], alone["high"]]).all()
    assert np.isfinite(alone["value"])
    assert alone["note"].startswith("only 1 group:")


def test_labels_missing_from_a_resample_are_left_out_of_its_macro():
    targets = np.array([[1, 0], [1, 0], [1, 1], [1, 0], [1, 0], [1, 0]], dtype=float)
    groups = list("abcdef")
    table = f1_intervals(label_counts(targets, targets > 0), groups, NAMES).set_index("metric")
    assert table.loc["macro", ["value", "low", "high"]].tolist() == [1, 1, 1]
    absent = f1_intervals(label_counts(targets * 0, targets > 0), groups, NAMES).set_index("metric")
    assert absent.loc["macro", ["value", "low", "high"]].isna().all()


def test_clips_that_are_not_annotated_count_nowhere():
    targets = np.array([[1, np.nan], [0, np.nan]])
    assert label_counts(targets, np.ones((2, 2), dtype=bool)).tolist() == [
        [[1, 0, 0], [0, 0, 0]],
        [[0, 1, 0], [0, 0, 0]],
    ]


def test_pairs_are_compared_on_the_same_draws():
    targets, first, groups = clips_of(10, skill=0.7)
    rng = np.random.default_rng(1)
    second = np.where(rng.random(first.shape) < 0.3, targets > 0, first)  # mends three errors in ten
    counts = [label_counts(targets, predicted) for predicted in (first, second)]
    table = paired_difference(*counts, groups, NAMES).set_index("metric")
    expected = f1_score(targets, second, average="macro") - f1_score(targets, first, average="macro")
    assert table.loc["macro", "value"] == pytest.approx(expected)
    assert 0 < table.loc["macro", "low"] < expected < table.loc["macro", "high"]
    back = paired_difference(counts[1], counts[0], groups, NAMES).set_index("metric")
    assert back.loc["macro", "low"] == pytest.approx(-table.loc["macro", "high"])
    same = paired_difference(counts[0], counts[0], groups, NAMES)
    assert (same[["value", "low", "high"]] == 0).all().all()
    with pytest.raises(ValueError, match="same clips"):
        paired_difference(counts[0], counts[1][::-1], groups, NAMES)
    with pytest.raises(ValueError, match="as many groups"):
        f1_intervals(counts[0], groups[1:], NAMES)
