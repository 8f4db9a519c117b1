"""A vision-language model fine-tuned through low-rank adapters, with a trained head (Guerriero et al., FT-C-LoRA)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from actscribe.data.frames import ClipData
from actscribe.errors import ActScribeError
from actscribe.features.embedders.vlm import Backbone
from actscribe.files import folder_beside, write_beside
from actscribe.labels import LabelSet
from actscribe.models.loading import fill
from actscribe.models.quiet import quiet
from actscribe.models.vlm import ClipInputs, Vlm
from actscribe.models.vlm.adapted import PLAIN, adapted_layers, language_blocks
from actscribe.models.vlm.loading import digest
from actscribe.models.vlm.plan import configuration, unfilled
from actscribe.models.vlm.vision import LANGUAGE_PARTS
from actscribe.packages import require
from actscribe.processes import count, is_first
from actscribe.recognizers.base import ClipFrames, Implementation, InputSpec, Recognizer
from actscribe.recognizers.plans.vlm import plan_lora
from actscribe.recognizers.vlm_head import INSIDE, HeadedVlm, load_parts, start, stored_features, train_head, weights
from actscribe.recognizers.vlm_head import input_spec as head_input_spec
from actscribe.settings.recognizers.vlm import VlmLoraSettings
from actscribe.settings.training import Augmentation
from actscribe.training.augment import augment, may_flip
from actscribe.training.checkpoints import CHECKPOINTS, PROBE, PROBED
from actscribe.training.examples import readers, training_clip
from actscribe.training.fit import Example, Examples, Fit, fit
from actscribe.training.fsdp import divide
from actscribe.training.inputs import TrainingInputs
from actscribe.training.losses import clip_loss


@dataclass(frozen=True, slots=True)
class Adapter:
    """Which adapters a model carries.

    Args:
        targets: names of the adapted layers.
        rank, alpha, dropout: of the adapters.
    """

    targets: tuple[str, ...]
    rank: int
    alpha: int
    dropout: float


class VlmLoraRecognizer:
    """A vision-language model with adapters and a trained head.

    Args:
        parts: model, its adapters in place, and head.
        adapter: which adapters.
        labels: in the order of the head's outputs.
    """

    def __init__(self, parts: HeadedVlm, adapter: Adapter, labels: LabelSet) -> None:
        self.parts = parts
        self.adapter = adapter
        self.labels = labels
        self.input_spec = parts.input_spec

    def score(self, clips: Iterable[ClipFrames]) -> Iterator[np.ndarray]:
        """Yield scores per clip, shape (labels,); see `Recognizer.score`."""
        return self.parts.score(clips, self.labels.task)

    def save(self, folder: Path) -> None:
        """Write adapters, head and which model they belong to."""
        adapter = self.adapter
        values = {"targets": adapter.targets, "rank": adapter.rank, "alpha": adapter.alpha, "dropout": adapter.dropout}
        weights = adapter_weights(self.parts.backbone.vlm)
        save_file({name: weight.detach().cpu().contiguous() for name, weight in weights.items()}, _weights_file(folder))
        self.parts.save(folder, {"adapter": values})


def load(folder: Path, labels: LabelSet) -> Recognizer:
    """Load what `VlmLoraRecognizer.save` wrote.

    Raises:
        ActScribeError: peft is missing, or the model is not here or not the one that the adapters were trained on.
    """
    parts, adapter = _load(folder)
    return VlmLoraRecognizer(parts, adapter, labels)


def merge(folder_in: Path, folder_out: Path) -> None:
    """Fold the adapters of a saved recognizer into its model, as a folder that `vlm_head.load` reads.

    The whole model is written into `folder_out`/checkpoint as a plain checkpoint. In float32 scores stay within 1e-4;
    in bfloat16 the sum is rounded to the weights' precision.

    Args:
        folder_in: what `VlmLoraRecognizer.save` wrote; RUN/model.
        folder_out: replaced if it exists.

    Raises:
        ActScribeError: as `load`, `folder_in` holds no adapters, or `folder_out` cannot be written.
    """
    if not _weights_file(folder_in).is_file():
        raise ActScribeError(
            f"{folder_in}: holds no {_weights_file(folder_in).name}.", "Name the model of a vlm-lora run."
        )
    parts, _ = _load(folder_in)
    vlm = parts.backbone.vlm
    _fold(vlm.model)
    with folder_beside(folder_out) as beside, quiet():
        vlm.model.save_pretrained(beside / INSIDE)
        vlm.processor.save_pretrained(beside / INSIDE)
        parts.save(beside, {"digest": digest(beside / INSIDE), "merged": vlm.describe().source})


def make(inputs: TrainingInputs) -> Recognizer:
    """Train adapters and head on the training clips, after the head alone where the settings ask for it."""
    settings: VlmLoraSettings = inputs.settings
    parts = start(inputs)
    if settings.probe_first:
        _probe(inputs, parts)
    vlm = parts.backbone.vlm
    adapter = Adapter(
        tuple(vlm.lora_targets(settings.tower, settings.targets)),
        settings.rank,
        settings.alpha,
        settings.adapter_dropout,
    )
    torch.manual_seed(inputs.seed)
    inject(vlm, adapter)
    divided = settings.fsdp and count() > 1
    if divided:
        divide(*language_blocks(vlm.model.model))
    _tune(inputs, parts)
    if divided and is_first():
        parts = _put_together(inputs, parts, adapter)
    return VlmLoraRecognizer(parts, adapter, inputs.labels)


def inject(vlm: Vlm, adapter: Adapter) -> None:
    """Put untrained adapters into a model, in place; nothing else of it takes gradients afterwards.

    Adapters are float32 whatever the model's precision: steps of an optimiser would drown in bfloat16.

    Raises:
        ActScribeError: peft is missing.
    """
    peft = _peft()
    config = peft.LoraConfig(
        r=adapter.rank,
        lora_alpha=adapter.alpha,
        lora_dropout=adapter.dropout,
        target_modules=list(adapter.targets),
    )
    peft.inject_adapter_in_model(config, vlm.model)
    if not all(name.split(".")[1] in LANGUAGE_PARTS for name in adapter.targets):
        vlm.vision.below = None  # the tower will make other features than the model as it was loaded
    for weight in adapter_weights(vlm).values():
        weight.data = weight.data.float()
    vlm.model.eval()


def adapter_weights(vlm: Vlm) -> dict[str, nn.Parameter]:
    """Return the weights of the adapters by name."""
    return {name: weight for name, weight in vlm.model.named_parameters() if ".lora_" in name}


def input_spec(settings: VlmLoraSettings, frames: int) -> InputSpec:
    """Return the study's frames at the size that suits the model.

    Raises:
        ActScribeError: peft is missing, or the model has no layer of that name; said here, before anything is decoded.
    """
    _peft()
    if not {*settings.targets} <= {*PLAIN}:
        adapted_layers(unfilled(configuration(settings.model)[1]).model, settings.targets, settings.tower)
    return head_input_spec(settings, frames)


def _load(folder: Path) -> tuple[HeadedVlm, Adapter]:
    _peft()
    parts, values = load_parts(folder)
    stored = values["adapter"]
    adapter = Adapter(tuple(stored["targets"]), stored["rank"], stored["alpha"], stored["dropout"])
    vlm = parts.backbone.vlm
    inject(vlm, adapter)
    fill(adapter_weights(vlm), _weights_file(folder))
    vlm.model.requires_grad_(False)
    return parts, adapter


def _probe(inputs: TrainingInputs, parts: HeadedVlm) -> None:
    """Train the head alone; a resumed training takes the head of a probe that ended."""
    folder, settings = inputs.folder / CHECKPOINTS / PROBE, inputs.settings
    done = folder / PROBED
    if inputs.resume and done.is_file():
        fill(parts.head.state_dict(), done)
        return
    probe = settings.model_copy(update={"epochs": settings.probe_epochs, "gradient_accumulation_steps": 1})
    train_head(inputs, parts, probe, folder)
    if not is_first():
        return
    with write_beside(done) as beside:
        save_file({name: value.contiguous() for name, value in parts.head.state_dict().items()}, beside)


def _tune(inputs: TrainingInputs, parts: HeadedVlm) -> None:
    """Train adapters and head together, in place."""
    settings: VlmLoraSettings = inputs.settings
    vlm, head = parts.backbone.vlm, parts.head
    vlm.vision.clear()  # what the probe left there was made in inference mode, which autograd refuses
    if settings.checkpointing:
        vlm.model.activation_checkpointing_enable({"use_reentrant": False})
    network = Tuned(parts)
    train, validation = (clip_examples(one, parts.backbone, inputs) for one in (inputs.train, inputs.validation))
    fit(
        Fit(
            network=network,
            groups=[
                (list(adapter_weights(vlm).values()), settings.learning_rate),
                (list(head.parameters()), settings.head_learning_rate),
            ],
            loss=clip_loss(inputs.labels.task, inputs.train_targets, settings),
            train=Examples(train, inputs.train_targets, inputs.train.blocks),
            validation=Examples(validation, inputs.validation_targets),
            task=inputs.labels.task,
            settings=settings.model_copy(update={"precision": "float32"}),  # the weights have theirs
            folder=inputs.folder,
            seed=inputs.seed,
            resume=inputs.resume,
            readers=readers(inputs.train),
        )
    )
    if settings.checkpointing:
        vlm.model.activation_checkpointing_disable()
    vlm.model.requires_grad_(False)
    vlm.vision.clear()  # the vision tower may have changed
    network.eval()


@torch.no_grad()
def _put_together(inputs: TrainingInputs, parts: HeadedVlm, adapter: Adapter) -> HeadedVlm:
    """Return what was learned on the model as it is loaded again: what FSDP has divided stays so."""
    whole = start(inputs)
    inject(whole.backbone.vlm, adapter)
    learned = adapter_weights(parts.backbone.vlm)
    for name, weight in adapter_weights(whole.backbone.vlm).items():
        weight.copy_(learned[name])
    whole.head.load_state_dict(parts.head.state_dict())
    whole.backbone.vlm.model.requires_grad_(False)
    return whole


class Tuned(nn.Module):
    """Model and head as one network over clips that were made ready for the model.

    Args:
        parts: model and head.
    """

    def __init__(self, parts: HeadedVlm) -> None:
        super().__init__()
        self.model = parts.backbone.vlm.model
        self.head = parts.head
        self._vlm = parts.backbone.vlm

    def forward(self, clips: Sequence[ClipInputs]) -> Tensor:
        """Return the logits of clips, shape (batch, labels)."""
        hidden = self._vlm.hidden(clips)
        return cast(Tensor, self.head(hidden.states, hidden.mask, hidden.video))


def clip_examples(data: ClipData, backbone: Backbone, inputs: TrainingInputs) -> Example:
    """Return a function from (epoch, clip index) to the network's input `clips`, which the processor makes.

    What is drawn is that of `training.examples.pixel_examples`.

    Args:
        data: of training or validation; only training clips may be asked for with an epoch.
        backbone: the model with its prompt.
        inputs: settings, seed, and which clips may be mirrored.
    """
    settings: VlmLoraSettings = inputs.settings
    flips = may_flip(inputs.labels, inputs.train_targets) & settings.flip

    def example(epoch: int | None, index: int) -> Mapping[str, ClipInputs]:
        if epoch is None:
            return {"clips": backbone.inputs([data[index]])[0]}
        clip, rng = training_clip(data, index, inputs.seed, epoch)
        if settings.augment:
            clip = _augmented(clip, rng, bool(flips[index]), settings.augmentation)
        return {"clips": backbone.inputs([clip])[0]}

    return example


def _augmented(clip: ClipFrames, rng: np.random.Generator, flip: bool, how: Augmentation) -> ClipFrames:
    """Return a changed clip without content digest, so that none of its visual features are kept."""
    video = torch.from_numpy(np.ascontiguousarray(clip.frames)).permute(0, 3, 1, 2).float()
    frames = augment(video, rng, flip, how).round().byte().permute(0, 2, 3, 1).numpy()
    return replace(clip, content="", frames=frames)


def _fold(model: Any) -> None:
    """Replace every adapted layer by the plain one with the adapter added to its weights."""
    from peft.tuners.lora import LoraLayer

    for name, layer in [item for item in model.named_modules() if isinstance(item[1], LoraLayer)]:
        layer.merge(safe_merge=True)
        model.set_submodule(name, layer.get_base_layer())
    del model.peft_config


def _weights_file(folder: Path) -> Path:
    return folder / "adapter.safetensors"


def _peft() -> Any:
    require("peft", "vlm-lora")
    import peft

    return peft


VLM_LORA = Implementation(
    input_spec=input_spec,
    make=make,
    load=load,
    weights=weights,
    plan=plan_lora,
    stored_features=stored_features,
    merge=merge,
)
