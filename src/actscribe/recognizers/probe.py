"""A linear or attentive head on any frozen encoder: the baseline that other recognizers have to beat."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file

from actscribe.batching import batched
from actscribe.errors import ActScribeError
from actscribe.features.embedder import Embedder
from actscribe.features.embedders.load import load_embedder
from actscribe.features.embedding import Features
from actscribe.files import write_text
from actscribe.labels import LabelSet
from actscribe.models.device import device
from actscribe.models.loading import fill
from actscribe.models.probe_heads import AttentiveHead, LinearHead, pool
from actscribe.processes import is_first
from actscribe.recognizers.base import Implementation, InputSpec, Recognizer
from actscribe.recognizers.on_encoder import input_spec, noted_encoder, noted_there, stored_features, weights
from actscribe.recognizers.on_features import OnFeatures, padded
from actscribe.recognizers.plans.encoder import plan_encoder
from actscribe.recognizers.saved import RECOGNIZER_FILE
from actscribe.settings.recognizers.probe import ProbeSettings
from actscribe.training.fit import validation_score
from actscribe.training.heads import clip_features, fit_head, write_fitted
from actscribe.training.inputs import TrainingInputs
from actscribe.training.logistic import MIDDLE, across_groups, choose_strength, fit_logistic
from actscribe.training.losses import clip_loss, prior_logits

Head = LinearHead | AttentiveHead
#: Clips whose vectors are pooled at once.
POOLED_AT_ONCE = 256


def make(inputs: TrainingInputs) -> Recognizer:
    """Train a head on vectors of the training clips, which the encoder makes once."""
    settings: ProbeSettings = inputs.settings
    torch.manual_seed(inputs.seed)
    embedder = load_embedder(settings.encoder(), inputs.input_spec.frames)
    head = _head(settings.model_dump(), embedder, len(inputs.labels))
    features = clip_features(embedder, inputs)
    if isinstance(head, LinearHead):
        _fit_linear(inputs, head, features)
    else:
        with torch.no_grad():
            head.last.bias.copy_(torch.from_numpy(prior_logits(inputs.train_targets, inputs.labels.task)))
        if inputs.start:
            fill(head.state_dict(), inputs.start / "head.safetensors")
        fit_head(inputs, head, features, settings, inputs.folder)
    return _recognizer(settings, embedder, head, inputs.labels, inputs.input_spec)


def load(folder: Path, labels: LabelSet) -> Recognizer:
    """Load what was saved.

    Raises:
        ActScribeError: the encoder is not on this machine, or is another one than the head was trained on.
    """
    settings, input_spec, embedder = noted_there(folder, ProbeSettings)
    head = _head(settings.model_dump(), embedder, len(labels))
    fill(head.state_dict(), folder / "head.safetensors")
    return _recognizer(settings, embedder, head, labels, input_spec)


def starting(settings: ProbeSettings, labels: LabelSet, frames: int) -> list[str]:
    """Refuse an encoder whose weights do not fit, or a head that does not; see `Implementation.starting`.

    Raises:
        ActScribeError: the encoder's weights do not fit, or the heads do not divide its width.
    """
    width = load_embedder(settings.encoder(), frames).encoder.width
    if settings.head == "attentive" and width % settings.attention_heads:
        raise ActScribeError(
            f"attention_heads is {settings.attention_heads}, which does not divide the encoder's {width} numbers.",
            "Set attention_heads to 1, 2 or 4.",
        )
    return []


def cannot_warm_start(settings: ProbeSettings) -> str:
    """Say that a linear head ends where it ends wherever it starts; see `Implementation.cannot_warm_start`."""
    return "a linear head is fitted to the end in one go, so that its start changes nothing" * (
        settings.head == "linear"
    )


def _recognizer(
    settings: ProbeSettings, embedder: Embedder, head: Head, labels: LabelSet, input_spec: InputSpec
) -> OnFeatures:
    def save(folder: Path) -> None:
        save_file({name: value.contiguous() for name, value in head.state_dict().items()}, folder / "head.safetensors")
        write_text(folder / RECOGNIZER_FILE, json.dumps(noted_encoder(settings, input_spec, folder), indent=1))

    return OnFeatures(embedder, input_spec, head.to(device()), labels, save)


def _head(settings: dict[str, Any], embedder: Embedder, labels: int) -> Head:
    width = embedder.encoder.width
    if settings["head"] == "linear":
        return LinearHead(width, labels, settings["pooling"])
    return AttentiveHead(width, labels, settings["attention_heads"], settings["dropout"])


def _fit_linear(inputs: TrainingInputs, head: LinearHead, features: tuple[Features, Features]) -> None:
    """Fit a linear head in place; its penalty is the settings', or chosen on clips that it does not learn from."""
    settings, task, targets = inputs.settings, inputs.labels.task, inputs.train_targets
    train, validation = _pooled(features[0], head), _pooled(features[1], head)

    def fitted(strength: float, rows: np.ndarray | slice = slice(None)) -> LinearHead:
        fit_logistic(head, train[rows], targets[rows], task, strength, settings)
        return head

    loss = clip_loss(task, targets, settings)

    def held_out(logits: np.ndarray, truth: np.ndarray) -> float:
        return float(loss(torch.from_numpy(logits), torch.from_numpy(truth)))

    def on_validation(strength: float) -> float:
        return held_out(_logits(fitted(strength), validation), inputs.validation_targets)

    def on_folds(strength: float) -> float:
        def scored(learned: np.ndarray, rest: np.ndarray) -> np.ndarray:
            return _logits(fitted(strength, learned), train[rest])

        return held_out(across_groups(groups, scored, len(inputs.labels)), targets)

    groups = [inputs.train.recordings[clip.recording].group for clip in inputs.train.clips]
    tried: dict[float, float] = {}
    if settings.inverse_strength is not None:
        strength = settings.inverse_strength
    elif settings.keep == "best":
        strength, tried = choose_strength(on_validation)
    elif len(set(groups)) > 1:
        strength, tried = choose_strength(on_folds)
    else:
        strength = MIDDLE
    fitted(strength)
    if is_first():
        best = validation_score(_logits(head, validation), inputs.validation_targets, task) if len(validation) else None
        write_fitted(inputs.folder, head, {f"{one:g}": lost for one, lost in tried.items()}, best)


def _pooled(features: Features, head: LinearHead) -> np.ndarray:
    """Return what a linear head sees of clips, float32, shape (clips, columns)."""
    rows = []
    for batch in batched(features, POOLED_AT_ONCE):
        rows.append(pool(*padded(batch), head.pooling))
    return torch.cat(rows).numpy() if rows else np.zeros((0, len(head.mean)), dtype=np.float32)


def _logits(head: LinearHead, pooled: np.ndarray) -> np.ndarray:
    with torch.inference_mode():
        return np.asarray(head.out((torch.from_numpy(pooled) - head.mean) / head.scale).numpy())


PROBE = Implementation(
    input_spec=input_spec,
    make=make,
    load=load,
    weights=weights,
    starting=starting,
    plan=plan_encoder,
    stored_features=stored_features,
    cannot_warm_start=cannot_warm_start,
)
