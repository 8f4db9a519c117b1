"""The families of vision-language models that are known here, by `model_type` in config.json."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor

from actscribe.models.vlm.family import Family, Features, joined, pack_list
from actscribe.models.vlm.gemma import GEMMA4
from actscribe.models.vlm.molmo import MOLMO2
from actscribe.models.vlm.qwen import encode_qwen, pack_qwen, patches_qwen, short_side_qwen, tokens_qwen
from actscribe.models.vlm.timed import GLM46V, LFM3_VL, QWEN3_5, VIDEO_LLAMA_3

VICUNA = (
    "{% for message in messages %}USER: {% for part in message['content'] %}{% if part['type'] == 'video' %}<video>\n"
    "{% else %}{{ part['text'] }}{% endif %}{% endfor %}{% endfor %} ASSISTANT:"
)


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


# --- pack: features per clip -> what the model's forward takes


def _pack_units(model: Any, clips: Sequence[list[Features]]) -> Any:
    return SimpleNamespace(pooler_output=torch.stack([unit[0] for clip in clips for unit in clip]))


def _pack_onevision(model: Any, clips: Sequence[list[Features]]) -> Any:
    newline = model.image_newline.unsqueeze(0)
    whole = torch.cat([part for clip in clips for part in (joined(clip), newline)])
    return SimpleNamespace(pooler_output=whole.unsqueeze(0))


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


def _short_side_smolvlm(config: Any, video: Any) -> int:
    return int(video.max_image_size["longest_edge"])


def _short_side_processor(config: Any, video: Any) -> int:
    return _side(dict(video.size))


FAMILIES: dict[str, Family] = {
    "smolvlm": Family(
        name="SmolVLM2",
        modality="image",
        pixels="pixel_values",
        frames_per_unit=1,
        encode=_encode_smolvlm,
        pack=pack_list,
        tokens=_tokens_smolvlm,
        patches=_patches_fixed,
        short_side=_short_side_smolvlm,
        times="`00:12` before every frame, whole seconds",
    ),
    "qwen2_5_vl": Family(
        name="Qwen2.5-VL",
        modality="video",
        pixels="pixel_values_videos",
        frames_per_unit=2,
        encode=encode_qwen,
        pack=pack_qwen,
        tokens=tokens_qwen,
        patches=patches_qwen,
        short_side=short_side_qwen,
        three_axes=True,
    ),
    "qwen3_vl": Family(
        name="Qwen3-VL",
        modality="video",
        pixels="pixel_values_videos",
        frames_per_unit=2,
        encode=encode_qwen,
        pack=pack_qwen,
        tokens=tokens_qwen,
        patches=patches_qwen,
        short_side=short_side_qwen,
        three_axes=True,
        times="`<12.3 seconds>` before every two frames: the middle of both",
    ),
    "llava_next_video": Family(
        name="LLaVA-NeXT-Video",
        modality="video",
        pixels="pixel_values_videos",
        frames_per_unit=1,
        encode=_encode_next_video,
        pack=pack_list,
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
    "qwen3_5": QWEN3_5,
    "glm46v": GLM46V,
    "video_llama_3": VIDEO_LLAMA_3,
    "lfm3_vl": LFM3_VL,
    "gemma4": GEMMA4,
    "molmo2": MOLMO2,
}
