"""Progress of long steps: a bar with the time left on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TypeVar

from actscribe.processes import is_first
from actscribe.wrapping import wrapped

T = TypeVar("T")
LINE_EVERY_S = 10.0
#: Seconds between two reports to a listener.
REPORT_EVERY_S = 0.2
#: How long is left is said after so many seconds and items behind the first one, or after so many seconds alone (ours).
LEAST_S, LEAST_ITEMS, ENOUGH_S = 2.0, 3, 30.0


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a long step is.

    Args:
        stage: what is being done ("Scoring test").
        done: how much of it is ("3/40").
        left: about how many seconds it will still take; None: unknown.
        more: it will take longer than that.
    """

    stage: str
    done: str
    left: float | None = None
    more: bool = False

    def __str__(self) -> str:
        about = "over" if self.more else "about"
        return f"{self.stage}: {self.done}" + ("" if self.left is None else f", {about} {clock(self.left)} left")


#: What a long step reports: a sentence, or how far it is.
Report = str | Progress
Listener = Callable[[Report], None]
_LISTENER: ContextVar[Listener | None] = ContextVar("listener", default=None)


@contextmanager
def report_to(listener: Listener) -> Iterator[None]:
    """Report progress inside the block to a listener instead of showing it on standard error."""
    token = _LISTENER.set(listener)
    try:
        yield
    finally:
        _LISTENER.reset(token)


def say(report: Report) -> None:
    """Print a sentence or a line of progress on standard error, or pass it to the listener.

    Of several processes only the first one reports.
    """
    if not is_first():
        return
    listener = _LISTENER.get()
    if listener is not None:
        listener(report)
    else:
        print(wrapped(str(report), sys.stderr), file=sys.stderr, flush=True)


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


@dataclass(slots=True)
class Pace:
    """How fast a step goes on, from its first item's end on: before it models are loaded and caches filled.

    Args:
        begun: when the first item was done, on a clock in seconds; None: it is not.
    """

    begun: float | None = None

    def left(self, done: int, total: int | None, now: float) -> float | None:
        """Return about how many seconds are left when `done` of `total` items are; None while too little is known."""
        if self.begun is None:
            self.begun = now
        elapsed, since = now - self.begun, done - 1
        long_enough = elapsed >= LEAST_S and since >= LEAST_ITEMS
        return (
            elapsed / since * (total - done) if total and since > 0 and (long_enough or elapsed >= ENOUGH_S) else None
        )


def _bar(items: Iterable[T], what: str, total: int | None) -> Iterator[T]:
    from rich import progress as bars
    from rich.console import Console

    left_column = bars.TextColumn("{task.fields[left]}", style="progress.remaining")
    name_column = bars.TextColumn("{task.description}", markup=False)  # a video may be called "[left].mp4"
    columns = (name_column, bars.BarColumn(), bars.MofNCompleteColumn(), left_column)
    with bars.Progress(*columns, console=Console(stderr=True)) as bar:
        task, pace = bar.add_task(what, total=total, left=""), Pace()
        for done, item in enumerate(items, start=1):
            yield item
            left = pace.left(done, total, time.monotonic())
            bar.update(task, completed=done, left="" if left is None else clock(left))


def _reported(items: Iterable[T], what: str, total: int | None, listener: Listener) -> Iterator[T]:
    last, pace = time.monotonic(), Pace()
    for done, item in enumerate(items, start=1):
        yield item
        now = time.monotonic()
        left = pace.left(done, total, now)
        if now - last >= REPORT_EVERY_S:
            last = now
            listener(Progress(what, f"{done}/{total}" if total else str(done), left))


def _lines(items: Iterable[T], what: str, total: int | None) -> Iterator[T]:
    start = last = time.monotonic()
    done, pace = 0, Pace()
    for item in items:
        yield item
        done += 1
        now = time.monotonic()
        left = pace.left(done, total, now)
        if now - last >= LINE_EVERY_S:
            last = now
            print(progress_line(what, done, total, now - start, left), file=sys.stderr, flush=True)
    print(f"{what}: {done} done in {clock(time.monotonic() - start)}", file=sys.stderr, flush=True)


def progress_line(what: str, done: int, total: int | None, elapsed: float, left: float | None) -> str:
    """Return one plain progress line; `elapsed` and what is `left` are in seconds, the latter None while unknown."""
    if not total:
        return f"{what}: {done} after {clock(elapsed)}"
    return f"{what}: {done}/{total}" + ("" if left is None else f", about {clock(left)} left")


def clock(seconds: float) -> str:
    """Return seconds as `m:ss`, or `h:mm:ss` from one hour on."""
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02d}"
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"
