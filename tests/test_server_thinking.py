"""Models that think first: kept from it where the server can do that, else read past, with room for it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import pytest
from fakes.llama_cpp import llama_cpp
from fakes.lm_studio import lm_studio
from fakes.ollama import ollama
from fakes.other import other
from fakes.serving import Prompt, Served
from fakes.vllm import vllm
from hypothesis import given
from hypothesis import strategies as st

from actscribe.models.server import ChatServer, EncodedClip, Options
from actscribe.models.server.question import Reply, Token
from actscribe.models.server.reading import answer_tokens, written, yes_no
from actscribe.models.server.thinking import ENDS, STARTS, parted

Run = Callable[..., AbstractContextManager[Served]]
THINKERS: dict[str, tuple[Run, dict[str, Any], bool]] = {
    # run, how, whether it can be kept from thinking
    "Ollama": (ollama, {"capabilities": ("completion", "vision", "thinking")}, True),
    "Ollama with levels": (
        ollama,
        {"capabilities": ("vision", "thinking"), "thinking": {"values": ["low", "high"], "default": "high"}},
        False,
    ),
    "Ollama, not obeyed": (ollama, {"capabilities": ("vision", "thinking"), "obeys": False}, False),
    "older Ollama": (ollama, {"capabilities": ("vision", "thinking"), "probabilities": False}, True),
    "llama.cpp": (llama_cpp, {"thinks": True}, True),
    "llama.cpp, no switch": (llama_cpp, {"thinks": True, "switch": False}, True),  # a grammar holds from the start
    "vLLM": (vllm, {"thinks": True}, True),
    "vLLM, no switch": (vllm, {"thinks": True, "switch": False}, False),
    "vLLM, no switch and no parser": (vllm, {"thinks": True, "switch": False, "parser": False}, True),
    "LM Studio": (lm_studio, {"thinks": True, "switch": True}, True),
    "LM Studio, no switch": (lm_studio, {"thinks": True}, True),  # a schema holds from the start
    "another": (other, {"thinks": True}, False),
    "another without probabilities": (other, {"thinks": True, "probabilities": False}, False),
}


def clip(brightness: int) -> EncodedClip:
    return EncodedClip(np.full((2, 16, 16, 3), brightness, np.uint8), np.array([0.5, 1.5]), 2.0)


@pytest.mark.parametrize("name", THINKERS)
def test_under_one_in_a_hundred_answers_is_not_read(name: str) -> None:
    run, how, quiet = THINKERS[name]
    levels = [int(value) for value in np.linspace(0, 255, 60)]
    with run(**how) as served:
        server = ChatServer(served.address)
        answers = [server.yes_no(["Is it on? Answer yes or no."], clip(level))[0] for level in levels]
        line = server.description()
    assert sum(answer.probability is None for answer in answers) / len(answers) < 0.01
    right = [(answer.probability or 0.0) >= 0.5 for answer in answers]
    sure = [abs(level / 255 - 0.5) > 0.02 for level in levels]  # a video is not without loss
    assert [r for r, s in zip(right, sure, strict=True) if s] == [
        level / 255 >= 0.5 for level, s in zip(levels, sure, strict=True) if s
    ]
    assert ("it does not think first" in line) == quiet
    if not quiet:
        assert "read past (up to 2,048 tokens)" in line


def test_thoughts_are_no_part_of_what_is_written() -> None:
    for run, how, _ in THINKERS.values():
        with run(**how) as served:
            (answer,) = ChatServer(served.address).written(["What happens?"], 12, clip(10))
        assert answer.text == "A baby is visible."
        assert answer.whole
        if answer.ends:
            assert answer.ends[-1] == len(answer.text)
            assert answer.probability(0, len(answer.text)) == pytest.approx(1.0)


def test_a_model_that_cannot_stop_thinking_is_not_read() -> None:
    with other(thinks=True) as served:
        server = ChatServer(served.address, options=Options(thinking=5))
        (answer,) = server.yes_no(["Is it on? Answer yes or no."], clip(200))
    assert answer.probability is None


def test_who_rambles_is_given_room_once_and_not_again() -> None:
    def rambles(prompt: Prompt) -> tuple[str, dict[str, float]]:
        return "I see a " + "very " * 3000 + "bright lamp", {}

    with other(model=rambles) as served:
        server = ChatServer(served.address)
        for level in (1, 2, 3):
            assert server.yes_no(["Is it on? Answer yes or no."], clip(level))[0].probability is None
        assert [body["max_tokens"] for body in served.questions()].count(8 + 2048) <= 1


def test_captions_may_end_in_the_middle_without_being_asked_again() -> None:
    with other() as served:
        (answer,) = ChatServer(served.address).written(["What happens?"], 2, clip(10))
        assert (answer.text, answer.whole) == ("A baby", False)
        assert len(served.questions()) == 1


# By themselves


@pytest.mark.parametrize(("start", "end"), list(zip(STARTS, ENDS, strict=True)))
def test_every_way_to_end_thinking(start: str, end: str) -> None:
    assert parted(f"{start}It is. No?{end}\n\nYes.") == ("Yes.", f"{start}It is. No?{end}")
    assert parted(f"It is. No?{end}Yes.")[0] == "Yes."  # the template began to think
    assert parted(f"  {start}It is. No?") == ("", f"{start}It is. No?")


@pytest.mark.parametrize(
    ("written_", "apart", "answer"),
    [
        ("Yes", "", "Yes"),
        ("Yes", "It looks so. No?", "Yes"),
        ("", "yes", "yes"),  # a server that takes an answer for a thought
        ("", "It may be", ""),
        ("I think so: yes", "", "I think so: yes"),
    ],
)
def test_answers_are_parted_from_thoughts(written_: str, apart: str, answer: str) -> None:
    assert parted(written_, apart)[0] == answer


def tokens(*texts: str, others: tuple[tuple[str, float], ...] = ()) -> tuple[Token, ...]:
    return tuple(Token(text, 0.5, others if text.strip(" *") in ("Yes", "No") else ((text, 0.5),)) for text in texts)


def test_the_first_word_of_the_answer_counts_and_not_that_of_the_thought() -> None:
    alternatives = (("Yes", 0.3), ("yes", 0.3), (" NO", 0.2))
    thought = tokens("<think>", "No", ".", "</think>", "\n\n", others=(("No", 0.9),))
    reply = Reply("**Yes**", "No.", tokens=(*thought, *tokens("**", "Yes", "**", "<|im_end|>", others=alternatives)))
    assert [token.text for token in answer_tokens(reply)] == ["**", "Yes", "**"]
    assert yes_no(reply).probability == pytest.approx(0.75)
    assert yes_no(reply).probability_mass == pytest.approx(0.8)


@given(st.lists(st.text("abc ., ", min_size=1, max_size=4), min_size=1, max_size=8), st.integers(0, 8))
def test_places_of_tokens_are_those_of_the_text(texts: list[str], begun: int) -> None:
    answer = "".join(texts[begun:]).strip()
    reply = Reply(answer, "x" if begun else "", tokens=tokens(*texts))
    spelled = written(reply)
    assert spelled.text == answer
    if spelled.ends:
        assert list(spelled.ends) == sorted(spelled.ends)
        assert spelled.ends[-1] == len(answer)
        assert len(spelled.ends) == len(spelled.probabilities)
