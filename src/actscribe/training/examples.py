"""From training clips to the pixels that a network learns from, and its training on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from actscribe.data.frames import ClipData
from actscribe.data.input_spec import ClipFrames
from actscribe.models.device import reading_processes
from actscribe.models.pixels import Pixels
from actscribe.settings.training import Training
from actscribe.training.augment import augment, clip_rng, may_flip
from actscribe.training.fit import Example, Examples, Fit, fit
from actscribe.training.freezing import Unfreezing
from actscribe.training.inputs import TrainingInputs
from actscribe.training.kept_below import REDRAWN, Halved, KeptBelow
from actscribe.training.losses import clip_loss
from actscribe.training.mixing import soften


def fit_pixels(
    network: nn.Module,
    groups: Sequence[tuple[Sequence[nn.Parameter], float]],
    pixels: Pixels,
    inputs: TrainingInputs,
    unfreezing: Unfreezing | None = None,
    halved: Halved | None = None,
) -> None:
    """Train a network from pixels to logits in place on the training clips, augmented and mixed as its settings say.

    Args:
        network: takes `pixel_values`, shape (clips, frames, 3, size, size), returns logits, shape (clips, labels).
        groups: parameters with their learning rates.
        pixels: how frames are fed.
        inputs: clips, targets, settings and seed.
        unfreezing: see `Fit`.
        halved: the network in two halves, of which the lower one runs once for clips that look the same each time;
            None: nothing of it is frozen.
    """
    settings: Training = inputs.settings
    train, validation = (pixel_examples(one, pixels, inputs) for one in (inputs.train, inputs.validation))
    if halved is not None:
        same = not settings.augment and settings.temporal_jitter == 1
        train, validation = numbered(train, 0 if same else None), numbered(validation, len(inputs.train))
    examples = Examples(train, inputs.train_targets, inputs.train.blocks)
    fit(
        Fit(
            network=network if halved is None else KeptBelow(network, halved),
            groups=groups,
            loss=clip_loss(inputs.labels.task, inputs.train_targets, settings),
            train=soften(examples, settings.augmentation, inputs.labels.task, inputs.seed),
            validation=Examples(validation, inputs.validation_targets),
            task=inputs.labels.task,
            settings=settings,
            folder=inputs.folder,
            seed=inputs.seed,
            resume=inputs.resume,
            unfreezing=unfreezing,
            readers=readers(inputs.train),
        )
    )


def pixel_examples(data: ClipData, pixels: Pixels, inputs: TrainingInputs) -> Example:
    """Return a function from (epoch, clip index) to the network's input `pixel_values`, (frames, 3, size, size).

    In training a clip's moments, crop, colours and mirroring are drawn from (seed, epoch, index) alone; outside of it
    (epoch None) a clip is as it is scored. A multi-scale crop of a recognizer that takes the centre square is cut from
    the whole picture, as published.

    Args:
        data: of training or validation; only training clips may be asked for with an epoch.
        pixels: how frames are fed.
        inputs: settings, seed, and which clips may be mirrored.
    """
    settings: Training = inputs.settings
    flips = may_flip(inputs.labels, inputs.train_targets) & settings.flip
    from_whole = pixels.resize_mode == "crop" and settings.augmentation.crop == "multi-scale"

    def example(epoch: int | None, index: int) -> Mapping[str, Tensor]:
        if epoch is None:
            return {"pixel_values": pixels.normalise(pixels.tensor(data[index].frames))}
        clip, rng = training_clip(data, index, inputs.seed, epoch)
        if not settings.augment:
            return {"pixel_values": pixels.normalise(pixels.tensor(clip.frames))}
        video = pixels.whole(clip.frames).float() if from_whole else pixels.tensor(clip.frames)
        square = (pixels.size, pixels.size)
        video = augment(video, rng, bool(flips[index]), settings.augmentation, square)
        return {"pixel_values": pixels.normalise(video)}

    return example


def numbered(example: Example, first: int | None) -> Example:
    """Return examples with the number of each clip as a further input, `clip`.

    Args:
        example: makes them.
        first: number of the first clip; None: clips look different each time, see `kept_below.REDRAWN`.
    """

    def with_number(epoch: int | None, index: int) -> Mapping[str, Tensor]:
        return {**example(epoch, index), "clip": torch.tensor(REDRAWN if first is None else first + index)}

    return with_number


def readers(data: ClipData) -> int:
    """Return how many processes prepare training clips beside the network.

    None where frames are more than the cache takes: a part of them at a time is held, by one process.
    """
    return 0 if data.blocks is not None else reading_processes()


def training_clip(data: ClipData, index: int, seed: int, epoch: int) -> tuple[ClipFrames, np.random.Generator]:
    """Return a training clip at the moments drawn for this epoch, and the generator that all else is drawn from."""
    rng = clip_rng(seed, epoch, index)
    return data.drawn(index, rng), rng
