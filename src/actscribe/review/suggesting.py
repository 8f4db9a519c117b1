"""Computing what a run suggests for a recording. This brings PyTorch, which the server does without."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from actscribe.annotations.interval import Interval
from actscribe.data import spans as sp
from actscribe.files import write_text
from actscribe.journal import Suggestion
from actscribe.labels import LabelSet
from actscribe.review.suggestions import Doubt, Kept, Suggested
from actscribe.runs.one_video import Loaded, annotate_video, probe_video
from actscribe.timeline.score_file import write_scores
from actscribe.timeline.scores import TimeScores
from actscribe.timeline.segments import TimelineSettings

#: A bout of less confidence is doubtful, and time without a bout whose score is this near to the threshold (ours).
UNSURE, NEAR = 0.7, 0.15
#: Seconds: shorter stretches near the threshold are passed over; and no more of them are listed (ours).
SHORTEST_DOUBT_S, MOST_DOUBTS = 0.5, 400


def suggest(loaded: Loaded, kept: Kept, video: Path, name: str) -> None:
    """Score a video and keep what the run suggests; where that is done already, nothing is.

    Args:
        loaded: the run, of the digest that `kept` has.
        kept: where.
        video: the file.
        name: of the recording.

    Raises:
        UnreadableVideo: it cannot be decoded to its end.
        ActScribeError: nothing can be written.
    """
    if kept.read() is not None:
        return
    kept.folder.mkdir(parents=True, exist_ok=True)
    made, scores = annotate_video(loaded, probe_video(video), name, kept.stem, (), kept_in=kept.folder)
    labels = loaded.run.labels.names
    suggestions = tuple(
        Suggestion(label=one.label, start=one.start, end=one.end, run=kept.run, score=_sure(one))
        for one in made.intervals
    )
    doubts = tuple(doubtful(suggestions, made.scores, loaded.settings, loaded.run.labels))
    write_scores(kept.scores, made.scores, labels)
    write_text(kept.timeline, Suggested(run=kept.run, suggestions=suggestions, doubts=doubts).model_dump_json())
    scores.remove()


def doubtful(
    suggestions: tuple[Suggestion, ...], scores: TimeScores, settings: TimelineSettings, labels: LabelSet
) -> list[Doubt]:
    """Return the doubtful moments of a timeline in order of time.

    Args:
        suggestions: the timeline.
        scores: that it was made of, columns in the order of `labels`.
        settings: by which it was made.
        labels: of the run; where exactly one holds at a time, none is almost there.
    """
    found = [
        Doubt(label=one.label, start=one.start, end=one.end, why=f"{one.score:.0%} sure")
        for one in suggestions
        if one.score is not None and one.score < UNSURE
    ]
    for place, name in enumerate(labels.names if labels.task == "multi-label" else ()):
        bouts = np.array([(one.start, one.end) for one in suggestions if one.label == name]).reshape(-1, 2)
        near = _near(scores, place, settings.of(name).on)
        for start, end in sp.subtract(near, bouts):
            if end - start >= SHORTEST_DOUBT_S:
                found.append(Doubt(label=name, start=float(start), end=float(end), why="almost there"))
    longest = sorted(found, key=lambda one: one.start - one.end)[:MOST_DOUBTS]
    return sorted(longest, key=lambda one: (one.start, one.end, one.label))


def _sure(one: Interval) -> float | None:
    return one.raw_score if one.score is None else one.score


def _near(scores: TimeScores, place: int, threshold: float) -> np.ndarray:
    """Return the spans in which a label's score comes near to a threshold from below or is above it."""
    values = scores.scores[:, place]
    high = np.isfinite(values) & (np.nan_to_num(values) >= threshold - NEAR)
    return np.array(list(_runs(high, scores.edges))).reshape(-1, 2)


def _runs(kept: np.ndarray, edges: np.ndarray) -> Iterator[tuple[float, float]]:
    change = np.flatnonzero(np.diff(np.concatenate([[False], kept, [False]]).astype(np.int8)))
    for first, last in change.reshape(-1, 2):
        yield float(edges[first]), float(edges[last])
