"""What a server says of itself and of its model, and the ways to ask it a question, the best first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from actscribe.models.server.connection import Connection
from actscribe.models.server.question import Question, Reply

Media = Literal["none", "images", "video"]


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a server says of itself and of one model.

    Args:
        server: its name: "Ollama", "llama.cpp", "vLLM", "LM Studio", or "an OpenAI-compatible server".
        model: its name for the model.
        version: of the server; empty where it does not tell.
        digest: of the model's files; empty where it does not tell.
        sees: whether the model takes pictures; None: it does not tell.
        thinks: whether the model thinks before it answers unless asked not to; None: it does not tell.
        quiet: what switches thinking off, or keeps it short, in the server's own words: False switches it off; None:
            nothing does.
        context: tokens of a prompt with its answer, at most; 0: it does not tell.
        asks_context: whether the server wants to be told how many of them a request may take. It leaves out the
            beginning of a longer prompt silently.
        remote: where the model runs, if the server only passes on to another machine.
        shares: whether what one request's prompt begins with is kept for all others, at the same time too; else for
            the next request alone.
    """

    server: str
    model: str
    version: str = ""
    digest: str = ""
    sees: bool | None = None
    thinks: bool | None = None
    quiet: Any = None
    context: int = 0
    asks_context: bool = False
    remote: str = ""
    shares: bool = False


@dataclass(frozen=True, slots=True)
class Manner:
    """A way of asking.

    Args:
        media: how frames are sent.
        probabilities: whether the probabilities of tokens are asked for.
        restricted: whether answers to yes/no questions are restricted to these words by the server.
        quiet: whether the model is asked not to think.
    """

    media: Media
    probabilities: bool
    restricted: bool
    quiet: bool

    def identity(self) -> dict[str, Any]:
        """Return what answers depend on."""
        return {"frames": self.media, "probabilities": self.probabilities, "restricted": self.restricted}


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one sort of server is spoken to, by its documentation.

    Args:
        find: line, the OpenAI-compatible list of models, the model's name (empty: the only one) and seconds -> what
            the server says of itself; None: it is another sort.
        manners: abilities and the media that may be used -> ways of asking, the best first.
        request: abilities, way and question -> endpoint and body.
        reply: the endpoint's answer -> what came back; raises `NotUnderstoodError`.
        auto: media that are tried where nobody says otherwise, the best first.
        able: media that it has fields for.
    """

    find: Callable[[Connection, Any, str, float], Abilities | None]
    manners: Callable[[Abilities, Sequence[Media]], Sequence[Manner]]
    request: Callable[[Abilities, Manner, Question], tuple[str, dict[str, Any]]]
    reply: Callable[[Any], Reply]
    auto: tuple[Media, ...]
    able: tuple[Media, ...]


def ladder(media: Sequence[Media], *ways: tuple[bool, bool]) -> tuple[Manner, ...]:
    """Return ways of asking: for each medium each (probabilities, restricted), and at last the plainest."""
    manners = [Manner(one, probabilities, restricted, True) for one in media for probabilities, restricted in ways]
    return (*manners, Manner(media[-1], False, False, False))
