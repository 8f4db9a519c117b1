"""The measures: what lies between which two numbers, given what is known to run and what nobody can say.

Each takes when an activity runs, whenever that is, and a window, and returns the least and the most that the number
can be; where all is known they are one.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from actscribe.data import spans as sp
from actscribe.data.clips import SAME_S
from actscribe.evaluation.audit.presence import Presence
from actscribe.evaluation.audit.window import Window

#: The least and the most that a number can be; nan: it does not exist, infinite: no end is known.
Bounds = tuple[float, float]


def latency(own: Presence, where: Window) -> Bounds:
    """Return seconds until it first runs; where it never does, at least until the window's end."""
    own = own.within(where.spans)
    starts = np.concatenate([own.present[:, 0], own.points])
    first = float(starts.min()) if len(starts) else np.inf
    unknown = own.unknown[own.unknown[:, 0] < first, 0]
    early = min(float(unknown.min(initial=np.inf)), first, where.end)
    return early - where.start, first - where.start


def total(own: Presence, where: Window) -> Bounds:
    """Return seconds that it runs."""
    own = own.within(where.spans)
    sure = sp.total(own.present)
    return sure, sure + sp.total(own.unknown)


def fraction(own: Presence, where: Window) -> Bounds:
    """Return the share of the window that it runs; nan of a window without time."""
    whole = sp.total(where.spans)
    low, high = total(own, where)
    return (low / whole, high / whole) if whole > 0 else (np.nan, np.nan)


def count(own: Presence, where: Window) -> Bounds:
    """Return bouts that begin in the window, and point events."""
    points = float(sp.covers(where.spans, own.points).sum())
    begun = float(sp.covers(where.spans, own.present[:, 0]).sum())
    if not len(own.unknown):
        return begun + points, begun + points
    # A bout behind a gap may have begun in it; bouts that only a gap parts may be one; any number may be in a gap.
    sure = sum(_begun(run, own, where) for run in sp.join(own.present, own.unknown))
    return sure + points, np.inf if len(sp.intersect(own.unknown, where.spans)) else begun + points


def rate(own: Presence, where: Window) -> Bounds:
    """Return the count by minutes of the window."""
    minutes = sp.total(where.spans) / 60
    low, high = count(own, where)
    return (low / minutes, high / minutes) if minutes > 0 else (np.nan, np.nan)


def longest_pause(own: Presence, where: Window) -> Bounds:
    """Return the longest time without it between its first and last bout in the window; nan of no bout."""
    own = own.within(where.spans)
    maybe = sp.join(own.present, own.unknown)
    if not len(own.present):
        return (np.nan, np.nan) if not len(own.unknown) else (np.nan, _longest(_between(maybe, own.present)))
    sure = _longest(sp.subtract(_between(own.present, own.present), own.unknown))
    return sure, _longest(_between(maybe, own.present))


def pauses(own: Presence, where: Window) -> np.ndarray:
    """Return the time in the window without it between its first and last bout there, shape (pauses, 2)."""
    own = own.within(where.spans)
    return _between(own.present, own.present)


MEASURES: dict[str, Callable[[Presence, Window], Bounds]] = {
    "latency": latency,
    "total": total,
    "overlap": total,
    "fraction": fraction,
    "count": count,
    "rate per minute": rate,
    "longest pause": longest_pause,
}


def _begun(run: np.ndarray, own: Presence, where: Window) -> bool:
    """Tell whether one bout surely began in the window, of a run of bouts and gaps without a break."""
    starts = own.present[(own.present[:, 0] >= run[0]) & (own.present[:, 0] < run[1]), 0]
    if not len(starts) or not sp.covers(where.spans, starts[:1])[0]:
        return False
    before = np.array([[run[0], starts[0]]])
    return sp.total(before) <= SAME_S or sp.total(sp.intersect(before, where.spans)) >= sp.total(before) - SAME_S


def _between(span: np.ndarray, taken: np.ndarray) -> np.ndarray:
    """Return the time from the start of the first to the end of the last span that is in none of `taken`."""
    return sp.subtract(np.array([[span[0, 0], span[-1, 1]]]), taken) if len(span) else span


def _longest(spans: np.ndarray) -> float:
    return float((spans[:, 1] - spans[:, 0]).max(initial=0.0))
