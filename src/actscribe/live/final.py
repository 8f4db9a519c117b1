"""The timeline that a watched recording ends with: decided by the offline pipeline, over all that was seen."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from actscribe.annotations.interval import Annotations, Interval
from actscribe.data import spans as sp
from actscribe.data.clips import SAME_S
from actscribe.errors import ActScribeError
from actscribe.files import content_hash
from actscribe.live.log import Earlier, LiveLog
from actscribe.runs.one_video import Loaded, annotate_video, probe_video, timeline_path, write_timeline
from actscribe.timeline.confidence import with_confidence
from actscribe.timeline.scores import TimeScores, merge_windows, step_edges
from actscribe.timeline.segments import build


def check_targets(stem: Path, formats: Sequence[str], earlier: Earlier | None) -> None:
    """Prove that the timelines may be written: nothing is there, or what an earlier session wrote, unchanged.

    Raises:
        ActScribeError: a file of the user's is there.
    """
    for name in formats:
        path = timeline_path(stem, name)
        if path.exists() and not _is_ours(path, earlier):
            what = "was changed since it was written" if earlier and path.name in earlier.files else "exists already"
            raise ActScribeError(
                f"{path}: {what}, so it is not replaced; nothing was changed.",
                "Move it away, or choose another --name.",
            )


def of_file(loaded: Loaded, video: Path, stem: Path, formats: Sequence[str], earlier: Earlier | None) -> list[Path]:
    """Write the timeline of a video file that was played to its end, as `annotate` writes it, and return its files.

    Raises:
        ActScribeError: as `annotate_video`, or a file of the user's came to lie there meanwhile.
    """
    check_targets(stem, formats, earlier)
    done, kept = annotate_video(loaded, probe_video(video), stem.name, stem, formats)
    kept.remove()
    return list(done.files)


def of_scores(
    loaded: Loaded, kept: LiveLog, media: str, stem: Path, formats: Sequence[str], earlier: Earlier | None
) -> list[Path]:
    """Write the timeline that the offline decisions make of all window scores of the file, and return its files.

    What no window saw is not annotated. No video is read: none was kept.

    Raises:
        ActScribeError: a file cannot be written, or one of the user's came to lie there meanwhile.
    """
    check_targets(stem, formats, earlier)
    scores = scores_over_time(kept, loaded.settings.step)
    if scores is None:
        return []
    labels = loaded.run.labels
    bouts = with_confidence(build(scores, loaded.settings, labels), scores, loaded.confidence, labels)
    notes = (f"Watched live; decided over the scores of {media}, of which no video was kept.", *loaded.notes)
    annotations = Annotations(bouts, unseen(scores), (media,), scores.duration, labels.names, notes)
    return list(write_timeline(annotations, stem, formats, None))


def scores_over_time(kept: LiveLog, step: float) -> TimeScores | None:
    """Return the scores over time of all windows of the file; None where there is none."""
    starts, ends, scores, at = [], [], [], 0.0
    for line in kept.lines():
        at = max(at, line.get("at", 0.0), line.get("end", 0.0))
        if line["kind"] == "window":
            starts.append(line["start"])
            ends.append(line["end"])
            scores.append(line["scores"])
    if not scores:
        return None
    held = np.array(scores, dtype=float)
    if held.ndim == 3:
        return _joined(np.array(starts), np.array(ends), held, at, step)
    return merge_windows(np.array(starts), np.array(ends), held, at, step)


def _joined(starts: np.ndarray, ends: np.ndarray, scores: np.ndarray, duration: float, step: float) -> TimeScores:
    """Return the scores of steps, shape (windows, steps, labels), laid on a grid stretch by stretch."""
    edges = step_edges(duration, step)
    times = (edges[:-1] + edges[1:]) / 2
    laid = np.full((len(times), scores.shape[2]), np.nan)
    bounds = [0, *(np.flatnonzero(np.abs(starts[1:] - ends[:-1]) > SAME_S) + 1).tolist(), len(starts)]
    for first, stop in pairwise(bounds):
        width = (ends[first] - starts[first]) / scores.shape[1]
        rows = scores[first:stop].reshape(-1, scores.shape[2])
        middles = starts[first] + (np.arange(len(rows)) + 0.5) * width
        inside = (times >= starts[first]) & (times <= ends[stop - 1])
        laid[inside] = np.column_stack([np.interp(times[inside], middles, column) for column in rows.T])
    return TimeScores(times, laid, float(step), np.isfinite(laid).any(axis=1), float(duration))


def unseen(scores: TimeScores) -> tuple[Interval, ...]:
    """Return the spans that no window saw, as gaps for every label."""
    return tuple(Interval("", start, end) for start, end in sp.joined(scores.edges, ~scores.scored).tolist())


def digests(files: Sequence[Path]) -> dict[str, str]:
    """Return what tells files as ours when a later session would replace them."""
    return {path.name: content_hash(path) for path in files}


def _is_ours(path: Path, earlier: Earlier | None) -> bool:
    return earlier is not None and path.is_file() and content_hash(path) in earlier.files.get(path.name, ())
