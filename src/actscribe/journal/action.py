"""What a person does to the annotations of one recording, as small operations that can be undone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

_Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
_Id = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
#: Operations of one action: what a select-all in a recording of 10,000 bouts makes (ours).
MOST_OPS = 20_000


class _Span(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    start: _Seconds
    end: _Seconds

    @model_validator(mode="after")
    def _in_order(self) -> _Span:
        if self.end < self.start:
            raise ValueError(f"ends at {self.end:g} s, before it starts at {self.start:g} s")
        return self


class Suggestion(_Span):
    """A bout that a recognizer suggested.

    Args:
        label, start, end: as it was suggested, seconds.
        run: digest of the run that suggested it.
        score: its confidence in [0, 1], or None.
        planted: it is wrong on purpose, to see whether it is accepted.
    """

    label: str
    run: str
    score: float | None = Field(None, ge=0, le=1)
    planted: bool = False


class Bout(_Span):
    """One bout of a sheet.

    Args:
        id: of the bout in its sheet; kept while it is moved or relabelled.
        label: of the label set.
        start, end: seconds from presentation timestamps; equal for a point event.
        subject: who did it; empty where nobody said.
        origin: the suggestion that it was made from; None: a person's own.
        planted: spans of it that derive from suggestions wrong on purpose; who reads the page is never told.
    """

    id: _Id
    label: str
    subject: str = ""
    origin: Suggestion | None = None
    planted: tuple[tuple[_Seconds, _Seconds], ...] = ()


class Put(BaseModel):
    """Write a bout, in place of the one that has its id where there is one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    op: Literal["put"] = "put"
    bout: Bout


class Drop(BaseModel):
    """Take a bout away."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    op: Literal["drop"] = "drop"
    id: _Id


class Mark(_Span):
    """Say of a span that it was reviewed, or that it was not after all.

    Args:
        start, end: seconds.
        labels: that the span was looked through for; none: all that the sheet was begun with (see `Action.naming`).
        reviewed: whether it is from now on.
    """

    op: Literal["mark"] = "mark"
    labels: tuple[str, ...] = ()
    reviewed: bool = True


class Verdict(BaseModel):
    """Say of a suggestion that it was accepted, as it is or changed, or rejected; None takes that back."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    op: Literal["verdict"] = "verdict"
    suggestion: Suggestion
    accepted: bool | None


Op = Annotated[Put | Drop | Mark | Verdict, Field(discriminator="op")]


class Action(BaseModel):
    """What one keystroke does, undone and redone as a whole.

    Args:
        why: the action's name, such as "split" or "accept".
        ops: in order.
        final: neither it nor anything before it can be undone.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    why: str = Field(min_length=1, max_length=64)
    ops: tuple[Op, ...] = Field(min_length=1, max_length=MOST_OPS)
    final: bool = False

    def naming(self, labels: Sequence[str]) -> Action:
        """Return the action with its marks of all labels as marks of these: the study's may be more by now."""
        ops = [
            op.model_copy(update={"labels": tuple(labels)}) if isinstance(op, Mark) and not op.labels else op
            for op in self.ops
        ]
        return self.model_copy(update={"ops": tuple(ops)})
