"""Supervised TimeSformer (paper 1, system 1): divided space-time attention with a multi-label or multi-class head."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import nn
from transformers import TimesformerForVideoClassification

from actscribe.batching import batched
from actscribe.files import write_text
from actscribe.labels import LabelSet
from actscribe.models.catalog import checkpoint_folder, weights_digest
from actscribe.models.checkpoint_files import read_json
from actscribe.models.device import autocast, device, use_bfloat16
from actscribe.models.quiet import quiet
from actscribe.models.timesformer import Pixels, blocks, changes, load_saved, load_timesformer, picture_size
from actscribe.recognizers.base import ClipFrames, Implementation, Job, Recognizer, View
from actscribe.recognizers.plans.clips import plan_timesformer
from actscribe.settings.timesformer import TimesformerSettings
from actscribe.training.examples import fit_pixels
from actscribe.training.freezing import Unfreezing
from actscribe.training.losses import prior_logits, probabilities

#: Clips scored at once.
BATCH = 8


class TimesformerRecognizer:
    """A trained TimeSformer.

    Args:
        model: with one output per label.
        pixels: how frames are fed.
        labels: in the order of the outputs.
        bfloat16: whether matrix products run in bf16.
    """

    def __init__(
        self, model: TimesformerForVideoClassification, pixels: Pixels, labels: LabelSet, bfloat16: bool
    ) -> None:
        self.model = model.eval()
        nn.Module.to(self.model, device())
        self.pixels = pixels
        self.labels = labels
        self.bfloat16 = bfloat16
        self.view = View(model.config.num_frames, pixels.size)

    def score(self, clips: Iterable[ClipFrames]) -> Iterator[np.ndarray]:
        """Yield scores per clip, shape (labels,); see `Recognizer.score`."""
        for batch in batched(clips, BATCH):
            videos = torch.stack([self.pixels.normalise(self.pixels.tensor(clip.frames)) for clip in batch])
            with torch.inference_mode(), autocast(self.bfloat16):
                logits = self.model(pixel_values=videos.to(device())).logits
            yield from probabilities(logits, self.labels.task).cpu().numpy()

    def save(self, folder: Path) -> None:
        """Write model, feeding and precision; the label set is the run's."""
        with quiet():
            self.model.save_pretrained(folder)
        values = {"pixels": asdict(self.pixels), "bfloat16": self.bfloat16}
        write_text(folder / "recognizer.json", json.dumps(values, indent=1))


def load(folder: Path, labels: LabelSet) -> Recognizer:
    """Load what `TimesformerRecognizer.save` wrote."""
    values = read_json(folder / "recognizer.json", "Copy the folder again, or train again.")
    model = load_saved(folder)
    pixels = values["pixels"]
    pixels = Pixels(pixels["size"], tuple(pixels["mean"]), tuple(pixels["std"]), pixels["fit"])
    return TimesformerRecognizer(model, pixels, labels, values["bfloat16"])


def make(job: Job) -> Recognizer:
    """Train a TimeSformer on the job's clips (BCE with positive weights, gradual unfreezing: paper 1)."""
    settings: TimesformerSettings = job.settings
    torch.manual_seed(job.seed)
    job.train.prepare("Decoding training recordings")
    if settings.keep == "best":
        job.validation.prepare("Decoding validation recordings")
    model, pixels = load_timesformer(settings.model, job.labels.names, job.view.frames, settings.fit)
    _start_at_prior(model, job)
    head = list(model.classifier.parameters())
    head_ids = {id(parameter) for parameter in head}
    body = [parameter for parameter in model.parameters() if id(parameter) not in head_ids]
    parts = [model.timesformer.embeddings, *blocks(model)]
    groups = [(body, settings.learning_rate), (head, settings.head_learning_rate)]
    unfreezing = Unfreezing(parts, settings.frozen_epochs, settings.unfreeze_blocks)
    fit_pixels(_Logits(model), groups, pixels, job, unfreezing)
    model.requires_grad_(True)
    return TimesformerRecognizer(model, pixels, job.labels, use_bfloat16(settings.precision))


def view(settings: TimesformerSettings, frames: int) -> View:
    """Return what the checkpoint wants to see: the study's frames at its own picture size."""
    return View(frames, picture_size(settings.model), settings.candidates)


class _Logits(nn.Module):
    def __init__(self, model: TimesformerForVideoClassification) -> None:
        super().__init__()
        self.model = model

    def forward(self, pixel_values: torch.Tensor) -> torch.Tensor:
        return self.model(pixel_values=pixel_values).logits


def _start_at_prior(model: TimesformerForVideoClassification, job: Job) -> None:
    head = cast(nn.Linear, model.classifier)
    with torch.no_grad():
        head.bias.copy_(torch.from_numpy(prior_logits(job.train_targets, job.labels.task)))


def weights(settings: TimesformerSettings) -> str:
    """Return the digest of the checkpoint's weights, see `Kind.weights`."""
    return weights_digest(checkpoint_folder(settings.model, "timesformer"))


def starting(settings: TimesformerSettings, labels: LabelSet, frames: int) -> list[str]:
    """Return what is made anew of the checkpoint, once its weights were seen to fit; see `Kind.starting`."""
    load_timesformer(settings.model, labels.names, frames, settings.fit)
    return changes(settings.model, labels.names, frames)


TIMESFORMER = Implementation(
    view=view,
    make=make,
    load=load,
    weights=weights,
    starting=starting,
    plan=plan_timesformer,
)
