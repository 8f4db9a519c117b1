"""Agreement of two annotators over time, against numbers worked out by hand and a published table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from actscribe.annotations.interval import Annotations, Interval
from actscribe.data.recording import Recording
from actscribe.evaluation.icc import consistency, icc, one_way
from actscribe.evaluation.reliability import reliability, seconds_agreed

#: Shrout and Fleiss 1979, table 2: four judges rate six targets.
SHROUT_FLEISS = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]])


def test_the_icc_of_shrout_and_fleiss() -> None:
    estimated = icc(SHROUT_FLEISS)
    assert estimated.value == pytest.approx(0.29, abs=0.005)
    # McGraw and Wong's interval, as R's psych::ICC prints it for this table.
    assert (estimated.low, estimated.high) == pytest.approx((0.019, 0.761), abs=0.001)


def test_the_other_two_of_shrout_and_fleiss() -> None:
    estimated = one_way(SHROUT_FLEISS)
    assert (estimated.value, estimated.low, estimated.high) == pytest.approx((0.17, -0.13, 0.72), abs=0.005)
    estimated = consistency(SHROUT_FLEISS)
    assert (estimated.value, estimated.low, estimated.high) == pytest.approx((0.71, 0.34, 0.95), abs=0.005)


def test_a_constant_lateness_spoils_agreement_and_not_consistency() -> None:
    late = np.array([[3.0, 8.0], [8.0, 13.0], [15.0, 20.0], [22.0, 27.0]])
    assert consistency(late).value == pytest.approx(1)
    assert icc(late).value < 0.9


def test_intervals_hold_the_truth_about_as_often_as_they_promise() -> None:
    draw, held = np.random.default_rng(0), np.zeros(2)
    for _ in range(300):  # variance 0.6 of things, 0.1 of raters, 0.3 left: ICC(2,1) 0.6, ICC(3,1) 0.6 / 0.9
        things, raters = draw.normal(0, 0.6**0.5, (30, 1)), draw.normal(0, 0.1**0.5, (1, 3))
        ratings = things + raters + draw.normal(0, 0.3**0.5, (30, 3))
        for index, (estimated, truth) in enumerate(((icc(ratings), 0.6), (consistency(ratings), 0.6 / 0.9))):
            held[index] += estimated.low <= truth <= estimated.high
    assert held[0] / 300 > 0.9
    assert 0.91 < held[1] / 300 < 0.99


def test_the_icc_worked_out_by_hand() -> None:
    # Means of things 1.5 and 4.5, of raters 2.5 and 3.5, of all 3: mean squares 2 * (1.5² + 1.5²) = 9 between things,
    # 2 * (0.5² + 0.5²) = 1 between raters; what is left are ±0.5 four times, 1. So (9 - 1) / (9 + 1 + 2 * 0 / 2) = 0.8.
    assert icc(np.array([[1.5, 1.5], [3.5, 5.5]])).value == pytest.approx(0.8)


def test_raters_who_agree_on_all_or_on_nothing() -> None:
    assert icc(np.array([[1, 1], [2, 2], [5, 5]])).value == pytest.approx(1.0)
    assert icc(np.array([[0.1, 1.1], [0.2, 1.2], [0.7, 1.7]])).value < 0.4  # in the same order, a second apart
    assert np.isnan(icc(np.array([[3, 3], [3, 3]])).value)
    for same in ([[1.1, 1.1]] * 3, [[0.1 + 0.2, 0.1 + 0.2], [0.3, 0.3]], [[1.7, 1.7]] * 7):  # but for rounding
        assert np.isnan([icc(np.array(same)).value, consistency(np.array(same)).value]).all()
    assert icc(np.array([[1.1, 2.2]] * 3)).value == 0
    assert np.isnan(icc(np.array([[3, 4]])).value)
    assert np.isnan(icc(np.array([[3, 3], [4, 4]])).low)


def recording(name: str, group: str = "") -> Recording:
    return Recording(name, Path(f"{name}.mp4"), 10.0, name, group or name)


def annotated(*bouts: tuple[float, float], gaps: tuple[tuple[float, float], ...] = ()) -> Annotations:
    return Annotations(tuple(Interval("a", *bout) for bout in bouts), tuple(Interval("", *gap) for gap in gaps))


def test_seconds_are_counted_where_both_looked() -> None:
    counts = seconds_agreed(recording("r"), annotated((1, 5), gaps=((8, 10),)), annotated((3, 7), (9, 10)), "a")
    assert counts.tolist() == [2.0, 2.0, 2.0, 2.0]


def test_kappa_by_seconds_worked_out_by_hand() -> None:
    # Of 8 seconds both see it for 2, each alone for 2, none for 2: as often alike as by chance.
    both = {"r": (annotated((1, 5), gaps=((8, 10),)), annotated((3, 7)))}
    assert reliability([recording("r")], both, ["a"]).loc[0, "kappa"] == pytest.approx(0.0)
    # Both 4 s, one alone 1 s, none 5 s: (0.9 - 0.5) / (1 - 0.5).
    both = {"r": (annotated((0, 5)), annotated((0, 4)))}
    assert reliability([recording("r")], both, ["a"]).loc[0, "kappa"] == pytest.approx(0.8)


def test_durations_and_counts_are_compared_over_recordings_and_kappa_has_an_interval_over_groups() -> None:
    names = [f"r{index}" for index in range(6)]
    both = {name: (annotated((0, 1 + index)), annotated((0, 1 + index), (8, 8.5))) for index, name in enumerate(names)}
    table = reliability([recording(name) for name in names], both, ["a", "b"])
    row = table.loc[0]
    durations = np.array([[1 + index, 1.5 + index] for index in range(6)])
    assert row["seconds_icc"] == pytest.approx(icc(durations).value)
    assert row["bouts_icc"] == pytest.approx(icc(np.array([[1, 2]] * 6)).value, nan_ok=True)
    assert row["low"] < row["kappa"] < row["high"] <= 1
    assert np.isnan(table.loc[1, "kappa"])
