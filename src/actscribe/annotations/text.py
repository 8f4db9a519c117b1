"""What the formats share: decoding, times, and errors that name the file and the place in it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TypeVar
from xml.etree.ElementTree import Element, ParseError

import defusedxml.ElementTree
from defusedxml import DefusedXmlException
from pydantic import BaseModel, ValidationError

from actscribe.annotations.interval import Annotations, Interval
from actscribe.errors import ActScribeError

Model = TypeVar("Model", bound=BaseModel)

#: Characters that no format carries: control characters, lone surrogates, byte order marks, non-characters.
_NEVER = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufeff\ufffe\uffff"
#: The latest moment that is written: ELAN counts milliseconds in 32 bits. No video has 49 days.
LATEST = (2**32 - 1) / 1000
#: The date of every file that has to carry one: that of now would give the same annotations another file each time.
NO_DATE = "1970-01-01T00:00:00"
_CLOCK = re.compile(r"(?:(\d+):)?(\d+):(\d+(?:[.,]\d+)?)")
_BREAK = re.compile(r"\r\n|\r|\n")


def shown(text: str) -> str:
    """Return a text in quotes for a message, cut where it is long."""
    return repr(text if len(text) <= 80 else f"{text[:79]}…")


def read_bytes(path: Path) -> bytes:
    """Return the bytes of a text file; a file that is none is refused before it is read whole."""
    try:
        with Path(path).open("rb") as file:
            head = file.read(4096)
            if b"\0" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
                raise ActScribeError(
                    f"{path}: is not a text file, so it is no annotation file.",
                    "Give the file that the annotation tool saved or exported.",
                )
            data = head + file.read()
    except FileNotFoundError:
        raise ActScribeError(f"{path}: no such file.") from None
    except OSError as error:
        raise ActScribeError(f"{path}: cannot be read: {error.strerror}.") from error
    if not data.strip():
        raise ActScribeError(f"{path}: the file is empty.")
    return data


def read_text(path: Path) -> str:
    """Return the text of a UTF-8 file (or UTF-16 with a byte order mark), without the mark, line ends untouched."""
    data = read_bytes(path)
    encoding = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ActScribeError(
            f"{path}:{line}: byte 0x{data[error.start]:02x} is not {encoding.removesuffix('-sig').upper()} text.",
            "Save the file as UTF-8 in the program that wrote it (in Excel: 'CSV UTF-8').",
        ) from None
    if not text.strip():
        raise ActScribeError(f"{path}: the file is empty.")
    return text


def lines(text: str) -> list[str]:
    """Return the lines of a text; only CR, LF and CR LF end one."""
    return _BREAK.split(text)


def read_json(path: Path, model: type[Model]) -> Model:
    """Return the JSON file at `path` as `model`; errors name the line, or the entry that is not as expected."""
    return validated(path, "", model, load_json(path))


def validated(path: Path, where: str, model: type[Model], value: object) -> Model:
    """Return a part of a JSON file as `model`; `where` says which, for the error."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        problem = error.errors()[0]
        place = " > ".join([*([where] if where else []), *(str(part) for part in problem["loc"])])
        raise ActScribeError(f"{path}: {place}: {problem['msg']} (found {str(problem['input'])[:60]!r}).") from None


def load_json(path: Path) -> object:
    """Return what a JSON file holds."""
    try:
        return json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise ActScribeError(
            f"{path}:{error.lineno}: not valid JSON: {error.msg}.", "The file may have been cut off; save it again."
        ) from None
    except (RecursionError, ValueError) as error:
        raise ActScribeError(f"{path}: not valid JSON: {error}.") from None


def read_xml(path: Path) -> Element:
    """Return the root of an XML file; one that is not well-formed or declares entities is refused."""
    try:
        return defusedxml.ElementTree.fromstring(read_bytes(path))
    except ParseError as error:
        raise ActScribeError(
            f"{path}:{error.position[0]}: not well-formed XML: {error}.",
            "The file may have been cut off; save it again.",
        ) from None
    except DefusedXmlException:
        raise ActScribeError(f"{path}: declares XML entities, which annotation files do not need; refused.") from None
    except (ValueError, LookupError) as error:
        raise ActScribeError(f"{path}: not well-formed XML: {error}.") from None


def parse_seconds(text: str) -> float:
    """Return seconds from '12.5', '12,5', '1:02.5' or '0:01:02.5'.

    Raises:
        ValueError: the text is no time.
    """
    clock = _CLOCK.fullmatch(text.strip())
    if clock:
        hours, minutes, seconds = clock.groups()
        return int(hours or 0) * 3600 + int(minutes) * 60 + float(seconds.replace(",", "."))
    return float(text.replace(",", "."))


def seconds_at(path: Path, where: str, text: str, what: str) -> float:
    """Return `parse_seconds(text)`; an error names the file, the place and the field."""
    try:
        return parse_seconds(text)
    except ValueError:
        raise ActScribeError(f"{path}: {where}: {what} is '{text}', expected a time in seconds.") from None


def interval_at(
    path: Path, where: str, label: str, start: float, end: float, subject: str = "", score: float | None = None
) -> Interval:
    """Return the interval that stands at `where` (a line, a row, a cue); an error names it and the file."""
    if not label.strip():
        raise ActScribeError(f"{path}: {where}: the interval from {start:g} s to {end:g} s has no label.")
    try:
        return Interval(label, start, end, subject, score)
    except ActScribeError as error:
        raise ActScribeError(f"{path}: {where}: {error.message}", error.hint) from None


def check_writable(path: Path, annotations: Annotations, forbidden: str = "", ethogram: bool = False) -> None:
    r"""Refuse labels and subjects that would not come back as they are.

    Args:
        path: the target, for the message.
        annotations: what is about to be written.
        forbidden: further characters that the format cannot carry, as the inside of a regular expression's brackets,
            for instance "\t\r\n".
        ethogram: the format carries labels that do not occur, too.

    Raises:
        ActScribeError: an empty label, a character that cannot be written, a time that no video has, or a score outside
            [0, 1].
    """
    never = re.compile(f"[{_NEVER}{forbidden}]")
    if annotations.duration is not None and not 0 <= annotations.duration <= LATEST:
        raise ActScribeError(f"{path}: a length of {annotations.duration:g} s is not possible for a video.")
    for label in annotations.labels if ethogram else ():
        if never.search(label) or not label.strip():
            raise ActScribeError(
                f"{path}: the label {shown(label)} is empty or holds a character that this format cannot carry.",
                "Rename the label, or choose another format (csv, json).",
            )
    for name in annotations.media:
        if never.search(name):
            raise ActScribeError(f"{path}: the video name {name!r} holds a character that cannot be written.")
    for interval in annotations.as_intervals():
        when = f"from {interval.start:g} s to {interval.end:g} s"
        if interval.end > LATEST:
            raise ActScribeError(f"{path}: the interval {when} ends after 49 days; no video is that long.")
        if not interval.label.strip():
            raise ActScribeError(f"{path}: the interval {when} has no label; every interval needs one.")
        for text in (interval.label, interval.subject):
            found = never.search(text)
            if found:
                raise ActScribeError(
                    f"{path}: {shown(text)} ({when}) holds the character {found.group()!r}, which this format cannot"
                    " carry.",
                    "Rename the label, or choose another format (csv, json).",
                )
        if interval.score is not None and not 0 <= interval.score <= 1:
            raise ActScribeError(f"{path}: the score of '{interval.label}' {when} is {interval.score}, not in [0, 1].")
