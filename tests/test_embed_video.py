"""Vectors of a video for whoever trains elsewhere: what cannot be is refused in a sentence."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
import torch
import transformers
from tiny_encoders import MEAN, STD, tiny_encoder
from videos import make_video

from actscribe.errors import ActScribeError
from actscribe.models.device import bfloat16_pays
from actscribe.runs.embedding import embed_clips, embed_video
from actscribe.video.reading import FILTER
from actscribe.video.writing import write_video


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"length": 0.0}, "Expected length to be a number of seconds above 0, found 0"),
        ({"length": float("nan")}, "Expected length"),
        ({"stride": 0.0}, "Expected stride"),
        ({"stride": -1.0}, "Expected stride"),
        ({"stride": float("inf")}, "Expected stride"),
        ({"frames": 0}, "Expected frames to be a whole number from 1, found 0"),
        ({"frames": 2.5}, "Expected frames"),
        ({"frames": float("nan")}, "Expected frames"),
        ({"frames": float("inf")}, "Expected frames"),
        ({"stride": None}, "Expected stride"),
        ({"above_layers": -1}, "Expected above_layers to be a whole number from 0, found -1"),
        ({"resize_mode": "squash"}, "Unknown resize_mode 'squash'"),
    ],
)
def test_arguments_that_mean_nothing_are_refused(given: dict, message: str, tmp_path: Path) -> None:
    with pytest.raises(ActScribeError, match=message):
        embed_video(make_video(tmp_path / "r.mp4", 20, fps=10), model="embedded", **given)


def pooled(folder: Path, frames: np.ndarray) -> np.ndarray:
    """What transformers makes of frames that have the checkpoint's size, shape (frames, D)."""
    values = torch.tensor((frames / 255 - MEAN) / STD, dtype=torch.float32).permute(0, 3, 1, 2)
    with torch.inference_mode():
        return transformers.AutoModel.from_pretrained(folder).eval()(pixel_values=values).pooler_output.numpy()


def test_vectors_of_a_video_and_of_clips_in_memory_are_what_transformers_pools(tmp_path: Path) -> None:
    folder = tiny_encoder("dinov2", tmp_path / "model")
    colours = np.random.default_rng(0).integers(0, 256, (20, 1, 1, 3), dtype=np.uint8)
    path = tmp_path / "r.mp4"
    write_video(path, np.broadcast_to(colours, (20, 32, 32, 3)).copy(), 10)
    with av.open(str(path)) as file:
        frames = np.stack([frame.to_ndarray(format="rgb24", interpolation=FILTER) for frame in file.decode(video=0)])
    embedding = embed_video(path, folder, length=1.0, stride=0.5, frames=2)
    apart = {True: 0.05, False: 0.005}[bfloat16_pays()[0]]
    np.testing.assert_allclose([embedding.starts, embedding.ends], [[0, 0.5, 1], [1, 1.5, 2]], atol=1e-9)
    # middles of halves of a second; a frame is shown for a tenth
    shown = [[2, 7], [7, 12], [12, 17]]
    np.testing.assert_allclose(embedding.times, np.array(shown) / 10, atol=1e-6)
    expected = np.stack([pooled(folder, frames[places]) for places in shown])
    np.testing.assert_allclose(embedding.vectors, expected, atol=apart)
    assert np.abs(expected[0] - expected[2]).max() > 4 * apart
    in_memory = embed_clips(np.stack([frames[places] for places in shown]), folder)
    np.testing.assert_allclose(in_memory, expected, atol=apart)


def test_clips_in_memory_of_another_form_are_refused(tmp_path: Path) -> None:
    folder = str(tiny_encoder("dinov2", tmp_path))
    good = np.zeros((2, 32, 32, 3), np.uint8)
    for clips, message in (
        ([], "found none"),
        ([good[:0]], "found one without frames"),
        ([good, good[:1]], "clip 1: found uint8"),
        ([good / 255.0], "clip 0: found"),
    ):
        with pytest.raises(ActScribeError, match=message):
            embed_clips(clips, folder)
