"""How long it takes to read a study of which all recordings share one annotation file, beside opening its videos.

    python benchmarks/load_data.py [ROWS]        # 2000: about a minute

A BORIS project, then one CSV, of 20 bouts for each of as many videos of two seconds; no network is run. The time of
`load_data` without probing and hashing videos is the one that may grow with the number of rows alone: the goal is 5 s
for 2,000, as it is for all of the second time, when it is remembered what the videos are. Before each file was read
once, 200 rows of one CSV took 20 s on the same machine, and the time grew with the square of their number.
"""

from __future__ import annotations

import json
import os
import struct
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from actscribe import load_study
from actscribe.data import loading
from actscribe.video.writing import write_video

LABEL, SECONDS, BOUTS = "Lamp", 2.0, 20
#: When the videos were written: nothing is remembered of a file that changed just now.
OLD = 1.7e9


def main() -> None:
    """Print the seconds of both, and as JSON in the last line."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    figures: dict[str, float] = {}
    for kind, make in (("boris", _boris), ("csv", _csv)):
        with tempfile.TemporaryDirectory() as folder:
            names = _videos(Path(folder), rows)
            make(Path(folder), names)
            whole, videos = _timed(Path(folder))
            again, _ = _timed(Path(folder))
        print(
            f"{kind}: {rows} rows in {whole:.1f} s, of which {videos:.1f} s are opening and hashing the videos;"
            f" {again:.1f} s the next time"
        )
        figures |= {f"{kind}_s": round(whole - videos, 2), f"{kind}_again_s": round(again, 2)}
    print(json.dumps({"rows": rows, **figures}))


def _videos(folder: Path, rows: int) -> list[str]:
    """Write one video many times, each time with other bytes behind it, and the study that names them."""
    write_video(folder / "one.mp4", np.zeros((20, 48, 64, 3), np.uint8), 10)
    data = (folder / "one.mp4").read_bytes()
    (folder / "one.mp4").unlink()
    names = [f"v{index:05}.mp4" for index in range(rows)]
    for index, name in enumerate(names):
        (folder / name).write_bytes(data + struct.pack(">I4sQ", 16, b"free", index))
        os.utime(folder / name, (OLD, OLD))
    lines = [f"{name},annotations.txt,g{index % 50},\n" for index, name in enumerate(names)]
    (folder / "manifest.csv").write_text("".join(["video,annotations,group,split\n", *lines]))
    labels = {"name": "lamps", "labels": [LABEL, "Other lamp"]}
    study = {"name": "lamps", "recordings": "manifest.csv", "labels": labels, "empty_labels": "allow"}
    (folder / "study.yaml").write_text(json.dumps(study))
    return names


def _bouts() -> list[tuple[float, float]]:
    return [(SECONDS * index / BOUTS, SECONDS * (index + 0.5) / BOUTS) for index in range(BOUTS)]


def _boris(folder: Path, names: list[str]) -> None:
    events = [[time, "", LABEL, "", ""] for bout in _bouts() for time in bout]
    observations = {f"o{index}": {"file": {"1": [name]}, "events": events} for index, name in enumerate(names)}
    project = {"observations": observations, "behaviors_conf": {"0": {"code": LABEL, "type": "State event"}}}
    (folder / "annotations.txt").write_text(json.dumps(project))


def _csv(folder: Path, names: list[str]) -> None:
    lines = [f"{LABEL},{start},{end},{name}\n" for name in names for start, end in _bouts()]
    (folder / "annotations.txt").write_text("".join(["label,start_s,end_s,video\n", *lines]))


def _timed(folder: Path) -> tuple[float, float]:
    """Return the seconds of `load_data`, and those of them in which videos are opened and hashed."""
    spent = [0.0]

    def counted(of: Callable[[Path], Any]) -> Callable[[Path], Any]:
        def call(path: Path) -> Any:
            start = time.perf_counter()
            content = of(path)
            spent[0] += time.perf_counter() - start
            return content

        return call

    kept = loading.probe, loading.cached_digest  # type: ignore[attr-defined]
    loading.probe, loading.cached_digest = map(counted, kept)  # type: ignore[attr-defined]
    try:
        start = time.perf_counter()
        loading.load_data(load_study(folder))
        return time.perf_counter() - start, spent[0]
    finally:
        loading.probe, loading.cached_digest = kept  # type: ignore[attr-defined]


if __name__ == "__main__":
    main()
