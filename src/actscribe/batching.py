"""Iterators in pieces (`itertools.batched` comes only with Python 3.12), and ahead of who takes from them."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from contextvars import copy_context
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def batched(items: Iterable[T], size: int) -> Iterator[tuple[T, ...]]:
    """Yield tuples of up to `size` items, reading no further ahead than one tuple."""
    iterator = iter(items)
    while batch := tuple(islice(iterator, size)):
        yield batch


def ahead(items: Iterable[T], count: int) -> Generator[T, None, None]:
    """Yield `items` in order, while a thread makes the next ones, never more than `count` that nobody has taken.

    The thread sees the context variables of whoever takes the first item, so it decodes where that one would. What
    `items` raises is raised in its place. When this iterator ends or is closed, the thread has ended and `items`, if it
    is a generator, is closed.

    Raises:
        ValueError: `count` is below 1.
    """
    if count < 1:
        raise ValueError(f"cannot make {count} items ahead")
    return _ahead(items, count)


def begun(items: Generator[T, None, None]) -> Generator[T, None, None]:
    """Return all of `items`, the first of which is made now; closed or given up, `items` is closed."""
    return _from(list(islice(items, 1)), items)


def _from(first: list[T], rest: Generator[T, None, None]) -> Generator[T, None, None]:
    with closing(rest):
        yield from first
        first.clear()
        yield from rest


def _ahead(items: Iterable[T], count: int) -> Generator[T, None, None]:
    made: deque[T] = deque()
    raised: list[BaseException] = []
    room, ready, stopped = threading.Semaphore(count), threading.Semaphore(0), threading.Event()

    def make() -> None:
        iterator: Iterator[T] | None = None
        try:
            iterator = iter(items)
            while True:
                room.acquire()
                if stopped.is_set():
                    break
                made.append(next(iterator))
                ready.release()
        except StopIteration:
            pass
        except BaseException as error:
            raised.append(error)
        finally:
            try:
                close = getattr(iterator, "close", None)
                if close is not None:
                    close()
            finally:
                ready.release()

    thread = threading.Thread(target=copy_context().run, args=(make,), name="reader ahead", daemon=True)
    thread.start()
    try:
        while True:
            ready.acquire()
            if not made:
                break
            item = made.popleft()
            room.release()
            yield item
            del item  # not held while the next one is waited for
        if raised:
            raise raised[0]
    finally:
        stopped.set()
        room.release()
        thread.join()
