"""vLLM (docs/features: multimodal_inputs, reasoning_outputs, structured_outputs): OpenAI's interface and more."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from actscribe.models.server.abilities import Abilities, Dialect, Manner, Media, ladder
from actscribe.models.server.connection import Connection
from actscribe.models.server.exchange import shown
from actscribe.models.server.openai import CHAT, body, chosen, entry, owners, pictures, reply
from actscribe.models.server.question import YES_NO, Question, count

#: What chat templates call thinking: Qwen's, GLM's and most others; Granite's, DeepSeek's and Holo's.
QUIET = {"enable_thinking": False, "thinking": False}
#: The first version without the old name of restricted answers, which later ones ignore silently.
NEW_CHOICE = (0, 12)


def _find(line: Connection, listed: Any, model: str, seconds: float) -> Abilities | None:
    if owners(listed) != {"vllm"}:
        return None
    name = chosen(listed, model, line.address)
    reply = line.look("/version", seconds)
    return Abilities(
        "vLLM",
        name,
        shown(str(reply["version"]))[:40] if isinstance(reply, Mapping) and "version" in reply else "",
        quiet=QUIET,
        context=count(entry(listed, name), "max_model_len") or 0,
        shares=True,
    )


def _manners(asked: Abilities, media: Sequence[Media]) -> Sequence[Manner]:
    return ladder(media, (True, True), (False, True))


def _request(asked: Abilities, manner: Manner, question: Question) -> tuple[str, dict[str, Any]]:
    request = body(asked, manner, question)
    if question.clip is not None:
        content = _video(question) if manner.media == "video" else _images(question)
        request["messages"] = [{"role": "user", "content": [*content, {"type": "text", "text": question.text}]}]
    if question.clip is not None and manner.media == "video":  # every frame of it, whatever the model's own rate
        request |= {
            "media_io_kwargs": {"video": {"num_frames": -1}},
            "mm_processor_kwargs": {"do_sample_frames": False},
        }
    if manner.quiet:
        request["chat_template_kwargs"] = QUIET
    if question.yes_no and manner.restricted:
        request |= _choice(asked.version)
    return CHAT, request


def _video(question: Question) -> list[dict[str, Any]]:
    assert question.clip is not None
    url = f"data:video/mp4;base64,{question.clip.video(question.clip.rate)}"
    video = {"type": "video_url", "video_url": {"url": url}, "uuid": question.clip.digest}
    return [video, {"type": "text", "text": question.clip.times_in_words()}]


def _images(question: Question) -> list[dict[str, Any]]:
    """Return the pictures, each under a name by which the server finds what it made of it for another window."""
    assert question.clip is not None
    names = iter(question.clip.digests)
    return [{**part, "uuid": next(names)} if part["type"] == "image_url" else part for part in pictures(question)]


def _choice(version: str) -> dict[str, Any]:
    numbers = re.match(r"(\d+)\.(\d+)", version)
    old = numbers is not None and (int(numbers[1]), int(numbers[2])) < NEW_CHOICE
    return {"structured_outputs": {"choice": list(YES_NO)}} | ({"guided_choice": list(YES_NO)} if old else {})


VLLM = Dialect(_find, _manners, _request, reply, ("video", "images"), ("video", "images"))
