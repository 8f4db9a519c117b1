"""Where a server is: on this machine, unless frames of the videos may go to another one."""

from __future__ import annotations

import ipaddress
from urllib.parse import SplitResult, urlsplit

from actscribe.errors import ActScribeError

#: What ends the address of an endpoint, and not of the interface that it belongs to.
ENDPOINTS = ("/chat/completions", "/completions", "/models", "/responses")


def checked_address(address: str, allow_remote: bool) -> str:
    """Return a server's address without a slash at its end; one without a path gets /v1.

    Raises:
        ActScribeError: it is not an http address, has a part that is not sent, or is of another machine and that was
            not allowed.
    """
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        parts, host = urlsplit(""), ""
    if "@" in address:  # not shown: it may be a password
        raise ActScribeError(
            "A server's address with a name or password in it: neither is sent, and a run would keep them.",
            "Start the server without a key, and write its address without them: http://127.0.0.1:11434/v1",
        )
    if parts.scheme not in ("http", "https") or not host or not _is_plain(address):
        raise ActScribeError(f"{address!r} is not a server address.", "Expected one like http://127.0.0.1:11434/v1")
    _check_end(parts)
    if not is_loopback(host) and not allow_remote:
        raise ActScribeError(
            f"'{address}' is another machine: frames of your videos would leave this one.",
            "Run the server here (127.0.0.1 or localhost). If you may send the videos there: allow_remote: true",
        )
    return address.rstrip("/") if parts.path.strip("/") else f"{parts.scheme}://{parts.netloc}/v1"


def _is_plain(address: str) -> bool:
    """Tell whether an address can stand in a request as it is; letters beyond ASCII have to be spelled %C3%BC."""
    return address.isascii() and address.isprintable() and " " not in address


def _check_end(parts: SplitResult) -> None:
    """Refuse what follows the address of an interface: endpoints are put behind it."""
    path = parts.path.rstrip("/")
    surplus = next((end for end in ENDPOINTS if path.endswith(end)), "")
    if surplus or parts.query or parts.fragment:
        bare = f"{parts.scheme}://{parts.netloc}{path.removesuffix(surplus)}"
        what = surplus or "what follows ? or #"
        raise ActScribeError(
            f"'{bare}…' is longer than a server's address: {what} does not belong to it.", f"Write {bare}"
        )


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address can only be this machine; no name is looked up."""
    if host.casefold() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
