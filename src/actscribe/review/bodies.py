"""What the page sends, checked before anything is done with it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from actscribe.errors import ActScribeError
from actscribe.journal import Action, Op, Put, Suggestion, Verdict
from actscribe.journal.action import MOST_OPS

T = TypeVar("T", bound=BaseModel)
#: Characters of a subject's name (ours).
LONGEST_SUBJECT = 200


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Open(_Body):
    """Open a recording; `insist`: show the predictions of a test recording, too."""

    insist: bool = False


class Act(_Body):
    """Do something to a sheet that is at `revision`."""

    revision: int = Field(ge=0)
    why: str = Field(min_length=1, max_length=64)
    ops: tuple[Op, ...] = Field(min_length=1, max_length=MOST_OPS)

    def action(self) -> Action:
        """Return it as the journal holds it.

        Raises:
            ActScribeError: a text holds control characters, which no annotation file could carry.
        """
        for text in (self.why, *(text for op in self.ops for text in _texts(op))):
            if len(text) > LONGEST_SUBJECT or any(unicodedata.category(one) in ("Cc", "Cs") for one in text):
                raise ActScribeError(
                    "A name holds control characters, or more than 200 characters.", "Type it again, without them."
                )
        return Action(why=self.why, ops=self.ops)


class At(_Body):
    """Undo or redo in a sheet that is at `revision`."""

    revision: int = Field(ge=0)


class Report(_Body):
    """A report, by the name of its folder and what it is about."""

    name: str = Field(max_length=300)
    about: str = Field(max_length=20)


class Export(_Body):
    """Write recordings, by their ids, in formats; no ids: all that were begun."""

    formats: tuple[str, ...] = Field(min_length=1, max_length=50)
    recordings: tuple[str, ...] | None = Field(None, max_length=100_000)


def read(body: bytes, kind: type[T]) -> T:
    """Return what a request's body says.

    Raises:
        ActScribeError: it is not JSON, or something else.
    """
    try:
        return kind.model_validate_json(body or b"{}")
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        key = ".".join(str(part) for part in first["loc"][:6])
        raise ActScribeError(f"The request cannot be read: {key}: {first['msg']}.", "Load the page again.") from None


def _texts(op: Op) -> Iterator[str]:
    if isinstance(op, Put):
        yield op.bout.subject
        if op.bout.origin is not None:
            yield from _of_suggestion(op.bout.origin)
    elif isinstance(op, Verdict):
        yield from _of_suggestion(op.suggestion)


def _of_suggestion(one: Suggestion) -> tuple[str, str]:
    return one.label, one.run
