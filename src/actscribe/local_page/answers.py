"""Answers as JSON: of whatever an answer holds, in ASCII, and refusals in sentences."""

from __future__ import annotations

import json
from typing import Any

from starlette.responses import Response


def answer(content: Any, status: int = 200) -> Response:
    """Return JSON; text is escaped to ASCII, since names of files may hold what no encoding has.

    Raises:
        ValueError: a number that is not finite, which JSON has no word for.
    """
    text = json.dumps(content, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return Response(text, status, media_type="application/json")


def refusal(status: int, message: str, hint: str = "") -> Response:
    """Return a refusal: what is wrong, and what to do."""
    return answer({"error": message, "hint": hint}, status)
