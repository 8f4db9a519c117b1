"""The line to a server: where its endpoints are, and how often a busy one is asked again."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

from actscribe.errors import ActScribeError
from actscribe.models.server.exchange import Stop, Trouble, exchange

#: Seconds between tries where a server says that it is busy, or drops the connection.
WAITS_S = (0.5, 2.0)
OPENAI = "/v1"


class ServerError(ActScribeError):
    """What a server reports, or that it gives no answer.

    Args:
        message, hint: see `ActScribeError`.
        status: of HTTP where it reports a problem, else 0.
        answered: whether a whole answer came, of whatever sort.
    """

    def __init__(self, message: str, hint: str, status: int = 0, answered: bool = True) -> None:
        super().__init__(message, hint)
        self.status, self.answered = status, answered


@dataclass(frozen=True, slots=True)
class Connection:
    """A server that is asked.

    Args:
        address: of its OpenAI-compatible interface, from `checked_address`; it usually ends in /v1.
    """

    address: str

    def url(self, path: str) -> str:
        """Return where an endpoint is: /v1/... in the OpenAI-compatible interface, all else beside it."""
        if path.startswith(f"{OPENAI}/"):
            return self.address + path.removeprefix(OPENAI)
        return self.address.removesuffix(OPENAI) + path

    def ask(self, path: str, body: dict[str, Any] | None, seconds: float, stop: Stop | None = None) -> Any:
        """Return what an endpoint answers: JSON.

        A server that says that it is busy is asked again after `WAITS_S`, or after as long as it wants, if that is
        within the time.

        Args:
            path: of the endpoint, from /.
            body: that is posted; None gets.
            seconds: for all tries together.
            stop: ends it from another thread.

        Raises:
            ServerError: no usable answer.
        """
        data = None if body is None else json.dumps(body).encode()
        until, quits = time.monotonic() + seconds, stop or Stop()
        for wait in (*WAITS_S, None):
            try:
                return exchange(self.url(path), data, max(until - time.monotonic(), 0.01), quits)
            except Trouble as trouble:
                pause = max(wait or 0.0, trouble.after_s)
                late = time.monotonic() + pause >= until
                if wait is None or quits.over or not trouble.again or late:
                    raise self._explained(path, trouble) from None
            quits.wait(pause)
        raise AssertionError("the last try returns or raises")

    def look(self, path: str, seconds: float, body: dict[str, Any] | None = None) -> Any:
        """Return what an endpoint answers that not every server has; None where this one does not.

        Raises:
            ServerError: the server does not answer at all.
        """
        try:
            return exchange(self.url(path), None if body is None else json.dumps(body).encode(), seconds)
        except Trouble as trouble:
            if trouble.answered:
                return None
            raise self._explained(path, trouble) from None

    def _explained(self, path: str, trouble: Trouble) -> ServerError:
        where = self.url(path)
        if trouble.status:
            message = f"The server at {self.address} answered {trouble.status} to {path}: {trouble.what}"
            if trouble.after_s:
                message += f" (It wants to be asked again in {trouble.after_s:.0f} s.)"
        else:
            message = f"No usable answer from {where}: {trouble.what}"
        return ServerError(message, trouble.hint, trouble.status, trouble.answered)
