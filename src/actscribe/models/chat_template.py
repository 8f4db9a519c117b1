"""Filling in a checkpoint's chat template, which is a program: within bounds of time and memory.

transformers runs templates in jinja2's sandbox, which keeps them from Python's insides and from ranges above 100,000,
but not from nested loops, from doubling a text in a loop or from `'x' * 10000000000`. So numbers of more than six
digits are refused beforehand, and between two lines of a running template it is looked how long it took and how much it
holds.
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import jinja2
import psutil
from jinja2 import nodes

from actscribe.errors import ActScribeError
from actscribe.models.loading import error_text

#: A template of the largest families takes a few milliseconds and some kilobytes (bounds: ours).
MOST_SECONDS, MOST_BYTES, MOST_LETTERS = 5.0, 2**28, 2**20
#: Seconds between two looks at the memory that is held.
LOOK_SECONDS = 0.005
_LONG_NUMBER = re.compile(r"\d{7,}")
_HINT = "Use the chat template of the checkpoint as it was published."


class _Bound(Exception):
    """A template ran too long or held too much."""


def filled(template: object, fill: Callable[[], str], source: str) -> str:
    """Return what `fill` makes of a chat template.

    Args:
        template: its text, or a table of texts by name; None where the checkpoint has none.
        fill: fills it in.
        source: name of the checkpoint, for messages.

    Raises:
        ActScribeError: the template is none, stops with an error, or goes beyond the bounds.
    """
    for text in template.values() if isinstance(template, dict) else (template,):
        problem = "" if text is None else _problem(text)
        if problem:
            raise ActScribeError(f"The chat template of '{source}' {problem}", _HINT)
    try:
        with _bounded():
            return fill()
    except Exception as error:  # a template may raise anything, also by its own words
        raise ActScribeError(
            f"The chat template of '{source}' cannot be filled in: {error_text(error)}", _HINT
        ) from error


def _problem(text: object) -> str:
    if not isinstance(text, str):
        return f"is {type(text).__name__}, expected a text."
    if len(text) > MOST_LETTERS:
        return f"has {len(text)} letters, expected at most {MOST_LETTERS}."
    try:
        # Tags of transformers' own that jinja2 does not know are no reason to refuse: it tells of bad ones itself.
        whole = jinja2.Environment(extensions=["jinja2.ext.loopcontrols"]).parse(text)
    except jinja2.TemplateError:
        return ""
    except RecursionError:
        return "is nested too deeply."
    for node in whole.find_all(nodes.Const):
        if _LONG_NUMBER.search(str(node.value) if isinstance(node.value, (int, float, str)) else ""):
            return f"holds the number {str(node.value)[:40]}, which no prompt needs."
    return "raises to a power, which no prompt needs." if any(whole.find_all(nodes.Pow)) else ""


@contextmanager
def _bounded() -> Iterator[None]:
    """Stop the block's Python, between two lines, when it takes too long or holds too much."""
    process, start = psutil.Process(), time.monotonic()
    most, looked = process.memory_info().rss + MOST_BYTES, start

    def watch(frame: Any, event: str, argument: Any) -> Any:
        nonlocal looked
        now = time.monotonic()
        if now - start > MOST_SECONDS:
            raise _Bound(f"it runs for more than {MOST_SECONDS:g} s.")
        if now - looked > LOOK_SECONDS:
            looked = now
            if process.memory_info().rss > most:
                raise _Bound(f"it takes more than {MOST_BYTES // 2**20} MiB.")
        return watch

    before = sys.gettrace()
    sys.settrace(watch)
    try:
        yield
    finally:
        sys.settrace(before)
