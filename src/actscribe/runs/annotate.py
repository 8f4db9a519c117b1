"""Writing the timeline of new videos with a trained run, in the formats that annotators use."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, overload

import pandas as pd

from actscribe import annotations as annotation_files
from actscribe.annotations.frame_clock import FrameClock
from actscribe.annotations.interval import Annotations, Interval
from actscribe.data.recording import Recording
from actscribe.errors import ActScribeError, UnreadableVideo, in_one_line
from actscribe.evaluation.indicators import time_budget as budget_of
from actscribe.files import content_hash, trial_folder
from actscribe.labels import LabelSet
from actscribe.names import safe_name, same_name, unique_names
from actscribe.ownership import check_file
from actscribe.places import real_path
from actscribe.progress import say
from actscribe.recognizers.base import Recognizer
from actscribe.run_folder.run import Run
from actscribe.run_folder.scored_clips import ScoredClips, time_scores
from actscribe.runs.kept_scores import KeptScores, forget_old
from actscribe.runs.scoring import score_recordings
from actscribe.runs.standing import standing
from actscribe.table_files import check_table, write_table
from actscribe.timeline.confidence import with_confidence
from actscribe.timeline.score_file import ENDING, write_scores
from actscribe.timeline.scores import TimeScores
from actscribe.timeline.segments import TimelineSettings, build
from actscribe.video.contained import contained
from actscribe.video.frame_times import frame_clock
from actscribe.video.opening import check_unchanged, check_video_file
from actscribe.video.probe import probe

#: A video, the state of its file, its duration in seconds, and when its frames are shown.
Probed = tuple[Path, os.stat_result, float, FrameClock]


@dataclass(frozen=True, slots=True)
class AnnotatedVideo:
    """The timeline of one video.

    Args:
        recording: the video.
        intervals: predicted, each with its confidence, where the run has one, and its mean score as `raw_score`.
        scores: over time.
        scored: per clip, with the frames that were seen.
        files: what was written.
        notes: what to know before relying on it, see `standing.standing`; JSON, VTT, ELAN and BORIS files hold them.
    """

    recording: Recording
    intervals: tuple[Interval, ...]
    scores: TimeScores
    scored: ScoredClips
    files: tuple[Path, ...]
    notes: tuple[str, ...]


@overload
def annotate(videos: str | Path, run: Run | str | Path, *args: Any, **kwargs: Any) -> AnnotatedVideo: ...
@overload
def annotate(
    videos: Sequence[str | Path], run: Run | str | Path, *args: Any, **kwargs: Any
) -> list[AnnotatedVideo]: ...
def annotate(
    videos: str | Path | Sequence[str | Path],
    run: Run | str | Path,
    formats: Sequence[str] | None = None,
    out: str | Path | None = None,
    rules: bool | None = None,
    recognizer: Recognizer | None = None,
    overwrite: bool = False,
    time_budget: str | Path | None = None,
    scores: bool = False,
) -> AnnotatedVideo | list[AnnotatedVideo]:
    """Return the timeline of a video, or of several in their order, and write it where formats are named.

    Args:
        videos: a file, or several.
        run: a complete one, or its folder.
        formats: of the files to write, OUT/NAME.ENDING, names as for `write_annotations`; default JSON if `out` is
            given, else nothing is written.
        out: folder; default beside each video. NAME is the video's, as a file name that every system takes.
        rules: whether the label set's rules are applied; None: as the run has it.
        recognizer: the run's own, from `Run.recognizer`, where the caller has loaded it.
        overwrite: replace files that are there; they may be a person's annotations of the same name.
        time_budget: .csv or .xlsx of seconds, bouts, onsets and pauses by video and label, of the videos that could be
            annotated.
        scores: also write the scores over time to OUT/NAME.scores.parquet, see `timeline.score_file`.

    Raises:
        ActScribeError: before anything is scored: an unknown format or one that cannot carry a label, two videos that
            would write one file, a file that is there already, a folder that cannot be written to, or no readable
            video. At the end: the videos that could not be annotated, and why; the files of the others are there.
    """
    several: Sequence[str | Path] = [videos] if isinstance(videos, (str, Path)) else videos
    with contained():
        found = list(annotate_each(several, run, formats, out, rules, recognizer, overwrite, time_budget, scores))
    return found if several is videos else found[0]


def annotate_each(
    videos: Sequence[str | Path],
    run: Run | str | Path,
    formats: Sequence[str] | None = None,
    out: str | Path | None = None,
    rules: bool | None = None,
    recognizer: Recognizer | None = None,
    overwrite: bool = False,
    time_budget: str | Path | None = None,
    scores: bool = False,
) -> Iterator[AnnotatedVideo]:
    """Write the timeline of each video to OUT/NAME.ENDING in each format, and yield each when its files are there.

    A video that cannot be read, or whose decoder crashes or hangs, does not keep the others from theirs: it is named in
    the error at the end. Memory does not grow with the length of a video: frames pass through, only scores stay.
    Whether everything can be written is tried before the first video is scored. Scores are kept until all is written,
    so that the same call goes on where one that failed or was killed has stopped.

    Args:
        videos: files.
        run, formats, out, rules, recognizer, overwrite, time_budget, scores: as in `annotate`.

    Raises:
        ActScribeError: as in `annotate`.
    """
    run = run if isinstance(run, Run) else Run.open(run)
    run.require_complete()
    formats = _formats(formats, out)
    paths, out = [Path(video) for video in videos], None if out is None else Path(out)
    budget = None if time_budget is None else Path(time_budget)
    _check_targets(paths, formats, out, overwrite, scores)
    _check_budget(budget, {real_path(_target(video, name, out)) for video in paths for name in formats}, overwrite)
    broken: list[ActScribeError] = []
    probed = _all_probed(paths, broken)
    for video, _, duration, clock in probed if formats else ():
        _try_to_write(video, formats, out or video.parent, run.labels, duration, clock)
    loaded = recognizer or run.recognizer()
    settings, notes = _settings(run, rules), standing(run)
    forget_old()
    keeping: list[KeptScores] = []
    budgets: list[pd.DataFrame] = []
    called = dict(zip(paths, unique_names([_parts(path) for path in paths]), strict=True))
    for video, state, duration, clock in probed:
        try:
            recording = Recording(called[video], video, duration, content_hash(video), video.stem)
            kept = KeptScores(run, recording)
            scored = _scored(loaded, kept)
            _check_unchanged(video, state, kept)
        except UnreadableVideo as error:
            broken.append(error)
            continue
        except OSError as error:  # it is gone, or its disk is
            broken.append(UnreadableVideo(f"{video}: {error.strerror or in_one_line(error)}."))
            continue
        keeping.append(kept)
        merged = time_scores(scored, [recording], settings.step)[recording.name]
        timeline = _timeline(run, settings, merged, recording, notes)
        files = _write(kept, timeline, formats, out or video.parent, clock)
        if scores:
            files = (*files, _write_scores(kept, merged, out))
        budgets.append(budget_of([recording], {"predicted": {recording.name: timeline.intervals}}, run.labels))
        yield AnnotatedVideo(recording, timeline.intervals, merged, scored, files, notes)
    if budget is not None and budgets:
        write_table(budget, pd.concat(budgets, ignore_index=True))
    if broken:
        raise _unread(broken, len(paths) - len(broken))
    for kept in keeping:
        kept.remove()


def _parts(video: Path) -> list[str]:
    """Return the folders above a video and its stem: in one table two videos of one name are told apart by them."""
    return [*video.absolute().parts[1:-1], video.stem]


def _formats(requested: Sequence[str] | str | None, out: str | Path | None) -> tuple[str, ...]:
    """Return the formats that are asked for, each once: a name alone is one of them."""
    if requested is None:
        return () if out is None else ("json",)
    return tuple(dict.fromkeys([requested] if isinstance(requested, str) else requested))


def _check_budget(time_budget: Path | None, timelines: set[Path], overwrite: bool) -> None:
    if time_budget is None:
        return
    check_table(time_budget, overwrite)
    if real_path(time_budget) in timelines:
        raise ActScribeError(f"{time_budget}: is the timeline of a video.", "Give the time budget another name.")


def _timeline(
    run: Run, settings: TimelineSettings, scores: TimeScores, recording: Recording, notes: tuple[str, ...]
) -> Annotations:
    """Return what is written: bouts with confidences, and what is to be known of the run."""
    sure = with_confidence(build(scores, settings, run.labels), scores, run.operating_point.confidence, run.labels)
    return Annotations.of(sure, [str(recording.video.absolute())], recording.duration, run.labels.names, notes)


def _settings(run: Run, rules: bool | None) -> TimelineSettings:
    settings = run.operating_point.timeline
    return settings if rules is None else settings.model_copy(update={"rules": rules})


def _scored(recognizer: Recognizer, kept: KeptScores) -> ScoredClips:
    """Return the scores of a video: those kept by a call that did not end, else new ones, which are kept."""
    recording, run = kept.recording, kept.run
    found = kept.read()
    if found is not None:
        say(f"{recording.video.name} is scored already: its scores were kept in {kept.path}", None)
        return found
    made = score_recordings(
        recognizer, [recording], run.labels, run.study.windows, f"Annotating {recording.video.name}"
    )
    kept.write(made)
    return made


def _check_unchanged(video: Path, state: os.stat_result, kept: KeptScores) -> None:
    """Refuse scores of which nobody can say what file they are of, and do not keep them."""
    try:
        check_unchanged(video, state)
    except UnreadableVideo:
        kept.remove()
        raise


def _all_probed(videos: Sequence[Path], broken: list[ActScribeError]) -> list[Probed]:
    """Return what is known about each video that can be read.

    Raises:
        ActScribeError: none can.
    """
    probed = [found for video in videos if (found := _probed(video, broken)) is not None]
    if not probed:
        raise _unread(broken, 0)
    return probed


def _probed(video: Path, broken: list[ActScribeError]) -> Probed | None:
    """Return what is known about a video before it is decoded; None, and a word in `broken`, if it cannot be read."""
    try:
        return video, check_video_file(video), probe(video).duration, frame_clock(video)
    except ActScribeError as error:
        broken.append(error)
        return None


def _unread(broken: Sequence[ActScribeError], done: int) -> ActScribeError:
    if len(broken) == 1 and not done:
        return broken[0]
    messages = "\n".join(error.message for error in broken)
    return ActScribeError(
        f"{len(broken)} of {len(broken) + done} videos could not be annotated; the others were.\n{messages}"
        if done
        else f"None of {len(broken)} videos could be annotated.\n{messages}",
        broken[0].hint,
    )


def _write(
    kept: KeptScores, found: Annotations, formats: Sequence[str], out: Path, clock: FrameClock
) -> tuple[Path, ...]:
    files = []
    for name in formats:
        path = _target(kept.recording.video, name, out)
        try:
            annotation_files.write(path, found, name, clock)
        except ActScribeError as error:
            raise ActScribeError(error.message, f"{error.hint} {kept.way_on()}".strip()) from error
        files.append(path)
    return tuple(files)


def _write_scores(kept: KeptScores, scores: TimeScores, out: Path | None) -> Path:
    path = _scores_target(kept.recording.video, out)
    try:
        write_scores(path, scores, kept.run.labels.names)
    except ActScribeError as error:
        raise ActScribeError(error.message, f"{error.hint} {kept.way_on()}".strip()) from error
    return path


def _scores_target(video: Path, out: Path | None) -> Path:
    return (out or video.parent) / f"{safe_name(video.stem)}{ENDING}"


def _target(video: Path, format: str, out: Path | None) -> Path:
    return (out or video.parent) / f"{safe_name(video.stem)}{annotation_files.find_format(format).ending}"


def _check_targets(
    videos: Sequence[Path], formats: Sequence[str], out: Path | None, overwrite: bool, scores: bool
) -> None:
    targets: dict[tuple[Path, str], Path] = {}
    for video in videos:
        folder, name = out or video.parent, safe_name(video.stem)
        first = targets.setdefault((real_path(folder), same_name(name)), video)
        if first is not video:
            raise ActScribeError(
                f"{first} and {video} would both write {folder / name}.*", "Annotate them into two folders (--out)."
            )
    files = [_target(video, name, out) for video in videos for name in formats]
    for path in [*files, *(_scores_target(video, out) for video in videos if scores)]:
        check_file(path, overwrite)
        if any(video.exists() and path.exists() and video.samefile(path) for video in videos):
            raise ActScribeError(f"{path}: is a video that is to be annotated.", "Choose another folder with --out.")


def _try_to_write(
    video: Path, formats: Sequence[str], out: Path, labels: LabelSet, duration: float, clock: FrameClock
) -> None:
    """Write a trial with every label in every format and remove it: what cannot be written shows before the scoring."""
    trial = Annotations.of(
        (Interval(name, 0.0, duration, score=0.5, raw_score=0.5) for name in labels.names),
        [str(video.absolute())],
        duration,
        labels.names,
    )
    with trial_folder(out) as tried:
        for name in formats:
            try:
                annotation_files.write(_target(video, name, tried), trial, name, clock)
            except ActScribeError as error:
                message = error.message.replace(str(tried), str(out))
                raise ActScribeError(message, error.hint or f"Leave {name} out of --format.") from error
