"""Arithmetic of spans of time: tuples of (start, end) in seconds, in order, disjoint, apart, none of them empty.

Edges are copies of the arguments' edges, never computed, so that what was said twice is the same twice.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from operator import itemgetter

Spans = tuple[tuple[float, float], ...]
_start, _end = itemgetter(0), itemgetter(1)


def added(spans: Spans, start: float, end: float) -> Spans:
    """Return the time that is in `spans` or in [start, end); those that touch are joined."""
    if end <= start:
        return spans
    first = bisect_left(spans, start, key=_end)  # the first that ends at `start` or later
    last = bisect_right(spans, end, key=_start)  # the first that starts after `end`
    if first < last:
        start, end = min(start, spans[first][0]), max(end, spans[last - 1][1])
    return (*spans[:first], (start, end), *spans[last:])


def removed(spans: Spans, start: float, end: float) -> Spans:
    """Return the time that is in `spans` but not in [start, end)."""
    if end <= start:
        return spans
    first = bisect_right(spans, start, key=_end)  # the first that ends after `start`
    last = bisect_left(spans, end, key=_start)  # the first that starts at `end` or later
    left: list[tuple[float, float]] = []
    for one, other in spans[first:last]:
        left += [(low, high) for low, high in ((one, min(other, start)), (max(one, end), other)) if low < high]
    return (*spans[:first], *left, *spans[last:])


def shared(first: Spans, second: Spans) -> Spans:
    """Return the time that is in both."""
    overlaps: list[tuple[float, float]] = []
    position = other = 0
    while position < len(first) and other < len(second):
        low, high = max(first[position][0], second[other][0]), min(first[position][1], second[other][1])
        if low < high:
            overlaps.append((low, high))
        if first[position][1] <= second[other][1]:
            position += 1
        else:
            other += 1
    return tuple(overlaps)


def within(spans: Spans, start: float, end: float) -> Spans:
    """Return the time of `spans` that is in [start, end)."""
    first, last = bisect_right(spans, start, key=_end), bisect_left(spans, end, key=_start)
    return shared(spans[first:last], ((start, end),)) if start < end else ()


def without(spans: Spans, others: Spans) -> Spans:
    """Return the time that is in `spans` but not in `others`."""
    return shared(spans, left_of(spans[-1][1], others)) if spans else ()


def left_of(duration: float, spans: Spans) -> Spans:
    """Return the time from 0 to `duration` seconds that is not in `spans`."""
    edges = [0.0, *(edge for span in spans for edge in span), duration]
    pairs = zip(edges[::2], edges[1::2], strict=True)
    return tuple((start, min(end, duration)) for start, end in pairs if start < min(end, duration))


def joined(pieces: Iterable[tuple[float, float]]) -> Spans:
    """Return pieces in any order as spans."""
    done: list[tuple[float, float]] = []
    for start, end in sorted(pieces):
        if end <= start:
            continue
        if done and start <= done[-1][1]:
            done[-1] = (done[-1][0], max(done[-1][1], end))
        else:
            done.append((start, end))
    return tuple(done)


def seconds(spans: Spans) -> float:
    """Return the covered time."""
    return sum(end - start for start, end in spans)
