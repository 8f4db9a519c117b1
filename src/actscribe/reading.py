"""Reading a user's files: regular files only, of a bounded size, as text whose encoding is known, as JSON."""

from __future__ import annotations

import codecs
import json
import os
import re
import stat
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from pydantic import BaseModel, ValidationError

from actscribe.errors import ActScribeError
from actscribe.wrong_values import problem_in_words

Model = TypeVar("Model", bound=BaseModel)

#: Larger files than this are refused: in memory they take many times their size. A day of video at 30 frames a second
#: in DeepEthogram's table of ten behaviours has 50 MiB.
MOST_BYTES = 128 * 2**20
#: A day of video at 30 frames a second in DeepEthogram is 2.6 million.
MOST_LINES = 3_000_000
#: Brackets, braces and commas of a JSON file, each of which may become an object of 60 bytes or more.
MOST_JSON_PARTS = 6_000_000
#: Bytes that a message shows before and after one that is not text.
_AROUND = 20
_MARKS = {codecs.BOM_UTF32_LE: "utf-32", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_JSON_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"(?:\s*+:)?|[{}]', re.DOTALL)


def open_regular(path: Path) -> BinaryIO:
    """Open a file for reading; a folder, pipe, socket or device is refused and never waited for.

    Raises:
        ActScribeError: no such file, not a regular one, or one that may not be read.
    """
    path = Path(path)
    try:
        # Without O_NONBLOCK, opening a pipe waits for whoever writes into it.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except FileNotFoundError:
        raise ActScribeError(f"{path}: no such file.") from None
    except IsADirectoryError:
        raise ActScribeError(f"{path}: is a folder, expected a file.") from None
    except (OSError, ValueError) as error:
        kind = _kind(path)
        if kind:
            raise ActScribeError(f"{path}: is {kind}, expected a file.") from None
        what = error.strerror if isinstance(error, OSError) else error
        raise ActScribeError(f"{path}: cannot be read: {what}.") from error
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise ActScribeError(f"{path}: is {_kind(path) or 'no file'}, expected a file.")
    return os.fdopen(handle, "rb")


def read_bytes(path: Path, most: int = MOST_BYTES) -> bytes:
    """Return the bytes of a text file; one that is none, is empty or has more than `most` bytes is refused unread.

    Raises:
        ActScribeError: the file cannot be read, is binary, empty or larger.
    """
    try:
        with open_regular(path) as file:
            size = os.fstat(file.fileno()).st_size
            head = file.read(4096)
            if b"\0" in head and not head.startswith(tuple(_MARKS)):
                raise _binary(path, head)
            if size <= most:
                head += file.read(most + 1 - len(head))
    except OSError as error:
        raise ActScribeError(f"{path}: cannot be read: {error.strerror}.") from error
    if max(size, len(head)) > most:
        raise ActScribeError(
            f"{path}: has {max(size, len(head)) / 2**20:,.1f} MiB; files of this kind are read up to"
            f" {most / 2**20:,.0f} MiB.",
            "Is this the right file? If it is, split it into one file per video.",
        )
    if not head.strip():
        raise ActScribeError(f"{path}: the file is empty.")
    return head


def read_text(path: Path, most: int = MOST_BYTES) -> str:
    """Return a text file's text, line ends untouched: UTF-8, or UTF-16 or UTF-32 with a byte order mark.

    No other encoding is guessed: a byte of Windows-1252 is another letter in Mac Roman or Latin-2.

    Raises:
        ActScribeError: as `read_bytes`; or it is not text in one of these encodings, or has too many lines.
    """
    data = read_bytes(path, most)
    encoding = next((name for mark, name in _MARKS.items() if data.startswith(mark)), "utf-8-sig")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ActScribeError(
            f"{path}:{line}: byte 0x{data[error.start]:02x} is not {encoding.removesuffix('-sig').upper()} text"
            f"{_in_windows_1252(data, error.start)}.",
            "Save the file as UTF-8 in the program that wrote it (in Excel: 'CSV UTF-8').",
        ) from None
    if not text.strip():
        raise ActScribeError(f"{path}: the file is empty.")
    if text.count("\n") + text.count("\r") > MOST_LINES:
        raise ActScribeError(f"{path}: has more than {MOST_LINES:,} lines.", "Is this the right file?")
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise ActScribeError(f"{path}:{line}: holds a NUL character, so it is damaged or not a text file.")
    return text


def _in_windows_1252(data: bytes, position: int) -> str:
    """Say what the line around a byte would be in Windows-1252, by which its writer knows it; empty for no text."""
    begin, end = data.rfind(b"\n", 0, position) + 1, data.find(b"\n", position)
    around = data[max(begin, position - _AROUND) : position + _AROUND if end < 0 else min(end, position + _AROUND)]
    text = around.decode("cp1252", errors="replace").replace("\t", " ").strip()
    return f" (in Windows-1252 it would be '{text}')" if text.isprintable() and "\ufffd" not in text else ""


def read_json(path: Path, model: type[Model]) -> Model:
    """Return the JSON file at `path` as `model`; errors name the line, or the entry that is not as expected."""
    return validate(path, load_json(path), model)


def validate(path: Path, value: Any, model: type[Model], where: str = "") -> Model:
    """Return what the JSON file at `path` holds (at `where`) as `model`; an error names what is not as expected.

    Raises:
        ActScribeError: a value is missing, unknown, or of another kind.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        problem = error.errors()[0]
        *above, last = [str(part) for part in problem["loc"]] or [model.__name__]
        above = [where, *above] if where else above
        if problem["type"] == "extra_forbidden":
            where = f"{' > '.join(above)}: " if above else ""
            raise ActScribeError(
                f"{path}: {where}unknown key '{last}'.", "Is it misspelled? Then correct it."
            ) from None
        key = " > ".join((*above, last))
        raise ActScribeError(f"{path}: {key}: {problem_in_words(problem)}.") from None


def load_json(path: Path) -> Any:
    """Return what a JSON file holds; one with a key twice in one object is refused, since only one can be meant.

    Raises:
        ActScribeError: the file is not JSON, has a key twice in one object, or holds too many values.
    """
    text = read_text(path)
    if sum(map(text.count, "[{,")) > MOST_JSON_PARTS:
        raise ActScribeError(
            f"{path}: has more than {MOST_JSON_PARTS:,} values.", "Is this the right file? If it is, split it."
        )
    try:
        return json.loads(text, object_pairs_hook=_object)
    except _DoubledKeyError:
        key, first, second = _find_doubled(text)
        raise ActScribeError(
            f"{path}:{second}: the key '{key}' is already defined on line {first}, in the same object.",
            "Only one of the two can be meant; remove the other.",
        ) from None
    except json.JSONDecodeError as error:
        hint = "The file may have been cut off; save it again."
        if error.msg == "Extra data":  # behind a whole value
            hint = "If each line is JSON of its own, as of watch's .live.jsonl, name the file that was made of it."
        raise ActScribeError(f"{path}:{error.lineno}: not valid JSON: {error.msg}.", hint) from None
    except (RecursionError, ValueError) as error:
        raise ActScribeError(f"{path}: not valid JSON: {error}.") from None


class _DoubledKeyError(Exception):
    pass


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        raise _DoubledKeyError
    return values


def _find_doubled(text: str) -> tuple[str, int, int]:
    """Return the first key that is twice in one object of valid JSON text, and the lines of both."""
    objects: list[dict[str, int]] = []
    for token in _JSON_TOKEN.finditer(text):
        mark = token.group()
        if mark == "{":
            objects.append({})
        elif mark == "}":
            objects.pop()
        elif mark.endswith(":"):
            key = json.loads(mark.removesuffix(":"))
            first = objects[-1].setdefault(key, token.start())
            if first != token.start():
                return key, text.count("\n", 0, first) + 1, text.count("\n", 0, token.start()) + 1
    raise AssertionError("no key is twice in one object")


def _kind(path: Path) -> str:
    """Return what stands at `path` if it is not a regular file."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return ""
    tests = (
        (stat.S_ISDIR, "a folder"),
        (stat.S_ISFIFO, "a pipe"),
        (stat.S_ISSOCK, "a socket"),
        (stat.S_ISCHR, "a device"),
        (stat.S_ISBLK, "a device"),
    )
    return next((name for test, name in tests if test(mode)), "")


def _binary(path: Path, head: bytes) -> ActScribeError:
    even, odd = head[::2].count(0), head[1::2].count(0)
    if min(even, odd) == 0 and max(even, odd) * 4 > len(head):
        return ActScribeError(
            f"{path}: looks like UTF-16 text without a byte order mark.", "Save the file as UTF-8, or with the mark."
        )
    return ActScribeError(
        f"{path}: is not a text file.", "Give the file that the annotation tool saved or exported as text."
    )
