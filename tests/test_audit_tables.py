"""Time budgets, transitions and errors of a recognizer, recomputed by hand and by SciPy."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from scipy.stats.contingency import expected_freq

from actscribe.annotations.interval import Interval
from actscribe.data.recording import Recording
from actscribe.evaluation.audit import table as tables
from actscribe.evaluation.audit.budget import budget, sequence, transitions
from actscribe.evaluation.audit.errors import Compared, off
from actscribe.evaluation.audit.formatting import usually
from actscribe.evaluation.audit.measure import Measurement
from actscribe.evaluation.audit.presence import Observed
from actscribe.evaluation.audit.table import ANNOTATED, PREDICTED
from actscribe.labels import LabelSet

LABELS = LabelSet.model_validate(
    {
        "name": "lab",
        "labels": ["A", "B", "Away"],
        "events": ["Drop"],
        "time_budget": {"out_of_sight": "Away", "lags": 2},
        "indicators": [
            {"name": "to A", "measure": "latency", "of": "A", "limit": "<= 60 s", "source": "here"},
        ],
    }
)


def test_a_time_budget_by_hand() -> None:
    intervals = [
        ("A", 0, 10),
        ("A", 20, 24),
        ("A", 50, 60),
        ("B", 10, 20),
        ("Away", 80, 100),
        ("Drop", 5, 5),
        ("Drop", 9, 9),
    ]
    table = budget(Observed([Interval(*one) for one in intervals], 100.0), LABELS).set_index("label")
    row = table.loc["A"]
    assert row[["events", "total_s", "mean_s", "interval_mean_s"]].tolist() == [3, 24, 8, 18]
    assert row["sd_s"] == pytest.approx(np.std([10, 4, 10], ddof=1))
    assert row["interval_sd_s"] == pytest.approx(np.std([10, 26], ddof=1))
    assert row["fraction"] == pytest.approx(24 / 80)  # 20 s are out of sight
    assert table.loc["Drop", ["events", "total_s", "interval_mean_s"]].tolist() == [2, 0, 4]
    assert math.isnan(table.loc["B", "sd_s"])


def test_events_at_the_very_start_and_end_have_intervals_too() -> None:
    drops = [Interval("Drop", at, at) for at in (0, 10, 40, 100)]
    table = budget(Observed(drops, 100.0, [Interval("", 50, 60)]), LABELS).set_index("label")
    assert table.loc["Drop", "interval_mean_s"] == pytest.approx(20)  # 10 and 30; the last reaches over the gap
    table = budget(Observed(drops, 100.0), LABELS).set_index("label")
    assert table.loc["Drop", "interval_mean_s"] == pytest.approx(100 / 3)


def test_no_interval_reaches_over_a_gap() -> None:
    intervals = [Interval("A", 0, 10), Interval("A", 20, 30), Interval("A", 40, 50)]
    table = budget(Observed(intervals, 100.0, [Interval("", 33, 35)]), LABELS).set_index("label")
    assert table.loc["A", "interval_mean_s"] == 10
    assert table.loc["A", "fraction"] == pytest.approx(30 / 98)


def test_what_follows_what_against_scipy() -> None:
    draw = np.random.default_rng(3)
    names = [str(one) for one in draw.choice(["A", "B", "Drop"], 60)]
    parts, names_of = [names[:40], names[40:]], ["A", "B", "Drop"]
    table = transitions(parts, LABELS)
    for lag in (1, 2):
        counts = np.zeros((3, 3))
        for part in parts:
            for one, other in zip(part, part[lag:], strict=False):
                counts[names_of.index(one), names_of.index(other)] += 1
        own = table[table["lag"] == lag]
        assert own["count"].tolist() == counts.ravel().tolist()
        assert own["expected"].to_numpy() == pytest.approx(expected_freq(counts).ravel())
        shares = counts.sum(axis=1, keepdims=True) / counts.sum(), counts.sum(axis=0) / counts.sum()
        spread = np.sqrt(expected_freq(counts) * (1 - shares[0]) * (1 - shares[1]))
        assert own["z"].to_numpy() == pytest.approx(((counts - expected_freq(counts)) / spread).ravel())


def test_nothing_follows_over_a_gap_and_out_of_sight_is_no_behaviour() -> None:
    intervals = [Interval("A", 0, 10), Interval("Away", 10, 12), Interval("B", 12, 20), Interval("A", 40, 50)]
    assert sequence(Observed(intervals, 100.0, [Interval("", 30, 35)]), LABELS) == [["A", "B"], ["A"]]


ASKED = LABELS.indicators[0]


def number(value: float) -> Measurement:
    return Measurement(ASKED, value, value, value, "measured")


NEVER = Measurement(ASKED, math.nan, 100.0, math.inf, "did not happen")


def test_how_far_a_recognizer_is_off_and_what_it_may_be() -> None:
    truths = [10.0, 20, 30, 40, 50, 60, 70, 80, 90]
    deviation = off(Compared(f"g{i}", number(one), number(one + 1 + i)) for i, one in enumerate(truths))
    assert deviation.off_by == 5
    assert deviation.low < 5 < deviation.high
    assert (deviation.margin, deviation.often) == (9, 0.9)  # of nine groups the largest: 9 of 10 stay below it
    assert "off by 5.0 s on average (95 %:" in usually(deviation, "s")
    few = off(Compared(f"g{i}", number(one), number(one + 1)) for i, one in enumerate(truths[:5]))
    assert (few.margin, few.often) == (1, 5 / 6)
    same = off(Compared("g", number(one), number(one + 1)) for one in truths)
    assert (same.margin, same.often) == (math.inf, 0)  # nine recordings of one subject are one
    assert math.isnan(same.low)


def test_what_is_missed_or_invented_decides_no_limit() -> None:
    pairs = [Compared(f"g{i}", number(5.0), number(5.0)) for i in range(8)]
    for one, counts in ((Compared("x", number(5.0), NEVER), (1, 0)), (Compared("x", NEVER, number(5.0)), (0, 1))):
        deviation = off([*pairs, one])
        assert (deviation.missed, deviation.invented) == counts
        assert deviation.margin == math.inf
        assert f"{'missed' if counts[0] else 'invented'} in 1 of 9" in usually(deviation, "s")
    assert off([*pairs, Compared("x", NEVER, NEVER)]).margin == 0
    empty = off([Compared(f"g{i}", NEVER, NEVER) for i in range(12)])
    assert empty.margin == math.inf  # it was never off, for want of numbers
    assert usually(empty, "s") == "never a number, neither annotated nor predicted"
    never = [Compared(f"g{i}", NEVER, NEVER) for i in range(12)]
    of_five = off([*never, *(Compared(f"x{i}", number(5.0), number(7.0)) for i in range(5))])
    assert (of_five.margin, of_five.often) == (2, 5 / 6)
    left_open = Measurement(ASKED, math.nan, 0.0, 9.0, "undetermined")
    assert off([*pairs, Compared("x", left_open, number(5.0))]).recordings == 8


def test_margins_hold_as_often_as_they_promise() -> None:
    draw = np.random.default_rng(1)
    held = 0
    for _ in range(2000):
        errors = draw.exponential(2.0, 13)
        deviation = off(Compared(f"g{i}", number(50.0), number(50.0 + one)) for i, one in enumerate(errors[:12]))
        held += errors[12] <= deviation.margin
    assert 0.9 <= held / 2000 <= 0.95  # the 12th of 12: 12 of 13


def test_a_limit_near_the_error_is_undecided() -> None:
    recordings = [Recording(f"r{i}", Path("v"), 100.0, "", f"g{i}", "test", ()) for i in range(12)]
    truth = {one.name: [Interval("A", 40.0 + i, 99.0)] for i, one in enumerate(recordings)}
    late = {one.name: [Interval("A", 40.0 + i + (2 if i % 2 else 3), 99.0)] for i, one in enumerate(recordings)}
    audited = tables.audit(recordings, {ANNOTATED: truth, PREDICTED: late}, LABELS)
    known = tables.errors(audited, {one.name: one.group for one in recordings})
    assert known["to A", ""].margin == 3
    assert known["to A", ""].agreement.value > 0.5
    new = tables.audit(
        recordings[:3], {PREDICTED: {f"r{i}": [Interval("A", at, 99.0)] for i, at in enumerate((56, 58, 64))}}, LABELS
    )
    assert tables.table(new, known)["verdict"].tolist() == ["met", "undecided", "not met"]
    assert tables.table(new)["verdict"].tolist() == ["undecided"] * 3  # nothing is known of the recognizer
    row = tables.table(new, known).iloc[1]
    assert row["why"] == "the limit is nearer than the recognizer's error"
    assert row["usually"].startswith("± 2.5 s (")
    summary = tables.summary(new, LABELS, known).iloc[0]
    assert summary[["met", "not_met", "undecided"]].tolist() == [1, 1, 1]
