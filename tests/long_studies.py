"""Made-up recordings of many hours: empty files of the right size, and a decoder that paints what is asked for."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

import numpy as np
from small_studies import LEFT, RIGHT, interval_text, write_manifest, write_study
from tiny_models import tiny_timesformer

from actscribe.video.probe import VideoInfo
from actscribe.video.reading import Frame

WIDTH, HEIGHT, FPS = 320, 240, 25.0


@dataclass
class Decoder:
    """What stands in for FFmpeg: every picture is grey by its half minute, in which one lamp is on, both or none.

    Args:
        seconds: each recording's length.
        painted: recording -> pictures made.
        calls: how often a stretch of it was asked for.
    """

    seconds: float
    painted: Counter[str] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)

    def probe(self, path: Path) -> VideoInfo:
        frames = round(self.seconds * FPS)
        shown = (WIDTH, HEIGHT, FPS, 0, False, "none", frames)
        return VideoInfo(path, self.seconds, *shown, "none", "", False, 0.0, False)

    def frames_at(
        self, path: Path, times: Sequence[float], short_side: int | None = None, square_pixels: bool = True
    ) -> Iterator[Frame]:
        high = short_side or HEIGHT
        self.calls[path.stem] += 1
        for time in np.asarray(times).tolist():
            image = np.full((high, round(high * WIDTH / HEIGHT), 3), 40, np.uint8)
            for number in shown(time):
                image[:, number * high // 2 : number * high // 2 + high // 2] = 200
            self.painted[path.stem] += 1
            yield Frame(time, image)


def shown(time: float) -> list[int]:
    """Return which lamps are on: 0 left, 1 right."""
    return [number for number in range(2) if int(time // 30) >> number & 1]


@contextlib.contextmanager
def long_study(
    folder: Path, recordings: int, hours: float, frames: int = 4, size: int = 32, **changes: object
) -> Iterator[Decoder]:
    """Write a study of so many recordings, each of so many hours; within the block they decode by painting.

    The tiny TimeSformer in its folder `tiny` takes so many `frames` of `size` pixels.
    """
    folder.mkdir(parents=True, exist_ok=True)
    decoder, length = Decoder(hours * 3600), round(hours * 3600)
    for index in range(recordings):
        with (folder / f"r{index}.mp4").open("wb") as file:
            file.write(str(index).encode())
            file.truncate(2**16)  # sparse: it takes nothing on the disk; hashing reads all of it
        halves = [(label, number, t) for number, label in enumerate((LEFT, RIGHT)) for t in range(0, length, 30)]
        bouts = [(label, t * 1000, min(t + 30, length) * 1000) for label, number, t in halves if number in shown(t)]
        interval_text(folder / f"r{index}.txt", _joined(bouts))
    split = ["train"] * (recordings - 2) + ["validation", "test"]
    rows = [
        {"video": f"r{index}.mp4", "annotations": f"r{index}.txt", "group": f"p{index}", "split": split[index]}
        for index in range(recordings)
    ]
    write_manifest(folder, rows)
    tiny_timesformer(folder / "tiny", frames, size=size)
    write_study(folder, **changes)
    places = {"probe": ("data.loading", "data.frames"), "frames_at": ("video.cache", "video.windows")}
    with contextlib.ExitStack() as stack:
        for name, modules in places.items():
            for module in modules:
                stack.enter_context(mock.patch(f"actscribe.{module}.{name}", getattr(decoder, name)))
        yield decoder


def _joined(bouts: list[tuple[str, int, int]]) -> list[tuple[str, int, int]]:
    joined: list[tuple[str, int, int]] = []
    for label, start, end in bouts:
        if joined and joined[-1][0] == label and joined[-1][2] == start:
            joined[-1] = (label, joined[-1][1], end)
        else:
            joined.append((label, start, end))
    return joined
