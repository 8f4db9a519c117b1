"""Where a server is: on this machine, unless frames of the videos may go to another one."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from actscribe.errors import ActScribeError


def checked_address(address: str, allow_remote: bool) -> str:
    """Return a server's address without a slash at its end; one without a path gets /v1.

    Raises:
        ActScribeError: it is not an http address, or of another machine and that was not allowed.
    """
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        parts, host = urlsplit(""), ""
    if parts.scheme not in ("http", "https") or not host:
        raise ActScribeError(f"'{address}' is not a server address.", "Expected one like http://127.0.0.1:11434/v1")
    if not is_loopback(host) and not allow_remote:
        raise ActScribeError(
            f"'{address}' is another machine: frames of your videos would leave this one.",
            "Run the server here (127.0.0.1 or localhost). If you may send the videos there: allow_remote: true",
        )
    return address.rstrip("/") if parts.path.strip("/") else f"{parts.scheme}://{parts.netloc}/v1"


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address can only be this machine; no name is looked up."""
    if host.casefold() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
