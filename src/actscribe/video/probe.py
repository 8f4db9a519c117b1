"""What a video file is: its true length, size, rate and turn, measured rather than believed."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

import av
import av.error
import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream

from actscribe.errors import ActScribeError
from actscribe.video.decoding import PacketClock, open_video, origin, read_packets
from actscribe.video.reading import display_matrix, scaled, turn

logger = logging.getLogger(__name__)

#: A stated length that is off by more than this many seconds is worth a word (ours).
LENGTH_DOUBT_S = 1.0
#: A rate is variable when more than this fraction of the steps between frames is off the median step by more than
#: a fifth and two ticks (ours).
VARIABLE_FRACTION = 0.01


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """What is known about a video.

    Args:
        path: of the file.
        duration: seconds from time zero, where the container begins, to the end of the last frame.
        width, height: of an upright frame with square pixels, in pixels.
        fps: frames per second, on average.
        rotation: degrees by which the stored picture is turned clockwise to stand upright: 0, 90, 180 or 270.
        variable_frame_rate: the steps between frames differ.
        codec: FFmpeg's name of it, such as h264.
        frames: how many there are.
    """

    path: Path
    duration: float
    width: int
    height: int
    fps: float
    rotation: int
    variable_frame_rate: bool
    codec: str
    frames: int


def probe(path: Path) -> VideoInfo:
    """Measure a video: every packet is read, the first picture alone is decoded (an hour of video: a few seconds).

    The length that the container states is not used: it is missing from live and unfinished recordings and wrong in
    cut ones. Where it is off by more than a second, a line in the log says so.

    Raises:
        ActScribeError: no such file, not a video, only sound, no frame in it; names the file and what was found.
    """
    path = Path(path)
    with open_video(path) as (container, stream):
        stream.codec_context.thread_count = 1
        times, lasting, first = _scan(container, stream)
        codec = stream.codec_context.name
        aspect = float(stream.sample_aspect_ratio or 1) or 1.0
        stated = _stated_end(container, stream)
        tick = float(stream.time_base or 1)
    if not len(times):
        raise ActScribeError(f"{path}: its video stream holds no frame.", "Copy it again from its source.")
    if first is None:
        raise ActScribeError(
            f"{path}: {len(times)} frames of {codec} video were found, but none could be decoded.",
            "Copy it again from its source, or convert it to MP4 (H.264).",
        )
    duration = round(float((times + lasting).max()), 6)
    if stated is not None and abs(stated - duration) > LENGTH_DOUBT_S:
        logger.warning(
            "%s: the file says that its video ends at %.2f s, but it ends at %.2f s; it may be cut off.",
            path, stated, duration,
        )  # fmt: skip
    width, height = scaled(first.width, first.height, aspect, None)
    rotation = turn(display_matrix(first))
    if rotation % 180:
        width, height = height, width
    span = float(times[-1] - times[0]) + float(lasting[-1])
    return VideoInfo(
        path=path,
        duration=duration,
        width=width,
        height=height,
        fps=round(len(times) / span, 3),
        rotation=rotation,
        variable_frame_rate=_is_variable(times, tick),
        codec=codec,
        frames=len(times),
    )


def _scan(container: InputContainer, stream: VideoStream) -> tuple[np.ndarray, np.ndarray, av.VideoFrame | None]:
    """Return when each frame is shown, ascending, for how long, both in seconds, and the first one decoded."""
    clock = PacketClock(container, stream)
    times: list[float] = []
    lasting: list[float] = []
    first: av.VideoFrame | None = None
    for packet in read_packets(container, stream, []):
        if not packet.is_discard:  # cut away at the beginning by an edit list
            times.append(clock.of_packet(packet))
            lasting.append((packet.duration or 0) * clock.tick or clock.period)
        if first is None:
            first = _decode(stream, packet)
    if first is None:
        first = _decode(stream, None)
    order = np.argsort(times, kind="stable")
    return np.array(times)[order], np.array(lasting)[order], first


def _decode(stream: VideoStream, packet: av.Packet | None) -> av.VideoFrame | None:
    try:
        return next(iter(stream.decode(packet)), None)
    except (av.error.FFmpegError, OSError):
        return None


def _stated_end(container: InputContainer, stream: VideoStream) -> float | None:
    """Return when the video ends by the container's word, in seconds from zero; None if it says nothing of it."""
    if stream.duration and stream.time_base:
        begin = (stream.start_time or 0) * float(stream.time_base) - origin(container)
        return begin + stream.duration * float(stream.time_base)
    if container.duration and not container.streams.audio:
        return container.duration / av.time_base
    return None


def _is_variable(times: np.ndarray, tick: float) -> bool:
    steps = np.diff(times)
    if len(steps) < 2:
        return False
    usual = float(np.median(steps))
    return float(np.mean(np.abs(steps - usual) > usual / 5 + 2 * tick)) > VARIABLE_FRACTION
