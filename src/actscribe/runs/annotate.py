"""Writing the timeline of new videos with a trained run, in the formats that annotators use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from actscribe import annotations as annotation_files
from actscribe.annotations.interval import Annotations, Interval
from actscribe.data.recording import Recording
from actscribe.errors import ActScribeError
from actscribe.files import content_hash
from actscribe.recognizers.base import Recognizer
from actscribe.runs.folder import Run, ScoredClips
from actscribe.runs.scoring import score_recordings, time_scores
from actscribe.timeline.scores import TimeScores
from actscribe.timeline.segments import build
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

    Raises:
        ActScribeError: an unreadable video, an unknown format, or two formats or videos that would write one file.
    """
    run.require_complete()
    for name in formats:
        annotation_files.find_format(name)
    _check_targets(videos, out)
    infos = [probe(video) for video in videos]
    loaded = recognizer or run.recognizer()
    labels, study, settings = run.labels, run.study, run.decisions.timeline
    if rules is not None:
        settings = settings.model_copy(update={"rules": rules})
    done = []
    for video, info in zip(videos, infos, strict=True):
        recording = Recording(video.stem, video, info.duration, content_hash(video), video.stem)
        scored = score_recordings(loaded, [recording], labels, study.windows, f"Annotating {video.name}")
        merged = time_scores(scored, [recording], settings.step)[recording.name]
        intervals = tuple(build(merged, settings, labels))
        files = _write(recording, intervals, formats, out or video.parent, info.fps)
        done.append(AnnotatedVideo(recording, intervals, merged, scored, files))
    return done


def _write(
    recording: Recording, intervals: tuple[Interval, ...], formats: Sequence[str], out: Path, fps: float
) -> tuple[Path, ...]:
    found = Annotations.of(intervals, media=[str(recording.video)], duration=recording.duration)
    files = []
    for name in formats:
        path = out / f"{recording.video.stem}{annotation_files.find_format(name).ending}"
        annotation_files.write(path, found, name, fps)
        files.append(path)
    return tuple(files)


def _check_targets(videos: Sequence[Path], out: Path | None) -> None:
    targets: dict[Path, Path] = {}
    for video in videos:
        target = (out or video.parent) / video.stem
        if target in targets:
            raise ActScribeError(
                f"{targets[target]} and {video} would both write {target}.*", "Annotate them into two folders (--out)."
            )
        targets[target] = video
