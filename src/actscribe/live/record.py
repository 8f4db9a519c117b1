"""Keeping a stream's or camera's video, where the user asked for it."""

from __future__ import annotations

from pathlib import Path

import av
import av.error
from av.container import OutputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from actscribe.errors import ActScribeError
from actscribe.ownership import check_file

#: Of the container that can be read whatever happens while it is written.
ENDING = ".mkv"


class Remuxed:
    """What a source sends, as it is, in Matroska files: one for each time that it is opened.

    Args:
        path: of the first one, ending in .mkv; later ones are called NAME-2.mkv and so on.

    Raises:
        ActScribeError: another ending, or a file is there.
    """

    def __init__(self, path: Path) -> None:
        if path.suffix.casefold() != ENDING:
            raise ActScribeError(
                f"{path}: a recording is written as {ENDING}, which can be read even after a power cut.",
                f"Name it {path.with_suffix(ENDING)}",
            )
        check_file(path)
        self._path, self._parts = path, 0
        self._container: OutputContainer | None = None
        self._stream: VideoStream | None = None

    def begin(self, stream: VideoStream) -> None:
        """Begin a file with the packets of a stream; one that is there already is left alone."""
        self.close()
        self._parts += 1
        path = self._numbered()
        while path.exists():
            self._parts += 1
            path = self._numbered()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._container = av.open(str(path), "w", format="matroska")
        self._stream = self._container.add_stream_from_template(stream)

    def packet(self, packet: Packet[VideoStream]) -> None:
        """Write a packet; one whose time goes back is left out, as Matroska has no place for it."""
        if self._container is None or self._stream is None:
            return
        packet.stream = self._stream
        try:
            self._container.mux_one(packet)
        except (av.error.FFmpegError, ValueError):
            return

    def close(self) -> None:
        """End the file that is written."""
        if self._container is not None:
            self._container.close()
            self._container = None

    def _numbered(self) -> Path:
        stem = self._path.stem if self._parts == 1 else f"{self._path.stem}-{self._parts}"
        return self._path.with_name(f"{stem}{self._path.suffix}")
