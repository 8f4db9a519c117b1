"""The two ways, the video that both read, and what of its frames they take."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
import torch

from actscribe.data.recording import Recording
from actscribe.features.store import default_store
from actscribe.files import content_hash
from actscribe.labels import load_label_set
from actscribe.models.vlm.vision import VisionStore
from actscribe.runs.scoring import score_recordings
from actscribe.settings.study import Windows
from actscribe.video.reading import FILTER  # the same pictures, so that scores can be compared
from actscribe.video.sampling import sample_times

FRAMES, LENGTH, BATCH, SIDE, FPS = 8, 3.0, 8, 224, 24
LABELS = load_label_set("newborn_resuscitation")
WINDOWS = Windows(length=LENGTH, stride=1.0, frames=FRAMES)


@dataclass(frozen=True)
class Ways:
    """Two ways to the same scores, shape (windows, labels), of the first so many windows of a video."""

    ours: Callable[[int], np.ndarray]
    plain: Callable[[int], np.ndarray]


def scene(seconds: int) -> Iterator[np.ndarray]:
    """Yield a blurred pattern that wanders, uint8 RGB, shape (SIDE, SIDE, 3): no resizing blurs the comparison."""
    rng = np.random.default_rng(0)
    coarse = torch.from_numpy(rng.uniform(0, 255, (1, 3, 14, 14)).astype(np.float32))
    fine = torch.nn.functional.interpolate(coarse, size=(SIDE, SIDE), mode="bicubic").clamp(0, 255)
    picture = fine[0].permute(1, 2, 0).byte().numpy()
    for number in range(seconds * FPS):
        yield np.roll(picture, (number // 2, number), (0, 1))


def spans(windows: int) -> list[tuple[float, float]]:
    return [(float(start), start + LENGTH) for start in range(windows)]


def recording(video: Path, windows: int) -> Recording:
    return Recording("scene", video, windows - 1 + LENGTH, content_hash(video), "scene")


def scored(recognizer: Any, video: Path, labels: Any, store: VisionStore | None = None) -> Callable[[int], np.ndarray]:
    """Our way: decode once, score window after window; what an earlier round left is forgotten."""

    def run(windows: int) -> np.ndarray:
        if store is not None:
            store.clear()
        shutil.rmtree(default_store().root, ignore_errors=True)
        return score_recordings(recognizer, [recording(video, windows)], labels, WINDOWS, "Scoring").scores

    return run


def plain_frames(video: Path, start: float, end: float) -> np.ndarray:
    """Seek to a window and take the frame shown at each of its times, as PyAV's cookbook does."""
    times, frames = sample_times(start, end, FRAMES), []
    with av.open(str(video)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        container.seek(int(times[0] / stream.time_base), stream=stream)
        last = None
        for frame in container.decode(stream):
            while len(frames) < FRAMES and last is not None and frame.time > times[len(frames)] + 1e-4:
                frames.append(last.to_ndarray(format="rgb24", interpolation=FILTER))
            last = frame
            if len(frames) == FRAMES:
                break
        while len(frames) < FRAMES:
            frames.append(last.to_ndarray(format="rgb24", interpolation=FILTER))
    return np.stack(frames)
