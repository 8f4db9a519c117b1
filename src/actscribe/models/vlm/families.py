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

VICUNA = (
    "{% for message in messages %}USER: {% for part in message['content'] %}{% if part['type'] == 'video' %}<video>\n"
    "{% else %}{{ part['text'] }}{% endif %}{% endfor %}{% endfor %} ASSISTANT:"
)


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
        writes_times: its processor writes when each frame was taken into the prompt.
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
    writes_times: bool = False


def split_units(family: Family, pixels: Tensor, grid: Tensor | None) -> Tensor:
    """Return the video processor's pixels of one clip with one row per unit, shape (units, ...)."""
    if grid is None:
        return pixels.reshape(-1, *pixels.shape[-3:])
    return pixels.view(int(grid[0]), int(grid[1] * grid[2]), -1)


# --- encode: one row of pixels per unit -> features per unit


def _encode_smolvlm(model: Any, units: Tensor, grid: Tensor | None) -> list[Features]:
    out = model.get_image_features(units.unsqueeze(0)).pooler_output
    return [(unit,) for unit in torch.cat(tuple(out)).reshape(len(units), -1, out[0].shape[-1])]


def _encode_internvl(model: Any, units: Tensor, grid: Tensor | None) -> list[Features]:
    return [(unit,) for unit in model.get_image_features(units).pooler_output]


def _encode_video_llava(model: Any, units: Tensor, grid: Tensor | None) -> list[Features]:
    return [(unit,) for unit in model.get_video_features(units.unsqueeze(0)).pooler_output]


def _encode_next_video(model: Any, units: Tensor, grid: Tensor | None) -> list[Features]:
    out = model.get_video_features(units.unsqueeze(0)).pooler_output
    return [(unit,) for unit in out.reshape(len(units), -1, out.shape[-1])]


def _encode_onevision(model: Any, units: Tensor, grid: Tensor | None) -> list[Features]:
    out = model.get_video_features(units.unsqueeze(0)).pooler_output[:, :-1]  # the last is the newline of the clip
    return [(unit,) for unit in out.reshape(len(units), -1, out.shape[-1])]


def _encode_qwen(model: Any, units: Tensor, grid: Tensor | None) -> list[Features]:
    assert grid is not None
    whole = grid.clone().unsqueeze(0)
    whole[0, 0] = len(units)
    out = model.get_video_features(units.flatten(0, 1), whole.to(units.device))
    levels = [out.pooler_output[0], *(level[0] for level in getattr(out, "deepstack_features", None) or ())]
    split = [level.reshape(len(units), -1, level.shape[-1]) for level in levels]
    return [tuple(level[i] for level in split) for i in range(len(units))]


# --- pack: features per clip -> what the model's forward takes


def _joined(clip: list[Features], level: int = 0) -> Tensor:
    return torch.cat([unit[level] for unit in clip])


def _pack_list(model: Any, clips: Sequence[list[Features]]) -> Any:
    return SimpleNamespace(pooler_output=[_joined(clip) for clip in clips])


def _pack_units(model: Any, clips: Sequence[list[Features]]) -> Any:
    return SimpleNamespace(pooler_output=torch.stack([unit[0] for clip in clips for unit in clip]))


def _pack_onevision(model: Any, clips: Sequence[list[Features]]) -> Any:
    newline = model.image_newline.unsqueeze(0)
    whole = torch.cat([part for clip in clips for part in (_joined(clip), newline)])
    return SimpleNamespace(pooler_output=whole.unsqueeze(0))


def _pack_qwen(model: Any, clips: Sequence[list[Features]]) -> Any:
    levels = len(clips[0][0])
    deep = [[_joined(clip, level) for clip in clips] for level in range(1, levels)]
    return SimpleNamespace(pooler_output=[_joined(clip) for clip in clips], deepstack_features=deep)


# --- sizes, from the configuration and the video processor alone


def _side(size: Any) -> int:
    """The one number of an int, a pair or a (shortest edge, height, longest edge) dictionary."""
    if isinstance(size, int):
        return size
    if isinstance(size, (list, tuple)):
        return int(size[0])
    return int(size.get("shortest_edge") or size.get("height") or size["longest_edge"])


def _grid_side(config: Any) -> int:
    vision = config.vision_config
    return _side(vision.image_size) // _side(vision.patch_size)


def _patches_fixed(config: Any, video: Any, frames: int, height: int, width: int) -> int:
    return _grid_side(config) ** 2


def _tokens_smolvlm(config: Any, video: Any, frames: int, height: int, width: int) -> int:
    return frames * int(_grid_side(config) ** 2 / config.scale_factor**2)


def _tokens_internvl(config: Any, video: Any, frames: int, height: int, width: int) -> int:
    return frames * int(_grid_side(config) ** 2 * config.downsample_ratio**2)


def _tokens_video_llava(config: Any, video: Any, frames: int, height: int, width: int) -> int:
    return frames * (_grid_side(config) ** 2 + 1)


def _tokens_next_video(config: Any, video: Any, frames: int, height: int, width: int) -> int:
    return frames * (_grid_side(config) ** 2 // 4)


def _tokens_onevision(config: Any, video: Any, frames: int, height: int, width: int) -> int:
    return frames * (-(-_grid_side(config) // 2)) ** 2 + 1


def _patches_qwen(config: Any, video: Any, frames: int, height: int, width: int) -> int:
    even = frames + frames % 2
    return int(video.get_num_of_video_patches(even, height, width, {})) * 2 // even


def _tokens_qwen(config: Any, video: Any, frames: int, height: int, width: int) -> int:
    even = frames + frames % 2
    patches = int(video.get_num_of_video_patches(even, height, width, {}))
    return int(patches // config.vision_config.spatial_merge_size**2)


def _short_side_smolvlm(config: Any, video: Any) -> int:
    return int(video.max_image_size["longest_edge"])


def _short_side_processor(config: Any, video: Any) -> int:
    return _side(dict(video.size))


def _short_side_qwen(config: Any, video: Any) -> int:
    """Ten merged patches (ours): Qwen takes frames of any size, and its cost grows with their area."""
    vision = config.vision_config
    return 10 * int(vision.patch_size) * int(vision.spatial_merge_size)


FAMILIES: dict[str, Family] = {
    "smolvlm": Family(
        name="SmolVLM2",
        modality="image",
        pixels="pixel_values",
        frames_per_unit=1,
        encode=_encode_smolvlm,
        pack=_pack_list,
        tokens=_tokens_smolvlm,
        patches=_patches_fixed,
        short_side=_short_side_smolvlm,
        writes_times=True,
    ),
    "qwen2_5_vl": Family(
        name="Qwen2.5-VL",
        modality="video",
        pixels="pixel_values_videos",
        frames_per_unit=2,
        encode=_encode_qwen,
        pack=_pack_qwen,
        tokens=_tokens_qwen,
        patches=_patches_qwen,
        short_side=_short_side_qwen,
        three_axes=True,
    ),
    "qwen3_vl": Family(
        name="Qwen3-VL",
        modality="video",
        pixels="pixel_values_videos",
        frames_per_unit=2,
        encode=_encode_qwen,
        pack=_pack_qwen,
        tokens=_tokens_qwen,
        patches=_patches_qwen,
        short_side=_short_side_qwen,
        three_axes=True,
        writes_times=True,
    ),
    "llava_next_video": Family(
        name="LLaVA-NeXT-Video",
        modality="video",
        pixels="pixel_values_videos",
        frames_per_unit=1,
        encode=_encode_next_video,
        pack=_pack_list,
        tokens=_tokens_next_video,
        patches=_patches_fixed,
        short_side=_short_side_processor,
        template=VICUNA,
    ),
    "video_llava": Family(
        name="Video-LLaVA",
        modality="video",
        pixels="pixel_values_videos",
        frames_per_unit=1,
        encode=_encode_video_llava,
        pack=_pack_units,
        tokens=_tokens_video_llava,
        patches=_patches_fixed,
        short_side=_short_side_processor,
        template=VICUNA,
    ),
    "llava_onevision": Family(
        name="LLaVA-OneVision",
        modality="video",
        pixels="pixel_values_videos",
        frames_per_unit=1,
        encode=_encode_onevision,
        pack=_pack_onevision,
        tokens=_tokens_onevision,
        patches=_patches_fixed,
        short_side=_short_side_processor,
    ),
    "internvl": Family(
        name="InternVL 3",
        modality="image",
        pixels="pixel_values_videos",
        frames_per_unit=1,
        encode=_encode_internvl,
        pack=_pack_units,
        tokens=_tokens_internvl,
        patches=_patches_fixed,
        short_side=_short_side_processor,
    ),
}
