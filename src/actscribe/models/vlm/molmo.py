"""Molmo 2: square frames, whose patches are pooled three by three; visual tokens see each other."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad

from actscribe.models.vlm.family import Family, Features, pack_list


def _units(processed: Any) -> tuple[Tensor, Tensor]:
    """Return the patches of each frame, (frames, patches, values), and (frames, rows, columns) of pooled ones."""
    return processed["pixel_values_videos"], processed["video_grids"][0]


def _encode(model: Any, units: Tensor, grid: Tensor | None) -> list[Features]:
    assert grid is not None
    rows, columns = grid[1:].tolist()
    pooled = _pooled(units.shape[1], rows, columns)
    starts = torch.arange(len(units)).view(-1, 1, 1) * units.shape[1]
    every = torch.where(pooled >= 0, pooled + starts, pooled).flatten(0, 1).to(units.device)
    grids = torch.tensor([[len(units), rows, columns]], device=units.device)
    out = model.get_video_features(units, every, grids).pooler_output[0]
    return [(unit,) for unit in out.reshape(len(units), rows * columns, -1)]


def _pooled(patches: int, rows: int, columns: int) -> Tensor:
    """Return which patches of a frame each token pools, shape (rows * columns, patches of one), -1 beyond the edge.

    What the side lacks to whole pools is added at both its ends, the larger half behind, as the processor does.
    """
    side = round(patches**0.5)
    high, wide = -(-side // rows), -(-side // columns)
    lacks = [rows * high - side, columns * wide - side]
    around = (lacks[1] // 2, -(-lacks[1] // 2), lacks[0] // 2, -(-lacks[0] // 2))
    places = pad(torch.arange(patches).reshape(side, side), around, value=-1)
    return places.reshape(rows, high, columns, wide).permute(0, 2, 1, 3).reshape(rows * columns, high * wide)


def _side(video: Any) -> int:
    return int(video.size["height"]) // int(video.patch_size)


def _tokens(config: Any, video: Any, frames: int, height: int, width: int) -> int:
    rows, columns = (-(-_side(video) // pool) for pool in video.pooling_size)
    return int(frames * rows * columns)


def _patches(config: Any, video: Any, frames: int, height: int, width: int) -> int:
    return _side(video) ** 2


def _short_side(config: Any, video: Any) -> int:
    return int(video.size["height"])


MOLMO2 = Family(
    name="Molmo 2",
    modality="video",
    pixels="pixel_values_videos",
    frames_per_unit=1,
    encode=_encode,
    pack=pack_list,
    tokens=_tokens,
    patches=_patches,
    short_side=_short_side,
    times="`12.3` before every frame",
    placeholder="<im_patch>",
    units=_units,
    token_types=True,
)
