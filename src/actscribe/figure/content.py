"""What a timeline figure shows: lanes of activities from annotation files or a run, and score curves where kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from actscribe import annotations as annotation_files
from actscribe.annotations.interval import Annotations, Interval
from actscribe.data.recording import Recording
from actscribe.errors import ActScribeError, did_you_mean
from actscribe.labels import LabelSet
from actscribe.runs.folder import Run
from actscribe.runs.scoring import time_scores
from actscribe.timeline.scores import TimeScores
from actscribe.timeline.segments import TimelineSettings, build, smooth

#: So many lanes can still be told apart, also in grey.
MOST_LANES = 4
MOST_LABELS = 40


@dataclass(frozen=True, slots=True)
class Lane:
    """One timeline: by one annotator, or by one recognizer.

    Args:
        name: in the legend.
        intervals: seconds; point events have no length.
        gaps: spans that were not annotated; label "" stands for every label.
    """

    name: str
    intervals: tuple[Interval, ...]
    gaps: tuple[Interval, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """Scores over time.

    Args:
        times: seconds, shape (steps,).
        scores: smoothed as for the timeline, in [0, 1], nan where there is none; by label, each of shape (steps,).
        thresholds: from which score on a label begins, by label; none where the highest score decides.
    """

    times: np.ndarray
    scores: dict[str, np.ndarray]
    thresholds: dict[str, float]


@dataclass(frozen=True, slots=True, eq=False)
class Content:
    """What a figure shows.

    Args:
        labels: rows, from the top.
        lanes: one to MOST_LANES, from the top of each row.
        duration: seconds; the end of the axis.
        curves: behind the lanes, where scores are kept.
    """

    labels: tuple[str, ...]
    lanes: tuple[Lane, ...]
    duration: float
    curves: Curves | None = None


def of_files(paths: Sequence[Path], names: Sequence[str] = (), video: str | None = None) -> Content:
    """Return the timelines of annotation files of one video, a lane for each file.

    The axis ends with the video where a file knows its length, else with the last activity. Rows are the labels in the
    order in which the files offer them.

    Args:
        paths: of the files, in any format that is read.
        names: of the lanes; default the files' names.
        video: whose entry to take from files that hold several.

    Raises:
        ActScribeError: a file that cannot be read, nothing in any, or as many names as there are no files.
    """
    if names and len(names) != len(paths):
        raise ActScribeError(f"{len(names)} names for {len(paths)} files.", "Name each file, or none.")
    found = [annotation_files.read(path, video) for path in paths]
    named = names or _file_names(paths)
    lanes = tuple(Lane(name, one.intervals, one.gaps) for name, one in zip(named, found, strict=True))
    ends = [interval.end for one in found for interval in (*one.intervals, *one.gaps)]
    ends += [one.duration for one in found if one.duration]
    if not ends or max(ends) <= 0:
        raise ActScribeError(
            f"{', '.join(map(str, paths))}: no activity, and no length of a video.", "Nothing to draw."
        )
    return _checked(Content(_labels(found), lanes, max(ends)))


def of_run(run: Run, recording: str, split: str = "test", scores: bool = True) -> Content:
    """Return the annotated and the predicted timeline of a recording that a run has scored, with its score curves.

    Args:
        run: a complete one.
        recording: its name.
        split: whose scores are kept.
        scores: whether to draw them.

    Raises:
        ActScribeError: the split was not evaluated, or has no such recording; trimmed videos have no timeline.
    """
    known = {one.name: one for one in run.recordings(split)}
    if recording not in known:
        raise ActScribeError(f"{run.folder}: no recording '{recording}' in {split}.", did_you_mean(recording, known))
    if run.study.windows.length is None:
        raise ActScribeError(f"{run.folder}: is of trimmed videos, which have no timeline.", "Plot another run.")
    if not run.has_scores(split):
        raise ActScribeError(
            f"{run.folder}: no scores of {split} are kept.",
            f"Type: actscribe evaluate {run.folder} --split {split}",
        )
    chosen, settings = known[recording], run.decisions.timeline
    merged = time_scores(run.scores(split), [chosen], settings.step)[recording]
    lanes = (*_annotated(chosen), Lane("predicted", tuple(build(merged, settings, run.labels))))
    names = run.labels.names
    return _checked(Content(names, lanes, chosen.duration, _curves(merged, settings, run.labels) if scores else None))


def _curves(merged: TimeScores, settings: TimelineSettings, labels: LabelSet) -> Curves:
    """Return the smoothed scores, to which thresholds apply; where exactly one label holds there are none."""
    smoothed = {
        name: smooth(merged.scores[:, place], settings.of(name).smoothing / merged.step)
        for place, name in enumerate(labels.names)
    }
    multi_label = labels.task == "multi-label"
    return Curves(merged.times, smoothed, {name: settings.of(name).on for name in labels.names if multi_label})


def _annotated(recording: Recording) -> tuple[Lane, ...]:
    if recording.intervals is None:
        return ()
    return (Lane("annotated", recording.intervals, recording.gaps),)


def _file_names(paths: Sequence[Path]) -> tuple[str, ...]:
    """Return the shortest names that tell the files apart: stem, file name, or path."""
    for names in ([path.stem for path in paths], [path.name for path in paths]):
        if len(set(names)) == len(names):
            return tuple(names)
    return tuple(map(str, paths))


def _labels(found: Sequence[Annotations]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(label for one in found for label in one.labels))


def _checked(content: Content) -> Content:
    if len(content.lanes) > MOST_LANES:
        raise ActScribeError(
            f"{len(content.lanes)} timelines; up to {MOST_LANES} can be told apart.", "Draw them in several figures."
        )
    return content
