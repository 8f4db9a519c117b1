"""Supervised video classifiers with a multi-label or multi-class head; Guerriero et al. 2026, system 1: TimeSformer."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch

from actscribe.batching import ahead, batched
from actscribe.files import write_text
from actscribe.labels import LabelSet
from actscribe.models.catalog import checkpoint_folder, weights_digest
from actscribe.models.checkpoint_files import read_json
from actscribe.models.device import autocast, clips_at_once, device, for_scoring, use_bfloat16
from actscribe.models.pixels import Pixels
from actscribe.models.quiet import quiet
from actscribe.models.video_classifier import (
    VideoClassifier,
    changes,
    check_frames,
    configuration,
    load_classifier,
    load_saved,
    picture_size,
)
from actscribe.recognizers.base import ClipFrames, Implementation, InputSpec, Recognizer
from actscribe.recognizers.plans.clips import plan_classifier
from actscribe.recognizers.saved import RECOGNIZER_FILE
from actscribe.settings.recognizers.video_classifier import VideoClassifierSettings
from actscribe.training.examples import fit_pixels
from actscribe.training.freezing import Unfreezing
from actscribe.training.frozen_blocks import FrozenBlocks
from actscribe.training.inputs import TrainingInputs
from actscribe.training.losses import prior_logits, probabilities


class VideoClassifierRecognizer:
    """A trained video classifier.

    Args:
        model: with one output per label.
        pixels: how frames are fed.
        labels: in the order of the outputs.
        bfloat16: whether matrix products run in bf16.
    """

    def __init__(self, model: VideoClassifier, pixels: Pixels, labels: LabelSet, bfloat16: bool) -> None:
        self.model = model.eval().to(device())
        self.pixels = pixels
        self.labels = labels
        self.bfloat16 = bfloat16
        self.input_spec = InputSpec(model.frames, pixels.size)

    def score(self, clips: Iterable[ClipFrames]) -> Iterator[np.ndarray]:
        """Yield scores per clip, shape (labels,); see `Recognizer.score`."""
        for videos in ahead((self._fed(batch) for batch in batched(clips, clips_at_once())), 1):
            with torch.inference_mode(), autocast(self.bfloat16):
                logits = self._scored(videos.to(device(), non_blocking=True))
            yield from probabilities(logits, self.labels.task).cpu().numpy()

    def _fed(self, clips: Sequence[ClipFrames]) -> torch.Tensor:
        """Return what the network takes of clips, on the processor, in memory that a GPU reads from meanwhile."""
        videos = torch.stack([self.pixels.normalise(self.pixels.tensor(clip.frames)) for clip in clips])
        return videos.pin_memory() if device().type == "cuda" else videos

    @cached_property
    def _scored(self) -> VideoClassifier:
        return for_scoring(self.model, self.bfloat16)

    def save(self, folder: Path) -> None:
        """Write model, feeding and precision as any checkpoint has them; the label set is the run's."""
        with quiet():
            self.model.model.save_pretrained(folder)
        size = {"height": self.pixels.size, "width": self.pixels.size}
        fed = {"image_mean": self.pixels.mean, "image_std": self.pixels.std, "size": size}
        write_text(folder / "preprocessor_config.json", json.dumps(fed, indent=1))  # who takes it as an encoder asks
        values = {"pixels": asdict(self.pixels), "bfloat16": self.bfloat16}
        write_text(folder / RECOGNIZER_FILE, json.dumps(values, indent=1))


def load(folder: Path, labels: LabelSet) -> Recognizer:
    """Load what `VideoClassifierRecognizer.save` wrote."""
    model = load_saved(folder)
    return VideoClassifierRecognizer(model, _saved_pixels(folder), labels, _saved_values(folder)["bfloat16"])


def make(inputs: TrainingInputs) -> Recognizer:
    """Train a video classifier (BCE with positive weights, gradual unfreezing: Guerriero et al.)."""
    settings: VideoClassifierSettings = inputs.settings
    torch.manual_seed(inputs.seed)
    inputs.train.prepare("Decoding training recordings")
    if settings.keep == "best":
        inputs.validation.prepare("Decoding validation recordings")
    model, pixels = _started(inputs, settings)
    head = list(model.head.parameters())
    head_ids = {id(parameter) for parameter in head}
    body = [parameter for parameter in model.parameters() if id(parameter) not in head_ids]
    groups = [(body, settings.learning_rate), (head, settings.head_learning_rate)]
    unfreezing = Unfreezing(model.parts(), settings.frozen_epochs, settings.unfreeze_blocks)
    fit_pixels(model, groups, pixels, inputs, unfreezing, FrozenBlocks(model, unfreezing, settings.epochs))
    model.requires_grad_(True)
    return VideoClassifierRecognizer(model, pixels, inputs.labels, use_bfloat16(settings.precision))


def _started(inputs: TrainingInputs, settings: VideoClassifierSettings) -> tuple[VideoClassifier, Pixels]:
    """Return the network before training: an earlier run's, or the checkpoint's with a head that knows the priors."""
    if inputs.start:
        return load_saved(inputs.start), _saved_pixels(inputs.start)
    model, pixels = load_classifier(
        settings.model, inputs.labels.names, inputs.input_spec.frames, settings.resize_mode, settings.families
    )
    with torch.no_grad():
        model.head.bias.copy_(torch.from_numpy(prior_logits(inputs.train_targets, inputs.labels.task)))
    return model, pixels


def _saved_pixels(folder: Path) -> Pixels:
    saved = _saved_values(folder)["pixels"]
    return Pixels(saved["size"], tuple(saved["mean"]), tuple(saved["std"]), saved["resize_mode"])


def _saved_values(folder: Path) -> dict[str, Any]:
    return read_json(folder / RECOGNIZER_FILE, "Copy the folder again, or train again.")


def input_spec(settings: VideoClassifierSettings, frames: int) -> InputSpec:
    """Return what the checkpoint wants to see: the study's frames at its own picture size."""
    config = configuration(settings.model, settings.families)
    check_frames(config, frames)
    return InputSpec(frames, picture_size(config), settings.temporal_jitter)


def weights(settings: VideoClassifierSettings) -> str:
    """Return the digest of the checkpoint's weights, see `Implementation.weights`."""
    return weights_digest(checkpoint_folder(settings.model, "timesformer"))


def starting(settings: VideoClassifierSettings, labels: LabelSet, frames: int) -> list[str]:
    """Return what is resized of the checkpoint, once its weights were seen to fit; see `Implementation.starting`."""
    load_classifier(settings.model, labels.names, frames, settings.resize_mode, settings.families)
    return changes(settings.model, frames)


VIDEO_CLASSIFIER = Implementation(
    input_spec=input_spec,
    make=make,
    load=load,
    weights=weights,
    starting=starting,
    plan=plan_classifier,
    cannot_warm_start=lambda settings: "",
)
