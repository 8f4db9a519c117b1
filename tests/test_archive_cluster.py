"""What answers at the address of a Ray cluster is looked at before Ray is, which would ask it for ever."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from actscribe.archive import cluster
from actscribe.archive.cluster import check_cluster
from actscribe.errors import ActScribeError

WEB = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"
#: The first frame of a server that speaks HTTP/2: its length, 4 (settings), no flags, stream 0.
SETTINGS = bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))


@contextmanager
def listening(answer: bytes) -> Iterator[str]:
    """Yield the address of a service that gives one answer to whatever it is asked, or b"" none."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(answer)
                connection.recv(1000)  # until the other side goes

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        thread.join()


@pytest.fixture(autouse=True)
def without_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "require", lambda *_: None)
    monkeypatch.setattr(cluster, "PATIENCE_S", 0.5)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (WEB, "What answers at '{}' is not a Ray cluster."),
        (b"-ERR\r\n", "What answers at '{}' is not a Ray cluster."),
        (b"", "No Ray cluster answers at '{}': timed out."),
    ],
)
def test_another_service_at_the_address_is_refused_before_ray_asks_it(answer: bytes, message: str) -> None:
    with listening(answer) as address, pytest.raises(ActScribeError) as refused:
        check_cluster(address)
    assert refused.value.message == message.format(address)


def test_what_speaks_as_ray_does_is_left_to_ray() -> None:
    with listening(SETTINGS) as address:
        cluster._check_answers(address)


@pytest.mark.parametrize("value", ["1", "true", "True"])
def test_an_encrypted_cluster_is_not_asked_in_the_clear(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("RAY_USE_TLS", value)
    with listening(WEB) as address:
        cluster._check_answers(address)


def test_a_port_that_there_cannot_be_is_said() -> None:
    with pytest.raises(ActScribeError, match=r"'127\.0\.0\.1:65536' is not the address"):
        check_cluster("127.0.0.1:65536")
