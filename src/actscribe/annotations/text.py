"""What the formats share: numbers and times, XML, and errors that name the file and the place in it."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast
from xml.etree.ElementTree import Element, ParseError
from xml.parsers import expat

import defusedxml.ElementTree
from defusedxml import DefusedXmlException, EntitiesForbidden

from actscribe.annotations.interval import Annotations, Interval, Origin
from actscribe.errors import ActScribeError
from actscribe.reading import load_json, read_bytes, read_json, read_text, validate

__all__ = [
    "NO_DATE",
    "check_writable",
    "interval_at",
    "lines",
    "load_json",
    "parse_number",
    "parse_seconds",
    "parse_xml",
    "quoted",
    "read_bytes",
    "read_json",
    "read_text",
    "read_xml",
    "root_tag",
    "seconds_at",
    "validate",
]

#: Characters that no format carries: control characters, lone surrogates, byte order marks, non-characters.
_NEVER = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufeff\ufffe\uffff"
#: ASCII digits only: `float` also takes '1_000', 'nan', 'infinity' and the digits of every script.
_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,30}(?:\.[0-9]{0,60})?|\.[0-9]{1,60})(?:[eE][+-]?[0-9]{1,3})?")
#: The date of every file that has to carry one: that of now would give the same annotations another file each time.
NO_DATE = "1970-01-01T00:00:00"
_CLOCK = re.compile(r"(?:([0-9]{1,8}):)?([0-9]{1,8}):([0-9]{1,2}(?:[.,][0-9]{1,60})?)")
_BREAK = re.compile(r"\r\n|\r|\n")
#: Seconds: 3000 years. BORIS counts some live observations from 1970; beyond, a number is damaged or an attack.
_MOST_SECONDS = 1e11
#: What to do about one interval that cannot be.
_CORRECT = "Correct it where it was annotated, then save or export the file again."
#: Characters of a file's text that an error quotes.
_QUOTED = 60
#: An element and an attribute take some 100 bytes each in memory, or more.
_MOST_ELEMENTS, _MOST_ATTRIBUTES, _LONGEST_TAG = 3_000_000, 5_000_000, 200_000
_LONG_TAG = re.compile(rb"<[^<>]{%d}" % _LONGEST_TAG)


def lines(text: str) -> list[str]:
    """Return the lines of a text; only CR, LF and CR LF end one."""
    return _BREAK.split(text)


def read_xml(path: Path) -> Element:
    """Return the root of an XML file; one that is not well-formed, declares entities or is too large is refused."""
    data = _xml_bytes(path)
    with _sound_xml(path):
        return cast("Element[str]", defusedxml.ElementTree.fromstring(data))


def parse_xml(
    path: Path, start: Callable[[str, dict[str, str]], None], end: Callable[[str], None], text: Callable[[str], None]
) -> None:
    """Tell of each element of an XML file as it begins and ends and of the text in between; refuse as `read_xml` does.

    No tree is built: an ELAN file of 200,000 annotations is one of 300 MiB. Entities are refused where they are
    declared, as `defusedxml` does it.
    """
    data = _xml_bytes(path)

    def refuse(name: str | None, *_: object) -> None:
        raise EntitiesForbidden(name, None, None, None, None, None)

    parser = expat.ParserCreate(None, "}")
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, text
    parser.EntityDeclHandler = parser.UnparsedEntityDeclHandler = parser.ExternalEntityRefHandler = refuse  # type: ignore[assignment]
    with _sound_xml(path):
        parser.Parse(data, True)


def _xml_bytes(path: Path) -> bytes:
    """Return the bytes of an XML file that has no more elements than can be read."""
    data = read_bytes(path)
    if data.count(b"<") > _MOST_ELEMENTS or data.count(b"=") > _MOST_ATTRIBUTES or _LONG_TAG.search(data):
        raise ActScribeError(
            f"{path}: has more XML elements, or more attributes, than can be read"
            f" ({_MOST_ELEMENTS:,}; {_MOST_ATTRIBUTES:,}; {_LONGEST_TAG:,} characters in one element's tag).",
            "Is this the right file? If it is, export it in parts, or without interpolated frames.",
        )
    return data


def root_tag(path: Path) -> str:
    """Return the name of an XML file's outermost element, without reading on; errors as `read_xml` has them."""
    data = read_bytes(path)
    with _sound_xml(path):
        # Read in pieces, so that a large file is not read twice; a long tag without end would be kept in memory.
        for _, element in defusedxml.ElementTree.iterparse(io.BytesIO(data[: 2 * _LONGEST_TAG]), events=("start",)):
            return str(element.tag)
    raise ActScribeError(f"{path}: an XML file without an element.")


@contextmanager
def _sound_xml(path: Path) -> Iterator[None]:
    try:
        yield
    except (ParseError, expat.ExpatError) as error:
        line = error.position[0] if isinstance(error, ParseError) else error.lineno
        raise ActScribeError(
            f"{path}:{line}: not well-formed XML: {error}.",
            "The file may have been cut off; save it again.",
        ) from None
    except DefusedXmlException:
        raise ActScribeError(f"{path}: declares XML entities, which annotation files do not need; refused.") from None
    except (ValueError, LookupError) as error:
        raise ActScribeError(f"{path}: not well-formed XML: {error}.") from None


def parse_number(text: str) -> float:
    """Return a number written in ASCII digits with a decimal point, '-1.5e3' for instance; finite.

    Raises:
        ValueError: the text is no such number.
    """
    text = text.strip()
    value = float(text) if _NUMBER.fullmatch(text) else float("nan")
    if not abs(value) < float("inf"):
        raise ValueError(f"not a number: {quoted(text)}")
    return value


def parse_seconds(text: str) -> float:
    """Return seconds from '12.5', '12,5', '1:02.5' or '0:01:02.5'.

    Raises:
        ValueError: the text is not a time.
    """
    clock = _CLOCK.fullmatch(text.strip())
    if clock:
        hours, minutes, seconds = int(clock[1] or 0), int(clock[2]), float(clock[3].replace(",", "."))
        if seconds >= 60 or (clock[1] and minutes >= 60):
            raise ValueError(f"not a clock time: {text.strip()}")
        return hours * 3600 + minutes * 60 + seconds
    return parse_number(text.replace(",", "."))


def seconds_at(path: Path, where: str, text: str, what: str) -> float:
    """Return `parse_seconds(text)`; an error names the file, the place and the field.

    Raises:
        ActScribeError: the text is not a time.
    """
    try:
        return parse_seconds(text)
    except ValueError:
        raise ActScribeError(
            f"{path}: {where}: {what} is {quoted(text)}, expected a time in seconds.",
            "Write seconds such as 62.5, or a clock time such as 1:02.5, and no unit.",
        ) from None


def quoted(text: str) -> str:
    """Return a file's text in quotation marks for a message, cut short where it is long."""
    return f"'{text}'" if len(text) <= _QUOTED else f"'{text[:_QUOTED]}…'"


def interval_at(
    path: Path,
    where: str,
    label: str,
    start: float,
    end: float,
    subject: str = "",
    score: float | None = None,
    raw_score: float | None = None,
    origin: Origin | None = None,
) -> Interval:
    """Return the interval that stands at `where` (a line, a row, a cue); an error names it and the file.

    Raises:
        ActScribeError: it has no label, times of no video, or a score outside [0, 1].
    """
    if not label.strip():
        raise ActScribeError(f"{path}: {where}: the interval from {start:g} s to {end:g} s has no label.")
    if max(start, end) > _MOST_SECONDS:
        raise ActScribeError(
            f"{path}: {where}: {quoted(label)} from {start:g} s to {end:g} s: no video is that long.",
            "The number is damaged, or not in seconds.",
        )
    for one in (score, raw_score):
        if one is not None and not 0 <= one <= 1:
            raise ActScribeError(
                f"{path}: {where}: the score of {quoted(label)} is {one:g}, expected a number in [0, 1]."
            )
    try:
        return Interval(label, start, end, subject, score, raw_score, origin)
    except ActScribeError as error:
        raise ActScribeError(f"{path}: {where}: {error.message.replace(label, label[:_QUOTED])}", _CORRECT) from None


def check_writable(path: Path, annotations: Annotations, forbidden: str = "", ethogram: bool = False) -> None:
    r"""Refuse labels and subjects that would not come back as they are.

    Args:
        path: the target, for the message.
        annotations: what is about to be written.
        forbidden: further characters that the format cannot carry, as the inside of a regular expression's brackets,
            for instance "\t\r\n".
        ethogram: the format carries labels that do not occur, too.

    Raises:
        ActScribeError: an empty label, a character that cannot be written, a time that no video has, or a score
            outside [0, 1].
    """
    never = re.compile(f"[{_NEVER}{forbidden}]")
    if annotations.duration is not None and not 0 <= annotations.duration <= _MOST_SECONDS:
        raise ActScribeError(f"{path}: a length of {annotations.duration:g} s is not possible for a video.")
    for label in annotations.labels if ethogram else ():
        if never.search(label) or not label.strip():
            raise ActScribeError(
                f"{path}: the label {_shown(label)} is empty or holds a character that this format cannot carry.",
                "Rename the label, or choose another format (csv, json).",
            )
    for name in annotations.media:
        if never.search(name):
            raise ActScribeError(
                f"{path}: the video name {name!r} holds a character that this format cannot carry.",
                "Rename the file of the video, or choose another format.",
            )
    for interval in annotations.as_intervals():
        when = f"from {interval.start:g} s to {interval.end:g} s"
        if not interval.label.strip():
            raise ActScribeError(f"{path}: the interval {when} has no label; every interval needs one.")
        if interval.end > _MOST_SECONDS:
            raise ActScribeError(f"{path}: {quoted(interval.label)} {when}: no video is that long.")
        for text in (interval.label, interval.subject):
            match = never.search(text)
            if match:
                raise ActScribeError(
                    f"{path}: {_shown(text)} ({when}) holds the character {match.group()!r}, which this format cannot"
                    " carry.",
                    "Rename the label, or choose another format (csv, json).",
                )
        _check_scores(path, interval, when)


def check_texts(path: Path, texts: Iterable[str]) -> None:
    """Refuse notes and names of annotators and runs with characters that no format carries.

    Raises:
        ActScribeError: a control character, a lone surrogate or a non-character.
    """
    for text in texts:
        match = re.search(f"[{_NEVER}]", text)
        if match:
            raise ActScribeError(
                f"{path}: {_shown(text)} holds the character {match.group()!r}, which this format cannot carry.",
                "Take it out, or choose another format (csv).",
            )


def _check_scores(path: Path, interval: Interval, when: str) -> None:
    for score in (interval.score, interval.raw_score):
        if score is not None and not 0 <= score <= 1:
            raise ActScribeError(f"{path}: the score of {quoted(interval.label)} {when} is {score}, not in [0, 1].")


def _shown(text: str) -> str:
    """Return a text with its control characters spelled out, cut short where it is long."""
    return repr(text if len(text) <= _QUOTED else f"{text[:_QUOTED]}…")
