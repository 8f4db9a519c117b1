"""Praat TextGrid, long and short text form ("TextGrid file formats" in the manual of Praat, P. Boersma and D. Weenink).

How labels are found (ours): the label of an interval or point is its text; one without text is none. A tier that is
named after its text, or 'TEXT @ SUBJECT', is how ActScribe writes. Where other tiers stand beside each other, as in
Praat's own examples (tiers 'Mary' and 'John'), a tier's name is the subject; a single one says nothing.

What is written: the long form in UTF-8, one interval tier per label and subject, points in a point tier beside it, and
an empty tier for each label of the label set that does not occur. Intervals of one tier cannot overlap in Praat, so an
overlapping one moves to a further tier. A TextGrid needs an end: it is the video's length, or else the last end, which
a comment at the end of the file says. The video's name and scores are not carried.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from actscribe.annotations.entry import Entry, single
from actscribe.annotations.format import Format
from actscribe.annotations.frame_clock import FrameClock
from actscribe.annotations.interval import Annotations, Interval, is_gap
from actscribe.annotations.label_sources import label_sources
from actscribe.annotations.rounding import seconds_text
from actscribe.annotations.text import check_writable, interval_at, read_text
from actscribe.annotations.tier_choice import TierChoice
from actscribe.annotations.tiers import SUBJECT_SIGN, Tier, tiers
from actscribe.errors import ActScribeError
from actscribe.files import write_text

#: Only what stands by itself counts: strings in quotes, flags in <>, numbers; a comment begins with '!'.
_TOKEN = re.compile(r'"([^"]*(?:""[^"]*)*)"|(<[^<>\s]*>)(?!\S)|![^\r\n]*|([^\s"]+)|(")')
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_HEAD = re.compile(r'\s*(?:File type\s*=\s*)?"ooTextFile')
_LENGTH_UNKNOWN = "! ActScribe: the video's length is not known, xmax is the last end."


@dataclass(frozen=True, slots=True)
class _Token:
    """A string (its text), a flag ('<exists>') or a number, and the line where it stands."""

    value: str | float
    is_flag: bool
    line: int


@dataclass(frozen=True, slots=True)
class _Span:
    """Text from `start` to `end` on a tier, in seconds."""

    text: str
    start: float
    end: float
    line: int


def is_textgrid(text: str) -> bool:
    """Tell whether a text begins as Praat's text files do."""
    return _HEAD.match(text) is not None


def read(path: Path, clock: FrameClock | None = None) -> list[Entry]:
    """Return the intervals and points of all tiers."""
    return read_tiers(path, TierChoice())


def read_tiers(path: Path, choice: TierChoice) -> list[Entry]:
    """Return the intervals and points of the tiers that are chosen.

    Raises:
        ActScribeError: another kind of Praat file, a file that was cut off, one whose time does not begin at 0, or no
            such tier.
    """
    text = read_text(path)
    reader = _Reader(path, text)
    kind = reader.string("the type of the file")
    name = reader.string("the class of the object") if kind.startswith("ooTextFile") else kind
    if name.split(" ")[0] != "TextGrid":
        raise ActScribeError(
            f"{path}: a Praat file of a '{name}', not of a TextGrid.",
            "Select the TextGrid in Praat and choose Save > Save as text file...",
        )
    begin, end = reader.number("the beginning"), reader.number("the end")
    if begin != 0:
        raise ActScribeError(
            f"{path}: its time begins at {begin:g} s, not at 0, and it does not say which moment of the video that is.",
            "Shift it in Praat: Modify > Modify times > Shift to zero; then save it again.",
        )
    every = list(reader.tiers()) if reader.flag() == "<exists>" else []
    chosen = choice.pick(path, [name for name, _ in every])
    chosen_tiers = [(name, spans) for name, spans in every if name in chosen]
    duration = None if _LENGTH_UNKNOWN in text else end
    read = {name: name in chosen for name, _ in every}
    return single(replace(_annotations(path, chosen_tiers, duration), tiers=read))


def write(path: Path, annotations: Annotations, clock: FrameClock | None = None) -> None:
    """Write a TextGrid in the long form."""
    check_writable(path, annotations, "\r", ethogram=True)
    written_tiers = tiers(annotations, points=True)
    last = max((end for tier in written_tiers for _, end in tier.spans), default=0)
    end = max(last, round((annotations.duration or 0) * 1000), 1)
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', ""]
    lines += ["xmin = 0", f"xmax = {seconds_text(end)}", "tiers? <exists>", f"size = {len(written_tiers)}", "item []:"]
    for number, tier in enumerate(written_tiers, start=1):
        lines += [f"    item [{number}]:", *(f"        {line}" for line in _tier(tier, end))]
    lines += [_LENGTH_UNKNOWN] if annotations.duration is None else []  # last: some readers count the lines of the head
    write_text(path, "\n".join(lines) + "\n")


class _Reader:
    """Goes through the free-standing tokens of a file; what is between them (`xmin =`, `intervals [1]:`) is prose."""

    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        self.end = text.count("\n") + 1
        self.tokens = _tokens(path, text)

    def string(self, what: str) -> str:
        token = self._next(what)
        if not isinstance(token.value, str) or token.is_flag:
            raise self._refuse(token, f"{what} in quotes")
        return token.value

    def number(self, what: str) -> float:
        token = self._next(what)
        if not isinstance(token.value, float):
            raise self._refuse(token, f"{what}, a number")
        return token.value

    def flag(self) -> str:
        token = self._next("whether there are tiers")
        if not isinstance(token.value, str) or not token.is_flag:
            raise self._refuse(token, "<exists> or <absent>")
        return token.value

    def count(self, what: str) -> int:
        token = self._next(what)
        if not isinstance(token.value, float) or token.value != int(token.value) or token.value < 0:
            raise self._refuse(token, f"{what}, a whole number")
        return int(token.value)

    def tiers(self) -> Iterator[tuple[str, list[_Span]]]:
        """Yield name and filled intervals or points of each tier."""
        for _ in range(self.count("the number of tiers")):
            token = self._next("the class of a tier")
            if token.value not in ("IntervalTier", "TextTier"):
                raise self._refuse(token, "a tier of class IntervalTier or TextTier")
            name = self.string("the name of a tier")
            self.number("the beginning of a tier"), self.number("the end of a tier")
            spans = [self._span(token.value == "TextTier") for _ in range(self.count("the size of a tier"))]
            yield name, [span for span in spans if span.text.strip()]

    def _span(self, is_point: bool) -> _Span:
        start = self._next("a time")
        if not isinstance(start.value, float):
            raise self._refuse(start, "a time, a number")
        end = start.value if is_point else self.number("the end of an interval")
        return _Span(self.string("a text"), start.value, end, start.line)

    def _next(self, what: str) -> _Token:
        token = next(self.tokens, None)
        if token is None:
            raise ActScribeError(
                f"{self.path}:{self.end}: ends where {what} was expected.",
                "The file may have been cut off; save it again in Praat.",
            )
        return token

    def _refuse(self, token: _Token, expected: str) -> ActScribeError:
        actual = f"{token.value:g}" if isinstance(token.value, float) else f"'{token.value[:40]}'"
        return ActScribeError(f"{self.path}:{token.line}: expected {expected}, found {actual}.")


def _tokens(path: Path, text: str) -> Iterator[_Token]:
    line, position = 1, 0
    for match in _TOKEN.finditer(text):
        line += text.count("\n", position, match.start())
        position = match.start()
        quoted, flag, word, stray = match.groups()
        if stray:
            raise ActScribeError(
                f"{path}:{line}: a text begins here and does not end.",
                'A quote inside a text is written twice: "he said ""no""".',
            )
        if quoted is not None:
            yield _Token(quoted.replace('""', '"'), False, line)
        elif flag:
            yield _Token(flag, True, line)
        elif word and _NUMBER.fullmatch(word):
            if not abs(float(word)) < float("inf"):
                raise ActScribeError(f"{path}:{line}: {word[:40]} is larger than any number of seconds.")
            yield _Token(float(word), False, line)


def _annotations(path: Path, named_tiers: Sequence[tuple[str, list[_Span]]], duration: float | None) -> Annotations:
    named = [_label_of(name, spans) for name, spans in named_tiers]
    intervals: list[Interval] = []
    for (name, spans), label in zip(named_tiers, named, strict=True):
        for span in spans:
            subject = _subject(name, span.text) if label is not None else name if len(named_tiers) > 1 else ""
            where = f"tier '{name}', line {span.line}"
            intervals.append(interval_at(path, where, span.text, span.start, span.end, subject))
    labels = [label for label in named if label and not is_gap(label)] if None not in named else []
    places = label_sources("tier", ((span.text, name) for name, spans in named_tiers for span in spans))
    return replace(Annotations.of(intervals, duration=duration, labels=labels), label_sources=places)


def _label_of(name: str, spans: Sequence[_Span]) -> str | None:
    """Return the label that a tier is named after, or None where its texts are others; an empty tier is its name."""
    texts = {span.text for span in spans}
    if not texts:
        return name.partition(SUBJECT_SIGN)[0] if name.strip() else None
    text = texts.pop()
    is_ours = not texts and (name == text or name.startswith((f"{text}{SUBJECT_SIGN}", f"{text} #")))
    return text if is_ours else None


def _subject(name: str, text: str) -> str:
    prefix = f"{text}{SUBJECT_SIGN}"
    return re.sub(r" #\d+$", "", name[len(prefix) :]) if name.startswith(prefix) else ""


def _tier(tier: Tier, end: int) -> list[str]:
    """Return the lines of a tier; intervals of a tier fill it from 0 to `end` (milliseconds) without a hole."""
    head = [f'class = "{"TextTier" if tier.is_points else "IntervalTier"}"', f"name = {_quoted(tier.name)}"]
    head += ["xmin = 0", f"xmax = {seconds_text(end)}"]
    if tier.is_points:
        lines = [*head, f"points: size = {len(tier.spans)}"]
        for number, (time, _) in enumerate(tier.spans, start=1):
            lines += [f"points [{number}]:", f"    number = {seconds_text(time)}", f"    mark = {_quoted(tier.label)}"]
        return lines
    filled: list[tuple[int, int, str]] = []
    last = 0
    for start, stop in (*tier.spans, (end, end)):
        filled += [(last, start, "")] if last < start else []
        filled += [(start, stop, tier.label)] if start < stop else []
        last = stop
    lines = [*head, f"intervals: size = {len(filled)}"]
    for number, (start, stop, text) in enumerate(filled, start=1):
        lines += [f"intervals [{number}]:", f"    xmin = {seconds_text(start)}", f"    xmax = {seconds_text(stop)}"]
        lines += [f"    text = {_quoted(text)}"]
    return lines


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


FORMAT = Format(
    title="Praat TextGrid",
    ending=".TextGrid",
    resolution=0.001,
    keeps=frozenset({"subject", "duration", "labels"}),
    read=read,
    write=write,
    becomes_label="the text of an interval or point; where there are several tiers, the tier's name is the subject",
    passed_over="intervals without a text",
    offered="a tier each",
    read_tiers=read_tiers,
    is_text=is_textgrid,
)
