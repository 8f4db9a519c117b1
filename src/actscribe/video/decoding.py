"""An open video: its pictures in order of time, across threads, damage and jumps."""

from __future__ import annotations

import bisect
import logging
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import av
import av.error
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from actscribe.video.opening import MP4, open_video
from actscribe.video.packets import PacketClock, ReadErrors, demuxed, latest_ticks
from actscribe.video.timestamps import LOOK_AHEAD

logger = logging.getLogger(__name__)

#: Decoder threads, also on fewer cores: each holds a picture in work while one is made RGB. On two cores four of them
#: take 15 % less time than two; more gain little on video of these sizes and cost memory (ours).
THREADS = 4
#: A jump to a keyframe has to skip more than this many seconds to be worth the decoder's restart (ours).
JUMP_S = 2.0
#: Codecs whose non-reference pictures no other picture needs, ever. (HEVC's may be needed by higher sub-layers.)
_SKIPPABLE = ("h264",)
MATROSKA = "matroska,webm"
#: Containers whose index lists the keyframes by time; elsewhere every picture is decoded.
_JUMPABLE = (MP4, MATROSKA)


#: Codecs whose threads, one to a picture, conceal damage by what the others have finished by then: the same damaged
#: file gave other pictures from one run to the next.
_RACING = ("ffv1", "mpeg4", "vp8")
#: Codecs whose slices race in the same way. One thread decodes their pictures, of television's size, fast enough.
_ALONE = ("mpeg1video", "mpeg2video")


class Picture(NamedTuple):
    """A decoded picture and the time from which it is shown, in seconds from the beginning of the video."""

    time: float
    frame: av.VideoFrame


class Pictures:
    """The pictures of an open video, ascending in time, each decoded once.

    Damaged packets and pictures out of order are left out and counted; `report` logs how many.

    Args:
        path, container, stream: see `open_video`.
        wanted: seconds, ascending. Pictures that are shown at none of these times and that no other picture needs
            are not decoded (H.264's non-reference pictures, about half of a film), which changes no other picture.
            None: every picture is decoded.
    """

    def __init__(
        self, path: Path, container: InputContainer, stream: VideoStream, wanted: Sequence[float] | None = None
    ) -> None:
        stream.thread_type = "SLICE" if stream.codec_context.name in _RACING else "AUTO"
        stream.codec_context.thread_count = 1 if stream.codec_context.name in _ALONE else THREADS
        self._path, self._container, self._stream = path, container, stream
        self._clock = PacketClock(container, stream)
        self._wanted = wanted if stream.codec_context.name in _SKIPPABLE else None
        self._errors = ReadErrors()
        self._damaged: list[float] = []
        self._jumps = container.format.name in _JUMPABLE
        self._keys: list[int] | None = None
        self._packets = self._clock.packets(self._errors)
        self._restart(float("-inf"))

    @property
    def period(self) -> float:
        """The average time from one picture to the next, in seconds."""
        return self._clock.period

    @property
    def tolerance(self) -> float:
        """How far, in seconds, a picture's stated time may lie after the wanted one: half a tick, at most 0.5 ms.

        Two microseconds more take up the rounding of the wanted times themselves.
        """
        return min(self._clock.tick / 2, 5e-4) + 2e-6

    def seconds(self, ticks: int) -> float:
        """Convert a duration in ticks to seconds."""
        return ticks * self._clock.tick

    def read(self) -> Picture | None:
        """Return the next picture, or None at the end."""
        while not self._ready and not self._drained:
            self._look_ahead()
            if self._ahead:
                packet, time = self._ahead.popleft()
                self._skip_if_idle(time)
                self._decode(packet, time)
            else:
                self._drain()
        return self._ready.popleft() if self._ready else None

    def jump(self, time: float) -> bool:
        """Go on from the last keyframe shown at or before `time`, if that skips anything; tell whether it did.

        The pictures from there on are exactly those that decoding everything gives: pictures that are shown before
        the keyframe but stored after it (open GOP) are left out, since they need pictures that were skipped.
        """
        if time <= max(self._last, 0.0) + JUMP_S or not self._has_index():
            return False
        key = self._keyframe(self._clock.ticks(time))
        if key is None or self._clock.at(key) <= max(self._last, 0.0) + JUMP_S:
            return False
        while key is not None:
            self._seek(key)
            first = next(self._packets, None)
            if first is not None and first.is_keyframe and first.pts is not None:
                shown = self._clock.of_packet(first)
                if shown <= time:
                    self._restart(shown)
                    self._ahead.append((first, shown))
                    return self._starts_whole(shown)
            key = self._keyframe(key - 1)
        return self._rewind()

    def report(self) -> None:
        """Log one line about what was damaged, if anything was."""
        count = len(self._damaged) + len(self._errors.words)
        if count:
            where = f", the first near {min(self._damaged):.2f} s" if self._damaged else ""
            logger.warning(
                "%s: damaged places skipped: %d%s; the picture before each is used instead.", self._path, count, where
            )

    def _has_index(self) -> bool:
        """Tell whether keyframes can be found by time; the list of them is made when it is first needed."""
        if self._jumps and self._clock.stated and self._keys is None:
            matroska = self._container.format.name == MATROSKA
            self._keys = _matroska_keyframes(self._path) if matroska else _keyframes(self._stream)
            # Beyond the end that the file states, times are put right packet by packet, from the beginning on.
            end = latest_ticks(self._container, self._stream)
            late = end is not None and self._keys and self._clock.at(self._keys[-1]) > self._clock.at(end) + 1
            self._jumps = bool(self._keys) and not late
        return self._jumps and self._clock.stated

    def _starts_whole(self, shown: float) -> bool:
        """Check that decoding did begin with a keyframe; where the index lied, decode from the beginning."""
        picture = self.read()
        if picture is None or picture.time > shown or not picture.frame.key_frame:
            return self._rewind()
        self._ready.appendleft(picture)
        return True

    def _rewind(self) -> bool:
        self._jumps = False
        assert self._keys, "it jumped by them"
        self._seek(self._keys[0])
        self._restart(float("-inf"))
        return True

    def _keyframe(self, ticks: int) -> int | None:
        """Return the time in the index, in ticks, of the last keyframe at or before `ticks`."""
        number = bisect.bisect_right(self._keys or [], ticks)
        return self._keys[number - 1] if self._keys and number else None

    def _seek(self, ticks: int) -> None:
        self._container.seek(ticks, stream=self._stream, backward=True)
        self._packets = self._clock.packets(self._errors, fresh=False)

    def _restart(self, begin: float) -> None:
        """Forget all pictures; the next ones begin at `begin` seconds."""
        self._ready: deque[Picture] = deque()
        self._ahead: deque[tuple[Packet[Any], float]] = deque()
        self._passed: deque[float] = deque(maxlen=LOOK_AHEAD)
        self._begin, self._last, self._drained = begin, float("-inf"), False

    def _look_ahead(self) -> None:
        while len(self._ahead) < LOOK_AHEAD:
            packet = next(self._packets, None)
            if packet is None:
                return
            self._ahead.append((packet, self._clock.of_packet(packet)))

    def _skip_if_idle(self, time: float) -> None:
        """Tell the decoder whether it may leave out the picture of `time`, should no other picture need it."""
        if self._wanted is None or not self._clock.stated:
            return
        self._passed.append(time)
        # A later picture that is not known yet can only end this one's turn sooner: to err here is to decode more.
        later = [other for other in (*self._passed, *(ahead for _, ahead in self._ahead)) if other > time]
        first = bisect.bisect_left(self._wanted, time - 2 * self.tolerance)
        idle = bool(later) and (first == len(self._wanted) or self._wanted[first] > min(later))
        self._stream.codec_context.skip_frame = "NONREF" if idle else "DEFAULT"

    def _decode(self, packet: Packet[Any], time: float) -> None:
        try:
            self._take(packet.decode())
        except Exception:  # PyAV lets errors of Python through, too
            self._damaged.append(time)

    def _drain(self) -> None:
        """Take what the decoder's threads still hold; each of them may report one error first."""
        self._drained = True
        for _ in range(THREADS + 1):
            try:
                self._take(self._stream.decode(None))
            except av.error.EOFError:
                return
            except Exception:  # PyAV lets errors of Python through, too
                self._damaged.append(max(self._last, 0.0))

    def _take(self, frames: list[av.VideoFrame]) -> None:
        for frame in frames:
            time = self._clock.of_frame(frame)
            if time < self._begin:
                continue
            if frame.is_corrupt or time <= self._last:
                self._damaged.append(time)
            if time > self._last:
                self._last = time
                self._ready.append(Picture(time, frame))


def _keyframes(stream: VideoStream) -> list[int]:
    """Return the times of a stream's keyframes by its index, in ticks, ascending."""
    return sorted(entry.timestamp for entry in stream.index_entries if entry.is_keyframe)


def _matroska_keyframes(path: Path) -> list[int]:
    """Return the times of a Matroska file's keyframes by its index, in ticks; none if its places do not ascend, too.

    FFmpeg loads this index, which lies at the end of the file, when it first seeks. Where a clock restarts, seeking
    to zero would find the wrong beginning, so that this is tried on the file opened a second time.
    """
    with open_video(path) as (container, stream):
        first = next(demuxed(container, stream, ReadErrors()), None)
        container.seek(0)
        again = next(demuxed(container, stream, ReadErrors()), None)
        if first is None or again is None or first.pos != again.pos:
            return []
        places = [entry.pos for entry in stream.index_entries]
        return _keyframes(stream) if places == sorted(places) else []
