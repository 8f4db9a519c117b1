"""Where a timeline is doubtful: its scores lie near to where it decides."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from actscribe.data import spans as sp
from actscribe.journal import Suggestion
from actscribe.labels import LabelSet
from actscribe.review.suggestions import Doubt
from actscribe.timeline.curves import Confidence
from actscribe.timeline.scores import TimeScores
from actscribe.timeline.segments import TimelineSettings

#: A score nearer than this to where the timeline decides is doubtful, of the way from there to 0 or to 1 (ours).
MARGIN = 0.3
#: Seconds: shorter stretches are passed over, of longer ones the worst part is shown; no more are listed (ours).
SHORTEST_DOUBT_S, LONGEST_DOUBT_S, MOST_DOUBTS = 0.5, 10.0, 400


def nearness(
    scores: TimeScores, settings: TimelineSettings, labels: LabelSet, confidence: Confidence | None = None
) -> np.ndarray:
    """Return how doubtful each label is at each step, shape (steps, labels), 1: a toss-up, 0: beyond the margin.

    Scores are calibrated where a label has a curve, and so is the point at which its bouts begin. Where exactly one
    label holds at a time, the first two by score are doubtful, by how near they are to each other.

    Args:
        scores: of a recording, columns in the order of `labels`.
        settings: by which they become a timeline.
        labels: of the run.
        confidence: of the run; None: no label has a curve.
    """
    curves = confidence.curves if confidence else {}
    columns, distances = [], []
    for index, name in enumerate(labels.names):
        curve = curves.get(name)
        values, on = scores.scores[:, index], np.array([settings.of(name).on])
        values, on = (values, on) if curve is None else (curve(values), curve(on))
        columns.append(values)
        room = np.where(values < on[0], on[0], 1 - on[0])
        distances.append(np.abs(values - on[0]) / np.maximum(room, 1e-9))
    distance = np.column_stack(distances)
    if labels.task == "multi-class" and len(columns) > 1:
        values = np.nan_to_num(np.column_stack(columns), nan=-np.inf)
        order = np.argsort(-values, axis=1)
        top = np.take_along_axis(values, order, axis=1)
        with np.errstate(invalid="ignore"):
            distance = np.full(values.shape, 1.0)
            np.put_along_axis(distance, order[:, :2], (top[:, 0] - top[:, 1])[:, None].repeat(2, 1), axis=1)
    return np.nan_to_num(np.clip(1 - distance / MARGIN, 0.0, 1.0))


def doubt(near: np.ndarray, scores: TimeScores) -> float:
    """Return how doubtful a recording is, 0 to 1: the mean over the seen time of its most doubtful label.

    Args:
        near: from `nearness`.
        scores: of the recording.
    """
    lengths = np.diff(scores.edges) * scores.scored
    return float(near.max(axis=1) @ lengths / lengths.sum()) if lengths.sum() else 0.0


def doubtful(
    suggestions: Sequence[Suggestion], near: np.ndarray, scores: TimeScores, labels: Sequence[str]
) -> list[Doubt]:
    """Return the most doubtful moments of a timeline, in order of time.

    Args:
        suggestions: the timeline.
        near: from `nearness`.
        scores: that the timeline was made of.
        labels: of the columns.
    """
    weighted: list[tuple[float, Doubt]] = []
    for index, name in enumerate(labels):
        own = [one for one in suggestions if one.label == name]
        bouts = np.array([(one.start, one.end) for one in own]).reshape(-1, 2)
        doubted = sp.joined(scores.edges, near[:, index] > 0)
        parts = [(span, "almost there") for span in sp.subtract(doubted, bouts)]
        for one in own:
            why = "barely there" if one.score is None else f"within a suggestion that is {one.score:.0%} sure"
            parts += [(span, why) for span in sp.intersect(doubted, np.array([[one.start, one.end]]))]
        for (start, end), why in parts:
            if end - start >= SHORTEST_DOUBT_S:
                start, end, weight = _worst(float(start), float(end), near[:, index], scores)
                weighted.append((weight, Doubt(label=name, start=start, end=end, why=why)))
    kept = [one for _, one in sorted(weighted, key=lambda pair: -pair[0])[:MOST_DOUBTS]]
    return sorted(kept, key=lambda one: (one.start, one.end, one.label))


def _worst(start: float, end: float, near: np.ndarray, scores: TimeScores) -> tuple[float, float, float]:
    """Return the most doubtful part of a span that is short enough to be looked at, and how doubtful it is in all."""
    edges = scores.edges
    areas = np.concatenate([[0.0], np.cumsum(near * np.diff(edges))])
    length = min(end - start, LONGEST_DOUBT_S)
    begins = np.append(edges[(edges >= start) & (edges <= end - length)], start)
    weights = np.interp(begins + length, edges, areas) - np.interp(begins, edges, areas)
    best = int(weights.argmax())
    return float(begins[best]), min(float(begins[best]) + length, end), float(weights[best])
