"""Times as they are written: whole milliseconds, which no interval loses and none gains (ours)."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from actscribe.annotations.interval import Interval


def milliseconds(intervals: Iterable[Interval], shortest: int = 0) -> list[tuple[Interval, int, int]]:
    """Return each interval with its start and end in whole milliseconds, in the order given.

    Args:
        intervals: in the order of their starts.
        shortest: length in milliseconds of a point event.
    """

    def span(interval: Interval) -> tuple[int, int]:
        start, end = round(interval.start * 1000), round(interval.end * 1000)
        return start, max(end, start + (shortest if is_point(interval) else 1))

    return apart(intervals, span)


def apart(
    intervals: Iterable[Interval], span: Callable[[Interval], tuple[int, int]]
) -> list[tuple[Interval, int, int]]:
    """Return each interval with its first and last tick by `span`, and neighbours kept apart.

    Rounding neither empties an interval nor makes one overlap the next of its label and subject: what is shorter than a
    tick keeps one, and its neighbour begins after it. So a time moves by half a tick at most, except among intervals
    that are shorter than one.

    Args:
        intervals: in the order of their starts.
        span: the nearest ticks of an interval by itself: the first, and one that comes later unless it is a point.
    """
    rounded = []
    last: dict[tuple[str, str], tuple[float, int]] = {}
    for interval in intervals:
        start, end = span(interval)
        key = (interval.label, interval.subject)
        before, edge = last.get(key, (0.0, 0))
        if before <= interval.start and start < edge and not is_point(interval):
            start, end = edge, max(end, edge + 1)
        if not is_point(interval):
            last[key] = max((before, edge), (interval.end, end))
        rounded.append((interval, start, end))
    return rounded


def is_point(interval: Interval) -> bool:
    """Tell whether an interval is a point event: without length."""
    return interval.start == interval.end


def seconds_text(milliseconds: int) -> str:
    """Return seconds with no more digits than there are: 1.25, 3."""
    whole, rest = divmod(milliseconds, 1000)
    return f"{whole}.{rest:03d}".rstrip("0").rstrip(".") if rest else str(whole)
