"""From the scores of overlapping windows to one score per label and time step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from actscribe.data.clips import SAME_S

#: Weight of a window at its very edge, relative to 1 at its centre (ours): small, but a step that only edges see has a
#: score all the same.
EDGE_WEIGHT = 0.05

#: Seconds; a timeline has no shorter bout, as annotation files hold milliseconds (ours).
SHORTEST = 1e-3

#: A score this far below a threshold reaches it: the mean of equal scores may differ from them by rounding (ours).
SAME_SCORE = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class TimeScores:
    """The scores of one recording on a regular grid.

    Step k spans [k * step, (k + 1) * step) seconds; the last one ends with the recording.

    Args:
        times: middle of each step in seconds, shape (steps,).
        scores: in [0, 1], shape (steps, labels); nan where no window gave a score.
        step: seconds.
        scored: True where at least one label has a score, shape (steps,).
        duration: of the recording, in seconds.
    """

    times: np.ndarray
    scores: np.ndarray
    step: float
    scored: np.ndarray
    duration: float

    @property
    def edges(self) -> np.ndarray:
        """Where steps begin and end, in seconds, shape (steps + 1,)."""
        return step_edges(self.duration, self.step)

    def mean(self, column: int, spans: np.ndarray) -> np.ndarray:
        """Return the mean score of a label inside each of `spans`, shape (spans, 2), seconds; nan where unseen."""
        edges, values = self.edges, self.scores[:, column]
        finite = np.isfinite(values)
        lengths = np.diff(edges) * finite
        covered = np.interp(spans, edges, np.concatenate([[0.0], np.cumsum(lengths)]))
        area = np.interp(spans, edges, np.concatenate([[0.0], np.cumsum(lengths * np.where(finite, values, 0.0))]))
        width = covered[:, 1] - covered[:, 0]
        with np.errstate(invalid="ignore", divide="ignore"):
            means = (area[:, 1] - area[:, 0]) / width
        # Differences of running sums are exact to about 1e-9 of the recording; a score must stay a score.
        return np.where(width > 1e-9, np.clip(means, 0.0, 1.0), np.nan)


@dataclass(frozen=True, slots=True, eq=False)
class StepScores:
    """The scores of one recording as a recognizer that looks at it as a whole gives them, step by step.

    Args:
        times: middle of each step in seconds, ascending, shape (steps,).
        scores: in [0, 1], shape (steps, labels).
        step: from one to the next, in seconds; the first and the last may be shorter or longer.
    """

    times: np.ndarray
    scores: np.ndarray
    step: float


def on_grid(steps: StepScores, duration: float, step: float = 0.1) -> TimeScores:
    """Return the scores of steps of a recording on a regular grid.

    Between two middles of steps the score is read as a straight line, as `segments.hysteresis` reads it; up to a step
    before the first and after the last it stays as it is there, and farther away nothing was seen (ours).

    Args:
        steps: of the recording.
        duration: of the recording, in seconds.
        step: of the grid, in seconds.
    """
    edges = step_edges(duration, step)
    times = (edges[:-1] + edges[1:]) / 2
    near = (times >= steps.times[0] - steps.step) & (times <= steps.times[-1] + steps.step)
    laid = np.column_stack([np.interp(times, steps.times, column) for column in steps.scores.T])
    laid[~near] = np.nan
    return TimeScores(times, laid, float(step), near, float(duration))


def step_edges(duration: float, step: float) -> np.ndarray:
    """Return where the steps of a recording begin and end, in seconds, shape (steps + 1,); the last may be short."""
    if not (duration > 0 and step > 0):
        raise ValueError(f"a duration of {duration} s cannot be cut into steps of {step} s")
    count = max(1, int(np.ceil(duration / step - 1e-6)))
    edges = np.arange(count + 1) * float(step)
    edges[-1] = duration
    return edges


def merge_windows(
    starts: np.ndarray, ends: np.ndarray, scores: np.ndarray, duration: float, step: float = 0.1
) -> TimeScores:
    """Average the scores of overlapping windows at every time step.

    A window counts for the steps whose middle it covers, most at its centre and least at its edges: the weight is
    triangular, 1 at the centre and EDGE_WEIGHT at the edges (ours: an activity that ends in the middle of a window is
    what that window says least about at its far edge). A window shorter than a step counts for the step that its own
    middle lies in. Order of the windows does not matter.

    Args:
        starts, ends: of the windows, in seconds, shape (windows,).
        scores: in [0, 1], shape (windows, labels); nan counts as not seen.
        duration: of the recording, in seconds.
        step: in seconds.

    Raises:
        ValueError: arrays of different length, or a score outside [0, 1].
    """
    starts, ends = np.asarray(starts, dtype=float), np.asarray(ends, dtype=float)
    scores = np.asarray(scores, dtype=float)
    if scores.ndim != 2 or not len(starts) == len(ends) == len(scores):
        raise ValueError(f"{len(starts)} starts, {len(ends)} ends and scores of shape {scores.shape} do not match")
    if np.nanmin(scores, initial=0.0) < 0 or np.nanmax(scores, initial=0.0) > 1:
        raise ValueError("scores must lie in [0, 1]")
    edges = step_edges(duration, step)
    times = (edges[:-1] + edges[1:]) / 2
    window, index = _pairs(starts, ends, times, edges)
    position = (times[index] - starts[window]) / np.maximum(ends[window] - starts[window], 1e-12)
    weight = EDGE_WEIGHT + (1 - EDGE_WEIGHT) * np.clip(1 - np.abs(2 * position - 1), 0, 1)
    merged = np.empty((len(times), scores.shape[1]))
    for column in range(scores.shape[1]):
        value = scores[window, column]
        known = np.isfinite(value) * weight
        area = np.bincount(index, known * np.nan_to_num(value), minlength=len(times))
        weights = np.bincount(index, known, minlength=len(times))
        merged[:, column] = np.divide(area, weights, out=np.full(len(times), np.nan), where=weights > 0)
    merged = np.clip(merged, 0.0, 1.0)
    return TimeScores(times, merged, float(step), np.asarray(np.isfinite(merged).any(axis=1)), float(duration))


def _pairs(starts: np.ndarray, ends: np.ndarray, times: np.ndarray, edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return every pair of a window and a step that it covers as two index arrays of one length."""
    first = np.searchsorted(times, starts - SAME_S, side="left")
    last = np.searchsorted(times, ends - SAME_S, side="left")
    middle = np.searchsorted(edges, (starts + ends) / 2, side="right") - 1
    first = np.where(last > first, first, np.clip(middle, 0, len(times) - 1))
    count = np.maximum(last - first, 1)
    window = np.repeat(np.arange(len(starts)), count)
    offset = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    return window, np.repeat(first, count) + offset
