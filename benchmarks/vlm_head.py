"""How much faster an epoch of vlm-head is over kept features than over the model; `benchmarks/vlm.py` prints it."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path

from actscribe.features.embedders.vlm import VlmEmbedder
from actscribe.features.embedding import Embedding, Features, embed
from actscribe.features.store import FeatureStore
from actscribe.recognizers.vlm_head import PooledHead, start
from actscribe.training.heads import fit_head
from actscribe.training.inputs import TrainingInputs

#: Epochs whose mean time is taken: the time of so many and one more, less that of one, so that setting up a training
#: does not count and its noise is small beside theirs.
EPOCHS = 30


def head_epoch_vs_backbone(inputs: TrainingInputs) -> tuple[float, float]:
    """Return the seconds that decoding and model need for the training clips, and those of an epoch over kept features.

    An epoch learns from the training clips, scores the validation clips and writes a checkpoint.

    Args:
        inputs: of "vlm-head"; files go below its folder.
    """
    parts = start(inputs)
    kept = inputs.folder / "features"
    shutil.rmtree(kept, ignore_errors=True)
    embedding = Embedding(VlmEmbedder(parts.backbone, parts.input_spec), parts.input_spec, FeatureStore(kept, 2**40))

    def fill() -> tuple[Features, Features]:
        train, validation = inputs.train, inputs.validation
        return (
            embed(embedding, list(train.recordings.values()), train.clips, "Features"),
            embed(embedding, list(validation.recordings.values()), validation.clips, "Features"),
        )

    backbone = _seconds(fill)
    features = fill()

    def train(epochs: int, folder: Path) -> Callable[[], None]:
        settings = inputs.settings.model_copy(update={"epochs": epochs, "patience": epochs})
        return lambda: fit_head(inputs, PooledHead(parts.head), features, settings, folder)

    first = _seconds(train(1, inputs.folder / "first"))
    more = _seconds(train(1 + EPOCHS, inputs.folder / "more"))
    return backbone, (more - first) / EPOCHS


def _seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun
