"""Decisions that look back alone: by hand, and against the offline ones where both know the same."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from timelines import label_set

from actscribe.data import spans as sp
from actscribe.live.causal.bouts import Bout, LabelBouts
from actscribe.live.causal.exclusive import ExclusiveBouts
from actscribe.live.causal.rules import NOTHING, allowed
from actscribe.live.causal.smoothing import Smoothing
from actscribe.live.causal.timeline import CausalTimeline, Change
from actscribe.timeline.segments import LabelOperatingPoint, TimelineSettings, bouts

NAN = float("nan")


def walked(
    values: list[float], operating_point: LabelOperatingPoint, step: float = 1.0
) -> tuple[list[Bout], list[Bout | None]]:
    """Return the bouts that are over, and what is open after each step."""
    machine = LabelBouts(operating_point)
    over: list[Bout] = []
    still: list[Bout | None] = []
    for index, value in enumerate(values):
        ended, one = machine.step(value, (index + 0.5) * step, index * step)
        over += ended
        still.append(one)
    return over + machine.finish(len(values) * step), still


def test_a_bout_is_open_once_it_has_lasted_long_enough_and_over_when_no_other_can_join_it() -> None:
    operating_point = LabelOperatingPoint(on=0.5, off=0.5, min_duration=1.5, min_gap=2.0)
    over, still = walked([0, 1, 1, 1, 0, 0, 0, 0], operating_point)
    # It crosses 0.5 half way between the middles of the first two steps, at 1.0 s, and back at 4.0 s.
    assert over == [Bout(1.0, 4.0, open=False)]
    assert still[1] is None  # 1.0 to 1.5 s is too short to be told
    assert still[2] == Bout(1.0, 2.5, open=True)
    assert still[3] == Bout(1.0, 3.5, open=True)
    assert still[4] == still[5] == Bout(1.0, 4.0, open=True)  # a next one could join it until 6.0 s
    assert still[6] is None


def test_a_bout_too_short_is_never_told_and_one_that_follows_soon_makes_it_long() -> None:
    operating_point = LabelOperatingPoint(on=0.5, off=0.5, min_duration=1.5, min_gap=1.5)
    assert walked([0, 1, 0, 0, 0, 0], operating_point)[0] == []
    assert walked([0, 1, 0, 1, 0, 0, 0], operating_point)[0] == [Bout(1.0, 4.0, open=False)]


def test_an_unseen_step_ends_a_bout_and_none_is_joined_across_it() -> None:
    operating_point = LabelOperatingPoint(on=0.5, off=0.5, min_gap=5.0)
    over, still = walked([1, 1, NAN, 1, 1], operating_point)
    assert over == [Bout(0.0, 2.0, open=False), Bout(3.0, 5.0, open=False)]
    assert still[2] is None


@given(
    st.lists(st.one_of(st.sampled_from([0.0, 0.3, 0.5, 0.7, 1.0, NAN]), st.floats(0, 1)), min_size=1, max_size=60),
    st.floats(0, 1),
    st.floats(0, 1),
    st.sampled_from([0.0, 0.15, 0.5, 1.0]),
    st.sampled_from([0.0, 0.15, 0.5, 1.0]),
)
def test_the_same_values_give_the_bouts_of_the_offline_road(
    values: list[float], on: float, lower: float, shortest: float, gap: float
) -> None:
    step = 0.25
    operating_point = LabelOperatingPoint(on=on, off=on * lower, min_duration=shortest, min_gap=gap)
    edges = np.arange(len(values) + 1) * step
    wanted = bouts(np.array(values), (edges[:-1] + edges[1:]) / 2, edges, operating_point)
    over, still = walked(values, operating_point, step)
    np.testing.assert_allclose(np.array([(b.start, b.end) for b in over]).reshape(-1, 2), wanted, atol=1e-9)
    for one in (one for one in still if one is not None):  # what was told is in the end part of a bout
        assert any(start <= one.start + 1e-9 and one.end <= end + 1e-9 for start, end in wanted)


def test_smoothing_is_the_half_of_the_gaussian_that_looks_back() -> None:
    smoothing = Smoothing(1.0)
    weights = np.exp(-0.5 * np.arange(5) ** 2)
    values = [0.2, NAN, 1.0, 0.0, 0.5, 0.1, 0.9]
    smoothed = [smoothing.step(value) for value in values]
    assert smoothed[0] == 0.2
    assert np.isnan(smoothed[1])
    assert smoothed[2] == pytest.approx((1.0 + weights[2] * 0.2) / (1 + weights[2]))
    last = np.array(values[:1:-1])  # five values back, of which all are seen
    assert smoothed[6] == pytest.approx((weights * last).sum() / weights.sum())
    assert Smoothing(0.0).step(0.3) == 0.3


def test_of_several_classes_one_takes_over_once_it_has_lasted() -> None:
    machine = ExclusiveBouts([1.0, 2.0])
    rows = [[0.9, 0.1], [0.2, 0.8], [0.9, 0.1], [0.2, 0.8], [0.2, 0.8], [0.2, 0.8]]
    changes = [machine.step(np.array(row), float(index), index + 1.0) for index, row in enumerate(rows)]
    assert changes[1] == [(0, Bout(0.0, 1.0, open=True))]  # the second class has lasted 1 s, of 2 s
    assert changes[2] == [(0, Bout(0.0, 3.0, open=True))]  # it did not last: the first one went on through it
    assert changes[4] == [(0, Bout(0.0, 3.0, open=False)), (1, Bout(3.0, 5.0, open=True))]
    assert machine.step(np.array([NAN, NAN]), 6.0, 7.0) == [(1, Bout(3.0, 6.0, open=False))]


def spans(*pairs: tuple[float, float]) -> np.ndarray:
    return np.array(pairs, dtype=float).reshape(-1, 2)


def test_rules_let_be_shown_what_may_be_and_take_nothing_back() -> None:
    labels = label_set("A", "B", "C", requires={"A": ["B"]}, excludes=[("B", "C")])
    means = {"A": 0.5, "B": 0.6, "C": 0.7}

    def mean(label: str, inside: np.ndarray) -> np.ndarray:
        return np.full(len(inside), means[label])

    new = {"A": spans((0, 10)), "B": spans((2, 6)), "C": spans((5, 8))}
    spared = allowed(new, {}, labels, mean)
    # C is surer than B from 5 to 6 s, so B ends there, and with it A, which needs it.
    assert spared["B"].tolist() == [[2, 5]]
    assert spared["C"].tolist() == [[5, 8]]
    assert spared["A"].tolist() == [[2, 5]]
    shown = {"B": spans((4, 6))}
    spared = allowed({"C": spans((3, 8)), "A": spans((3, 5))}, shown, labels, mean)
    assert spared["C"].tolist() == [[3, 4], [6, 8]]  # where B is shown already it stays, surer or not
    assert spared["A"].tolist() == [[4, 5]]
    assert spared["B"].tolist() == NOTHING.tolist()


def changes_of(timeline: CausalTimeline, rows: list[list[float]], length: float = 2.0) -> list[list[Change]]:
    return [timeline.add(float(k), k + length, np.array(row)) for k, row in enumerate(rows)]


def test_with_a_window_everything_up_to_its_centre_is_decided() -> None:
    timeline = CausalTimeline(label_set("A"), TimelineSettings(step=1.0))
    changes = changes_of(timeline, [[0.0], [1.0], [1.0], [0.0], [0.0]])
    assert timeline.decided == 5.0
    # Window k from k to k + 2 s decides the step from k to k + 1 s. The middle of step 1, 1.5 s, lies a quarter into
    # window 1 and three quarters into window 0, so both weigh the same: 0.5, which reaches the threshold.
    starts = [change for one in changes for change in one if change.what == "begins"]
    ends = [change for one in changes for change in one if change.what == "ends"]
    base, rows = timeline.scores()
    assert base == 0.0
    assert rows[:, 0].tolist() == [0.0, 0.5, 1.0, 0.5, 0.0]
    assert [(one.bar.start, one.bar.appeared) for one in starts] == [
        (1.5, 4.0)
    ]  # one that only touches the threshold is none yet
    assert [(one.bar.start, one.bar.end) for one in ends] == [(1.5, 3.5)]
    assert ends[0].score == pytest.approx((0.5 * 0.5 + 1.0 + 0.5 * 0.5) / 2)


def test_what_was_shown_stays_whatever_comes() -> None:
    rng = np.random.default_rng(1)
    labels = label_set("A", "B", "C", requires={"A": ["B"]}, excludes=[("B", "C")])
    operating_point = LabelOperatingPoint(on=0.6, off=0.4, smoothing=0.5, min_duration=1.0, min_gap=1.0)
    timeline = CausalTimeline(
        labels, TimelineSettings(step=0.5, operating_points=dict.fromkeys(labels.names, operating_point))
    )
    shown: dict[str, np.ndarray] = dict.fromkeys(labels.names, NOTHING)
    for number in range(150):
        timeline.add(float(number), number + 3.0, rng.random(3).round(2))
        for name in labels.names:
            now = np.array([(b.start, b.end) for b in timeline.bars() if b.label == name]).reshape(-1, 2)
            assert sp.total(sp.subtract(shown[name], now)) == 0
            shown[name] = now
    assert all(len(one) > 3 for one in shown.values())
    assert sp.total(sp.subtract(shown["A"], shown["B"])) == 0
    assert sp.total(sp.intersect(shown["B"], shown["C"])) == 0
    lengths = [bar.end - bar.start for bar in timeline.bars()]
    assert min(lengths) >= operating_point.min_duration - 1e-9


def test_what_rules_cut_shorter_than_a_bout_may_be_is_no_bar_until_it_is_long_enough() -> None:
    labels = label_set("A", "B", "N", requires={"N": ["A"]}, excludes=[("A", "B")])
    points = {name: LabelOperatingPoint(min_duration=0.0 if name == "B" else 3.0) for name in labels.names}
    timeline = CausalTimeline(labels, TimelineSettings(step=1.0, operating_points=points))
    a, b = [0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0], [0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0]
    changes = changes_of(timeline, [[0.9 * x, 0.95 * y, 0.9 * x] for x, y in zip(a, b, strict=True)], length=1.0)
    changes.append(timeline.pause())
    bars = {name: [(bar.start, bar.end) for bar in timeline.bars() if bar.label == name] for name in labels.names}
    (shown_b,) = bars["B"]
    # A ran for a second before B, which is shown at once, and for six after it: what was left of the first is no bout.
    (shown_a,) = bars["A"]
    assert shown_a[0] == shown_b[1]
    assert bars["N"] == bars["A"]
    (begun,) = [one.bar for some in changes for one in some if one.what == "begins" and one.bar.label == "A"]
    assert begun.end - begun.start >= 3.0


def test_a_pause_ends_bars_and_what_lies_in_it_is_not_seen() -> None:
    timeline = CausalTimeline(label_set("A"), TimelineSettings(step=1.0))
    changes_of(timeline, [[1.0], [1.0]])
    ended = timeline.pause()
    assert [(one.what, one.bar.start, one.bar.end) for one in ended] == [("ends", 0.0, 3.0)]
    assert timeline.pause() == []
    begun = timeline.add(6.0, 8.0, np.array([1.0]))
    assert [(one.what, one.bar.start) for one in begun] == [("begins", 6.0)]
    assert np.isnan(timeline.scores()[1][3:6]).all()
    far = timeline.add(100_000.0, 100_002.0, np.array([1.0]))  # a day later: nothing is counted step by step
    assert [one.what for one in far] == ["ends", "begins"]


def test_several_classes_are_shown_one_at_a_time() -> None:
    labels = label_set("A", "B", task="multi-class")
    operating_points = dict.fromkeys(labels.names, LabelOperatingPoint(min_duration=2.0))
    timeline = CausalTimeline(labels, TimelineSettings(step=1.0, operating_points=operating_points))
    rows = [[0.9, 0.1]] * 4 + [[0.1, 0.9]] + [[0.9, 0.1]] * 2 + [[0.1, 0.9]] * 6
    changes_of(timeline, rows)
    timeline.pause()
    bars = sorted((bar.start, bar.end, bar.label) for bar in timeline.bars())
    assert [bar[2] for bar in bars] == ["A", "B"]
    assert bars[0][1] == bars[1][0]
