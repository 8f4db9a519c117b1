"""What differs between families of vision-language models: token layout, what is encoded together, how features enter.

A *unit* is what the vision tower encodes on its own: one frame, or for Qwen two consecutive ones. Units are what
overlapping windows share. Features of a unit are a tuple of tensors, shape (tokens, D): the visual tokens, and for
Qwen3-VL also the DeepStack levels that are added to the first decoder layers (Qwen3-VL technical report, 2025).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor

Features = tuple[Tensor, ...]


@dataclass(frozen=True, slots=True)
class Family:
    """One family of checkpoints, found by `model_type` in config.json.

    Args:
        name: as people call it.
        modality: "image" or "video": which placeholder token stands for a visual token, and the key that the model's
            `mm_encoder_outputs` argument takes the features under.
        pixels: name of the pixels in the video processor's answer.
        frames_per_unit: frames that the vision tower encodes together.
        encode: (model, units, grid) -> features of each unit; units shape (units, ...) as `split_units` gives them,
            grid (3,) patches in (time, height, width) of one unit, or None.
        pack: (model, features of each clip's units) -> the object that the model's forward takes features from.
        tokens: (configuration, video processor, frames, height, width) -> visual tokens of a clip.
        patches: (configuration, video processor, frames, height, width) -> vision-tower positions of one unit.
        short_side: (configuration, video processor) -> short side in pixels of the frames worth decoding.
        three_axes: positions run along time, height and width (multimodal RoPE of Qwen).
        template: chat template for checkpoints that carry none.
        times: how its processor writes into the prompt when frames were taken, for the page of recognizers; empty: it
            does not.
        placeholder: token that stands for a visual token, where it is not the one of the modality.
        units: (video processor's answer for one clip) -> its pixels with one row per unit, and the grid of a frame;
            where they do not come as `split_units` expects.
        alone: the language model keeps more of a prompt than keys and values, or looks at a part of them: every prompt
            runs whole, none branches off another's beginning.
        token_types: the language model wants to know which tokens are visual, since these see each other.
    """

    name: str
    modality: str
    pixels: str
    frames_per_unit: int
    encode: Callable[[Any, Tensor, Tensor | None], list[Features]]
    pack: Callable[[Any, Sequence[list[Features]]], Any]
    tokens: Callable[[Any, Any, int, int, int], int]
    patches: Callable[[Any, Any, int, int, int], int]
    short_side: Callable[[Any, Any], int]
    three_axes: bool = False
    template: str | None = None
    times: str = ""
    placeholder: str = ""
    units: Callable[[Any], tuple[Tensor, Tensor]] | None = None
    alone: bool = False
    token_types: bool = False

    @property
    def writes_times(self) -> bool:
        """Whether its processor writes when frames were taken into the prompt."""
        return bool(self.times)


def split_units(family: Family, pixels: Tensor, grid: Tensor | None) -> Tensor:
    """Return the video processor's pixels of one clip with one row per unit, shape (units, ...)."""
    if grid is None:
        return pixels.reshape(-1, *pixels.shape[-3:])
    return pixels.view(int(grid[0]), int(grid[1] * grid[2]), -1)


def joined(clip: list[Features], level: int = 0) -> Tensor:
    """Return one level of the features of a clip's units, shape (tokens, D)."""
    return torch.cat([unit[level] for unit in clip])


def pack_list(model: Any, clips: Sequence[list[Features]]) -> Any:
    """Answer `Family.pack` of a model that takes a list with the features of each clip."""
    return SimpleNamespace(pooler_output=[joined(clip) for clip in clips])
