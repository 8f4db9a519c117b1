"""Which intervals a written answer names: strictly, so that what is not an answer never becomes a time.

Times are read as the processors of vision-language models write them and as their models therefore answer: `12.3`,
`12.3 seconds` and `<12.3 seconds>` (Qwen3-VL, LFM3-VL, GLM-4.6V, Molmo 2), `Time 12.3s` (VideoLLaMA 3), `mm:ss` and
`hh:mm:ss` with or without fractions (SmolVLM2, Gemma 4), `<|12.3|>`, and `Frame 12` (InternVL). An interval is two of
them with a dash, "to" or "until" between, "between" before and "and" between, a pair in brackets, or an object of JSON
with a start and an end; lines may be numbered. That nothing happens is said by "none", or by a sentence that denies the
label and says nothing else.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from actscribe.labels import Label

#: Seconds by which an answer may overstep the video unblamed: half of the families write whole seconds (ours).
SLACK_S = 1.0
#: Two intervals whose ends differ by less are one that is repeated.
SAME_S = 0.05

_CLOCK = r"(?:\d{1,2}:)?\d{1,2}:[0-5]\d(?:\.\d+)?"
_NUMBER = r"\d+(?:\.\d+)?"
_UNIT = r"(?:\s?(?:seconds?|secs?|s)\b)?"
_TIME = re.compile(
    rf"<\|?\s?(?P<tag>{_CLOCK}|{_NUMBER}){_UNIT}\s?\|?>"
    rf"|frames?\s?#?(?P<frame>\d+)\b"
    rf"|(?:time\s)?(?P<bare>{_CLOCK}|{_NUMBER}){_UNIT}(?![\w:.]*\d)",
    re.IGNORECASE,
)
_BETWEEN = re.compile(r"\s*(?:-+>?|–|—|~|→|\bto\b|\buntil\b|\btill\b)\s*", re.IGNORECASE)
_AND = re.compile(r"\s*\band\b\s*", re.IGNORECASE)
_COMMA = re.compile(r"\s*,\s*")
_OPEN, _CLOSE = re.compile(r"[\[(]\s*"), re.compile(r"\s*[\])]")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_MARK = re.compile(r"[\s.,;:•*|\"'`]|-(?!\d)")
_NOTHING = re.compile(
    r"\W*(?:none|no|never|nothing|n/?a|no (?:times?|intervals?)"
    r"|(?:it )?(?:never|does not|doesn't) (?:happens?|occurs?))\W*",
    re.IGNORECASE,
)
#: Words that may stand around intervals without saying anything else; none of them denies (ours).
_AROUND = frozenset(
    {"a", "an", "the", "this", "it", "event", "activity", "query", "given", "video", "answer", "is", "are", "there"}
    | {"happens", "happen", "happening", "occurs", "occur", "takes", "place", "visible", "shown", "present"}
    | {"time", "times", "interval", "intervals", "in", "at", "on", "of", "from", "between", "during", "and", "again"}
    | {"then", "also", "start", "end", "seconds", "second", "sec", "s"}
)
#: Words of a label's own name that alone deny what stands beside them.
_DENIALS = frozenset({"no", "not", "never", "none", "nothing", "without"})
#: Words that deny the label, and those that may stand beside them without denying a moment or an interval only (ours).
_DENYING = frozenset({"no", "not", "never", "none", "doesn't", "isn't", "doesn’t", "isn’t"})
_BESIDE_DENYING = frozenset(
    {"a", "an", "the", "this", "it", "event", "activity", "video", "in", "is", "are", "there", "does", "do", "any"}
    | {"happens", "happen", "happening", "occurs", "occur", "takes", "take", "place", "visible", "shown", "present"}
    | {"seen", "such"}
)
#: The number of a line in a list.
_ITEM = re.compile(r"^(\d{1,2})[.)][ \t]+", re.MULTILINE)
_STARTS, _ENDS = ("start", "start_time", "begin", "from"), ("end", "end_time", "stop", "to")


@dataclass(frozen=True, slots=True)
class Named:
    """An interval as an answer names it.

    Args:
        start, end: seconds from the start of what the model saw.
        span: where in the answer it stands, in characters: (from, to).
    """

    start: float
    end: float
    span: tuple[int, int]


@dataclass(frozen=True, slots=True)
class IntervalAnswer:
    """What an answer says of when a label happens.

    Args:
        intervals: that can be, clipped to what the model saw, in the order of the answer.
        unread: the answer is neither intervals nor none, or names only such as cannot be: nothing is known.
        reversed: intervals that end where they begin or earlier; refused.
        outside: those that lie outside of what the model saw; refused.
        clipped: those that overstep it by more than `SLACK_S`; what lies inside is kept.
        repeats: those that were named before; kept once.
        others: those that stand beside the name of a label that was not asked for; refused.
        cut: 1 where the answer was cut off before its end, and therefore is not read.
    """

    intervals: tuple[Named, ...] = ()
    unread: bool = False
    reversed: int = 0
    outside: int = 0
    clipped: int = 0
    repeats: int = 0
    others: int = 0
    cut: int = 0


def read_intervals(text: str, label: Label, length: float, frames: int, labels: Sequence[Label] = ()) -> IntervalAnswer:
    """Return the intervals that an answer names.

    Args:
        text: as the model wrote it.
        label: that was asked for.
        length: of what the model saw, in seconds.
        frames: shown of it; frame k spans the k-th of as many equal parts.
        labels: of the study, by which one that was not asked for is known.
    """
    name, end = _label_at(text, 0, _spellings((label,)))
    if _NOTHING.fullmatch(text[end:] if name else text) or _denies(text, label):
        return IntervalAnswer()
    try:
        named, others = _from_json(text, label, length / frames, labels) or _from_words(
            text, label, length / frames, labels
        )
    except ValueError:
        return IntervalAnswer(unread=True)
    kept = _possible(named, length)
    return replace(kept, others=others, unread=not kept.intervals and (bool(named) or others > 0))


def _possible(named: Sequence[Named], length: float) -> IntervalAnswer:
    """Return the intervals that can be, clipped, with counts of the others."""
    kept: list[Named] = []
    reversed_ = outside = clipped = repeats = 0
    for one in named:
        if one.end <= one.start:
            reversed_ += 1
        elif one.start >= length or one.end <= 0:
            outside += 1
        elif any(abs(one.start - k.start) < SAME_S and abs(min(one.end, length) - k.end) < SAME_S for k in kept):
            repeats += 1
        else:
            clipped += one.end > length + SLACK_S or one.start < -SLACK_S
            kept.append(replace(one, start=max(one.start, 0.0), end=min(one.end, length)))
    return IntervalAnswer(tuple(kept), False, reversed_, outside, clipped, repeats)


def _denies(text: str, label: Label) -> bool:
    """Tell whether a sentence says that the label does not happen at all, and nothing else."""
    spelled, own = _spellings((label,)), _own_words(label)
    position, denied = 0, False
    while position < len(text):
        name, end = _label_at(text, position, spelled)
        word = None if name else _WORD.match(text, position)
        if name:
            position = end
        elif word is None:
            if not _MARK.match(text, position):
                return False
            position += 1
        elif word.group().casefold() in _DENYING | _BESIDE_DENYING | own:
            denied |= word.group().casefold() in _DENYING
            position = word.end()
        else:
            return False
    return denied


# --- intervals among words


def _from_words(text: str, label: Label, frame: float, labels: Sequence[Label]) -> tuple[list[Named], int]:
    """Return the intervals of running text, and how many stand beside another label's name.

    Raises:
        ValueError: the text says something else, too, or holds no interval.
    """
    spelled = _spellings((label, *labels))
    around = _around(label)
    named: list[Named] = []
    others, position, mentioned, items = 0, 0, "", 0
    nameless = False  # an interval stands before every name of its line
    while position < len(text):
        if text[position] == "\n":
            mentioned, nameless = "", False
        name, end = _label_at(text, position, spelled)
        item = None if name else _ITEM.match(text, position)
        if item and int(item[1]) == items + 1:
            items, position = items + 1, item.end()
            continue
        interval = None if name else _interval(text, position, frame)
        if name and nameless and name != label.name:
            raise ValueError(f"{name} stands behind intervals, which may be its own")
        if name:
            mentioned, position = name, end
        elif interval is None:
            position = _past(text, position, around)
        else:
            nameless |= not mentioned
            own = mentioned in ("", label.name)
            others += not own
            named += [interval] if own else []
            position = interval.span[1]
    if not named and not others:
        raise ValueError("no interval")
    return named, others


def _spellings(labels: Sequence[Label]) -> list[tuple[re.Pattern[str], str]]:
    """Return (what matches a spelling, label's name), the longest first."""
    every = {(spelling, one.name) for one in labels for spelling in _spelled(one)}
    ordered = sorted(every, key=lambda pair: (-len(pair[0]), pair))
    return [(re.compile(rf"{re.escape(spelling)}(?!\w)", re.IGNORECASE), name) for spelling, name in ordered]


def _spelled(label: Label) -> tuple[str, ...]:
    return (label.name, label.described(), *label.aliases)


def _label_at(text: str, position: int, spelled: Sequence[tuple[re.Pattern[str], str]]) -> tuple[str, int]:
    """Return the label named at a position of the text, and where its name ends; ("", position) where none is."""
    if position and text[position - 1].isalnum():
        return "", position
    matches = ((match, name) for pattern, name in spelled if (match := pattern.match(text, position)))
    return next(((name, match.end()) for match, name in matches), ("", position))


def _around(label: Label) -> frozenset[str]:
    """Return the words that may stand around a label's intervals."""
    return _AROUND | _own_words(label)


def _own_words(label: Label) -> frozenset[str]:
    """Return the words of a label's name and description but those that deny."""
    return frozenset(word.casefold() for word in _WORD.findall(f"{label.name} {label.described()}")) - _DENIALS


def _past(text: str, position: int, around: frozenset[str]) -> int:
    """Return where a word or mark ends that may stand around intervals.

    Raises:
        ValueError: there is something else, which may deny them.
    """
    word = _WORD.match(text, position)
    if word and word.group().casefold() in around:
        return word.end()
    if word or not _MARK.match(text, position):
        raise ValueError(f"{text[position : position + 20]!r} is neither an interval nor says nothing else")
    return position + 1


def _interval(text: str, position: int, frame: float) -> Named | None:
    """Return the interval that begins at a position of the text; None where none does."""
    opened = _OPEN.match(text, position)
    first = _TIME.match(text, opened.end() if opened else position)
    if first is None:
        return None
    between = _BETWEEN.match(text, first.end()) or (_COMMA.match(text, first.end()) if opened else None)
    if between is None and text[:position].casefold().rstrip().endswith("between"):
        between = _AND.match(text, first.end())
    second = _TIME.match(text, between.end()) if between else None
    if second is None:
        return None
    closed = _CLOSE.match(text, second.end()) if opened else None
    if opened and closed is None:
        return None
    return Named(*_span(first, second, frame), (position, (closed or second).end()))


def _span(first: re.Match[str], second: re.Match[str], frame: float) -> tuple[float, float]:
    """Return start and end in seconds; a frame spans the part of the video that it stands for."""
    start, end = (time["tag"] or time["bare"] or "" for time in (first, second))
    if not first["frame"]:
        return clock(start), float(second["frame"]) * frame if second["frame"] else clock(end)
    last = second["frame"] or (end if second.group().isdigit() else "")
    return (float(first["frame"]) - 1) * frame, float(last) * frame if last else clock(end)


def clock(text: str) -> float:
    """Return the seconds of `12.3`, `mm:ss` or `hh:mm:ss`."""
    total = 0.0
    for part in text.split(":"):
        total = 60 * total + float(part)
    return total


# --- intervals in JSON


def _from_json(text: str, label: Label, frame: float, labels: Sequence[Label]) -> tuple[list[Named], int] | None:
    """Return what `_from_words` returns of an answer in JSON, None where it is none.

    Raises:
        ValueError: it is JSON and something else than intervals.
    """
    bare = re.sub(r"^```(?:json)?\s*|\s*```$", "", text.strip())
    if not bare.startswith(("[", "{")):
        return None
    try:
        values = json.loads(bare)
    except (ValueError, RecursionError):
        return None
    listed = [values] if isinstance(values, dict) or _is_pair(values) else values
    foreign = {spelling.casefold() for one in labels if one.name != label.name for spelling in _spelled(one)}
    own = [value for value in listed if not (isinstance(value, dict) and _mentions(value, foreign))]
    for value in own:
        _check_parts(value, label)
    return [Named(*_pair(value, frame), (0, len(text))) for value in own], len(listed) - len(own)


def _mentions(value: dict[str, Any], spellings: set[str]) -> bool:
    return any(isinstance(part, str) and part.casefold() in spellings for part in value.values())


def _check_parts(value: Any, label: Label) -> None:
    """Prove that beside start and end an object says nothing but the label.

    Raises:
        ValueError: it says something else, such as another unit, or that it does not happen.
    """
    spelled = {spelling.casefold() for spelling in _spelled(label)}
    for key, part in value.items() if isinstance(value, dict) else ():
        if key in (*_STARTS, *_ENDS) or (isinstance(part, str) and part.casefold() in spelled):
            continue
        if not isinstance(part, str):
            raise ValueError(f"{key} is neither start nor end")
        position = 0
        while position < len(part):
            position = _past(part, position, _around(label))


def _is_pair(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and not any(isinstance(end, list | dict) for end in value)


def _pair(value: Any, frame: float) -> tuple[float, float]:
    if isinstance(value, dict):
        ends = [next((value[key] for key in keys if key in value), None) for keys in (_STARTS, _ENDS)]
    elif _is_pair(value):
        ends = value
    else:
        raise ValueError(f"{value!r} is not an interval")
    times = [_TIME.fullmatch(str(end)) if isinstance(end, int | float | str) else None for end in ends]
    if times[0] is None or times[1] is None:
        raise ValueError(f"{value!r} is not an interval")
    return _span(times[0], times[1], frame)
