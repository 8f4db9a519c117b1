"""Served to another machine: over TLS alone, with a real certificate, and refused in sentences without one."""

from __future__ import annotations

import http.client
import re
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import uvicorn
from short_studies import refused

from actscribe.errors import ActScribeError
from actscribe.local_page.listening import configured, listen
from actscribe.review.app import create
from actscribe.review.served import start

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl here to make a certificate")
NAME = "lab.localhost"


def certificate(folder: Path, *more: str, name: str = "cert") -> tuple[Path, Path]:
    """Return a certificate that vouches for itself, and its private key."""
    cert, key = folder / f"{name}.pem", folder / f"{name}.key"
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-days", "2"]
    names = ["-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME},IP:127.0.0.1"]
    words = [*made, "-keyout", key, "-out", cert, *names, *(more or ("-nodes",))]
    subprocess.run(words, check=True, capture_output=True)
    return cert, key


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def served(
    short_study: Path, tmp_path_factory: pytest.TempPathFactory, pair: tuple[Path, Path]
) -> Iterator[tuple[str, Path]]:
    """The address of a server with TLS, at a name that resolves to this machine, and its certificate."""
    study = shutil.copytree(short_study, tmp_path_factory.mktemp("tls-study") / "study")
    at = listen("127.0.0.1", 0, *pair)
    session, _ = start(study, None, "AB", False, 0.0, "", NAME, at)
    server = uvicorn.Server(configured(create(session), at))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [at.socket]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield session.access.address, pair[0]
    server.should_exit = True
    thread.join(10)
    at.socket.close()


def asked(address: str, trusted: Path | None, path: str, **headers: str) -> http.client.HTTPResponse:
    port = int(address.rpartition(":")[2].partition("/")[0])
    context = ssl.create_default_context(cafile=trusted)
    with closing(http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=20)) as connection:
        connection.request("GET", path, headers={"Host": f"{NAME}:{port}"} | headers)
        answer = connection.getresponse()
        answer.read()
        return answer


def test_who_has_the_token_is_let_in_over_tls_alone(served: tuple[str, Path]) -> None:
    address, trusted = served
    match = re.fullmatch(rf"https://{NAME}:(\d+)(/\?token=\S+)", address)
    assert match
    port, first = int(match[1]), match[2]
    answer = asked(address, trusted, first)
    cookie = answer.headers["set-cookie"]
    assert answer.status == 303
    assert {"Secure", "HttpOnly", "SameSite=strict"} <= set(cookie.split("; "))
    headers = {"Cookie": cookie.partition(";")[0]}
    assert asked(address, trusted, "/api/study", **headers).status == 200
    assert asked(address, trusted, "/api/study", **headers, Origin=f"https://{NAME}:{port}").status == 200
    assert asked(address, trusted, "/api/study", **headers, Origin=f"http://{NAME}:{port}").status == 403
    assert asked(address, trusted, "/api/study", **headers, Host=f"127.0.0.1:{port}").status == 403
    assert asked(address, trusted, "/api/study").status == 403


def test_nothing_is_said_in_the_clear_and_a_stranger_s_certificate_is_seen_through(served: tuple[str, Path]) -> None:
    address, _ = served
    port = int(address.rpartition(":")[2].partition("/")[0])
    with socket.create_connection(("127.0.0.1", port), timeout=20) as plain:
        plain.sendall(f"GET / HTTP/1.1\r\nHost: {NAME}:{port}\r\n\r\n".encode())
        received = b""
        while piece := plain.recv(1 << 16):
            received += piece
    assert b"html" not in received
    with pytest.raises(ssl.SSLCertVerificationError):
        asked(address, None, "/")


def test_what_is_no_certificate_is_refused(pair: tuple[Path, Path], study: Path, tmp_path: Path) -> None:
    cert, key = pair
    _, other = certificate(tmp_path, name="other")
    _, locked = certificate(tmp_path, "-passout", "pass:secret", name="locked")
    for one, its in ((cert, other), (cert, locked), (key, key), (study / "study.yaml", key), (cert, study / "r0.mp4")):
        output = refused("review", study, "--no-browser", "--host", NAME, "--tls-cert", one, "--tls-key", its)
        assert "not a certificate and its private key" in " ".join(output.split())
    assert not (study / "review").exists()


def test_a_host_that_is_no_address_of_this_machine_is_refused(pair: tuple[Path, Path], study: Path) -> None:
    cert, key = pair
    output = refused("review", study, "--no-browser", "--host", "192.0.2.1", "--tls-cert", cert, "--tls-key", key)
    words = " ".join(output.split())
    assert "Nothing can be served at 192.0.2.1: " in words
    assert "Name this machine by a name or address of its own with --host" in words
    assert "--port" not in words


@pytest.mark.parametrize("host", ["0", "000.000.000.000", "::", "0.0.0.0"])
def test_every_address_is_refused_however_it_is_written(pair: tuple[Path, Path], host: str) -> None:
    with pytest.raises(ActScribeError, match="is every address of this machine"):
        listen(host, 0, *pair)


def test_what_is_no_name_of_a_host_at_all_is_refused_in_words(pair: tuple[Path, Path]) -> None:
    with pytest.raises(ActScribeError, match="Nothing can be served at ü"):
        listen("ü" * 80, 0, *pair)
