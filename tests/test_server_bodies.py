"""Whatever JSON a server sends where its documentation has something else: refused, or read into what can be."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actscribe.errors import ActScribeError
from actscribe.models.server.abilities import Dialect
from actscribe.models.server.chat import DIALECTS
from actscribe.models.server.connection import Connection
from actscribe.models.server.llama_cpp import LLAMA_CPP
from actscribe.models.server.ollama import OLLAMA
from actscribe.models.server.question import NotUnderstoodError
from actscribe.models.server.reading import written, yes_no

NAMES = (
    *("choices", "message", "content", "logprobs", "top_logprobs", "token", "logprob", "finish_reason", "usage"),
    *("prompt_tokens", "completion_tokens", "prompt_tokens_details", "cached_tokens", "reasoning", "thinking"),
    *("completion_probabilities", "done_reason", "prompt_eval_count", "data", "id", "owned_by", "models", "name"),
    *("version", "capabilities", "model_info", "x.context_length", "values", "modalities", "vision", "type", "key"),
    *("default_generation_settings", "n_ctx", "meta", "max_model_len", "build_info", "loaded_instances", "state"),
)
WORDS = ("Yes", "no", " YES", "</think>", "<think>", "length", "llamacpp", "vllm", "vlm", "\ud800", "\x1b[2J", "")
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from((0, 1, -1, 10**400, -(10**400), 2**63)),
    st.sampled_from((0.0, -0.5, -1e308, 1e308, math.inf, -math.inf, math.nan, 0.5)),
    st.sampled_from(WORDS),
)
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4)
)
TOKENS = st.lists(st.fixed_dictionaries({"token": LEAVES, "logprob": LEAVES, "top_logprobs": JSON}), max_size=3)
MESSAGES = st.fixed_dictionaries({"content": LEAVES}, optional={"reasoning": LEAVES, "thinking": LEAVES})
CHOICES = st.fixed_dictionaries(
    {"message": MESSAGES | JSON}, optional={"logprobs": st.fixed_dictionaries({"content": TOKENS | JSON}) | JSON}
)
COMPLETIONS = st.fixed_dictionaries(
    {"choices": st.lists(CHOICES, max_size=2) | JSON}, optional={"usage": JSON, "completion_probabilities": TOKENS}
)
CHATS = st.fixed_dictionaries({"message": MESSAGES | JSON}, optional={"logprobs": TOKENS | JSON, "done_reason": LEAVES})


def check(dialect: Dialect, body: Any) -> None:
    try:
        reply = dialect.reply(body)
    except NotUnderstoodError as error:
        message = str(error)
        reply = None
    if reply is None:
        assert len(message) <= 300
        assert message.isprintable()
        return
    reply.text.encode()
    for value in (yes_no(reply).probability, yes_no(reply).probability_mass):
        assert value is None or 0 <= value <= 1
    whole = written(reply)
    assert len(whole.ends) == len(whole.probabilities)
    assert all(0 <= chance <= 1 for chance in whole.probabilities)
    assert all(isinstance(n, int) and n >= 0 for n in (reply.prompt, reply.written, reply.cached) if n is not None)


@given(COMPLETIONS | JSON)
@settings(max_examples=100)
def test_chat_completions(body: Any) -> None:
    check(LLAMA_CPP, body)


@given(CHATS | JSON)
@settings(max_examples=60)
def test_ollamas_chats(body: Any) -> None:
    check(OLLAMA, body)


class Lying(Connection):
    """A line at whose end every endpoint answers with JSON that was made up."""

    answers: Any = None

    def look(self, path: str, seconds: float, body: dict[str, Any] | None = None) -> Any:
        return self.answers.get(path.split("?")[0])


PATHS = ("/props", "/version", "/api/version", "/api/tags", "/api/show", "/api/v1/models", "/api/v0/models")
LISTS = st.fixed_dictionaries(
    {"data": st.lists(st.fixed_dictionaries({"id": LEAVES, "owned_by": st.sampled_from(WORDS)}), max_size=2) | JSON}
)
TAGS = st.fixed_dictionaries({"models": st.lists(st.fixed_dictionaries({"name": LEAVES}, optional={"type": LEAVES}))})
VERSIONS = st.fixed_dictionaries({"version": LEAVES})


ANSWERS = st.fixed_dictionaries(dict.fromkeys(PATHS, JSON | TAGS | VERSIONS))


@given(LISTS | JSON, ANSWERS, st.sampled_from(("", "m")))
@settings(max_examples=60)
def test_what_a_server_says_of_itself(listed: Any, answers: dict[str, Any], model: str) -> None:
    line = Lying("http://127.0.0.1:1/v1")
    type(line).answers = answers
    for dialect in DIALECTS:
        try:
            server = dialect.find(line, listed, model, 1.0)
        except (NotUnderstoodError, ActScribeError):
            continue
        if server is not None:
            assert server.model == str(server.model)
            assert server.version.isprintable()
            assert len(server.version) <= 40
            assert server.context >= 0


def test_a_model_is_sure_of_nothing_impossible() -> None:
    for logprob in ("high", [], {}, True, 3, math.nan, math.inf):
        tokens = [{"token": "Yes", "logprob": 0.0, "top_logprobs": [{"token": "Yes", "logprob": logprob}]}]
        with pytest.raises(NotUnderstoodError):
            LLAMA_CPP.reply({"choices": [{"message": {"content": "Yes"}, "logprobs": {"content": tokens}}]})
