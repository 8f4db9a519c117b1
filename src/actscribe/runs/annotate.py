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
from actscribe.files import content_hash
from actscribe.labels import LabelSet
from actscribe.recognizers.base import Recognizer
from actscribe.runs.folder import Run, ScoredClips
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

    Memory does not grow with the length of a video: frames pass through, only scores stay.

    Args:
        videos: files.
        run: a complete one.
        formats: names from `annotations.FORMATS`.
        out: folder; default beside each video.
        rules: whether the label set's rules are applied; None: as the run has it.
        recognizer: the run's own, where the caller has loaded it.
        overwrite: replace files that are there; they may be a person's annotations of the same name.

    Raises:
        ActScribeError: an unreadable video, an unknown format, two videos that would write one file, or a file that is
            there already.
    """
    run.require_complete()
    infos = [probe(video) for video in videos]
    clocks = [frame_clock(video) for video in videos]
    _check_targets(videos, formats, out, overwrite)
    loaded = recognizer or run.recognizer()
    labels, study, settings = run.labels, run.study, run.decisions.timeline
    if rules is not None:
        settings = settings.model_copy(update={"rules": rules})
    done = []
    for video, info, clock in zip(videos, infos, clocks, strict=True):
        recording = Recording(video.stem, video, info.duration, content_hash(video), video.stem)
        scored = score_recordings(loaded, [recording], labels, study.windows, f"Annotating {video.name}")
        merged = time_scores(scored, [recording], settings.step)[recording.name]
        intervals = tuple(build(merged, settings, labels))
        files = _write(recording, intervals, labels, formats, out or video.parent, clock)
        done.append(AnnotatedVideo(recording, intervals, merged, scored, files))
    return done


def _write(
    recording: Recording,
    intervals: tuple[Interval, ...],
    labels: LabelSet,
    formats: Sequence[str],
    out: Path,
    clock: FrameClock,
) -> tuple[Path, ...]:
    found = Annotations.of(intervals, [str(recording.video.absolute())], recording.duration, labels.names)
    files = []
    for name in formats:
        path = _target(recording.video, name, out)
        annotation_files.write(path, found, name, clock)
        files.append(path)
    return tuple(files)


def _target(video: Path, format: str, out: Path | None) -> Path:
    return (out or video.parent) / f"{video.stem}{annotation_files.find_format(format).ending}"


def _check_targets(videos: Sequence[Path], formats: Sequence[str], out: Path | None, overwrite: bool) -> None:
    if not formats:
        raise ActScribeError("No format to write was named.", f"Known: {', '.join(annotation_files.FORMATS)}.")
    targets: dict[Path, Path] = {}
    for video in videos:
        target = (out or video.parent) / video.stem
        if target in targets:
            raise ActScribeError(
                f"{targets[target]} and {video} would both write {target}.*", "Annotate them into two folders (--out)."
            )
        targets[target] = video
    present = [path for video in videos for name in formats if (path := _target(video, name, out)).exists()]
    if present and not overwrite:
        raise ActScribeError(
            f"{present[0]} exists already; nothing was changed.",
            "Choose another folder with --out, or replace what is there with --overwrite.",
        )
