"""Training of a head on the vectors of a frozen encoder, which run through it once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from actscribe.data.frames import ClipData
from actscribe.features.embedder import Embedder
from actscribe.features.embedding import Embedding, Features, embed
from actscribe.features.store import default_store
from actscribe.files import write_text
from actscribe.settings.training import Training
from actscribe.training.checkpoints import HISTORY
from actscribe.training.fit import Example, Examples, Fit, fit
from actscribe.training.inputs import TrainingInputs
from actscribe.training.losses import clip_loss


def clip_features(embedder: Embedder, inputs: TrainingInputs) -> tuple[Features, Features]:
    """Return the vectors of the training and validation clips, from the store where they are known.

    Raises:
        ActScribeError: an unreadable video, or no room for the features.
    """
    store = default_store()

    def features(data: ClipData, what: str) -> Features:
        embedding = Embedding(embedder, replace(data.input_spec, temporal_jitter=1), store, data.show)
        return embed(embedding, list(data.recordings.values()), data.clips, what)

    return features(inputs.train, "Features of training clips"), features(
        inputs.validation, "Features of validation clips"
    )


def fit_head(
    inputs: TrainingInputs, head: nn.Module, features: tuple[Features, Features], settings: Training, folder: Path
) -> None:
    """Train a head in place on the vectors of training and validation clips, in float32.

    Args:
        inputs: targets and seed.
        head: vectors (n, tokens, D) and their mask (n, tokens) -> logits (n, labels).
        features: of training and validation clips.
        settings: of this training.
        folder: checkpoints and curves go below it.
    """
    train, validation = features
    longest = max(train.longest(), validation.longest())
    fit(
        Fit(
            network=head,
            groups=[(list(head.parameters()), settings.head_learning_rate)],
            loss=clip_loss(inputs.labels.task, inputs.train_targets, settings),
            train=Examples(_example(train, longest), inputs.train_targets),
            validation=Examples(_example(validation, longest), inputs.validation_targets),
            task=inputs.labels.task,
            settings=settings.model_copy(update={"precision": "float32"}),
            folder=folder,
            seed=inputs.seed,
            resume=inputs.resume,
        )
    )
    head.eval()


def _example(features: Features, longest: int) -> Example:
    """Return a function from (epoch, clip) to the head's input, padded to `longest` tokens."""

    def example(epoch: int | None, index: int) -> Mapping[str, Tensor]:
        tokens = features[index].float()
        states = nn.functional.pad(tokens, (0, 0, 0, longest - len(tokens)))
        return {"states": states, "mask": torch.arange(longest) < len(tokens)}

    return example


def write_fitted(folder: Path, head: nn.Module, tried: Mapping[str, float], best: float | None) -> None:
    """Write how a head was fitted in one go, where others write their epochs.

    Args:
        folder: of the run.
        head: what learned.
        tried: strengths of the penalty, with the loss of each on clips that it did not learn from.
        best: validation score; None without validation clips.
    """
    learned = sum(parameter.numel() for parameter in head.parameters())
    history: dict[str, Any] = {
        "best_validation_score": best,
        "steps": 0,
        "epochs": 0,
        "trainable_parameters": learned,
        "tried": dict(tried),
        "log": [],
    }
    write_text(folder / HISTORY, json.dumps(history, indent=1, sort_keys=True))
