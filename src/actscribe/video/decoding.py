"""An open video: its pictures in order of time, across threads, damage and jumps."""

from __future__ import annotations

import bisect
import codecs
import heapq
import logging
import math
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import av
import av.error
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition
from av.video.stream import VideoStream

from actscribe.errors import ActScribeError

logger = logging.getLogger(__name__)

#: Decoder threads, also on fewer cores: each holds a picture in work while one is made RGB. On two cores four of them
#: take 15 % less time than two; more gain little on video of these sizes and cost memory (ours).
THREADS = 4
#: A jump to a keyframe has to skip more than this many seconds to be worth the decoder's restart (ours).
JUMP_S = 2.0
#: Packets read ahead of the decoder to see which picture follows which: as many as H.264 can put out of order.
LOOK_AHEAD = 16
#: Codecs whose non-reference pictures no other picture needs, ever. (HEVC's may be needed by higher sub-layers.)
_SKIPPABLE = ("h264",)
#: Containers whose index lists the keyframes by time; elsewhere every picture is decoded.
_JUMPABLE = ("mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm")
#: Read errors without a packet in between, after which the rest of a file counts as unreadable (ours).
_MOST_READ_ERRORS = 10
_CONVERT = "If it plays in a video player, convert it with that player or with ffmpeg to MP4 (H.264) and try again."


class Picture(NamedTuple):
    """A decoded picture and the time from which it is shown, in seconds from the beginning of the video."""

    time: float
    frame: av.VideoFrame


@contextmanager
def open_video(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Open the first real video stream of a file. Nothing but the file is ever read: no playlist's addresses.

    Raises:
        ActScribeError: the file is missing, or not a video; the message says what it is instead.
    """
    path = Path(path)
    _check_file(path)
    try:
        # An absolute name: FFmpeg takes "10:30.mp4" for an address.
        container = av.open(str(path.absolute()), "r", options={"protocol_whitelist": "file"})
    except (av.error.FFmpegError, OSError) as error:
        raise _not_readable(path, error) from error
    with container:
        try:
            yield container, _video_stream(path, container)
        except av.error.FFmpegError as error:
            raise ActScribeError(f"{path}: reading it failed ({error.strerror}).", _CONVERT) from error


def origin(container: InputContainer) -> float:
    """Return the container's own time, in seconds, of the moment that we call zero.

    Zero is where the container begins, with whichever stream begins first: video players and annotation tools count
    from there. In a file whose sound begins before its picture, the first picture has a time above zero.
    """
    return (container.start_time or 0) / av.time_base


def read_packets(container: InputContainer, stream: VideoStream, errors: list[str]) -> Iterator[Packet]:
    """Yield the packets of a stream that hold data, reading on after damage; each read error goes to `errors`."""
    in_a_row = 0
    while in_a_row < _MOST_READ_ERRORS:
        try:
            for packet in container.demux(stream):
                if packet.size:
                    in_a_row = 0
                    yield packet
            return
        except (av.error.FFmpegError, OSError) as error:
            in_a_row += 1
            errors.append(str(error))


class PacketClock:
    """The time of each packet and picture of a stream.

    Most containers state when a picture is shown. AVI and raw streams do not; there the pictures, in the order in
    which the decoder hands them out, take the times of the packets in ascending order, as players do.
    """

    def __init__(self, container: InputContainer, stream: VideoStream) -> None:
        self.tick = float(stream.time_base or 1)
        self.zero = origin(container)
        self.period = 1 / float(stream.average_rate or stream.guessed_rate or 25)
        self.stated = container.format.name != "avi"
        self._waiting: list[float] = []
        self._next: float | None = None
        self._last = -self.period

    def of_packet(self, packet: Packet) -> float:
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
        stream.thread_type = "AUTO"
        stream.codec_context.thread_count = THREADS
        self._path, self._container, self._stream = path, container, stream
        self._clock = PacketClock(container, stream)
        self._jumps = container.format.name in _JUMPABLE
        self._wanted = wanted if stream.codec_context.name in _SKIPPABLE else None
        self._errors: list[str] = []
        self._damaged: list[float] = []
        if container.format.name == _JUMPABLE[1]:
            container.seek(0)  # makes FFmpeg load the list of keyframes, which lies at the end of a Matroska file
        self._packets = read_packets(container, stream, self._errors)
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
        if not self._jumps or not self._clock.stated:
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
        count = len(self._damaged) + len(self._errors)
        if count:
            where = f", the first near {min(self._damaged):.2f} s" if self._damaged else ""
            logger.warning(
                "%s: damaged places skipped: %d%s; the picture before each stands in.", self._path, count, where
            )

    def _starts_whole(self, shown: float) -> bool:
        """Check that decoding did begin with a keyframe; where the index lied, decode from the beginning."""
        picture = self.read()
        if picture is None or picture.time > shown or not picture.frame.key_frame:
            return self._rewind()
        self._ready.appendleft(picture)
        return True

    def _rewind(self) -> bool:
        self._jumps = False
        self._seek(self._stream.index_entries[0].timestamp)
        self._restart(float("-inf"))
        return True

    def _keyframe(self, ticks: int) -> int | None:
        """Return the time in the index, in ticks, of the last keyframe at or before `ticks`."""
        entries = self._stream.index_entries
        number = entries.search_timestamp(ticks, backward=True)
        return entries[number].timestamp if number >= 0 else None

    def _seek(self, ticks: int) -> None:
        self._container.seek(ticks, stream=self._stream, backward=True)
        self._packets = read_packets(self._container, self._stream, self._errors)

    def _restart(self, begin: float) -> None:
        """Forget all pictures; the next ones begin at `begin` seconds."""
        self._ready: deque[Picture] = deque()
        self._ahead: deque[tuple[Packet, float]] = deque()
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

    def _decode(self, packet: Packet, time: float) -> None:
        try:
            self._take(packet.decode())
        except (av.error.FFmpegError, OSError):
            self._damaged.append(time)

    def _drain(self) -> None:
        """Take what the decoder's threads still hold; each of them may report one error first."""
        self._drained = True
        for _ in range(THREADS + 1):
            try:
                self._take(self._stream.decode(None))
            except av.error.EOFError:
                return
            except (av.error.FFmpegError, OSError):
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


def _check_file(path: Path) -> None:
    if path.is_dir():
        raise ActScribeError(f"{path}: a folder, expected a video file.")
    if not path.exists():
        raise ActScribeError(f"{path}: no such file.", "Check the name and the folder that it is looked for in.")
    try:
        with path.open("rb") as file:
            head = file.read(1024)
    except PermissionError as error:
        raise ActScribeError(
            f"{path}: you may not read it.", "Ask its owner, or copy it to your own folder."
        ) from error
    if not head:
        raise ActScribeError(f"{path}: an empty file (0 bytes), expected a video.", "Copy it again from its source.")
    # FFmpeg shows texts as films, and follows playlists, which are texts, to other files and addresses.
    if _is_text(head):
        raise ActScribeError(
            f"{path}: a text, expected a video file.", "A playlist will not do: name the video itself."
        )


def _is_text(head: bytes) -> bool:
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(head)  # the last character may be cut in two
    except UnicodeDecodeError:
        return False
    return all(character >= " " or character in "\t\n\r\f" for character in text)


def _not_readable(path: Path, error: Exception) -> ActScribeError:
    with path.open("rb") as file:
        is_mp4 = file.read(12)[4:8] == b"ftyp"
    if is_mp4:
        return ActScribeError(
            f"{path}: an MP4 without its index, so the recording or the copy was cut off before it was finished.",
            "Copy it again from its source, or repair it with a tool such as untrunc.",
        )
    what = getattr(error, "strerror", None) or str(error)
    return ActScribeError(f"{path}: not a video that can be read ({what}).", _CONVERT)


def _video_stream(path: Path, container: InputContainer) -> VideoStream:
    if container.format.name == "image2" or container.format.name.endswith("_pipe"):
        raise ActScribeError(f"{path}: a picture, expected a video file.")
    # A music file's cover is stored as a video stream of one picture.
    streams = [stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic]
    if not streams:
        kinds = sorted({str(stream.type) for stream in container.streams if stream.type != "video"})
        only = " and ".join(f"{'an' if kind[0] in 'aeiou' else 'a'} {kind} stream" for kind in kinds)
        found = f"only {only}" if only else "no stream of any kind"
        raise ActScribeError(f"{path}: {found} was found, expected a video.", "Give the file with the picture.")
    if streams[0].codec_context is None:
        raise ActScribeError(f"{path}: its video is in a codec that FFmpeg does not know.", _CONVERT)
    return streams[0]
