"""From training clips to the pixels that a network learns from, and its training on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
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
from actscribe.training.losses import clip_loss
from actscribe.training.mixing import soften


def fit_pixels(
    network: nn.Module,
    groups: Sequence[tuple[Sequence[nn.Parameter], float]],
    pixels: Pixels,
    inputs: TrainingInputs,
    unfreezing: Unfreezing | None = None,
) -> None:
    """Train a network from pixels to logits in place on the training clips, augmented and mixed as its settings say.

    Args:
        network: takes `pixel_values`, shape (clips, frames, 3, size, size), returns logits, shape (clips, labels).
        groups: parameters with their learning rates.
        pixels: how frames are fed.
        inputs: clips, targets, settings and seed.
        unfreezing: see `Fit`.
    """
    settings: Training = inputs.settings
    train = Examples(pixel_examples(inputs.train, pixels, inputs), inputs.train_targets, inputs.train.blocks)
    fit(
        Fit(
            network=network,
            groups=groups,
            loss=clip_loss(inputs.labels.task, inputs.train_targets, settings),
            train=soften(train, settings.augmentation, inputs.labels.task, inputs.seed),
            validation=Examples(pixel_examples(inputs.validation, pixels, inputs), inputs.validation_targets),
            task=inputs.labels.task,
            settings=settings,
            folder=inputs.folder,
            seed=inputs.seed,
            resume=inputs.resume,
            unfreezing=unfreezing,
            # a part of the frames at a time is held, by one process, where they are more than the cache takes
            readers=0 if inputs.train.blocks is not None else reading_processes(),
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


def training_clip(data: ClipData, index: int, seed: int, epoch: int) -> tuple[ClipFrames, np.random.Generator]:
    """Return a training clip at the moments drawn for this epoch, and the generator that all else is drawn from."""
    rng = clip_rng(seed, epoch, index)
    return data.drawn(index, rng), rng
