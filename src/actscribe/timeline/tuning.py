"""Choosing thresholds, smoothing and durations of a timeline on validation recordings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np

from actscribe.annotations.interval import Interval
from actscribe.counts import counted
from actscribe.data import spans as sp
from actscribe.data.recording import Recording
from actscribe.labels import LabelSet
from actscribe.timeline.grid import PARTS, Grid, join, try_all
from actscribe.timeline.matching import check_pairs, f1_of, label_spans, segment_counts
from actscribe.timeline.scores import TimeScores
from actscribe.timeline.segments import LabelOperatingPoint, TimelineSettings, build

#: On so few validation bouts or fewer a label's best operating point is mostly luck (`campaigns/few_bouts.py`).
FEW_BOUTS = 5

#: The quality of an operating point for the other labels counts as much as that on this many bouts (same campaign).
WEIGHT = 2


def tune(
    recordings: Sequence[Recording],
    scores: Mapping[str, TimeScores],
    labels: LabelSet,
    fallback: Mapping[str, float] | None = None,
) -> TimelineSettings:
    """Choose each label's operating point on validation recordings (ours).

    Maximised per label: segment F1 pooled over the recordings, averaged over the overlap thresholds 0.1, 0.25 and 0.5.
    A label of FEW_BOUTS or fewer leans on the other labels: averaged with theirs, which weighs as much as WEIGHT bouts.
    Ties go to the higher frame F1 in whole percent, then to the simpler operating point: fewer of smoothing, shortest
    bout, shortest gap and hysteresis in use, then the threshold nearest to 0.5. Multi-class: one smoothing and one
    shortest bout for all labels, maximising the same measure pooled over labels, then the joint frame F1. Rules are
    left out while tuning and are on in the result.

    Args:
        recordings: annotated, validation only.
        scores: by recording name, all of one step, labels in the order of the set.
        labels: the set.
        fallback: clip thresholds by label name, for labels without a bout in validation; 0.5 where missing.

    Returns:
        settings whose `notes` say which labels had no bout, or few, and what was done about it.

    Raises:
        ActScribeError: a recording is not annotated, or has no scores.
        ValueError: no recordings, or scores of different steps.
    """
    check_pairs(recordings, scores)
    steps = {scores[recording.name].step for recording in recordings}
    if len(steps) != 1:
        raise ValueError(f"tuning needs recordings, all with time scores of one step; found steps {sorted(steps)}")
    step = steps.pop()
    counts = {
        name: sum(len(label_spans(recording, recording.intervals or (), name)) for recording in recordings)
        for name in labels.names
    }
    if labels.task == "multi-class":
        operating_points = _tune_exclusive(recordings, scores, labels, step)
        return TimelineSettings(step=step, operating_points=operating_points, notes=_joint_note(counts))
    grids = {
        name: try_all(join(recordings, scores, name, column))
        for column, name in enumerate(labels.names)
        if counts[name]
    }
    operating_points, notes = {}, {}
    for name in labels.names:
        others = {other: grid for other, grid in grids.items() if other != name}
        if name not in grids:
            level = (fallback or {}).get(name, 0.5)
            operating_points[name] = LabelOperatingPoint(on=level, off=level)
            notes[name] = "no bout in validation: the clip threshold is used as it is"
        elif counts[name] > FEW_BOUTS:
            operating_points[name] = grids[name].operating_point(
                grids[name].best(grids[name].segment, grids[name].frame)
            )
        else:
            operating_points[name] = _steadied(grids[name], counts[name], others, counts)
            notes[name] = _few(counts[name], bool(others))
    return TimelineSettings(step=step, operating_points=operating_points, notes=notes)


def _steadied(grid: Grid, count: int, others: Mapping[str, Grid], counts: Mapping[str, int]) -> LabelOperatingPoint:
    """Return the operating point that is best for a label of few bouts and for the other labels together.

    Thresholds and times are compared relative to how often and for how long each label occurs. Without another label
    it is the label's own best.
    """
    segment, frame = grid.segment, grid.frame
    if others:
        weights = [counts[name] for name in others]
        own, theirs = count / (count + WEIGHT), WEIGHT / (count + WEIGHT)
        segment = own * segment + theirs * np.average([one.segment for one in others.values()], axis=0, weights=weights)
        frame = own * frame + theirs * np.average([one.frame for one in others.values()], axis=0, weights=weights)
    return grid.operating_point(grid.best(segment, frame))


def _few(count: int, has_others: bool) -> str:
    if has_others:
        return f"at most {FEW_BOUTS} validation bouts to choose on, so what is best for the other labels counts too"
    bouts = counted(count, "validation bout")
    return f"chosen on only {bouts}, and no other label to lean on: take it as a first guess"


def _joint_note(counts: Mapping[str, int]) -> dict[str, str]:
    """Return notes on labels with few bouts where one decision is chosen for all."""
    return {
        name: f"at most {FEW_BOUTS} validation bouts; one decision is chosen for all labels together"
        for name, count in counts.items()
        if count <= FEW_BOUTS
    }


def _tune_exclusive(
    recordings: Sequence[Recording], scores: Mapping[str, TimeScores], labels: LabelSet, step: float
) -> dict[str, LabelOperatingPoint]:
    """Return the same operating point for every label: only smoothing and shortest bout matter to multi-class ones."""
    lengths = [
        span[1] - span[0]
        for recording in recordings
        for name in labels.names
        for span in label_spans(recording, recording.intervals or (), name)
    ]
    bout = float(np.median(lengths)) if lengths else 0.0
    sizes = sorted({round(part * bout, 3) for part in PARTS})
    best, best_key = LabelOperatingPoint(), (-1.0, -1.0, 0)
    for smoothing, shortest in product(sizes, sizes):
        operating_point = LabelOperatingPoint(smoothing=smoothing, min_duration=shortest)
        settings = TimelineSettings(
            step=step, operating_points=dict.fromkeys(labels.names, operating_point), rules=False
        )
        timelines = {recording.name: build(scores[recording.name], settings, labels) for recording in recordings}
        pooled = segment_counts(recordings, timelines, labels).sum(axis=(0, 1))
        segment = float(np.nan_to_num(f1_of(pooled)).mean())
        used = (smoothing > 0) + (shortest > 0)
        key = (round(segment, 9), round(_joint_frame_f1(recordings, timelines, labels), 2), -used)
        if key > best_key:
            best_key, best = key, operating_point
    return dict.fromkeys(labels.names, best)


def _joint_frame_f1(
    recordings: Sequence[Recording], timelines: Mapping[str, list[Interval]], labels: LabelSet
) -> float:
    both = either = 0.0
    for recording, name in product(recordings, labels.names):
        true = label_spans(recording, recording.intervals or (), name)
        predicted = label_spans(recording, timelines[recording.name], name)
        both += 2 * sp.total(sp.intersect(true, predicted))
        either += sp.total(true) + sp.total(predicted)
    return both / either if either else 0.0
