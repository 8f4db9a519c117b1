"""RTSP's messages (RFC 2326), cut out of what comes, and written so that no two readers understand them differently."""

from __future__ import annotations

import hashlib
import re
import secrets
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote
from urllib.request import parse_http_list, parse_keqv_list

#: Bytes that the head of a message and its body may have.
LONGEST_HEAD, LONGEST_BODY = 1 << 16, 1 << 20
_END = re.compile(rb"\n\r*\n")
_DIGESTS = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}


@dataclass(frozen=True, slots=True)
class Message:
    """A request or a reply.

    Args:
        start: words of its first line, three at most.
        fields: (name, value), without its length.
        body: what follows.
    """

    start: tuple[str, ...]
    fields: tuple[tuple[str, str], ...]
    body: bytes = b""

    @property
    def status(self) -> int | None:
        """Of a reply; None: it is a request.

        Raises:
            ConnectionError: it is neither.
        """
        if not self.start[0].startswith("RTSP/"):
            return None
        if len(self.start) < 2 or not re.fullmatch("[0-9]{3}", self.start[1]):
            raise ConnectionError(f"it answers {' '.join(self.start)[:80]!r}, which is not RTSP")
        return int(self.start[1])

    def values(self, name: str) -> list[str]:
        """Return the values of the fields of a name, in lower case."""
        return [value for own, value in self.fields if own.lower() == name]

    def without(self, *names: str) -> tuple[tuple[str, str], ...]:
        """Return the fields but those of some names, in lower case."""
        return tuple(one for one in self.fields if one[0].lower() not in names)

    def encoded(self) -> bytes:
        """Return the message as it is sent."""
        fields = (*self.fields, *([("Content-Length", str(len(self.body)))] if self.body else []))
        lines = [" ".join(self.start), *(f"{name}: {value}" for name, value in fields), "", ""]
        return "\r\n".join(lines).encode("latin-1") + self.body


class Messages:
    """Cuts what comes on one side of a connection into messages and packets between them."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def cut(self, chunk: bytes) -> Iterator[Message | bytes]:
        """Yield what is whole now that a chunk came; a packet as it is.

        Raises:
            ConnectionError: it is not RTSP.
        """
        self._rest += chunk
        while True:
            while self._rest.startswith((b"\r", b"\n")):
                del self._rest[:1]
            one, size = self._packet() if self._rest.startswith(b"$") else self._message()
            if one is None:
                return
            del self._rest[:size]
            yield one

    def _packet(self) -> tuple[bytes | None, int]:
        size = 4 + int.from_bytes(self._rest[2:4], "big")
        return (bytes(self._rest[:size]) if 4 <= size <= len(self._rest) and len(self._rest) >= 4 else None), size

    def _message(self) -> tuple[Message | None, int]:
        end = _END.search(self._rest, 0, LONGEST_HEAD)
        if end is None:
            if len(self._rest) >= LONGEST_HEAD:
                raise ConnectionError("what it sends is not RTSP")
            return None, 0
        start, *lines = self._rest[: end.start()].decode("latin-1").replace("\r", "").split("\n")
        if "\0" in start + "".join(lines) or any(line.strip().startswith("$") for line in (start, *lines)):
            raise ConnectionError("what it sends is not RTSP")  # and ends elsewhere for FFmpeg
        fields = [
            (name.strip(), value.strip()) for name, colon, value in (line.partition(":") for line in lines) if colon
        ]
        length, size = 0, end.end()
        for value in (value for name, value in fields if name.lower() == "content-length"):
            if not re.fullmatch("[0-9]{1,9}", value) or int(value) > LONGEST_BODY:
                raise ConnectionError(f"it states a length of {value[:40]!r}, not one of up to {LONGEST_BODY} bytes")
            length = int(value)
        if len(self._rest) < size + length:
            return None, 0
        words = tuple(start.split(None, 2)) or ("?",)
        message = Message(words, tuple(fields), bytes(self._rest[size : size + length]))
        kept = message.without("content-length")
        return Message(words, kept, message.body), size + length


@dataclass(slots=True)
class Login:
    """Answers what a server asks of its visitors, by Digest where it may be (RFC 7616), else by Basic (RFC 7617).

    Args:
        user, password: as they stand in an address.
    """

    user: str
    password: str
    _asked: dict[str, str] = field(default_factory=dict)
    _kind: str = ""
    _count: int = 0

    def challenged(self, reply: Message) -> None:
        """Keep what a reply asks."""
        for value in reply.values("www-authenticate"):
            kind, _, rest = value.partition(" ")
            asked = parse_keqv_list([one for one in parse_http_list(rest) if "=" in one])
            known = kind.lower() == "basic" or asked.get("algorithm", "MD5").upper() in _DIGESTS
            if kind.lower() in ("basic", "digest") and known and (kind.lower(), self._kind) != ("basic", "digest"):
                self._kind, self._asked, self._count = kind.lower(), asked, 0

    def answer(self, method: str, uri: str) -> tuple[tuple[str, str], ...]:
        """Return the field that a request needs, none as long as nothing was asked."""
        user, password, asked = unquote(self.user), unquote(self.password), self._asked
        if not self._kind or not self.user:
            return ()
        if self._kind == "basic":
            return (("Authorization", "Basic " + b64encode(f"{user}:{password}".encode()).decode()),)
        self._count += 1
        made, count, realm, nonce = (
            secrets.token_hex(8),
            f"{self._count:08x}",
            asked.get("realm", ""),
            asked.get("nonce", ""),
        )
        algorithm = asked.get("algorithm", "MD5")
        qop = "auth" if "auth" in [one.strip() for one in asked.get("qop", "").split(",")] else ""

        def digest(*parts: str) -> str:
            return _DIGESTS[algorithm.upper()](":".join(parts).encode()).hexdigest()

        between = (nonce, count, made, qop) if qop else (nonce,)
        response = digest(digest(user, realm, password), *between, digest(method, uri))
        quoted = {"username": user, "realm": realm, "nonce": nonce, "uri": uri, "response": response}
        quoted |= {"opaque": asked["opaque"]} if "opaque" in asked else {}
        quoted |= {"cnonce": made} if qop else {}
        words = [f'{name}="{value}"' for name, value in quoted.items()]
        words += [f"algorithm={algorithm}"] if "algorithm" in asked else []
        words += [f"qop={qop}", f"nc={count}"] if qop else []
        return (("Authorization", "Digest " + ", ".join(words)),)
