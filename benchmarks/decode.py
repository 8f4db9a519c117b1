"""How fast the frames of overlapping windows are read: one pass of ours, against plain PyAV.

    python benchmarks/decode.py [--quick] [--video FILE]

Windows of 3 s with a stride of 1 s, 8 frames each, short side 224. Three comparisons, all in one run, each the median
of several rounds in which they take turns:

windows_vs_per_clip  `clip_frames` against opening the file, seeking and decoding once for each clip; above 1: faster.
windows_vs_bare      `clip_frames` against decoding every picture and throwing it away, same decoder threads. Near 1:
                     choosing, shrinking and stacking cost next to nothing.
contained_vs_windows the same in this process against in a child process, as every command decodes, see
                     `video.contained`. Near 1: the pipe costs little. What a child costs once, starting it and probing
                     the video in it, stands apart (`child_start_s`).

Without --video it makes one: H.264, 640x360, 25 frames/s, keyframes 10 s apart, B-frames, a moving textured scene with
camera noise. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path

import av
import numpy as np
from scipy import ndimage

from actscribe.data.clips import Window, spans
from actscribe.video.contained import contained
from actscribe.video.decoding import THREADS
from actscribe.video.probe import probe
from actscribe.video.sampling import sample_times
from actscribe.video.windows import clip_frames
from actscribe.video.writing import write_video

FRAMES, SHORT_SIDE, WINDOW = 8, 224, Window(3.0, 1.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a shorter video and fewer rounds")
    parser.add_argument("--video", type=Path, help="measure on this file instead of one made here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        video = options.video or make_video(Path(folder) / "scene.mp4", seconds=40 if options.quick else 120)
        report(video, rounds=3 if options.quick else 5)


def report(video: Path, rounds: int) -> None:
    info = probe(video)
    times = [sample_times(start, end, FRAMES) for start, end in spans(info.duration, WINDOW)]
    same_frames(video, times)
    ways: dict[str, Callable[[], object]] = {
        "windows, one pass": lambda: drain(clip_frames(video, times, SHORT_SIDE)),
        "one decode per clip": lambda: drain(per_clip(video, times)),
        "bare decode": lambda: bare(video),
        "windows, in a child": lambda: drain(clip_frames(video, times, SHORT_SIDE)),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    starts: list[float] = []
    for _ in range(rounds):
        for name, way in ways.items():
            with contained() if name.endswith("child") else nullcontext():
                begin = time.perf_counter()
                if name.endswith("child"):
                    probe(video)  # starts the child
                    starts.append(time.perf_counter() - begin)
                    begin = time.perf_counter()
                way()
                seconds[name].append(time.perf_counter() - begin)
    ours, apart, plain, child = (statistics.median(values) for values in seconds.values())
    print(
        f"{info.codec} {info.width}x{info.height}, {info.fps:g} frames/s, {info.duration:.0f} s, {len(times)} windows,"
    )
    print(f"{THREADS} decoder threads, median of {rounds} rounds")
    for name, values in seconds.items():
        middle = statistics.median(values)
        spread = f"{min(values):.2f} to {max(values):.2f}"
        print(f"  {name:<20} {middle:7.2f} s ({spread}) {info.duration / middle:7.1f} times real time")
    figures = {
        "windows_vs_per_clip": round(apart / ours, 3),
        "windows_vs_bare": round(plain / ours, 3),
        "contained_vs_windows": round(ours / child, 3),
        "windows_s": round(ours, 3),
        "child_s": round(child, 3),
        "child_start_s": round(statistics.median(starts), 3),
        "per_clip_s": round(apart, 3),
        "bare_s": round(plain, 3),
        "video_s": round(info.duration, 3),
        "windows": len(times),
        "threads": THREADS,
        "rounds": rounds,
    }
    print(json.dumps(figures))


def per_clip(video: Path, clips: list[np.ndarray]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Decode each clip on its own, as a data set class usually does: open, seek, decode up to the last frame."""
    for times in clips:
        with av.open(str(video)) as container:
            stream = container.streams.video[0]
            stream.thread_type, stream.codec_context.thread_count = "AUTO", THREADS
            zero = (container.start_time or 0) / av.time_base
            container.seek(int((times[0] + zero) / stream.time_base), stream=stream)
            wanted, shown, taken = iter(times), None, []
            moment = next(wanted)
            for frame in container.decode(stream):
                while moment is not None and shown is not None and frame.time - zero > moment + 1e-4:
                    taken.append(shown)
                    moment = next(wanted, None)
                if moment is None:
                    break
                shown = frame
            taken += [shown] * (len(times) - len(taken))
            yield shrunk(taken), np.array([frame.time - zero for frame in taken])


def shrunk(frames: list[av.VideoFrame]) -> np.ndarray:
    factor = min(1.0, SHORT_SIDE / min(frames[0].width, frames[0].height))
    size = {"width": round(frames[0].width * factor), "height": round(frames[0].height * factor)}
    return np.stack([frame.to_ndarray(format="rgb24", interpolation="BICUBIC", **size) for frame in frames])


def bare(video: Path) -> int:
    """Decode every picture and do nothing with it."""
    with av.open(str(video)) as container:
        stream = container.streams.video[0]
        stream.thread_type, stream.codec_context.thread_count = "AUTO", THREADS
        return sum(1 for _ in container.decode(stream))


def drain(clips: Iterator[tuple[np.ndarray, np.ndarray]]) -> int:
    return sum(len(images) for images, _ in clips)


def same_frames(video: Path, times: list[np.ndarray]) -> None:
    """Make sure that both ways give the same frames: a faster way to the wrong ones would be worth nothing."""
    for (ours, moments), (plain, others) in zip(
        clip_frames(video, times[::7], SHORT_SIDE), per_clip(video, times[::7]), strict=True
    ):
        np.testing.assert_allclose(moments, others, atol=1e-4)
        assert ours.shape == plain.shape
        assert np.abs(ours.astype(int) - plain).mean() < 3


def make_video(path: Path, seconds: int) -> Path:
    print(f"making {seconds} s of video ...", flush=True)
    rng = np.random.default_rng(0)
    # Mostly grey, with detail at every scale, as photographs have.
    scene = np.full((900, 1200, 3), 128.0)
    for cell, grey, colour in ((100, 40, 14), (20, 18, 5), (5, 12, 2)):
        shape = (900 // cell, 1200 // cell, 1)
        cells = rng.normal(0, grey, shape) + rng.normal(0, colour, (*shape[:2], 3))
        scene += ndimage.zoom(cells, (cell, cell, 1), order=1)
    scene = np.clip(scene, 0, 255).astype(np.uint8)
    noise = rng.integers(0, 6, (8, 360, 640, 1), dtype=np.uint8)
    write_video(path, (draw(scene, noise, number) for number in range(seconds * 25)), 25, preset="medium", gop=250)
    return path


def draw(scene: np.ndarray, noise: np.ndarray, number: int) -> np.ndarray:
    """Pan slowly over the scene while three textured blocks move about in front of it."""
    x, y = int(200 + 150 * np.sin(number / 400)), int(200 + 120 * np.cos(number / 310))
    image = scene[y : y + 360, x : x + 640].copy()
    for block in range(3):
        left = int(280 + 250 * np.sin(number / (11 + 7 * block) + block))
        top = int(140 + 120 * np.cos(number / (17 + 5 * block) + 2 * block))
        image[top : top + 80, left : left + 80] = scene[block * 90 : block * 90 + 80, 900:980]
    return np.clip(image, 0, 249) + noise[number % 8]


if __name__ == "__main__":
    main()
