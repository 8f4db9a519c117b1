"""Clips: spans of a recording with the fraction of the span that each label covers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from actscribe.annotations.interval import Annotations, Interval
from actscribe.data.recording import Recording
from actscribe.errors import ActScribeError
from actscribe.labels import LabelSet

#: Two moments this close, in seconds, are one: files and arithmetic give the same moment in other last digits (ours).
#: No video's frames are nearer to each other.
SAME_S = 1e-6
#: Two parts of a whole this close are equal, so that what is exactly half counts as half whatever rounding made of it.
SAME_PART = 1e-9
#: A clip of which more than this fraction is not annotated for a label has no target for it (ours).
MOST_UNANNOTATED = 0.5
#: Of one video: a day at ten clips a second. With forty labels these take about a gigabyte.
MOST_CLIPS = 864_000


@dataclass(frozen=True, slots=True)
class Window:
    """How a recording is cut.

    Args:
        length: of a clip, in seconds; None: the whole video is one clip (trimmed data sets).
        stride: from one clip's start to the next one's, in seconds.
    """

    length: float | None = 3.0
    stride: float = 1.0


@dataclass(frozen=True, slots=True)
class Clip:
    """A span of a recording with its target.

    Args:
        recording: name of the recording.
        start, end: seconds.
        fractions: covered fraction in [0, 1] per label of the set; nan where not annotated; empty without a target.
    """

    recording: str
    start: float
    end: float
    fractions: tuple[float, ...] = ()


def count(duration: float, window: Window) -> float:
    """Return about how many clips a video of `duration` seconds is cut into; infinite where no number is that large."""
    if window.length is None or duration <= window.length:
        return 1.0
    return (duration - window.length) / window.stride + 1


def spans(
    duration: float, window: Window, stride_setting: str = "'stride:' in the study's windows"
) -> list[tuple[float, float]]:
    """Return the (start, end) of every window of a video, in seconds.

    A video shorter than a window is one span. Where the stride leaves a tail, the last window is moved back to end
    with the video, so that every second is seen (ours).

    Args:
        duration: of the video, in seconds.
        window: how it is cut.
        stride_setting: as the message names it.

    Raises:
        ActScribeError: more than `MOST_CLIPS`, before the first of them is made.
    """
    if window.length is None or duration <= window.length + SAME_S:
        return [(0.0, duration)]
    wanted = count(duration, window)
    if not wanted < MOST_CLIPS:
        raise ActScribeError(
            f"windows of {window.length:g} s every {window.stride:g} s cut a video of {duration:.1f} s into"
            f" {wanted:,.0f} clips; up to {MOST_CLIPS:,} can be held in memory.",
            f"Set a larger {stride_setting}.",
        )
    starts = [index * window.stride for index in range(int(wanted + SAME_PART))]
    tail = duration - window.length
    if tail - starts[-1] > SAME_S:
        starts.append(tail)
    return [(start, min(start + window.length, duration)) for start in starts]


def cut(recording: Recording, labels: LabelSet, window: Window) -> list[Clip]:
    """Cut a recording into clips with their targets (Guerriero et al. 2026: the covered fraction of each label)."""
    clips = [Clip(recording.name, start, end) for start, end in spans(recording.duration, window)]
    if recording.intervals is None:
        return clips
    return annotated_by(clips, Annotations(recording.intervals, recording.gaps), labels)


def annotated_by(clips: Sequence[Clip], annotations: Annotations, labels: LabelSet) -> list[Clip]:
    """Return clips of one recording with the covered fraction of each label in these annotations of it."""
    edges = np.array([(clip.start, clip.end) for clip in clips]).reshape(-1, 2)
    columns = [_fractions(edges, annotations.intervals, annotations.gaps, name) for name in labels.names]
    rows = np.stack(columns, axis=1).tolist()
    return [Clip(clip.recording, clip.start, clip.end, tuple(row)) for clip, row in zip(clips, rows, strict=True)]


def targets(clips: Sequence[Clip], task: str, threshold: float = 0.5) -> np.ndarray:
    """Return the binary targets, shape (clips, labels), float32, nan where not annotated.

    Multi-label: 1 where at least `threshold` of the clip is covered (Guerriero et al.: 0.5). Multi-class: 1 for the
    label that covers most, the first of equals, and a row of nan when none covers anything.
    """
    fractions = np.array([clip.fractions for clip in clips], dtype=np.float64).reshape(len(clips), -1)
    if task == "multi-label":
        return np.where(np.isnan(fractions), np.nan, fractions >= threshold - SAME_PART).astype(np.float32)
    filled = np.nan_to_num(fractions)
    most = filled.max(axis=1, initial=0.0)
    chosen = np.zeros(filled.shape, dtype=np.float32)
    chosen[np.arange(len(clips)), (filled >= most[:, None] - SAME_PART).argmax(axis=1)] = 1
    chosen[most <= SAME_PART] = np.nan
    return chosen


def merge_spans(intervals: Iterable[Interval]) -> list[tuple[float, float]]:
    """Return the union of intervals as disjoint (start, end) spans in order of time; those that touch are one."""
    merged: list[tuple[float, float]] = []
    for start, end in sorted((interval.start, interval.end) for interval in intervals):
        if merged and start <= merged[-1][1] + SAME_S:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def _fractions(edges: np.ndarray, intervals: Sequence[Interval], gaps: Sequence[Interval], name: str) -> np.ndarray:
    """Return the covered fraction of the annotated part of each span for one label, nan where mostly unannotated."""
    unknown = merge_spans(gap for gap in gaps if gap.label in ("", name))
    present = _covered(edges, _outside(merge_spans(i for i in intervals if i.label == name), unknown))
    missing = _covered(edges, unknown)
    length = edges[:, 1] - edges[:, 0]
    annotated = np.maximum(length - missing, 1e-12)
    return np.where(missing > MOST_UNANNOTATED * length + SAME_S, np.nan, np.clip(present / annotated, 0, 1))


def _outside(merged: list[tuple[float, float]], unknown: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return what of disjoint, ascending spans is in none of the `unknown` ones: a bout there says nothing."""
    known_spans = []
    index = 0
    for start, end in merged:
        while index < len(unknown) and unknown[index][1] <= start:
            index += 1
        for one, other in unknown[index:]:
            if one >= end:
                break
            if one > start:
                known_spans.append((start, one))
            start = max(start, other)
        if start < end:
            known_spans.append((start, end))
    return known_spans


def _covered(edges: np.ndarray, merged: list[tuple[float, float]]) -> np.ndarray:
    """Return how many seconds of each span the disjoint, ascending `merged` spans cover.

    Each of these is compared with the spans that it meets alone, so that the time grows with the length of a recording;
    differences of one running sum would be as fast, and would make an exact half a little less.
    """
    order = np.argsort(edges[:, 0], kind="stable")
    starts, ends = edges[order, 0], edges[order, 1]
    latest = np.maximum.accumulate(ends)
    total = np.zeros(len(edges))
    for start, end in merged:
        met = slice(np.searchsorted(latest, start, side="right"), np.searchsorted(starts, end, side="left"))
        total[order[met]] += np.clip(np.minimum(ends[met], end) - np.maximum(starts[met], start), 0, None)
    return total
