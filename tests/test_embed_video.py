"""Vectors of a video for whoever trains elsewhere: what cannot be is refused in a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
from videos import make_video

from actscribe.errors import ActScribeError
from actscribe.runs.embedding import embed_video


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"length": 0.0}, "Expected length to be a number of seconds above 0, found 0"),
        ({"length": float("nan")}, "Expected length"),
        ({"stride": 0.0}, "Expected stride"),
        ({"stride": -1.0}, "Expected stride"),
        ({"stride": float("inf")}, "Expected stride"),
        ({"frames": 0}, "Expected frames to be a whole number from 1, found 0"),
        ({"frames": 2.5}, "Expected frames"),
        ({"above_layers": -1}, "Expected above_layers to be a whole number from 0, found -1"),
        ({"resize_mode": "squash"}, "Unknown resize_mode 'squash'"),
    ],
)
def test_arguments_that_mean_nothing_are_refused(given: dict, said: str, tmp_path: Path) -> None:
    with pytest.raises(ActScribeError, match=said):
        embed_video(make_video(tmp_path / "r.mp4", 20, fps=10), model="embedded", **given)
