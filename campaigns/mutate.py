"""Changes to bytes whose effect nobody knows."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np

#: Numbers that are none, too large, too exact or of another spelling.
NUMBERS: tuple[bytes, ...] = (
    *(b"", b"0", b"-1", b"1e308", b"1e-320", b"9" * 40, b"0." + b"1" * 60, b"nan", b"NaN", b"inf", b"-Infinity"),
    *(b"1_0", b"00:61:00", b"1:2:3:4", b"25,5", b"1.2.3", b"\xd9\xa1", b"\xe2\x88\x921", b"0x10", b"1e5", b"true"),
)
#: What else readers stumble over: marks of formats, bytes of other encodings, and a great many of one.
TOKENS: tuple[bytes, ...] = (
    *(*NUMBERS, b"null", b"\t", b"\n", b"\r", b"\r\n\r\n", b'"', b"'", b";", b",", b"<", b">", b"&", b"]]>", b"<!--"),
    *(
        b"-->",
        b"{",
        b"}",
        b"[",
        b"]",
        b"\\",
        b"\\u0000",
        b"\\ud800",
        b"\0",
        b"\xff",
        b"\xfc",
        b"\xef\xbb\xbf",
        b"\xc0\x80",
    ),
    *(b"\xed\xa0\x80", b"=cmd|' /C calc'!A0", b"../../x", b"a" * 5000, b"\xe2\x80\xa8", b"\xc2\xa0", b"e\xcc\x81"),
    *(b"(not annotated)", b"No focal subject", b"<" * 3000, b"[" * 3000, b" " * 3000, b"\n" * 3000),
)
_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?")
_FIELD = re.compile(rb"[^\t,;\"\n<>=]+")
ENCODINGS = ("utf-16", "utf-16-le", "utf-32", "latin-1", "cp1252", "utf-7", "cp037")

Mutation = Callable[[bytes, np.random.Generator], bytes]


def flip(data: bytes, rng: np.random.Generator) -> bytes:
    """Change up to eight bytes."""
    changed = bytearray(data)
    for offset in rng.integers(0, len(data), rng.integers(1, 9)):
        changed[offset] = rng.integers(256)
    return bytes(changed)


def token(data: bytes, rng: np.random.Generator) -> bytes:
    """Put a token in, or in the place of up to twenty bytes."""
    offset = int(rng.integers(0, len(data) + 1))
    return data[:offset] + TOKENS[rng.integers(len(TOKENS))] + data[offset + int(rng.integers(0, 21)) :]


def number(data: bytes, rng: np.random.Generator) -> bytes:
    """Replace a number by a token or another number."""
    matches = list(_NUMBER.finditer(data))
    if not matches:
        return token(data, rng)
    one = matches[rng.integers(len(matches))]
    new = (
        TOKENS[rng.integers(22)]
        if rng.random() < 0.6
        else str(round(rng.normal() * 10.0 ** rng.integers(-3, 12), 3)).encode()
    )
    return data[: one.start()] + new + data[one.end() :]


def field(data: bytes, rng: np.random.Generator) -> bytes:
    """Exchange two fields, or put a token in the place of one."""
    matches = list(_FIELD.finditer(data))
    if len(matches) < 2:
        return token(data, rng)
    one, other = (matches[index] for index in sorted(rng.choice(len(matches), 2, replace=False)))
    if rng.random() < 0.5:
        return data[: one.start()] + TOKENS[rng.integers(len(TOKENS))] + data[one.end() :]
    between = data[one.end() : other.start()]
    return data[: one.start()] + other.group() + between + one.group() + data[other.end() :]


def lines(data: bytes, rng: np.random.Generator) -> bytes:
    """Drop, repeat, exchange or empty lines."""
    rows = data.split(b"\n")
    first, second = rng.integers(0, len(rows), 2)
    match rng.integers(5):
        case 0:
            del rows[first]
        case 1:
            rows.insert(second, rows[first])
        case 2:
            rows[first], rows[second] = rows[second], rows[first]
        case 3:
            rows[first] = b""
        case 4:
            rows = rows[: max(first, 1)] + rows[min(first, second) : max(first, second) + 1] * 3
    return b"\n".join(rows)


def cut(data: bytes, rng: np.random.Generator) -> bytes:
    """Keep the beginning, or drop it, or take a piece out of the middle."""
    first, second = sorted(rng.integers(0, len(data) + 1, 2))
    return (data[:second], data[first:], data[:first] + data[second:])[rng.integers(3)]


def repeat(data: bytes, rng: np.random.Generator) -> bytes:
    """Repeat a piece, or the whole."""
    if rng.random() < 0.2:
        return data * int(rng.integers(2, 5))
    first, second = sorted(rng.integers(0, len(data) + 1, 2))
    return data[:second] + data[first:second] * int(rng.integers(1, 4)) + data[second:]


def encoding(data: bytes, rng: np.random.Generator) -> bytes:
    """Save in another encoding, or with another byte order mark."""
    if rng.random() < 0.2:
        return (b"\xef\xbb\xbf\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")[rng.integers(3)] + data
    text = data.decode("utf-8", errors="replace")
    return text.encode(ENCODINGS[rng.integers(len(ENCODINGS))], errors="replace")


def zeros(data: bytes, rng: np.random.Generator) -> bytes:
    """Write zeros over a piece, as a broken copy does."""
    first = int(rng.integers(0, len(data)))
    length = min(int(rng.integers(1, 4096)), len(data) - first)
    return data[:first] + bytes(length) + data[first + length :]


TEXT: tuple[Mutation, ...] = (flip, token, number, field, lines, cut, repeat, encoding, zeros)


def mutated(data: bytes, rng: np.random.Generator, kinds: tuple[Mutation, ...] = TEXT) -> tuple[str, bytes]:
    """Return the names of one to three changes and what they made of `data`."""
    names = []
    for _ in range(rng.integers(1, 4)):
        change = kinds[rng.integers(len(kinds))]
        data = change(data, rng) if data else data
        names.append(change.__name__)
    return "+".join(names), data
