"""Random crops, light and mirroring of training clips: one draw for all frames of a clip."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

#: Smallest side of a random crop, as a share of the picture's.
LEAST_CROP = 0.75
#: Largest relative change of brightness, of contrast, and of each colour channel.
MOST_LIGHT, MOST_TINT = 0.3, 0.15
#: Share of clips that lose their colour.
GREY = 0.15


def augment(video: torch.Tensor, rng: np.random.Generator, flip: bool) -> torch.Tensor:
    """Return a changed copy of a clip with values in [0, 255], shape (frames, 3, height, width).

    Every frame gets the same crop, brightness, contrast, tint and mirroring: motion stays what it was. Published
    pipelines draw colour anew for each frame, which adds flicker (ours).
    """
    height, width = video.shape[-2:]
    share = rng.uniform(LEAST_CROP, 1.0)
    crop_height, crop_width = round(height * share), round(width * share)
    top = int(rng.integers(0, height - crop_height + 1))
    left = int(rng.integers(0, width - crop_width + 1))
    cropped = video[..., top : top + crop_height, left : left + crop_width]
    video = nn.functional.interpolate(cropped, size=(height, width), mode="bilinear", align_corners=False)
    brightness, contrast = rng.uniform(1 - MOST_LIGHT, 1 + MOST_LIGHT, size=2)
    mean = video.mean()
    tint = torch.from_numpy(rng.uniform(1 - MOST_TINT, 1 + MOST_TINT, size=3).astype(np.float32)).view(3, 1, 1)
    video = (((video - mean) * contrast + mean * brightness) * tint).clamp(0, 255)
    if rng.random() < GREY:
        video = video.mean(dim=1, keepdim=True).expand(-1, 3, -1, -1)
    if flip and rng.random() < 0.5:
        video = video.flip(-1)
    return video


def clip_rng(seed: int, epoch: int, index: int) -> np.random.Generator:
    """Return the generator of one clip in one epoch: the same on any process and after any resume."""
    return np.random.default_rng((seed, epoch, index))
