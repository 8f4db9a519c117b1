"""A frozen vision-language model with a trained head (Guerriero et al. 2026, FT-LC)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from actscribe.batching import batched
from actscribe.errors import ActScribeError
from actscribe.files import write_text
from actscribe.labels import LabelSet, Task
from actscribe.models.catalog import checkpoint_folder, weights_digest
from actscribe.models.checkpoint_files import read_json
from actscribe.models.device import use_bfloat16
from actscribe.models.loading import fill
from actscribe.models.quiet import quiet
from actscribe.models.vlm import Hidden, load_vlm
from actscribe.models.vlm.plan import configuration
from actscribe.models.vlm.pooling import VlmHead
from actscribe.places import Place
from actscribe.recognizers.base import ClipFrames, Implementation, InputSpec, Recognizer
from actscribe.recognizers.plans.vlm import plan_head
from actscribe.settings.named_models import EMBEDDED
from actscribe.settings.training import Training
from actscribe.settings.vlm import VlmHeadSettings, VlmLoraSettings
from actscribe.training.checkpoints import CHECKPOINTS, FEATURES
from actscribe.training.features import Backbone, Features, clip_features, in_batches
from actscribe.training.fit import Example, Examples, Fit, fit
from actscribe.training.inputs import TrainingInputs
from actscribe.training.losses import clip_loss, priors, probabilities

#: Clips read before the first of them is scored; token budgets divide them into batches.
READ_AHEAD = 16
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
        view: of the clips.
        hidden: units of the head's hidden layer.
    """

    backbone: Backbone
    head: VlmHead
    view: InputSpec
    hidden: int

    def score(self, clips: Iterable[ClipFrames], task: Task) -> Iterator[np.ndarray]:
        """Yield scores per clip, shape (labels,), in the order of `clips`."""

        def scored(states: Hidden) -> Sequence[Tensor]:
            return list(probabilities(self.head(states.states, states.mask, states.video), task).cpu())

        for chunk in batched(clips, READ_AHEAD):
            inputs = self.backbone.inputs(chunk)
            for row in in_batches(self.backbone.vlm, inputs, self.backbone.batch_tokens, scored):
                yield row.numpy()

    def save(self, folder: Path, more: Mapping[str, Any]) -> None:
        """Write head, prompt and which model it belongs to, with `more` values; the model itself is not copied."""
        model = self.backbone.vlm.describe()
        local = model.source != EMBEDDED and Path(model.source).is_dir()
        values = {
            "model": str(Path(model.source).absolute()) if local else model.source,
            "place": Place.of(Path(model.source), folder).model_dump() if local else None,
            "digest": model.digest,
            "dtype": model.dtype,
            "prompt": self.backbone.prompt,
            "prompt_version": PROMPT_VERSION,
            "pooling": self.backbone.pooling,
            "hidden": self.hidden,
            "labels": self.head.out.out_features,
            "frames": self.view.frames,
            "short_side": self.view.short_side,
            "batch_tokens": self.backbone.batch_tokens,
            **more,
        }
        save_file(
            {name: value.contiguous() for name, value in self.head.state_dict().items()}, folder / "head.safetensors"
        )
        write_text(folder / "recognizer.json", json.dumps(values, indent=1))


class VlmHeadRecognizer:
    """A frozen vision-language model with a trained head.

    Args:
        parts: model and head.
        labels: in the order of the head's outputs.
    """

    def __init__(self, parts: HeadedVlm, labels: LabelSet) -> None:
        self.parts = parts
        self.labels = labels
        self.view = parts.view

    def score(self, clips: Iterable[ClipFrames]) -> Iterator[np.ndarray]:
        """Yield scores per clip, shape (labels,); see `Recognizer.score`."""
        return self.parts.score(clips, self.labels.task)

    def save(self, folder: Path) -> None:
        """Write the head and which model it belongs to."""
        self.parts.save(folder, {})


def load(folder: Path, labels: LabelSet) -> Recognizer:
    """Load what `VlmHeadRecognizer.save` or `vlm_lora.merge` wrote.

    Raises:
        ActScribeError: the model is not on this machine, or is another one than the head was trained on.
    """
    return VlmHeadRecognizer(load_parts(folder)[0], labels)


def load_parts(folder: Path) -> tuple[HeadedVlm, dict[str, Any]]:
    """Return model and head of a saved folder, with the values of its recognizer.json.

    Raises:
        ActScribeError: the model is not on this machine, or is another one than the head was trained on.
    """
    values = read_json(folder / "recognizer.json", "Copy the folder again, or train again.")
    inside, place = folder / INSIDE, values["place"]
    outside = str(Place.model_validate(place).find(folder)) if place else values["model"]
    with quiet():
        vlm = load_vlm(inside if inside.is_dir() else outside, values["dtype"])
    found = vlm.describe().digest
    if found != values["digest"]:
        raise ActScribeError(
            f"{folder}: was trained on another version of '{values['model']}': expected digest {values['digest']},"
            f" found {found}.",
            "Put back the files of that version, or train again.",
        )
    uniform = [1 / values["labels"]] * values["labels"]
    head = VlmHead(vlm.width, uniform, values["pooling"], values["hidden"])
    fill(head.state_dict(), folder / "head.safetensors")
    backbone = Backbone(vlm, values["prompt"], values["pooling"], values["batch_tokens"])
    view = InputSpec(values["frames"], values["short_side"])
    return HeadedVlm(backbone, head.to(vlm.model.device).eval(), view, values["hidden"]), values


def make(job: TrainingInputs) -> Recognizer:
    """Train a head on features of the job's clips, which run through the model once."""
    settings: VlmHeadSettings = job.settings
    parts = start(job)
    kept = Path(settings.features) if settings.features else job.folder / CHECKPOINTS / FEATURES
    train_head(job, parts, settings, kept, job.folder)
    return VlmHeadRecognizer(parts, job.labels)


def start(job: TrainingInputs) -> HeadedVlm:
    """Return the model of the settings, frozen, with a head that answers the label priors of the training clips."""
    settings: VlmHeadSettings | VlmLoraSettings = job.settings
    torch.manual_seed(job.seed)
    with quiet():
        vlm = load_vlm(settings.model, "bfloat16" if use_bfloat16(settings.precision) else "float32")
    shares = priors(job.train_targets, job.labels.task).tolist()
    head = VlmHead(vlm.width, shares, settings.pooling, settings.hidden, settings.dropout, job.labels.task)
    backbone = Backbone(vlm, prompt(settings.prompt, job.labels), settings.pooling, settings.batch_tokens)
    return HeadedVlm(backbone, head.to(vlm.model.device).eval(), job.view, settings.hidden)


def train_head(job: TrainingInputs, parts: HeadedVlm, settings: Training, kept: Path, folder: Path) -> None:
    """Train the head on features of the job's clips.

    Args:
        job: clips, targets and seed.
        parts: the head learns in place.
        settings: of this training.
        kept: folder of the features.
        folder: checkpoints and curves go below it.
    """
    train = clip_features(parts.backbone, job.train, kept, "Features of training clips")
    validation = clip_features(parts.backbone, job.validation, kept, "Features of validation clips")
    fit_head(job, parts.head, (train, validation), settings, folder)


def fit_head(
    job: TrainingInputs, head: VlmHead, features: tuple[Features, Features], settings: Training, folder: Path
) -> None:
    """Train a head in place on features of training and validation clips, in float32."""
    train, validation = features
    longest = max(train.longest(), validation.longest())
    fit(
        Fit(
            network=_OnFeatures(head),
            groups=[(list(head.parameters()), settings.head_learning_rate)],
            loss=clip_loss(job.labels.task, job.train_targets, settings),
            train=Examples(_example(train, longest), job.train_targets),
            validation=Examples(_example(validation, longest), job.validation_targets),
            task=job.labels.task,
            settings=settings.model_copy(update={"precision": "float32"}),
            folder=folder,
            seed=job.seed,
            resume=job.resume,
        )
    )
    head.eval()


def _example(features: Features, longest: int) -> Example:
    """Return a function from (epoch, clip) to the head's input; sequences are padded to `longest` tokens."""

    def example(epoch: int | None, index: int) -> Mapping[str, Tensor]:
        found = features[index]
        if found.ndim == 1:
            return {"pooled": found}
        mask = torch.arange(longest) < len(found)
        return {"states": nn.functional.pad(found, (0, 0, 0, longest - len(found))), "mask": mask}

    return example


class _OnFeatures(nn.Module):
    def __init__(self, head: VlmHead) -> None:
        super().__init__()
        self.head = head

    def forward(self, pooled: Tensor | None = None, states: Tensor | None = None, mask: Tensor | None = None) -> Tensor:
        return self.head.score(pooled) if pooled is not None else self.head(states, mask, mask)


def prompt(template: str, labels: LabelSet) -> str:
    """Return the text that follows the video: `template`, or ours where it is empty, filled in from the label set."""
    listed = "; ".join(label.described() for label in labels.labels)
    return (template or PROMPT).replace("{setting}", labels.setting).replace("{labels}", listed).strip()


def view(settings: VlmHeadSettings | VlmLoraSettings, frames: int) -> InputSpec:
    """Return the study's frames at the size that suits the model; only its configuration is read."""
    family, config, video = configuration(settings.model)
    return InputSpec(frames, family.short_side(config, video), settings.temporal_jitter)


def weights(settings: VlmHeadSettings | VlmLoraSettings) -> str:
    """Return the digest of the model's weights, see `Implementation.weights`."""
    return weights_digest(checkpoint_folder(settings.model, "vlm"))


VLM_HEAD = Implementation(
    view=view,
    make=make,
    load=load,
    weights=weights,
    plan=plan_head,
)
