"""From an open container to pictures with the times that it states, whatever is damaged in between."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator

import av
import av.error
import av.logging
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from actscribe.video.opening import MOST_PIXELS

#: Seconds of what is live that FFmpeg looks at before it is open, in place of five; it hands them out afterwards.
ANALYZED_S = 1.0
#: How FFmpeg opens what is live. (Its "nobuffer" would lose what it looked at.)
LIVE = {"analyzeduration": f"{ANALYZED_S * 1e6:.0f}"}


def prepare(stream: VideoStream) -> None:
    """Set a stream's decoder so that it holds no picture back: threads share each picture, not a row of them."""
    av.logging.set_level(None)  # see `opening._silence`
    stream.thread_type = "SLICE"
    stream.codec_context.options = {"max_pixels": str(MOST_PIXELS)}


def decoded(
    container: InputContainer,
    stream: VideoStream,
    on_packet: Callable[[Packet[VideoStream]], None] | None = None,
    silent_s: float = math.inf,
) -> Iterator[tuple[float | None, av.VideoFrame]]:
    """Yield each picture with its stated time in seconds, None where it has none; damaged ones are left out.

    Args:
        container, stream: open.
        on_packet: is given each packet once it is decoded.
        silent_s: seconds without a packet after which nothing more comes.

    Raises:
        TimeoutError: nothing came for `silent_s`.
        av.error.FFmpegError: reading failed; at the end of a file nothing is raised.
    """
    for packet in _in_time(container.demux(stream), silent_s):
        try:
            frames = packet.decode()
        except (av.error.InvalidDataError, ValueError):
            frames = []
        if on_packet is not None and packet.dts is not None:
            on_packet(packet)
        for frame in frames:
            yield (None if frame.pts is None or frame.time_base is None else float(frame.pts * frame.time_base)), frame


def _in_time(packets: Iterator[Packet[VideoStream]], silent_s: float) -> Iterator[Packet[VideoStream]]:
    """Yield packets; one that FFmpeg had held back comes after a time-out, and does not begin another one."""
    asked = time.monotonic()
    for packet in packets:
        if time.monotonic() - asked > silent_s:
            raise TimeoutError(f"nothing came for {silent_s:g} s")
        yield packet
        asked = time.monotonic()
