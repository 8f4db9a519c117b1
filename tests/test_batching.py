"""Iterators that are read ahead: order, bounds, exceptions, and that nothing is left behind."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextvars import ContextVar

import pytest

from actscribe.batching import ahead, begun


def readers() -> int:
    return sum(thread.name == "reader ahead" for thread in threading.enumerate())


def test_items_come_in_order_from_another_thread_that_ends() -> None:
    where: set[int] = set()

    def items() -> Iterator[int]:
        for number in range(50):
            where.add(threading.get_ident())
            yield number

    assert list(ahead(items(), 3)) == list(range(50))
    assert where
    assert threading.get_ident() not in where
    assert readers() == 0


@pytest.mark.parametrize("count", [1, 4])
def test_no_more_than_so_many_are_made_ahead_and_they_are_made_meanwhile(count: int) -> None:
    made: list[int] = []

    def items() -> Iterator[int]:
        for number in range(20):
            made.append(number)
            yield number

    reader = ahead(items(), count)
    assert made == []  # nothing happens before someone asks
    for taken in range(5):
        assert next(reader) == taken
        until = time.monotonic() + 10
        while len(made) < taken + 1 + count and time.monotonic() < until:
            time.sleep(0.001)
        time.sleep(0.02)
        assert len(made) == taken + 1 + count
    reader.close()
    assert readers() == 0


def test_an_exception_comes_in_its_place_and_the_rest_is_closed() -> None:
    closed = []

    def items() -> Iterator[int]:
        try:
            yield 1
            yield 2
            raise OSError("the disk is gone")
        finally:
            closed.append(True)

    reader = ahead(items(), 8)
    assert [next(reader), next(reader)] == [1, 2]
    with pytest.raises(OSError, match="the disk is gone"):
        next(reader)
    assert closed == [True]
    assert readers() == 0


def test_whoever_stops_early_leaves_no_thread_and_no_open_file() -> None:
    closed = []

    def items() -> Iterator[int]:
        try:
            yield from range(1000)
        finally:
            closed.append(threading.get_ident())

    for number in ahead(items(), 2):
        if number == 3:
            break
    assert len(closed) == 1
    assert readers() == 0


def test_the_thread_sees_the_context_of_whoever_asks() -> None:
    word: ContextVar[str] = ContextVar("word", default="nothing")
    word.set("here")
    assert list(ahead((word.get() for _ in range(2)), 1)) == ["here", "here"]
    with pytest.raises(ValueError, match="0 items"):
        ahead([1], 0)


def test_what_cannot_be_iterated_over_is_raised_and_waited_for_by_nobody() -> None:
    class Broken:
        def __iter__(self) -> Iterator[int]:
            raise ValueError("no items")

    raised: list[BaseException] = []

    def take() -> None:
        try:
            list(ahead(Broken(), 2))
        except ValueError as error:
            raised.append(error)

    taker = threading.Thread(target=take, daemon=True)
    taker.start()
    taker.join(20)
    assert [str(error) for error in raised] == ["no items"]


def test_what_is_begun_has_its_first_item_and_makes_the_next_meanwhile() -> None:
    made: list[int] = []

    def items() -> Iterator[int]:
        for number in range(10):
            made.append(number)
            yield number

    reader = begun(ahead(items(), 3))
    assert made[:1] == [0]
    until = time.monotonic() + 10
    while len(made) < 4 and time.monotonic() < until:
        time.sleep(0.001)
    assert made == [0, 1, 2, 3]
    assert list(reader) == list(range(10))
    assert readers() == 0
    assert list(begun(ahead([], 3))) == []


@pytest.mark.parametrize("taken", [0, 1, 2])
def test_what_is_begun_and_given_up_leaves_no_thread(taken: int) -> None:
    reader = begun(ahead(range(1000), 2))
    assert [next(reader) for _ in range(taken)] == list(range(taken))
    assert readers() == 1
    del reader
    assert readers() == 0
