"""How uint8 pictures become the input of a checkpoint: size, and the mean and std that the checkpoint itself states."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn
from transformers.utils.hub import cached_file

from actscribe.errors import ActScribeError


@dataclass(frozen=True, slots=True)
class Pixels:
    """How uint8 frames become the checkpoint's input.

    Args:
        size: of the square input, in pixels.
        mean, std: per channel, of values in [0, 1]; the checkpoint's own, unless a study gives others.
        resize_mode: "stretch" keeps the whole picture, "crop" takes the centre square.
        crop_pct: share of the short side that the centre square keeps; published tests of CLIP on video: 224/256.
    """

    size: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    resize_mode: str
    crop_pct: float = 1.0

    def whole(self, frames: np.ndarray) -> torch.Tensor:
        """Return uint8 frames, (frames, height, width, 3), with channels first, (frames, 3, height, width)."""
        return torch.from_numpy(np.ascontiguousarray(frames)).permute(0, 3, 1, 2)

    def tensor(self, frames: np.ndarray) -> torch.Tensor:
        """Return uint8 frames, (frames, height, width, 3), resized, as float in [0, 255], (frames, 3, size, size)."""
        video = self.whole(frames)
        if self.resize_mode == "crop":
            side = max(1, round(min(video.shape[-2:]) * self.crop_pct))
            top, left = (video.shape[-2] - side) // 2, (video.shape[-1] - side) // 2
            video = video[..., top : top + side, left : left + side]
        if video.shape[-2:] == (self.size, self.size):
            return video.float()
        resized = nn.functional.interpolate(
            video.float(), size=(self.size, self.size), mode="bilinear", antialias=True, align_corners=False
        )
        return resized.clamp(0, 255)

    def normalise(self, video: torch.Tensor) -> torch.Tensor:
        """Return values in [0, 255], shape (..., 3, size, size), as the checkpoint expects them."""
        mean = torch.tensor(self.mean, device=video.device).view(3, 1, 1)
        std = torch.tensor(self.std, device=video.device).view(3, 1, 1)
        return (video / 255 - mean) / std


def read_pixels(folder: str, checkpoint: str, size: int, resize_mode: str) -> Pixels:
    """Read mean and std from the checkpoint's own file; a library's default would silently be another set's.

    Args:
        folder: of the checkpoint.
        checkpoint: as the user named it.
        size, resize_mode: of the result.

    Raises:
        ActScribeError: no such file, or one that is damaged or without mean and std.
    """
    for name in ("video_preprocessor_config.json", "preprocessor_config.json"):
        path = cached_file(folder, name, local_files_only=True, _raise_exceptions_for_missing_entries=False)
        if path:
            break
    else:
        raise ActScribeError(
            f"'{checkpoint}' has no preprocessor_config.json, so its mean and std are unknown.",
            "Copy the file from where the checkpoint came from.",
        )
    again = "Copy the file again from where the checkpoint came from."
    try:
        values = json.loads(Path(path).read_text(encoding="utf-8"))
        mean, std = values.get("image_mean"), values.get("image_std")
    except (OSError, ValueError, AttributeError) as error:
        raise ActScribeError(
            f"{path}: expected a JSON object with image_mean and image_std; it cannot be read: {error}.", again
        ) from error
    if not (_is_triple(mean) and _is_triple(std) and min(std) > 0):
        raise ActScribeError(
            f"{path}: expected image_mean and a positive image_std, 3 numbers each, found {mean}, {std}.", again
        )
    if not (min(mean) >= 0 and max(mean) <= 1 and max(std) <= 1):
        raise ActScribeError(
            f"{path}: expected image_mean and image_std of values in [0, 1], found {mean}, {std}.", again
        )
    return Pixels(size, tuple(mean), tuple(std), resize_mode)


def _is_triple(value: object) -> bool:
    """Tell whether a JSON value is one finite number for each of 3 channels."""
    if not isinstance(value, list) or len(value) != 3:
        return False
    return all(type(one) in (int, float) and math.isfinite(one) for one in value)
