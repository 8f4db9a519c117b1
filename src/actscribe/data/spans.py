"""Arithmetic of spans of time: float arrays of shape (spans, 2), in order, disjoint, each longer than nothing.

Spans are half open, [start, end), so that two that touch do not overlap. The results' edges are copies of the
arguments' edges, never computed, so that "lies inside" and "does not overlap" hold exactly. What is no longer than
`SAME_S` is rounding and no time: it makes no span, and parts none.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from actscribe.annotations.interval import Interval
from actscribe.data.clips import SAME_S, merge_spans


def union(intervals: Iterable[Interval]) -> np.ndarray:
    """Return the time that any of `intervals` covers; point events cover none."""
    merged = [span for span in merge_spans(intervals) if span[1] - span[0] > SAME_S]
    return np.array(merged, dtype=float).reshape(-1, 2)


def whole(duration: float) -> np.ndarray:
    """Return the span from 0 to `duration` seconds."""
    return np.array([[0.0, duration]]) if duration > 0 else np.empty((0, 2))


def intersect(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the time that is in both."""
    if not len(first) or not len(second):
        return np.empty((0, 2))
    edges = np.unique(np.concatenate([first.ravel(), second.ravel()]))
    return joined(edges, covers(first, edges[:-1]) & covers(second, edges[:-1]))


def join(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the time that is in either."""
    edges = np.unique(np.concatenate([first.ravel(), second.ravel()]))
    return joined(edges, covers(first, edges[:-1]) | covers(second, edges[:-1])) if len(edges) else first


def subtract(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the time that is in `first` but not in `second`."""
    if not len(first) or not len(second):
        return first
    edges = np.unique(np.concatenate([first.ravel(), second.ravel()]))
    return joined(edges, covers(first, edges[:-1]) & ~covers(second, edges[:-1]))


def covers(spans: np.ndarray, moments: np.ndarray) -> np.ndarray:
    """Tell for each moment whether a span covers it, shape (moments,), bool."""
    if not len(spans):
        return np.zeros(len(moments), dtype=bool)
    index = np.searchsorted(spans[:, 0], moments, side="right") - 1
    return np.asarray((index >= 0) & (moments < spans[np.maximum(index, 0), 1]))


def total(spans: np.ndarray) -> float:
    """Return the covered time in seconds."""
    return float((spans[:, 1] - spans[:, 0]).sum())


def runs(kept: np.ndarray) -> np.ndarray:
    """Return where runs of true values begin, and where the value after each stands, shape (runs, 2)."""
    return np.flatnonzero(np.diff(np.concatenate([[False], kept, [False]]).astype(np.int8))).reshape(-1, 2)


def joined(edges: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Join neighbouring kept pieces between `edges`, shape (pieces + 1,), into spans."""
    spans = edges[runs(kept)]
    return np.asarray(spans[spans[:, 1] - spans[:, 0] > SAME_S])
