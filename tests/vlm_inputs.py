"""Small training inputs of the trained vision-language recognizers: clips in memory, bright ones positive."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from actscribe.data.clips import Clip
from actscribe.data.frames import ClipData, Moments
from actscribe.data.input_spec import ClipFrames, InputSpec
from actscribe.data.recording import Recording
from actscribe.labels import LabelSet
from actscribe.settings.study import parse_settings
from actscribe.training.inputs import TrainingInputs
from actscribe.video.cache import FrameCache
from actscribe.video.sampling import sample_times

LABELS = LabelSet(
    name="lights",
    setting="A video of a lamp.",
    labels=({"name": "Bright"}, {"name": "Left"}),  # type: ignore[arg-type]
)


class MadeClips(ClipData):
    """Clips whose frames are made here instead of decoded; `reads` counts them."""

    def __init__(self, name: str, clips: list[Clip], input_spec: InputSpec, pixels: list[np.ndarray]) -> None:
        recording = Recording(name, Path(f"{name}.mp4"), clips[-1].end, f"digest of {name}", name)
        super().__init__([recording], clips, input_spec, FrameCache(Path(), 0))
        self.pixels = pixels
        self.reads = 0

    def __getitem__(self, index: int) -> ClipFrames:  # type: ignore[override]
        if not 0 <= index < len(self.clips):
            raise IndexError(index)
        self.reads += 1
        clip = self.clips[index]
        times = sample_times(clip.start, clip.end, self.input_spec.frames)
        return ClipFrames(clip, f"digest of {clip.recording}", self.pixels[index], times)

    def show(self, recording: Recording, input_spec: InputSpec, wanted: Sequence[Moments]) -> Iterator[ClipFrames]:
        """Yield the frames of whole clips, in their order."""
        for one in wanted:
            yield self[self.clips.index(one.clip)]


def clips(
    name: str, count: int, frames: int, seed: int, size: tuple[int, int] = (48, 64)
) -> tuple[MadeClips, np.ndarray]:
    """Return clips that are bright or dark as a whole, with light on the left or right half, and their targets."""
    rng = np.random.default_rng(seed)
    targets = np.stack([rng.permutation(np.arange(count) % 2) for _ in range(2)], axis=1).astype(np.float32)
    pixels = []
    for bright, left in targets.astype(bool):
        video = rng.integers(0, 30, (frames, *size, 3)) + (150 if bright else 20)
        half = slice(0, size[1] // 2) if left else slice(size[1] // 2, None)
        video[:, :, half] += 60
        pixels.append(video.astype(np.uint8))
    cut = [Clip(name, 3.0 * i, 3.0 * i + 3) for i in range(count)]
    return MadeClips(name, cut, InputSpec(frames, 32), pixels), targets


def training_inputs(folder: Path, recognizer: str, count: int = 4, frames: int = 2, **settings: Any) -> TrainingInputs:
    """Return inputs with `count` training and as many validation clips."""
    usual = {"precision": "float32", "batch_size": count, "dropout": 0.0, "warmup": 0.0}
    parsed = parse_settings(recognizer, usual | settings)
    (train, train_targets), (validation, validation_targets) = (
        clips(name, count, frames, seed) for name, seed in (("training", 1), ("validation", 2))
    )
    labels = settings.pop("labels", LABELS)
    return TrainingInputs(
        labels, parsed, train.input_spec, train, validation, train_targets, validation_targets, folder, seed=5
    )


def scores(recognizer: Any, data: ClipData) -> np.ndarray:
    """Return the scores of all clips, shape (clips, labels)."""
    return np.stack(list(recognizer.score(iter(data))))
