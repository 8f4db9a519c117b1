"""Confidences of bouts instead of scores."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from actscribe.annotations.interval import Interval
from actscribe.labels import LabelSet
from actscribe.timeline.curves import Confidence
from actscribe.timeline.scores import TimeScores

#: Of a bout's scores.
DECIMALS = 6


def with_confidence(
    intervals: Iterable[Interval], time_scores: TimeScores, confidence: Confidence, labels: LabelSet
) -> tuple[Interval, ...]:
    """Return bouts whose `score` is a confidence: the mean over the bout of what the label's curve makes of the scores.

    What was `score` is `raw_score`. Where a label has no curve there is no confidence. Both have six decimals: further
    ones mean nothing, and would be in every file that is written.

    Args:
        intervals: with the mean score inside each, as `segments.build` makes them.
        time_scores: that they were made of, labels in the order of the set.
        confidence: fitted on validation.
        labels: the set.
    """
    curves = {name: curve(time_scores.scores[:, labels.index(name)]) for name, curve in confidence.curves.items()}
    made = []
    for interval in intervals:
        probability = None
        if interval.label in curves and interval.score is not None:
            calibrated = replace(time_scores, scores=curves[interval.label][:, None])
            probability = float(calibrated.mean(0, np.array([[interval.start, interval.end]]))[0])
        made.append(replace(interval, score=_rounded(probability), raw_score=_rounded(interval.score)))
    return tuple(made)


def _rounded(score: float | None) -> float | None:
    return None if score is None else round(score, DECIMALS)
