"""Two people's annotations, looked at every so many seconds: which behaviours each of them sees at that moment.

This is what BORIS calls time units: from the first to the last event of either, both ends counted, a state behaviour is
seen from its start to its stop, a point event half a unit before and after its moment (BORIS 8, `irr.py`; checked
against that program). Moments that either of the two did not annotate are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from actscribe.annotations.interval import Annotations
from actscribe.data.pairs import Pair
from actscribe.errors import ActScribeError

#: Decimals of a second to which times are compared.
DIGITS = 6
#: Moments of one video that are looked at; more say that the unit was meant to be another (ours).
MOST_MOMENTS = 2_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """Which labels one person sees when: constant between `edges`, and perhaps different at an edge itself.

    Args:
        edges: seconds, in order, shape (edges,).
        held: bool, shape (2 * edges + 1, labels); row 2i is the time before edge i, row 2i + 1 that edge itself.
    """

    edges: np.ndarray
    held: np.ndarray

    def places(self, times: np.ndarray) -> np.ndarray:
        """Return the row of `held` at each moment, shape of `times`."""
        times = np.round(times, DIGITS)
        before = np.searchsorted(self.edges, times, side="left")
        return np.asarray(before + np.searchsorted(self.edges, times, side="right"))


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """One video at the moments that are compared.

    Args:
        times: seconds, shape (moments,).
        courses: of the first and the second person.
        known: whether both annotated a label then, bool, shape (moments, labels).
    """

    times: np.ndarray
    courses: tuple[Course, Course]
    known: np.ndarray

    def present(self, side: int) -> np.ndarray:
        """Return what one of them sees, bool, shape (moments, labels)."""
        course = self.courses[side]
        return np.asarray(course.held[course.places(self.times)])


def moments(pair: Pair, labels: Sequence[str], unit: float) -> Moments:
    """Return the moments of a pair, `unit` seconds apart from the first event of either on; none without an event.

    Raises:
        ActScribeError: there are more than `MOST_MOMENTS`.
    """
    chosen = set(labels)
    events = [i for side in (pair.first, pair.second) for i in side.intervals if i.label in chosen]
    first = min((event.start for event in events), default=0.0)
    last = max((event.end for event in events), default=-1.0)
    count = int(np.floor(round((last - first) / unit, DIGITS))) + 1 if events else 0
    if count > MOST_MOMENTS:
        raise ActScribeError(
            f"{pair.name}: {count} moments are too many, one every {unit:g} s for {last - first:.0f} s.",
            "Look less often, with a larger --unit.",
        )
    times = np.round(first + np.arange(max(count, 0)) * unit, DIGITS)
    courses = (_course(pair.first, labels, unit), _course(pair.second, labels, unit))
    known = np.ones((len(times), len(labels)), dtype=bool)
    for gap in (*pair.first.gaps, *pair.second.gaps):
        # Nobody looked at the last moment either where the gap reaches it.
        inside = (times >= gap.start) & ((times < gap.end) | (gap.end >= last))
        known &= ~(inside[:, None] & np.array([gap.label in ("", name) for name in labels], dtype=bool))
    return Moments(times, courses, known)


def _course(annotations: Annotations, labels: Sequence[str], unit: float) -> Course:
    column_of = {name: column for column, name in enumerate(labels)}
    spans = []
    for one in annotations.intervals:
        if one.label in column_of:
            reach = unit / 2 if one.start == one.end else 0.0
            spans.append((round(one.start - reach, DIGITS), round(one.end + reach, DIGITS), column_of[one.label]))
    edges = np.unique([time for start, end, _ in spans for time in (start, end)])
    held = np.zeros((2 * len(edges) + 1, len(labels)), dtype=bool)
    for start, end, column in spans:
        low, high = np.searchsorted(edges, [start, end])
        held[2 * low + 1 : 2 * high + 2, column] = True
    return Course(edges, held)


def coded(rows: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Number joint states, the same for the same: bool arrays (rows, labels) to int arrays (rows,), from 0 on."""
    packed = [np.packbits(one, axis=1) if one.shape[1] else np.zeros((len(one), 1), np.uint8) for one in rows]
    _, numbers = np.unique(np.concatenate(packed), axis=0, return_inverse=True)
    ends = np.cumsum([len(one) for one in rows])[:-1]
    return np.split(numbers.ravel(), ends)
