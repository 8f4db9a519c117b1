"""Choosing thresholds, smoothing and durations of a timeline on validation recordings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from actscribe.data import spans as sp
from actscribe.data.recording import Recording
from actscribe.evaluation.events import (
    annotated_spans,
    check_pairs,
    count_matches,
    f1_of,
    label_spans,
    segment_counts,
)
from actscribe.labels import LabelSet
from actscribe.timeline.scores import TimeScores
from actscribe.timeline.segments import (
    LabelDecision,
    TimelineSettings,
    bridge,
    build,
    drop_short,
    hysteresis,
    smooth,
)

#: Smoothing, shortest bout and shortest gap are tried at these parts of the label's median true bout, so that one grid
#: serves a cough and a night's sleep (ours).
PARTS = (0.0, 0.1, 0.25, 0.5)

#: Thresholds are tried at fixed values and where the share of steps above them is this multiple of the share that is
#: truly positive: scores need not be calibrated (ours).
LEVELS = (0.3, 0.5, 0.7)
RATES = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0)

#: With fewer validation bouts than this a label's decision carries a note.
FEW_BOUTS = 5


@dataclass(frozen=True, slots=True, eq=False)
class _Joined:
    """All recordings of one label on one axis of time, an unseen step between any two."""

    columns: tuple[np.ndarray, ...]
    times: np.ndarray
    edges: np.ndarray
    true: np.ndarray
    annotated: np.ndarray
    step: float

    def smoothed(self, deviation: float) -> np.ndarray:
        smoothed = [smooth(column, deviation / self.step) for column in self.columns]
        return np.concatenate([part for column in smoothed for part in (column, [np.nan])])[:-1]


def tune(
    recordings: Sequence[Recording],
    scores: Mapping[str, TimeScores],
    labels: LabelSet,
    fallback: Mapping[str, float] | None = None,
) -> TimelineSettings:
    """Choose each label's decision on validation recordings (ours).

    Maximised per label: segment F1 pooled over the recordings, averaged over the overlap thresholds 0.1, 0.25 and 0.5.
    Ties go to the higher frame F1 in whole percent, then to the simpler decision: fewer of smoothing, shortest bout,
    shortest gap and hysteresis in use, then the threshold nearest to 0.5. Multi-class: one smoothing and one shortest
    bout for all labels, maximising the same measure pooled over labels, then the joint frame F1. Rules are left out
    while tuning and are on in the result.

    Args:
        recordings: annotated, validation only.
        scores: by recording name, all of one step, labels in the order of the set.
        labels: the set.
        fallback: clip thresholds by label name, for labels without a bout in validation; 0.5 where missing.

    Returns:
        settings whose `notes` say which labels had no bout, or few.

    Raises:
        ActScribeError: a recording is not annotated, or has no scores.
        ValueError: no recordings, or scores of different steps.
    """
    check_pairs(recordings, scores)
    steps = {scores[recording.name].step for recording in recordings}
    if len(steps) != 1:
        raise ValueError(f"tuning needs recordings, all with time scores of one step; found steps {sorted(steps)}")
    step = steps.pop()
    notes, counts = {}, {}
    for name in labels.names:
        counts[name] = sum(len(label_spans(recording, recording.intervals or (), name)) for recording in recordings)
        if counts[name] < FEW_BOUTS:
            bouts = "bout" if counts[name] == 1 else "bouts"
            notes[name] = f"chosen on only {counts[name]} validation {bouts}: take it as a first guess"
        if counts[name] == 0:
            notes[name] = "no bout in validation: the clip threshold is used as it is"
    if labels.task == "multi-class":
        decisions = _tune_exclusive(recordings, scores, labels, step)
        return TimelineSettings(step=step, decisions=decisions, notes=notes)
    decisions = {}
    for column, name in enumerate(labels.names):
        if counts[name]:
            decisions[name] = _tune_label(_join(recordings, scores, name, column))
        else:
            level = (fallback or {}).get(name, 0.5)
            decisions[name] = LabelDecision(on=level, off=level)
    return TimelineSettings(step=step, decisions=decisions, notes=notes)


def _tune_label(joined: _Joined) -> LabelDecision:
    best, best_key = LabelDecision(), (-1.0, -1.0, 0, 0.0)
    bout = float(np.median(joined.true[:, 1] - joined.true[:, 0]))
    sizes = sorted({round(part * bout, 3) for part in PARTS})
    levels = _levels(joined)
    for smoothing in sizes:
        values = joined.smoothed(smoothing)
        for on, off in _thresholds(levels):
            spans, stretch = hysteresis(values, joined.times, joined.edges, on, off)
            for min_gap, min_duration in product(sizes, sizes):
                found = drop_short(bridge(spans, stretch, min_gap), min_duration)
                used = sum(value > 0 for value in (smoothing, min_gap, min_duration, on - off))
                quality = _quality(sp.intersect(found, joined.annotated), joined.true)
                key = (*quality, -used, -abs(on - 0.5))
                if key > best_key:
                    best_key = key
                    best = LabelDecision(
                        on=on, off=off, smoothing=smoothing, min_duration=min_duration, min_gap=min_gap
                    )
    return best


def _quality(found: np.ndarray, true: np.ndarray) -> tuple[float, float]:
    """Return mean segment F1 and frame F1, the latter in whole percent: less is not worth a less simple decision."""
    segment = float(f1_of(count_matches(found, true)).mean())
    frame = 2 * sp.total(sp.intersect(found, true)) / (sp.total(found) + sp.total(true))
    return round(segment, 9), round(frame, 2)


def _thresholds(levels: np.ndarray) -> Iterator[tuple[float, float]]:
    """Yield (on, off): equal, and `off` one or three levels lower."""
    for place, on in enumerate(levels):
        for lower in (0, 1, 3):
            if place >= lower:
                yield float(on), float(levels[place - lower])


def _levels(joined: _Joined) -> np.ndarray:
    values = joined.smoothed(0.0)
    seen = values[np.isfinite(values) & sp.covers(joined.annotated, joined.times)]
    if not len(seen):
        return np.array(LEVELS)
    prior = sp.total(joined.true) / max(sp.total(joined.annotated), 1e-9)
    rates = np.array([rate * prior for rate in RATES if rate * prior < 1])
    return np.unique(np.concatenate([LEVELS, np.quantile(seen, 1 - rates)]))


def _join(recordings: Sequence[Recording], scores: Mapping[str, TimeScores], name: str, column: int) -> _Joined:
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
    return _Joined(
        tuple(columns),
        np.concatenate(times)[:-1],
        np.concatenate(edges),
        np.concatenate(true),
        np.concatenate(annotated),
        scores[recordings[0].name].step,
    )


def _tune_exclusive(
    recordings: Sequence[Recording], scores: Mapping[str, TimeScores], labels: LabelSet, step: float
) -> dict[str, LabelDecision]:
    """Return the same decision for every label: only smoothing and shortest bout matter to a multi-class timeline."""
    lengths = [
        span[1] - span[0]
        for recording in recordings
        for name in labels.names
        for span in label_spans(recording, recording.intervals or (), name)
    ]
    bout = float(np.median(lengths)) if lengths else 0.0
    sizes = sorted({round(part * bout, 3) for part in PARTS})
    best, best_key = LabelDecision(), (-1.0, -1.0, 0)
    for smoothing, shortest in product(sizes, sizes):
        decision = LabelDecision(smoothing=smoothing, min_duration=shortest)
        settings = TimelineSettings(step=step, decisions=dict.fromkeys(labels.names, decision), rules=False)
        found = {recording.name: build(scores[recording.name], settings, labels) for recording in recordings}
        pooled = segment_counts(recordings, found, labels).sum(axis=(0, 1))
        segment = float(np.nan_to_num(f1_of(pooled)).mean())
        used = (smoothing > 0) + (shortest > 0)
        key = (round(segment, 9), round(_joint_frame_f1(recordings, found, labels), 2), -used)
        if key > best_key:
            best_key, best = key, decision
    return dict.fromkeys(labels.names, best)


def _joint_frame_f1(recordings: Sequence[Recording], found: Mapping[str, list], labels: LabelSet) -> float:
    both = either = 0.0
    for recording, name in product(recordings, labels.names):
        true = label_spans(recording, recording.intervals or (), name)
        predicted = label_spans(recording, found[recording.name], name)
        both += 2 * sp.total(sp.intersect(true, predicted))
        either += sp.total(true) + sp.total(predicted)
    return both / either if either else 0.0
