"""Each sort of server by its documentation: what it can do is asked once, and it is asked in its own way."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import pytest
from fakes.llama_cpp import llama_cpp
from fakes.lm_studio import lm_studio
from fakes.ollama import ollama
from fakes.other import other
from fakes.serving import Prompt, Served, frames_of, picture
from fakes.vllm import vllm

from actscribe.errors import ActScribeError
from actscribe.models.server import ChatServer, EncodedClip, Options
from actscribe.models.yes_no import YesNo

FAKES = {"Ollama": ollama, "llama.cpp": llama_cpp, "vLLM": vllm, "LM Studio": lm_studio, "other": other}
#: Those that give probabilities; of the video they see, H.264 leaves the brightness within a hundredth.
TELLING = ("Ollama", "llama.cpp", "vLLM", "other")
Run = Callable[..., AbstractContextManager[Served]]


def clip(brightness: int = 200, frames: int = 4) -> EncodedClip:
    pixels = np.full((frames, 32, 48, 3), brightness, np.uint8)
    return EncodedClip(pixels, (np.arange(frames) + 0.5) / 2, frames / 2)


def asked(
    served: Served, shown: EncodedClip | None, texts: tuple[str, ...] = ("Is it on? Answer yes or no.",)
) -> list[YesNo]:
    return ChatServer(served.address, sees=shown is not None).yes_no(texts, shown)


@pytest.mark.parametrize("name", FAKES)
@pytest.mark.parametrize("brightness", [30, 225])
def test_every_server_answers_yes_or_no(name: str, brightness: int) -> None:
    with FAKES[name]() as served:
        (answer,) = asked(served, clip(brightness))
        bare = ChatServer(f"{served.address}/v1", served.asked[0]["model"])
        assert bare.yes_no(["Is it on? Answer yes or no."], clip(brightness)) == [answer]
    share = brightness / 255
    if name in TELLING:
        assert answer.probability == pytest.approx(share, abs=0.01)
        assert answer.probability_mass == pytest.approx(0.8, abs=0.01)
    else:
        assert (answer.probability, answer.probability_mass) == (float(share > 0.5), None)


@pytest.mark.parametrize("name", FAKES)
def test_every_server_is_said_in_one_line(name: str) -> None:
    with FAKES[name]() as served:
        server = ChatServer(served.address)
        line = server.description()
        first = len(served.asked)
        server.yes_no(["Is it on? Answer yes or no."], clip())
        server.description()
        assert len(served.asked) == first + 1  # it was asked once what it can do
    assert f"at {served.address}/v1 runs" in line
    assert ("video" if name == "vLLM" else "pictures with their times") in line
    assert "does not think first" in line
    assert ("with probabilities" in line) == (name in TELLING)
    assert "\n" not in line
    assert len(line) < 250


@pytest.mark.parametrize("name", FAKES)
def test_pictures_arrive_without_loss_with_their_times(name: str) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (3, 16, 24, 3), dtype=np.uint8)
    with FAKES[name]() as served:
        server = ChatServer(served.address, options=Options(frames="images"))
        server.written(["What happens?"], 7, EncodedClip(pixels, np.array([0.5, 1.5, 2.5]), 3.0))
        (body,) = served.questions()
    words = json.dumps(body)
    assert all(time in words for time in ("0.5", "1.5", "2.5"))
    message = body["messages"][0]
    if name == "Ollama":
        shown = [picture(coded) for coded in message["images"]]
        assert message["content"].endswith("What happens?")
    else:
        urls = [part["image_url"]["url"] for part in message["content"] if part["type"] == "image_url"]
        shown = [picture(url.split(",", 1)[1]) for url in urls]
        assert message["content"][-1] == {"type": "text", "text": "What happens?"}
    np.testing.assert_array_equal(np.stack(shown), pixels)


# Ollama


def test_ollama_is_asked_below_api_with_its_own_words() -> None:
    with ollama() as served:
        asked(served, clip())
        (body,) = served.questions()
    assert body["path"] == "/api/chat"
    assert body["options"] == {"temperature": 0, "num_predict": 8, "num_ctx": 16384}
    assert (body["logprobs"], body["top_logprobs"]) == (True, 20)
    assert "think" not in body  # of a model that does not think


def test_an_older_ollama_answers_in_a_schema() -> None:
    with ollama(version="0.11.4", probabilities=False) as served:
        (answer,) = asked(served, clip())
        (body,) = served.questions()
        line = ChatServer(served.address).description()
    assert body["format"]["properties"]["answer"]["enum"] == ["yes", "no"]
    assert (answer.probability, answer.probability_mass) == (1.0, None)
    assert "restricted to these words, as written: the server returns no probabilities" in line


def test_a_model_that_ollama_runs_elsewhere_needs_the_flag() -> None:
    with ollama(remote="https://ollama.example:443") as served:
        with pytest.raises(ActScribeError, match=r"runs on another machine .*ollama\.example"):
            asked(served, clip())
        assert not served.questions()
        assert ChatServer(served.address, "qwen3-vl:8b", allow_remote=True).description()


def test_a_prompt_longer_than_ollamas_context_is_no_answer() -> None:
    with ollama(full=True) as served, pytest.raises(ActScribeError, match="takes all 16,384 tokens") as caught:
        asked(served, clip())
    assert "server_context" in caught.value.hint


def test_a_model_that_ollama_does_not_have() -> None:
    with ollama() as served, pytest.raises(ActScribeError, match="has no model 'qwen3-vl:4b'") as caught:
        ChatServer(served.address, "qwen3-vl:4b").description()
    assert "Did you mean 'qwen3-vl:8b'" in caught.value.hint


def test_a_known_digest_is_part_of_what_answers_are_kept_under() -> None:
    with ollama() as served:
        identity = ChatServer(served.address, "qwen3-vl:8b").identity
    assert identity["digest"] == "901cae73216286c9"
    assert identity["frames"] == "images"


# llama.cpp


def test_llama_cpp_gets_a_grammar_and_a_slot() -> None:
    with llama_cpp() as served:
        asked(served, clip(), tuple(f"Is lamp {n} on? Answer yes or no." for n in range(3)))
        bodies = served.questions()
    assert {body["id_slot"] for body in bodies} == {0}
    assert all(body["cache_prompt"] and body["grammar"].startswith('root ::= "yes"') for body in bodies)
    assert all(body["chat_template_kwargs"] == {"enable_thinking": False} for body in bodies)


def test_frames_are_read_once_for_all_questions() -> None:
    with llama_cpp() as served:
        server = ChatServer(served.address)
        questions = [f"{'A resuscitation. ' * 5}Is lamp {n} on? Answer yes or no." for n in range(10)]
        server.yes_no(questions, clip())
        row = server.take().record()
    assert row["requests"] == 10
    assert row["of them uncached"] < row["prompt tokens a clip"] / 5


def test_an_older_llama_cpp_has_a_field_of_its_own() -> None:
    with llama_cpp(old_field=True) as served:
        (answer,) = asked(served, clip(204))
    assert answer.probability == pytest.approx(0.8, abs=0.01)


def test_a_router_of_llama_cpp_wants_a_name() -> None:
    with llama_cpp(models=("a.gguf", "b.gguf")) as served:
        with pytest.raises(ActScribeError, match=r"offers 2 models: a\.gguf, b\.gguf"):
            ChatServer(served.address).description()
        assert "runs b.gguf" in ChatServer(served.address, "b.gguf").description()


def test_a_video_for_llama_cpp_has_its_own_rate() -> None:
    with llama_cpp() as served:
        server = ChatServer(served.address, options=Options(frames="video"))
        (answer,) = server.yes_no(["Is it on? Answer yes or no."], clip())
        assert answer.probability == pytest.approx(200 / 255, abs=0.01)
        (body,) = served.questions()
    video, words = body["messages"][0]["content"]
    shown, rate = frames_of(video["input_video"]["data"])
    assert (len(shown), rate) == (4, 4.0)
    assert "The 4 frames were taken at 0.2, 0.8, 1.2, 1.8 seconds." in words["text"]


def test_a_video_that_is_passed_over_is_not_sent() -> None:
    with llama_cpp(opens_video=False) as served:
        server = ChatServer(served.address, options=Options(frames="video"))
        with pytest.raises(ActScribeError, match="ignored the video"):
            server.description()


# vLLM


def test_vllm_gets_a_video_of_these_frames_at_these_times() -> None:
    with vllm() as served:
        asked(served, clip(frames=6))
        (body,) = served.questions()
    video, times, text = body["messages"][0]["content"]
    shown, rate = frames_of(video["video_url"]["url"].removeprefix("data:video/mp4;base64,"))
    assert (len(shown), rate) == (6, 2.0)
    assert times["text"] == "The 6 frames were taken at 0.2, 0.8, 1.2, 1.8, 2.2, 2.8 seconds."
    assert text["text"].startswith("Is it on?")
    assert body["structured_outputs"] == {"choice": ["yes", "no", "Yes", "No"]}
    assert "guided_choice" not in body


def test_a_name_under_which_vllm_keeps_a_picture_is_that_of_its_content() -> None:
    with vllm() as served:
        server = ChatServer(served.address, options=Options(frames="images"))
        first, second = clip(100, 4), clip(100, 5)
        for one in (first, second, clip(101, 4)):
            server.written(["What?"], 3, one)
        contents = [body["messages"][0]["content"] for body in served.questions()]
        names = [[part["uuid"] for part in content if "uuid" in part] for content in contents]
    assert set(names[0]) == set(names[1])
    assert not set(names[0]) & set(names[2])
    assert first.digest != second.digest


def test_a_model_of_vllm_without_video_gets_pictures() -> None:
    with vllm(video=False) as served:
        server = ChatServer(served.address)
        server.yes_no(["Is it on? Answer yes or no."], clip())
        assert "pictures with their times" in server.description()
        with pytest.raises(ActScribeError, match="At most 0 video"):
            ChatServer(served.address, options=Options(frames="video")).description()


def test_an_older_vllm_gets_the_older_name() -> None:
    with vllm(version="0.10.2") as served:
        asked(served, clip())
        assert served.questions()[0]["guided_choice"] == ["yes", "no", "Yes", "No"]


def test_questions_on_a_clip_go_at_the_same_time_after_the_first() -> None:
    meeting = threading.Barrier(3, timeout=10)

    def model(prompt: Prompt) -> tuple[str, dict[str, float]]:
        if "lamp" in prompt.text and "lamp 0" not in prompt.text:
            meeting.wait()  # three at once, or never
        return "Yes", {"Yes": 0.9, "No": 0.1}

    with vllm(model=model) as served:
        server = ChatServer(served.address, options=Options(at_once=3))
        answers = server.yes_no([f"Is lamp {n} on? Answer yes or no." for n in range(7)], clip())
    assert len(answers) == 7
    assert "lamp 0" in json.dumps(served.questions()[0])


# LM Studio


@pytest.mark.parametrize("old", [False, True])
def test_lm_studio_answers_in_a_schema(old: bool) -> None:
    with lm_studio(old=old) as served:
        (answer,) = asked(served, clip())
        (body,) = served.questions()
        assert "LM Studio" in ChatServer(served.address).description()
    assert body["response_format"]["json_schema"]["schema"]["properties"]["answer"]["enum"] == ["yes", "no"]
    assert (answer.probability, answer.text) == (1.0, '{"answer": "yes"}')


# Others


def test_what_another_server_refuses_is_left_out() -> None:
    refused = ("reasoning_effort", "logprobs")
    with other(refuses=refused) as served:
        (answer,) = asked(served, clip())
        (body,) = served.questions()
    assert not set(refused) & set(body)
    assert (answer.probability, answer.probability_mass) == (1.0, None)


@pytest.mark.parametrize(("run", "sees"), [(ollama, {"capabilities": ("completion",)}), (llama_cpp, {"vision": False})])
def test_a_model_that_sees_nothing_is_refused(run: Run, sees: dict[str, Any]) -> None:
    with run(**sees) as served:
        with pytest.raises(ActScribeError, match="takes no pictures"):
            ChatServer(served.address).description()
        assert "text alone" in ChatServer(served.address, sees=False).description()


def test_who_takes_no_video_is_not_made_to() -> None:
    with ollama() as served, pytest.raises(ActScribeError, match="takes no video"):
        ChatServer(served.address, options=Options(frames="video")).description()


@pytest.mark.parametrize("models", [(), ("a", "b")])
def test_one_of_several_models_has_to_be_named(models: tuple[str, ...]) -> None:
    with other(models=models) as served:
        with pytest.raises(ActScribeError, match=f"offers {len(models)} models"):
            ChatServer(served.address).description()
        assert ChatServer(served.address, "b").identity["model"] == "b"


# Tokens


def test_what_was_sent_is_counted_by_clip() -> None:
    with other(usage=True) as served:
        server = ChatServer(served.address)
        for brightness in (10, 20, 30):
            server.yes_no(["Is it? Answer yes or no.", "Is it so? Answer yes or no."], clip(brightness))
        tally = server.take()
        assert server.take().record() == {}
    row = tally.record()
    assert (row["clips"], row["requests"], row["prompt tokens a clip"]) == (3, 6, 2 * (5 + 4 * 20))
    assert row["of them uncached"] is None
    assert tally.sentence().startswith("6 requests on 3 clips")
    with other() as served:
        server = ChatServer(served.address)
        server.yes_no(["Is it? Answer yes or no."], clip())
        assert server.take().sentence().endswith("the server reports no tokens")
