"""The campaign of coverage: what it counts, by hand, and that an interval which is not given is not a miss."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest


@pytest.fixture
def coverage(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1]))
    return importlib.import_module("campaigns.coverage")


def test_an_interval_that_is_not_given_counts_nowhere(coverage: Any) -> None:
    bounds = [((0.4, 0.6), (0.5, 0.7)), ((0.6, 0.7), (0.4, 0.5)), ((np.nan, np.nan), (0.5, 0.6)), ((0.3, 0.5), (0, 1))]
    held = np.array([[coverage.holds(0.5, *both)] for both in bounds])
    np.testing.assert_array_equal(held[:, 0], [[1, 1], [0, 1], [np.nan, np.nan], [1, 1]])
    shares = coverage.shares(["AP"], held)
    assert shares == pytest.approx({"AP, ours": 200 / 3, "AP, bootstrap": 100, "AP, none given": 25})


def test_a_row_says_how_many_sets_show_the_label_in_too_few_groups(
    coverage: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, smaller in (("EVERYONE", 2000), ("RANKED", 500), ("RESAMPLES", 20)):
        monkeypatch.setattr(coverage, name, smaller)
    few, many = coverage.held(5, 1.5, 100, seed=3), coverage.held(20, 0.5, 10, seed=3)
    assert 1 <= few["AP, none given"] <= 15
    assert many["AP, none given"] == 0
    assert few["AP, ours"] > 85
