"""How much sooner two workers of `actscribe archive` are done than one, and one than `annotate`.

    python benchmarks/archive.py [--quick] [--tiny] [--videos 12] [--seconds 4] [--workers 1,2]
    python benchmarks/archive.py --tiny --videos 48 --workers 1 --together 16 --batch-size 8

Videos are H.264, 256x256, 15 frames/s; the recognizer is a TimeSformer-base with random weights, or with `--tiny` the
embedded one. A video is decoded by a process of its own while the network computes: with the tiny network one worker
keeps almost two cores busy by that alone, so a second one gains on more than two cores only.

Each command runs in a new process, with one thread of arithmetic for each process (`--threads 1`), and is timed from
the first timeline to the last: loading the run takes each the same few seconds, and an archive is hours long. One
worker and `annotate` are compared running at the same time: what is new in an archive is a hundredth, and two runs of
the same command one after the other differ by more. Then each number of workers has the machine to itself. `*_cpu_s`
are seconds of processors of the whole command, the second witness on a busy machine. Timelines of all are compared byte
for byte.

With `--together` one worker does the same videos once more, so many in one pass: what full batches gain where videos
are short. With `--batch-size` above 1, or on a GPU, scores differ in the last digits then, and how many timelines are
the same is counted. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from timeline import FRAMES, untrained_run

FPS, SIDE = 15, 256


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer videos")
    parser.add_argument("--tiny", action="store_true", help="the embedded network")
    parser.add_argument("--videos", type=int, default=12)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--workers", default="1,2", help="numbers of workers; default 1,2")
    parser.add_argument("--together", type=int, default=0, help="also with so many videos in one pass")
    parser.add_argument("--batch-size", type=int, help="clips that the network is given at once")
    options = parser.parse_args()
    workers = [int(one) for one in options.workers.split(",")]
    count = 6 if options.quick else options.videos
    if count <= max(*workers, options.together, 1):  # those of the first pass are not timed
        parser.error(f"{count} videos are too few: --videos must be more than --workers and --together")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        checkpoint = "" if options.tiny else str(base_checkpoint(folder / "checkpoint"))
        run = untrained_run(folder / "run", checkpoint)
        batches = [] if options.batch_size is None else ["--batch-size", options.batch_size]
        figures = report(folder, run, count, options.seconds, workers, batches)
        if options.together:
            figures |= together(folder, run, count, options.together, batches, figures)
        print(json.dumps(figures))


def report(
    folder: Path, run: Path, count: int, seconds: float, workers: list[int], batches: list[object]
) -> dict[str, float]:
    """Return what `annotate` and so many workers take, and how much quicker each is than the one before."""
    videos = [film(folder / "in" / f"{index:02}.mp4", seconds, index) for index in range(count)]
    figures: dict[str, float] = {"videos": count, "video_s": seconds, "cores": os.cpu_count() or 0}
    words = ["annotate", *videos, "--run", run, "--out", folder / "alone", "--threads", 1, *batches]
    beside = ["archive", folder / "in", "--run", run, "--out", folder / "beside", "--workers", 1, *batches]
    with ThreadPoolExecutor() as threads:
        both = [
            threads.submit(timed, "annotate", words, folder / "alone"),
            threads.submit(timed, "beside", beside, folder / "beside" / "timelines"),
        ]
    figures |= both[0].result() | both[1].result()
    figures["one_against_annotate"] = round(figures["annotate_s"] / figures["beside_s"], 3)
    wanted = {path.name: path.read_bytes() for path in (folder / "alone").iterdir()}
    for number in workers:
        out = folder / f"out{number}"
        words = ["archive", folder / "in", "--run", run, "--out", out, "--workers", number, *batches]
        figures |= timed(f"workers_{number}", words, out / "timelines")
        made = {path.name: path.read_bytes() for path in (out / "timelines").iterdir()}
        assert made == wanted, "other bytes than annotate's"
    # Of n videos n - workers are timed: the first of each worker ends about when the clock begins.
    rates = {number: (count - number) / figures[f"workers_{number}_s"] for number in workers}
    for number in workers[1:]:
        figures[f"{number}_against_one"] = round(rates[number] / rates[workers[0]], 3)
    return figures


def together(
    folder: Path, run: Path, count: int, at_once: int, batches: list[object], figures: dict[str, float]
) -> dict[str, float]:
    """Return what one worker takes that scores several videos in one pass, and how much quicker it is so."""
    out = folder / "together"
    words = ["archive", folder / "in", "--run", run, "--out", out, "--workers", 1, "--together", at_once, *batches]
    measured = timed("together", words, out / "timelines")
    # The videos of the first pass are there about when the clock begins.
    rate, alone = (count - at_once) / measured["together_s"], (count - 1) / figures["workers_1_s"]
    same = sum(
        path.read_bytes() == (folder / "alone" / path.name).read_bytes() for path in (out / "timelines").iterdir()
    )
    return measured | {"together": at_once, "together_against_one": round(rate / alone, 3), "same_timelines": same}


def timed(name: str, words: list[object], folder: Path) -> dict[str, float]:
    """Run a command; return seconds from the first file in a folder to the last, of the whole, and of processors."""
    start = time.monotonic()
    program = "import sys; from actscribe.cli import main; main()"
    line = [sys.executable, "-c", program, *map(str, words)]
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        whole, process.returncode = time.monotonic() - start, os.waitstatus_to_exitcode(status)
        if process.returncode:
            errors.seek(0)
            raise SystemExit(errors.read())
    stamps = [path.stat().st_mtime for path in folder.iterdir()]
    took = max(stamps) - min(stamps)
    cpu = usage.ru_utime + usage.ru_stime  # with those of its own processes
    print(f"{name}: {took:.1f} s from the first timeline to the last, {whole:.1f} s in all, {cpu:.1f} s of processors")
    return {f"{name}_s": round(took, 2), f"{name}_whole_s": round(whole, 1), f"{name}_cpu_s": round(cpu, 1)}


def base_checkpoint(folder: Path) -> Path:
    """Write a TimeSformer of the published base size with random weights."""
    import torch
    from transformers import TimesformerConfig, TimesformerForVideoClassification

    torch.manual_seed(0)
    TimesformerForVideoClassification(TimesformerConfig(num_frames=FRAMES)).save_pretrained(folder)
    values = {"image_mean": [0.45] * 3, "image_std": [0.225] * 3, "size": {"height": 224, "width": 224}}
    (folder / "preprocessor_config.json").write_text(json.dumps(values), encoding="utf-8")
    return folder


def film(path: Path, seconds: float, seed: int) -> Path:
    """Write a video of noise that moves."""
    import numpy as np

    from actscribe.video.writing import write_video

    path.parent.mkdir(parents=True, exist_ok=True)
    still = np.random.default_rng(seed).integers(0, 255, (SIDE, SIDE, 3), dtype=np.uint8)
    write_video(path, (np.roll(still, 3 * index, 1) for index in range(round(seconds * FPS))), FPS)
    return path


if __name__ == "__main__":
    main()
