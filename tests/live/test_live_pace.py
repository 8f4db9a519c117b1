"""Which windows are scored, and how often."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from live_lamps import Heard, Made, chosen, lamps, loaded

from actscribe.data.clips import Window, cut
from actscribe.data.recording import Recording
from actscribe.live import lines
from actscribe.live.arrivals import Arrival
from actscribe.live.pace import Pace
from actscribe.live.watch import watch
from actscribe.live.windows import LiveWindows
from actscribe.run_folder.run import Run


def test_a_slow_recognizer_makes_the_stride_grow_and_it_shrinks_back(run: Run, tmp_path: Path) -> None:
    class Paced(Made):
        def arrivals(self, begin: float, stop: threading.Event) -> Iterator[Arrival]:
            start = time.monotonic()
            for one in super().arrivals(begin, stop):
                stop.wait(max(0.0, start + one.time / self.speed - time.monotonic()))
                yield one

    class Recovered(Heard):
        def line(self, line: lines.Line) -> None:
            super().line(line)
            strides = [one["stride_s"] for one in self.of("stride")]
            if line["kind"] == "window" and strides and strides[-1] < max(strides):
                raise KeyboardInterrupt

    heard = Recovered()
    source = Paced(lamps(600.0), speed=20.0, waits=False)
    slow = loaded(run, lambda: 0.12 if len(heard.of("window")) < 8 else 0.0)  # a window comes every 0.05 s
    done = watch(chosen(source), run, tmp_path / "slow", heard, (), loaded=slow)
    strides = [line["stride_s"] for line in heard.of("stride")]
    assert max(strides) >= 3.0
    assert strides[-1] < max(strides)
    assert any(state.stride > state.asked_stride for state in heard.states)
    starts = [line["start"] for line in heard.of("window")]
    assert starts == sorted(starts)
    assert done.ended is not None
    assert len(starts) < done.ended.at - 5
    assert len(done.ended.latencies) == len(starts)
    assert min(done.ended.latencies) >= 0.0
    ends = [line["end"] for line in heard.of("window")]
    between = [(end, start) for end, start in zip(ends, starts[1:], strict=False) if start > end]
    assert between  # a window lasts 2 s
    *gaps, last = [(line["start"], line["end"]) for line in heard.of("gap")]
    assert gaps == between
    assert last == (ends[-1], heard.of("end")[0]["at"])
    assert set(between) <= {span for state in heard.states for span in state.unseen}
    bars = [(line["start"], line["end"]) for line in heard.of("ends")]
    assert not any(start < to and end > since for start, end in bars for since, to in between)


def test_the_stride_follows_the_cost_of_a_window() -> None:
    pace = Pace(1.0)
    assert pace.next(-1, -1) is None
    assert pace.next(-1, 0) == 0
    assert pace.took(2.0)
    assert pace.every == 3  # 2 s of 3 s is less than 85 %, of 2 s it is not
    assert pace.next(0, 2) is None
    assert pace.next(0, 3) == 3
    assert pace.next(0, 14) == 12  # three wait: the two before are passed over
    assert pace.passed_over == 3
    assert not any(pace.took(2.0) for _ in range(10))
    for _ in range(40):
        pace.took(0.1)
    assert pace.every == 1
    patient = Pace(1.0, waits=True)
    assert patient.next(0, 50) == 1


def test_windows_are_those_of_offline_scoring() -> None:
    windows = LiveWindows(3.0, 0.7, 8)
    recording = Recording("r", Path("r.mp4"), 30.0, "", "g")
    offline = cut(recording, None, Window(3.0, 0.7))  # type: ignore[arg-type]  # not annotated
    spans = np.array([windows.span(k) for k in range(len(offline) - 1)])
    np.testing.assert_allclose(spans, [(clip.start, clip.end) for clip in offline[:-1]])
    moments = windows.every_moment(0.0)
    every = {next(moments) for _ in range(80)}
    for number in range(len(spans)):
        assert {round(float(m), 6) for m in windows.moments(number)} <= every
        assert windows.newest(windows.known_from(number)) == number
    assert windows.newest(2.9) == -1
