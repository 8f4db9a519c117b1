"""A hostile server on this machine: broken, endless, slow, huge and lying answers to a vision-language recognizer."""

from __future__ import annotations

import json
import math
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

from actscribe.errors import ActScribeError
from actscribe.models.server import ChatServer, EncodedClip, Options
from campaigns.campaign import Campaign, Case, Verdict
from campaigns.worker import note_group

#: Seconds that an answer may take in the campaign, and by how much the tool may exceed it: it asks what the server can
#: do before it asks the model.
PATIENCE, SPARE_S = 2.0, 7.0
#: Whose models a list of models says they are; "" fits no server that is known.
OWNERS = ("", "vllm", "llamacpp")
#: Characters of a message, and bytes at most of a server that does not stop.
LONGEST = 5000
_MOST_FLOOD = 6 * 2**30

Send = Callable[[bytes], None]
Answer = Callable[[Send, np.random.Generator], None]


def _http(body: bytes, *headers: str, status: str = "200 OK", length: int | None = None) -> bytes:
    lines = (f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}", *headers, "", "")
    return "\r\n".join(lines).encode("latin-1") + body


def _completion(content: object, top: object = None) -> bytes:
    choice: dict[str, object] = {"message": {"role": "assistant", "content": content}}
    if top is not None:
        choice["logprobs"] = {"content": [{"top_logprobs": top}]}
    return json.dumps({"choices": [choice]}).encode()


def a_byte_a_second(send: Send, rng: np.random.Generator) -> None:
    send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    for _ in range(60):
        send(b" ")
        time.sleep(0.5)


def slow_headers(send: Send, rng: np.random.Generator) -> None:
    send(b"HTTP/1.1 200 OK\r\n")
    for number in range(60):
        send(f"X-{number}: y\r\n".encode())
        time.sleep(0.5)


def silence(send: Send, rng: np.random.Generator) -> None:
    time.sleep(30)


def flood(send: Send, rng: np.random.Generator) -> None:
    send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
    piece = b" " * 2**20
    for _ in range(_MOST_FLOOD // len(piece)):
        send(piece)


def flood_of_headers(send: Send, rng: np.random.Generator) -> None:
    send(b"HTTP/1.1 200 OK\r\n")
    for _ in range(2**15):
        send(b"X: " + b"y" * 2**16 + b"\r\n")


def endless_line(send: Send, rng: np.random.Generator) -> None:
    for _ in range(2**11):
        send(b"HTTP/1.1 200 " + b"OK" * 2**15)


def claims_terabytes(send: Send, rng: np.random.Generator) -> None:
    send(_http(_completion("yes"), length=2**42))


def cut_off(send: Send, rng: np.random.Generator) -> None:
    whole = _http(_completion("yes"))
    send(whole[: int(rng.integers(0, len(whole)))])


def endless_chunks(send: Send, rng: np.random.Generator) -> None:
    send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(60):
        send(b"1\r\n \r\n")
        time.sleep(0.5)


def broken_chunks(send: Send, rng: np.random.Generator) -> None:
    sizes = (b"zz", b"-5", b"FFFFFFFFFFFFFFFFFF", b"1;x=" + b"y" * 70000, b"")
    send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + sizes[rng.integers(len(sizes))] + b"\r\nabc\r\n")


def no_http(send: Send, rng: np.random.Generator) -> None:
    answers = (
        b"SSH-2.0-OpenSSH_9\r\n",
        b"\x16\x03\x01\x02\0",
        b"\0" * 100,
        b"HTTP/9.9 abc\r\n\r\n",
        b"HTTP/1.1\r\n\r\n",
    )
    send(answers[rng.integers(len(answers))])


def odd_numbers(send: Send, rng: np.random.Generator) -> None:
    values = ("Infinity", "-Infinity", "NaN", "1e999", "1e308", "5", "-1e400", '"x"', "null", "true", "[]", "1" * 400)
    listed = (
        f'[{{"token": "yes", "logprob": {rng.choice(values)}}}, {{"token": "no", "logprob": {rng.choice(values)}}}]'
    )
    body = _completion("yes", []).replace(b'"top_logprobs": []', f'"top_logprobs": {listed}'.encode())
    send(_http(body))


def odd_shapes(send: Send, rng: np.random.Generator) -> None:
    bodies: tuple[object, ...] = (
        *(None, [], {}, "yes", 3, {"choices": None}, {"choices": []}, {"choices": [None]}, {"choices": [[]]}),
        *({"choices": [{}]}, {"choices": [{"message": None}]}, {"choices": [{"message": {"content": {"a": 1}}}]}),
        *({"choices": {"0": 1}}, {"error": "x" * 10000}, {"choices": [{"message": {"content": ["yes"]}}]}),
    )
    send(_http(json.dumps(bodies[rng.integers(len(bodies))]).encode()))


def odd_text(send: Send, rng: np.random.Generator) -> None:
    bodies = (
        b"\xff\xfe\0",
        b"[" * 200_000,
        b'{"choices": ' * 50_000,
        b"<html>",
        b"",
        b"\xef\xbb\xbf{}",
        b'{"a": "\\ud800"}',
    )
    send(_http(bodies[rng.integers(len(bodies))]))


def lone_surrogate(send: Send, rng: np.random.Generator) -> None:
    send(_http(b'{"choices": [{"message": {"content": "yes \\ud800 \\u0000 \\u001b[2J"}}]}'))


def long_text(send: Send, rng: np.random.Generator) -> None:
    send(_http(_completion("yes " * 2_000_000)))


def errors(send: Send, rng: np.random.Generator) -> None:
    status = str(
        rng.choice(["500 Oops", "503 Busy", "404 Not Found", "401 No", "418 Teapot", "204 No Content", "100 Go"])
    )
    send(_http(b"x" * int(rng.integers(0, 10**6)), status=status))


def elsewhere(send: Send, rng: np.random.Generator) -> None:
    """Redirect, which could carry frames to another machine."""
    send(
        _http(
            b"", "Location: http://192.0.2.1/v1/chat/completions", status=f"30{rng.choice([1, 2, 3, 7, 8])} Elsewhere"
        )
    )


def compressed(send: Send, rng: np.random.Generator) -> None:
    """Answer in gzip, now and then with a gigabyte of blanks."""
    packer = zlib.compressobj(1, wbits=31)
    pieces = [b" " * 2**20] * 1000 if rng.random() < 0.3 else [_completion("yes")]
    body = b"".join(packer.compress(piece) for piece in pieces) + packer.flush()
    send(_http(body, "Content-Encoding: gzip"))


def closes(send: Send, rng: np.random.Generator) -> None:
    return


def sound(send: Send, rng: np.random.Generator) -> None:
    chance = float(rng.uniform(0.01, 0.99))
    top = [{"token": "yes", "logprob": math.log(chance)}, {"token": "no", "logprob": math.log(1 - chance)}]
    send(_http(_completion("yes", top)))


ANSWERS: tuple[Answer, ...] = (
    *(a_byte_a_second, slow_headers, silence, flood, flood_of_headers, endless_line, claims_terabytes, cut_off),
    *(endless_chunks, broken_chunks, no_http, odd_numbers, odd_numbers, odd_numbers, odd_shapes, odd_shapes, odd_text),
    *(lone_surrogate, long_text, errors, elsewhere, compressed, closes, sound),
)


def prepare(sources: Path) -> None:
    """Nothing is needed."""


def attempt(case: Case) -> Verdict:
    """Ask a server that misbehaves; an answer is in [0, 1] or refused with a sentence, within the time allowed."""
    answer = ANSWERS[case.number % len(ANSWERS)]
    group = note_group(case, answer.__name__)
    clip = EncodedClip(case.rng.integers(0, 255, (2, 32, 48, 3), dtype=np.uint8), np.array([0.5, 1.5]), 2.0)
    owner = None if case.rng.random() < 0.2 else str(case.rng.choice(OWNERS))
    start = time.monotonic()
    with _server(answer, owner, case.rng) as address:
        try:
            server = ChatServer(address, "tiny", options=Options("images", seconds=PATIENCE))
            if case.rng.random() < 0.7:
                (reply,) = server.yes_no(["Is it so?"], clip)
                values = (reply.probability, reply.probability_mass)
            else:
                values = (0.0, 0.0)
                text = server.written(["What is it?"], 64, clip)[0].text
                if len(text) > 10**6:
                    return Verdict(group, "endless answer", True, f"{len(text)} characters")
        except ActScribeError as error:
            if len(str(error)) > LONGEST or "\x1b" in str(error):
                return Verdict(group, "unreadable refusal", True, f"{len(str(error))} characters: {str(error)[:100]!r}")
            return _timely(group, start, Verdict(group, "refused", detail=str(error)[:300]))
    if not all(math.isfinite(value) and 0 <= value <= 1 for value in values if value is not None):
        return Verdict(group, "unsound", True, f"{values}")
    return _timely(group, start, Verdict(group, "answered", detail=f"{values}"))


def _timely(group: str, start: float, verdict: Verdict) -> Verdict:
    took = time.monotonic() - start
    return Verdict(group, "late", True, f"{took:.1f} s of {PATIENCE} s") if took > PATIENCE + SPARE_S else verdict


@contextmanager
def _server(answer: Answer, owner: str | None, rng: np.random.Generator) -> Iterator[str]:
    """Yield the address of a server that answers in one way: every request, or with an owner of its model only what is
    posted."""
    listening = socket.create_server(("127.0.0.1", 0))
    listening.settimeout(0.2)
    ends = threading.Event()

    def serve() -> None:
        while not ends.is_set():
            with suppress(OSError):
                one, _ = listening.accept()
                with one:
                    one.settimeout(2.0)
                    head = _request(one)
                    if owner is None or head.startswith(b"POST"):
                        answer(one.sendall, rng)
                    else:
                        _listed(one.sendall, head, owner)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
    finally:
        ends.set()
        listening.close()


def _listed(send: Send, head: bytes, owner: str) -> None:
    """Answer soundly what is asked of the server itself."""
    if head.startswith(b"GET /v1/models "):
        send(_http(json.dumps({"data": [{"id": "tiny", "owned_by": owner}]}).encode()))
    else:
        send(_http(b"", status="404 Not Found"))


def _request(one: socket.socket) -> bytes:
    """Read a request with its body, and return its head."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = one.recv(65536)
        if not piece:
            return data
        data += piece
    head, body = data.split(b"\r\n\r\n", 1)
    length = next((int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if b"content-length" in line), 0)
    while len(body) < length:
        piece = one.recv(65536)
        if not piece:
            return head
        body += piece
    return head


CAMPAIGN = Campaign(
    name="servers",
    about=f"A server on this machine that answers in {len(ANSWERS)} broken, endless, slow, huge and lying ways.",
    oracle=f"a sentence, or probabilities in [0, 1], within {PATIENCE + SPARE_S:.0f} s where {PATIENCE:.0f} s are"
    " allowed and within the bounds of memory.",
    short=len(ANSWERS),
    full=10 * len(ANSWERS),
    prepare=prepare,
    attempt=attempt,
    modules=("actscribe.models.server",),
    fresh=True,
)
