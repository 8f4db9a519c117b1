"""The packets of a video stream, in the order of the file, and when each is shown."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from actscribe.errors import in_one_line
from actscribe.video.opening import MP4, origin
from actscribe.video.timestamps import Mender, Repairs

#: Read errors without a packet in between, after which the rest of a file counts as unreadable (ours).
MOST_READ_ERRORS = 10
#: Transport and program streams: clocks of 33 bits at 90 kHz, no index, and no length but what their clock says.
STREAMED = ("mpegts", "mpeg")
WRAP = 1 << 33
#: A file whose first picture is its beginning is off by more than this many seconds only if a time stamp is damaged;
#: and no stream that is sent as it is made has its sound so long before its picture (ours).
BEGIN_DOUBT_S, LATE_DOUBT_S = 1.0, 60.0
#: Is called for each packet: a sign of life to whoever watches over the reading.
PULSE: ContextVar[Callable[[], None]] = ContextVar("pulse", default=lambda: None)


@dataclass(slots=True)
class ReadErrors:
    """What went wrong while packets were read.

    Args:
        words: of each error, one line.
        gave_up: the rest of the file was not read.
    """

    words: list[str] = field(default_factory=list)
    gave_up: bool = False


def demuxed(container: InputContainer, stream: VideoStream | AudioStream, errors: ReadErrors) -> Iterator[Packet[Any]]:
    """Yield the packets of a stream that hold data, reading on after damage; each read error goes to `errors`."""
    in_a_row, alive = 0, PULSE.get()
    while in_a_row < MOST_READ_ERRORS:
        try:
            for packet in container.demux(stream):
                alive()
                if packet.size:
                    in_a_row = 0
                    yield packet
            return
        except Exception as error:  # PyAV lets errors of Python through, too: all are about what the file holds
            in_a_row += 1
            errors.words.append(getattr(error, "strerror", None) or in_one_line(error) or type(error).__name__)
    errors.gave_up = True


class PacketClock:
    """The time of each packet and picture of a stream.

    Most containers state when a picture is shown. AVI and raw streams do not; there the pictures, in the order in
    which the decoder hands them out, take the times of the packets in ascending order, as players do.

    Attributes:
        repairs: what was wrong with the times that the file states.
    """

    def __init__(self, container: InputContainer, stream: VideoStream) -> None:
        self.tick = float(stream.time_base or 1)
        self.zero = origin(container)
        self.period = 1 / float(stream.average_rate or stream.guessed_rate or 25)
        self.stated = container.format.name != "avi"
        self.repairs = Repairs()
        self._container, self._stream = container, stream
        self._own_zero = container.format.name != MP4 and _begins_with(container, stream)
        self._waiting: list[float] = []
        self._next: float | None = None
        self._last = -self.period

    def packets(self, errors: ReadErrors, fresh: bool = True) -> Iterator[Packet[Any]]:
        """Yield the packets that hold data, their time stamps put right where they cannot be true.

        Args:
            errors: what could not be read is noted there.
            fresh: these are the first packets of the file, not those after a jump.
        """
        packets = demuxed(self._container, self._stream, errors)
        if not self.stated:
            return packets
        streamed = self._container.format.name in STREAMED
        mender = Mender(
            packets,
            step=max(1, round(self.period / self.tick)),
            second=1 / self.tick,
            wrap=WRAP if streamed else None,
            last=None if streamed else latest_ticks(self._container, self._stream),
            repairs=self.repairs,
        )
        if fresh and (first := mender.first()) is not None:
            self._check_zero(first * self.tick, streamed)
        return iter(mender)

    def _check_zero(self, first: float, streamed: bool) -> None:
        """Let the first picture be zero where the container's own beginning cannot be true."""
        late = first - self.zero
        if (self._own_zero and abs(late) > BEGIN_DOUBT_S) or (streamed and late > LATE_DOUBT_S):
            self.zero = first

    def of_packet(self, packet: Packet[Any]) -> float:
        """Return the time of a packet, to be called once for each in the order of the file."""
        ticks = packet.pts if packet.pts is not None else packet.dts
        if ticks is None and self._next is None:
            self.stated = False  # a raw stream: not even the first packet says when
        ticks = ticks if self.stated else packet.dts
        time = self.at(ticks) if ticks is not None else self._next or 0.0
        self._next = time + ((packet.duration or 0) * self.tick or self.period)
        if not self.stated:
            heapq.heappush(self._waiting, time)
        return time

    def of_frame(self, frame: av.VideoFrame) -> float:
        """Return the time of a decoded picture, to be called once for each in the order of the decoder."""
        ticks = frame.pts if frame.pts is not None else frame.dts
        if not self.stated and self._waiting:
            self._last = heapq.heappop(self._waiting)
        else:
            self._last = self.at(ticks) if ticks is not None else self._last + self.period
        return self._last

    def at(self, ticks: int) -> float:
        """Convert the stream's ticks to seconds from zero."""
        return round(ticks * self.tick - self.zero, 6) + 0.0

    def ticks(self, time: float) -> int:
        """Convert seconds from zero to the stream's ticks, rounded down."""
        return math.floor((time + self.zero) / self.tick)


def latest_ticks(container: InputContainer, stream: VideoStream) -> int | None:
    """Return the latest end of a video, in ticks, that the words of its file allow; None if it says nothing."""
    tick = float(stream.time_base or 1)
    ends = []
    if stream.duration:
        ends.append((stream.start_time or 0) + stream.duration)
    if container.duration:
        ends.append(round(((container.start_time or 0) + container.duration) / av.time_base / tick))
    return max(ends, default=None)


def _begins_with(container: InputContainer, stream: Any) -> bool:
    """Tell whether the container begins with this stream's first picture, as far as FFmpeg believes."""
    if container.start_time is None or stream.start_time is None:
        return False
    return bool(abs(stream.start_time * float(stream.time_base) - container.start_time / av.time_base) < 1e-3)
