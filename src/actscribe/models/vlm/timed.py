"""Families after Qwen3-VL whose processors write times between the frames: Qwen3.5, GLM-4.6V, VideoLLaMA 3, LFM3-VL."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from actscribe.models.vlm.family import Family, Features, pack_list
from actscribe.models.vlm.qwen import encode_qwen, patches_qwen, short_side_qwen, tokens_qwen


def _encode_video_llama(model: Any, units: Tensor, grid: Tensor | None) -> list[Features]:
    assert grid is not None
    whole = grid.clone().unsqueeze(0)
    whole[0, 0] = len(units)
    merged = torch.tensor([2], device=units.device)  # of videos, always
    out = model.get_video_features(units.flatten(0, 1), whole.to(units.device), merged).pooler_output[0]
    return [(unit,) for unit in out.reshape(len(units), -1, out.shape[-1])]


def _tokens_video_llama(config: Any, video: Any, frames: int, height: int, width: int) -> int:
    return int(video.get_num_of_video_patches(frames, height, width, {})) // int(video.merge_size) ** 2


def _patches_video_llama(config: Any, video: Any, frames: int, height: int, width: int) -> int:
    return int(video.get_num_of_video_patches(frames, height, width, {})) // frames


def _short_side_video_llama(config: Any, video: Any) -> int:
    """Ten merged patches, as for Qwen (ours)."""
    return 10 * int(video.patch_size) * int(video.merge_size)


#: Recurrent layers between those of attention (gated delta networks): what they keep of a prompt has no parts.
QWEN3_5 = Family(
    name="Qwen3.5",
    modality="video",
    pixels="pixel_values_videos",
    frames_per_unit=2,
    encode=encode_qwen,
    pack=pack_list,
    tokens=tokens_qwen,
    patches=patches_qwen,
    short_side=short_side_qwen,
    three_axes=True,
    times="`<12.3 seconds>` before every two frames: the middle of both",
    alone=True,
)
#: Convolutions over time and sliding attention between the layers of full attention.
LFM3_VL = replace(QWEN3_5, name="LFM3-VL", three_axes=False)
#: Frames stand in the prompt as pictures, and enter as such.
GLM46V = replace(
    QWEN3_5,
    name="GLM-4.6V",
    modality="image",
    times="`12.3 seconds` after every two frames: the first of both",
    alone=False,
)
#: Its processor may leave out tokens that change little from the frame before; here each frame is encoded by itself,
#: once for all windows, so that none is left out (ours).
VIDEO_LLAMA_3 = Family(
    name="VideoLLaMA 3",
    modality="video",
    pixels="pixel_values_videos",
    frames_per_unit=1,
    encode=_encode_video_llama,
    pack=pack_list,
    tokens=_tokens_video_llama,
    patches=_patches_video_llama,
    short_side=_short_side_video_llama,
    times="`Time 12.3s:` before every frame",
)
