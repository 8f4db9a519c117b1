"""Indicators of an audit, each recomputed by hand; what nobody annotated leaves them open, within bounds that hold."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actscribe.annotations.interval import Interval
from actscribe.evaluation.audit.measure import NOTHING_ELSE, Measurement, measure
from actscribe.evaluation.audit.presence import Observed
from actscribe.indicator_settings import Indicator

NAMES = ("V", "S", "X")


def ask(measure_: str, **values: object) -> Indicator:
    return Indicator.model_validate({"name": "asked", "measure": measure_, **values})


def observe(text: str, duration: float = 100.0, **moments: float) -> Observed:
    """Return what 'V 10-20, S 5, gap 30-40, gap V 50-60' says."""
    intervals, gaps = [], []
    for part in filter(None, (part.strip() for part in text.split(","))):
        *names, when = part.split()
        start, _, end = when.partition("-")
        is_gap = names[0] == "gap"
        label = "".join(names[1:]) if is_gap else names[0]
        (gaps if is_gap else intervals).append(Interval(label, float(start), float(end or start)))
    return Observed(intervals, duration, gaps, moments)


def one(text: str, asked: Indicator, duration: float = 100.0, **moments: float) -> Measurement:
    (measurement,) = measure(observe(text, duration, **moments), asked, NAMES)
    return measurement


#: What is annotated, the indicator, and the number that a person finds with paper and pencil.
BY_HAND = [
    ("V 10-20, V 25-40", ask("latency", of="V"), 10),
    ("V 10-20, V 25-40", ask("latency", of="V", after={"manifest": "birth"}), 5),
    ("V 0-20, V 25-40", ask("latency", of="V", after={"manifest": "birth"}), 0),  # runs at the moment itself
    ("V 10-20, S 3-4", ask("latency", of=["V", "S"]), 3),
    ("V 10-20, V 25-40", ask("total", of="V"), 25),
    ("V 10-20, V 25-40", ask("fraction", of="V"), 0.25),
    ("V 10-20, V 25-60", ask("fraction", of="V", after={"start_of": "V"}, lasting=30), 25 / 30),
    ("V 10-20, V 25-60", ask("fraction", of="V", after={"start_of": "V", "nth": 2}, lasting=30), 1),
    ("V 10-20, V 25-60", ask("total", of="V", after={"end_of": "V"}, until={"start_of": "V", "nth": -1}), 0),
    ("V 10-20, V 25-40, V 70-71", ask("count", of="V"), 3),
    ("V 10-20, V 25-40, V 70-71", ask("count", of="V", after={"manifest": "birth"}, lasting=25), 2),
    ("V 0-20, V 25-40", ask("count", of="V", after={"manifest": "birth"}), 1),  # the first began before
    ("X 1, X 7, X 7, V 10-20", ask("count", of="X"), 2),
    ("X 1, X 7, V 10-20", ask("latency", of="X", after={"manifest": "birth"}), 2),
    ("X 7, V 10-20", ask("latency", of="V", after={"event": "X"}), 3),
    ("X 7, X 100", ask("count", of="X"), 2),  # at the very end of the video
    ("X 100", ask("latency", of="X"), 100),
    ("V 10-20, V 25-40, V 70-71", ask("rate per minute", of="V"), 1.8),
    ("V 10-20, V 90-100", ask("count", without="V"), 2),  # from 0 on and from 20 on, as of what runs at 0
    ("V 10-20, V 90-100", ask("count", without="V", after={"manifest": "birth"}), 1),
    ("V 10-20, V 25-40, V 70-71", ask("longest pause", of="V"), 30),
    ("V 10-20", ask("longest pause", of="V"), 0),
    ("V 10-30, S 20-40", ask("overlap", of="V", overlap_with="S"), 10),
    ("V 10-30, S 20-40", ask("fraction", of="S", inside="V"), 0.5),
    ("V 10-30, S 20-40", ask("fraction", without=["V", "S"]), 0.7),
    ("V 10-30, S 20-40", ask("latency", without=["V", "S"], after={"start_of": "V"}), 30),
]


@pytest.mark.parametrize(("text", "asked", "number"), BY_HAND)
def test_by_hand(text: str, asked: Indicator, number: float) -> None:
    measurement = one(text, asked, birth=5.0)
    assert measurement.state == "measured", measurement.why
    assert (measurement.value, measurement.low, measurement.high) == pytest.approx((number,) * 3)


def test_a_point_at_the_end_is_at_no_other_moment() -> None:
    assert one("X 9", ask("latency", of="X"), duration=9.0).value == 9.0


def test_what_ran_in_the_pauses() -> None:
    # Pauses 20-30 and 40-50; S runs 20-26 and 45-50, X 25-30.
    parts = measure(
        observe("V 10-20, V 30-40, V 50-60, S 20-26, S 45-50, X 25-30"), ask("during pauses", of="V"), NAMES
    )
    assert {part.part: part.value for part in parts} == pytest.approx({"S": 0.55, "X": 0.25, NOTHING_ELSE: 0.25})
    (none,) = measure(observe("V 10-20"), ask("during pauses", of="V"), NAMES)
    assert none.state == "did not happen"
    (open_,) = measure(observe("V 10-20, V 30-40, gap 22-24"), ask("during pauses", of="V"), NAMES)
    assert open_.state == "undetermined"


@pytest.mark.parametrize(
    ("text", "asked", "bounds"),
    [
        ("V 20-30, gap 10-15", ask("latency", of="V"), (10, 20)),
        ("gap 10-20, V 20-30", ask("latency", of="V"), (10, 20)),
        ("gap 10-15", ask("latency", of="V"), (10, math.inf)),
        ("V 20-30, gap V 40-50", ask("total", of="V"), (10, 20)),
        ("V 20-30, gap 40-50", ask("fraction", of="V"), (0.1, 0.2)),
        ("V 20-30, gap 40-50", ask("fraction", without="V"), (0.8, 0.9)),
        ("V 20-30, gap 30-40, V 40-50", ask("count", of="V"), (1, math.inf)),
        ("V 20-30, gap 32-38, V 40-50", ask("count", of="V"), (2, math.inf)),
        ("V 20-30, gap 32-38, V 40-50", ask("longest pause", of="V"), (2, 10)),
        ("V 20-30, gap 50-60", ask("longest pause", of="V"), (0, 30)),
        ("V 20-30, S 25-35, gap S 20-22", ask("overlap", of="V", overlap_with="S"), (5, 7)),
    ],
)
def test_not_annotated_is_not_absent(text: str, asked: Indicator, bounds: tuple[float, float]) -> None:
    measurement = one(text, asked)
    assert measurement.state == "undetermined"
    assert measurement.why
    assert math.isnan(measurement.value)
    assert (measurement.low, measurement.high) == pytest.approx(bounds)


def test_gaps_that_cannot_change_it_do_not_open_it() -> None:
    assert one("V 20-30, gap 40-50", ask("latency", of="V")).value == 20
    assert one("V 20-30, gap S 10-15", ask("latency", of="V")).value == 20
    assert one("V 20-30, gap S 22-25", ask("total", of=["V", "S"])).value == 10  # V runs, so one of them does


def test_anchors_that_are_missing_or_unsure() -> None:
    after_start = ask("total", of="V", after={"start_of": "S"})
    assert one("V 20-30", after_start).state == "nothing to count from"
    assert one("V 20-30", after_start).why == "no start of S"
    assert one("V 20-30, gap 5-6", after_start).state == "undetermined"
    assert one("V 20-30, S 10-12, gap 5-6", after_start).state == "undetermined"
    assert one("V 20-30, S 10-12, gap 13-15", ask("total", of="V", after={"start_of": "S"}, lasting=1)).value == 0
    assert one("V 20-30", ask("latency", of="V", after={"manifest": "birth"})).why == "the manifest gives no birth"


def test_before_and_after_the_video_nothing_is_known_unless_the_study_knows_it() -> None:
    early = one("V 10-20", ask("latency", of="V", after={"manifest": "birth"}), birth=-35.0)
    assert (early.state, early.low, early.high) == ("undetermined", 0, 45)
    assert early.why == "it begins before the video"
    known = one("V 10-20", ask("latency", of="V", after={"manifest": "birth"}, unseen="absent"), birth=-35.0)
    assert known.value == 45
    late = one("V 90-95", ask("fraction", of="V", after={"start_of": "V"}, lasting=30))
    assert (late.state, late.low, late.high) == ("undetermined", 5 / 30, 25 / 30)
    assert late.why == "it ends after the video"


def test_pauses_of_a_window_that_begins_before_the_video_are_known_where_nothing_happened_yet() -> None:
    after_birth = {"of": "V", "after": {"manifest": "birth"}}
    text = "V 10-20, V 30-40, S 20-25"
    (unknown,) = measure(observe(text, birth=-35.0), ask("during pauses", **after_birth), NAMES)
    assert unknown.state == "undetermined"
    parts = measure(observe(text, birth=-35.0), ask("during pauses", **after_birth, unseen="absent"), NAMES)
    assert {part.part: part.value for part in parts} == {"S": 0.5, "X": 0, NOTHING_ELSE: 0.5}


def test_limits_are_met_by_what_is_known() -> None:
    limit = {"limit": "<= 60 s", "source": "ERC 2021"}
    asked = ask("latency", of="V", **limit)
    assert one("V 60-70", asked).verdict() == "met"
    assert one("V 60.1-70", asked).verdict() == "not met"
    assert one("V 60.1-70", asked).verdict(margin=2.0) == "undecided"
    assert one("V 57-70", asked).verdict(margin=2.0) == "met"
    assert one("V 57-70", asked).verdict(margin=math.inf) == "undecided"
    # It never came: whether in time is known once 60 s were watched.
    assert one("", asked).verdict() == "not met"
    assert one("", asked, duration=50).verdict() == "undecided"
    # A gap leaves it open only if it can matter.
    assert one("gap 10-20, V 40-50", asked).verdict() == "met"
    assert one("gap 10-20, V 70-80", asked).verdict() == "undecided"
    assert one("gap 65-70, V 75-80", asked).verdict() == "not met"
    share = ask("fraction", of="V", limit=">= 90 %", source="here")
    assert one("V 0-90", share).verdict() == "met"
    assert one("V 0-89", share).verdict() == "not met"
    assert one("V 0-89", share).verdict(margin=0.02) == "undecided"
    assert one("V 0-90", ask("fraction", of="V", limit="> 90 %", source="here")).verdict() == "not met"


bouts = st.lists(st.integers(0, 399), min_size=2, max_size=12, unique=True).map(sorted)


def drawn(edges: list[int], label: str, shift: float = 0.0) -> list[Interval]:
    pairs = zip(edges[::2], edges[1::2], strict=False)
    return [Interval(label, start / 4 + shift, end / 4 + shift) for start, end in pairs]


@given(bouts, st.integers(1, 398))
def test_totals_and_counts_of_two_windows_are_those_of_both(edges: list[int], cut: int) -> None:
    observed = Observed(drawn(edges, "V"), 100.0, (), {"cut": cut / 4})
    for name in ("total", "count"):
        (whole,) = measure(observed, ask(name, of="V"), NAMES)
        (first,) = measure(observed, ask(name, of="V", until={"manifest": "cut"}), NAMES)
        (second,) = measure(observed, ask(name, of="V", after={"manifest": "cut"}), NAMES)
        assert first.value + second.value == pytest.approx(whole.value)


@given(bouts, bouts, st.integers(0, 200))
def test_what_is_counted_from_an_anchor_moves_with_it(own: list[int], other: list[int], shift: int) -> None:
    moved = shift / 4
    for asked in (
        ask("latency", of="V", after={"manifest": "t"}, lasting=50),
        ask("fraction", of="V", after={"manifest": "t"}, lasting=50),
        ask("overlap", of="V", overlap_with="S", after={"manifest": "t"}, lasting=50),
        ask("longest pause", of="V", after={"manifest": "t"}, lasting=50),
    ):
        both = drawn(own, "V") + drawn(other, "S")
        later = drawn(own, "V", moved) + drawn(other, "S", moved)
        (at,) = measure(Observed(both, 200.0, (), {"t": 25.0}), asked, NAMES)
        (after,) = measure(Observed(later, 200.0, (), {"t": 25.0 + moved}), asked, NAMES)
        assert (after.low, after.high) == pytest.approx((at.low, at.high), nan_ok=True)


@given(bouts, bouts, st.sampled_from(["latency", "total", "fraction", "count", "rate per minute", "longest pause"]))
def test_bounds_hold_the_truth_whatever_is_hidden(edges: list[int], hidden: list[int], name: str) -> None:
    truth, gaps = drawn(edges, "V"), drawn(hidden, "")
    for window in ({}, {"after": {"manifest": "t"}, "lasting": 40}):
        asked = ask(name, of="V", **window)
        (known,) = measure(Observed(truth, 100.0, (), {"t": 20.0}), asked, NAMES)
        (measurement,) = measure(Observed(truth, 100.0, gaps, {"t": 20.0}), asked, NAMES)
        if not math.isnan(known.value):
            assert not measurement.low > known.value + 1e-6
            assert not measurement.high < known.value - 1e-6
