"""How much faster an epoch of vlm-head is over kept features than over the model; `benchmarks/vlm.py` prints it."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path

from actscribe.recognizers.vlm_head import fit_head, start
from actscribe.training.features import clip_features
from actscribe.training.inputs import TrainingInputs

#: Epochs whose mean time is taken: the time of so many and one more, less that of one, so that setting up a training
#: does not count and its noise is small beside theirs.
EPOCHS = 30


def head_epoch_vs_backbone(job: TrainingInputs) -> tuple[float, float]:
    """Return the seconds that the model needs for the job's clips, and those of one epoch over kept features.

    An epoch learns from the training clips, scores the validation clips and writes a checkpoint.

    Args:
        job: of "vlm-head"; files go below its folder.
    """
    parts = start(job)
    kept = job.folder / "features"
    shutil.rmtree(kept, ignore_errors=True)
    for data in (job.train, job.validation):
        for index in range(len(data)):
            data[index]  # frames are decoded before the clock starts

    def fill() -> None:
        for data in (job.train, job.validation):
            clip_features(parts.backbone, data, kept, "Features")

    backbone = _seconds(fill)
    features = tuple(clip_features(parts.backbone, data, kept, "Features") for data in (job.train, job.validation))

    def train(epochs: int, folder: Path) -> Callable[[], None]:
        settings = job.settings.model_copy(update={"epochs": epochs, "patience": epochs})
        return lambda: fit_head(job, parts.head, (features[0], features[1]), settings, folder)

    first = _seconds(train(1, job.folder / "first"))
    more = _seconds(train(1 + EPOCHS, job.folder / "more"))
    return backbone, (more - first) / EPOCHS


def _seconds(work: Callable[[], None]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun
