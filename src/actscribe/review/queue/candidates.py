"""Spans that could be looked at next, and what looking at them costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from actscribe.journal.spans import Spans, added, seconds


@dataclass(frozen=True, slots=True, eq=False)
class Clips:
    """The clips of one recording.

    Args:
        recording: its name.
        duration: in seconds.
        edges: start and end of each, shape (clips, 2).
        open: spans that are not reviewed for every label.
    """

    recording: str
    duration: float
    edges: np.ndarray
    open: Spans


@dataclass(frozen=True, slots=True)
class Candidate:
    """A span that could be looked at next, or that was.

    Args:
        recording: its name.
        start, end: in seconds.
        rows: of the clips whose middle it holds, among those of all recordings.
        reviewed: it was looked at already.
    """

    recording: str
    start: float
    end: float
    rows: tuple[int, ...]
    reviewed: bool = False


def candidates(every: Sequence[Clips], length: float | None) -> list[Candidate]:
    """Cut recordings into spans, of open time and of reviewed time, in order.

    Args:
        every: of all recordings; their clips are counted through.
        length: of a span in seconds, about: open time is cut evenly. None: a recording's open time is one.
    """
    all_candidates: list[Candidate] = []
    first = 0
    for one in every:
        middles = one.edges.mean(axis=1) if len(one.edges) else np.empty(0)
        edge = 0.0
        for start, end in (*one.open, (one.duration, one.duration)):
            for low, high, reviewed in ((edge, start, True), (start, end, False)):
                for piece in _pieces(low, high, length):
                    rows = first + np.flatnonzero((middles >= piece[0]) & (middles < piece[1]))
                    if len(rows):
                        all_candidates.append(Candidate(one.recording, *piece, tuple(rows.tolist()), reviewed))
            edge = end
        first += len(one.edges)
    return all_candidates


def _pieces(start: float, end: float, length: float | None) -> list[tuple[float, float]]:
    if end <= start:
        return []
    count = 1 if length is None else max(1, round((end - start) / length))
    edges = np.linspace(start, end, count + 1).tolist()
    return list(pairwise(edges))


@dataclass(slots=True)
class Watched:
    """What a person watches: chosen spans with some context on both sides, each second once.

    Args:
        context: seconds before and after a span.
        durations: of the recordings, by name.
    """

    context: float
    durations: Mapping[str, float]
    _spans: dict[str, Spans] = field(default_factory=dict)

    def cost(self, one: Candidate) -> float:
        """Return the seconds that a span adds."""
        before = self._spans.get(one.recording, ())
        return seconds(self._with(one)) - seconds(before)

    def watch(self, one: Candidate) -> None:
        """Add a span."""
        self._spans[one.recording] = self._with(one)

    @property
    def total(self) -> float:
        """Seconds in all."""
        return sum(map(seconds, self._spans.values()))

    def _with(self, one: Candidate) -> Spans:
        start = max(0.0, one.start - self.context)
        end = min(self.durations[one.recording], one.end + self.context)
        return added(self._spans.get(one.recording, ()), start, end)
