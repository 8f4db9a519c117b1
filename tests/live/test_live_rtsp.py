"""RTSP: what is passed between FFmpeg and the server that was named, and that nothing leads anywhere else."""

from __future__ import annotations

import hashlib
import re
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer

import numpy as np
import pytest
from videos import make_video

from actscribe.errors import ActScribeError
from actscribe.live.arrivals import Arrival, Event, Picture
from actscribe.live.sources import opened, rtsp_messages, rtsp_relay
from actscribe.live.sources.choose import choose
from actscribe.live.sources.rtsp_messages import Login, Message, Messages
from actscribe.live.sources.rtsp_relay import Relay

#: Of a server: from the head of a request and the number of the connection to status and fields; None: no answer.
Answers = Callable[[str, int], str | None]
CHALLENGE = 'WWW-Authenticate: Digest realm="ward", nonce="n0", qop="auth"\r\nWWW-Authenticate: Basic realm="ward"'


class _Server(ThreadingTCPServer):
    daemon_threads, allow_reuse_address, request_queue_size = True, True, 20
    context: ssl.SSLContext | None = None

    def __init__(self, answers: Answers, transport_stream: bytes) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers, self.transport_stream = answers, transport_stream
        self.asked: list[str] = []
        self.connections = 0

    def get_request(self) -> tuple[socket.socket, object]:
        line, address = super().get_request()
        return (self.context.wrap_socket(line, server_side=True) if self.context else line), address


class _Handler(BaseRequestHandler):
    server: _Server
    udp_port: int | None = None

    def handle(self) -> None:
        number, rest = self.server.connections, b""
        self.server.connections += 1
        while chunk := self.request.recv(4096):
            rest += chunk
            while b"\r\n\r\n" in rest and not rest.startswith(b"$"):
                head, _, rest = rest.partition(b"\r\n\r\n")
                request = head.decode()
                self.server.asked.append(request)
                if port := re.search(r"client_port=(\d+)", request):
                    self.udp_port = int(port[1])
                answer = self.server.answers(request, number)
                if answer is None:
                    return
                (sequence,) = re.findall(r"CSeq: \d+", request)
                fields, _, body = answer.partition("\r\n\r\n")
                self.request.sendall(f"RTSP/1.0 {fields}\r\n{sequence}\r\n\r\n{body}".encode())
                if request.startswith("PLAY"):
                    self._play()

    def _play(self) -> None:
        content, part = self.server.transport_stream, 188 * 7
        for number, first in enumerate(range(0, len(content), part)):
            header = b"\x80\x21" + number.to_bytes(2, "big") + (number * 900).to_bytes(4, "big") + b"ward"
            packet = header + content[first : first + part]
            if self.udp_port is None:
                self.request.sendall(b"$\x00" + len(packet).to_bytes(2, "big") + packet)
                continue
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
                line.sendto(packet, ("127.0.0.1", self.udp_port))
            time.sleep(0.002)  # as a camera, which does not send a film at once


@contextmanager
def serving(answers: Answers, content: bytes = b"", context: ssl.SSLContext | None = None) -> Iterator[_Server]:
    with _Server(answers, content) as server:
        server.context = context
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def in_turn(*replies: str) -> Answers:
    left = list(replies)
    return lambda request, number: left.pop(0) if left else None


def camera(request: str, number: int = 0) -> str:
    """Answer as a camera that sends a transport stream."""
    method, uri, _ = request.split("\r\n")[0].split(" ")
    if method == "DESCRIBE":
        body = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=ward\r\nt=0 0\r\nm=video 0 RTP/AVP 33\r\na=control:track1\r\n"
        fields = f"Content-Base: {uri}/\r\nContent-Type: application/sdp\r\nContent-Length: {len(body)}"
        return f"200 OK\r\n{fields}\r\nCSeq: {re.findall('CSeq: ([0-9]+)', request)[0]}\r\n\r\n{body}"
    if method == "SETUP":
        return "200 OK\r\nSession: 7\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1"
    return "200 OK\r\nSession: 7"


def locked(request: str, number: int = 0) -> str:
    """Answer as a camera that asks for a name and a password by Digest."""
    method, uri, _ = request.split("\r\n")[0].split(" ")
    given = dict(re.findall(r'(\w+)="?([^",\r]*)', "".join(re.findall("Authorization: Digest (.*)", request))))
    if not given:
        return f"401 Unauthorized\r\n{CHALLENGE}"
    md5 = lambda *parts: hashlib.md5(":".join(parts).encode()).hexdigest()  # noqa: E731
    secret, asked = md5("anna", "ward", "p:1"), md5(method, uri)
    right = md5(secret, "n0", given["nc"], given["cnonce"], "auth", asked)
    return camera(request) if (given["response"], given["uri"]) == (right, uri) else "403 Forbidden"


def watch(address: str, first: int = 1) -> list[Arrival]:
    stop, arrivals = threading.Event(), list[Arrival]()
    for one in choose(address, patience_s=0.0).source.arrivals(0.0, stop):
        arrivals.append(one)
        if sum(isinstance(one, Picture) for one in arrivals) >= first:
            break
    return arrivals


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return make_video(tmp_path_factory.mktemp("film") / "v.ts", 75, options={"g": "5"}).read_bytes()


def test_a_camera_that_asks_for_a_password_is_watched_and_named_in_every_request(film: bytes) -> None:
    with serving(locked, film) as server:
        port = server.server_address[1]
        pictures = watch(f"rtsp://anna:p%3A1@127.0.0.1:{port}/ward?cam=2", first=30)
        assert len(pictures) >= 30
        assert server.connections == 1
        uris = {request.split("\r\n")[0].split(" ")[1] for request in server.asked}
    base = f"rtsp://127.0.0.1:{port}/ward?cam=2"
    assert uris <= {base, f"{base}/", f"{base}/track1"}
    assert f"{base}/track1" in uris
    assert "p:1" not in "".join(server.asked)


@pytest.fixture
def certified(tmp_path: Path) -> ssl.SSLContext:
    """What a server with a certificate of its own speaks TLS with."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl here to make a certificate")
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-days", "2"]
    files = ["-nodes", "-subj", "/CN=ward", "-keyout", str(tmp_path / "key.pem"), "-out", str(tmp_path / "cert.pem")]
    subprocess.run([*made, *files], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    return context


def test_a_camera_over_tls(film: bytes, certified: ssl.SSLContext) -> None:
    with serving(locked, film, certified) as server:
        assert len(watch(f"rtsps://anna:p%3A1@127.0.0.1:{server.server_address[1]}/ward", first=30)) >= 30


def over_udp_alone(request: str, number: int = 0) -> str:
    """Answer as a server that refuses packets between its messages, and would have reports sent to another host."""
    if not request.startswith("SETUP"):
        return camera(request)
    if "RTP/AVP/TCP" in request:
        return "461 Unsupported Transport"
    (ports,) = re.findall(r"client_port=[\d-]+", request)
    return f"200 OK\r\nSession: 7\r\nTransport: RTP/AVP/UDP;unicast;source=192.0.2.1;{ports};server_port=50000-50001"


def test_a_server_that_sends_over_udp_alone_is_watched(film: bytes) -> None:
    """As VLC's does."""
    with serving(over_udp_alone, film) as server:
        assert len(watch(f"rtsp://127.0.0.1:{server.server_address[1]}/ward", first=30)) >= 30
        assert server.connections == 2


def test_what_was_to_come_over_tls_is_not_asked_for_over_udp(film: bytes, certified: ssl.SSLContext) -> None:
    with serving(over_udp_alone, film, certified) as server:
        with pytest.raises(ActScribeError, match="cannot be opened"):
            watch(f"rtsps://127.0.0.1:{server.server_address[1]}/ward")
        assert not [one for one in server.asked if "client_port" in one]


@pytest.mark.parametrize("value", ["RTP/AVP;source=192.0.2.1;x=1", "RTP/AVP; Source=a;x=1;DESTINATION=b"])
def test_no_reply_says_where_ffmpeg_sends_its_reports(value: str) -> None:
    assert rtsp_relay.from_here(("Transport", value)) == ("Transport", "RTP/AVP;x=1")
    assert rtsp_relay.from_here(("X-Transport", value)) == ("X-Transport", value)


def to_elsewhere(port: int) -> str:
    return f"302 Found\r\nLocation: rtsp://anna:secret@127.0.0.1:{port}/elsewhere"


def after_the_password(port: int) -> Answers:
    return lambda request, number: to_elsewhere(port) if "Authorization" in request else locked(request)


def at(method: str) -> Callable[[int], Answers]:
    return lambda port: lambda request, number: to_elsewhere(port) if request.startswith(method) else camera(request)


def smuggled(port: int) -> Answers:
    """Answer with a head whose lines end without a carriage return, and what may be taken for another one."""
    return lambda request, number: (
        f"200 OK\nCSeq: 1\n\nRTSP/1.0 302 Found\nLocation: rtsp://127.0.0.1:{port}/elsewhere\nCSeq: 1\n"
    )


@pytest.mark.parametrize(
    "leads", [at("OPTIONS"), at("DESCRIBE"), at("SETUP"), at("PLAY"), after_the_password, smuggled]
)
def test_a_server_that_leads_elsewhere_is_not_followed(leads: Callable[[int], Answers], film: bytes) -> None:
    with serving(in_turn("404 Not Found")) as other:
        to = other.server_address[1]
        with serving(leads(to), film) as server, pytest.raises(ActScribeError, match="cannot be opened") as caught:
            watch(f"rtsp://anna:hidden@127.0.0.1:{server.server_address[1]}/ward")
        assert (other.connections, other.asked) == (0, [])
    if leads is not smuggled:
        assert f"it redirects to rtsp://127.0.0.1:{to}/elsewhere" in caught.value.message
    assert "secret" not in caught.value.message
    assert "hidden" not in caught.value.message


def test_a_server_that_leads_elsewhere_the_second_time_is_not_followed(
    film: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opened, "FIRST_WAIT_S", 0.05)
    monkeypatch.setattr(opened, "SILENT_S", 0.5)
    stop, events = threading.Event(), list[Event]()
    with serving(in_turn("404 Not Found")) as other:
        to = to_elsewhere(other.server_address[1])
        answers: Answers = lambda request, number: locked(request) if number == 0 else to  # noqa: E731
        with serving(answers, film) as server:
            source = choose(f"rtsp://anna:p%3A1@127.0.0.1:{server.server_address[1]}/ward", patience_s=2.0).source
            events = [one for one in source.arrivals(0.0, stop) if isinstance(one, Event)]
            assert server.connections > 1
        assert other.connections == 0
    assert [one.what for one in events] == ["lost", "end"]


@pytest.mark.parametrize(
    "answers",
    [
        in_turn(),
        in_turn("200 OK"),
        in_turn("200 OK\r\nContent-Length: many"),
        in_turn("400 Bad\r\nContent-Length: 900000"),
        in_turn("200 OK\r\nContent-Length: 99999999"),
        in_turn("OK"),
        in_turn("200 OK\r\nX: " + "x" * 70_000),
    ],
)
def test_a_server_that_says_nothing_of_use_is_given_up(answers: Answers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opened, "OPEN_S", 0.5)
    began = time.monotonic()
    with serving(answers) as server, pytest.raises(ActScribeError, match="cannot be opened"):
        watch(f"rtsp://127.0.0.1:{server.server_address[1]}/ward")
    assert time.monotonic() - began < 5.0


@pytest.mark.parametrize("there", ["127.0.0.1:99999", "127.0.0.1:abc", f"{'a' * 70}.com", "127.0.0.1:1"])
@pytest.mark.parametrize("scheme", ["rtsp", "rtsps"])
def test_an_address_that_no_host_has_cannot_be_opened(scheme: str, there: str) -> None:
    with pytest.raises(ActScribeError, match=f"^{scheme}://{there}/ward: (cannot be opened|not an address)"):
        watch(f"{scheme}://{there}/ward")


def test_another_program_of_this_machine_gets_nothing() -> None:
    with serving(locked) as server:
        relay = Relay(f"rtsp://anna:p%3A1@127.0.0.1:{server.server_address[1]}/ward", 5.0)
        port = int(relay.address.split(":")[2].split("/")[0])
        with socket.create_connection(("127.0.0.1", port), 5.0) as stranger:
            stranger.sendall(f"DESCRIBE rtsp://127.0.0.1:{port}/ward RTSP/1.0\r\nCSeq: 1\r\n\r\n".encode())
            assert stranger.recv(100) == b""
        assert server.asked == []


def test_messages_are_cut_alike_however_they_come() -> None:
    one = b"\r\nRTSP/1.0 200 OK\r\nCSeq:1\r\nContent-Length : 4\r\n\r\n$abc$\x01\x00\x02\n\n"
    other = b"$\x00\x00\x00ANNOUNCE rtsp://x RTSP/1.0\nCSeq: 2\n\n"
    rng = np.random.default_rng(0)
    wanted = [
        Message(("RTSP/1.0", "200", "OK"), (("CSeq", "1"),), b"$abc"),
        b"$\x01\x00\x02\n\n",
        b"$\x00\x00\x00",
        Message(("ANNOUNCE", "rtsp://x", "RTSP/1.0"), (("CSeq", "2"),)),
    ]
    for _ in range(50):
        messages, cut = Messages(), []
        bounds = sorted(rng.integers(0, len(one + other), 12).tolist())
        for first, stop in zip([0, *bounds], [*bounds, len(one + other)], strict=True):
            cut += list(messages.cut((one + other)[first:stop]))
        assert cut == wanted
    assert isinstance(wanted[0], Message)
    assert wanted[0].encoded() == b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: 4\r\n\r\n$abc"


@pytest.mark.parametrize("line", [b"\0", b"$\0\0\x04", b" $x"])
def test_a_head_that_ends_elsewhere_for_another_reader_is_refused(line: bytes) -> None:
    with pytest.raises(ConnectionError, match="not RTSP"):
        list(Messages().cut(b"RTSP/1.0 200 OK\r\n" + line + b"\r\nRTSP/1.0 302 Found\r\nLocation: rtsp://x\r\n\r\n"))


@pytest.mark.parametrize(
    ("challenge", "login", "uri", "made", "response"),
    [  # the examples of RFC 2617, section 3.5, and RFC 7616, section 3.9.1
        (
            'realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"',
            Login("Mufasa", "Circle%20Of%20Life"),
            "/dir/index.html",
            "0a4f113b",
            "6629fae49393a05397450978507c4ef1",
        ),
        (
            'realm="http-auth@example.org", qop="auth, auth-int", algorithm=SHA-256, '
            'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"',
            Login("Mufasa", "Circle of Life"),
            "/dir/index.html",
            "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
            "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
        ),
    ],
)
def test_digests_are_those_of_the_standard(
    challenge: str, login: Login, uri: str, made: str, response: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rtsp_messages.secrets, "token_hex", lambda size: made)
    assert login.answer("GET", uri) == ()
    login.challenged(Message(("RTSP/1.0", "401", "No"), (("WWW-Authenticate", f"Digest {challenge}"),)))
    ((name, value),) = login.answer("GET", uri)
    assert name == "Authorization"
    assert f'response="{response}"' in value
    assert "nc=00000001" in value


def test_basic_is_answered_where_nothing_better_is_asked() -> None:
    login = Login("Aladdin", "open%20sesame")
    login.challenged(Message(("RTSP/1.0", "401", "No"), (("WWW-Authenticate", 'Basic realm="ward"'),)))
    assert login.answer("PLAY", "rtsp://x") == (("Authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),)  # RFC 7617
