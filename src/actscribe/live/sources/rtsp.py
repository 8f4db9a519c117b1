"""Whether an RTSP server sends its visitors elsewhere. FFmpeg follows it silently, so the server is asked first."""

from __future__ import annotations

import re
import socket
import ssl
import time
from typing import Any, Literal
from urllib.parse import SplitResult, urlsplit, urlunsplit

import av
from av.container import InputContainer

#: Ports where an address names none (RFC 2326, RFC 7826).
_PORTS = {"rtsp": 554, "rtsps": 322}
#: Bytes that the head of a reply may have.
_LONGEST = 1 << 16
_STATUS = re.compile(rb"RTSP/\d\.\d (\d{3})")
_FIELD = re.compile(rb"^(location|content-length) *: *(.*?) *\r$", re.IGNORECASE | re.MULTILINE)


def open_rtsp(target: str, mode: Literal["r"], *, timeout: tuple[float, float], **options: Any) -> InputContainer:
    """Open an RTSP stream as `av.open` does, unless its server sends its visitors elsewhere.

    Raises:
        OSError: it does, or cannot be reached.
        av.error.FFmpegError: as `av.open`.
    """
    check_stays(target, timeout[0])
    opened: InputContainer = av.open(target, mode, timeout=timeout, **options)
    return opened


def check_stays(address: str, seconds: float) -> None:
    """Ask an RTSP server what it can do and what it shows, as FFmpeg will.

    Args:
        address: of the stream.
        seconds: that this may take.

    Raises:
        OSError: it sends its visitors elsewhere, cannot be reached or does not answer in time.
    """
    parts, until = urlsplit(address), time.monotonic() + seconds
    bare = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    with _connected(parts, seconds) as line:
        for number, method in enumerate(("OPTIONS", "DESCRIBE"), start=1):
            line.sendall(f"{method} {bare} RTSP/1.0\r\nCSeq: {number}\r\nAccept: application/sdp\r\n\r\n".encode())
            try:
                status, location = _reply(line, until)
            except EOFError:  # it hung up, which leads nowhere: FFmpeg may have more luck with it
                return
            if 300 <= status < 400:
                raise ConnectionError(f"it redirects to {without_secrets(location) or 'another address'}")


def without_secrets(address: str) -> str:
    """Return an address without the name, password and query in it, as it may stand in files and on screens."""
    parts = urlsplit(address)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query=parts.query and "…", fragment=""))


def _connected(parts: SplitResult, seconds: float) -> socket.socket:
    line = socket.create_connection((parts.hostname or "", parts.port or _PORTS[parts.scheme.casefold()]), seconds)
    if parts.scheme.casefold() == "rtsp":
        return line
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # as FFmpeg: cameras certify themselves
    return context.wrap_socket(line, server_hostname=parts.hostname)


def _reply(line: socket.socket, until: float) -> tuple[int, str]:
    """Return the status of a reply, 0 if it is none of RTSP, and where it leads; the body is read past."""
    head, rest = b"", b""
    while b"\r\n\r\n" not in head and len(head) < _LONGEST:
        head += _more(line, until)
    head, _, rest = head.partition(b"\r\n\r\n")
    status = _STATUS.match(head)
    fields = {name.lower(): value for name, value in _FIELD.findall(head + b"\r\n")}
    left = min(int(fields.get(b"content-length", b"0") or 0), _LONGEST) - len(rest)
    while left > 0:
        left -= len(_more(line, until))
    return int(status[1]) if status else 0, fields.get(b"location", b"").decode(errors="replace")


def _more(line: socket.socket, until: float) -> bytes:
    line.settimeout(max(0.01, until - time.monotonic()))
    chunk = line.recv(4096)
    if not chunk:
        raise EOFError
    return chunk
