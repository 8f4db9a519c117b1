"""A frozen vision-language model with a trained head (Guerriero et al. 2026, FT-LC)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from actscribe.batching import batched
from actscribe.features.embedders.vlm import AT_ONCE, Backbone, VlmEmbedder, described, in_batches, moments_of
from actscribe.features.vision import keep_vision
from actscribe.files import write_text
from actscribe.labels import LabelSet, Task
from actscribe.models.catalog import checkpoint_folder, weights_digest
from actscribe.models.checkpoint_files import read_json
from actscribe.models.device import ahead_of_gpu, use_bfloat16
from actscribe.models.loading import fill
from actscribe.models.quiet import quiet
from actscribe.models.vlm import Hidden, load_vlm
from actscribe.models.vlm.plan import configuration
from actscribe.models.vlm.pooling import VlmHead
from actscribe.recognizers.base import ClipFrames, Implementation, InputSpec, Recognizer, StoredFeatures
from actscribe.recognizers.noted_model import check_same, model_of, noted
from actscribe.recognizers.on_features import OnFeatures
from actscribe.recognizers.plans.vlm import plan_head
from actscribe.recognizers.saved import RECOGNIZER_FILE
from actscribe.settings.recognizers.vlm import VlmHeadSettings, VlmLoraSettings
from actscribe.settings.training import Training
from actscribe.training.heads import clip_features, fit_head
from actscribe.training.inputs import TrainingInputs
from actscribe.training.losses import priors, probabilities

#: Saved with every head; raise it when the words below change.
PROMPT_VERSION = 1
PROMPT = "{setting} Watch the whole clip and note which of the following can be seen in it, and when: {labels}."
#: Folder of a model that lies inside the recognizer's own, as `vlm_lora.merge` writes it.
INSIDE = "checkpoint"


@dataclass(frozen=True, slots=True)
class HeadedVlm:
    """A vision-language model with a head, and how clips are shown to it.

    Args:
        backbone: the model with its prompt.
        head: in evaluation mode.
        input_spec: of the clips.
        hidden: units of the head's hidden layer.
    """

    backbone: Backbone
    head: VlmHead
    input_spec: InputSpec
    hidden: int

    def score(self, clips: Iterable[ClipFrames], task: Task) -> Iterator[np.ndarray]:
        """Yield scores per clip, shape (labels,), in the order of `clips`."""

        def scored(states: Hidden) -> Sequence[Tensor]:
            return list(probabilities(self.head(states.states, states.mask, states.video), task).cpu())

        fed = (self.backbone.inputs(chunk) for chunk in batched(clips, AT_ONCE))
        with closing(ahead_of_gpu(fed)) as stream:
            for inputs in stream:
                for row in in_batches(self.backbone.vlm, inputs, self.backbone.batch_tokens, scored):
                    yield row.numpy()

    def save(self, folder: Path, more: Mapping[str, Any]) -> None:
        """Write head, prompt and which model it belongs to, with `more` values; the model itself is not copied."""
        model = self.backbone.vlm.describe()
        values = {
            **noted(model.source, model.digest, folder),
            "dtype": model.dtype,
            "prompt": self.backbone.prompt,
            "prompt_version": PROMPT_VERSION,
            "pooling": self.backbone.pooling,
            "hidden": self.hidden,
            "labels": self.head.out.out_features,
            "frames": self.input_spec.frames,
            "short_side": self.input_spec.short_side,
            "batch_tokens": self.backbone.batch_tokens,
            **more,
        }
        save_file(
            {name: value.contiguous() for name, value in self.head.state_dict().items()}, folder / "head.safetensors"
        )
        write_text(folder / RECOGNIZER_FILE, json.dumps(values, indent=1))


class PooledHead(nn.Module):
    """A head on what `VlmEmbedder` keeps: one pooled vector a clip, or the whole sequence.

    Args:
        head: of the model.
    """

    def __init__(self, head: VlmHead) -> None:
        super().__init__()
        self.head = head

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """Return the logits of vectors (n, tokens, D) where `mask` (n, tokens) is True, shape (n, labels)."""
        return self.head.score(states[:, 0]) if self.head.attention is None else self.head(states, mask, mask)


def recognizer(parts: HeadedVlm, labels: LabelSet) -> OnFeatures:
    """Return a frozen model with its head as a recognizer; labels in the order of the head's outputs."""
    embedder = VlmEmbedder(parts.backbone, parts.input_spec)
    return OnFeatures(embedder, parts.input_spec, PooledHead(parts.head), labels, lambda folder: parts.save(folder, {}))


def load(folder: Path, labels: LabelSet) -> Recognizer:
    """Load what a recognizer of this room or `vlm_lora.merge` wrote.

    Raises:
        ActScribeError: the model is not on this machine, or is another one than the head was trained on.
    """
    return recognizer(load_parts(folder)[0], labels)


def load_parts(folder: Path) -> tuple[HeadedVlm, dict[str, Any]]:
    """Return model and head of a saved folder, with the values of its recognizer.json.

    Raises:
        ActScribeError: the model is not on this machine, or is another one than the head was trained on.
    """
    values = read_json(folder / RECOGNIZER_FILE, "Copy the folder again, or train again.")
    inside = folder / INSIDE
    with quiet():
        vlm = load_vlm(inside if inside.is_dir() else model_of(values, folder), values["dtype"])
    check_same(values, vlm.describe().digest, folder)
    keep_vision(vlm)
    uniform = [1 / values["labels"]] * values["labels"]
    head = VlmHead(vlm.width, uniform, values["pooling"], values["hidden"])
    fill(head.state_dict(), folder / "head.safetensors")
    backbone = Backbone(vlm, values["prompt"], values["pooling"], values["batch_tokens"])
    input_spec = InputSpec(values["frames"], values["short_side"])
    return HeadedVlm(backbone, head.to(vlm.model.device).eval(), input_spec, values["hidden"]), values


def make(inputs: TrainingInputs) -> Recognizer:
    """Train a head on features of the training clips, which run through the model once."""
    settings: VlmHeadSettings = inputs.settings
    parts = start(inputs)
    train_head(inputs, parts, settings, inputs.folder)
    return recognizer(parts, inputs.labels)


def start(inputs: TrainingInputs) -> HeadedVlm:
    """Return the model of the settings, frozen, with a head that answers the label priors of the training clips."""
    settings: VlmHeadSettings | VlmLoraSettings = inputs.settings
    torch.manual_seed(inputs.seed)
    with quiet():
        vlm = load_vlm(settings.model, "bfloat16" if use_bfloat16(settings.precision) else "float32")
    keep_vision(vlm)
    shares = priors(inputs.train_targets, inputs.labels.task).tolist()
    head = VlmHead(vlm.width, shares, settings.pooling, settings.hidden, settings.dropout, inputs.labels.task)
    backbone = Backbone(vlm, prompt(settings.prompt, inputs.labels), settings.pooling, settings.batch_tokens)
    return HeadedVlm(backbone, head.to(vlm.model.device).eval(), inputs.input_spec, settings.hidden)


def train_head(inputs: TrainingInputs, parts: HeadedVlm, settings: Training, folder: Path) -> None:
    """Train the head on features of the training clips.

    Args:
        inputs: clips, targets and seed.
        parts: the head learns in place.
        settings: of this training.
        folder: checkpoints and curves go below it.
    """
    embedder = VlmEmbedder(parts.backbone, parts.input_spec)
    fit_head(inputs, PooledHead(parts.head), clip_features(embedder, inputs), settings, folder)
    parts.head.eval()


def prompt(template: str, labels: LabelSet) -> str:
    """Return the text that follows the video: `template`, or ours where it is empty, filled in from the label set."""
    listed = "; ".join(label.described() for label in labels.labels)
    return (template or PROMPT).replace("{setting}", labels.setting).replace("{labels}", listed).strip()


def input_spec(settings: VlmHeadSettings | VlmLoraSettings, frames: int) -> InputSpec:
    """Return the study's frames at the size that suits the model; only its configuration is read."""
    family, config, video = configuration(settings.model)
    return InputSpec(frames, family.short_side(config, video), settings.temporal_jitter)


def stored_features(settings: VlmHeadSettings | VlmLoraSettings, frames: int) -> StoredFeatures:
    """Return what a clip's hidden states take, see `Implementation.stored_features`; only its configuration is read."""
    family, config, video = configuration(settings.model)
    side = family.short_side(config, video)
    tokens = family.tokens(config, video, frames, side, side * 16 // 9)
    width, moments = int(config.get_text_config().hidden_size), moments_of(family, frames)
    states = described("", settings.pooling, width, tokens, moments)
    return StoredFeatures(states.per, states.unit_bytes)


def weights(settings: VlmHeadSettings | VlmLoraSettings) -> str:
    """Return the digest of the model's weights, see `Implementation.weights`."""
    return weights_digest(checkpoint_folder(settings.model, "vlm"))


VLM_HEAD = Implementation(
    input_spec=input_spec,
    make=make,
    load=load,
    weights=weights,
    plan=plan_head,
    stored_features=stored_features,
)
