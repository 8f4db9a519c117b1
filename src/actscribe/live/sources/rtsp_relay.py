"""Between FFmpeg and an RTSP server: FFmpeg reaches this machine alone, the relay that one server and no other.

FFmpeg follows a redirection of an RTSP server, with the password, whatever is asked of it; and a server that was asked
before may answer otherwise later. So no reply reaches FFmpeg before it was looked at, on the connection that it uses,
and FFmpeg does not know the password.
"""

from __future__ import annotations

import secrets
import selectors
import socket
import ssl
import threading
from contextlib import suppress
from dataclasses import replace
from urllib.parse import SplitResult, quote, urlsplit, urlunsplit

from actscribe.live.sources.rtsp_messages import Login, Message, Messages

#: Ports where an address names none (RFC 2326, RFC 7826).
_PORTS = {"rtsp": 554, "rtsps": 322}
_CHUNK = 1 << 16


def without_secrets(address: str) -> str:
    """Return an address without the name, password and query in it, as it may stand in files and on screens.

    An @ behind the host may end a password with a slash in it, so nothing before it is shown.
    """
    scheme, _, rest = address.partition("://")
    try:
        parts = urlsplit(address)
    except ValueError:  # brackets of IPv6 that do not close
        return f"{scheme}://…"
    if "@" in rest.removeprefix(parts.netloc):
        return f"{scheme}://…@{rest.rpartition('@')[2].partition('?')[0]}"
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query=parts.query and "…", fragment=""))


class Relay:
    """Passes what FFmpeg asks on to one server, and its replies back, until either hangs up.

    Args:
        target: address of the stream, with name and password where it needs them.
        seconds: that connecting may take, and that FFmpeg may take until it comes.

    Attributes:
        address: for FFmpeg; nobody else knows it.
        refused: why a reply was not passed on; None: all were.

    Raises:
        OSError: the server cannot be reached.
    """

    def __init__(self, target: str, seconds: float) -> None:
        parts = urlsplit(target)
        self._login = Login(parts.username or "", parts.password or "")
        bare = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment=""))
        self._theirs = quote(bare, safe="%/:=&?~#+!$,;'@()*[]")
        self._server = _connected(parts, seconds)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1)
        self._listener.settimeout(seconds)
        self._seconds = seconds
        self.address = f"rtsp://127.0.0.1:{self._listener.getsockname()[1]}/{secrets.token_hex(16)}"
        self.refused: ConnectionError | None = None
        threading.Thread(target=self._run, name="rtsp", daemon=True).start()

    def _run(self) -> None:
        with self._server, suppress(OSError):
            with self._listener:
                ffmpeg, _ = self._listener.accept()
            with ffmpeg:
                ffmpeg.settimeout(None)
                try:
                    self._pass(ffmpeg)
                except ConnectionError as error:
                    self.refused = error
                ffmpeg.shutdown(socket.SHUT_WR)  # closing what was not read to its end would take back what was sent
                ffmpeg.settimeout(self._seconds)
                while ffmpeg.recv(_CHUNK):
                    pass

    def _pass(self, ffmpeg: socket.socket) -> None:
        asked, answered = Messages(), Messages()
        with selectors.DefaultSelector() as ready:
            ready.register(ffmpeg, selectors.EVENT_READ)
            ready.register(self._server, selectors.EVENT_READ)
            while True:
                for key, _ in ready.select():
                    chunk = _received(key.fileobj)  # type: ignore[arg-type]  # what was registered
                    if chunk is None:
                        continue
                    if not chunk:
                        return
                    if key.fileobj is ffmpeg:
                        self._server.sendall(b"".join(self._there(one) for one in asked.cut(chunk)))
                        continue
                    for one in answered.cut(chunk):
                        ffmpeg.sendall(self._back(one))

    def _there(self, one: Message | bytes) -> bytes:
        if isinstance(one, bytes):
            return one
        if one.status is not None:
            return one.encoded()
        method, uri, *rest = one.start
        if uri.startswith(self.address):
            uri = self._theirs + uri.removeprefix(self.address)
        elif method in ("OPTIONS", "DESCRIBE"):  # with which FFmpeg begins
            raise ConnectionError("another program of this machine came in between")
        fields = (*one.without("authorization"), *self._login.answer(method, uri))
        return replace(one, start=(method, uri, *rest), fields=fields).encoded()

    def _back(self, one: Message | bytes) -> bytes:
        if isinstance(one, bytes):
            return one
        status = one.status
        if status is not None and 300 <= status < 400:
            raise ConnectionError(f"it redirects to {_where(one)}")
        if status == 401:
            self._login.challenged(one)
        return replace(one, fields=tuple(map(from_here, one.without("location")))).encoded()


def from_here(field: tuple[str, str]) -> tuple[str, str]:
    """Return a field of a reply without the host that packets are said to come from: FFmpeg would send there."""
    name, value = field
    if name.lower() != "transport":
        return field
    parts = [one for one in value.split(";") if one.partition("=")[0].strip().lower() not in ("source", "destination")]
    return name, ";".join(parts)


def _where(reply: Message) -> str:
    try:
        return without_secrets(" ".join(reply.values("location"))) or "another address"
    except ValueError:
        return "another address"


def _connected(parts: SplitResult, seconds: float) -> socket.socket:
    scheme = parts.scheme.casefold()
    try:
        line = socket.create_connection((parts.hostname or "", parts.port or _PORTS[scheme]), seconds)
    except ValueError as error:  # no number, a port that there is not, or a name as no host has it
        raise OSError(f"no such address: {error}") from error
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if scheme == "rtsp":
        return line
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # as FFmpeg: cameras certify themselves
    try:
        return context.wrap_socket(line, server_hostname=parts.hostname)
    except BaseException:
        line.close()
        raise


def _received(line: socket.socket) -> bytes | None:
    """Return what came, empty at the end; None: of TLS alone, or of a record that is not whole."""
    if not isinstance(line, ssl.SSLSocket):
        return line.recv(_CHUNK)
    patience, chunk = line.gettimeout(), b""
    line.settimeout(0)
    try:
        chunk = line.recv(_CHUNK)
        while line.pending():  # of which no selector knows
            chunk += line.recv(_CHUNK)
    except ssl.SSLWantReadError:
        return chunk or None
    finally:
        line.settimeout(patience)
    return chunk
