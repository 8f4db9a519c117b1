"""One bounded exchange with a server that is to answer in JSON: total time and size, whatever it sends.

A socket's own timeout restarts with every byte, and HTTP's parts (headers, interim answers, trailers) have no end
that a server must keep to, so a watch shuts the connection down when the time is over (ours). Nothing is unpacked, no
redirect followed and no proxy used: either could carry what is sent to another machine.
"""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.utils import parsedate_to_datetime
from typing import Any, NoReturn
from urllib.parse import SplitResult, urlsplit

from actscribe.counts import counted

#: Seconds until a connection stands: a server on this machine or in the same building needs none of them.
CONNECT_S = 10.0
#: Bytes of an answer: a completion with all its alternatives has some thousands, a long list of models half a million.
MOST_BYTES = 2**22
#: Statuses of a server that may answer the next time: it is busy, loads its model, or restarts a part of itself.
PASSING = (429, 500, 502, 503, 504)
#: Characters of what a server said that stand in a message.
SHOWN = 300

ANSWERS_KEPT = "Answers so far are kept."
START = f"Start the server (for example: ollama serve) and check the address. {ANSWERS_KEPT}"
LOG = f"Look at the server's log, or restart it. {ANSWERS_KEPT}"
SLOW = (
    f"It may be busy, or the model too large for this machine: look at the server's log, or restart it. {ANSWERS_KEPT}"
)
INTERFACE = "Give the address of its OpenAI-compatible interface; it usually ends in /v1."
NO_REDIRECT = "Give the address where it is: redirects are not followed, since they could lead to another machine."
BY_STATUS = {
    401: "It asks for a key, and none is sent: start it without one.",
    403: "It asks for a key, and none is sent: start it without one.",
    404: f"Check the model's name (server_model or judge_server_model). {INTERFACE}",
    413: "Use fewer frames or a smaller server_short_side, or raise the server's limit.",
    429: f"It is busy: lower server_parallel, or type the same again later. {ANSWERS_KEPT}",
    503: f"It is busy or still loads its model: type the same again later. {ANSWERS_KEPT}",
}


class Trouble(Exception):
    """Why there is no answer.

    Args:
        what: happened, in words that follow a colon.
        hint: what to do.
        again: whether another try may succeed.
        status: of an answer that reports a problem; 0: of none.
        answered: whether a whole answer came, of whatever sort.
        after_s: seconds after which the server wants to be asked again; 0: it does not say.
    """

    def __init__(
        self,
        what: str,
        hint: str,
        again: bool = False,
        status: int = 0,
        answered: bool = False,
        after_s: float = 0.0,
    ) -> None:
        super().__init__(what)
        self.what, self.hint, self.again, self.status, self.after_s = what, hint, again, status, after_s
        self.answered = answered or bool(status)


class Stop:
    """Ends exchanges that are under way in other threads, and lets no new one begin."""

    def __init__(self) -> None:
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._watches: set[_Watch] = set()

    @property
    def over(self) -> bool:
        """Whether `end` was called."""
        return self._over.is_set()

    def wait(self, seconds: float) -> None:
        """Wait so many seconds, or until `end` is called."""
        self._over.wait(seconds)

    def end(self) -> None:
        """End them."""
        with self._lock:
            self._over.set()
            watches = list(self._watches)
        for watch in watches:
            watch.end()

    def add(self, watch: _Watch) -> None:
        """Let `end` end an exchange too."""
        with self._lock:
            self._watches.add(watch)
        if self.over:
            watch.end()

    def remove(self, watch: _Watch) -> None:
        """Forget an exchange that is over."""
        with self._lock:
            self._watches.discard(watch)


def exchange(url: str, body: bytes | None, seconds: float, stop: Stop | None = None) -> Any:
    """Send a request, POST where there is a body and else GET, and return the answer's JSON.

    Args:
        url: http or https.
        body: JSON.
        seconds: from the first step to the last byte; a connection has to stand within `CONNECT_S` of them.
        stop: ends it from another thread.

    Raises:
        Trouble: no answer in time, one that is too large, broken, packed, no JSON, or that reports a problem.
    """
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    watch = _Watch(seconds, stop)
    try:
        with watch, _connected(parts, seconds, watch) as connection:
            kind = {"Content-Type": "application/json", "Accept": "application/json"}
            with suppress(BrokenPipeError, ConnectionResetError):  # who has enough of a body may have answered already
                connection.request("GET" if body is None else "POST", target, body, kind)
            with connection.getresponse() as answer:
                data = answer.read(MOST_BYTES + 1)
                left = answer.length
    except (OSError, http.client.HTTPException, ValueError) as error:
        _explain(error, watch, seconds)
    if watch.over:
        _explain(None, watch, seconds)
    if len(data) > MOST_BYTES:
        raise Trouble(f"it sent more than {MOST_BYTES // 2**20} MiB.", LOG)
    _check_head(answer, data)
    if left:
        raise Trouble(f"it broke off {counted(left, 'byte')} before the end.", LOG, again=True)
    return _parsed(data, answer.headers.get("Content-Type", "no type given"))


def shown(text: str) -> str:
    """Return the beginning of what a server said, in one line and without characters that act on a terminal."""
    line = " ".join(text[: 4 * SHOWN].split())
    return "".join(letter if letter.isprintable() else "?" for letter in line)[:SHOWN] or "(nothing)"


class _Watch:
    """Shuts a socket down when time is over, whatever it is doing at that moment."""

    def __init__(self, seconds: float, stop: Stop | None) -> None:
        self.over = False
        self._sock: socket.socket | None = None
        self._stop = stop
        self._timer = threading.Timer(seconds, self.end)
        self._timer.daemon = True

    def __enter__(self) -> None:
        self._timer.start()
        if self._stop is not None:
            self._stop.add(self)

    def __exit__(self, *error: object) -> None:
        self._timer.cancel()
        if self._stop is not None:
            self._stop.remove(self)

    def hold(self, sock: socket.socket) -> None:
        """Watch over a socket, at once where the time was over before it stood."""
        self._sock = sock
        if self.over:
            self.end()

    def end(self) -> None:
        """Shut it down."""
        self.over = True
        if self._sock is not None:
            with suppress(OSError):
                self._sock.shutdown(socket.SHUT_RDWR)


@contextmanager
def _connected(parts: SplitResult, seconds: float, watch: _Watch) -> Iterator[http.client.HTTPConnection]:
    secure = parts.scheme == "https"
    host, port = str(parts.hostname), parts.port or (443 if secure else 80)
    try:
        sock = socket.create_connection((host, port), min(CONNECT_S, seconds))
    except TimeoutError:
        raise Trouble(f"no connection within {min(CONNECT_S, seconds):g} s.", START) from None
    try:
        sock.settimeout(seconds)  # of each wait; the watch ends them all together
        if secure:  # the handshake comes when the watch holds the socket
            sock = ssl.create_default_context().wrap_socket(sock, server_hostname=host, do_handshake_on_connect=False)
        watch.hold(sock)
        if isinstance(sock, ssl.SSLSocket):
            sock.do_handshake()
        connection = http.client.HTTPConnection(host, port)
        connection.sock = sock
        yield connection
    finally:
        sock.close()


def _explain(error: Exception | None, watch: _Watch, seconds: float) -> NoReturn:
    if watch.over or isinstance(error, TimeoutError):
        raise Trouble(f"it gave no whole answer within {round(seconds, 1):g} s.", SLOW) from None
    if isinstance(error, (ConnectionRefusedError, socket.gaierror)):
        raise Trouble(f"it cannot be reached ({error}).", START) from None
    if isinstance(error, (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError)):
        raise Trouble("it ended the connection without one.", LOG, again=True) from None
    if isinstance(error, http.client.IncompleteRead):
        raise Trouble("it broke off in the middle.", LOG, again=True) from None
    if isinstance(error, http.client.HTTPException):
        answered = shown(f"{type(error).__name__} {error}")
        raise Trouble(f"what it sent is not HTTP ({answered}).", f"Check the address. {INTERFACE}") from None
    raise Trouble(f"{shown(str(error))}.", START) from None


def _check_head(answer: http.client.HTTPResponse, data: bytes) -> None:
    packed = answer.headers.get("Content-Encoding", "identity").strip().lower()
    if packed not in ("", "identity"):
        raise Trouble(
            f"it is packed ({shown(packed)}), which was not requested.", "Switch the server's compression off."
        )
    if 300 <= answer.status < 400:
        where = shown(answer.headers.get("Location", "nowhere"))
        raise Trouble(f"a redirect to {where}.", NO_REDIRECT, status=answer.status)
    if not 200 <= answer.status < 300:
        hint = BY_STATUS.get(answer.status, LOG)
        again, after_s = answer.status in PASSING, _seconds(answer.headers.get("Retry-After", ""))
        raise Trouble(shown(data.decode(errors="replace")), hint, again, answer.status, after_s=after_s)


def _seconds(after: str) -> float:
    """Return the seconds of a Retry-After (RFC 9110): a number, or a date; 0 of anything else."""
    if after.strip().isdecimal() and len(after) < 10:
        return float(after)
    try:
        moment = parsedate_to_datetime(after)
    except ValueError:
        return 0.0
    return max(0.0, moment.timestamp() - time.time())


def _parsed(data: bytes, kind: str) -> Any:
    try:
        return json.loads(data, parse_constant=_refused)
    except (ValueError, RecursionError) as error:
        why = "nested too deeply" if isinstance(error, RecursionError) else shown(str(error))
        answered = shown(data[: 4 * SHOWN].decode(errors="replace"))
        message = f"it is not JSON that can be read ({shown(kind)}; {why}): {answered}"
        raise Trouble(message, INTERFACE, answered=True) from None


def _refused(word: str) -> NoReturn:
    raise ValueError(f"{word} is not a JSON number")
