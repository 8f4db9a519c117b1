"""Bouts of a timeline and of an annotation: within the annotated time, which fits which, and how many do.

Every label is on its own, so labels may overlap. Intervals of one label that touch or overlap are one bout.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from actscribe.annotations.interval import Interval
from actscribe.data import spans as sp
from actscribe.data.recording import Recording
from actscribe.errors import ActScribeError
from actscribe.labels import LabelSet

#: Overlap thresholds of F1@{10, 25, 50} (ms-tcn).
IOUS = (0.1, 0.25, 0.5)
#: Overlaps this close are equal. At 25 frames a second bouts of up to 20 minutes differ by more, if they differ (ours).
SAME = 1e-9

Timelines = Mapping[str, Sequence[Interval]]


def annotated_spans(recording: Recording, label: str) -> np.ndarray:
    """Return the spans of a recording that are annotated for a label, in seconds, shape (spans, 2)."""
    gaps = sp.union(gap for gap in recording.gaps if gap.label in ("", label))
    return sp.subtract(sp.whole(recording.duration), gaps)


def label_spans(recording: Recording, intervals: Iterable[Interval], label: str) -> np.ndarray:
    """Return the bouts of a label within the annotated time, in seconds, shape (bouts, 2)."""
    present = sp.union(interval for interval in intervals if interval.label == label)
    return sp.intersect(present, annotated_spans(recording, label))


def match(predicted: np.ndarray, true: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the true span that each predicted span overlaps best, and how well.

    Args:
        predicted, true: seconds, shapes (p, 2) and (t, 2), each in order and disjoint.

    Returns:
        index into `true`, shape (p,), -1 where nothing overlaps, the earliest of those within `SAME` of the best; and
        the intersection over union, shape (p,).
    """
    low = np.searchsorted(true[:, 1], predicted[:, 0], side="right")
    high = np.searchsorted(true[:, 0], predicted[:, 1], side="left")
    count = np.maximum(high - low, 0)
    one = np.repeat(np.arange(len(predicted)), count)
    other = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count - low, count)
    shared = np.minimum(predicted[one, 1], true[other, 1]) - np.maximum(predicted[one, 0], true[other, 0])
    covered = np.maximum(predicted[one, 1], true[other, 1]) - np.minimum(predicted[one, 0], true[other, 0])
    overlap = shared / covered
    best = np.zeros(len(predicted))
    np.maximum.at(best, one, overlap)
    index = np.full(len(predicted), -1)
    is_best = overlap >= best[one] - SAME
    index[one[is_best][::-1]] = other[is_best][::-1]  # reversed: the earliest of equals is written last
    return index, best


def count_matches(predicted: np.ndarray, true: np.ndarray, ious: Sequence[float] = IOUS) -> np.ndarray:
    """Return (true positives, false positives, false negatives) per overlap threshold, shape (thresholds, 3).

    The greedy matching of ms-tcn: a predicted span claims the true span that it overlaps best; the first to claim one
    at the threshold is a true positive, later ones are false positives. Thresholds are met within `SAME`.
    """
    index, overlap = match(predicted, true)
    counts = np.empty((len(ious), 3), dtype=int)
    for row, threshold in enumerate(ious):
        hits = len(np.unique(index[(index >= 0) & (overlap >= threshold - SAME)]))
        counts[row] = hits, len(predicted) - hits, len(true) - hits
    return counts


def f1_of(counts: np.ndarray) -> np.ndarray:
    """Return F1 from (tp, fp, fn) on the last axis; nan where nothing is there to be found (tp + fn = 0)."""
    counts = np.asarray(counts, dtype=float)
    tp, fp, fn = counts[..., 0], counts[..., 1], counts[..., 2]
    return np.asarray(np.divide(2 * tp, 2 * tp + fp + fn, out=np.full(tp.shape, np.nan), where=tp + fn > 0))


def segment_counts(
    recordings: Sequence[Recording], predictions: Timelines, labels: LabelSet, ious: Sequence[float] = IOUS
) -> np.ndarray:
    """Return segment (tp, fp, fn), shape (recordings, labels, thresholds, 3), for pooling and for the bootstrap.

    Raises:
        ActScribeError: a recording is not annotated, or has no timeline.
    """
    check_pairs(recordings, predictions)
    counts = [
        [
            count_matches(
                label_spans(recording, predictions[recording.name], name),
                label_spans(recording, recording.intervals or (), name),
                ious,
            )
            for name in labels.names
        ]
        for recording in recordings
    ]
    return np.array(counts, dtype=int).reshape(len(recordings), len(labels), len(ious), 3)


def check_pairs(recordings: Sequence[Recording], predictions: Mapping[str, object]) -> None:
    """Check that every recording is annotated and has a prediction.

    Raises:
        ActScribeError: one is not, or has none.
    """
    for recording in recordings:
        if recording.intervals is None:
            raise ActScribeError(f"Recording '{recording.name}' is not annotated, so nothing can be compared with it.")
        if recording.name not in predictions:
            raise ActScribeError(f"There are no scores for recording '{recording.name}'.", "Score it, or leave it out.")
