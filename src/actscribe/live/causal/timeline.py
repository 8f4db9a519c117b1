"""From the scores of windows, as they come, to bars: what is known of a moment is decided once and stays (ours).

A window says most about its centre. So with each window the steps up to its centre are decided, from it and the
windows before it, weighted as `timeline.scores.merge_windows` weights them; windows that come later could still move
these scores, and are not waited for. Then the run's own decisions, each looking back alone.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from actscribe.data import spans as sp
from actscribe.data.clips import SAME_S
from actscribe.labels import LabelSet
from actscribe.live.causal.bouts import Bout, LabelBouts
from actscribe.live.causal.exclusive import ExclusiveBouts
from actscribe.live.causal.known import KnownSteps, KnownWindows
from actscribe.live.causal.rules import NOTHING, Spans, allowed
from actscribe.live.causal.smoothing import Smoothing
from actscribe.timeline.scores import SHORTEST, TimeScores
from actscribe.timeline.segments import TimelineSettings

#: Seconds of bars and scores that are remembered: rules look back no farther, and a mean score is of these (ours).
REMEMBERED_S = 600.0


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of a label, as it is shown.

    Args:
        label: its name.
        start, end: in seconds; of an open one, `end` is up to where it is decided.
        open: whether it goes on.
        appeared: second of the recording up to which pictures were seen when the bar appeared.
    """

    label: str
    start: float
    end: float
    open: bool
    appeared: float


@dataclass(frozen=True, slots=True)
class Change:
    """A bar that began, or is over.

    Args:
        what: "begins" or "ends".
        bar: as it is now.
        score: mean score inside it, of what is remembered; None: it begins.
    """

    what: Literal["begins", "ends"]
    bar: Bar
    score: float | None = None


class CausalTimeline:
    """Bars of a recording while it goes on; memory holds its last minutes.

    Args:
        labels: of the run.
        settings: the run's own.
        begin: second from which on steps are decided; earlier ones were by an earlier session.
        steps: whether what is added are steps, each seen once, and no windows.
    """

    def __init__(self, labels: LabelSet, settings: TimelineSettings, begin: float = 0.0, steps: bool = False) -> None:
        self._labels, self._settings, self._step = labels, settings, settings.step
        self._known = KnownSteps(len(labels)) if steps else KnownWindows(len(labels))
        self._has_scores = False  # whether anything was added since the last pause
        self._next = round(begin / self._step)  # number of the first step that is not decided
        self._rows: deque[np.ndarray] = deque(maxlen=max(1, round(REMEMBERED_S / self._step)))
        self._smoothing = [Smoothing(settings.of(name).smoothing / self._step) for name in labels.names]
        self._bouts = [LabelBouts(settings.of(name)) for name in labels.names]
        least = [settings.of(name).min_duration for name in labels.names]
        self._exclusive = ExclusiveBouts(least) if labels.task == "multi-class" else None
        self._handled = {name: float("-inf") for name in labels.names}  # up to where each label's own bouts are handled
        self._shown: dict[str, deque[Bar]] = {name: deque() for name in labels.names}
        self._waiting = dict.fromkeys(labels.names, NOTHING)  # pieces that rules cut too short for a bar so far

    @property
    def decided(self) -> float:
        """The second up to which everything is decided."""
        return self._next * self._step

    def add(self, start: float, end: float, scores: np.ndarray) -> list[Change]:
        """Take a window and return what it changes.

        Args:
            start, end: in seconds; windows ascend.
            scores: in [0, 1], shape (labels,); of steps (steps, labels), which divide the span evenly.
        """
        changes: list[Change] = []
        if start - max(self.decided, self._known.end) > REMEMBERED_S:
            changes += self.pause()
            self._forget(start)
        self._known.add(start, end, scores)
        changes += self._decide(self._known.until, end)
        self._known.forget(self.decided)
        self._has_scores = True
        return changes

    def pause(self) -> list[Change]:
        """Decide the rest of what the windows so far have seen: no next one follows on them."""
        if not self._has_scores:
            return []
        end = self._known.end
        changes = self._decide(end, end)
        self._known.clear()
        self._has_scores = False
        return changes + self._ended(self.decided)

    def _forget(self, begin: float) -> None:
        """Go on after a long pause, of which nothing before is remembered."""
        self._next = int(begin / self._step)
        self._rows.clear()
        for one in self._smoothing:
            one.forget()

    def scores(self) -> tuple[float, np.ndarray]:
        """Return where the remembered steps begin, in seconds, and their scores, nan where unseen, (steps, labels)."""
        rows = np.array(self._rows).reshape(-1, len(self._labels))
        return (self._next - len(rows)) * self._step, rows

    def bars(self) -> list[Bar]:
        """Return the bars of the last minutes."""
        return [bar for bars in self._shown.values() for bar in bars]

    def _decide(self, until: float, now: float) -> list[Change]:
        """Decide the steps whose middles lie at or before a moment."""
        count = int(np.floor(until / self._step - 0.5 + SAME_S)) + 1 - self._next
        if count <= 0:
            return []
        new: dict[str, list[tuple[float, float]]] = {name: [] for name in self._labels.names}
        over: dict[str, float] = {}
        for row in self._known.rows(self._next, count, self._step):
            edge = self._next * self._step
            self._rows.append(row)
            self._next += 1
            values = np.array([one.step(float(value)) for one, value in zip(self._smoothing, row, strict=True)])
            for column, bout in self._bouts_from(values, edge):
                self._piece(self._labels.names[column], bout, new, over)
        return self._show(new, over, now)

    def _bouts_from(self, values: np.ndarray, edge: float) -> list[tuple[int, Bout]]:
        if self._exclusive is not None:
            return self._exclusive.step(values, edge, edge + self._step)
        column_bouts: list[tuple[int, Bout]] = []
        for column, bouts in enumerate(self._bouts):
            over, still = bouts.step(float(values[column]), edge + self._step / 2, edge)
            column_bouts += [(column, bout) for bout in (*over, *([still] if still else []))]
        return column_bouts

    def _piece(self, name: str, bout: Bout, new: dict[str, list[tuple[float, float]]], over: dict[str, float]) -> None:
        """Note what a bout adds to what its label's bouts had before, and whether it is over."""
        start = max(bout.start, self._handled[name])
        if bout.end > start:
            new[name].append((start, bout.end))
            self._handled[name] = bout.end
        if not bout.open:
            over[name] = bout.end
        elif over.get(name, -1.0) <= bout.start:
            over.pop(name, None)

    def _ended(self, edge: float) -> list[Change]:
        new: dict[str, list[tuple[float, float]]] = {name: [] for name in self._labels.names}
        over: dict[str, float] = {}
        if self._exclusive is not None:
            column_bouts = self._exclusive.finish()
        else:
            column_bouts = [(column, bout) for column, bouts in enumerate(self._bouts) for bout in bouts.finish(edge)]
        for column, bout in column_bouts:
            self._piece(self._labels.names[column], bout, new, over)
        return self._show(new, over, edge) + self._close_all()

    def _show(self, new: dict[str, list[tuple[float, float]]], over: dict[str, float], now: float) -> list[Change]:
        """Show what new pieces of bouts add to the bars, as far as the rules allow it."""
        pieces = {name: sp.join(np.array(own).reshape(-1, 2), NOTHING) for name, own in new.items()}
        if self._settings.rules:
            pieces = self._by_rules(pieces, over)
        changes: list[Change] = []
        for name in self._labels.names:
            for start, end in pieces[name].tolist():
                changes += self._extend(name, start, end, now)
            bars = self._shown[name]
            if bars and bars[-1].open and (name in over or bars[-1].end < self._handled[name] - SAME_S):
                changes.append(self._close(name))
            while bars and not bars[0].open and bars[0].end < self.decided - REMEMBERED_S:
                bars.popleft()
        return changes

    def _by_rules(self, pieces: Spans, over: Mapping[str, float]) -> Spans:
        """Return what of new pieces is shown: as far as the rules allow it, and no bar shorter than its label's are.

        What is cut too short waits as long as its bout goes on.
        """
        before = {name: self._spans(name) for name in self._labels.names}
        pieces = {name: sp.join(own, self._waiting[name]) for name, own in pieces.items()}
        left = may_be = allowed(pieces, before, self._labels, self._mean)
        while True:
            enough = {name: self._long_enough(name, own) for name, own in left.items()}
            if all(len(enough[name]) == len(own) for name, own in left.items()):
                break
            left = allowed(enough, before, self._labels, self._mean)  # another label may have needed what is left out
        for name, own in may_be.items():
            rest = sp.subtract(own, left[name])
            goes_on = rest[rest[:, 1] >= self._handled[name] - SAME_S]
            self._waiting[name] = NOTHING if name in over else goes_on
        return left

    def _long_enough(self, name: str, spans: np.ndarray) -> np.ndarray:
        """Return those of pieces that lengthen a label's open bar or are as long as its shortest bout."""
        bars = self._shown[name]
        shown_to = bars[-1].end if bars and bars[-1].open else float("-inf")
        least = max(self._settings.of(name).min_duration, SHORTEST)
        return np.asarray(spans[(spans[:, 0] <= shown_to + SAME_S) | (spans[:, 1] - spans[:, 0] >= least - SAME_S)])

    def _extend(self, name: str, start: float, end: float, now: float) -> list[Change]:
        bars = self._shown[name]
        if bars and bars[-1].open and start <= bars[-1].end + SAME_S:
            bars[-1] = replace(bars[-1], end=end)
            return []
        ended = [self._close(name)] if bars and bars[-1].open else []
        bars.append(Bar(name, start, end, open=True, appeared=now))
        return [*ended, Change("begins", bars[-1])]

    def _close(self, name: str) -> Change:
        bars = self._shown[name]
        bars[-1] = replace(bars[-1], open=False)
        (mean,) = self._mean(name, np.array([[bars[-1].start, bars[-1].end]]))
        return Change("ends", bars[-1], float(mean) if np.isfinite(mean) else None)

    def _close_all(self) -> list[Change]:
        return [self._close(name) for name, bars in self._shown.items() if bars and bars[-1].open]

    def _spans(self, name: str) -> np.ndarray:
        return np.array([(bar.start, bar.end) for bar in self._shown[name]]).reshape(-1, 2)

    def _mean(self, name: str, spans: np.ndarray) -> np.ndarray:
        """Return the mean score of a label inside spans, as far as it is remembered; nan where nothing was seen."""
        base, rows = self.scores()
        if not len(rows):
            return np.full(len(spans), np.nan)
        duration = len(rows) * self._step
        scored = np.isfinite(rows).any(axis=1)
        held = TimeScores((np.arange(len(rows)) + 0.5) * self._step, rows, self._step, scored, duration)
        return held.mean(self._labels.index(name), np.clip(spans - base, 0.0, duration))
