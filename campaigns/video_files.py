"""Small videos of many containers and codecs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

FRAMES, FPS, WIDTH, HEIGHT = 50, 25, 64, 48


@dataclass(frozen=True, slots=True)
class Encoding:
    """A way to write a video.

    Args:
        name: of the file, its ending that of the container.
        codec: FFmpeg's encoder.
        options: of the encoder.
        pixels: FFmpeg's pixel format.
        rate: frames per second.
        sound: whether a tone goes with it.
        pts: ticks of 1 / rate at which each frame is shown; default one a frame.
        container: FFmpeg's name, where the ending does not say.
        flags: options of the container.
    """

    name: str
    codec: str
    options: dict[str, str] = field(default_factory=dict)
    pixels: str = "yuv420p"
    rate: Fraction = Fraction(FPS)
    sound: str = ""
    pts: Callable[[int], int] | None = None
    container: str | None = None
    flags: dict[str, str] = field(default_factory=dict)


def _uneven(number: int) -> int:
    """Frames that come late, and a pause of a second, as phones write them."""
    return number + number // 7 + (FPS if number > 30 else 0)


PLAIN = {"bf": "0", "g": "12"}
REORDERED = {"bf": "2", "g": "12"}
KINDS = (
    Encoding("h264.mp4", "libx264", PLAIN),
    Encoding("h264-b-frames-sound.mp4", "libx264", REORDERED, sound="aac"),
    Encoding("h264-uneven.mp4", "libx264", REORDERED, pts=_uneven),
    Encoding("h264-fragments.mp4", "libx264", PLAIN, flags={"movflags": "frag_keyframe+empty_moov"}),
    Encoding("hevc.mp4", "libx265", {"x265-params": "log-level=none:pools=none:frame-threads=1"}),
    Encoding("mpeg4.mp4", "mpeg4", {"bf": "2"}),
    Encoding("av1.mp4", "libsvtav1", {"preset": "12", "svtav1-params": "lp=1"}),
    Encoding("h264.mov", "libx264", REORDERED, sound="pcm_s16le", rate=Fraction(30000, 1001)),
    Encoding("mjpeg.mov", "mjpeg", pixels="yuvj420p"),
    Encoding("h264.mkv", "libx264", REORDERED, sound="aac"),
    Encoding("vp9-uneven.mkv", "libvpx-vp9", {"deadline": "realtime", "cpu-used": "8"}, pts=_uneven),
    Encoding("ffv1.mkv", "ffv1"),
    Encoding("vp8.webm", "libvpx", {"deadline": "realtime"}, sound="libopus"),
    Encoding("mpeg4.avi", "mpeg4", {"bf": "2"}),
    Encoding("mjpeg-sound.avi", "mjpeg", pixels="yuvj420p", sound="pcm_s16le"),
    Encoding("raw.avi", "rawvideo", pixels="yuv420p"),
    Encoding("h264.ts", "libx264", REORDERED, sound="aac"),
    Encoding("mpeg2.ts", "mpeg2video", {"bf": "2"}),
    Encoding("mpeg1.mpg", "mpeg1video", {"bf": "2"}, sound="mp2"),
    Encoding("h264.flv", "libx264", PLAIN, sound="aac"),
    Encoding("wmv2.wmv", "wmv2"),
    Encoding("mpeg2.mxf", "mpeg2video", {"bf": "2"}),
    Encoding("h264.3gp", "libx264", PLAIN),
    Encoding("pictures.gif", "gif", pixels="rgb8"),
)


def write(kind: Encoding, folder: Path) -> Path:
    """Write a video of two seconds in which a square walks over noise."""
    path = folder / kind.name
    with av.open(str(path), "w", format=kind.container, options=kind.flags) as file:
        stream: Any = file.add_stream(kind.codec, rate=kind.rate, options=kind.options)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, kind.pixels
        stream.codec_context.thread_count = 1
        stream.codec_context.time_base = 1 / kind.rate
        sound: Any = file.add_stream(kind.sound, rate=48000, layout="mono") if kind.sound else None
        if sound:
            _tone(file, sound)
        rng = np.random.default_rng(len(kind.name))
        for number in range(FRAMES):
            image = rng.integers(40, 90, (HEIGHT, WIDTH, 3), dtype=np.uint8)
            image[16:32, number : number + 14] = 230
            frame = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format=kind.pixels)
            frame.pts, frame.time_base = kind.pts(number) if kind.pts else number, 1 / kind.rate
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return path


def _tone(file: av.container.OutputContainer, sound: av.AudioStream) -> None:
    samples = (8000 * np.sin(np.arange(48000 * FRAMES // FPS) / 20)).astype(np.int16)
    frame = av.AudioFrame.from_ndarray(samples[None], format="s16", layout="mono")
    frame.rate, frame.pts, frame.time_base = 48000, 0, Fraction(1, 48000)
    resampler = av.AudioResampler(format=sound.format, layout="mono", rate=48000, frame_size=sound.frame_size or None)
    for piece in (*resampler.resample(frame), *resampler.resample(None)):
        file.mux(sound.encode(piece))
    file.mux(sound.encode(None))
