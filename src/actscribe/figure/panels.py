"""What a figure shows, from annotation files or from what a run keeps of a recording."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from actscribe import annotations as annotation_files
from actscribe.annotations.interval import Annotations, Interval
from actscribe.counts import counted
from actscribe.data.named_video import clock_of
from actscribe.errors import ActScribeError, did_you_mean
from actscribe.run_folder import file_names
from actscribe.run_folder.run import Run
from actscribe.run_folder.scored_clips import time_scores
from actscribe.timeline.score_file import ENDING, read_scores
from actscribe.timeline.scores import TimeScores
from actscribe.typed_words import typed


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """One recording.

    Args:
        title: above it.
        labels: a row each, from above.
        intervals: of the main lane.
        truth: of the lane above it; None: there is none.
        gaps: spans that nobody annotated of the lane above, or of the main one where it is alone, label "" meaning
            every row.
        own_gaps: the same of the main lane where there is one above it.
        duration: seconds.
        scores: over time, columns by `labels`; None: no curves.
        predicted: whether a recognizer made `intervals`.
    """

    title: str
    labels: tuple[str, ...]
    intervals: tuple[Interval, ...]
    truth: tuple[Interval, ...] | None
    gaps: tuple[Interval, ...]
    own_gaps: tuple[Interval, ...]
    duration: float
    scores: TimeScores | None
    predicted: bool


def of_files(files: Sequence[Path], truth: Sequence[Path] = (), videos: Sequence[str] = ()) -> list[Panel]:
    """Return a panel for each annotation file, in any format that is read, with curves where its scores lie beside it.

    Args:
        files: of one video each, unless `videos` says which is meant.
        truth: what they are compared with, in the same order; none: nothing.
        videos: the video or observation that is meant in each file, in the same order; none: the only one.

    Raises:
        ActScribeError: a file that cannot be read, or not as many of one as of the other.
    """
    if truth and len(truth) != len(files):
        raise ActScribeError(
            f"{counted(len(files), 'timeline')} and {counted(len(truth), 'file')} to compare them with were named.",
            "Name one --truth for each timeline, in the same order.",
        )
    if videos and len(videos) != len(files):
        raise ActScribeError(
            f"{counted(len(files), 'timeline')} and {counted(len(videos), 'video')} were named.",
            "Name one --video for each timeline, in the same order; a file may be named several times.",
        )
    video_names: Sequence[str | None] = videos or [None] * len(files)
    annotations = [_read(path, video) for path, video in zip(files, video_names, strict=True)]
    compared = zip(truth, video_names, strict=True) if truth else ()
    others: Sequence[Annotations | None] = [_read(path, video) for path, video in compared] or [None] * len(annotations)
    return [_of_file(path, one, other) for path, one, other in zip(files, annotations, others, strict=True)]


def of_run(run: Run, names: Sequence[str]) -> list[Panel]:
    """Return a panel for each recording that a run has scored, with the annotation and the scores that it keeps.

    Args:
        run: that was evaluated.
        names: of its recordings, or the paths of their videos.

    Raises:
        ActScribeError: no such recording, or it was not evaluated.
    """
    recordings = {recording.name: recording for recording in run.recordings()}
    of_video = {recording.video.resolve(): recording for recording in recordings.values()}
    panels = []
    for given in names:
        recording = recordings.get(given) or of_video.get(Path(given).resolve())
        if recording is None:
            meant = did_you_mean(Path(given).stem, recordings)
            raise ActScribeError(f"{run.folder}: has no recording called '{given}'.", meant)
        name = recording.name
        kept = run.folder / file_names.timeline(recording.split, name)
        if not kept.is_file() or not run.has_scores(recording.split):
            raise ActScribeError(
                f"{run.folder}: keeps no timeline of {name}, which is in the {recording.split} split.",
                f"Type: actscribe evaluate {typed(run.folder)} --split {recording.split}",
            )
        timeline = annotation_files.read(kept)
        scores = time_scores(run.scores(recording.split), [recording], run.operating_point.timeline.step)[name]
        panels.append(
            Panel(
                name,
                run.labels.names,
                timeline.intervals,
                recording.intervals,
                recording.gaps,
                (),
                recording.duration,
                scores,
                True,
            )
        )
    return panels


def about_run(run: Run, names: Sequence[str]) -> list[str]:
    """Say what a figure of a run's recordings shows that it does not show by itself.

    Args:
        run: of which recordings are drawn.
        names: of these recordings.
    """
    review = run.info.review
    source = f"from the review journal up to entry {review.entries}" if review else "from the annotation files"
    sentences = [f"Annotated is what the run was trained and evaluated with, {source}; what was changed since is not."]
    learned = [one.name for one in run.recordings() if one.name in names and one.split == "train"]
    if learned:
        sentences.append(
            f"{', '.join(learned)}: of the train split, which the run learned from, so the predictions look better"
            " there than they are on other recordings."
        )
    return sentences


def _read(path: Path, video: str | None = None) -> Annotations:
    clock = clock_of(path, video)
    if clock is None and annotation_files.counts_frames(path):
        raise ActScribeError(
            f"{path}: counts frames, whose times only the video can give, and the video is not at hand.",
            f"Type: actscribe convert {typed(path, Path(path.stem + '.json'))} --video VIDEO, and plot that.",
        )
    return annotation_files.read(path, video, clock)


def _of_file(path: Path, annotations: Annotations, other: Annotations | None) -> Panel:
    both = (*annotations.intervals, *(other.intervals if other else ()))
    labels = tuple(dict.fromkeys((*annotations.labels, *(other.labels if other else ()))))
    ends = [interval.end for interval in (*both, *annotations.gaps, *(other.gaps if other else ()))]
    duration = max([one.duration or 0.0 for one in (annotations, other) if one], default=0.0)
    duration = max([duration, *ends])
    if not labels or duration <= 0:
        raise ActScribeError(f"{path}: holds no label and no time, so there is nothing to draw.")
    gaps, own_gaps = (other.gaps, annotations.gaps) if other else (annotations.gaps, ())
    predicted = any(interval.is_predicted for interval in annotations.intervals)
    title = Path(annotations.media[0]).stem if annotations.media else path.stem
    truth, scores = other.intervals if other else None, _scores_beside(path, labels)
    return Panel(title, labels, annotations.intervals, truth, gaps, own_gaps, duration, scores, predicted)


def _scores_beside(path: Path, labels: tuple[str, ...]) -> TimeScores | None:
    """Return what `annotate --scores` left beside a timeline, columns by `labels`; None where it left nothing."""
    ending = annotation_files.find_format(annotation_files.detect(path)).ending
    beside = path.with_name(path.name.removesuffix(ending) + ENDING)
    if not beside.is_file():
        return None
    scores, names = read_scores(beside)
    columns = [names.index(name) if name in names else len(names) for name in labels]
    padded = np.hstack([scores.scores, np.full((len(scores.times), 1), np.nan)])
    return replace(scores, scores=padded[:, columns])
