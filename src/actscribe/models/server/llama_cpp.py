"""llama.cpp's server (tools/server/README.md of its repository): OpenAI's interface with fields of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any
from urllib.parse import quote

from actscribe.models.server.abilities import Abilities, Dialect, Manner, Media, ladder
from actscribe.models.server.connection import Connection
from actscribe.models.server.exchange import shown
from actscribe.models.server.openai import CHAT, body, chosen, entry, owners, reply
from actscribe.models.server.question import YES_NO, Question, count, mappings

#: An answer of one word, in its grammar notation (GBNF).
GRAMMAR = "root ::= " + " | ".join(f'"{word}"' for word in YES_NO)
#: Pictures per second that it takes of a video, whatever the video's own rate: at another one it would leave out
#: frames, or show them twice. Since each stays a picture of its own, a video saves no tokens there.
VIDEO_RATE = Fraction(4)
#: All requests on a clip go to the same slot, which keeps what it has read.
SLOT = 0


def _find(line: Connection, listed: Any, model: str, seconds: float) -> Abilities | None:
    if owners(listed) != {"llamacpp"}:
        return None
    name = chosen(listed, model, line.address)
    several = len(mappings(listed["data"])) > 1
    reply = line.look(f"/props?model={quote(name, safe='')}" if several else "/props", seconds)
    props = reply if isinstance(reply, Mapping) else {}
    senses = props.get("modalities")
    defaults = props.get("default_generation_settings")
    meta = entry(listed, name).get("meta")
    size = f"{meta.get('n_params')}-{meta.get('size')}" if isinstance(meta, Mapping) else ""
    return Abilities(
        "llama.cpp",
        name,
        shown(str(props["build_info"]))[:40] if "build_info" in props else "",
        size,
        sees=bool(senses.get("vision")) if isinstance(senses, Mapping) else None,
        quiet=True,
        context=count(defaults, "n_ctx") or 0,
    )


def _manners(asked: Abilities, media: Sequence[Media]) -> Sequence[Manner]:
    return ladder(media, (True, True), (False, True))


def _request(asked: Abilities, manner: Manner, question: Question) -> tuple[str, dict[str, Any]]:
    request = body(asked, manner, question)
    if question.clip is not None:
        request |= {"id_slot": SLOT, "cache_prompt": True}
    if question.clip is not None and manner.media == "video":
        video = {"type": "input_video", "input_video": {"data": question.clip.video(VIDEO_RATE)}}
        words = {"type": "text", "text": f"{question.clip.times_in_words()} {question.text}"}
        request["messages"] = [{"role": "user", "content": [video, words]}]
    if manner.quiet:
        request |= {"chat_template_kwargs": {"enable_thinking": False}, "reasoning_effort": "none"}
    if question.yes_no and manner.restricted:
        request["grammar"] = GRAMMAR
    return CHAT, request


LLAMA_CPP = Dialect(_find, _manners, _request, reply, ("images",), ("images", "video"))
