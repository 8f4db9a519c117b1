"""A question to a model behind a server, and what came back, in no server's dialect."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from actscribe.models.server.encoded_clip import EncodedClip
from actscribe.models.server.exchange import shown

#: What the answer to a yes/no question may be where a server lets it be restricted; models prefer one of these cases.
YES_NO = ("yes", "no", "Yes", "No")
#: Tokens in which a written yes or no is looked for.
YES_NO_TOKENS = 8


@dataclass(frozen=True, slots=True)
class Question:
    """A question.

    Args:
        text: of the user's message; what questions on one clip share stands at its beginning.
        most: tokens of the answer.
        yes_no: whether the answer is yes or no.
        clip: that is shown before the text; None: nothing is.
        room: tokens for thinking, besides.
    """

    text: str
    most: int
    yes_no: bool = False
    clip: EncodedClip | None = None
    room: int = 0


@dataclass(frozen=True, slots=True)
class Token:
    """One token of what was written.

    Args:
        text: of it.
        probability: given all before it.
        others: (text, probability) of the likeliest ones in its place, itself among them; empty where nobody tells.
    """

    text: str
    probability: float
    others: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back.

    Args:
        text: the answer, without what was thought before it.
        thought: before it, as far as the server tells.
        whole: whether the model ended its answer; else it was cut off.
        tokens: of everything that was written, thoughts included where the server counts them; empty where it does
            not tell.
        prompt, written: tokens of the prompt, and of everything that was written; None where the server does not tell.
        cached: of those of the prompt, which the server had kept from before; None where it does not tell.
    """

    text: str
    thought: str = ""
    whole: bool = True
    tokens: tuple[Token, ...] = ()
    prompt: int | None = None
    written: int | None = None
    cached: int | None = None


class NotUnderstoodError(Exception):
    """An answer in a form that no documentation has.

    Args:
        answer: what came.
    """

    def __init__(self, answer: Any) -> None:
        super().__init__()
        self.answer = answer

    def __str__(self) -> str:
        try:
            return shown(json.dumps(self.answer))
        except (RecursionError, TypeError, ValueError):
            return "JSON that is nested too deeply"


def count(values: object, name: str) -> int | None:
    """Return a number of tokens from a mapping, None where there is none that can be."""
    value = values.get(name) if isinstance(values, Mapping) else None
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**40 else None


def mappings(values: object) -> list[Mapping[str, Any]]:
    """Return the mappings of a list; whatever else it is or holds is left out."""
    return [one for one in values if isinstance(one, Mapping)] if isinstance(values, list) else []


def clean(text: object, answer: Any) -> str:
    """Return a text of an answer, in characters that a file can hold; JSON can spell others.

    Raises:
        NotUnderstoodError: it is not text.
    """
    if not isinstance(text, str | None):
        raise NotUnderstoodError(answer)
    return (text or "").encode("utf-8", "replace").decode()
