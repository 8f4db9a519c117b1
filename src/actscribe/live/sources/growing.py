"""A file that another program is still writing."""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import av.error

from actscribe.errors import ActScribeError
from actscribe.live.arrivals import Arrival, Event, Picture
from actscribe.live.clock import StreamClock
from actscribe.live.sources.packets import LIVE, decoded, prepare
from actscribe.names import printable
from actscribe.video.opening import check_video_file, origin, picture_stream

#: Seconds between two looks at the file's end.
_LOOK_S = 0.05
#: Of a growing file holes are true up to this many seconds; beyond, its clock was reset, as `video.timestamps` has it.
_HOLE_S = 3600.0


def check_growing_file(path: Path) -> None:
    """Prove that a file may be a video that is being written; it may be empty yet.

    Raises:
        UnreadableVideo: see `opening.check_video_file`.
    """
    if not (path.is_file() and path.stat().st_size == 0):
        check_video_file(path)


class Tail:
    """A growing file as FFmpeg reads it: at its end it waits for more.

    Args:
        path: of the file.
        patience_s: seconds without a new byte after which it has ended.
        stop: ends it at once.
    """

    def __init__(self, path: Path, patience_s: float, stop: threading.Event) -> None:
        self._path, self._file, self._patience_s, self._stop = path, path.open("rb"), patience_s, stop
        self._grew, self._was_cut = time.monotonic(), False

    def read(self, size: int) -> bytes:
        """Return the next bytes; none once nothing more comes."""
        while True:
            chunk = self._file.read(size)
            now = time.monotonic()
            if chunk:
                self._grew = now
                return chunk
            self._was_cut = os.fstat(self._file.fileno()).st_size < self._file.tell()
            if self._was_cut or self._stop.wait(_LOOK_S) or now - self._grew > self._patience_s:
                return b""

    @property
    def is_empty(self) -> bool:
        """Whether nothing was read yet."""
        return self._file.tell() == 0

    def why_over(self) -> str:
        """Return why nothing more comes."""
        if self._was_cut:
            return "the file became shorter while it was read, so it is no longer what was watched"
        try:
            is_there = os.path.samestat(self._path.stat(), os.fstat(self._file.fileno()))
        except FileNotFoundError:
            return "the file was removed"
        grown = f"the file has not grown for {self._patience_s:g} s"
        return grown if is_there else "another file has taken its place"

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


@dataclass(frozen=True, slots=True)
class Growing:
    """A file that is read from its beginning, then as it grows.

    Args:
        path: of the video: MKV, MPEG-TS or another container that can be read before it is finished.
        patience_s: seconds without a new byte after which it has ended.
    """

    path: Path
    patience_s: float = 10.0

    speed = 1.0
    waits = True
    hold_s = math.inf

    @property
    def media(self) -> str:
        """The file's full path."""
        return printable(str(self.path.absolute()))

    def arrivals(self, begin: float, stop: threading.Event) -> Iterator[Arrival]:
        """See `Source.arrivals`."""
        tail = Tail(self.path, self.patience_s, stop)
        end = begin
        try:
            try:
                container = av.open(tail, "r", options=LIVE, metadata_errors="replace")
            except Exception as error:  # PyAV lets errors of Python through, too
                raise self._empty() if tail.is_empty else self._unreadable() from error
            with container:
                stream = picture_stream(container)
                if stream is None:
                    raise ActScribeError(f"{self.path}: no video in it, only sound.", "Name the file with the picture.")
                prepare(stream)
                zero, aspect = origin(container), float(stream.sample_aspect_ratio or 1)
                clock: StreamClock | None = None
                for stated, frame in decoded(container, stream):
                    if stop.is_set():
                        return
                    own = None if stated is None else stated - zero
                    if clock is None:
                        clock = StreamClock(own or 0.0, _HOLE_S)
                    now = time.monotonic()
                    moment, jump = clock.at(own, now)
                    if jump:
                        yield Event("jump", moment or 0.0, f"the file's clock jumped by {jump:+.1f} s")
                    if moment is not None:
                        end = moment + (float((frame.duration or 0) * (frame.time_base or 0)))
                        yield Picture(moment, frame, now, aspect)
        except av.error.FFmpegError as error:
            if end == begin:
                raise self._unreadable() from error
            raise ActScribeError(
                f"{self.path}: reading it failed at {end:.1f} s ({error.strerror}).", "What came before is kept."
            ) from error
        else:
            if not stop.is_set():
                yield Event("end", max(end, begin), tail.why_over())
        finally:
            tail.close()

    def _empty(self) -> ActScribeError:
        return ActScribeError(
            f"{self.path}: nothing was written to it within {self.patience_s:g} s.",
            "Start the recording first, or wait longer with --give-up SECONDS.",
        )

    def _unreadable(self) -> ActScribeError:
        return ActScribeError(
            f"{self.path}: cannot be read while it grows.",
            "Let it be recorded as MKV or MPEG-TS; an MP4 is complete only once its recording has ended.",
        )
