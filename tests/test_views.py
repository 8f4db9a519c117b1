"""Segment sampling in training, and several views of a clip at test."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from videos import make_video, number_of

from actscribe.annotations.interval import Interval
from actscribe.data.clips import Clip
from actscribe.data.frames import ClipData
from actscribe.data.input_spec import InputSpec
from actscribe.data.recording import Recording
from actscribe.data.views import ONE_VIEW, Views, crop_boxes, mean_of_views, stream_views
from actscribe.labels import LabelSet
from actscribe.runs.scoring import score_recordings
from actscribe.settings.study import Windows
from actscribe.video.cache import FrameCache
from actscribe.video.sampling import candidate_times, sample_times, view_times


def test_view_times_by_hand() -> None:
    # 8 s, 2 segments of 4 s, 4 views: the segment's eighths 1, 3, 5 and 7.
    expected = [[0.5, 4.5], [1.5, 5.5], [2.5, 6.5], [3.5, 7.5]]
    np.testing.assert_allclose(view_times(0.0, 8.0, 2, 4), expected)
    np.testing.assert_allclose(view_times(0.0, 8.0, 2, 1), [sample_times(0.0, 8.0, 2)])


@settings(max_examples=25)
@given(duration=st.floats(0.1, 300), frames=st.integers(1, 32), half=st.integers(0, 4))
def test_candidates_lie_in_their_segment_and_the_middle_one_is_its_centre(duration, frames, half) -> None:
    times = candidate_times(0.0, duration, frames, 2 * half + 1)
    edges = np.arange(frames + 1) * duration / frames
    assert times.shape == (frames, 2 * half + 1)
    assert (times > edges[:-1, None] - 2e-6).all()
    assert (times < edges[1:, None] + 2e-6).all()
    np.testing.assert_allclose(times[:, half], sample_times(0.0, duration, frames), atol=2e-6)


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    video = make_video(tmp_path / "v.mp4", 40, fps=10, size=(96, 64))  # 4 s
    return Recording("v", video, 4.0, "content", "g", "train", (Interval("a", 0.0, 4.0),))


def test_training_draws_one_frame_of_every_segment(recording: Recording, tmp_path: Path) -> None:
    clip = Clip("v", 0.0, 4.0)
    data = ClipData([recording], [clip], InputSpec(4, 64, temporal_jitter=5), FrameCache(tmp_path / "c", 10**8))
    centre = [number_of(frame) for frame in data[0].frames]
    assert centre == [5, 15, 25, 35]
    drawn = np.array([[number_of(f) for f in data.drawn(0, np.random.default_rng(s)).frames] for s in range(60)])
    assert (drawn // 10 == np.arange(4)).all()
    assert [set((column % 10).tolist()) for column in drawn.T] == [{1, 3, 5, 7, 9}] * 4
    again = data.drawn(0, np.random.default_rng(3))
    assert [number_of(frame) for frame in again.frames] == drawn[3].tolist()
    plain = ClipData([recording], [clip], InputSpec(4, 64), FrameCache(tmp_path / "c", 10**8))
    assert [number_of(frame) for frame in plain.drawn(0, np.random.default_rng(0)).frames] == centre


def test_an_even_number_of_candidates_has_no_centre() -> None:
    with pytest.raises(ValueError, match="odd number for temporal_jitter"):
        InputSpec(4, 64, temporal_jitter=2)


def test_crops_are_both_ends_and_the_middle() -> None:
    assert crop_boxes(10, 31) == ((0, 0, 10), (0, 21, 10), (0, 10, 10))
    assert crop_boxes(31, 10) == ((0, 0, 10), (21, 0, 10), (10, 0, 10))
    with pytest.raises(ValueError, match="1 or 3 crops"):
        Views(4, 2)


def test_views_of_a_clip_come_clip_by_clip(recording: Recording) -> None:
    clips = [Clip("v", 0.0, 4.0)]
    whole = list(stream_views(recording, clips, InputSpec(4, 64), Views(2, 1)))
    assert [[number_of(frame) for frame in view.frames] for view in whole] == [[2, 12, 22, 32], [7, 17, 27, 37]]
    shown = list(stream_views(recording, clips, InputSpec(4, 64), Views(2, 3)))
    assert len(shown) == len(Views(2, 3)) == 6
    assert len({(one.content, one.times.tobytes()) for one in shown}) == 6
    for index, one in enumerate(shown):
        left = (0, 32, 16)[index % 3]
        np.testing.assert_array_equal(one.frames, whole[index // 3].frames[:, :, left : left + 64])
    single = next(iter(stream_views(recording, clips, InputSpec(4, 64), ONE_VIEW)))
    assert [number_of(frame) for frame in single.frames] == [5, 15, 25, 35]


class Brightness:
    """Scores a clip by its mean brightness."""

    labels = LabelSet(name="s", task="multi-class", labels=("a", "b"))
    input_spec = InputSpec(4, 64)

    def score(self, clips):
        for clip in clips:
            share = clip.frames.mean() / 255
            yield np.array([share, 1 - share])


def test_a_clips_score_is_the_mean_over_its_views(recording: Recording) -> None:
    windows = Windows(length=None, frames=4)
    model, views = Brightness(), Views(2, 3)
    scored = score_recordings(model, [recording], model.labels, windows, "Scoring", views)
    shown = list(stream_views(recording, [Clip("v", 0.0, 4.0)], model.input_spec, views))
    expected = np.mean([one.frames.mean() / 255 for one in shown])
    assert scored.scores.shape == (1, 2)
    assert scored.scores[0, 0] == pytest.approx(expected)
    assert scored.scores.sum() == pytest.approx(1)
    np.testing.assert_allclose(scored.times[0] * 10, [2, 7, 12, 17, 22, 27, 32, 37])
    rows = np.array([[0.0, 1.0], [1.0, 0.0], [0.2, 0.8], [0.4, 0.6]])
    np.testing.assert_allclose(mean_of_views(rows, Views(2, 1)), [[0.5, 0.5], [0.3, 0.7]])
    assert mean_of_views(np.zeros((0, 2)), views).shape == (0, 2)
