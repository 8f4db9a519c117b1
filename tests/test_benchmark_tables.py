"""Tables of a benchmark from results of single seeds."""

from __future__ import annotations

import pytest
from scipy import stats

from actscribe.runs.benchmark_tables import SeedResult, difference_table, result_table


def results(without: list[float], with_: list[float]) -> list[SeedResult]:
    listed = [SeedResult("clip", seed, {"top1": value}, {}) for seed, value in enumerate(without)]
    return listed + [SeedResult("clip + VgHIF", seed, {"top1": value}, {}) for seed, value in enumerate(with_)]


def test_intervals_end_where_fractions_do() -> None:
    made = results([0.2, 0.3], [0.3, 0.9])
    table = result_table(made).set_index("system")
    # Student with one degree of freedom: 0.25 -+ 0.64 and 0.6 -+ 3.8.
    assert table.loc["clip", ["low", "high"]].tolist() == pytest.approx([0.0, 0.25 + stats.t.ppf(0.975, 1) * 0.05])
    assert table.loc["clip + VgHIF", ["mean", "low", "high"]].tolist() == pytest.approx([0.6, 0.0, 1.0])
    difference = difference_table(made)
    assert difference is not None
    assert difference[["difference", "low", "high"]].values.tolist() == [pytest.approx([0.35, -1.0, 1.0])]


def test_intervals_inside_are_students() -> None:
    values = [0.4, 0.5, 0.45, 0.55]
    table = result_table(results(values, values))
    low, high = stats.t.interval(0.95, 3, loc=0.475, scale=stats.sem(values))
    assert table[["low", "high"]].values.tolist() == [pytest.approx([low, high])] * 2
