"""How Qwen's vision-language models see a video: frames in pairs, pictures of any size, merged patches."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from torch import Tensor

from actscribe.models.vlm.family import Features, joined


def encode_qwen(model: Any, units: Tensor, grid: Tensor | None) -> list[Features]:
    """Answer `Family.encode`."""
    assert grid is not None
    whole = grid.clone().unsqueeze(0)
    whole[0, 0] = len(units)
    out = model.get_video_features(units.flatten(0, 1), whole.to(units.device))
    levels = [out.pooler_output[0], *(level[0] for level in getattr(out, "deepstack_features", None) or ())]
    split = [level.reshape(len(units), -1, level.shape[-1]) for level in levels]
    return [tuple(level[i] for level in split) for i in range(len(units))]


def pack_qwen(model: Any, clips: Sequence[list[Features]]) -> Any:
    """Answer `Family.pack`, with the DeepStack levels where there are any."""
    levels = len(clips[0][0])
    deep = [[joined(clip, level) for clip in clips] for level in range(1, levels)]
    return SimpleNamespace(pooler_output=[joined(clip) for clip in clips], deepstack_features=deep)


def patches_qwen(config: Any, video: Any, frames: int, height: int, width: int) -> int:
    """Answer `Family.patches`."""
    even = frames + frames % 2
    return int(video.get_num_of_video_patches(even, height, width, {})) * 2 // even


def tokens_qwen(config: Any, video: Any, frames: int, height: int, width: int) -> int:
    """Answer `Family.tokens`."""
    even = frames + frames % 2
    patches = int(video.get_num_of_video_patches(even, height, width, {}))
    return int(patches // config.vision_config.spatial_merge_size**2)


def short_side_qwen(config: Any, video: Any) -> int:
    """Ten merged patches (ours): Qwen takes frames of any size, and its cost grows with their area."""
    vision = config.vision_config
    return 10 * int(vision.patch_size) * int(vision.spatial_merge_size)
