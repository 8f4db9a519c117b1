"""Where a server may be, and how its endpoints are reached."""

from __future__ import annotations

import base64

import numpy as np
import pytest
from fakes.other import other
from fakes.serving import picture
from hypothesis import given
from hypothesis import strategies as st

from actscribe.errors import ActScribeError
from actscribe.models.server import ChatServer
from actscribe.models.server.address import checked_address, is_loopback
from actscribe.models.server.connection import Connection
from actscribe.models.server.encoded_clip import png

REMOTE = (
    "http://192.168.0.7:8000/v1",
    "https://api.example.com/v1",
    "http://127.0.0.1.example.com",
    "http://localhost.example.com",
    "http://[2001:db8::1]:80/v1",
    "http://0.0.0.0:80",
)


@pytest.mark.parametrize("address", REMOTE)
def test_other_machines_are_refused(address: str) -> None:
    with pytest.raises(ActScribeError, match="another machine"):
        ChatServer(address, "model")
    assert checked_address(address, allow_remote=True).startswith(address)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "127.0.0.1:8000",
        "file:///etc/passwd",
        "http://",
        "http://[::1",
        "http://a:b",
        " http://127.0.0.1:80/v1",
        "http://127.0.0.1\n:80/v1",
        "http://127.0.0.1:80/my models/v1",
        "http://127.0.0.1:80/münchen/v1",
    ],
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ActScribeError, match="not a server address"):
        checked_address(address, allow_remote=True)


@pytest.mark.parametrize(
    "address",
    ["http://me:secret@127.0.0.1:80/v1", "http://secret@127.0.0.1:80", "http://127.0.0.1@example.com/v1?key=secret"],
)
def test_a_password_in_an_address_is_refused_and_not_shown(address: str) -> None:
    with pytest.raises(ActScribeError, match="name or password") as caught:
        ChatServer(address, "model", allow_remote=True)
    assert "secret" not in caught.value.message + caught.value.hint


@pytest.mark.parametrize(
    ("address", "bare"),
    [
        ("http://127.0.0.1:80/v1/chat/completions", "http://127.0.0.1:80/v1"),
        ("http://127.0.0.1:80/v1/models/", "http://127.0.0.1:80/v1"),
        ("http://127.0.0.1:80/v1?key=secret", "http://127.0.0.1:80/v1"),
        ("http://[::1]:80/qwen/v1#chat", "http://[::1]:80/qwen/v1"),
        ("http://127.0.0.1:80?key=secret", "http://127.0.0.1:80"),
    ],
)
def test_what_follows_an_address_is_refused_with_the_address_to_write(address: str, bare: str) -> None:
    with pytest.raises(ActScribeError, match="longer than") as caught:
        checked_address(address, allow_remote=False)
    assert caught.value.hint == f"Write {bare}"
    assert "secret" not in caught.value.message
    assert checked_address(bare, allow_remote=False)


@given(st.ip_addresses(v=4))
def test_only_127_is_this_machine(address: object) -> None:
    assert is_loopback(str(address)) == str(address).startswith("127.")


def test_addresses_of_this_machine() -> None:
    assert checked_address("http://localhost:11434", False) == "http://localhost:11434/v1"
    assert checked_address("http://[::1]:80/v1/", False) == "http://[::1]:80/v1"
    assert not is_loopback("localhost.")


def test_where_endpoints_are() -> None:
    beside = Connection("http://127.0.0.1:11434/v1")
    assert beside.url("/v1/models") == "http://127.0.0.1:11434/v1/models"
    assert beside.url("/api/tags") == "http://127.0.0.1:11434/api/tags"
    below = Connection("http://127.0.0.1:80/models/qwen/v1")
    assert below.url("/v1/models") == "http://127.0.0.1:80/models/qwen/v1/models"
    assert below.url("/props") == "http://127.0.0.1:80/models/qwen/props"


def test_a_proxy_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://192.0.2.1:3128")
    monkeypatch.delenv("no_proxy", raising=False)
    with other() as served:
        assert ChatServer(served.address, sees=False).written(["Hello"], 9)[0].text == "A baby is visible."


def test_no_server() -> None:
    with other() as served:
        pass
    with pytest.raises(ActScribeError, match="No usable answer") as caught:
        ChatServer(served.address).description()
    assert "ollama serve" in caught.value.hint


def test_pictures_of_any_memory_layout() -> None:
    image = np.random.default_rng(0).integers(0, 256, (6, 9, 3), dtype=np.uint8)
    assert png(image[:, ::-1][:, ::-1]) == png(image)
    coded = base64.b64encode(png(image)).decode()
    np.testing.assert_array_equal(picture(coded), image)
