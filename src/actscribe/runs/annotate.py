"""Writing the timeline of new videos with a trained run, in the formats that annotators use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from actscribe import annotations as annotation_files
from actscribe.annotations.frame_clock import FrameClock
from actscribe.annotations.interval import Annotations, Interval
from actscribe.data.recording import Recording
from actscribe.errors import ActScribeError
from actscribe.files import content_hash, trial_folder
from actscribe.labels import LabelSet
from actscribe.names import safe_name, same_name
from actscribe.ownership import check_file
from actscribe.progress import say
from actscribe.recognizers.base import Recognizer
from actscribe.runs.folder import Run, ScoredClips
from actscribe.runs.kept_scores import KeptScores
from actscribe.runs.scoring import score_recordings, time_scores
from actscribe.timeline.scores import TimeScores
from actscribe.timeline.segments import build
from actscribe.video.frame_times import frame_clock
from actscribe.video.probe import probe


@dataclass(frozen=True, slots=True)
class AnnotatedVideo:
    """The timeline of one video.

    Args:
        recording: the video.
        intervals: predicted, each with its mean score.
        scores: over time.
        scored: per clip, with the frames that were seen.
        files: what was written.
    """

    recording: Recording
    intervals: tuple[Interval, ...]
    scores: TimeScores
    scored: ScoredClips
    files: tuple[Path, ...]


def annotate(
    videos: Sequence[Path],
    run: Run,
    formats: Sequence[str] = ("json",),
    out: Path | None = None,
    rules: bool | None = None,
    recognizer: Recognizer | None = None,
    overwrite: bool = False,
) -> list[AnnotatedVideo]:
    """Write the timeline of each video to OUT/NAME.ENDING in each format.

    Memory does not grow with the length of a video: frames pass through, only scores stay. Whether everything can be
    written is tried before the first video is scored. Scores are kept until all is written, so that the same call goes
    on where one that failed or was killed has stopped.

    Args:
        videos: files.
        run: a complete one.
        formats: names from `annotations.FORMATS`.
        out: folder; default beside each video. NAME is the video's, as a file name that every system takes.
        rules: whether the label set's rules are applied; None: as the run has it.
        recognizer: the run's own, where the caller has loaded it.
        overwrite: replace files that are there; they may be a person's annotations of the same name.

    Raises:
        ActScribeError: an unreadable video, an unknown format or one that cannot carry a label, two videos that would
            write one file, a file that is there already, or a folder that cannot be written to.
    """
    run.require_complete()
    formats = tuple(dict.fromkeys(formats))
    _check_targets(videos, formats, out, overwrite)
    infos = [probe(video) for video in videos]
    clocks = [frame_clock(video) for video in videos]
    labels, study, settings = run.labels, run.study, run.decisions.timeline
    for video, info, clock in zip(videos, infos, clocks, strict=True):
        _try_to_write(video, formats, out or video.parent, labels, info.duration, clock)
    loaded = recognizer or run.recognizer()
    if rules is not None:
        settings = settings.model_copy(update={"rules": rules})
    done, keeping = [], []
    for video, info, clock in zip(videos, infos, clocks, strict=True):
        recording = Recording(safe_name(video.stem), video, info.duration, content_hash(video), video.stem)
        kept = KeptScores(run, recording)
        keeping.append(kept)
        scored = kept.read()
        if scored is None:
            scored = score_recordings(loaded, [recording], labels, study.windows, f"Annotating {video.name}")
            kept.write(scored)
        else:
            say(f"{video.name} is scored already; its scores were kept in {kept.path}.", None)
        merged = time_scores(scored, [recording], settings.step)[recording.name]
        intervals = tuple(build(merged, settings, labels))
        files = _write(recording, intervals, formats, out or video.parent, clock, kept)
        done.append(AnnotatedVideo(recording, intervals, merged, scored, files))
    for kept in keeping:
        kept.remove()
    return done


def _write(
    recording: Recording,
    intervals: tuple[Interval, ...],
    formats: Sequence[str],
    out: Path,
    clock: FrameClock,
    kept: KeptScores,
) -> tuple[Path, ...]:
    found = Annotations.of(intervals, media=[str(recording.video)], duration=recording.duration)
    files = []
    for name in formats:
        path = _target(recording.video, name, out)
        try:
            annotation_files.write(path, found, name, clock)
        except ActScribeError as error:
            raise ActScribeError(error.message, f"{error.hint} {kept.way_on()}".strip()) from error
        files.append(path)
    return tuple(files)


def _target(video: Path, format: str, out: Path | None) -> Path:
    return (out or video.parent) / f"{safe_name(video.stem)}{annotation_files.find_format(format).ending}"


def _check_targets(videos: Sequence[Path], formats: Sequence[str], out: Path | None, overwrite: bool) -> None:
    if not formats:
        raise ActScribeError("No format to write was named.", f"Known: {', '.join(annotation_files.FORMATS)}.")
    targets: dict[tuple[Path, str], Path] = {}
    for video in videos:
        folder, name = out or video.parent, safe_name(video.stem)
        first = targets.setdefault((folder.resolve(), same_name(name)), video)
        if first is not video:
            raise ActScribeError(
                f"{first} and {video} would both write {folder / name}.*", "Annotate them into two folders (--out)."
            )
    for path in (_target(video, name, out) for video in videos for name in formats):
        check_file(path, overwrite)
        if any(video.exists() and path.exists() and video.samefile(path) for video in videos):
            raise ActScribeError(f"{path}: is a video that is to be annotated.", "Choose another folder with --out.")


def _try_to_write(
    video: Path, formats: Sequence[str], out: Path, labels: LabelSet, duration: float, clock: FrameClock
) -> None:
    """Write a trial with every label in every format and remove it: what cannot be written shows before the scoring."""
    trial = Annotations.of(
        (Interval(name, 0.0, duration, score=0.5) for name in labels.names), media=[str(video)], duration=duration
    )
    with trial_folder(out) as tried:
        for name in formats:
            try:
                annotation_files.write(_target(video, name, tried), trial, name, clock)
            except ActScribeError as error:
                message = error.message.replace(str(tried), str(out))
                raise ActScribeError(message, error.hint or f"Leave {name} out of --format.") from error
