"""OpenAI's chat completions, which every server speaks to some extent, and servers of which nothing else is known."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from actscribe.counts import counted
from actscribe.errors import ActScribeError
from actscribe.models.server.abilities import Abilities, Dialect, Manner, Media
from actscribe.models.server.connection import Connection
from actscribe.models.server.exchange import shown
from actscribe.models.server.question import NotUnderstoodError, Question, Reply, Token, clean, count, mappings
from actscribe.models.server.thinking import parted

MODELS, CHAT = "/v1/models", "/v1/chat/completions"
#: Alternatives asked for at a token; what the OpenAI protocol allows at most.
TOP = 20
#: Of a token: rounding may lift a probability of 1 by a little.
MOST_LOGPROB = 0.01
#: Fields in which servers put what the model thought, newest first.
THOUGHTS = ("reasoning", "reasoning_content", "thinking")


def names(listed: Any) -> list[str]:
    """Return the names in a list of models.

    Raises:
        NotUnderstoodError: it is none.
    """
    try:
        return [str(model["id"]) for model in listed["data"]]
    except (KeyError, TypeError):
        raise NotUnderstoodError(listed) from None


def chosen(listed: Any, model: str, address: str) -> str:
    """Return the model's name, or that of the only one.

    Raises:
        ActScribeError: no name was given and there are several, or none.
        NotUnderstoodError: see `names`.
    """
    if model:
        return model
    offered = names(listed)
    if len(offered) != 1:
        raise ActScribeError(
            f"The server at {address} offers {counted(len(offered), 'model')}: {shown(', '.join(offered) or 'none')}.",
            "Name one of them in the settings: server_model (or judge_server_model).",
        )
    return offered[0]


def owners(listed: Any) -> set[str]:
    """Return who owns the models of a list, by which servers can be told apart; empty where it does not say."""
    return {str(one.get("owned_by")) for one in mappings(listed.get("data") if isinstance(listed, Mapping) else None)}


def entry(listed: Any, name: str) -> Mapping[str, Any]:
    """Return what a list of models says of one; empty where it is not in there."""
    models = mappings(listed.get("data") if isinstance(listed, Mapping) else None)
    return next((one for one in models if one.get("id") == name), {})


def body(asked: Abilities, manner: Manner, question: Question) -> dict[str, Any]:
    """Return a request for a chat completion, with what all servers understand."""
    content: Any = question.text
    if question.clip is not None and manner.media == "images":
        content = [*pictures(question), {"type": "text", "text": question.text}]
    request: dict[str, Any] = {
        "model": asked.model,
        "messages": [{"role": "user", "content": content}],
        "temperature": 0,
        "max_tokens": question.most + question.room,
    }
    if manner.probabilities:
        request |= {"logprobs": True, "top_logprobs": TOP}
    return request


def pictures(question: Question) -> Iterator[dict[str, Any]]:
    """Yield the frames of a question's clip, before each when it was taken."""
    assert question.clip is not None
    for moment, picture in zip(question.clip.times, question.clip.pictures, strict=True):
        yield {"type": "text", "text": f"{moment:.1f} s:"}
        yield {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{picture}"}}


def reply(answer: Any) -> Reply:
    """Return what came back in a chat completion.

    Raises:
        NotUnderstoodError: it is something else, or a number in it cannot be.
    """
    try:
        choice = answer["choices"][0]
        message = choice["message"]
        content = message["content"]
    except (KeyError, IndexError, TypeError):
        raise NotUnderstoodError(answer) from None
    apart = next((message[name] for name in THOUGHTS if isinstance(message.get(name), str)), "")
    text, thought = parted(clean(content, answer), clean(apart, answer))
    usage = answer.get("usage")
    details = usage.get("prompt_tokens_details") if isinstance(usage, Mapping) else None
    return Reply(
        text,
        thought,
        whole=choice.get("finish_reason") != "length",
        tokens=tokens(_listed(answer, choice), answer),
        prompt=count(usage, "prompt_tokens"),
        written=count(usage, "completion_tokens"),
        cached=count(details, "cached_tokens"),
    )


def tokens(listed: Any, answer: Any) -> tuple[Token, ...]:
    """Return tokens of a list of {token, logprob, top_logprobs}; () where there is no list.

    Raises:
        NotUnderstoodError: a number is not one of a probability: one above 1 would make any answer a sure one.
    """
    if not isinstance(listed, Sequence) or isinstance(listed, str):
        return ()
    try:
        return tuple(_token(one) for one in listed)
    except (KeyError, TypeError, ValueError, OverflowError, AttributeError):
        raise NotUnderstoodError(answer) from None


def _listed(answer: Mapping[str, Any], choice: Mapping[str, Any]) -> Any:
    """Return the list of tokens; llama.cpp had a field of its own for it."""
    logprobs = choice.get("logprobs")
    own = logprobs.get("content") if isinstance(logprobs, Mapping) else None
    return own if own is not None else answer.get("completion_probabilities")


def _token(one: Mapping[str, Any]) -> Token:
    others = tuple((str(other["token"]), _probability(other["logprob"])) for other in one.get("top_logprobs") or ())
    text = str(one["token"]) if "token" in one or not others else others[0][0]
    own = _probability(one["logprob"]) if "logprob" in one else next((p for t, p in others if t == text), 0.0)
    return Token(text, own, others)


def _probability(logprob: Any) -> float:
    """Return the probability of a logarithm; JSON knows no minus infinity, which some servers write as null."""
    if logprob is None:
        return 0.0
    if isinstance(logprob, bool | str):
        raise ValueError(f"{logprob!r} is not a logarithm")
    value = float(logprob)
    if math.isnan(value) or value > MOST_LOGPROB:
        raise ValueError(f"{value} is not a logarithm of a probability")
    return min(math.exp(value), 1.0)


def _find(line: Connection, listed: Any, model: str, seconds: float) -> Abilities:
    return Abilities("an OpenAI-compatible server", chosen(listed, model, line.address))


def _manners(asked: Abilities, media: Sequence[Media]) -> Sequence[Manner]:
    way = media[-1]
    return (Manner(way, True, False, True), Manner(way, True, False, False), Manner(way, False, False, False))


def _request(asked: Abilities, manner: Manner, question: Question) -> tuple[str, dict[str, Any]]:
    quiet = {"reasoning_effort": "none"} if manner.quiet else {}
    return CHAT, body(asked, manner, question) | quiet


#: Where nothing tells what a server is: pictures, OpenAI's own fields, and each of them only where it is taken.
OPENAI = Dialect(_find, _manners, _request, reply, ("images",), ("images",))
