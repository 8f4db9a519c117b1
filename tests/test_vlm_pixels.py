"""How large Qwen's frames become: as transformers' own video processor says, for every size and number of frames."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_vlms
import transformers as hf

from actscribe.data.clips import Clip
from actscribe.data.input_spec import ClipFrames
from actscribe.models.vlm import load_vlm

SIZES = [
    (64, 64),
    (96, 160),
    (160, 96),
    (128, 227),
    (120, 320),
    (227, 128),
    (200, 200),
    (256, 320),
    (33, 70),
    (250, 90),
]
FRAMES = (1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 28, 30, 32)


def grids(video: Any, frames: np.ndarray) -> list[int]:
    """Return what transformers' own processor makes of frames, an odd one repeated as it does itself."""
    channels_first = np.ascontiguousarray(frames.transpose(0, 3, 1, 2))
    made = video([channels_first], do_sample_frames=False, return_tensors="pt")
    return list(map(int, made["video_grid_thw"][0]))


@pytest.mark.parametrize("family", ["qwen3_vl", "qwen2_5_vl"])
def test_sizes_are_those_of_transformers(family: str, tmp_path: Path) -> None:
    folder = tiny_vlms.build(family, tmp_path)
    vlm = load_vlm(folder, "float32")
    own = hf.AutoVideoProcessor.from_pretrained(folder)
    capped = hf.AutoVideoProcessor.from_pretrained(folder, cap_pixels_per_frame=True, max_video_tokens=6)
    differ = cases = 0
    for (height, width), count in product(SIZES, FRAMES):
        frames = np.zeros((count, height, width, 3), dtype=np.uint8)
        clip = ClipFrames(Clip("r", 0.0, 3.0), "c", frames, (np.arange(count) + 0.5) * 3 / count)
        inputs = vlm.prompter.inputs(clip, "Is it on?")
        even = np.concatenate([frames, frames[: count % 2]])
        expected = grids(own, even)
        assert inputs.grid is not None
        assert inputs.grid.tolist() == expected, (height, width, count)
        assert vlm.video_tokens(count, height, width) == np.prod(expected) // 4
        differ += grids(capped, even) != expected
        cases += 1
    assert cases == 150
    assert differ >= 30  # a cap would show


def test_a_checkpoint_that_asks_for_a_cap_gets_it(tmp_path: Path) -> None:
    folder = tiny_vlms.build("qwen3_vl", tmp_path)
    processor = hf.AutoProcessor.from_pretrained(folder)
    processor.video_processor.cap_pixels_per_frame = True
    processor.video_processor.max_video_tokens = 6
    processor.save_pretrained(folder)
    frames = np.zeros((4, 160, 160, 3), dtype=np.uint8)
    clip = ClipFrames(Clip("r", 0.0, 3.0), "c", frames, np.array([0.4, 1.1, 1.9, 2.6]))
    grid = load_vlm(folder, "float32").prompter.inputs(clip, "Is it on?").grid
    assert grid is not None
    assert int(grid[1] * grid[2]) // 4 <= 6
