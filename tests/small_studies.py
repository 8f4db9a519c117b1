"""Small studies with real videos: a square that lights up on the left, on the right, on both sides or on none."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import yaml

from actscribe.video.writing import write_video

FPS, WIDTH, HEIGHT = 10, 64, 48
LEFT, RIGHT = "Left lamp", "Right lamp"
#: (label, start, end) in whole milliseconds.
Bouts = list[tuple[str, int, int]]
WINDOWS = {"length": 2.0, "stride": 1.0, "frames": 4, "threshold": 0.5}


def bouts(seed: int, duration: float) -> Bouts:
    """Return bouts of two to three seconds, drawn for each lamp on its own."""
    rng = np.random.default_rng(seed)
    intervals: Bouts = []
    for label in (LEFT, RIGHT):
        start = int(rng.integers(0, 30)) * 100
        while start + 2000 <= duration * 1000:
            end = min(start + int(rng.integers(20, 31)) * 100, int(duration * 1000))
            intervals.append((label, start, end))
            start = end + int(rng.integers(15, 36)) * 100
    return intervals


def frames(shown: Bouts, duration: float, seed: int) -> Iterator[np.ndarray]:
    """Yield uint8 frames, shape (48, 64, 3): grey noise, and a white square where a lamp is on."""
    rng = np.random.default_rng(seed)
    for number in range(round(duration * FPS)):
        image = rng.integers(50, 80, (HEIGHT, WIDTH, 3), dtype=np.uint8)
        for label, start, end in shown:
            if start <= number * 1000 / FPS < end:
                image[8:40, 4:28] += 0 if label == RIGHT else 150
                image[8:40, 36:60] += 0 if label == LEFT else 150
        yield image


def film(path: Path, shown: Bouts, duration: float, seed: int = 0) -> Path:
    """Write a video of `duration` seconds in which the lamps are on as `shown`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_video(path, frames(shown, duration, seed), FPS)
    return path


def interval_text(path: Path, shown: Iterable[tuple[str, int, int]]) -> Path:
    """Write annotations as Guerriero et al. 2026 has them."""
    rows = (f"{label}\t{start}\t{end}\t{end - start}\n" for label, start, end in shown)
    path.write_text("".join(rows), encoding="utf-8")
    return path


def write_manifest(folder: Path, rows: Iterable[dict[str, str]]) -> Path:
    """Write manifest.csv with the columns of the first row."""
    rows = list(rows)
    with (folder / "manifest.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return folder / "manifest.csv"


def write_study(folder: Path, **changes: object) -> Path:
    """Write study.yaml with the two lamps; `changes` replace keys."""
    values = {
        "name": "lamps",
        "recordings": "manifest.csv",
        "labels": {"name": "lamps", "labels": [LEFT, RIGHT]},
        "windows": WINDOWS,
        "seed": 1,
        **changes,
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "study.yaml").write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")
    return folder / "study.yaml"


def lamp_study(folder: Path, recordings: int = 9, shortest: float = 8.0, **changes: object) -> Path:
    """Write a whole study: videos of `shortest` to `shortest` + 4 s, two of a kind in a group; return its file."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for index in range(recordings):
        duration = shortest + index % 5
        shown = bouts(index, duration)
        film(folder / f"r{index}.mp4", shown, duration, index)
        interval_text(folder / f"r{index}.txt", shown)
        rows.append({"video": f"r{index}.mp4", "annotations": f"r{index}.txt", "group": f"p{index // 2}", "split": ""})
    write_manifest(folder, rows)
    return write_study(folder, **changes)
