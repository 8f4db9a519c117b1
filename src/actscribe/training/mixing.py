"""Mixup, CutMix and label smoothing: soft targets of training clips."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import torch

from actscribe.labels import Task
from actscribe.settings.training import Augmentation
from actscribe.training.fit import Example, Examples


def smooth(targets: np.ndarray, amount: float, task: Task) -> np.ndarray:
    """Return targets moved towards the uniform distribution over classes, or for several labels towards 1/2.

    Of C classes the true one becomes 1 - amount + amount / C and each other amount / C (Szegedy et al., CVPR 2016).

    Args:
        targets: shape (clips, labels); nan stays nan.
        amount: in [0, 1).
        task: of the label set.
    """
    rest = 1 / targets.shape[1] if task == "multi-class" else 0.5
    return (targets * (1 - amount) + amount * rest).astype(np.float32)


def mixup(video: torch.Tensor, other: torch.Tensor, share: float) -> torch.Tensor:
    """Return `share` of a clip and the rest of another of the same shape (Zhang et al., ICLR 2018)."""
    return video * share + other * (1 - share)


def cutmix(
    video: torch.Tensor, other: torch.Tensor, share: float, rng: np.random.Generator
) -> tuple[torch.Tensor, float]:
    """Return a clip with a box of another pasted in, the same box in every frame, and the share that is left of it.

    The box has the picture's shape and 1 - `share` of its area, less what its random centre puts outside the picture
    (Yun et al., ICCV 2019).

    Args:
        video, other: shape (..., height, width).
        share: wanted of `video`, in [0, 1].
        rng: of the box's centre.
    """
    height, width = video.shape[-2:]
    side = np.sqrt(1 - share)
    tall, wide = int(height * side), int(width * side)
    down, right = int(rng.integers(height)), int(rng.integers(width))
    top, bottom = max(down - tall // 2, 0), min(down - tall // 2 + tall, height)
    left, end = max(right - wide // 2, 0), min(right - wide // 2 + wide, width)
    mixed = video.clone()
    mixed[..., top:bottom, left:end] = other[..., top:bottom, left:end]
    return mixed, 1 - (bottom - top) * (end - left) / (height * width)


def soften(examples: Examples, how: Augmentation, task: Task, seed: int, key: str = "pixel_values") -> Examples:
    """Return training examples with smoothed targets, mixed with one another; the same ones if `how` asks for neither.

    Each clip's partner and share are drawn from (seed, epoch, clip) alone, so that a resumed training and one on two
    processes mix alike; of clips that are shown in blocks the partner is one of the same block. (Published pipelines
    draw one share a batch and partners within it; ours.) Validation examples (epoch None) stay as they are. Where a
    target of one of two mixed clips is unknown, so is that of the mixture.

    Args:
        examples: of training; the input called `key` holds pixels, shape (..., height, width).
        how: mixup, cutmix, cutmix_share and smoothing are used.
        task: of the label set.
        seed: of training.
        key: of the input that is mixed.
    """
    if not how.mixes() and not how.smoothing:
        return examples
    soft = torch.from_numpy(smooth(examples.targets, how.smoothing, task))
    plain: Example = examples.example

    def example(epoch: int | None, index: int) -> Mapping[str, torch.Tensor]:
        made = plain(epoch, index)
        if epoch is None:
            return made
        if not how.mixes():
            return {**made, "labels": soft[index]}
        rng = np.random.default_rng((seed, epoch, index, 1))
        beside = examples.blocks.beside(seed, epoch, index) if examples.blocks else range(len(soft))
        partner = int(beside[int(rng.integers(len(beside)))])
        video, share = _mix(made[key], plain(epoch, partner)[key], how, rng)
        return {**made, key: video, "labels": soft[index] * share + soft[partner] * (1 - share)}

    return replace(examples, example=example)


def _mix(
    video: torch.Tensor, other: torch.Tensor, how: Augmentation, rng: np.random.Generator
) -> tuple[torch.Tensor, float]:
    cut = how.cutmix > 0 and (how.mixup == 0 or rng.random() < how.cutmix_share)
    share = float(rng.beta(how.cutmix, how.cutmix) if cut else rng.beta(how.mixup, how.mixup))
    return cutmix(video, other, share, rng) if cut else (mixup(video, other, share), share)
