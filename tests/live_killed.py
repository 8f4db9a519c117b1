"""Streams that are cut and watchers that are killed at random moments, and what is on the disk afterwards."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
from live_lamps import Heard, kept, lamp_run, loaded
from small_studies import LEFT, RIGHT, Bouts, film
from tiny_models import tiny_timesformer

from actscribe.annotations import read
from actscribe.data.recording import Recording
from actscribe.labels import LabelSet
from actscribe.live.sources import opened
from actscribe.live.sources.choose import choose
from actscribe.live.watch import watch
from actscribe.run_folder.run import OperatingPoint, Run
from actscribe.runs.annotate import annotate_each
from actscribe.runs.scoring import score_recordings
from actscribe.timeline.segments import LabelOperatingPoint, TimelineSettings

SECONDS = 24.0
SHOWN: Bouts = [(LEFT, 2000, 7000), (RIGHT, 5000, 12000), (LEFT, 13000, 16000), (RIGHT, 17000, 23000)]
#: The pace at which a stream is sent, and at which a file is watched, times its own.
PACE = 6.0
#: Seconds after which a process that says nothing is given up.
PATIENCE_S = 120.0


def write_sources(folder: Path) -> None:
    """Write a run whose recognizer is a tiny network, a video, and what offline scoring makes of it."""
    folder.mkdir(parents=True, exist_ok=True)
    video = film(folder / "lamps.mp4", SHOWN, SECONDS)
    film(folder / "lamps.ts", SHOWN, SECONDS)
    run = lamp_run(folder / "run")
    with_a_network(run, tiny_timesformer(folder / "tiny"))
    (scored,) = [
        score_recordings(
            run.recognizer(), [Recording("x", video, SECONDS, "x", "x")], run.labels, run.study.windows, "x"
        )
    ]
    np.save(folder / "scores.npy", scored.scores)
    levels = np.median(scored.scores, axis=0).round(6)
    operating_points = {
        name: LabelOperatingPoint(on=float(level), off=float(level))
        for name, level in zip(run.labels.names, levels, strict=True)
    }
    thresholds = dict.fromkeys(run.labels.names, 0.5)
    run.save_operating_point(
        OperatingPoint(thresholds=thresholds, timeline=TimelineSettings(step=0.1, operating_points=operating_points))
    )
    run.save_info()
    list(annotate_each([video], run, ("json",), folder / "offline"))


def killed_watcher(sources: Path, folder: Path, rng: np.random.Generator) -> tuple[str, str]:
    """Kill a watcher of a file at a random moment, type the same again, and return what is wrong with what it wrote.

    Returns:
        the problem, empty if there is none, and what is worth knowing of it.
    """
    video = folder / "lamps.mp4"
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(sources / "lamps.mp4", video)
    printed, late = _watched_until_killed(sources / "run", video, float(rng.uniform(0.0, SECONDS / PACE)))
    file = folder / "lamps.live.jsonl"
    on_disk = _whole_lines(file)
    if on_disk[: len(printed)] != printed:
        return "lost", f"{len(printed)} lines were told, {len(on_disk)} are there"
    if late > 1.0:
        return "late", f"the last line before the kill is {late:.2f} s old"
    done = subprocess.run(
        _command(sources / "run", video, 40.0), capture_output=True, text=True, env=_environment(), timeout=PATIENCE_S
    )
    if done.returncode:
        return "refused", done.stderr[-500:]
    after = kept(file)
    if after[: len(on_disk)] != on_disk:
        return "changed", "a line from before the kill is another one now"
    windows = [line for line in after if line["kind"] == "window"]
    starts = [line["start"] for line in windows]
    if starts != sorted(set(starts)):
        return "twice", str(starts)
    if untold := left_out_untold(after):
        return "left out and not told", f"{untold} of {starts}"
    wanted = np.load(sources / "scores.npy")
    rows = np.array([wanted[round(start)] for start in starts])
    if not np.allclose([line["scores"] for line in windows], rows, atol=2e-6):
        return "other scores", ""
    if read(folder / "lamps.json").intervals != read(sources / "offline" / "lamps.json").intervals:
        return "other timeline", ""
    return "", ""


def left_out_untold(lines: Sequence[Mapping[str, Any]]) -> list[float]:
    """Return the starts of windows before which more was left out than the lines tell.

    A busy machine may leave windows out, which it tells by a longer stride or a gap. A kill may not: the first window
    of a session is the next one after the last of the session before.
    """
    untold: list[float] = []
    last = stride = 0.0
    first_of_session, gaps = True, [(line["start"], line["end"]) for line in lines if line["kind"] == "gap"]
    for line in lines:
        if line["kind"] == "session":
            first_of_session, stride = True, max(stride, line["stride_s"])
        elif line["kind"] == "stride":
            stride = max(stride, line["stride_s"])
        elif line["kind"] == "window":
            in_gap = not first_of_session and any(start <= line["start"] <= end for start, end in gaps)
            if line["start"] > last + stride + 1e-6 and not in_gap:
                untold.append(line["start"])
            last, first_of_session = line["start"], False
    return untold


def _watched_until_killed(run: Path, video: Path, after_s: float) -> tuple[list[dict[str, Any]], float]:
    """Return the lines that a watcher told before it was killed, and how old the last one was then, in seconds.

    It is killed so many seconds after its session began.
    """
    process = subprocess.Popen(
        _command(run, video, PACE), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=_environment()
    )
    assert process.stdout is not None
    printed: list[dict[str, Any]] = []
    heard: list[float] = []
    killed: list[float] = []

    def kill() -> None:
        killed.append(time.monotonic())
        process.send_signal(signal.SIGKILL)

    timer = threading.Timer(after_s, kill)
    for line in process.stdout:
        if not line.endswith("\n"):
            break
        printed.append(json.loads(line))
        heard.append(time.monotonic())
        if len(printed) == 1:
            timer.start()
    process.wait()
    timer.cancel()
    process.stdout.close()
    between = [moment for moment in heard if killed and moment <= killed[0]]
    return printed, killed[0] - between[-1] if between and len(printed) > 2 else 0.0


def _command(run: Path, video: Path, speed: float) -> list[str]:
    words = ["watch", str(video), "--run", str(run), "--speed", f"{speed:g}", "--json", "--threads", "1"]
    return [sys.executable, "-m", "actscribe", *words]


def _environment() -> dict[str, str]:
    home = str(Path(__file__).resolve().parents[1] / "src")
    return os.environ | {"PYTHONPATH": os.pathsep.join([home, os.environ.get("PYTHONPATH", "")])}


def _whole_lines(file: Path) -> list[dict[str, Any]]:
    whole = [line for line in file.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]
    return [json.loads(line) for line in whole]


def cut_stream(sources: Path, folder: Path, rng: np.random.Generator) -> tuple[str, str]:
    """Watch a stream that is cut at a random place, and return what is wrong with what was written.

    Each time that it is opened it starts over, so that what a window shows follows from when it was opened.

    Returns:
        the problem, empty if there is none, and what is worth knowing of it.
    """
    content = (sources / "lamps.ts").read_bytes()
    run, heard = Run.open(sources / "run"), Heard()
    cut = int(rng.integers(len(content) // 10, len(content)))
    opened.FIRST_WAIT_S = float(rng.uniform(0.02, 0.4))
    with streamed(content, [cut]) as address:
        source = choose(address)
        watch(source, run, folder / "stream", heard, ("json",), lasting_s=SECONDS * 1.4, loaded=loaded(run))
    events = [(line["what"], line["at"]) for line in heard.of("source")]
    if [what for what, _ in events[:2]] != ["lost", "back"]:
        return "not lost and back", str(events)
    (gap, *_) = heard.of("gap")
    if any(line["start"] < gap["end"] and line["end"] > gap["start"] for line in heard.of("window")):
        return "a window in the gap", str(gap)
    bars = [(line["start"], line["end"]) for line in heard.of("ends")]
    if any(start < gap["end"] - 1e-6 and end > gap["start"] + 1e-6 for start, end in bars):
        return "a bar in the gap", str((gap, bars))
    begins = [0.0, *(at for what, at in events if what == "back")]
    wrong = [line for line in heard.of("window") if not is_true(line, _latest(begins, line), SHOWN, run.labels)]
    if wrong:
        return "other pictures", str(wrong[0])
    if kept(folder / "stream.live.jsonl") != json.loads(json.dumps(list(heard.lines))):
        return "told otherwise", ""
    annotations = read(folder / "stream.json")
    hidden = [one for one in annotations.gaps if one.start < gap["end"] and one.end > gap["start"]]
    return ("", "") if hidden else ("gap annotated", str(annotations.gaps))


def _latest(begins: Sequence[float], line: Mapping[str, Any]) -> float:
    return max(one for one in begins if one <= line["start"] + 1e-6)


def is_true(line: Mapping[str, Any], begin: float, shown: Bouts, labels: LabelSet) -> bool:
    """Tell whether a window has the scores of what a stream showed then, lamps that change just then aside.

    Args:
        line: of the window.
        begin: second of the recording at which the film began.
        shown: when lamps are on in the film.
        labels: of the scores.
    """
    moments = line["start"] + (np.arange(4) + 0.5) * 0.5 - begin
    for name, score in zip(labels.names, line["scores"], strict=True):
        edges = np.array([edge / 1000 for label, *span in shown if label == name for edge in span])
        if np.abs(moments[:, None] - edges[None]).min() < 0.15:
            continue
        lit = [any(label == name and first <= 1000 * m < last for label, first, last in shown) for m in moments]
        if abs(score - np.mean(lit)) > 0.15:
            return False
    return True


@contextmanager
def streamed(content: bytes, cuts: Sequence[int]) -> Iterator[str]:
    """Send a video of `SECONDS` at `PACE` to whoever asks, the first ones up to a byte; yield the address."""
    left = list(cuts)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            until = left.pop(0) if left else len(content)
            self.send_response(200)
            self.send_header("content-type", "video/mp2t")
            self.end_headers()
            pieces = 100
            size = -(-len(content) // pieces)
            began = time.monotonic()
            try:
                for number in range(pieces):
                    self.wfile.write(content[number * size : min((number + 1) * size, until)])
                    if (number + 1) * size >= until:
                        return
                    time.sleep(max(0.0, began + (number + 1) * SECONDS / PACE / pieces - time.monotonic()))
            except OSError:  # nobody listens any more
                return

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/lamps.ts"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def with_a_network(run: Run, checkpoint: Path) -> None:
    """Put a network that nobody trained into a run; its scores follow from the pictures all the same."""
    from actscribe.models.video_classifier import load_classifier
    from actscribe.recognizers.video_classifier import VideoClassifierRecognizer

    model, pixels = load_classifier(str(checkpoint), run.labels.names, 4)
    (run.folder / "model").mkdir()
    VideoClassifierRecognizer(model, pixels, run.labels, False).save(run.folder / "model")
    run.note(run.folder / "model")
    run.save_info()
