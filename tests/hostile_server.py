"""A server on this machine that breaks HTTP in every way one can: it writes what a script tells it, byte by byte."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

Script = Callable[[socket.socket, int], None]


@contextmanager
def hostile_server(script: Script) -> Iterator[tuple[str, list[int]]]:
    """Yield the address and the numbers of the connections so far; `script` gets each socket, its request unread."""
    listener = socket.create_server(("127.0.0.1", 0))
    calls: list[int] = []

    def serve(connection: socket.socket, number: int) -> None:
        with connection, suppress(OSError):
            script(connection, number)

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                calls.append(len(calls))
                threading.Thread(target=serve, args=(connection, calls[-1]), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1", calls
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def heard(connection: socket.socket) -> bytes:
    """Read a request whole: what is closed unread resets the connection, which can overtake the answer."""
    request = b""
    while b"\r\n\r\n" not in request:
        request += _more(connection)
    head, _, _ = request.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    while len(request) < len(head) + 4 + (int(length[1]) if length else 0):
        request += _more(connection)
    return request


def _more(connection: socket.socket) -> bytes:
    piece = connection.recv(2**16)
    if not piece:
        raise ConnectionError("the client left in the middle of its request")
    return piece


def written(head: str, body: bytes = b"") -> bytes:
    """Return a head (lines parted by |) and a body as they go over the line."""
    return "\r\n".join([*head.split("|"), "", ""]).encode("latin-1") + body


def says(head: str, body: bytes = b"") -> Script:
    """Read the request, then send a head (lines parted by |) and a body as they are."""

    def script(connection: socket.socket, number: int) -> None:
        heard(connection)
        connection.sendall(written(head, body))

    return script


def json_of(body: bytes, more: str = "") -> Script:
    """Answer 200 with a body that calls itself JSON."""
    return says(f"HTTP/1.1 200 OK|Content-Type: application/json|Content-Length: {len(body)}{more}", body)
