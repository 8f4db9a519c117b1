"""From the clips of a job to the pixels that a network learns from."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from torch import Tensor

from actscribe.data.frames import ClipData
from actscribe.data.view import ClipFrames
from actscribe.models.pixels import Pixels
from actscribe.recognizers.base import Job
from actscribe.recognizers.settings import Training
from actscribe.training.augment import augment, clip_rng, may_flip
from actscribe.training.fit import Example


def pixel_examples(data: ClipData, pixels: Pixels, job: Job) -> Example:
    """Return a function from (epoch, clip index) to the network's input `pixel_values`, (frames, 3, size, size).

    In training a clip's moments, crop, colours and mirroring are drawn from (seed, epoch, index) alone; outside of it
    (epoch None) a clip is as it is scored. A multi-scale crop of a recognizer that takes the centre square is cut from
    the whole picture, as published.

    Args:
        data: of the job's training or validation; only training clips may be asked for with an epoch.
        pixels: how frames are fed.
        job: settings, seed, and which clips may be mirrored.
    """
    settings: Training = job.settings
    flips = may_flip(job.labels, job.train_targets) & settings.flip
    from_whole = pixels.fit == "crop" and settings.augmentation.crop == "multi-scale"

    def example(epoch: int | None, index: int) -> Mapping[str, Tensor]:
        if epoch is None:
            return {"pixel_values": pixels.normalise(pixels.tensor(data[index].frames))}
        clip, rng = training_clip(data, index, job.seed, epoch)
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
