import gc
import itertools
import logging
import weakref

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from videos import make_video, number_of, spoil

from actscribe.data.clips import Window, spans
from actscribe.errors import ActScribeError
from actscribe.video import reading
from actscribe.video.sampling import sample_times
from actscribe.video.windows import clip_frames


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    return make_video(tmp_path_factory.mktemp("videos") / "a.mp4", 500)


def shown(images):
    return [number_of(image) for image in images]


def test_clips_of_overlapping_windows(video):
    times = [sample_times(start, end, 8) for start, end in spans(20.0, Window(3.0, 1.0))]
    clips = list(clip_frames(video, times, 24))
    assert len(clips) == 18
    for wanted, (images, pts) in zip(times, clips, strict=True):
        assert images.shape == (8, 24, 32, 3)
        assert images.dtype == np.uint8
        assert shown(images) == np.floor(wanted * 25 + 1e-6).astype(int).tolist()
        np.testing.assert_allclose(pts, np.floor(wanted * 25 + 1e-6) / 25, atol=1e-5)


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_any_clips_in_order_of_their_first_time(video, data):
    numbers = st.lists(st.integers(0, 499), min_size=1, max_size=6).map(sorted)
    clips = sorted(data.draw(st.lists(numbers, max_size=8)), key=lambda clip: clip[0])
    got = list(clip_frames(video, [np.array(clip) / 25 + 0.01 for clip in clips]))
    assert [shown(images) for images, _ in got] == clips


def test_no_frame_is_decoded_or_converted_twice(video, monkeypatch):
    read, converted = [], []
    plain_read, plain_call = reading.Pictures.read, reading.Converter.__call__

    def counted_read(self):
        picture = plain_read(self)
        read.append(picture and picture.time)
        return picture

    def counted_call(self, frame):
        converted.append(frame.pts)
        return plain_call(self, frame)

    monkeypatch.setattr(reading.Pictures, "read", counted_read)
    monkeypatch.setattr(reading.Converter, "__call__", counted_call)
    times = [sample_times(start, end, 8) for start, end in spans(20.0, Window(4.0, 0.5))]
    assert len(list(clip_frames(video, times, 24))) == 33
    decoded = [time for time in read if time is not None]
    assert len(set(decoded)) == len(decoded) <= 500
    assert len(set(converted)) == len(converted) == 40  # one for each grid point


def test_frames_before_the_current_clip_are_let_go(video, monkeypatch):
    alive = []
    plain = reading.Converter.__call__

    def watched(self, frame):
        image = plain(self, frame)
        alive.append(_finalized(image))
        return image

    monkeypatch.setattr(reading.Converter, "__call__", watched)
    times = [sample_times(start, end, 10) for start, end in spans(20.0, Window(1.0, 0.5))]
    most = 0
    for _ in clip_frames(video, times):
        most = max(most, sum(reference() is not None for reference in alive))
    assert len(alive) == 200
    assert most <= 10 + 2


def test_decoded_pictures_are_let_go_without_waiting_for_the_garbage_collector(video):
    gc.collect()
    gc.disable()
    try:
        most = 0
        for _ in clip_frames(video, [sample_times(start, end, 10) for start, end in spans(20.0, Window(1.0, 1.0))], 24):
            most = max(most, sum(issubclass(type(thing), av.VideoFrame) for thing in gc.get_objects()))
    finally:
        gc.enable()
    assert 1 <= most < 20  # 200 were converted


def _finalized(image):
    return weakref.ref(image)


def test_times_that_differ_by_rounding_do_not_upset_the_order(video):
    got = list(clip_frames(video, [np.array([1.0, 2.0]), np.array([0.999999, 2.000001])]))
    assert shown(got[1][0])[1] == 50


def test_no_clips_give_nothing():
    assert list(clip_frames("no such file", [])) == []


@pytest.mark.parametrize("clips", [[[2.0], [1.0]], [[]], [[2.0, 1.0]], [[[1.0]]]])
def test_clips_must_be_in_order(clips):
    with pytest.raises(ValueError, match="ascend"):
        clip_frames("whatever.mp4", [np.array(clip) for clip in clips])


def test_a_clip_after_the_end_names_the_file_and_the_time(video):
    clips = clip_frames(video, [np.array([1.0]), np.array([30.0])])
    assert shown(next(clips)[0]) == [25]
    with pytest.raises(ActScribeError, match=r"a\.mp4: no picture at 30\.00 s, decoding stopped at 20\.00 s"):
        next(clips)


def test_damage_is_reported_once_when_all_clips_were_read(tmp_path, caplog):
    broken = spoil(make_video(tmp_path / "a.mp4", 100, options={"x264-params": "keyint=20:bframes=0"}), [41])
    with caplog.at_level(logging.WARNING):
        for _ in itertools.islice(clip_frames(broken, [np.array([0.5]), np.array([3.5])]), 2):
            pass
        assert list(clip_frames(broken, [np.arange(0, 4, 0.1)]))
    lines = [record.getMessage() for record in caplog.records if record.name.startswith("actscribe")]
    assert len(lines) == 1
