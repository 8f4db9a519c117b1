"""What is needed to watch lamps: a run whose scores are how bright each lamp is, and sources made by hand."""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from small_studies import LEFT, RIGHT, Bouts, film, frames, interval_text, write_manifest, write_study

from actscribe import load_study
from actscribe.data.input_spec import ClipFrames, InputSpec
from actscribe.data.loading import load_data
from actscribe.labels import LabelSet
from actscribe.live.arrivals import Arrival, Event, Picture
from actscribe.live.lines import Line
from actscribe.live.session import State
from actscribe.live.sources.choose import Chosen
from actscribe.live.sources.played import Played
from actscribe.run_folder.run import OperatingPoint, Run, RunInfo
from actscribe.runs.one_video import Loaded
from actscribe.timeline.segments import LabelOperatingPoint, TimelineSettings

#: Left from 2 to 6 s, right from 5 to 9 s.
SHOWN: Bouts = [(LEFT, 2000, 6000), (RIGHT, 5000, 9000)]
SECONDS = 12.0
OPERATING_POINT = LabelOperatingPoint(on=0.6, off=0.4, min_duration=0.5, min_gap=0.5)


class Bright:
    """A recognizer of lamps: how much brighter than the wall each of them is.

    Args:
        labels: left and right.
        takes: seconds that a window takes.
    """

    input_spec = InputSpec(4, 48)

    def __init__(self, labels: LabelSet, takes: Callable[[], float] = lambda: 0.0) -> None:
        self.labels, self.takes, self.scored = labels, takes, list[ClipFrames]()

    def score(self, clips: Iterable[ClipFrames]) -> Iterator[np.ndarray]:
        for clip in clips:
            self.scored.append(clip)
            time.sleep(self.takes())
            left, right = clip.frames[:, 10:38, 6:26].mean(), clip.frames[:, 10:38, 38:58].mean()
            yield np.clip((np.array([left, right]) - 65) / 150, 0, 1)

    def save(self, folder: Path) -> None:
        raise NotImplementedError


def lamp_run(folder: Path, recognizer: str = "timesformer", **settings: object) -> Run:
    """Write a run of lamps with decisions, complete, with one annotated test recording."""
    study = folder.parent / "study"
    if not study.exists():
        film(study / "r0.mp4", SHOWN, SECONDS)
        interval_text(study / "r0.txt", SHOWN)
        write_manifest(study, [{"video": "r0.mp4", "annotations": "r0.txt", "group": "p", "split": "test"}])
        write_study(study)
    loaded = load_study(study)
    data = load_data(loaded)
    facts = RunInfo(
        status="complete", name=recognizer, recognizer=recognizer, settings=dict(settings), seed=1, study="lamps"
    )
    run = Run.create(folder, loaded, data.labels, data.recordings, facts)
    operating_points = dict.fromkeys(data.labels.names, OPERATING_POINT)
    timeline = TimelineSettings(step=0.1, operating_points=operating_points)
    run.save_operating_point(OperatingPoint(thresholds=dict.fromkeys(data.labels.names, 0.5), timeline=timeline))
    run.save_info()
    return run


def loaded(run: Run, takes: Callable[[], float] = lambda: 0.0) -> Loaded:
    """Return a run of lamps with its recognizer."""
    return Loaded(run, Bright(run.labels, takes), run.operating_point.timeline, run.operating_point.confidence, (), {})


@dataclass
class Heard:
    """What a session shows, kept."""

    lines: list[Line] = field(default_factory=list)
    states: list[State] = field(default_factory=list)

    def line(self, line: Line) -> None:
        self.lines.append(line)

    def draw(self, state: State) -> None:
        self.states.append(state)

    def of(self, kind: str) -> list[Line]:
        return [line for line in self.lines if line["kind"] == kind]


@dataclass
class Made:
    """A source that yields what it is given; of pictures (time, image) it says that they come as they are asked for."""

    given: Sequence[tuple[float, np.ndarray] | Event]
    media: str = "made"
    speed: float = 1.0
    waits: bool = True
    hold_s: float = 3.0

    def arrivals(self, begin: float, stop: threading.Event) -> Iterator[Arrival]:
        for one in self.given:
            if stop.is_set():
                return
            if isinstance(one, Event):
                yield one
            else:
                yield picture(begin + one[0], one[1])


class Calm:
    """A video file that is read as fast as its pictures are taken: on no machine is a window left out.

    Args:
        path: of the video, `SECONDS` long.
    """

    #: So slow is it that no recognizer is too slow for it.
    speed, waits, hold_s, duration = 1e-3, True, math.inf, SECONDS

    def __init__(self, path: Path) -> None:
        self._played = Played(path, SECONDS, 1000.0)
        self.media = self._played.media

    def arrivals(self, begin: float, stop: threading.Event) -> Iterator[Arrival]:
        yield from self._played.arrivals(begin, stop)


def picture(moment: float, image: np.ndarray) -> Picture:
    frame = av.VideoFrame.from_ndarray(image, format="rgb24")
    frame.pts, frame.time_base = round(moment * 1000), Fraction(1, 1000)
    return Picture(moment, frame, time.monotonic())


def lamps(seconds: float = SECONDS, shown: Bouts = SHOWN, begin: float = 0.0) -> list[tuple[float, np.ndarray]]:
    """Return what `film` films, picture by picture, ten a second."""
    return [(begin + number / 10, image) for number, image in enumerate(frames(shown, seconds, 0))]


def chosen(source: Any, video: Path | None = None, passes: bool = False) -> Chosen:
    return Chosen(source, "lamps", video, passes)


def kept(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def joined(spans: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return spans, sorted, with those that touch as one."""
    whole: list[tuple[float, float]] = []
    for start, end in sorted(spans):
        touching = whole and start <= whole[-1][1] + 1e-4
        whole.append((whole.pop()[0], end) if touching else (start, end))
    return whole


@contextmanager
def files_up_to(size: int) -> Iterator[None]:
    """Let no file grow beyond so many bytes."""
    import resource  # of POSIX alone

    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
