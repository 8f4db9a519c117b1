"""Gemma 4: frames keep their shape within a number of patches, and are padded to it."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from actscribe.models.vlm.family import Family, Features, pack_list


def _units(processed: Any) -> tuple[Tensor, Tensor]:
    """Return the padded patches of each frame, (frames, patches, values), and (frames, rows, columns)."""
    positions = processed["video_position_ids"]
    columns, rows = (int(most) + 1 for most in positions[0].amax(0))
    return processed["pixel_values_videos"], torch.tensor([len(positions), rows, columns])


def _encode(model: Any, units: Tensor, grid: Tensor | None) -> list[Features]:
    assert grid is not None
    rows, columns = grid[1:].tolist()
    places = torch.stack(torch.meshgrid(torch.arange(columns), torch.arange(rows), indexing="xy"), -1).reshape(-1, 2)
    padded = torch.full((units.shape[1], 2), -1)
    padded[: len(places)] = places
    every = padded[None].expand(len(units), -1, -1).to(units.device)
    return [(unit,) for unit in model.get_image_features(units, every).pooler_output]


def _grid(video: Any, height: int, width: int) -> int:
    """Return the patches of a frame without padding."""
    # Here, since it brings torchvision along, which planning other families does without.
    from transformers.models.gemma4.video_processing_gemma4 import get_aspect_ratio_preserving_size

    most = int(video.max_soft_tokens * video.pooling_kernel_size**2)
    tall, wide = get_aspect_ratio_preserving_size(height, width, video.patch_size, most, video.pooling_kernel_size)
    return int(tall * wide) // int(video.patch_size) ** 2


def _tokens(config: Any, video: Any, frames: int, height: int, width: int) -> int:
    return frames * _grid(video, height, width) // int(video.pooling_kernel_size) ** 2


def _patches(config: Any, video: Any, frames: int, height: int, width: int) -> int:
    return int(video.max_soft_tokens * video.pooling_kernel_size**2)


def _short_side(config: Any, video: Any) -> int:
    """Return that of frames of 16:9 that fill the patches."""
    pixels = _patches(config, video, 1, 1, 1) * int(video.patch_size) ** 2
    return int(math.sqrt(pixels * 9 / 16))


#: Attention slides over a window of tokens in most layers, and keys are shared between some.
GEMMA4 = Family(
    name="Gemma 4",
    modality="video",
    pixels="pixel_values_videos",
    frames_per_unit=1,
    encode=_encode,
    pack=pack_list,
    tokens=_tokens,
    patches=_patches,
    short_side=_short_side,
    times="`00:12` before every frame, whole seconds",
    units=_units,
    alone=True,
    token_types=True,
)
