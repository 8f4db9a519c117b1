"""Iterators in pieces; `itertools.batched` comes only with Python 3.12."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def batched(items: Iterable[T], size: int) -> Iterator[tuple[T, ...]]:
    """Yield tuples of up to `size` items, reading no further ahead than one tuple."""
    iterator = iter(items)
    while batch := tuple(islice(iterator, size)):
        yield batch
