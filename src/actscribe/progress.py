"""Progress of long steps: a bar with the time left on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

from actscribe.processes import is_first

T = TypeVar("T")
LINE_EVERY_S = 10.0
#: Seconds between two reports to a listener.
REPORT_EVERY_S = 0.2
#: Receives what is being done ("Scoring test: 3/40") and about how many seconds are left, None where unknown.
Listener = Callable[[str, float | None], None]
_LISTENER: ContextVar[Listener | None] = ContextVar("listener", default=None)


@contextmanager
def report_to(listener: Listener) -> Iterator[None]:
    """Report progress inside the block to a listener instead of showing it on standard error."""
    token = _LISTENER.set(listener)
    try:
        yield
    finally:
        _LISTENER.reset(token)


def say(text: str, left: float | None) -> None:
    """Print a line of progress on standard error, or pass it to the listener; `left` is in seconds.

    Of several processes only the first one reports.
    """
    if not is_first():
        return
    listener = _LISTENER.get()
    if listener is not None:
        listener(text, left)
    else:
        ending = "" if left is None else f", about {clock(left)} left"
        print(f"{text}{ending}", file=sys.stderr, flush=True)


def track(items: Iterable[T], what: str, total: int | None = None) -> Iterator[T]:
    """Yield `items` while showing how far along `what` is and about how long it will still take.

    On a terminal this is a rich bar on standard error; elsewhere one plain line every ten seconds and one at the end,
    so that a log file stays readable. Of several processes only the first one shows anything.
    """
    if not is_first():
        yield from items
        return
    if total is None and isinstance(items, Sized):
        total = len(items)
    listener = _LISTENER.get()
    if listener is not None:
        yield from _reported(items, what, total, listener)
    elif sys.stderr.isatty():
        yield from _bar(items, what, total)
    else:
        yield from _lines(items, what, total)


def _bar(items: Iterable[T], what: str, total: int | None) -> Iterator[T]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        yield from progress.track(items, total=total, description=what)


def _reported(items: Iterable[T], what: str, total: int | None, listener: Listener) -> Iterator[T]:
    start = last = time.monotonic()
    for done, item in enumerate(items, start=1):
        yield item
        now = time.monotonic()
        if now - last >= REPORT_EVERY_S:
            last = now
            left = (now - start) / done * (total - done) if total else None
            listener(f"{what}: {done}/{total}" if total else f"{what}: {done}", left)


def _lines(items: Iterable[T], what: str, total: int | None) -> Iterator[T]:
    start = last = time.monotonic()
    done = 0
    for item in items:
        yield item
        done += 1
        now = time.monotonic()
        if now - last >= LINE_EVERY_S:
            last = now
            print(progress_line(what, done, total, now - start), file=sys.stderr, flush=True)
    print(f"{what}: {done} done in {clock(time.monotonic() - start)}", file=sys.stderr, flush=True)


def progress_line(what: str, done: int, total: int | None, elapsed: float) -> str:
    """Return one plain progress line; `elapsed` is in seconds."""
    if not total:
        return f"{what}: {done} after {clock(elapsed)}"
    left = elapsed / done * (total - done)
    return f"{what}: {done}/{total}, about {clock(left)} left"


def clock(seconds: float) -> str:
    """Return seconds as `m:ss`, or `h:mm:ss` from one hour on."""
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02d}"
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"
