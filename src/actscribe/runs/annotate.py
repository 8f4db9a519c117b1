"""Writing the timeline of new videos with a trained run, in the formats that annotators use."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import overload

import pandas as pd

from actscribe.errors import ActScribeError, UnreadableVideo
from actscribe.evaluation.indicators import time_budget as budget_of
from actscribe.names import printable, safe_name, same_name, unique_names
from actscribe.ownership import check_file
from actscribe.recognizers.base import Recognizer
from actscribe.run_folder.run import Run
from actscribe.runs.kept_scores import KeptScores, forget_old
from actscribe.runs.one_video import (
    AnnotatedVideo,
    Probed,
    annotate_video,
    load,
    probe_video,
    scores_path,
    timeline_path,
    try_to_write,
)
from actscribe.stored_path import real_path
from actscribe.table_files import check_table, write_table
from actscribe.video.contained import contained


@overload
def annotate(  # type: ignore[overload-overlap]  # a string is a sequence of strings, too
    videos: str | Path,
    run: Run | str | Path,
    formats: Sequence[str] | None = None,
    out: str | Path | None = None,
    rules: bool | None = None,
    recognizer: Recognizer | None = None,
    overwrite: bool = False,
    time_budget: str | Path | None = None,
    scores: bool = False,
) -> AnnotatedVideo: ...
@overload
def annotate(
    videos: Sequence[str | Path],
    run: Run | str | Path,
    formats: Sequence[str] | None = None,
    out: str | Path | None = None,
    rules: bool | None = None,
    recognizer: Recognizer | None = None,
    overwrite: bool = False,
    time_budget: str | Path | None = None,
    scores: bool = False,
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
        overwrite: replace existing files, which may be a person's annotations of the same name.
        time_budget: .csv or .xlsx of seconds, bouts, onsets and pauses by video and label, of the videos that could be
            annotated.
        scores: also write the scores over time to OUT/NAME.scores.parquet, see `timeline.score_file`.

    Raises:
        ActScribeError: before anything is scored: an unknown format or one that cannot carry a label, two videos that
            would write one file, a file that is there already, a folder that cannot be written to, or no readable
            video. At the end: the videos that could not be annotated, and why; the files of the others are there.
    """
    several: Sequence[str | Path] = [videos] if isinstance(videos, (str, Path)) else videos
    if not several:
        raise ActScribeError("Expected videos, found none.")
    with contained():
        annotated = list(annotate_each(several, run, formats, out, rules, recognizer, overwrite, time_budget, scores))
    return annotated if several is videos else annotated[0]


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
    timelines = {real_path(timeline_path(_stem(video, out), name)) for video in paths for name in formats}
    _check_budget(budget, timelines, overwrite)
    broken: list[ActScribeError] = []
    probed = _all_probed(paths, broken)
    for one in probed if formats else ():
        stem = _stem(one.video, out)
        try_to_write(stem, printable(str(one.video.absolute())), one.duration, one.clock, formats, run.labels)
    loaded = load(run, rules, recognizer)
    forget_old()
    keeping: list[KeptScores] = []
    budgets: list[pd.DataFrame] = []
    called = dict(zip(paths, unique_names([_parts(path) for path in paths]), strict=True))
    for one in probed:
        try:
            done, kept = annotate_video(loaded, one, called[one.video], _stem(one.video, out), formats, scores)
        except UnreadableVideo as error:
            broken.append(error)
            continue
        keeping.append(kept)
        budgets.append(budget_of([done.recording], {"predicted": {done.recording.name: done.intervals}}, run.labels))
        yield done
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


def _all_probed(videos: Sequence[Path], broken: list[ActScribeError]) -> list[Probed]:
    """Return what is known about each video that can be read.

    Raises:
        ActScribeError: none can.
    """
    probed = [one for video in videos if (one := _probed(video, broken)) is not None]
    if not probed:
        raise _unread(broken, 0)
    return probed


def _probed(video: Path, broken: list[ActScribeError]) -> Probed | None:
    """Return what is known about a video before it is decoded; None, and a word in `broken`, if it cannot be read."""
    try:
        return probe_video(video)
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


def _stem(video: Path, out: Path | None) -> Path:
    return (out or video.parent) / safe_name(video.stem)


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
    files = [timeline_path(_stem(video, out), name) for video in videos for name in formats]
    for path in [*files, *(scores_path(_stem(video, out)) for video in videos if scores)]:
        check_file(path, overwrite)
        if any(video.exists() and path.exists() and video.samefile(path) for video in videos):
            raise ActScribeError(f"{path}: is one of the videos to be annotated.", "Choose another folder with --out.")
