"""Keeping a stream's or camera's video, where the user asked for it."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction
from pathlib import Path

import av
import av.error
from av.container import OutputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from actscribe.errors import ActScribeError
from actscribe.files import FULL, check_writable, explain_os_error
from actscribe.live.clock import JUMP_S

#: Of the container that can be read whatever happens while it is written.
ENDING = ".mkv"


#: Error numbers of a disk that takes no more, whatever is written.
_NO_DISK = (*FULL, errno.EFBIG, errno.EIO, errno.EROFS)


class Remuxed:
    """What a source sends, as it is, in Matroska files: one for each time that it is opened, or its clock goes back.

    Args:
        path: of the first one, ending in .mkv; later ones are called NAME-2.mkv and so on.

    Raises:
        ActScribeError: another ending, a file is there, or its folder cannot be written to.
    """

    def __init__(self, path: Path) -> None:
        if path.suffix.casefold() != ENDING:
            raise ActScribeError(
                f"{path}: a recording is written as {ENDING}, which can be read even after a power cut.",
                f"Name it {path.with_suffix(ENDING)}",
            )
        if os.path.lexists(path):
            raise ActScribeError(f"{path}: exists already; nothing was changed.", "Name another file with --record.")
        check_writable(path.parent)
        self._path, self._parts = path, 0
        self._written = path
        self._container: OutputContainer | None = None
        self._source: VideoStream | None = None
        self._stream: VideoStream | None = None
        self._last: Fraction | None = None

    def begin(self, stream: VideoStream) -> None:
        """Begin a file with the packets of a stream; one that is there already is left alone.

        Raises:
            ActScribeError: it cannot be written.
        """
        self.close()
        self._source, self._last = stream, None
        self._parts += 1
        path = self._numbered()
        while path.exists():
            self._parts += 1
            path = self._numbered()
        self._written = path
        with self._explained():
            path.parent.mkdir(parents=True, exist_ok=True)
            # Without that, FFmpeg says that the disk is full when the file ends.
            self._container = av.open(str(path), "w", format="matroska", options={"flush_packets": "1"})
            self._stream = self._container.add_stream_from_template(stream)

    def packet(self, packet: Packet[VideoStream]) -> None:
        """Write a packet; one whose time goes back a little is left out, as Matroska has no place for it.

        Raises:
            ActScribeError: the disk is full or gone.
        """
        if self._container is None or self._source is None or packet.dts is None or packet.time_base is None:
            return
        at = packet.dts * packet.time_base
        if self._last is not None and at < self._last - JUMP_S:
            self.begin(self._source)
        self._last = at if self._last is None else max(self._last, at)
        packet.stream = self._stream  # type: ignore[assignment]  # of the file that was begun
        try:
            self._container.mux_one(packet)
        except ValueError:
            return
        except av.error.FFmpegError as error:
            if not isinstance(error, OSError) or error.errno not in _NO_DISK:
                return
            with suppress(ActScribeError):
                self.close()
            raise explain_os_error(error, self._written) from error

    def close(self) -> None:
        """End the file that is written.

        Raises:
            ActScribeError: the disk is full or gone.
        """
        if self._container is not None:
            container, self._container = self._container, None
            with self._explained():
                container.close()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:  # FFmpeg's, too
            raise explain_os_error(error, self._written) from error

    def _numbered(self) -> Path:
        stem = self._path.stem if self._parts == 1 else f"{self._path.stem}-{self._parts}"
        return self._path.with_name(f"{stem}{self._path.suffix}")
