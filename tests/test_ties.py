"""What is equal counts as equal, whatever the last digits of its floating-point numbers say."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from timelines import intervals, label_set, recording, time_scores

from actscribe.annotations.interval import Annotations
from actscribe.data import spans as sp
from actscribe.data.clips import Clip, Window, annotated_by, cut, spans, targets
from actscribe.data.recording import Recording
from actscribe.evaluation.errors import merged_spans
from actscribe.evaluation.events import event_table, sequence_scores
from actscribe.timeline.exclusive import exclusive_spans
from actscribe.timeline.matching import count_matches, match
from actscribe.timeline.scores import merge_windows
from actscribe.timeline.segments import LabelOperatingPoint, TimelineSettings, bridge, build, drop_short

RATES = (Fraction(24), Fraction(25), Fraction(30000, 1001), Fraction(30), Fraction(50))
THRESHOLDS = (Fraction(1, 10), Fraction(1, 4), Fraction(1, 2))


def segments_of(frames: list[int]) -> list[range]:
    """Runs of ones, as ranges of frames."""
    padded = [0, *frames, 0]
    edges = [index for index in range(len(frames) + 1) if padded[index] != padded[index + 1]]
    return [range(start, stop) for start, stop in zip(edges[::2], edges[1::2], strict=True)]


def counted(predicted: list[int], true: list[int]) -> list[list[int]]:
    """Segment counts in whole frames and exact fractions, from the definition of F1@k (Lea et al. 2017; ms-tcn).

    Each predicted segment in turn takes the first true one of highest overlap; it is right if the overlap reaches the
    threshold and nobody took that one before.
    """
    segments, wanted = segments_of(predicted), segments_of(true)
    rows = []
    for threshold in THRESHOLDS:
        taken: set[int] = set()
        for one in segments:
            overlaps = [Fraction(len(set(one) & set(other)), len(set(one) | set(other))) for other in wanted]
            best = max(overlaps, default=Fraction(0))
            if best >= threshold and overlaps.index(best) not in taken:
                taken.add(overlaps.index(best))
        rows.append([len(taken), len(segments) - len(taken), len(wanted) - len(taken)])
    return rows


def in_seconds(frames: list[int], rate: Fraction) -> np.ndarray:
    edges = [(one.start / float(rate), one.stop / float(rate)) for one in segments_of(frames)]
    return np.array(edges, dtype=float).reshape(-1, 2)


def drawn(rng: np.random.Generator, count: int) -> list[int]:
    """Frames in runs of a few lengths, so that ties are many."""
    lengths = rng.choice([1, 2, 3, 5, 8, 10, 20, 40], rng.integers(1, 4))
    frames: list[int] = []
    value = int(rng.integers(2))
    while len(frames) < count:
        frames += [value] * int(rng.choice(lengths))
        value = 1 - value
    return frames[:count]


def test_the_tie_of_the_report() -> None:
    true, predicted = np.array([[0.0, 0.8], [1.2, 2.0]]), np.array([[0.4, 1.6], [1.68, 2.0]])
    assert match(predicted, true)[0].tolist() == [0, 1]
    assert count_matches(predicted, true)[0].tolist() == [2, 0, 0]


def test_3000_random_sets_are_counted_as_in_whole_frames() -> None:
    rng = np.random.default_rng(12)
    ties = 0
    for _ in range(3000):
        rate, count = RATES[rng.integers(len(RATES))], int(rng.integers(10, 120))
        predicted, true = drawn(rng, count), drawn(rng, count)
        counts = count_matches(in_seconds(predicted, rate), in_seconds(true, rate))
        assert counts.tolist() == counted(predicted, true), (float(rate), predicted, true)
        for one in segments_of(predicted):
            shared = [Fraction(len(set(one) & set(o)), len(set(one) | set(o))) for o in segments_of(true)]
            ties += max(shared, default=0) > 0 and shared.count(max(shared)) > 1
    assert ties > 100  # else the sets would say nothing about ties


def test_of_two_predictions_that_overlap_equally_the_first_gives_the_errors() -> None:
    # 0.1 to 0.4 and 0.7 to 1.0 of 0.1 to 1.0: a third each, in other last digits.
    predicted = {"r": intervals([("A", 0.1, 0.4), ("A", 0.7, 1.0)])}
    row = event_table([recording([("A", 0.1, 1.0)], 2.0)], predicted, label_set("A")).iloc[0]
    assert row["onset_mae_s"] == 0
    assert row["offset_mae_s"] == pytest.approx(0.6)


@pytest.mark.parametrize("start", [0.1, 0.3, 1.1, 7.7, 1234.7])
def test_a_clip_of_which_exactly_half_is_covered_has_the_label(start: float) -> None:
    for shift in np.arange(0, 3, 0.1):
        clip = Clip("r", start + shift, start + shift + 3)
        half = recording([("A", clip.start + 1.5, 9999.0)], 10000.0)
        done = annotated_by([clip], _annotations(half), label_set("A"))
        assert targets(done, "multi-label")[0, 0] == 1
        for threshold in (0.1, 0.3, 0.7):
            part = recording([("A", clip.start, clip.start + 3 * threshold)], 10000.0)
            done = annotated_by([clip], _annotations(part), label_set("A"))
            assert targets(done, "multi-label", threshold)[0, 0] == 1


def test_a_clip_of_which_exactly_half_is_annotated_has_a_target() -> None:
    for shift in np.arange(0, 30, 0.1):
        clip = Clip("r", shift, shift + 3)
        known = recording([], 100.0, gaps=[("", clip.start + 1.5, 100.0)])
        assert annotated_by([clip], _annotations(known), label_set("A"))[0].fractions == (0.0,)


def test_of_classes_that_cover_equal_parts_the_first_is_true() -> None:
    for shift in np.arange(0, 30, 0.1):
        middle = shift + 1.5
        whole = recording([("B", shift, middle), ("A", middle, shift + 3)], 100.0)
        done = annotated_by([Clip("r", shift, shift + 3)], _annotations(whole), label_set("A", "B", task="multi-class"))
        assert targets(done, "multi-class").tolist() == [[1, 0]]


def test_a_sliver_is_no_class() -> None:
    neighbour = recording([("A", 0.3, 1.0)], 100.0)
    clip = Clip("r", 0.0, 0.1 + 0.2)  # 0.30000000000000004
    done = annotated_by([clip], _annotations(neighbour), label_set("A", task="multi-class"))
    assert np.isnan(targets(done, "multi-class")).all()


def test_intervals_that_touch_but_for_rounding_are_one_bout() -> None:
    parts = intervals([("A", 0.0, 0.3), ("A", 0.1 + 0.2, 0.7), ("A", 0.7 - 1e-16, 1.0)])
    assert sp.union(parts).tolist() == [[0.0, 1.0]]
    gap, bout = np.array([[0.0, 0.3]]), np.array([[0.1, 0.1 + 0.2]])
    assert len(sp.subtract(bout, gap)) == 0
    assert len(sp.intersect(np.array([[0.1 + 0.2, 1.0]]), np.array([[0.0, 0.3 + 1e-12]]))) == 0


def test_a_video_of_just_a_window_is_one_window() -> None:
    assert spans(2.9 + 0.1 + 1e-12, Window(3.0, 1.0)) == [(0.0, 2.9 + 0.1 + 1e-12)]
    for count in range(1, 200):  # a whole number of strides leaves no tail
        assert len(spans(3.0 + 0.1 * count, Window(3.0, 0.1))) == count + 1
        assert len(cut(recording([], 3.0 + count / 3), label_set("A"), Window(3.0, 1 / 3))) == count + 1


def test_windows_that_touch_are_one_span_of_errors() -> None:
    clips = [Clip("r", 0.1 * k, 0.1 * k + 0.1) for k in range(40)]
    ones = np.ones(40)
    assert [span["clips"] for span in merged_spans(clips, ones, ones, ones > 0)] == [40]


@pytest.mark.parametrize("start", range(0, 60, 7))
def test_a_bout_of_just_the_shortest_duration_is_kept(start: int) -> None:
    edges = np.arange(100) * 0.1
    for steps in (1, 3, 6, 7):
        length = steps / 10
        one = np.array([[edges[start], edges[start + steps]]])
        assert len(drop_short(one, length)) == 1
        assert len(drop_short(one, length + 0.001)) == 0
        two = np.array([[0.0 - 1.0, edges[start]], [edges[start + steps], 20.0]])
        assert len(bridge(two, np.zeros(2), length)) == 2  # exactly the shortest gap apart: two
        assert len(bridge(two, np.zeros(2), length + 0.001)) == 1
        scores = np.zeros((99, 2))
        scores[:, 0] = 0.4
        scores[start : start + steps, 1] = 0.9
        kept = exclusive_spans(scores, edges, np.array([0.0, length]))
        assert len(kept[1]) == 1


def test_equal_scores_on_the_threshold_are_a_bout_throughout() -> None:
    """The weighted mean of windows that all score 0.7 is not always 0.7 in its last digit."""
    starts = np.arange(0, 57, 1.0)
    for level in (0.1, 0.3, 0.6, 0.7, 0.9):
        merged = merge_windows(starts, starts + 3, np.full((len(starts), 1), level), 60.0)
        for smoothing in (0.0, 0.5):
            operating_point = LabelOperatingPoint(on=level, off=level, smoothing=smoothing)
            made = build(merged, TimelineSettings(operating_points={"A": operating_point}), label_set("A"))
            assert [(one.start, one.end) for one in made] == [(0.0, pytest.approx(59.0, abs=1.01))]


def test_a_step_counts_for_the_window_that_begins_in_its_middle() -> None:
    for start in np.arange(0, 40) * 0.1 + 0.05:
        merged = merge_windows(np.array([start]), np.array([start + 1.0]), np.array([[0.5]]), 10.0)
        assert merged.scored.sum() == 10
    assert time_scores([0.5]).scored.all()


def _annotations(made: Recording) -> Annotations:
    return Annotations(made.intervals or (), made.gaps)


def test_bouts_that_start_together_are_in_one_order() -> None:
    later = 0.1 + 0.2  # 0.30000000000000004
    true = recording([("A", later, 5.0), ("B", 0.3, 5.0), ("C", 6.0, 7.0)], 10.0)
    predicted = {"r": intervals([("A", 0.3, 5.0), ("B", later, 5.0), ("C", 6.0, 7.0)])}
    assert sequence_scores([true], predicted, label_set("A", "B", "C"))["edit"] == 1.0
