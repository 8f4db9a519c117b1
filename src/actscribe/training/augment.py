"""Random crops, light and mirroring of training clips: one draw for all frames of a clip."""

from __future__ import annotations

import itertools
from typing import cast

import numpy as np
import torch
from torch import nn
from torchvision.transforms.v2 import functional as pictures

from actscribe.labels import LabelSet
from actscribe.settings.training import Augmentation

#: Smallest side of a random crop, as a share of the picture's.
LEAST_CROP = 0.75
#: Largest relative change of brightness, of contrast, and of each colour channel.
MOST_LIGHT, MOST_TINT = 0.3, 0.15
#: Where a multi-scale crop lies in what it leaves over, as (down, right): the corners and the centre.
PLACES = ((0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0), (0.5, 0.5))
USUAL = Augmentation()


def augment(
    video: torch.Tensor,
    rng: np.random.Generator,
    flip: bool,
    how: Augmentation = USUAL,
    size: tuple[int, int] | None = None,
) -> torch.Tensor:
    """Return a changed copy of a clip with values in [0, 255], shape (frames, 3, height, width).

    Every frame gets the same crop, colours and mirroring: motion stays what it was. Published pipelines draw colour
    separately for each frame, which adds flicker; `how.per_frame` does so too.

    Args:
        video: values in [0, 255], shape (frames, 3, height, width).
        rng: of this clip in this epoch.
        flip: whether the clip may be mirrored, see `may_flip`.
        how: what is done.
        size: (height, width) of the result; None: as `video`.
    """
    height, width = size or (video.shape[-2], video.shape[-1])
    top, left, tall, wide = _crop_box(video.shape[-2], video.shape[-1], rng, how)
    cropped = video[..., top : top + tall, left : left + wide]
    if how.crop != "none" or cropped.shape[-2:] != (height, width):
        cropped = nn.functional.interpolate(cropped, size=(height, width), mode="bilinear", align_corners=False)
    video = _coloured(cropped, rng, how)
    if rng.random() < how.grey:
        video = video.mean(dim=1, keepdim=True).expand(-1, 3, -1, -1)
    if flip and rng.random() < 0.5:
        video = video.flip(-1)
    return video


def may_flip(labels: LabelSet, targets: np.ndarray) -> np.ndarray:
    """Return for each clip whether its mirror image still has its targets, bool, shape (clips,).

    It has where every label that means a direction is known to be absent.

    Args:
        labels: of the targets' columns.
        targets: shape (clips, labels), nan where not annotated.
    """
    directional = [labels.index(name) for name in labels.mirror_sensitive()]
    return np.asarray((np.asarray(targets)[:, directional] == 0).all(axis=1))


def clip_rng(seed: int, epoch: int, index: int) -> np.random.Generator:
    """Return the generator of one clip in one epoch: the same on any process and after any resume."""
    return np.random.default_rng((seed, epoch, index))


def _crop_box(height: int, width: int, rng: np.random.Generator, how: Augmentation) -> tuple[int, int, int, int]:
    """Return top, left, height and width of the crop."""
    if how.crop == "none":
        return 0, 0, height, width
    if how.crop == "random":
        share = rng.uniform(LEAST_CROP, 1.0)
        tall, wide = round(height * share), round(width * share)
        return int(rng.integers(0, height - tall + 1)), int(rng.integers(0, width - wide + 1)), tall, wide
    sides = [max(1, int(min(height, width) * scale)) for scale in how.scales]
    pairs = [pair for pair in itertools.product(range(len(sides)), repeat=2) if abs(pair[0] - pair[1]) <= 1]
    first, second = pairs[int(rng.integers(len(pairs)))]
    tall, wide = sides[first], sides[second]
    down, right = PLACES[int(rng.integers(len(PLACES)))]
    return int((height - tall) * down), int((width - wide) * right), tall, wide


def _coloured(video: torch.Tensor, rng: np.random.Generator, how: Augmentation) -> torch.Tensor:
    if how.colour == "none":
        return video
    if how.colour == "light":
        brightness, contrast = rng.uniform(1 - MOST_LIGHT, 1 + MOST_LIGHT, size=2)
        mean = video.mean()
        tint = torch.from_numpy(rng.uniform(1 - MOST_TINT, 1 + MOST_TINT, size=3).astype(np.float32)).view(3, 1, 1)
        return cast(torch.Tensor, (((video - mean) * contrast + mean * brightness) * tint).clamp(0, 255))
    if rng.random() >= how.jitter:
        return video
    if how.per_frame:
        return torch.cat([_jittered(frame, rng, how) for frame in video.split(1)])
    return _jittered(video, rng, how)


def _jittered(video: torch.Tensor, rng: np.random.Generator, how: Augmentation) -> torch.Tensor:
    """Change brightness, contrast, saturation and hue in random order, all by torchvision's definitions."""
    brightness, contrast, saturation = (
        rng.uniform(1 - most, 1 + most) for most in (how.brightness, how.contrast, how.saturation)
    )
    hue = rng.uniform(-how.hue, how.hue)
    steps = (
        lambda frames: pictures.adjust_brightness(frames, brightness),
        lambda frames: pictures.adjust_contrast(frames, contrast),
        lambda frames: pictures.adjust_saturation(frames, saturation),
        lambda frames: pictures.adjust_hue(frames, hue),
    )
    shares = video / 255
    for index in rng.permutation(len(steps)):
        shares = steps[index](shares)
    return shares * 255
