"""Small training inputs of the dual encoders: tiny random checkpoints, clips in memory, red left, blue right."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import tiny_dual_encoders
from vlm_inputs import MadeClips

from actscribe.data.clips import Clip
from actscribe.data.input_spec import InputSpec
from actscribe.labels import LabelSet
from actscribe.settings.study import parse_settings
from actscribe.training.inputs import TrainingInputs

NAMES = ("push cup left", "push cup right")
CLASSES = LabelSet(name="sides", task="multi-class", labels=NAMES, directional=())  # type: ignore[arg-type]
SEVERAL = CLASSES.model_copy(update={"task": "multi-label"})
#: Enough for a tiny random network to learn a few clips by heart.
QUICK = {
    "epochs": 12,
    "learning_rate": 2e-3,
    "new_factor": 1.0,
    "vghif_learning_rate": 5e-3,
    "head_learning_rate": 2e-2,
    "precision": "float32",
    "warmup": 0.0,
    "batch_size": 8,
    "augment": False,
    "positive_weight": False,
    "patience": 12,
}


class Shown(MadeClips):
    """Clips that need no decoding."""

    def prepare(self, what: str) -> None:
        pass


def checkpoint(name: str, root: Path) -> Path:
    """Return the tiny checkpoint of a backbone below `root`, writing it on first use."""
    folder = root / ("xclip" if name == "x-clip" else "clip")
    if not folder.exists():
        folder.mkdir(parents=True)
        tiny_dual_encoders.write(
            tiny_dual_encoders.xclip_model() if name == "x-clip" else tiny_dual_encoders.clip_model(), folder
        )
    return folder


def sides(name: str, count: int, seed: int, task: str) -> tuple[Shown, np.ndarray]:
    """Return noisy clips with red on the left or blue on the right (multi-label: both or none too), and targets."""
    rng = np.random.default_rng(seed)
    left = rng.permutation(np.arange(count) % 2)
    right = 1 - left if task == "multi-class" else rng.permutation(np.arange(count) % 2)
    targets = np.stack([left, right], axis=1).astype(np.float32)
    side, pixels = tiny_dual_encoders.SIDE, []
    for red, blue in targets.astype(bool):
        video = rng.integers(60, 90, (4, side, side, 3))
        video[:, :, : side // 2, 0] += 150 * red
        video[:, :, side // 2 :, 2] += 150 * blue
        pixels.append(video.astype(np.uint8))
    cut = [Clip(name, 3.0 * index, 3.0 * index + 3) for index in range(count)]
    return Shown(name, cut, InputSpec(4, side), pixels), targets


def training_inputs(
    folder: Path, name: str, root: Path, labels: LabelSet = CLASSES, count: int = 8, **settings: Any
) -> TrainingInputs:
    """Return inputs with `count` training clips and four of validation; `root` holds checkpoints."""
    folder.mkdir(parents=True, exist_ok=True)
    parsed = parse_settings(name, QUICK | {"model": str(checkpoint(name, root))} | settings)
    train, targets = sides("training", count, 1, labels.task)
    validation, validation_targets = sides("validation", 4, 2, labels.task)
    input_spec = InputSpec(4, tiny_dual_encoders.SIDE)
    return TrainingInputs(labels, parsed, input_spec, train, validation, targets, validation_targets, folder, seed=5)
