"""How late the bars of `watch` are, how its stride follows a slow recognizer, and whether its memory stays flat.

latency_p50_s, latency_p95_s, by speed   from the moment at which the end of a window was to be seen until its bar is
                  drawn and written, with a video that is played at 1, 2 and 4 times its pace.
slow, by cost     the same at its own pace with a recognizer that takes 1, 2 and 4 times as long as there is from one
                  window to the next (it sleeps the rest): the stride that it ends with, and the latencies since.
vlm, by recognizer  the same with a vision-language model of SmolVLM2-256M's size, with random weights: the stride that
                  it ends with, the latencies since, and the share of the time that no window looked at.
rss_growth_mib    by how much the memory of the process grew from the tenth minute of a recording of two hours, played
                  at 50 times its pace, to its end; the highest after the tenth minute over the highest before. The
                  recognizer is a stub (the brightness of the picture): no network keeps up with 50 windows a second.

Without --run the recognizer is the embedded TimeSformer, not trained: its weights do not change the time. Videos are
made here: 1280 x 720, 25 frames/s, and 256 x 256, 15 frames/s, for memory. `--quick` plays 20 s at each speed, a minute
for each vision-language model, and 12 minutes for memory. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
from timeline import make_video, run_of, untrained_run

SPEEDS, COSTS = (1, 2, 4), (1, 2, 4)
VLMS, VLM_S = ("vlm-head", "vlm-yesno"), 240
WIDTH, HEIGHT, FPS = 1280, 720, 25
MEMORY_SPEED, SETTLED_S = 50, 600
#: Minutes of video that are made, and repeated until there are enough for memory.
SHORT = 6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="shorter videos")
    parser.add_argument("--run", type=Path, help="folder of a run; default the embedded TimeSformer, not trained")
    parser.add_argument("--parts", default="latency,slow,vlm,memory", help="comma-separated; default all")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measured(Path(folder), options.run, options.quick, options.parts.split(","))))


def measured(folder: Path, run_folder: Path | None, quick: bool, parts: list[str]) -> dict[str, object]:
    from actscribe import Run
    from actscribe.runs.one_video import load

    run = Run.open(run_folder or untrained_run(folder / "run"))
    loaded = load(run)
    figures: dict[str, object] = {
        "recognizer": run.info.recognizer if run_folder else "timesformer, embedded, untrained",
        "window_s": run.study.windows.length,
        "stride_s": run.study.windows.stride,
        "cores": os.cpu_count(),
    }
    seconds = 20 if quick else 120
    if {"latency", "slow", "vlm"} & set(parts):
        video = large_video(folder / "large.mp4", max(SPEEDS) * seconds)
    if "latency" in parts:
        by_speed = {str(speed): watched(loaded, video, speed, seconds * speed, folder) for speed in SPEEDS}
        figures["latency_p50_s"] = {speed: one["p50_s"] for speed, one in by_speed.items()}
        figures["latency_p95_s"] = {speed: one["p95_s"] for speed, one in by_speed.items()}
        figures["strides_s"] = {speed: one["stride_s"] for speed, one in by_speed.items()}
    if "slow" in parts:
        figures["slow"] = {
            str(cost): watched(slowed(loaded, cost * float(run.study.windows.stride)), video, 1, seconds, folder)
            for cost in COSTS
        }
    if "vlm" in parts:
        figures["vlm"] = {
            name: watched(load(vlm_run(folder, name)), video, 1, 60 if quick else VLM_S, folder) for name in VLMS
        }
    if "memory" in parts:
        figures |= memory(run, folder, 12 if quick else 120)
    return figures


def watched(loaded, video: Path, speed: float, seconds: float, folder: Path) -> dict[str, float]:
    """Watch some seconds of a video, and return how late its windows were."""
    from actscribe.live.sources.choose import choose
    from actscribe.live.watch import watch

    shown = Last()
    stem = folder / f"watched-{time.monotonic_ns()}"
    done = watch(choose(str(video), speed), loaded.run, stem, shown, (), lasting_s=seconds, loaded=loaded)
    late = np.array(done.ended.latencies[len(done.ended.latencies) // 4 :])  # since the stride has settled
    figures = {
        "p50_s": round(float(np.percentile(late, 50)), 3),
        "p95_s": round(float(np.percentile(late, 95)), 3),
        "stride_s": shown.state.stride,
        "windows": done.ended.scored,
        "unseen": round(shown.unseen / done.ended.at, 3),
    }
    print(f"  {loaded.run.info.recognizer} at {speed}x: {figures}", file=sys.stderr, flush=True)
    return figures


class Last:
    """Keeps the last state, and how many seconds no window looked at."""

    unseen = 0.0

    def line(self, line) -> None:
        """Count what is not annotated."""
        if line["kind"] == "gap":
            self.unseen += line["end"] - line["start"]

    def draw(self, state) -> None:
        """Keep it."""
        self.state = state


class Slow:
    """A recognizer that takes at least so many seconds a window."""

    def __init__(self, inner, seconds: float) -> None:
        self.inner, self.seconds, self.labels, self.input_spec = inner, seconds, inner.labels, inner.input_spec

    def score(self, clips) -> Iterator[np.ndarray]:
        """Yield scores per clip."""
        for clip in clips:
            start = time.monotonic()
            (row,) = self.inner.score([clip])
            time.sleep(max(0.0, self.seconds - (time.monotonic() - start)))
            yield row


class Brightness:
    """A stub: the brightness of a clip, for every label."""

    def __init__(self, labels, input_spec) -> None:
        self.labels, self.input_spec = labels, input_spec

    def score(self, clips) -> Iterator[np.ndarray]:
        """Yield scores per clip."""
        for clip in clips:
            yield np.full(len(self.labels), clip.frames.mean() / 255)


def slowed(loaded, seconds: float):
    from dataclasses import replace

    return replace(loaded, recognizer=Slow(loaded.recognizer, seconds))


def vlm_run(folder: Path, name: str):
    """Return a run of a vision-language model of a published size that nobody trained."""
    from two_ways.language import head_folder, vlm_folder
    from two_ways.ways import FRAMES, LABELS

    from actscribe import Run
    from actscribe.models.device import bfloat16_pays
    from actscribe.recognizers import vlm_head
    from actscribe.recognizers.base import implementation
    from actscribe.settings.recognizers.vlm import VlmYesnoSettings
    from actscribe.training.inputs import TrainingInputs

    print("making a model of SmolVLM2-256M's size ...", file=sys.stderr, flush=True)
    model = vlm_folder(folder / "vlm", None)
    if name == "vlm-head":
        parts, _ = vlm_head.load_parts(head_folder(folder / "head", model, bfloat16_pays()[0]))
        recognizer = vlm_head.recognizer(parts, LABELS)
    else:
        settings, code = VlmYesnoSettings(model=str(model), caption_share=0), implementation(name)
        spec, nothing = code.input_spec(settings, FRAMES), (None,) * 4
        recognizer = code.make(TrainingInputs(LABELS, settings, spec, *nothing, folder, seed=0))
    return Run.open(run_of(folder / name, name, recognizer))


def memory(run, folder: Path, minutes: int) -> dict[str, object]:
    """Watch a long video at 50 times its pace and return the curve of the process's memory, in MiB by minute."""
    from actscribe.runs.one_video import Loaded

    video = repeated(make_video(folder / "short.mp4", SHORT), minutes // SHORT, folder / "long.mp4")
    recognizer = run.recognizer()
    stub = Loaded(
        run,
        Brightness(run.labels, recognizer.input_spec),
        run.operating_point.timeline,
        run.operating_point.confidence,
        (),
        {},
    )
    del recognizer
    curve: list[tuple[float, float]] = []
    stop, shown = threading.Event(), Last()

    def look() -> None:
        process = psutil.Process()
        while not stop.wait(0.5):
            at = getattr(getattr(shown, "state", None), "at", 0.0)
            curve.append((at, process.memory_info().rss / 2**20))

    thread = threading.Thread(target=look)
    thread.start()
    from actscribe.live.sources.choose import choose
    from actscribe.live.watch import watch

    done = watch(choose(str(video), MEMORY_SPEED), run, folder / "long", shown, (), loaded=stub)
    stop.set()
    thread.join()
    early = max(mib for at, mib in curve if at <= SETTLED_S)
    late = max(mib for at, mib in curve if at > SETTLED_S)
    by_ten = {}
    for at, mib in curve:
        by_ten[str(int(at // SETTLED_S) * 10)] = round(mib)
    return {
        "rss_growth_mib": round(late - early, 1),
        "rss_mib_by_minute": by_ten,
        "long_video_s": minutes * 60,
        "long_windows": done.ended.scored,
        "long_passed_over": done.ended.passed_over,
    }


def repeated(video: Path, times: int, path: Path) -> Path:
    """Write a video so many times after each other, without decoding it."""
    import av

    with av.open(str(path), "w") as out:
        stream, begin = None, 0
        for _ in range(times):
            with av.open(str(video)) as read:
                source = read.streams.video[0]
                stream = stream or out.add_stream_from_template(source)
                end = begin
                for packet in read.demux(source):
                    if packet.dts is None:
                        continue
                    packet.pts, packet.dts = packet.pts + begin, packet.dts + begin
                    end = max(end, packet.pts + packet.duration)
                    packet.stream = stream
                    out.mux(packet)
                begin = end
    return path


def large_video(path: Path, seconds: int) -> Path:
    from actscribe.video.writing import write_video

    print(f"making {seconds} s of {WIDTH} x {HEIGHT} video ...", file=sys.stderr, flush=True)
    write_video(path, large_frames(seconds * FPS), FPS, preset="ultrafast", gop=50)
    return path


def large_frames(count: int) -> Iterator[np.ndarray]:
    rng = np.random.default_rng(1)
    wall = rng.integers(60, 120, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    for number in range(count):
        image = wall.copy()
        left = 40 + (7 * number) % (WIDTH - 300)
        image[200:440, left : left + 240] = (200, 120, 60)
        yield image


if __name__ == "__main__":
    main()
