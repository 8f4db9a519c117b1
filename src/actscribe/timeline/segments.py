"""From scores over time to intervals: smoothing, hysteresis, short gaps, short bouts."""

from __future__ import annotations

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from actscribe.annotations.interval import Interval, sort_key
from actscribe.data import spans as sp
from actscribe.data.clips import SAME_S
from actscribe.labels import LabelSet
from actscribe.timeline.exclusive import exclusive_spans
from actscribe.timeline.rules import apply_rules
from actscribe.timeline.scores import SAME_SCORE, SHORTEST, TimeScores


class LabelOperatingPoint(BaseModel):
    """How the scores of one label become intervals. Times are in seconds.

    Args:
        on: a bout begins where the score reaches it.
        off: the bout ends where the score falls below it; off <= on.
        smoothing: standard deviation of the Gaussian that smooths the scores; 0: none.
        min_duration: a shorter bout is dropped.
        min_gap: two bouts that are less than this apart are one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    on: float = Field(default=0.5, ge=0, le=1)
    off: float = Field(default=0.5, ge=0, le=1)
    smoothing: float = Field(default=0.0, ge=0)
    min_duration: float = Field(default=0.0, ge=0)
    min_gap: float = Field(default=0.0, ge=0)

    @model_validator(mode="after")
    def _ordered(self) -> LabelOperatingPoint:
        if self.off > self.on:
            raise ValueError(f"off ({self.off}) must not be above on ({self.on})")
        return self


class TimelineSettings(BaseModel):
    """How scores become a timeline; `model_dump_json` and `model_validate_json` carry it through a run folder.

    Args:
        step: of the time scores, in seconds.
        operating_points: by label name; a label without one uses the defaults of LabelOperatingPoint.
        rules: whether the label set's rules are applied, last.
        notes: by label name: what the user should know about how its operating point came about.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    step: float = Field(default=0.1, gt=0)
    operating_points: dict[str, LabelOperatingPoint] = {}
    rules: bool = True
    notes: dict[str, str] = {}

    def of(self, label: str) -> LabelOperatingPoint:
        """Return the operating point of a label."""
        return self.operating_points.get(label, LabelOperatingPoint())


def build(time_scores: TimeScores, settings: TimelineSettings, labels: LabelSet) -> list[Interval]:
    """Return the timeline of one recording: intervals sorted by time, `score` the mean score inside each.

    Multi-label: every label on its own, see `bouts`. Multi-class: at each step the label with the highest score; a run
    shorter than its label's minimum duration goes to a neighbour (`exclusive.exclusive_spans`), and `on`, `off` and
    `min_gap` play no part. The label set's rules come last, when the settings ask for them. No interval covers a step
    without a score.
    """
    smoothed = np.column_stack(
        [
            smooth(time_scores.scores[:, column], settings.of(name).smoothing / time_scores.step)
            for column, name in enumerate(labels.names)
        ]
    )
    if labels.task == "multi-class":
        shortest = np.array([settings.of(name).min_duration for name in labels.names])
        spans = exclusive_spans(smoothed, time_scores.edges, shortest)
    else:
        spans = [
            bouts(smoothed[:, column], time_scores.times, time_scores.edges, settings.of(name))
            for column, name in enumerate(labels.names)
        ]
    intervals = []
    for column, name in enumerate(labels.names):
        means = time_scores.mean(column, spans[column])
        intervals += [
            Interval(name, float(start), float(end), score=float(mean) if np.isfinite(mean) else None)
            for (start, end), mean in zip(spans[column], means, strict=True)
        ]
    if settings.rules:
        shortest_by_name = {name: settings.of(name).min_duration for name in labels.names}
        intervals = apply_rules(intervals, time_scores, labels, shortest_by_name)
    return sorted(intervals, key=sort_key)


def smooth(values: np.ndarray, deviation: float) -> np.ndarray:
    """Return `values`, shape (steps,), smoothed by a Gaussian of `deviation` steps; unseen steps (nan) stay unseen.

    Only seen steps count: the weights are divided by their sum over the seen steps in reach, so a constant stays the
    same constant up to the edges of a gap and of the recording (ours).
    """
    if deviation <= 0:
        return values
    finite = np.isfinite(values)
    from scipy.ndimage import gaussian_filter1d  # half a second of CPU that opening a run does without

    area = gaussian_filter1d(np.where(finite, values, 0.0), deviation, mode="constant")
    weight = gaussian_filter1d(finite.astype(float), deviation, mode="constant")
    return np.asarray(np.divide(area, weight, out=np.full(len(values), np.nan), where=finite))


def bouts(values: np.ndarray, times: np.ndarray, edges: np.ndarray, operating_point: LabelOperatingPoint) -> np.ndarray:
    """Return the spans of one label in seconds, shape (bouts, 2): hysteresis, then short gaps, then short bouts.

    Args:
        values: smoothed scores, shape (steps,); nan where unseen: a bout neither covers nor bridges such a step.
        times, edges: of the steps, in seconds, shapes (steps,) and (steps + 1,).
        operating_point: `smoothing` is not used here.
    """
    spans, stretch = hysteresis(values, times, edges, operating_point.on, operating_point.off)
    return drop_short(bridge(spans, stretch, operating_point.min_gap), operating_point.min_duration)


def hysteresis(
    values: np.ndarray, times: np.ndarray, edges: np.ndarray, on: float, off: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return spans that begin where the score reaches `on` and end where it falls below `off`, and their stretch.

    Between two middles of steps the score is read as a straight line, and a span begins and ends where the line
    crosses the threshold; next to an unseen step or the recording's edge, at the step's edge. A score that touches the
    threshold for less than a millisecond gives no span (ours).

    Returns:
        spans in seconds, shape (spans, 2), and the stretch of unbroken seen steps that each lies in, shape (spans,).
    """
    begins = values >= on - SAME_SCORE
    ends = ~(values >= off - SAME_SCORE)  # nan ends a span
    last_event = np.maximum.accumulate(np.where(begins | ends, np.arange(len(values)), 0))
    active = begins[last_event]
    change = sp.runs(active)
    first, last = change[:, 0], change[:, 1] - 1
    before, after = np.maximum(first - 1, 0), np.minimum(last + 1, len(values) - 1)
    start = _crossing(values, times, before, first, on)
    start = np.where((first > 0) & np.isfinite(values[before]), start, edges[first])
    end = _crossing(values, times, after, last, off)
    end = np.where((last < len(values) - 1) & np.isfinite(values[after]), end, edges[last + 1])
    stretch = np.cumsum(np.isnan(values))[first]
    kept = end - start >= SHORTEST - SAME_S
    return np.column_stack([start, end])[kept], stretch[kept]


def bridge(spans: np.ndarray, stretch: np.ndarray, min_gap: float) -> np.ndarray:
    """Join spans of one stretch that are less than `min_gap` seconds apart (or touch)."""
    if len(spans) < 2:
        return spans
    gap = spans[1:, 0] - spans[:-1, 1]
    apart = (gap >= max(min_gap, 2 * SAME_S) - SAME_S) | (stretch[1:] != stretch[:-1])
    starts = np.concatenate([[True], apart])
    return np.column_stack([spans[starts, 0], spans[np.concatenate([apart, [True]]), 1]])


def drop_short(spans: np.ndarray, min_duration: float) -> np.ndarray:
    """Leave out spans shorter than `min_duration` seconds."""
    return np.asarray(spans[spans[:, 1] - spans[:, 0] >= min_duration - SAME_S])


def _crossing(values: np.ndarray, times: np.ndarray, below: np.ndarray, above: np.ndarray, level: float) -> np.ndarray:
    """Return when the line from a step below `level` to its neighbour at or above it crosses it, in seconds."""
    rise = values[above] - values[below]
    with np.errstate(invalid="ignore", divide="ignore"):
        part = np.clip((level - values[below]) / rise, 0.0, 1.0)
    # As a weighted mean of the two middles the crossing cannot leave them by a rounding error.
    crossing = times[below] * (1 - part) + times[above] * part
    return np.asarray(np.clip(crossing, np.minimum(times[below], times[above]), np.maximum(times[below], times[above])))
