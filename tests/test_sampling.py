import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actscribe.data.clips import Window, spans
from actscribe.video.sampling import sample_times


def test_published_segment_centres():
    # X-CLIP's test sampler: int(i * N / T + N / T / 2), for N = 300 frames and T = 8.
    times = sample_times(0.0, 300 / 30, 8)
    assert np.floor(times * 30).astype(int).tolist() == [18, 56, 93, 131, 168, 206, 243, 281]


@pytest.mark.parametrize("rate", [12.5, 24, 25, 30, 60])
def test_fewer_frames_than_asked_for_repeats_some_and_never_leaves_the_video(rate):
    frames = np.floor(sample_times(0.0, 20 / rate, 32) * rate + 1e-6).astype(int)
    assert frames[:8].tolist() == [0, 0, 1, 2, 2, 3, 4, 4]
    assert frames[-1] == 19
    assert len(frames) == 32


def test_one_frame_is_the_middle():
    assert sample_times(0.0, 5.0, 1).tolist() == [2.5]
    assert sample_times(0.0, 0.04, 1).tolist() == [0.02]


def test_windows_of_one_recording_share_the_grid():
    windows = spans(60.0, Window(3.0, 1.0))
    times = [sample_times(start, end, 8) for start, end in windows]
    grid = (np.arange(160) + 0.5) * 0.375
    assert {time for row in times for time in row.tolist()} <= set(grid.tolist())
    assert len(np.unique(np.concatenate(times))) == 160  # 8 for each 3 s, not 8 for each window


def test_a_window_between_grid_points_begins_with_the_first_one_inside():
    assert sample_times(0.2, 3.2, 8)[0] == 0.5625  # 0.1875 lies before the window
    assert sample_times(0.1875, 3.1875, 8)[0] == 0.1875


@settings(deadline=None)
@given(
    start=st.floats(0, 20_000),
    length=st.floats(0.02, 600),
    frames=st.integers(1, 128),
)
def test_always_that_many_ascending_times_within_half_a_step_of_the_centres(start, length, frames):
    times = sample_times(start, start + length, frames)
    step = length / frames
    centres = start + (np.arange(frames) + 0.5) * step
    assert times.shape == (frames,)
    assert (np.diff(times) > 0).all()
    assert np.abs(times - centres).max() <= step / 2 + 1e-5
    assert start - 1e-5 <= times[0]
    assert times[-1] <= start + length + 1e-5


@settings(deadline=None)
@given(stride=st.integers(1, 40), frames=st.integers(1, 32), duration=st.floats(5, 200))
def test_clips_in_order_of_time_have_first_times_in_order(stride, frames, duration):
    firsts = [sample_times(start, end, frames)[0] for start, end in spans(duration, Window(4.0, stride / 10))]
    assert (np.diff(firsts) >= -1e-5).all()


@pytest.mark.parametrize(
    ("start", "end", "frames"), [(0.0, 3.0, 0), (2.0, 2.0, 8), (3.0, 2.0, 8), (0.0, float("nan"), 8)]
)
def test_nothing_to_sample_is_an_error(start, end, frames):
    with pytest.raises(ValueError, match="cannot take"):
        sample_times(start, end, frames)
