"""Between a source and windows: its clock, pictures at the moments that windows look at, what is held of them."""

from __future__ import annotations

import threading
from pathlib import Path

import av
import av.error
import numpy as np
import pytest
from live_lamps import picture
from videos import make_video

from actscribe.data.input_spec import InputSpec
from actscribe.live.arrivals import Picture
from actscribe.live.buffer import Buffer
from actscribe.live.clock import StreamClock
from actscribe.live.sampler import Health, Sample, Sampler
from actscribe.live.windows import LiveWindows
from actscribe.video.reading import frames_at

INPUT_SPEC = InputSpec(4, 48)


def test_a_clock_that_jumps_is_set_right_by_the_time_that_passed() -> None:
    clock = StreamClock(10.0)
    assert clock.at(500.0, 0.0) == (10.0, 0.0)
    assert clock.at(500.1, 0.1) == (pytest.approx(10.1), 0.0)
    assert clock.at(500.3, 0.1) == (pytest.approx(10.3), 0.0)  # pictures come in bursts
    assert clock.at(500.2, 0.2) == (None, 0.0)  # out of order
    time_, jump = clock.at(3.0, 0.7)  # the clock of the camera was set, 0.6 s after the last picture
    assert (time_, jump) == (pytest.approx(10.9), pytest.approx(3.0 - 500.3 - 0.6))
    assert clock.at(3.1, 0.8) == (pytest.approx(11.0), 0.0)
    time_, jump = clock.at(900.0, 0.9)
    assert (time_, jump) == (pytest.approx(11.1), pytest.approx(896.8))
    assert clock.at(905.0, 5.9) == (pytest.approx(16.1), 0.0)  # a hole as long as the time that passed is one
    assert clock.at(None, 6.0) == (pytest.approx(16.2), 0.0)
    assert clock.now(7.0) == pytest.approx(17.0)  # 7 s after the first picture, whatever came in bursts meanwhile
    clock.restart()
    assert clock.at(0.0, 10.0) == (pytest.approx(20.0), 0.0)


def test_time_does_not_drift_however_often_a_source_is_lost() -> None:
    clock = StreamClock(0.0)
    for number in range(500):  # every 10 s it comes back, with a second of pictures at once
        clock.restart()
        came = 10.0 * number
        times = [clock.at(k / 10, came + max(0.0, k / 10 - 1.0))[0] for k in range(80)]
        assert times[0] == pytest.approx(came)
        assert times == pytest.approx([came + k / 10 for k in range(80)])


def test_of_a_file_holes_are_true_however_fast_it_is_read() -> None:
    clock = StreamClock(0.0, farthest=3600.0)
    assert clock.at(0.0, 0.0) == (0.0, 0.0)
    assert clock.at(1000.0, 0.01) == (1000.0, 0.0)
    assert clock.at(9000.0, 0.02)[1] == pytest.approx(8000 - 0.01)


def test_a_sampler_takes_what_offline_reading_takes(tmp_path: Path) -> None:
    video = make_video(tmp_path / "v.mp4", 75, fps=25)
    windows = LiveWindows(1.0, 0.5, 3)
    moments = [next(one) for one in [windows.every_moment(0.0)] for _ in range(9)]
    assert moments[:2] == pytest.approx([1 / 6, 0.5], abs=1e-6)
    sampler = Sampler(windows.every_moment(0.0), InputSpec(3, 48), float("inf"))
    samples: list[Sample] = []
    with av.open(str(video)) as container:
        for frame in container.decode(video=0):
            samples += sampler.take(Picture(float(frame.time), frame, 0.0))
    samples += sampler.finish(3.0)
    wanted = list(frames_at(video, moments, 48))
    assert [one.moment for one in samples] == moments
    assert [one.time for one in samples] == [one.pts for one in wanted]
    assert all((one.image == other.image).all() for one, other in zip(samples, wanted, strict=True))


def test_nothing_stands_for_what_was_lost() -> None:
    grey = np.full((48, 64, 3), 90, np.uint8)
    windows = LiveWindows(1.0, 1.0, 2)  # moments at 0.25, 0.75, 1.25 ...
    sampler = Sampler(windows.every_moment(0.0), INPUT_SPEC, 0.6)
    assert sampler.take(picture(0.0, grey)) == []
    assert [one.moment for one in sampler.take(picture(3.0, grey))] == [0.25]  # a picture holds for 0.6 s
    sampler.broken()
    assert sampler.take(picture(5.0, grey)) == []
    assert [one.moment for one in sampler.take(picture(5.5, grey))] == [5.25]


def test_black_and_still_pictures_are_said_once_and_so_is_their_end() -> None:
    health = Health()
    rng = np.random.default_rng(0)
    events = []
    for number in range(60):
        moment = number * 0.5
        image = rng.integers(60, 90, (48, 64, 3), np.uint8)
        if 2.0 <= moment < 8.0:
            image = rng.integers(0, 6, (48, 64, 3), np.uint8)  # the noise of a covered lens
        if 10.0 <= moment < 20.0:
            image = np.full((48, 64, 3), 77, np.uint8)
        event = health.look(Sample(moment, moment, image))
        events += [(event.what, moment, event.time)] if event else []
    assert events == [("black", 4.0, 2.0), ("picture", 8.0, 8.0), ("frozen", 15.5, 10.5), ("picture", 20.0, 20.0)]


def sample(moment: float) -> Sample:
    return Sample(moment, moment, np.zeros((2, 2, 3), np.uint8))


def test_a_buffer_drops_by_time_and_hands_out_whole_windows_alone() -> None:
    buffer, stop = Buffer(5.0, False, 1.0), threading.Event()
    for second in range(100):
        buffer.put([sample(float(second))], float(second), 0.0, stop)
    assert buffer.held() == 6  # from 94 to 99 s
    assert buffer.frames(np.array([95.0, 96.0])) is not None
    assert buffer.frames(np.array([93.0, 94.0])) is None
    assert buffer.frames(np.array([95.0, 95.5])) is None


def test_a_source_that_can_wait_does_and_nothing_of_it_is_dropped() -> None:
    buffer, stop = Buffer(5.0, True, 1.0), threading.Event()

    def fill() -> None:
        for second in range(30):
            buffer.put([sample(float(second))], float(second), 0.0, stop)

    thread = threading.Thread(target=fill)
    thread.start()
    for second in range(25):
        buffer.wait(2.0, second)
        assert buffer.frames(np.array([float(second)])) is not None, second
        buffer.need(float(second + 1))
    buffer.need(100.0)
    thread.join(5)
    assert not thread.is_alive()
