"""How much sooner two workers of `actscribe archive` are done than one, and one than `annotate`.

    python benchmarks/archive.py [--quick] [--videos 16] [--seconds 20]

Videos are H.264, 256x256, 15 frames/s; the recognizer is the embedded TimeSformer, untrained, which changes no time.
All three are the commands, started anew, with one thread of arithmetic for each process (`--threads 1`), and are timed
from the first timeline to the last: loading the run takes each the same few seconds, and an archive is hours long. The
whole times stand beside it. Timelines of all three are compared byte for byte. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from timeline import untrained_run

FPS, SIDE = 15, 256


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="shorter videos")
    parser.add_argument("--videos", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--workers", default="1,2", help="numbers of workers; default 1,2")
    options = parser.parse_args()
    seconds = 6.0 if options.quick else options.seconds
    with tempfile.TemporaryDirectory() as name:
        report(Path(name), options.videos, seconds, [int(one) for one in options.workers.split(",")])


def report(folder: Path, count: int, seconds: float, workers: list[int]) -> None:
    run = untrained_run(folder / "run")
    videos = [film(folder / "in" / f"{place:02}.mp4", seconds, place) for place in range(count)]
    alone = timed(["annotate", *videos, "--run", run, "--out", folder / "alone", "--threads", 1], folder / "alone")
    wanted = {path.name: path.read_bytes() for path in (folder / "alone").iterdir()}
    figures = {"videos": count, "video_s": seconds, "cores": os.cpu_count(), "annotate_s": round(alone[0], 2)}
    print(f"annotate: {alone[0]:.1f} s from the first timeline to the last, {alone[1]:.1f} s in all")
    for number in workers:
        out = folder / f"out{number}"
        words = ["archive", folder / "in", "--run", run, "--out", out, "--workers", number]
        took, whole = timed(words, out / "timelines")
        made = {path.name: path.read_bytes() for path in (out / "timelines").iterdir()}
        assert made == wanted, "other bytes than annotate's"
        print(f"workers {number}: {took:.1f} s from the first timeline to the last, {whole:.1f} s in all")
        figures[f"workers_{number}_s"] = round(took, 2)
    # Of n videos, n - workers are timed, since the first of each worker ends when the clock begins.
    rates = {number: (count - number) / figures[f"workers_{number}_s"] for number in workers}
    figures["one_against_annotate"] = round(rates[workers[0]] / ((count - 1) / alone[0]), 3)
    for number in workers[1:]:
        figures[f"{number}_against_one"] = round(rates[number] / rates[workers[0]], 3)
    print(json.dumps(figures))


def timed(words: list[object], folder: Path) -> tuple[float, float]:
    """Run a command; return seconds from the first file in a folder to the last, and from its beginning to its end."""
    start = time.monotonic()
    program = "import sys; from actscribe.cli import main; main()"
    line = [sys.executable, "-c", program, *map(str, words)]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    whole = time.monotonic() - start
    if done.returncode:
        raise SystemExit(done.stderr)
    stamps = [path.stat().st_mtime for path in folder.iterdir()]
    return max(stamps) - min(stamps), whole


def film(path: Path, seconds: float, seed: int) -> Path:
    """Write a video of noise that moves."""
    import numpy as np

    from actscribe.video.writing import write_video

    path.parent.mkdir(parents=True, exist_ok=True)
    still = np.random.default_rng(seed).integers(0, 255, (SIDE, SIDE, 3), dtype=np.uint8)
    write_video(path, (np.roll(still, 3 * place, 1) for place in range(round(seconds * FPS))), FPS)
    return path


if __name__ == "__main__":
    main()
