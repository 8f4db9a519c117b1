"""LM Studio (1_developer of its documentation): OpenAI's interface, and a list of models of its own below /api."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from actscribe.models.server.abilities import Abilities, Dialect, Manner, Media, ladder
from actscribe.models.server.connection import Connection
from actscribe.models.server.ollama import ANSWER
from actscribe.models.server.openai import CHAT, body, chosen, reply
from actscribe.models.server.question import Question, count, mappings

#: Its lists of models, the newer one first; the second is of versions before 0.4.
LISTS = ("/api/v1/models", "/api/v0/models")


def _find(line: Connection, listed: Any, model: str, seconds: float) -> Abilities | None:
    for path in LISTS:
        reply = line.look(path, seconds)
        models = mappings(reply.get("models" if path == LISTS[0] else "data") if isinstance(reply, Mapping) else None)
        if models and all("type" in one for one in models):
            return _of(line, [one for one in models if one["type"] not in ("embedding", "embeddings")], model)
    return None


def _of(line: Connection, models: Sequence[Mapping[str, Any]], model: str) -> Abilities:
    named = {str(one.get("key", one.get("id"))): one for one in models}
    loaded = [name for name, one in named.items() if one.get("loaded_instances") or one.get("state") == "loaded"]
    name = chosen({"data": [{"id": one} for one in (loaded if len(loaded) == 1 else named)]}, model, line.address)
    own = named.get(name, {})
    able = own.get("capabilities")
    sees = bool(able.get("vision")) if isinstance(able, Mapping) else own["type"] == "vlm" if "type" in own else None
    thinking = able.get("reasoning") if isinstance(able, Mapping) else None
    options = thinking.get("allowed_options") if isinstance(thinking, Mapping) else None
    switch = isinstance(options, list) and "off" in options
    return Abilities(
        "LM Studio",
        name,
        digest=str(count(own, "size_bytes") or ""),
        sees=sees,
        thinks=None if not isinstance(thinking, Mapping) else thinking.get("default") != "off",
        quiet=False if switch else None,
    )


def _manners(asked: Abilities, media: Sequence[Media]) -> Sequence[Manner]:
    return ladder(media, (True, False), (False, True))


def _request(asked: Abilities, manner: Manner, question: Question) -> tuple[str, dict[str, Any]]:
    request = body(asked, manner, question)
    if manner.quiet and asked.quiet is False:
        request["reasoning_effort"] = "none"
    if question.yes_no and manner.restricted:
        schema = {"name": "answer", "strict": True, "schema": ANSWER}
        request |= {"response_format": {"type": "json_schema", "json_schema": schema}}
        request["max_tokens"] += question.most  # braces and quotes
    return CHAT, request


LM_STUDIO = Dialect(_find, _manners, _request, reply, ("images",), ("images",))
