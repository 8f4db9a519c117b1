"""Everything measured on one split, from scores and annotations alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from actscribe.annotations.interval import Interval
from actscribe.data.clips import Clip, targets
from actscribe.data.recording import Recording
from actscribe.evaluation.baselines import class_baselines, label_baselines
from actscribe.evaluation.calibration import calibration_table
from actscribe.evaluation.clips import class_table, clip_table, confusion, macro_f1
from actscribe.evaluation.errors import timeline_errors, worst_confusions, worst_errors
from actscribe.evaluation.events import event_table, sequence_scores
from actscribe.evaluation.indicators import compare_indicators
from actscribe.evaluation.intervals import accuracy_interval, f1_intervals, label_counts
from actscribe.evaluation.ranking import precision_intervals
from actscribe.labels import LabelSet


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """The measurements of one recognizer on one split.

    Args:
        split: its name.
        labels: the label set.
        clips: in the order of the rows of `targets` and `scores`, both of shape (clips, labels).
        thresholds: of the clip decisions, shape (labels,), chosen on validation.
        recordings: the annotated recordings of the split.
        timelines: predicted intervals by recording; empty for trimmed data sets.
        table: per label, macro, micro; `baselines` has the same columns.
        confidence: F1 (and accuracy) with intervals over groups.
        ranking: average precision per label, macro and micro with intervals over groups.
        calibration: Brier score and calibration error per label, see `calibration.calibration_table`.
        confusion: true x predicted clips, multi-class only.
        errors: where the timelines are wrong for longest; for trimmed data sets the most confident wrong answers.
        events: timelines against annotations, per label; None for trimmed data sets.
        joint: the measures of ms-tcn over all labels at once.
        indicators: annotated against predicted, per recording and label; None for trimmed data sets.
    """

    split: str
    labels: LabelSet
    clips: Sequence[Clip]
    targets: np.ndarray
    scores: np.ndarray
    thresholds: np.ndarray
    recordings: Sequence[Recording]
    timelines: Mapping[str, Sequence[Interval]]
    table: pd.DataFrame
    baselines: Mapping[str, pd.DataFrame]
    confidence: pd.DataFrame
    ranking: pd.DataFrame
    calibration: pd.DataFrame
    confusion: np.ndarray | None
    errors: pd.DataFrame
    events: pd.DataFrame | None
    joint: Mapping[str, float]
    indicators: pd.DataFrame | None

    def headline(self) -> float:
        """Return macro F1: the one number of Guerriero et al. 2026."""
        return macro_f1(self.table)

    def measured(self) -> int:
        """Return of how many clips the annotations say something; those that nobody annotated are in no number."""
        return int((~np.isnan(self.targets)).any(axis=1).sum())

    def decisions(self) -> np.ndarray:
        """Return the decisions on each clip, bool, shape (clips, labels): by threshold, or the highest score wins."""
        return self.scores >= self.thresholds if self.labels.task == "multi-label" else _one_hot(self.scores)

    def values(self) -> dict[str, Any]:
        """Return all tables as JSON-ready values; nan becomes null."""
        tables = {
            "table": self.table,
            "confidence": self.confidence,
            "ranking": self.ranking,
            "calibration": self.calibration,
            "errors": self.errors,
            "events": self.events,
            "indicators": self.indicators,
        }
        values: dict[str, Any] = {"split": self.split, "clips": self.measured(), "macro_f1": self.headline()}
        values |= {name: _records(table) for name, table in tables.items() if table is not None}
        values["baselines"] = {name: _records(table) for name, table in self.baselines.items()}
        values["joint"] = dict(self.joint)
        if self.confusion is not None:
            values["confusion"] = self.confusion.tolist()
        return values


def measure(
    split: str,
    labels: LabelSet,
    clips: Sequence[Clip],
    scores: np.ndarray,
    thresholds: np.ndarray,
    coverage: float,
    recordings: Sequence[Recording],
    timelines: Mapping[str, Sequence[Interval]],
    priors: np.ndarray,
) -> Evaluation:
    """Measure scores and timelines of one split against its annotations.

    Args:
        split: its name.
        labels: the label set.
        clips: with their covered fractions.
        scores: in [0, 1], shape (clips, labels).
        thresholds: of the clip decisions, shape (labels,).
        coverage: share of a clip that a label must cover to be present.
        recordings: the annotated recordings of the split.
        timelines: predicted intervals by recording; empty for trimmed data sets.
        priors: share of positive clips per label in training, shape (labels,).
    """
    truth = targets(clips, labels.task, coverage)
    group_of = {recording.name: recording.group for recording in recordings}
    groups = [group_of[clip.recording] for clip in clips]
    tables = _clip_tables(labels, clips, truth, scores, thresholds, priors)
    if timelines:  # what is listed as wrong is wrong in what a person is given
        tables["errors"] = timeline_errors(recordings, timelines, labels, clips, scores)
    return Evaluation(
        split=split,
        labels=labels,
        clips=clips,
        targets=truth,
        scores=scores,
        thresholds=thresholds,
        recordings=recordings,
        timelines=timelines,
        calibration=calibration_table(truth, scores, labels.names, labels.task),
        confidence=_confidence(labels, truth, scores, thresholds, groups),
        ranking=precision_intervals(truth, scores, groups, labels.names),
        events=event_table(recordings, timelines, labels) if timelines else None,
        joint=sequence_scores(recordings, timelines, labels) if timelines else {},
        indicators=compare_indicators(recordings, timelines, labels) if timelines else None,
        **tables,
    )


def _clip_tables(
    labels: LabelSet,
    clips: Sequence[Clip],
    truth: np.ndarray,
    scores: np.ndarray,
    thresholds: np.ndarray,
    priors: np.ndarray,
) -> dict[str, Any]:
    """Return the fields of `Evaluation` whose definition depends on the task."""
    names = labels.names
    if labels.task == "multi-label":
        return {
            "table": clip_table(truth, scores, thresholds, names),
            "baselines": label_baselines(truth, names, priors),
            "errors": worst_errors(clips, truth, scores, thresholds, names),
            "confusion": None,
        }
    return {
        "table": class_table(truth, scores, names),
        "baselines": class_baselines(truth, names, priors),
        "errors": worst_confusions(clips, truth, scores, names),
        "confusion": confusion(truth, scores),
    }


def _confidence(
    labels: LabelSet, truth: np.ndarray, scores: np.ndarray, thresholds: np.ndarray, groups: Sequence[str]
) -> pd.DataFrame:
    """Return F1 per label and macro, and for classes the accuracy, with intervals over groups."""
    if labels.task == "multi-label":
        counts = label_counts(truth, scores >= thresholds)
        return f1_intervals(counts, groups, labels.names)
    counts = label_counts(truth, _one_hot(scores))
    by_class = f1_intervals(counts, groups, labels.names)
    return pd.concat([by_class, _accuracy(truth, scores, groups)], ignore_index=True)


def _accuracy(truth: np.ndarray, scores: np.ndarray, groups: Sequence[str]) -> pd.DataFrame:
    known = np.flatnonzero(~np.isnan(truth).any(axis=1)).tolist()
    correct = truth[known].argmax(axis=1) == scores[known].argmax(axis=1)
    return accuracy_interval(correct, [groups[i] for i in known])


def _one_hot(scores: np.ndarray) -> np.ndarray:
    predicted = np.zeros(scores.shape, dtype=bool)
    predicted[np.arange(len(scores)), scores.argmax(axis=1)] = True
    return predicted


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    rows = table.to_dict(orient="records")
    return [{str(key): _plain(value) for key, value in row.items()} for row in rows]


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and np.isnan(value) else value
