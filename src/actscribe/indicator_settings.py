"""What an audit asks of a timeline, as a label set states it: measures, where they count from, and limits.

An indicator is one number of one video: `measure` says which, `of` or `without` of which activities, `after`, `until`,
`lasting` and `inside` in which window, `limit` and `source` what it should be and who says so.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, field_validator, model_validator

from actscribe.errors import did_you_mean

Measure = Literal[
    "latency", "total", "fraction", "count", "rate per minute", "longest pause", "overlap", "during pauses"
]
Unit = Literal["s", "share", "", "per min"]
UNITS: dict[str, Unit] = {
    "latency": "s",
    "total": "s",
    "fraction": "share",
    "count": "",
    "rate per minute": "per min",
    "longest pause": "s",
    "overlap": "s",
    "during pauses": "share",
}
_LIMIT = re.compile(r"(<=|>=|<|>|≤|≥)\s*([0-9]{1,12}(?:\.[0-9]{1,12})?)\s*(s|min|%|per min)?")
#: How a unit is written in a limit -> the measure's unit, and what turns the number into it.
_WRITTEN: dict[str, tuple[Unit, float]] = {
    "s": ("s", 1.0),
    "min": ("s", 60.0),
    "%": ("share", 0.01),
    "": ("", 1.0),
    "per min": ("per min", 1.0),
}


def _several(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Text = Annotated[str, StringConstraints(strip_whitespace=True)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Names = Annotated[tuple[str, ...], BeforeValidator(_several)]


@dataclass(frozen=True, slots=True)
class Limit:
    """What a number should be.

    Args:
        at_most: the number may be at most (else: at least) this.
        value: in the unit of its measure; a share for percent.
        strict: and not the value itself.
    """

    at_most: bool
    value: float
    strict: bool


class Anchor(BaseModel):
    """A moment that a window begins or ends at; exactly one of the first four.

    Args:
        start_of: label whose bout begins then.
        end_of: label whose bout ends then.
        event: point event of the label set's `events`, or of a label.
        manifest: column of the manifest that holds it, in seconds of the video (or m:ss); negative: before it began.
        nth: which bout or event, 1 the first, -1 the last.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    start_of: Name | None = None
    end_of: Name | None = None
    event: Name | None = None
    manifest: Name | None = None
    nth: int = Field(1, strict=True)

    @model_validator(mode="after")
    def _one(self) -> Anchor:
        given = [name for name in ("start_of", "end_of", "event", "manifest") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(
                "an anchor is exactly one of start_of, end_of, event and manifest;"
                f" found {' and '.join(given) or 'none of them'}"
            )
        if self.nth == 0:
            raise ValueError("nth is 1 for the first and -1 for the last; 0 is not allowed")
        return self

    def described(self) -> str:
        """Return it in words: "2nd start of Ventilation", "birth_s"."""
        which = {1: "", -1: "last "}.get(self.nth, f"{_ordinal(self.nth)} ")
        if self.manifest:
            return self.manifest
        if self.event:
            return f"{which}{self.event}"
        return f"{which}start of {self.start_of}" if self.start_of else f"{which}end of {self.end_of}"


class Indicator(BaseModel):
    """One number of a video, and its limit.

    Args:
        name: how tables and pages call it.
        measure: "latency": seconds from the window's start until the activity runs; "total": seconds that it runs;
            "fraction": of the window; "count": bouts that begin in the window, and point events; "rate per minute": the
            same by the window's length; "longest pause": between its first and last bout in the window; "overlap":
            seconds that it runs together with `overlap_with`; "during pauses": what else ran in its pauses, as shares
            of their time, one row for each other label.
        of: labels; several: any of them. A point event of the label set's `events` can be counted, too.
        without: in place of `of`: time with none of these labels.
        overlap_with: labels, for the measure "overlap".
        among: labels that are looked for in pauses; left out: all others.
        after: where the window begins; left out: with the video.
        until: where it ends; left out: with the video, or after `lasting`.
        lasting: its length in seconds.
        inside: only the time of the window at which one of these labels runs.
        unseen: what is taken to be the case before the video began, where a window begins before it: "unknown", or
            "absent" where the study knows that nothing happened yet.
        limit: such as "<= 60 s", ">= 90 %", "< 3", "<= 2 per min".
        source: who sets the limit; needed with one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name
    measure: Measure
    of: Names = ()
    without: Names = ()
    overlap_with: Names = ()
    among: Names = ()
    after: Anchor | None = None
    until: Anchor | None = None
    lasting: float | None = Field(None, gt=0, allow_inf_nan=False, strict=True)
    inside: Names = ()
    unseen: Literal["unknown", "absent"] = "unknown"
    limit: Text = ""
    source: Text = ""

    @field_validator("measure", mode="before")
    @classmethod
    def _known_measure(cls, value: object) -> object:
        spelled = value.replace("_", " ") if isinstance(value, str) else value
        if not isinstance(spelled, str) or spelled not in UNITS:
            raise ValueError(f"no measure is called '{value}'. {did_you_mean(str(spelled), UNITS)}")
        return spelled

    @model_validator(mode="after")
    def _fits(self) -> Indicator:
        if bool(self.of) == bool(self.without):
            raise ValueError("'of' or 'without' says what is measured; write exactly one of them")
        if (self.measure == "overlap") != bool(self.overlap_with):
            raise ValueError("the measure 'overlap' and 'overlap_with' belong together; write both or neither")
        if self.among and self.measure != "during pauses":
            raise ValueError("'among' says what is looked for in pauses; it belongs to the measure 'during pauses'")
        if self.measure == "during pauses":
            self._check_pauses()
        if self.until and self.lasting:
            raise ValueError("'until' and 'lasting' both end the window; write one of them")
        if self.inside and self.measure in ("latency", "longest pause", "during pauses"):
            raise ValueError(f"'inside' cuts the window into pieces, in which there is no {self.measure}; leave it out")
        if self.limit:
            _parse_limit(self.limit, UNITS[self.measure])
            if not self.source:
                raise ValueError(f"the limit '{self.limit}' has no 'source': write who sets it")
        elif self.source:
            raise ValueError("a 'source' without a 'limit'")
        return self

    def _check_pauses(self) -> None:
        if self.without:
            raise ValueError("what ran in pauses is of an activity's own pauses; write 'of' in place of 'without'")
        if self.limit:
            raise ValueError("'during pauses' is a share for each other label, so it has no one limit; leave it out")
        own = sorted(set(self.of) & set(self.among))
        if own:
            raise ValueError(f"'among' names '{own[0]}', which never runs in its own pauses; leave it out")

    @property
    def unit(self) -> Unit:
        """Of its numbers; a share is in [0, 1]."""
        return UNITS[self.measure]

    @property
    def bound(self) -> Limit | None:
        """The limit as a number; None: it has none."""
        return _parse_limit(self.limit, self.unit) if self.limit else None

    def names(self) -> tuple[str, ...]:
        """Return the labels and events that it names, in the order of the file."""
        anchors = [one for one in (self.after, self.until) if one is not None]
        of_anchors = [one.start_of or one.end_of or one.event or "" for one in anchors]
        return (*self.of, *self.without, *self.overlap_with, *self.among, *self.inside, *filter(None, of_anchors))

    def columns(self) -> tuple[str, ...]:
        """Return the columns of the manifest that it counts from."""
        return tuple(one.manifest for one in (self.after, self.until) if one is not None and one.manifest)


class TimeBudget(BaseModel):
    """The tables of a behaviour lab: how time was spent, and what follows what.

    Args:
        out_of_sight: labels whose time is not a time of observation: percents are of the rest.
        lags: lag-sequential tables are made for 1 to this many events later; 0: none, and no transitions.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    out_of_sight: Names = ()
    lags: int = Field(1, ge=0, le=20, strict=True)


def _parse_limit(text: str, unit: Unit) -> Limit:
    match = _LIMIT.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"'{text}' is not a limit; write it as '<= 60 s', '>= 90 %', '< 3' or '<= 2 per min'")
    sign, number, written = match.group(1), float(match.group(2)), match.group(3) or ""
    of, factor = _WRITTEN[written]
    if of != unit:
        meant = 100 * number if unit == "share" and not written and number <= 1 else number  # 0.9 is 90 %
        fitting = " or ".join(
            f"'{sign} {meant:g} {name}'".replace(" '", "'") for name, one in _WRITTEN.items() if one[0] == unit
        )
        raise ValueError(f"the limit '{text}' is not in the unit of its measure; write {fitting}")
    if unit == "share" and number > 100:
        raise ValueError(f"the limit '{text}' is of a share, which is 100 % at most")
    return Limit(sign in ("<=", "<", "≤"), number * factor, sign in ("<", ">"))


def _ordinal(number: int) -> str:
    if number < 0:
        return f"{_ordinal(-number)} last"
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
