"""Files as a browser's player asks for them: by byte ranges, and only those that the study names."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from actscribe.local_page.answers import refusal
from actscribe.review.ranges import Unsatisfiable, wanted

#: Bytes that are read at once.
PIECE = 1 << 18


def serve(request: Request, path: Path, media_type: str) -> Response:
    """Answer a request for a file with all of it, a range of it (206), or 416.

    Args:
        request: GET or HEAD.
        path: of the file.
        media_type: such as video/mp4.
    """
    try:
        with path.open("rb") as file:
            state = os.fstat(file.fileno())
    except OSError as error:
        return refusal(404, f"{path.name}: cannot be read ({error.strerror}).", "Was the video moved?")
    size, tag = state.st_size, etag(state)
    headers = {"accept-ranges": "bytes", "etag": tag, "cache-control": "private, no-cache"}
    if request.headers.get("if-none-match") == tag:
        return Response(None, 304, headers)
    still = request.headers.get("if-range", tag) == tag  # of another version of the file all is wanted
    try:
        span = wanted(request.headers.get("range"), size) if still else None
    except Unsatisfiable:
        return Response(None, 416, {**headers, "content-range": f"bytes */{size}"})
    start, end = span or (0, size)
    headers |= {"content-length": str(end - start)}
    if span is not None:
        headers |= {"content-range": f"bytes {start}-{end - 1}/{size}"}
    status = 200 if span is None else 206
    if request.method == "HEAD":
        return Response(None, status, headers, media_type)
    return StreamingResponse(_pieces(path, tag, start, end), status, headers, media_type)


def etag(state: os.stat_result) -> str:
    """Return what tells one version of a file from another."""
    facts = f"{state.st_ino} {state.st_size} {state.st_mtime_ns}"
    return f'"{hashlib.blake2b(facts.encode(), digest_size=12).hexdigest()}"'


def _pieces(path: Path, tag: str, start: int, end: int) -> Iterator[bytes]:
    """Yield a part of a file, opened only now: a browser may be gone before the first piece is asked for."""
    with path.open("rb") as file:
        if etag(os.fstat(file.fileno())) != tag:  # replaced meanwhile; the browser sees that the answer is too short
            return
        file.seek(start)
        left = end - start
        while left > 0:
            piece = file.read(min(PIECE, left))
            if not piece:  # it was cut meanwhile
                return
            left -= len(piece)
            yield piece
