"""Byte ranges of HTTP (RFC 9110, section 14): which part of a file a request asks for."""

from __future__ import annotations

import re

#: A header of more characters is not an honest one; it is passed over, as the standard allows.
LONGEST = 200
_ONE = re.compile(r"\s*bytes\s*=\s*(\d{0,19})\s*-\s*(\d{0,19})\s*", re.ASCII)


class Unsatisfiable(ValueError):
    """No byte of the file lies in the range."""


def wanted(header: str | None, size: int) -> tuple[int, int] | None:
    """Return the first byte that is asked for and the one after the last; None: the whole file.

    Several ranges at once, other units and what is not a range are passed over, which the standard allows: no player
    needs them, and answering thousands of small ones is how servers are kept busy.

    Args:
        header: of the request, or None.
        size: of the file in bytes.

    Raises:
        Unsatisfiable: it begins behind the end of the file, or asks for its last 0 bytes.
    """
    match = _ONE.fullmatch(header) if header and len(header) <= LONGEST else None
    if match is None or not (match[1] or match[2]):
        return None
    if not match[1]:
        last = int(match[2])
        if last == 0 or size == 0:
            raise Unsatisfiable
        return max(0, size - last), size
    start = int(match[1])
    end = int(match[2]) + 1 if match[2] else size
    if match[2] and end <= start:  # from 5 to 3: no range
        return None
    if start >= size:
        raise Unsatisfiable
    return start, min(end, size)
