"""What a damaged video gives at every reading, whatever its decoder's threads are doing."""

from __future__ import annotations

import hashlib
from pathlib import Path

import av
import numpy as np
import pytest

from actscribe.errors import UnreadableVideo
from actscribe.video.reading import frames_at

FPS, FRAMES = 25, 40


def write(path: Path, codec: str, places: int, seed: int = 0) -> Path:
    """Write a second and a half of moving noise, with so many flipped bytes anywhere behind the file's head."""
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (96, 400, 3), dtype=np.uint8)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=FPS)
        stream.width, stream.height, stream.pix_fmt = 160, 96, "yuv420p"
        stream.options = {"level": "3", "slices": "4"} if codec == "ffv1" else {}
        for number in range(FRAMES):
            picture = np.ascontiguousarray(noise[:, number * 4 : number * 4 + 160])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    data = bytearray(path.read_bytes())
    for offset in np.random.default_rng(seed).integers(len(data) // 8, len(data), places):
        data[offset] ^= 0xFF
    path.write_bytes(data)
    return path


def digest(path: Path) -> str:
    hasher = hashlib.sha256()
    try:
        for frame in frames_at(path, np.arange(FRAMES) / FPS):
            hasher.update(frame.image.tobytes() + np.float64(frame.pts).tobytes())
    except UnreadableVideo as error:
        hasher.update(error.message.encode())
    return hasher.hexdigest()


@pytest.mark.parametrize(
    ("codec", "places", "seed"),
    [("ffv1", 100, 3), ("mpeg4", 60, 0), ("libvpx", 3, 6), ("mpeg1video", 100, 0), ("mpeg2video", 100, 1)],
)
def test_damage_gives_the_same_pictures_every_time(tmp_path: Path, codec: str, places: int, seed: int) -> None:
    path = write(tmp_path / "a.mkv", codec, places, seed)
    assert len({digest(path) for _ in range(12)}) == 1


def test_where_threads_are_worth_more_damage_is_said_at_every_reading(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """H.264 decodes with a thread to a picture, twice as fast: what damage gives may differ, but not without a word."""
    path = write(tmp_path / "a.mkv", "libx264", 60)
    for _ in range(3):
        caplog.clear()
        message = ""
        try:
            list(frames_at(path, np.arange(FRAMES) / FPS))
        except UnreadableVideo as error:
            message = error.message
        assert "damaged places" in caplog.text or "decoding stopped" in message
