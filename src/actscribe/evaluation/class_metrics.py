"""The metrics of a benchmark set. One is a function and an entry of CLASS_METRICS: every table and page follows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from actscribe.columns import Column
from actscribe.evaluation.clips import confusion, top_accuracy

#: So many of the highest scores count in `top5`.
FIVE = 5


@dataclass(frozen=True, slots=True)
class ClassMetric:
    """A number in [0, 1] about a recognizer of one class out of several.

    Args:
        column: its name, what it is called and what it is.
        of: from one-hot targets (rows of nan are left out) and scores, both of shape (clips, classes).
        chance: from the test clips of each class, shape (classes,), what naming each class as often as any other gets.
        majority: the same of always naming the class that most of these clips show.
        is_share: whether it is a share of the test clips, which has an exact interval.
    """

    column: Column
    of: Callable[[np.ndarray, np.ndarray], float]
    chance: Callable[[np.ndarray], float]
    majority: Callable[[np.ndarray], float]
    is_share: bool = True


def class_scores(targets: np.ndarray, scores: np.ndarray) -> dict[str, float]:
    """Return every metric of CLASS_METRICS by name.

    Args:
        targets: one-hot, shape (clips, classes); rows of nan are left out.
        scores: shape (clips, classes).
    """
    return {metric.column.name: metric.of(targets, scores) for metric in CLASS_METRICS}


def top1(targets: np.ndarray, scores: np.ndarray) -> float:
    """Return the share of clips whose class got the highest score."""
    return top_accuracy(targets, scores, 1)


def top5(targets: np.ndarray, scores: np.ndarray) -> float:
    """Return the share of clips whose class is among the five highest scores; nan with five classes or fewer."""
    return top_accuracy(targets, scores, FIVE) if scores.shape[1] > FIVE else float("nan")


def mean_per_class(targets: np.ndarray, scores: np.ndarray) -> float:
    """Return the mean over classes that are present of the share of their clips put first; nan without a clip."""
    counts = confusion(targets, scores)
    clips = counts.sum(axis=1)
    recall = counts.diagonal()[clips > 0] / clips[clips > 0]
    return float(recall.mean()) if len(recall) else float("nan")


def _most(clips: np.ndarray, k: int) -> float:
    """Return the share of the clips that the `k` most frequent classes hold."""
    return float((np.sort(clips)[::-1] / clips.sum())[:k].sum())


CLASS_METRICS = (
    ClassMetric(
        Column(
            "top1",
            "Top-1 accuracy",
            "share of the test clips whose class got the highest score",
            "precise",
            higher_is_better=True,
        ),
        top1,
        chance=lambda clips: 1 / len(clips),
        majority=lambda clips: _most(clips, 1),
    ),
    ClassMetric(
        Column(
            "top5",
            "Top-5 accuracy",
            "share of the test clips whose class is among the five highest scores",
            "precise",
            higher_is_better=True,
        ),
        top5,
        chance=lambda clips: FIVE / len(clips) if len(clips) > FIVE else float("nan"),
        majority=lambda clips: _most(clips, FIVE) if len(clips) > FIVE else float("nan"),
    ),
    ClassMetric(
        Column(
            "mean_per_class",
            "Mean accuracy of classes",
            "mean over classes of the share of their clips put first",
            "precise",
            higher_is_better=True,
        ),
        mean_per_class,
        chance=lambda clips: 1 / len(clips),
        majority=lambda clips: 1 / int((clips > 0).sum()),
        is_share=False,
    ),
)
HARMONIC_MEAN = Column(
    "harmonic_mean", "Harmonic mean", "of top-1 on base and on novel classes", "precise", higher_is_better=True
)
