"""As much of a web socket (RFC 6455) as a browser's remote control needs: texts of any length, one at a time."""

from __future__ import annotations

import base64
import os
import socket
import struct

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


class WebSocket:
    """A connection to a server on this machine.

    Args:
        port: of the server.
        path: that the server expects.
        patience_s: seconds within which it must answer.
    """

    def __init__(self, port: int, path: str, patience_s: float) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=patience_s)
        self._buffer = b""
        key = base64.b64encode(os.urandom(16)).decode()
        self._socket.sendall(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        while b"\r\n\r\n" not in self._buffer:
            self._buffer += self._more()
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        if b" 101 " not in head.partition(b"\r\n")[0]:
            raise ConnectionError(head.decode(errors="replace"))

    def send(self, text: str) -> None:
        """Send a text."""
        self._send(TEXT, text.encode())

    def receive(self) -> str:
        """Wait for the next text.

        Raises:
            TimeoutError: none came.
            ConnectionError: the server closed the connection.
        """
        whole = b""
        while True:
            is_last, kind, data = self._frame()
            if kind == CLOSE:
                raise ConnectionError("the browser closed the connection")
            if kind == PING:
                self._send(PONG, data)
            elif kind != PONG:
                whole += data
                if is_last:
                    return whole.decode()

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def _send(self, kind: int, data: bytes) -> None:
        size, mask = len(data), os.urandom(4)
        length = bytes([size | 0x80]) if size < 126 else struct.pack(">BH", 126 | 0x80, size)
        if size >= 1 << 16:
            length = struct.pack(">BQ", 127 | 0x80, size)
        masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(data))
        self._socket.sendall(bytes([0x80 | kind]) + length + mask + masked)

    def _frame(self) -> tuple[bool, int, bytes]:
        first, second = self._take(2)
        size = second & 0x7F
        if size == 126:
            (size,) = struct.unpack(">H", self._take(2))
        elif size == 127:
            (size,) = struct.unpack(">Q", self._take(8))
        return bool(first & 0x80), first & 0x0F, self._take(size)

    def _take(self, size: int) -> bytes:
        while len(self._buffer) < size:
            self._buffer += self._more()
        taken, self._buffer = self._buffer[:size], self._buffer[size:]
        return taken

    def _more(self) -> bytes:
        data = self._socket.recv(1 << 16)
        if not data:
            raise ConnectionError("the browser closed the connection")
        return data
