from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from timelines import label_set, time_scores

from actscribe.timeline.exclusive import exclusive_spans
from actscribe.timeline.segments import LabelOperatingPoint, TimelineSettings, bouts, build, hysteresis, smooth

columns = st.lists(st.one_of(st.just(np.nan), st.floats(0, 1)), min_size=1, max_size=60)
operating_points = st.builds(
    lambda on, part, smoothing, duration, gap: LabelOperatingPoint(
        on=on, off=on * part, smoothing=smoothing, min_duration=duration, min_gap=gap
    ),
    st.floats(0.05, 0.95),
    st.floats(0.2, 1),
    st.sampled_from([0.0, 0.7, 2.0]),
    st.sampled_from([0.0, 1.0, 2.5]),
    st.sampled_from([0.0, 1.5, 3.0]),
)


def spans_of(scores, **operating_point):
    values = time_scores(scores)
    return bouts(values.scores[:, 0], values.times, values.edges, LabelOperatingPoint(**operating_point)).tolist()


def test_boundaries_lie_where_the_score_crosses_the_thresholds():
    # Middles of the steps are 0.5, 1.5, …; 0.2 -> 0.8 reaches 0.5 halfway, 0.8 -> 0.0 falls below 0.4 halfway.
    np.testing.assert_allclose(spans_of([0.2, 0.8, 0.8, 0.0], on=0.5, off=0.4), [[1.0, 3.0]])
    np.testing.assert_allclose(spans_of([0.8, 0.8, 0.0, 0.0], on=0.5, off=0.4), [[0.0, 2.0]])
    np.testing.assert_allclose(spans_of([0.0, 0.0, 0.5, 1.0], on=0.75, off=0.75), [[3.0, 4.0]])


def test_a_bout_goes_on_between_the_thresholds_but_does_not_begin_there():
    scores = [0.5, 0.5, 0.9, 0.5, 0.5, 0.1, 0.5]
    assert spans_of(scores, on=0.7, off=0.3) == [[2.0, 5.0]]


def test_short_gaps_are_bridged_before_short_bouts_are_dropped():
    scores = [1, 1, 0, 1, 1, 0, 0, 0, 1, 0]
    assert spans_of(scores, on=0.5, off=0.5) == [[0, 2], [3, 5], [8, 9]]
    assert spans_of(scores, on=0.5, off=0.5, min_gap=1.5, min_duration=3) == [[0, 5]]
    assert spans_of(scores, on=0.5, off=0.5, min_duration=3) == []
    assert spans_of(scores, on=0.5, off=0.5, min_gap=1, min_duration=2) == [[0, 2], [3, 5]]  # exactly is long enough


def test_an_unseen_step_is_neither_covered_nor_bridged():
    assert spans_of([1, 1, np.nan, 1, 1], on=0.5, off=0.5, min_gap=9) == [[0, 2], [3, 5]]
    assert spans_of([np.nan, np.nan], on=0.0, off=0.0) == []


def test_a_score_that_only_touches_the_threshold_is_no_bout():
    assert spans_of([0, 0.5, 0], on=0.5, off=0.5) == []


@given(columns, operating_points)
def test_steps_in_bouts_are_those_of_a_state_machine(scores, operating_point):
    values = time_scores(scores)
    spans, _ = hysteresis(values.scores[:, 0], values.times, values.edges, operating_point.on, operating_point.off)
    active, expected = False, []
    for score in scores:
        active = score >= operating_point.on or (active and score >= operating_point.off)
        expected.append(active)
    for time, inside, score in zip(values.times, expected, scores, strict=True):
        if score not in (
            operating_point.on,
            operating_point.off,
        ):  # on the threshold itself the middle is the edge of the bout
            assert inside == any(start <= time <= end for start, end in spans)


@given(columns, operating_points)
def test_bouts_keep_the_shortest_duration_and_gap_and_cover_only_seen_steps(scores, operating_point):
    values = time_scores(scores)
    unseen = np.flatnonzero(~values.scored)
    built = build(values, TimelineSettings(step=1.0, operating_points={"A": operating_point}), label_set("A"))
    for interval in built:
        assert interval.duration >= operating_point.min_duration
        assert 0 <= interval.start < interval.end <= len(scores)
        assert not any(interval.start < step + 1 and step < interval.end for step in unseen)
        assert 0 <= interval.score <= 1
    for before, after in pairwise(built):
        gap_unseen = any(before.end <= step + 1e-9 and step + 1 <= after.start + 1e-9 for step in unseen)
        assert after.start - before.end >= operating_point.min_gap or gap_unseen


def test_the_score_is_the_mean_of_the_unsmoothed_scores_inside():
    settings = TimelineSettings(step=1.0, operating_points={"A": LabelOperatingPoint(on=0.5, off=0.5, smoothing=1.0)})
    values = time_scores([0.0, 0.0, 0.9, 0.7, 0.8, 0.0, 0.0])
    (interval,) = build(values, settings, label_set("A"))
    assert interval.score == pytest.approx(values.mean(0, np.array([[interval.start, interval.end]]))[0])
    assert 0.6 < interval.score < 0.9


@given(columns, st.floats(0.3, 5))
def test_smoothing_is_a_gaussian_over_the_seen_steps(scores, deviation):
    values = np.array(scores)
    reach = int(4 * deviation + 0.5)  # where scipy cuts the kernel off
    for index, smoothed in enumerate(smooth(values, deviation)):
        near = [k for k in range(len(values)) if abs(k - index) <= reach and not np.isnan(values[k])]
        weights = np.exp(-0.5 * ((np.array(near) - index) / deviation) ** 2)
        if np.isnan(values[index]):
            assert np.isnan(smoothed)
        else:
            assert smoothed == pytest.approx(np.sum(weights * values[near]) / weights.sum(), abs=1e-9)


def test_labels_overlap_freely_and_come_in_order_of_time():
    values = time_scores([[0, 1], [1, 1], [1, 1], [1, 0]])
    built = build(values, TimelineSettings(step=1.0), label_set("A", "B"))
    assert [(interval.label, interval.start, interval.end) for interval in built] == [("B", 0, 3), ("A", 1, 4)]


def test_rules_are_applied_when_asked_for():
    values = time_scores([[0, 1], [1, 1], [1, 0]])
    labels = label_set("A", "B", requires={"A": ["B"]})
    with_rules = build(values, TimelineSettings(step=1.0), labels)
    without = build(values, TimelineSettings(step=1.0, rules=False), labels)
    assert [(i.label, i.start, i.end) for i in with_rules] == [("B", 0, 2), ("A", 1, 2)]
    assert [(i.label, i.start, i.end) for i in without] == [("B", 0, 2), ("A", 1, 3)]


def test_settings_survive_json_and_refuse_what_cannot_be():
    settings = TimelineSettings(
        operating_points={"A": LabelOperatingPoint(on=0.7, off=0.2)}, notes={"A": "few"}, rules=False
    )
    assert TimelineSettings.model_validate_json(settings.model_dump_json()) == settings
    assert settings.of("B") == LabelOperatingPoint()
    with pytest.raises(ValidationError, match="must not be above"):
        LabelOperatingPoint(on=0.3, off=0.4)


def test_multi_class_takes_the_highest_score_at_every_step():
    values = time_scores([[0.6, 0.4], [0.7, 0.3], [0.1, 0.2], [np.nan, np.nan], [0.9, 0.1]])
    built = build(values, TimelineSettings(step=1.0), label_set("A", "B", task="multi-class"))
    assert [(i.label, i.start, i.end) for i in built] == [("A", 0, 2), ("B", 2, 3), ("A", 4, 5)]
    assert [i.score for i in built] == pytest.approx([0.65, 0.2, 0.9])


def test_a_run_too_short_goes_to_the_neighbour_with_the_higher_score_in_it():
    scores = np.array([[0.9, 0.1, 0.0], [0.2, 0.3, 0.5], [0.1, 0.8, 0.1], [0.1, 0.8, 0.1]])
    spans = exclusive_spans(scores, np.arange(5.0), np.array([0.0, 0.0, 2.0]))
    assert [part.tolist() for part in spans] == [[[0, 1]], [[1, 4]], []]
    between = np.array([[0.9, 0.1], [0.4, 0.6], [0.9, 0.1]])
    assert exclusive_spans(between, np.arange(4.0), np.array([0.0, 2.0]))[0].tolist() == [[0, 3]]
    alone = np.array([[np.nan, np.nan], [0.4, 0.6], [np.nan, np.nan]])
    assert [len(part) for part in exclusive_spans(alone, np.arange(4.0), np.array([2.0, 2.0]))] == [0, 0]


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.booleans()), min_size=1, max_size=40), st.integers(0, 6))
def test_multi_class_runs_are_exclusive_and_long_enough(rows, shortest):
    scores = np.array([[a, b, 1 - a] if known else [np.nan] * 3 for a, b, known in rows])
    spans = exclusive_spans(scores, np.arange(len(rows) + 1.0), np.full(3, float(shortest)))
    owners = np.zeros(len(rows), dtype=int)
    for part in spans:
        for start, end in part.astype(int):
            assert end - start >= shortest
            owners[start:end] += 1
    assert owners.max() <= 1
    assert (owners[np.isnan(scores[:, 0])] == 0).all()
    if shortest == 0:
        assert (owners == np.isfinite(scores[:, 0])).all()
