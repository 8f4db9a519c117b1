"""Tables of a benchmark from results of single seeds."""

from __future__ import annotations

import pandas as pd
import pytest
from scipy import stats

from actscribe.benchmark.tables import SeedResult, difference_table, result_table
from actscribe.counts import counted
from actscribe.evaluation.seeds import exact_interval
from actscribe.report.benchmark_page import verdict


def results(without: list[float], with_: list[float]) -> list[SeedResult]:
    listed = [SeedResult("clip", seed, {"top1": value}, {}) for seed, value in enumerate(without)]
    return listed + [SeedResult("clip + VgHIF", seed, {"top1": value}, {}) for seed, value in enumerate(with_)]


def test_intervals_end_where_fractions_do() -> None:
    made = results([0.2, 0.3], [0.3, 0.9])
    table = result_table(made)[:2].set_index("system")
    # Student with one degree of freedom: 0.25 -+ 0.64 and 0.6 -+ 3.8.
    assert table.loc["clip", ["low", "high"]].tolist() == pytest.approx([0.0, 0.25 + stats.t.ppf(0.975, 1) * 0.05])
    assert table.loc["clip + VgHIF", ["mean", "low", "high"]].tolist() == pytest.approx([0.6, 0.0, 1.0])
    difference = difference_table(made)
    assert difference is not None
    assert difference[["difference", "low", "high"]].values.tolist() == [pytest.approx([0.35, -1.0, 1.0])]


def test_no_interval_is_without_width() -> None:
    classes = {"all": pd.DataFrame({"class": list("abcdefg"), "clips": [4, 2, 2, 1, 1, 0, 0], "accuracy": 1.0})}
    same = [SeedResult("clip", seed, {"top1": 1.0, "mean_per_class": 1.0}, classes, {"top1": 10}) for seed in range(3)]
    table = result_table(same).set_index(["system", "metric"])
    exact = stats.binomtest(10, 10).proportion_ci(0.95, "exact")
    assert table.loc[("clip", "top1"), ["low", "high"]].tolist() == pytest.approx([exact.low, 1.0])
    assert table.loc[("clip", "mean_per_class"), ["low", "high"]].isna().all()
    assert table.loc[("clip", "mean_per_class"), "interval"] == "none: all seeds equal"
    # By hand: seven classes of which five are shown, by 4, 2, 2, 1 and 1 of ten clips.
    assert table.loc["chance", "mean"].tolist() == pytest.approx([1 / 7, 5 / 7, 1 / 7])
    assert table.loc["majority", "mean"].tolist() == pytest.approx([0.4, 1.0, 1 / 5])
    equal = difference_table(results([0.5, 0.6], [0.6, 0.7]))
    assert equal is not None
    assert equal[["low", "high"]].isna().all(axis=None)


@pytest.mark.parametrize("groups", [1, 4, 5])
def test_below_five_groups_no_interval_is_given_as_everywhere(groups: int) -> None:
    classes = {"all": pd.DataFrame({"class": ["a", "b"], "clips": [2, 2], "accuracy": 0.5})}
    table = result_table([SeedResult("clip", 0, {"top1": 0.5}, classes, {"top1": groups})])
    few = groups < 5
    assert table.loc[0, ["low", "high"]].isna().all() == few
    assert table.loc[0, "interval"].startswith("none: " if few else "exact, 5 groups")
    assert (f"(no interval: {counted(groups, 'group')}, and it needs 5)" in verdict(table)[0]) == few


@pytest.mark.parametrize(("right", "of"), [(0, 7), (3, 7), (7, 7), (50, 51)])
def test_exact_intervals_are_scipys(right: int, of: int) -> None:
    exact = stats.binomtest(right, of).proportion_ci(0.95, "exact")
    assert exact_interval(right / of, of) == pytest.approx((exact.low, exact.high))


def test_intervals_inside_are_students() -> None:
    values = [0.4, 0.5, 0.45, 0.55]
    table = result_table(results(values, values))[:2]
    low, high = stats.t.interval(0.95, 3, loc=0.475, scale=stats.sem(values))
    assert table[["low", "high"]].values.tolist() == [pytest.approx([low, high])] * 2
