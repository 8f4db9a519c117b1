"""A video that browsers do not play, once more as H.264 in MP4: the same pictures at the same times, and its sound."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.packet import Packet

from actscribe.errors import ActScribeError
from actscribe.video.contained import contained
from actscribe.video.reading import frames_at
from actscribe.video.sound_track import SoundTrack
from actscribe.video.writing import SAME_BYTES, even_sided

#: Ticks of a second: times are known to the microsecond, and players count in these.
TICKS = 1_000_000
#: Frames from one keyframe to the next: stepping back decodes from there (ours).
KEYFRAME_EVERY = 24
_OPTIONS = {"crf": "20", "preset": "veryfast", "bf": "0", "g": str(KEYFRAME_EVERY), **SAME_BYTES}


def convert(video: Path, times: np.ndarray, end: float, target: Path, done: Callable[[float], None]) -> str:
    """Write a video that browsers play, and return a sentence on sound that is not in it; empty: all is.

    Pictures are upright, with square pixels; each is shown from its own time on, to the microsecond. No frames are
    stored out of order, so that nothing has to be shifted for a decoder's sake. Sound is AAC with one or two channels.

    Args:
        video: the source.
        times: when each of its frames is shown, in seconds, ascending, no two the same, shape (frames,).
        end: when the last one ends, in seconds.
        target: .mp4 to write.
        done: is told which part of the pictures is written, 0 to 1.

    Raises:
        UnreadableVideo: the source cannot be decoded to its end.
        ActScribeError: the encoder refuses it, as where a side is longer than any player shows.
        OSError: the disk is full, or the folder cannot be written to.
    """
    try:
        return _converted(video, times, end, target, done)
    except av.error.FFmpegError as error:
        if isinstance(error, OSError):
            raise
        raise ActScribeError(
            f"{video}: cannot be converted to H.264 for browsers ({error.strerror}); are its sides longer than 16,384"
            " pixels?",
            "Convert it to a smaller MP4 (H.264) with a video player or ffmpeg.",
        ) from error


def _converted(video: Path, times: np.ndarray, end: float, target: Path, done: Callable[[float], None]) -> str:
    ticks = np.rint(np.append(times, end) * TICKS).astype(np.int64).tolist()
    settings = {"movflags": "+faststart", "fflags": "+bitexact", "video_track_timescale": str(TICKS)}
    rate = Fraction(max(len(times) / max(end - float(times[0]), 1e-3), 0.001)).limit_denominator(1001)
    with contained(), av.open(str(target), "w", options=settings) as out:
        stream = out.add_stream("libx264", rate=rate or 1, options=_OPTIONS)
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = Fraction(1, TICKS)
        sound, number = SoundTrack(out, video, end), 0
        for number, frame in enumerate(frames_at(video, times)):
            if number == 0:
                stream.height, stream.width = (side + side % 2 for side in frame.image.shape[:2])
            picture = av.VideoFrame.from_ndarray(even_sided(frame.image), format="rgb24")
            picture.pts, picture.time_base = ticks[number], Fraction(1, TICKS)
            _mux(out, stream.encode(picture), ticks)
            sound.until(float(times[number]))
            done(number / len(times))
        _mux(out, stream.encode(None), ticks)
        sound.finish()
    return sound.left_out


def _mux(out: av.container.OutputContainer, packets: list[Packet[Any]], ticks: list[int]) -> None:
    """Write packets, each of which lasts until the next frame's time."""
    for packet in packets:
        if packet.pts is not None:
            index = int(np.searchsorted(ticks, packet.pts))
            packet.duration = max(1, ticks[min(index + 1, len(ticks) - 1)] - packet.pts)
        out.mux(packet)
