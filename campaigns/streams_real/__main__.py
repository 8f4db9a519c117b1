"""`watch` on streams that real programs send, which go away and come back: `python -m campaigns.streams_real`.

Options: `--count N` (cases for each program, 6), `--seed S` (1), `--only NAME`, `--venv DIR`: of a server that is
fetched from the package index, once. Tries also VLC (Debian: vlc-bin, vlc-plugin-base), GStreamer's RTSP server
(gir1.2-gst-rtsp-server-1.0, gstreamer1.0-plugins-good, gstreamer1.0-tools, python3-gi) and FFmpeg; one that is not here
is left out, and said. They listen on this machine alone.

In a case the program is killed, or held up as one whose network hangs, at a random moment, and is there again after a
random time. The oracle: the loss and the return are said, the one within five seconds and the other within what is
waited between two attempts; time goes on at this machine's pace; the gap is not annotated and no window or bar lies in
it; every window has the score of what the film showed then; the file on the disk is what was told. A wrong address and
a wrong password are sentences, and no password is in any of them. Exit status 1 where that does not hold.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from actscribe.annotations import read
from actscribe.data.clips import SAME_S
from actscribe.errors import ActScribeError
from actscribe.live.lines import Line
from actscribe.live.sources import opened
from actscribe.live.sources.choose import choose
from actscribe.live.watch import watch
from actscribe.run_folder.run import Run
from actscribe.video.writing import write_video
from campaigns import kit  # puts the tests' own modules on the path
from campaigns.streams_real.programs import (
    PASSWORD,
    USER,
    Camera,
    Program,
    free_port,
    is_here,
    programs,
    running,
    version_of,
)

assert kit
from live_killed import is_true  # noqa: E402
from live_lamps import Heard, kept, lamp_run, loaded  # noqa: E402
from small_studies import FPS, LEFT, RIGHT, Bouts, frames  # noqa: E402

#: Length of the film in seconds, and from one keyframe to the next in frames: whoever comes later waits for one.
FILM_S, GOP = 120, 10
#: Seconds of a case until the camera goes away, for which it is away, and that it is watched after its return.
BEFORE_S, AWAY_S, AFTER_S = (5.0, 9.0), {"killed": (0.5, 6.0), "held up": (4.5, 9.0)}, 10.0
#: Seconds until a loss has to be said, and by which the recording's time may part from this machine's.
SAID_S, APART_S = opened.SILENT_S + 2.0, 0.5


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a case.

    Args:
        how: the camera went away.
        problem: what does not hold; empty: all does.
        lost_s, back_s: seconds until the loss was said, and from the camera's return until that was.
        windows: that were scored.
        late_s: the 95th percentile of how late they were, in seconds.
    """

    how: str
    problem: str
    lost_s: float
    back_s: float
    windows: int
    late_s: float


def main() -> None:
    """Try every program and print the table."""
    parser = argparse.ArgumentParser(prog="python -m campaigns.streams_real", description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=6, help="cases for each program; default 6")
    parser.add_argument("--seed", type=int, default=1, help="default 1")
    parser.add_argument("--only", help="a program whose name begins so")
    parser.add_argument("--venv", type=Path, default=Path(".venv-streams"), help="default .venv-streams")
    options = parser.parse_args()
    print("| program | version | cases | held | lost said after, most | back after, most | windows | late, 95 % | s |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    broken = 0
    with tempfile.TemporaryDirectory(prefix="streams-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # a program that runs as nobody reads the film
        film = folder / "films" / "film.mp4"
        film.parent.mkdir()
        write_video(film, frames(shown(), FILM_S, 0), FPS, gop=GOP)
        run = lamp_run(folder / "run")
        for number, program in enumerate(programs(options.venv)):
            if program.name.startswith(options.only or ""):
                broken += tried(program, film, run, options.count, [options.seed, number], folder)
    sys.exit("An oracle is violated." if broken else 0)


def shown() -> Bouts:
    """Return when each lamp is on: never twice in the same way, so that a window tells where in the film it lies."""
    rng = np.random.default_rng(0)
    edges = {label: np.cumsum(rng.integers(1500, 4500, 80)) for label in (LEFT, RIGHT)}
    return [
        (label, int(start), int(end))
        for label, times in edges.items()
        for start, end in zip(times[::2], times[1::2], strict=True)
        if end < FILM_S * 1000
    ]


def tried(program: Program, film: Path, run: Run, count: int, seed: Sequence[int], folder: Path) -> int:
    """Print a program's row, and return how many cases do not hold."""
    if not is_here(program):
        print(f"| {program.name} | *not here* | | | | | | | |")
        return 0
    began = time.monotonic()
    outcomes = []
    for case in range(count):
        rng = np.random.default_rng([*seed, case])
        outcomes.append(attempt(program, film, run, rng, folder / f"{seed[-1]}-{case}"))
        if outcomes[-1].problem:
            print(
                f"{program.name}, case {case}, {outcomes[-1].how}: {outcomes[-1].problem}", file=sys.stderr, flush=True
            )
    refused = refusals(program, film)
    for problem in refused:
        print(f"{program.name}: {problem}", file=sys.stderr, flush=True)
    held = sum(not one.problem for one in outcomes)
    lost, back = (max(values) for values in zip(*[(one.lost_s, one.back_s) for one in outcomes], strict=True))
    late, windows = max(one.late_s for one in outcomes), sum(one.windows for one in outcomes)
    numbers = f"{lost:.1f} s | {back:.1f} s | {windows} | {late:.2f} s | {time.monotonic() - began:.0f}"
    print(f"| {program.name} | {version_of(program)} | {count} | {held} | {numbers} |", flush=True)
    return count - held + len(refused)


def attempt(program: Program, film: Path, run: Run, rng: np.random.Generator, folder: Path) -> Outcome:
    """Watch a program that goes away and comes back."""
    how = str(rng.choice(list(AWAY_S)))
    before, away = float(rng.uniform(*BEFORE_S)), float(rng.uniform(*AWAY_S[how]))
    port = free_port()
    with running(program.command(film, port), port, program.as_nobody) as camera:
        heard = Stamped()
        director = Director(camera, how, before, away, heard)
        watch(
            choose(program.address(port)),
            run,
            folder / "stream",
            heard,
            ("json",),
            lasting_s=before + away + opened.MOST_WAIT_S + AFTER_S,
            loaded=loaded(run),
        )
        director.join()
    problem, lost_s, back_s = judged(heard, director, run, folder / "stream")
    late = [line["latency_s"] for line in heard.of("window")]
    return Outcome(how, problem, lost_s, back_s, len(late), float(np.percentile(late, 95)) if late else float("nan"))


class Stamped(Heard):
    """Keeps also when windows were scored, and when something was said of the source."""

    def __init__(self) -> None:
        super().__init__()
        self.at_windows: list[float] = []
        self.at_events: dict[str, float] = {}
        self.first = threading.Event()

    def line(self, line: Line) -> None:
        """Keep a line."""
        super().line(line)
        now = time.monotonic()
        if line["kind"] == "window":
            self.at_windows.append(now)
            self.first.set()
        elif line["kind"] == "source":
            self.at_events.setdefault(line["what"], now)

    def when(self, what: str) -> float:
        """Return when something was first said of the source; nan: never."""
        return self.at_events.get(what, float("nan"))


class Director(threading.Thread):
    """Lets a camera go away so many seconds after the first window, and come back."""

    def __init__(self, camera: Camera, how: str, before: float, away: float, heard: Stamped) -> None:
        super().__init__(daemon=True)
        self._camera, self._how, self._before, self._away, self._heard = camera, how, before, away, heard
        self.gone, self.there = float("nan"), float("nan")
        self.start()

    def run(self) -> None:
        """See the class."""
        if not self._heard.first.wait(60.0):
            return
        time.sleep(self._before)
        self.gone = time.monotonic()
        self._camera.away(self._how)
        time.sleep(self._away)
        self._camera.back(self._how)
        self.there = time.monotonic()


def judged(heard: Stamped, director: Director, run: Run, stem: Path) -> tuple[str, float, float]:
    """Return what does not hold, and how many seconds the loss and the return took to be said."""
    events = [(line["what"], line["at"]) for line in heard.of("source")]
    lost_s, back_s = heard.when("lost") - director.gone, heard.when("back") - director.there
    if [what for what, _ in events] != ["lost", "back"]:
        return f"not lost and back: {events}", lost_s, back_s
    (gap, *more), windows = heard.of("gap"), heard.of("window")
    bars = [(line["start"], line["end"]) for line in heard.of("ends")]
    annotations = read(stem.with_suffix(".json"))
    parts = [
        [line for line in windows if line["end"] <= gap["start"] + SAME_S],
        [line for line in windows if line["start"] >= gap["end"] - SAME_S],
    ]
    starts = [line["start"] for line in parts[1]]  # what lies before the first and after the last of them is due
    besides = [one for one in more if starts and starts[0] < one["start"] < starts[-1]]
    drift = windows[-1]["end"] - windows[0]["end"] - (heard.at_windows[-1] - heard.at_windows[0])
    checks = {
        f"the loss was said after {lost_s:.1f} s": 0 <= lost_s <= SAID_S,
        f"the return was said after {back_s:.1f} s": back_s <= opened.MOST_WAIT_S + opened.OPEN_S,
        f"gaps besides: {besides}": not besides,
        "a window lies in the gap": sum(map(len, parts)) == len(windows),
        "too few windows": min(map(len, parts)) >= 3,
        "a bar lies in the gap": not any(
            start < gap["end"] - SAME_S and end > gap["start"] + SAME_S for start, end in bars
        ),
        "the gap is annotated": any(one.start < gap["end"] and one.end > gap["start"] for one in annotations.gaps),
        f"its time parts from this machine's by {drift:.2f} s": abs(drift) <= APART_S,
        "the file is not what was told": kept(stem.with_name(f"{stem.name}.live.jsonl"))
        == json.loads(json.dumps(heard.lines)),
        "scores of other pictures": all(is_of_the_film(part, run) for part in parts),
    }
    return next((problem for problem, holds in checks.items() if not holds), ""), lost_s, back_s


def is_of_the_film(windows: Sequence[Line], run: Run) -> bool:
    """Tell whether there is a moment of the film from which windows show it, at its own pace."""
    lit, start = shown(), windows[0]["start"]
    moments = np.arange(0, FILM_S, 1 / FPS).tolist()
    return any(all(is_true(line, start - moment, lit, run.labels) for line in windows) for moment in moments)


def refusals(program: Program, film: Path) -> list[str]:
    """Return what is wrong with how a wrong address, and a missing and a wrong password are refused."""
    problems, port = [], free_port()
    if program.address(port).startswith("rtsp"):
        with running(program.command(film, port), port, program.as_nobody):
            problems += _refused(program.address(port).rpartition("/")[0] + "/other")
    if program.locked is not None:
        port = free_port()
        address = program.address(port)
        with running(program.locked(film, port), port, program.as_nobody):
            problems += _refused(address)
            problems += _refused(address.replace("://", f"://{USER}:wrong-{PASSWORD}@"))
            source = choose(address.replace("://", f"://{USER}:{PASSWORD}@")).source
            arrivals = source.arrivals(0.0, threading.Event())
            if PASSWORD in f"{next(arrivals)} {source.media}":
                problems.append("the password is told")
            arrivals.close()  # type: ignore[attr-defined]
    return problems


def _refused(address: str) -> list[str]:
    try:
        next(choose(address).source.arrivals(0.0, threading.Event()))
    except ActScribeError as error:
        text = f"{error.message} {error.hint}"
        return [f"the password is told: {text}"] if PASSWORD in text else []
    return [f"not refused: {address}"]


if __name__ == "__main__":
    main()
