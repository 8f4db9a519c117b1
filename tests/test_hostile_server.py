"""Whatever a local server sends, its client ends in time, in little memory, with a sentence that names the address."""

from __future__ import annotations

import gzip
import json
import socket
import time
import tracemalloc
from collections.abc import Callable
from email.utils import formatdate
from typing import Any

import pytest
from hostile_server import Script, heard, hostile_server, json_of, says, written

from actscribe.errors import ActScribeError
from actscribe.models.server import ChatServer, Options, chat, connection
from actscribe.models.server.exchange import MOST_BYTES

FINE = json.dumps({"choices": [{"message": {"content": "A hand."}}]}).encode()
OK = f"HTTP/1.1 200 OK|Content-Length: {len(FINE)}"
LIST = json.dumps({"data": [{"id": "tiny"}]}).encode()


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "WAITS_S", (0.01, 0.01))


def drip(beginning: bytes, piece: bytes) -> Script:
    """Send `piece` for ever, 100 times a second: no single wait is long."""

    def script(connection: socket.socket, number: int) -> None:
        heard(connection)
        connection.sendall(beginning)
        while True:
            connection.sendall(piece)
            time.sleep(0.01)

    return script


def flood(connection: socket.socket, number: int) -> None:
    heard(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        connection.sendall(b" " * 2**20)


def silent(connection: socket.socket, number: int) -> None:
    heard(connection)
    time.sleep(5)


def gone(connection: socket.socket, number: int) -> None:
    heard(connection)


def answer_with(logprob: str) -> bytes:
    top = f'[{{"token": "Yes", "logprob": {logprob}}}]'
    return (
        b'{"choices": [{"message": {"content": "Yes"}, "logprobs": {"content": [{"top_logprobs": '
        + top.encode()
        + b"}]}}]}"
    )


SLOW = "gave no whole answer within 0.5 s"
ENDLESS: dict[str, Script] = {
    "never answers": silent,
    "a byte of the body at a time": drip(b"HTTP/1.1 200 OK\r\nContent-Length: 4000000000\r\n\r\n", b" "),
    "a byte of a header at a time": drip(b"HTTP/1.1 200 OK\r\nX-", b"a"),
    "interim answers for ever": drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "a chunk at a time": drip(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "trailers for ever": drip(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n1\r\n0\r\n", b"X-Trailer: a\r\n"
    ),
}
BROKEN: dict[str, tuple[Script, str]] = {
    "no HTTP": (says("hello"), "is not HTTP"),
    "a mail server": (says("220 mail.example.com ESMTP"), "is not HTTP"),
    "TLS where none was asked for": (says("\x15\x03\x01\x00\x02\x02P"), "is not HTTP"),
    "a thousand headers": (says("HTTP/1.1 200 OK|" + "|".join(f"X-{n}: 1" for n in range(1000))), "is not HTTP"),
    "a long status": (says("HTTP/1.1 200 " + "a" * 70000), "is not HTTP"),
    "a status that is none": (says("HTTP/1.1 OK"), "is not HTTP"),
    "chunks of no size": (says("HTTP/1.1 200 OK|Transfer-Encoding: chunked", b"zz\r\n"), "broke off"),
    "too little": (says("HTTP/1.1 200 OK|Content-Length: 500", FINE), "broke off 4.. bytes before the end"),
    "nothing": (gone, "ended the connection without one"),
    "an empty body": (json_of(b""), "not JSON that can be read"),
    "no content": (says("HTTP/1.1 204 No Content"), "not JSON that can be read"),
    "HTML": (
        says("HTTP/1.1 200 OK|Content-Type: text/html", b"<html>login\x1b[2J</html>"),
        r"text/html; .*<html>login",
    ),
    "no UTF-8": (json_of(b'{"choices": "\xff\xfe\x80"}'), "not JSON that can be read"),
    "Infinity": (json_of(answer_with("-Infinity")), "-Infinity is not a JSON number"),
    "NaN": (json_of(answer_with("NaN")), "NaN is not a JSON number"),
    "a number that overflows": (json_of(answer_with("1e999")), "something else than a chat completion"),
    "a probability of 22026": (json_of(answer_with("10")), "something else than a chat completion"),
    "a word for a number": (json_of(answer_with('"high"')), "something else than a chat completion"),
    "an endless number": (json_of(b"1" * 10000), "not JSON that can be read"),
    "a hundred thousand brackets": (json_of(b"[" * 100000), "nested too deeply"),
    "a list for a text": (json_of(b'{"choices": [{"message": {"content": [1]}}]}'), "something else than a chat"),
    "a redirect": (
        says("HTTP/1.1 307 Moved|Location: http://192.0.2.1/"),
        "answered 307 to /v1/.*: a redirect",
    ),
    "gzip": (json_of(gzip.compress(b" " * 2**20), "|Content-Encoding: gzip"), r"packed \(gzip\)"),
    "no key": (says("HTTP/1.1 401 Unauthorized"), r"answered 401 to /v1/.*: \(nothing\)"),
    "no such model": (says("HTTP/1.1 404 Not Found", b'{"error": "model not found"}'), "answered 404 .*not found"),
    "500": (says("HTTP/1.1 500 Oops", b"<h1>out of\n\n  memory</h1>"), "answered 500 .*out of memory"),
}


def afterwards(script: Script) -> Script:
    """List a model, have no other endpoint to look at, and treat what is posted as the script does."""

    def sound_at_first(connection: socket.socket, number: int) -> None:
        head = connection.recv(2**16, socket.MSG_PEEK)
        if head.startswith(b"GET /v1/models "):
            json_of(LIST)(connection, number)
        elif head.startswith(b"GET"):
            says("HTTP/1.1 404 Not Found|Content-Length: 0")(connection, number)
        else:
            script(connection, number)

    return sound_at_first


def asked(address: str, timeout: float = 1.0) -> Any:
    return ChatServer(address, "tiny", sees=False, options=Options(seconds=timeout)).yes_no(["Is it?"])


STAGES: dict[str, Callable[[Script], Script]] = {"from the start": lambda script: script, "afterwards": afterwards}


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("name", ENDLESS)
def test_what_never_ends_ends_in_time(name: str, stage: str) -> None:
    with hostile_server(STAGES[stage](ENDLESS[name])) as (address, calls):
        began = time.monotonic()
        with pytest.raises(ActScribeError, match=SLOW) as caught:
            asked(address, timeout=0.5)
        assert 0.4 < time.monotonic() - began < 5
        assert len(calls) == (1 if stage == "from the start" else 5)
    assert address in caught.value.message
    assert "server's log" in caught.value.hint


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_one_sentence(name: str, stage: str) -> None:
    script, words = BROKEN[name]
    server = hostile_server(STAGES[stage](script))
    with server as (address, calls), pytest.raises(ActScribeError, match=words) as caught:
        asked(address, timeout=20)
    assert address in caught.value.message
    assert len(caught.value.message) < 800
    assert "\n" not in caught.value.message
    assert caught.value.message.isprintable()
    assert caught.value.hint
    assert len(calls) <= 4 + 3 * 3


def test_a_flood_is_not_read_into_memory() -> None:
    with hostile_server(flood) as (address, _):
        tracemalloc.start()
        try:
            with pytest.raises(ActScribeError, match="more than 4 MiB"):
                asked(address, timeout=30)
            assert tracemalloc.get_traced_memory()[1] < 6 * MOST_BYTES
        finally:
            tracemalloc.stop()


CHAT = "/v1/chat/completions"


@pytest.mark.parametrize("trouble", ["HTTP/1.1 503 Loading model", "HTTP/1.1 429 Too Many Requests", ""])
def test_a_busy_server_is_asked_again(trouble: str) -> None:
    def script(connection: socket.socket, number: int) -> None:
        if number == 2:
            json_of(FINE)(connection, number)
        elif trouble:
            says(trouble)(connection, number)
        else:
            gone(connection, number)

    with hostile_server(script) as (address, calls):
        assert connection.Connection(address).ask(CHAT, {}, 5) == json.loads(FINE)
        assert len(calls) == 3


def test_tries_are_few_and_share_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    with hostile_server(says("HTTP/1.1 503 Loading model")) as (address, calls):
        with pytest.raises(ActScribeError, match="answered 503"):
            connection.Connection(address).ask(CHAT, {}, 5)
        assert len(calls) == 3
        monkeypatch.setattr(connection, "WAITS_S", (5.0, 5.0))
        began = time.monotonic()
        with pytest.raises(ActScribeError, match="answered 503"):
            connection.Connection(address).ask(CHAT, {}, 1)
        assert time.monotonic() - began < 1
        assert len(calls) == 4


@pytest.mark.parametrize("after", ["1", "date"])
def test_a_server_is_asked_again_when_it_wants_to_be(after: str) -> None:
    def script(connection: socket.socket, number: int) -> None:
        # A date has whole seconds, so two seconds from now are one at least.
        when = formatdate(time.time() + 2, usegmt=True) if after == "date" else after
        busy = says(f"HTTP/1.1 429 Too Many Requests|Retry-After: {when}|Content-Length: 0")
        (busy if number == 0 else json_of(FINE))(connection, number)

    began = time.monotonic()
    with hostile_server(script) as (address, calls):
        assert connection.Connection(address).ask(CHAT, {}, 20) == json.loads(FINE)
        assert len(calls) == 2
    assert 0.9 < time.monotonic() - began < 10


@pytest.mark.parametrize("after", ["3600", "Fri, 31 Dec 2999 23:59:59 GMT"])
def test_a_wait_that_is_longer_than_there_is_time_is_said_at_once(after: str) -> None:
    began = time.monotonic()
    busy = says(f"HTTP/1.1 429 Too Many Requests|Retry-After: {after}|Content-Length: 4", b"busy")
    with hostile_server(busy) as (address, calls):
        with pytest.raises(ActScribeError, match=r"answered 429 .* asked again in \d+ s") as caught:
            connection.Connection(address).ask(CHAT, {}, 60)
        assert len(calls) == 1
    assert "server_parallel" in caught.value.hint
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("after", ["", "soon", "-5", "1e9", "9" * 400, "nan", "Fri, 99 Foo 2999 99:99:99 GMT"])
def test_a_wait_that_is_none_is_passed_over(after: str) -> None:
    script = says(f"HTTP/1.1 503 Loading model|Retry-After: {after}|Content-Length: 0")
    with hostile_server(script) as (address, calls):
        with pytest.raises(ActScribeError, match="answered 503"):
            connection.Connection(address).ask(CHAT, {}, 30)
        assert len(calls) == 3


def test_who_answers_before_all_is_read_is_heard() -> None:
    def enough(connection: socket.socket, number: int) -> None:
        connection.recv(1000)
        connection.sendall(written("HTTP/1.1 413 Payload Too Large|Content-Length: 9", b"too large"))
        connection.shutdown(socket.SHUT_WR)
        time.sleep(0.1)  # and closed unread: what is still sent is reset

    with hostile_server(enough) as (address, calls):
        with pytest.raises(ActScribeError, match=r"answered 413 .*too large") as caught:
            connection.Connection(address).ask(CHAT, {"x": "a" * 20_000_000}, 30)
        assert len(calls) == 1
    assert "server_short_side" in caught.value.hint


def test_one_failure_ends_what_waits_to_ask_again() -> None:
    def script(connection: socket.socket, number: int) -> None:
        request = heard(connection)
        busy = written("HTTP/1.1 429 Too Many Requests|Retry-After: 30|Content-Length: 0")
        refusal = written("HTTP/1.1 418 Teapot")
        connection.sendall(busy if b"busy" in request else refusal if b"fail" in request else written(OK, FINE))

    with hostile_server(afterwards(script)) as (address, _):
        server = ChatServer(address, "tiny", sees=False, options=Options(seconds=60))
        began = time.monotonic()
        with pytest.raises(ActScribeError, match="answered 418"):
            server.written(["fine", "busy", "busy", "fail"], 5)
        assert time.monotonic() - began < 10


def test_one_failure_ends_what_is_asked_at_the_same_time() -> None:
    def script(connection: socket.socket, number: int) -> None:
        request = heard(connection)
        if b"hang" in request:
            time.sleep(5)
        else:
            connection.sendall(written("HTTP/1.1 418 Teapot") if b"fail" in request else written(OK, FINE))

    with hostile_server(afterwards(script)) as (address, _):
        server = ChatServer(address, "tiny", sees=False, options=Options(seconds=60))
        began = time.monotonic()
        with pytest.raises(ActScribeError, match="answered 418"):
            server.written(["fine", "hang", "hang", "fail"], 5)
        assert time.monotonic() - began < 3


def test_the_list_of_models_is_bounded_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat, "LIST_TIMEOUT_S", 0.5)
    with hostile_server(silent) as (address, _), pytest.raises(ActScribeError, match=r"/models: .*within"):
        ChatServer(address).description()
    many = json.dumps({"data": [{"id": f"model {n}"} for n in range(5000)]}).encode()
    with hostile_server(json_of(many)) as (address, _), pytest.raises(ActScribeError, match="5 000 models") as caught:
        ChatServer(address).description()
    assert len(caught.value.message) < 500


def test_a_redirect_is_not_followed_anywhere() -> None:
    elsewhere: list[int] = []
    with hostile_server(lambda connection, number: elsewhere.append(number)) as (other, _):
        script = says(f"HTTP/1.1 307 Moved|Location: {other}/chat/completions|Content-Length: 0")
        with hostile_server(afterwards(script)) as (address, _), pytest.raises(ActScribeError, match="a redirect to"):
            asked(address)
    assert not elsewhere


def test_characters_that_no_file_can_hold_are_replaced() -> None:
    body = b'{"choices": [{"message": {"content": "a \\ud800 hand"}}]}'
    with hostile_server(afterwards(json_of(body))) as (address, _):
        assert ChatServer(address, "tiny", sees=False).written(["What?"], 9)[0].text == "a ? hand"


def test_plain_text_and_chunks_are_read_like_any_answer() -> None:
    size = f"{len(FINE):x}\r\n".encode()
    chunked = says(
        "HTTP/1.1 200 OK|Transfer-Encoding: chunked|Content-Type: text/plain", size + FINE + b"\r\n0\r\n\r\n"
    )
    with hostile_server(afterwards(chunked)) as (address, _):
        assert ChatServer(address, "tiny", sees=False).written(["What?"], 9)[0].text == "A hand."
