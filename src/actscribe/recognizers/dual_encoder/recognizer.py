"""CLIP, ViFi-CLIP and X-CLIP as recognizers, with and without VgHIF (Zhang et al.): videos against prompts.

One implementation for all. Multi-class: softmax over the class prompts. Multi-label: a sigmoid with a learned bias
per label; zero-shot, where nothing is learned, against a neutral prompt (see `models.dual_encoder.heads.LabelHead`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from functools import cached_property
from pathlib import Path
from typing import cast

import numpy as np
import torch

from actscribe.batching import batched
from actscribe.errors import ActScribeError
from actscribe.files import write_text
from actscribe.labels import LabelSet
from actscribe.models.catalog import weights_digest
from actscribe.models.device import autocast, device, use_bfloat16
from actscribe.models.dual_encoder.heads import LabelHead, LinearProbe
from actscribe.models.dual_encoder.interface import Towers
from actscribe.models.dual_encoder.loading import (
    Loaded,
    backbone_folder,
    changes,
    configuration,
    load_backbone,
    load_network,
    save_network,
    visual_config,
)
from actscribe.models.dual_encoder.network import DualEncoder
from actscribe.models.dual_encoder.shared_frames import SharedFrameEncoder, clips_together
from actscribe.models.dual_encoder.visual_below import VisualBelow
from actscribe.models.pixels import Pixels
from actscribe.recognizers.base import ClipFrames, Implementation, InputSpec, Recognizer, StoredFeatures
from actscribe.recognizers.dual_encoder import probe
from actscribe.recognizers.dual_encoder.options import DualEncoderOptions
from actscribe.recognizers.plans.dual_encoder import plan_dual_encoder
from actscribe.recognizers.saved import RECOGNIZER_FILE
from actscribe.settings.recognizers.dual_encoder import DualEncoderSettings
from actscribe.training.examples import fit_pixels
from actscribe.training.inputs import TrainingInputs
from actscribe.training.losses import priors, probabilities

#: Training clips, evenly spaced, on which the biases of a multi-label study are started (ours).
START_CLIPS = 256


class DualEncoderRecognizer:
    """A dual encoder, zero-shot or trained.

    Args:
        network: from pixels to logits; kept in evaluation mode.
        loaded: backbone, tokenizer and feeding that the network was built from.
        labels: in the order of the network's outputs.
        how: everything else.
    """

    def __init__(self, network: DualEncoder, loaded: Loaded, labels: LabelSet, options: DualEncoderOptions) -> None:
        self.network = network.to(device()).eval()
        self.loaded = loaded
        self.labels = labels
        self.options = options
        self.input_spec = InputSpec(options.frames, options.short_side)

    def score(self, clips: Iterable[ClipFrames]) -> Iterator[np.ndarray]:
        """Yield scores per clip, shape (labels,); see `Recognizer.score`."""
        for batch in batched(clips, clips_together(self.frame_encoder.backbone)):
            visual = self.frame_encoder.visual(batch)
            with torch.inference_mode(), autocast(self.options.bfloat16):
                logits = self.network.answered(visual)
            yield from probabilities(logits, self.labels.task).cpu().numpy()

    @cached_property
    def frame_encoder(self) -> SharedFrameEncoder:
        """What the network sees; made when the first clip is scored, since nothing learns from then on."""
        return SharedFrameEncoder(self.network.backbone, self.loaded.pixels, self.options.bfloat16, self.network.levels)

    def save(self, folder: Path) -> None:
        """Write the network with all that belongs to it; the label set is the run's."""
        save_network(self.network, self.loaded, self.options.backbone, folder)
        write_text(folder / RECOGNIZER_FILE, json.dumps(asdict(self.options), indent=1))

    def for_labels(self, labels: LabelSet) -> DualEncoderRecognizer:
        """Return the recognizer for another label set, with the same weights and new prompts, such as novel classes.

        In a multi-label study a label that was trained keeps its bias; a new one takes the mean of them (ours).
        """
        before = self.network.head
        neutral = labels.task == "multi-label" and (before.neutral or before.bias is None)
        head = LabelHead(labels.task, len(labels), neutral)
        if head.bias is not None and before.bias is not None:
            known = dict(zip(self.labels.names, before.bias.tolist(), strict=True))
            usual = float(np.mean(list(known.values())))
            with torch.no_grad():
                head.bias.copy_(torch.tensor([known.get(name, usual) for name in labels.names]))
        tokens = self.loaded.tokens(prompts(labels, self.options, neutral))
        return DualEncoderRecognizer(self.network.for_prompts(tokens, head), self.loaded, labels, self.options)


def prompts(labels: LabelSet, options: DualEncoderOptions, neutral: bool) -> list[str]:
    """Return the prompt of each label in order, and the neutral one last if asked for."""
    listed = [options.template.replace("{name}", label.described()) for label in labels.labels]
    return listed + [options.neutral] * neutral


def load(folder: Path, labels: LabelSet) -> Recognizer:
    """Load what `DualEncoderRecognizer.save` wrote.

    Raises:
        ActScribeError: a file is missing or does not fit the others.
    """
    network, loaded = load_network(folder)
    path = folder / RECOGNIZER_FILE
    try:
        options = DualEncoderOptions(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise ActScribeError(f"{path}: cannot be loaded: {error}", "Copy the folder again, or train again.") from error
    if isinstance(network, LinearProbe):
        return probe.recognizer(network, loaded, labels, options)
    return DualEncoderRecognizer(network, loaded, labels, options)


def make(inputs: TrainingInputs) -> Recognizer:
    """Return a zero-shot recognizer at once, or train what the settings ask for on the training clips."""
    settings: DualEncoderSettings = inputs.settings
    options = DualEncoderOptions(
        backbone=settings.backbone,
        frames=inputs.input_spec.frames,
        short_side=inputs.input_spec.short_side,
        template=settings.template,
        neutral=settings.neutral,
        bfloat16=use_bfloat16(settings.precision),
    )
    loaded = _load(settings, options.frames)
    if settings.learns == "probe":
        return probe.train(inputs, loaded, options)
    return DualEncoderRecognizer(_encoder(inputs, loaded, options), loaded, inputs.labels, options)


def input_spec(settings: DualEncoderSettings, frames: int) -> InputSpec:
    """Return the study's frames at the size from which the checkpoint's pictures are cut; no weights are loaded.

    Raises:
        ActScribeError: the checkpoint is not here, or has no such block as VgHIF asks for.
    """
    config = visual_config(settings.backbone, settings.model, *settings.published_base)
    if settings.vghif:
        settings.vghif.levels_of(int(config.num_hidden_layers))
    return InputSpec(frames, round(int(config.image_size) / settings.crop_pct), settings.temporal_jitter)


def stored_features(settings: DualEncoderSettings, frames: int) -> StoredFeatures:
    """Return what a probe keeps of a clip, one float32 vector; see `Implementation.stored_features`."""
    config = configuration(settings.backbone, settings.model, *settings.published_base)
    return StoredFeatures("clip", 4 * int(config.projection_dim) if settings.learns == "probe" else 0)


def weights(settings: DualEncoderSettings) -> str:
    """Return the digest of the checkpoint's weights, see `Implementation.weights`."""
    return weights_digest(backbone_folder(settings.backbone, settings.model, *settings.published_base))


def starting(settings: DualEncoderSettings, labels: LabelSet, frames: int) -> list[str]:
    """Return what is resized of the checkpoint, once its weights were seen to fit; see `Implementation.starting`."""
    _load(settings, frames)
    return changes(settings.backbone, settings.model, frames, *settings.published_base)


def _load(settings: DualEncoderSettings, frames: int) -> Loaded:
    loaded = load_backbone(settings.backbone, settings.model, frames, settings.resize_mode, *settings.published_base)
    own = loaded.pixels
    pixels = replace(own, crop_pct=settings.crop_pct, mean=settings.mean or own.mean, std=settings.std or own.std)
    return replace(loaded, pixels=pixels)


def _decode(inputs: TrainingInputs) -> None:
    """Decode all clips that training looks at, in one pass over each recording."""
    inputs.train.prepare("Decoding training recordings")
    if inputs.settings.keep == "best":
        inputs.validation.prepare("Decoding validation recordings")


def _encoder(inputs: TrainingInputs, loaded: Loaded, options: DualEncoderOptions) -> DualEncoder:
    """Return a dual encoder with the prompts of the study's labels, trained if the settings ask for it."""
    settings: DualEncoderSettings = inputs.settings
    task = inputs.labels.task
    neutral = task == "multi-label" and not settings.trains
    tokens = loaded.tokens(prompts(inputs.labels, options, neutral))
    if settings.trains:
        _decode(inputs)
    torch.manual_seed(inputs.seed)  # VgHIF starts from it
    head = LabelHead(task, len(inputs.labels), neutral)
    network = DualEncoder(loaded.backbone, tokens, head, settings.vghif, cast(Towers, settings.learns)).to(device())
    if settings.trains:
        if task == "multi-label":
            _start_at_prior(network, inputs, loaded.pixels, options)
        _train(network, inputs, loaded.pixels)
    network.freeze()
    return network


def _start_at_prior(network: DualEncoder, inputs: TrainingInputs, pixels: Pixels, options: DualEncoderOptions) -> None:
    count = len(inputs.train)
    indices = np.unique(np.linspace(0, count - 1, min(count, START_CLIPS)).round().astype(int))
    features = []
    frame_encoder = SharedFrameEncoder(network.eval().backbone, pixels, options.bfloat16, network.levels)
    for batch in batched((inputs.train[index] for index in indices.tolist()), clips_together(frame_encoder.backbone)):
        visual = frame_encoder.visual(batch)
        with torch.inference_mode(), autocast(options.bfloat16):
            features.append(network.compared(visual))
    network.head.start(torch.cat(features), priors(inputs.train_targets, inputs.labels.task))


def _train(network: DualEncoder, inputs: TrainingInputs, pixels: Pixels) -> None:
    """Train in place all that learns, each part at its own rate."""
    settings: DualEncoderSettings = inputs.settings
    rates = {
        "pretrained": settings.learning_rate,
        "new": settings.learning_rate * settings.new_factor,
        "vghif": settings.vghif_learning_rate,
        "head": settings.head_learning_rate,
    }
    groups = [(group, rates[name]) for name, group in network.groups().items() if group]
    halved = VisualBelow(network)
    fit_pixels(network, groups, pixels, inputs, halved=halved if halved.is_frozen() else None)


DUAL_ENCODER = Implementation(
    input_spec=input_spec,
    make=make,
    load=load,
    weights=weights,
    starting=starting,
    plan=plan_dual_encoder,
    stored_features=stored_features,
)
