"""Ollama (docs/openapi.yaml and docs/capabilities/thinking.mdx of its repository): its own interface below /api."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from actscribe.errors import ActScribeError, did_you_mean
from actscribe.models.server.abilities import Abilities, Dialect, Manner, Media, ladder
from actscribe.models.server.connection import Connection
from actscribe.models.server.exchange import shown
from actscribe.models.server.openai import TOP, chosen, tokens
from actscribe.models.server.question import NotUnderstoodError, Question, Reply, clean, count, mappings
from actscribe.models.server.thinking import parted

CHAT = "/api/chat"
#: A restricted answer. Probabilities tell more, but older versions give none.
ANSWER = {
    "type": "object",
    "properties": {"answer": {"type": "string", "enum": ["yes", "no"]}},
    "required": ["answer"],
}


def _find(line: Connection, listed: Any, model: str, seconds: float) -> Abilities | None:
    version = line.look("/api/version", seconds)
    tags = line.look("/api/tags", seconds) if isinstance(version, Mapping) and "version" in version else None
    if not isinstance(tags, Mapping) or not isinstance(tags.get("models"), list):
        return None
    named = {str(one["name"]): one for one in mappings(tags["models"]) if "name" in one}
    name = chosen({"data": [{"id": one} for one in named]}, model, line.address)
    name = name if name in named or f"{name}:latest" not in named else f"{name}:latest"
    if name not in named:
        raise ActScribeError(
            f"Ollama at {line.address} has no model '{model}'.",
            f"{shown(did_you_mean(model, named))} Or type: ollama pull {model}",
        )
    reply = line.look("/api/show", seconds, {"model": name})
    if not isinstance(reply, Mapping):
        raise NotUnderstoodError(reply)
    able = reply.get("capabilities") if isinstance(reply.get("capabilities"), list) else None
    thinks, quiet = _thinking(reply, able)
    info = reply.get("model_info")
    most = [count(info, key) for key in info if key.endswith(".context_length")] if isinstance(info, Mapping) else []
    return Abilities(
        "Ollama",
        name,
        shown(str(version["version"]))[:40],
        str(named[name].get("digest") or "")[:80],
        sees=None if able is None else "vision" in able,
        thinks=thinks,
        quiet=quiet,
        context=next(filter(None, most), 0),
        asks_context=True,
        remote=str(named[name].get("remote_host") or reply.get("remote_host") or ""),
    )


def _thinking(reply: Mapping[str, Any], able: list[Any] | None) -> tuple[bool | None, Any]:
    """Return whether the model thinks, and what keeps it from that: false, or the shortest of its levels."""
    own = reply.get("thinking")
    values = own.get("values") if isinstance(own, Mapping) else None
    if isinstance(values, list) and values:
        thinks = any(value is not False for value in values)
        return thinks, False if False in values else values[0]
    if able is None:
        return None, None
    return "thinking" in able, False if "thinking" in able else None


def _manners(asked: Abilities, media: Sequence[Media]) -> Sequence[Manner]:
    return ladder(media, (True, False), (False, True))


def _request(asked: Abilities, manner: Manner, question: Question) -> tuple[str, dict[str, Any]]:
    message: dict[str, Any] = {"role": "user", "content": question.text}
    if question.clip is not None:
        words = f"{question.clip.times_in_words()} {question.text}"
        message |= {"content": words, "images": list(question.clip.pictures)}
    options = {"temperature": 0, "num_predict": question.most + question.room, "num_ctx": asked.context}
    request: dict[str, Any] = {"model": asked.model, "messages": [message], "stream": False, "options": options}
    if manner.quiet and asked.quiet is not None:
        request["think"] = asked.quiet
    if manner.probabilities:
        request |= {"logprobs": True, "top_logprobs": TOP}
    if question.yes_no and manner.restricted:
        request["format"] = ANSWER
        request["options"] = {**options, "num_predict": options["num_predict"] + question.most}  # braces and quotes
    return CHAT, request


def _reply(answer: Any) -> Reply:
    try:
        message = answer["message"]
        content, apart = message["content"], message.get("thinking")
    except (KeyError, TypeError, AttributeError):
        raise NotUnderstoodError(answer) from None
    text, thought = parted(clean(content, answer), clean(apart, answer))
    return Reply(
        text,
        thought,
        whole=answer.get("done_reason") != "length",
        tokens=tokens(answer.get("logprobs"), answer),
        prompt=count(answer, "prompt_eval_count"),
        written=count(answer, "eval_count"),
    )


OLLAMA = Dialect(_find, _manners, _request, _reply, ("images",), ("images",))
