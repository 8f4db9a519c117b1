"""Odd videos for tests. Every frame shows its own number, so a test can tell which frame it got, and which way up."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

GRID = 4
#: Cells of the four corners: white, black, black, grey; no turn or mirroring leaves them as they are.
CORNERS = {(0, 0): 255, (0, 3): 0, (3, 0): 0, (3, 3): 128}
BIT_CELLS = [(row, column) for row in range(GRID) for column in range(GRID) if (row, column) not in CORNERS]
#: Display matrices (a, b, c, d) by the clockwise turn that they ask of a player.
TURNS = {0: (1, 0, 0, 1), 90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}


def numbered(number: int, width: int = 64, height: int = 48) -> np.ndarray:
    """Return an RGB image of 4 by 4 cells that spell a number below 4096 in twelve bits."""
    cells = np.zeros((GRID, GRID), dtype=np.uint8)
    for cell, value in CORNERS.items():
        cells[cell] = value
    for bit, cell in enumerate(BIT_CELLS):
        cells[cell] = 255 * (number >> bit & 1)
    rows = np.arange(height) * GRID // height
    columns = np.arange(width) * GRID // width
    return np.repeat(cells[rows][:, columns, None], 3, axis=2)


def number_of(image: np.ndarray) -> int:
    """Return the number that an upright image shows; fail if its corners say that it lies turned or mirrored."""
    height, width = image.shape[:2]
    middles = 2 * np.arange(GRID) + 1
    rows, columns = middles * height // (2 * GRID), middles * width // (2 * GRID)
    cells = image[rows][:, columns].mean(axis=2)
    for cell, value in CORNERS.items():
        assert abs(cells[cell] - value) < 50, f"corner {cell} is {cells[cell]}, expected {value}"
    return sum((1 << bit) for bit, cell in enumerate(BIT_CELLS) if cells[cell] > 127)


def make_video(
    path: Path,
    frames: int = 50,
    *,
    fps: int | Fraction = 25,
    size: tuple[int, int] = (64, 48),
    codec: str = "libx264",
    options: dict[str, str] | None = None,
    container: str | None = None,
    container_options: dict[str, str] | None = None,
    pts: Callable[[int], int] | None = None,
    time_base: Fraction | None = None,
    pixel_aspect: Fraction | None = None,
    pixel_format: str = "yuv420p",
    sound_s: float = 0.0,
) -> Path:
    """Write frames number 0, 1, ... at `pts(number)` ticks of `time_base` (default: one tick per frame)."""
    base = time_base or 1 / Fraction(fps)
    with av.open(str(path), "w", format=container, options=container_options or {}) as file:
        stream = file.add_stream(codec, rate=Fraction(fps), options=options or {})
        stream.width, stream.height = size
        stream.pix_fmt = pixel_format
        stream.codec_context.time_base = base
        stream.codec_context.thread_count = 1
        if pixel_aspect:
            stream.codec_context.sample_aspect_ratio = pixel_aspect
        sound = file.add_stream("aac", rate=16000, layout="mono") if sound_s else None
        if sound:
            _encode_sound(file, sound, sound_s)
        for number in range(frames):
            frame = av.VideoFrame.from_ndarray(numbered(number, *size), format="rgb24")
            frame.pts, frame.time_base = pts(number) if pts else number, base
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return path


def make_sound(path: Path, seconds: float = 2.0, codec: str = "aac") -> Path:
    """Write a file that holds a tone and no picture."""
    with av.open(str(path), "w") as file:
        _encode_sound(file, file.add_stream(codec, rate=16000, layout="mono"), seconds)
    return path


def _encode_sound(file: av.container.OutputContainer, stream: av.AudioStream, seconds: float) -> None:
    samples = (8000 * np.sin(np.arange(int(16000 * seconds)) / 6)).astype(np.int16)
    frame = av.AudioFrame.from_ndarray(samples[None], format="s16", layout="mono")
    frame.rate, frame.pts, frame.time_base = 16000, 0, Fraction(1, 16000)
    resampler = av.AudioResampler(format=stream.format, layout="mono", rate=16000, frame_size=stream.frame_size)
    for piece in (*resampler.resample(frame), *resampler.resample(None)):
        file.mux(stream.encode(piece))
    file.mux(stream.encode(None))


def turn_mp4(path: Path, matrix: Sequence[int]) -> Path:
    """Set the display matrix (a, b, c, d) of an MP4's video track, as a phone held sideways does."""
    data = bytearray(path.read_bytes())
    offset = data.index(b"tkhd") + 4 + 40  # version 0: the matrix follows 40 bytes of times, ids, layer and volume
    a, b, c, d = matrix
    one = 1 << 16
    data[offset : offset + 36] = struct.pack(">9i", a * one, b * one, 0, c * one, d * one, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    return path


def cut_off(path: Path, fraction: float) -> Path:
    """Keep only the first part of a file, as a broken copy does."""
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * fraction)])
    return path


def packet_places(path: Path) -> list[tuple[int, int]]:
    """Return (offset, size) of each video packet in a file, in the order of the file."""
    with av.open(str(path)) as file:
        return [(packet.pos, packet.size) for packet in file.demux(video=0) if packet.size]


def spoil(path: Path, packets: Sequence[int]) -> Path:
    """Overwrite the data of some packets, given by their place in the file's order, with noise."""
    data = bytearray(path.read_bytes())
    places = packet_places(path)
    noise = np.random.default_rng(0)
    for number in packets:
        offset, size = places[number]
        kept = min(16, size)  # Matroska's own head of the block
        data[offset + kept : offset + size] = noise.bytes(size - kept)
    path.write_bytes(data)
    return path
