"""Who may ask this server for anything: the browser that was let in by the token, for our own page at our own address.

Any page that a browser shows can send requests to a server on the same machine. So every request must name our own host
(else another site's name points here: DNS rebinding), what changes or reads anything must carry a cookie that only the
token in the first address gives, and requests that another page makes are refused by their Origin.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from actscribe.local_page.answers import refusal

#: No script, style or address but our own, and no place in another page.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:;"
    " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "x-frame-options": "DENY",
}
#: Bytes of a request's body: an action of 20,000 operations has about 6 MB.
MOST_BODY = 16 << 20
#: What the checks read of a request: who says one of them twice means one for us and another one for somebody else.
_ONCE = ("host", "origin", "sec-fetch-site", "sec-fetch-mode", "content-length", "x-actscribe-review")
#: What needs the cookie: all that says anything of a study or a recording. The page itself holds nothing but our code.
_GUARDED = ("/api/", "/media/", "/reports/")


@dataclass(frozen=True, slots=True)
class Access:
    """The address of a server and its secrets.

    Args:
        host: as the address has it: 127.0.0.1, or what was asked for.
        port: of the server.
        secure: over TLS.
        token: in the first address.
        cookie: what the browser gets for it.
    """

    host: str
    port: int
    secure: bool = False
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    cookie: str = field(default_factory=lambda: secrets.token_urlsafe(32))

    @property
    def scheme(self) -> str:
        """Of the address."""
        return "https" if self.secure else "http"

    @property
    def hosts(self) -> frozenset[str]:
        """What the header Host may say, in lower case."""
        names = {self.host.lower()} | ({"127.0.0.1", "localhost"} if self.host == "127.0.0.1" else set())
        usual = 443 if self.secure else 80
        return frozenset({f"{name}:{self.port}" for name in names} | (names if self.port == usual else set()))

    @property
    def cookie_name(self) -> str:
        """With the port: browsers send a cookie to all ports of a host."""
        return f"actscribe-{self.port}"

    @property
    def address(self) -> str:
        """What a browser opens first."""
        return f"{self.scheme}://{self.host}:{self.port}/?token={self.token}"


class Guarded:
    """The application behind all checks, its answers with the headers that keep a browser careful.

    Args:
        app: that answers.
        access: who may ask.
    """

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self.app, self.access = app, access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        headers, out = Headers(scope=scope), _with_headers(send)
        refused = self._refused(scope, headers)
        if refused:
            status, message, hint = refused
            await refusal(status, message, hint)(scope, receive, out)
        elif scope["path"] == "/" and scope["method"] == "GET" and b"token=" in scope["query_string"]:
            await self._let_in(scope, receive, out)
        else:
            await self.app(scope, _bounded(receive), out)

    def _refused(self, scope: Scope, headers: Headers) -> tuple[int, str, str] | None:
        """Return status, sentence and hint of a refusal, or None."""
        twice = [name for name in _ONCE if len(headers.getlist(name)) > 1]
        if twice:
            return 400, f"This request has the header {twice[0]} more than once.", "Load the page again."
        if headers.get("host", "").lower() not in self.access.hosts:
            return 403, "This server answers to its own address only.", "Open the address that the command printed."
        if scope["method"] not in ("GET", "HEAD", "POST"):
            return 405, "Only GET and POST are answered.", ""
        if self._is_foreign(scope, headers):
            return 403, "This request comes from another page.", "Open the address that the command printed."
        if scope["path"].startswith(_GUARDED) and not self._knows_cookie(headers):
            return 403, "This browser was not let in.", "Open the address with the token that the command printed."
        if _length(headers) > MOST_BODY:
            return 413, f"More than {MOST_BODY >> 20} MiB were sent at once.", "Do it in several steps."
        return None

    def _is_foreign(self, scope: Scope, headers: Headers) -> bool:
        """Tell whether another site's page made a request; opening our page by a link of another is fine."""
        origin = headers.get("origin")
        if origin is not None:
            return origin.lower() not in {f"{self.access.scheme}://{host}" for host in self.access.hosts}
        site = headers.get("sec-fetch-site", "same-origin")
        opened = scope["path"] == "/" and headers.get("sec-fetch-mode") == "navigate"
        return site not in ("same-origin", "none") and not opened

    def _knows_cookie(self, headers: Headers) -> bool:
        cookies = (part.strip().partition("=") for line in headers.getlist("cookie") for part in line.split(";"))
        return any(
            name == self.access.cookie_name and hmac.compare_digest(value.encode(), self.access.cookie.encode())
            for name, _, value in cookies
        )

    async def _let_in(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Give the cookie for the token, and take the token out of the address line."""
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        if not hmac.compare_digest(given.encode(), self.access.token.encode()):
            message = "The token in this address is not that of this server."
            await refusal(403, message, "Open the address that the command printed last.")(scope, receive, send)
            return
        answer = RedirectResponse("/", 303)
        answer.set_cookie(
            self.access.cookie_name,
            self.access.cookie,
            httponly=True,
            samesite="strict",
            secure=self.access.secure,
            path="/",
        )
        await answer(scope, receive, send)


class TooLarge(Exception):
    """A body of more than MOST_BODY bytes."""


def _bounded(receive: Receive) -> Receive:
    """Count what is received: a body need not say how long it is."""
    taken = 0

    async def counted() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > MOST_BODY:
            raise TooLarge
        return message

    return counted


def _with_headers(send: Send) -> Send:
    async def out(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)  # a report has a policy of its own
            headers.setdefault("cache-control", "no-store")
        await send(message)

    return out


def _length(headers: Mapping[str, str]) -> int:
    stated = headers.get("content-length", "0")
    return int(stated) if stated.isascii() and stated.isdigit() and len(stated) < 20 else MOST_BODY + 1
