import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actscribe.timeline.scores import EDGE_WEIGHT, merge_windows, step_edges

windows = st.lists(
    st.tuples(st.floats(0, 9), st.floats(0.05, 4), st.one_of(st.just(np.nan), st.floats(0, 1))), min_size=1, max_size=8
)


def slow_merge(starts, ends, scores, times):
    """The definition, one step and one window at a time."""
    merged = np.full((len(times), scores.shape[1]), np.nan)
    for k, time in enumerate(times):
        for label in range(scores.shape[1]):
            area = weight = 0.0
            for start, end, score in zip(starts, ends, scores[:, label], strict=True):
                if start <= time < end and not np.isnan(score):
                    from_centre = abs(time - (start + end) / 2) / ((end - start) / 2)
                    w = EDGE_WEIGHT + (1 - EDGE_WEIGHT) * (1 - from_centre)
                    area, weight = area + w * score, weight + w
            if weight:
                merged[k, label] = area / weight
    return merged


def test_agrees_with_the_definition():
    rng = np.random.default_rng(0)
    starts = rng.uniform(0, 17, 30)
    ends = starts + rng.uniform(0.5, 3, 30)
    scores = rng.random((30, 3))
    scores[rng.random((30, 3)) < 0.3] = np.nan
    merged = merge_windows(starts, ends, scores, 20.03, 0.1)
    assert merged.scores.shape == (201, 3)
    np.testing.assert_allclose(merged.scores, slow_merge(starts, ends, scores, merged.times), atol=1e-12)
    assert (merged.scored == np.isfinite(merged.scores).any(axis=1)).all()
    assert not merged.scored.all()


@given(windows, st.floats(0, 1))
def test_constant_scores_stay_constant(some, value):
    starts = np.array([window[0] for window in some])
    ends = starts + np.array([window[1] for window in some])
    merged = merge_windows(starts, ends, np.full((len(some), 1), value), 13.0, 0.1)
    np.testing.assert_allclose(merged.scores[merged.scored], value, atol=1e-12)
    assert merged.scored.any()


@given(windows, st.randoms())
def test_the_order_of_windows_does_not_matter_and_scores_stay_between(some, random):
    shuffled = random.sample(some, len(some))

    def merge(rows):
        starts = np.array([row[0] for row in rows])
        return merge_windows(starts, starts + [row[1] for row in rows], np.array([[row[2]] for row in rows]), 13.0)

    merged = merge(some)
    np.testing.assert_allclose(merged.scores, merge(shuffled).scores, atol=1e-12)
    given_scores = [row[2] for row in some if not np.isnan(row[2])]
    scores = merged.scores[merged.scored]
    assert scores.size == 0 or (scores.min() >= min(given_scores) - 1e-12 and scores.max() <= max(given_scores) + 1e-12)


def test_the_centre_of_a_window_counts_more_than_its_edge():
    merged = merge_windows(np.array([0.0, 2.0]), np.array([3.0, 5.0]), np.array([[1.0], [0.0]]), 5.0, 1.0)
    np.testing.assert_allclose(merged.scores[:, 0], [1, 1, 0.5, 0, 0])
    shifted = merge_windows(np.array([0.0, 1.0]), np.array([3.0, 4.0]), np.array([[1.0], [0.0]]), 4.0, 1.0)
    assert shifted.scores[1, 0] > 0.5 > shifted.scores[2, 0]


def test_the_last_step_ends_with_the_recording():
    assert step_edges(1.0, 0.1).shape == (11,)
    np.testing.assert_allclose(step_edges(1.05, 0.5), [0, 0.5, 1.0, 1.05])
    merged = merge_windows(np.array([0.0]), np.array([1.05]), np.array([[0.4]]), 1.05, 0.5)
    np.testing.assert_allclose(merged.times, [0.25, 0.75, 1.025])
    np.testing.assert_allclose(merged.scores, 0.4)


def test_a_window_shorter_than_a_step_counts_for_the_step_it_lies_in():
    merged = merge_windows(np.array([2.1]), np.array([2.2]), np.array([[0.7]]), 5.0, 1.0)
    np.testing.assert_array_equal(merged.scored, [False, False, True, False, False])
    assert merged.scores[2, 0] == pytest.approx(0.7)


def test_no_windows_at_all_is_an_unseen_recording():
    merged = merge_windows(np.zeros(0), np.zeros(0), np.zeros((0, 2)), 3.0, 1.0)
    assert merged.scores.shape == (3, 2)
    assert not merged.scored.any()


@pytest.mark.parametrize(
    ("starts", "scores", "duration"), [([0.0], [[1.5]], 2.0), ([0.0, 1.0], [[0.5]], 2.0), ([0.0], [[0.5]], 0.0)]
)
def test_what_cannot_be_is_refused(starts, scores, duration):
    with pytest.raises(ValueError, match=r"scores|duration"):
        merge_windows(np.array(starts), np.array(starts) + 1, np.array(scores), duration)


def test_mean_inside_spans_weighs_parts_of_steps():
    merged = merge_windows(np.arange(4.0), np.arange(4.0) + 1, np.array([[0.2], [np.nan], [0.6], [1.0]]), 4.0, 1.0)
    means = merged.mean(0, np.array([[0.0, 1.0], [0.5, 2.5], [2.75, 4.0], [1.0, 2.0]]))
    np.testing.assert_allclose(means, [0.2, 0.4, (0.25 * 0.6 + 1.0) / 1.25, np.nan])


def test_a_window_covers_the_middle_it_begins_at_but_not_the_one_it_ends_at():
    merged = merge_windows(np.array([1.5]), np.array([3.5]), np.array([[0.7]]), 5.0, 1.0)
    np.testing.assert_array_equal(merged.scored, [False, True, True, False, False])
