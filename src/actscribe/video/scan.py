"""Every packet of a video once: when each frame is shown, when the last one ends, and what about that is doubtful."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from actscribe.counts import counted
from actscribe.errors import UnreadableVideo
from actscribe.video.opening import COPY, MP4, origin
from actscribe.video.packets import STREAMED, PacketClock, ReadErrors

#: VP8 stores pictures that are never shown as packets whose first byte lacks this bit (RFC 6386, section 9.1).
_VP8_SHOWN = 0x10
#: The last frame is believed to last so many seconds on the word of its packet or of the file alone (ours).
_LAST_S = 1.0
#: Frames before the last that tell whether pictures are stored in another order than they are shown in.
_LATEST = 16
#: No file holds more seconds of video than this; one that says so has a damaged header (ours: a month).
MOST_S = 31 * 86400.0


@dataclass(frozen=True, slots=True, eq=False)
class Scan:
    """The times of a video.

    Args:
        times: when each frame is shown, seconds from zero, ascending, shape (frames,), at least one.
        end: when the last one ends, in seconds.
        first: the first picture that could be decoded; None: none could, or none was asked for.
        stated: when the video ends by the word of its file, in seconds; None: it has no word of its own.
        damaged: when frames whose time stamp was damaged are shown, in seconds.
        restarts: when the clock was reset, in seconds.
        errors: met while reading.
        read_to: the last byte of video that was read.
        missing: how many frames the index of an MP4 counts beyond those that could be read.
        open_groups: frames that are stored after a keyframe are shown before it, and may need what comes before it.
    """

    times: np.ndarray
    end: float
    first: av.VideoFrame | None
    stated: float | None
    damaged: tuple[float, ...]
    restarts: tuple[float, ...]
    errors: ReadErrors
    read_to: int
    missing: int
    open_groups: bool


def scan(path: Path, container: InputContainer, stream: VideoStream, decode: bool = True) -> Scan:
    """Read every packet of an open video; the first picture alone is decoded, if at all.

    Frames that an edit list cuts away are not counted, as no player and no annotation tool shows them.

    Raises:
        UnreadableVideo: no frame in it, or times that cannot be true.
    """
    clock, errors = PacketClock(container, stream), ReadErrors()
    guessed = container.format.name in STREAMED  # no length is stored: FFmpeg makes it of an average rate
    hides = stream.codec_context.name == "vp8"
    times: list[float] = []
    latest: deque[tuple[float, float]] = deque(maxlen=_LATEST)
    first: av.VideoFrame | None = None
    packets = read_to = 0
    key, open_groups = -np.inf, False
    for packet in clock.packets(errors):
        packets += 1
        read_to = max(read_to, (packet.pos or 0) + packet.size)
        if not packet.is_discard and not (hides and not memoryview(packet)[0] & _VP8_SHOWN):
            times.append(clock.of_packet(packet))
            key = times[-1] if packet.is_keyframe else key
            open_groups = open_groups or times[-1] < key
            latest.append((times[-1], 0.0 if guessed else (packet.duration or 0) * clock.tick))
        if decode and first is None:
            first = _decode(stream, packet)
    if decode and first is None:
        first = _decode(stream, None)
    if not times:
        raise UnreadableVideo(f"{path}: its video stream holds no frame.", COPY)
    ordered = np.sort(np.array(times))
    stated = _stated_end(container, stream, float(ordered[-1]) + clock.period)
    witness = stated if stream.duration and not guessed else None
    end = round(float(ordered[-1]) + _lasting(ordered, latest, witness, clock.period), 6)
    _check_length(path, end, len(times))
    return Scan(
        times=ordered,
        end=end,
        first=first,
        stated=stated,
        damaged=tuple(clock.at(ticks) for ticks in clock.repairs.damaged),
        restarts=tuple(clock.at(ticks) for ticks in clock.repairs.restarts),
        errors=errors,
        read_to=read_to,
        missing=max(stream.frames - packets, 0) if container.format.name == MP4 else 0,
        open_groups=open_groups,
    )


def usual_step(times: np.ndarray, period: float) -> float:
    """Return the median time from one frame to the next, in seconds; `period` where there is only one frame."""
    steps = np.diff(times)
    steps = steps[steps > 0]
    return float(np.median(steps)) if len(steps) else period


def _lasting(times: np.ndarray, latest: deque[tuple[float, float]], stated: float | None, period: float) -> float:
    """Return for how many seconds the last frame is shown.

    Its packet says so, unless pictures are stored out of order: then MP4 gives it the length of another. The file's own
    word on its end is the other witness. A frame that by neither, or by one against the other, lasts longer than a
    second takes the usual step.
    """
    last, usual = float(times[-1]), usual_step(times, period)
    most = max(2 * usual, _LAST_S)
    left = stated - last if stated is not None else 0.0
    shown = [time for time, _ in latest]
    stored = max(latest)[1]
    if shown == sorted(shown) and stored > 0 and (stored <= most or abs(stored - left) <= usual):
        return stored
    near = any(abs(length - left) <= usual for _, length in latest)
    if left > 0 and (left <= most or near):
        return left
    return stored if 0 < stored <= most else usual


def _check_length(path: Path, end: float, frames: int) -> None:
    if not end <= MOST_S:
        raise UnreadableVideo(
            f"{path}: its {counted(frames, 'frame claims', 'frames claim')} to last {end / 86400:,.0f} days, expected"
            f" at most {MOST_S / 86400:.0f}; its header or its time stamps are damaged.",
            f"{COPY} Or rewrite it at its true rate, with ffmpeg for example.",
        )


def _decode(stream: VideoStream, packet: Packet[Any] | None) -> av.VideoFrame | None:
    try:
        return next(iter(stream.decode(packet)), None)
    except Exception:  # a damaged picture, in whatever words: a later one will do
        return None


def _stated_end(container: InputContainer, stream: VideoStream, end: float) -> float | None:
    """Return when the video ends by the container's word, in seconds from zero; None if it says nothing of it.

    Containers disagree whether a length counts from their zero or from the first picture: `end` decides.
    """
    if stream.duration and stream.time_base:
        begin = (stream.start_time or 0) * float(stream.time_base) - origin(container)
        return begin + stream.duration * float(stream.time_base)
    if container.duration and not container.streams.audio:
        length, zero = container.duration / av.time_base, origin(container)
        return min((length - zero, length), key=lambda stated: abs(stated - end))
    return None
