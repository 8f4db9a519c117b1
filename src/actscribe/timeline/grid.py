"""Every operating point that is tried for one label, and how well each does on the recordings that it is tried on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from actscribe.data import spans as sp
from actscribe.data.recording import Recording
from actscribe.timeline.matching import annotated_spans, count_matches, f1_of, label_spans
from actscribe.timeline.scores import TimeScores
from actscribe.timeline.segments import LabelOperatingPoint, bridge, drop_short, hysteresis, smooth

#: Smoothing, shortest bout and shortest gap are tried at these parts of the label's median true bout, so that one grid
#: serves a cough and a night's sleep (ours).
PARTS = (0.0, 0.1, 0.25, 0.5)

#: Thresholds are tried at fixed values and where the share of steps above them is this multiple of the share that is
#: truly positive: scores need not be calibrated (ours).
LEVELS = (0.3, 0.5, 0.7)
RATES = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0)

#: A bout ends at the threshold where it began, or this many levels lower.
LOWER = (0, 1, 3)

#: Axes of the grid of operating points: smoothing, threshold, levels lower, shortest gap, shortest bout.
SHAPE = (len(PARTS), len(LEVELS) + len(RATES), len(LOWER), len(PARTS), len(PARTS))


@dataclass(frozen=True, slots=True, eq=False)
class Joined:
    """All recordings of one label on one axis of time, an unseen step between any two.

    Args:
        columns: the label's scores, one array a recording, shape (steps of it,).
        times: middles of the steps in seconds, shape (steps,); edges: shape (steps + 1,).
        true: bouts in seconds, shape (bouts, 2); annotated: spans, same.
        step: seconds.
    """

    columns: tuple[np.ndarray, ...]
    times: np.ndarray
    edges: np.ndarray
    true: np.ndarray
    annotated: np.ndarray
    step: float

    @property
    def bout(self) -> float:
        """Median length of the true bouts, in seconds."""
        return float(np.median(self.true[:, 1] - self.true[:, 0]))

    def smoothed(self, deviation: float) -> np.ndarray:
        """Return all scores, each recording smoothed by a Gaussian of `deviation` seconds, shape (steps,)."""
        smoothed = [smooth(column, deviation / self.step) for column in self.columns]
        return np.concatenate([part for column in smoothed for part in (column, [np.nan])])[:-1]


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """What was tried for one label; indices mean the same for every label, so that grids can be averaged.

    Args:
        sizes: seconds, at PARTS of the median bout.
        levels: thresholds, at LEVELS and RATES.
        segment: mean segment F1 of each operating point, shape SHAPE; frame: F1 of time in whole percent, same.
    """

    sizes: tuple[float, ...]
    levels: tuple[float, ...]
    segment: np.ndarray
    frame: np.ndarray

    def operating_point(self, index: tuple[int, ...]) -> LabelOperatingPoint:
        """Return what was tried at an index."""
        smoothing, on, lower, gap, shortest = index
        return LabelOperatingPoint(
            on=self.levels[on],
            off=_off(self.levels, on, lower),
            smoothing=self.sizes[smoothing],
            min_duration=self.sizes[shortest],
            min_gap=self.sizes[gap],
        )

    def best(self, segment: np.ndarray, frame: np.ndarray) -> tuple[int, ...]:
        """Return the index where `segment` is highest, shape SHAPE.

        Ties go to the higher `frame` in whole percent, then to the simpler operating point: fewer of smoothing,
        shortest bout, shortest gap and hysteresis in use, then the threshold nearest to 0.5.
        """
        best, best_key = (0,) * len(SHAPE), (-1.0, -1.0, 0, 0.0)
        rounded, percent = np.round(segment, 9), np.round(frame, 2)
        highest = rounded.max()
        for position in np.argwhere(rounded == highest):
            index = tuple(int(one) for one in position)
            made = self.operating_point(index)
            used = sum(value > 0 for value in (made.smoothing, made.min_gap, made.min_duration, made.on - made.off))
            key = (float(highest), float(percent[index]), -used, -abs(made.on - 0.5))
            if key > best_key:
                best, best_key = index, key
        return best


def try_all(joined: Joined) -> Grid:
    """Try every operating point for a label that has a true bout."""
    sizes, levels = tuple(round(part * joined.bout, 3) for part in PARTS), _levels(joined)
    segment, frame = np.empty(SHAPE), np.empty(SHAPE)
    for index, size in enumerate(sizes):
        values = joined.smoothed(size)
        known: dict[
            bytes, tuple[float, float]
        ] = {}  # bouts -> quality: most operating points end in the same few bouts
        for on, lower in product(range(len(levels)), range(len(LOWER))):
            spans, stretch = hysteresis(values, joined.times, joined.edges, levels[on], _off(levels, on, lower))
            for gap, min_gap in enumerate(sizes):
                bridged = bridge(spans, stretch, min_gap)
                for shortest, min_duration in enumerate(sizes):
                    bouts = drop_short(bridged, min_duration)
                    key = bouts.tobytes()
                    if key not in known:
                        known[key] = quality(sp.intersect(bouts, joined.annotated), joined.true)
                    at = (index, on, lower, gap, shortest)
                    segment[at], frame[at] = known[key]
    return Grid(sizes, levels, segment, frame)


def quality(bouts: np.ndarray, true: np.ndarray) -> tuple[float, float]:
    """Return segment F1, a mean over overlap thresholds, and F1 of time."""
    both = 2 * sp.total(sp.intersect(bouts, true)) / (sp.total(bouts) + sp.total(true))
    return float(f1_of(count_matches(bouts, true)).mean()), both


def _off(levels: Sequence[float], on: int, lower: int) -> float:
    """Return the threshold that lies some levels below another, or the lowest."""
    ordered = sorted(set(levels))
    return ordered[max(0, ordered.index(levels[on]) - LOWER[lower])]


def _levels(joined: Joined) -> tuple[float, ...]:
    values = joined.smoothed(0.0)
    annotated = values[np.isfinite(values) & sp.covers(joined.annotated, joined.times)]
    if not len(annotated):
        return LEVELS + (0.5,) * len(RATES)
    prior = sp.total(joined.true) / max(sp.total(joined.annotated), 1e-9)
    shares = [max(0.0, 1 - rate * prior) for rate in RATES]
    return LEVELS + tuple(map(float, np.quantile(annotated, shares)))


def join(recordings: Sequence[Recording], scores: Mapping[str, TimeScores], name: str, column: int) -> Joined:
    """Put recordings of one step one after another; `column` is the label's in the scores."""
    columns, times, edges, true, annotated = [], [], [], [], []
    shift = 0.0
    for recording in recordings:
        time_scores = scores[recording.name]
        columns.append(time_scores.scores[:, column])
        times += [time_scores.times + shift, np.array([shift + time_scores.duration + 0.5])]
        edges.append(time_scores.edges + shift)
        true.append(label_spans(recording, recording.intervals or (), name) + shift)
        annotated.append(annotated_spans(recording, name) + shift)
        shift += max(time_scores.duration, recording.duration) + 1.0
    return Joined(
        tuple(columns),
        np.concatenate(times)[:-1],
        np.concatenate(edges),
        np.concatenate(true),
        np.concatenate(annotated),
        scores[recordings[0].name].step,
    )
