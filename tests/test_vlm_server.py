"""The chat client against a server in this process."""

from __future__ import annotations

import numpy as np
import pytest
from chat_server import chat_server, completion, said
from hypothesis import given
from hypothesis import strategies as st

from actscribe.errors import ActScribeError
from actscribe.models.server import ChatServer, checked_address, data_uri, is_loopback

REMOTE = (
    "http://192.168.0.7:8000/v1",
    "https://api.example.com/v1",
    "http://127.0.0.1@example.com/v1",
    "http://127.0.0.1.example.com",
    "http://localhost.example.com",
    "http://[2001:db8::1]:80/v1",
    "http://0.0.0.0:80",
)


def pictures() -> list[np.ndarray]:
    return list(np.random.default_rng(0).integers(0, 256, (2, 6, 9, 3), dtype=np.uint8))


def test_text_and_pictures_arrive_as_they_are() -> None:
    with chat_server(lambda body: completion(" A hand. ")) as (address, asked):
        server = ChatServer(address)
        assert server.written("What happens?", pictures(), most=7) == "A hand."
        assert server.identity == {"server": f"{address}/v1", "model": "tiny"}
    (body,) = asked
    text, shown = said(body)
    assert text == "What happens?"
    np.testing.assert_array_equal(np.stack(shown), np.stack(pictures()))
    assert (body["path"], body["model"], body["max_tokens"]) == ("/v1/chat/completions", "tiny", 7)
    assert body["temperature"] == 0


def test_yes_and_no_are_read_from_all_spellings() -> None:
    top = {"Yes": 0.3, " yes": 0.1, "No": 0.15, "NO": 0.05, "Not": 0.2, "Maybe": 0.2}
    with chat_server(lambda body: completion("Yes", top)) as (address, asked):
        answer = ChatServer(address).yes_no("Is it?")
    assert answer.probability == pytest.approx(0.4 / 0.6)
    assert answer.mass == pytest.approx(0.6)
    assert asked[0]["logprobs"] is True
    assert asked[0]["top_logprobs"] == 20
    assert asked[0]["messages"][0]["content"] == "Is it?"


@pytest.mark.parametrize(
    ("reply", "probability"),
    [
        (completion("No, there is none."), 0.0),
        (completion("Yes."), 1.0),
        (completion("yes", {"Maybe": 0.9, "The": 0.1}), 1.0),
        (completion("I cannot tell."), None),
    ],
)
def test_without_probabilities_the_text_counts(reply: tuple[int, object], probability: float | None) -> None:
    with chat_server(lambda body: reply) as (address, _):
        assert ChatServer(address).yes_no("Is it?").probability == probability


@pytest.mark.parametrize("address", REMOTE)
def test_other_machines_are_refused(address: str) -> None:
    with pytest.raises(ActScribeError, match="another machine"):
        ChatServer(address, "model")
    assert checked_address(address, allow_remote=True).startswith(address)


@pytest.mark.parametrize(
    "address", ["", "127.0.0.1:8000", "file:///etc/passwd", "http://", "http://[::1", "http://a:b"]
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ActScribeError, match="no server address"):
        checked_address(address, allow_remote=True)


@given(st.ip_addresses(v=4))
def test_only_127_is_this_machine(address: object) -> None:
    assert is_loopback(str(address)) == str(address).startswith("127.")


def test_addresses_of_this_machine() -> None:
    assert checked_address("http://localhost:11434", False) == "http://localhost:11434/v1"
    assert checked_address("http://[::1]:80/v1/", False) == "http://[::1]:80/v1"
    assert not is_loopback("localhost.")


def test_a_redirect_is_not_followed() -> None:
    with (
        chat_server(lambda body: (302, "")) as (address, _),
        pytest.raises(ActScribeError, match="302"),
    ):
        ChatServer(address).written("Hello")


def test_a_proxy_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://192.0.2.1:3128")
    monkeypatch.delenv("no_proxy", raising=False)
    with chat_server(lambda body: completion("here")) as (address, _):
        assert ChatServer(address).written("Hello") == "here"


@pytest.mark.parametrize("reply", [(200, "<html>"), (200, {"error": "no"}), (200, {"choices": []}), (200, [1])])
def test_other_answers_are_explained(reply: tuple[int, object]) -> None:
    with chat_server(lambda body: reply) as (address, _), pytest.raises(ActScribeError, match="answer"):
        ChatServer(address).written("Hello")


def test_an_error_of_the_server_is_shown() -> None:
    with (
        chat_server(lambda body: (500, "out of memory")) as (address, _),
        pytest.raises(ActScribeError, match="answered 500 to /chat/completions: out of memory"),
    ):
        ChatServer(address).written("Hello")


def test_no_server() -> None:
    with chat_server(lambda body: completion("")) as (address, _):
        pass
    with pytest.raises(ActScribeError, match="No usable answer") as caught:
        ChatServer(address)
    assert "ollama serve" in caught.value.hint


@pytest.mark.parametrize("models", [(), ("a", "b")])
def test_one_of_several_models_has_to_be_named(models: tuple[str, ...]) -> None:
    with chat_server(lambda body: completion("x"), models) as (address, _):
        with pytest.raises(ActScribeError, match=f"offers {len(models)} models"):
            ChatServer(address)
        assert ChatServer(address, "b").model == "b"


def test_pictures_of_any_memory_layout() -> None:
    image = pictures()[0]
    assert data_uri(image[:, ::-1][:, ::-1]) == data_uri(image)
