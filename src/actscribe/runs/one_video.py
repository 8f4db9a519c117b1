"""One video, from its file to its timeline: what `annotate` and an archive do for each of theirs."""

from __future__ import annotations

import os
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from actscribe import annotations as annotation_files
from actscribe.annotations.frame_clock import FrameClock
from actscribe.annotations.interval import Annotations, Interval
from actscribe.data.input_spec import ClipFrames
from actscribe.data.recording import Recording
from actscribe.errors import ActScribeError, UnreadableVideo, in_one_line
from actscribe.files import content_hash, trial_folder
from actscribe.labels import LabelSet
from actscribe.models.device import in_words
from actscribe.names import printable
from actscribe.progress import say
from actscribe.recognizers.base import Recognizer
from actscribe.run_folder.run import Run
from actscribe.run_folder.scored_clips import ScoredClips, time_scores
from actscribe.runs.kept_scores import KeptScores
from actscribe.runs.quality_notes import known_videos, quality_notes
from actscribe.runs.scoring import score_recordings, show_ahead
from actscribe.runs.together import score_together
from actscribe.timeline.confidence import with_confidence
from actscribe.timeline.curves import Confidence
from actscribe.timeline.score_file import ENDING, write_scores
from actscribe.timeline.scores import TimeScores
from actscribe.timeline.segments import TimelineSettings, build
from actscribe.video.frame_times import frame_clock
from actscribe.video.opening import check_unchanged, check_video_file
from actscribe.video.probe import probe


@dataclass(frozen=True, slots=True)
class AnnotatedVideo:
    """The timeline of one video.

    Args:
        recording: the video.
        intervals: predicted, each with its confidence, where the run has one, and its mean score as `raw_score`.
        scores: over time.
        scored: per clip, with the frames that were seen.
        files: what was written.
        notes: what to know before relying on it, see `quality_notes`; JSON, VTT, ELAN and BORIS files hold them,
            and `known` before them.
        known: that the run has learned from this very video, see `quality_notes.known_videos`; empty: it has not.
    """

    recording: Recording
    intervals: tuple[Interval, ...]
    scores: TimeScores
    scored: ScoredClips
    files: tuple[Path, ...]
    notes: tuple[str, ...]
    known: str = ""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A run that is loaded once for many videos.

    Args:
        run: complete.
        recognizer: of the run.
        settings, confidence: by which its scores become timelines, as they were when it was loaded.
        notes: what is to be known of it, see `quality_notes`.
        known: of videos that it has learned from, see `quality_notes.known_videos`.
    """

    run: Run
    recognizer: Recognizer
    settings: TimelineSettings
    confidence: Confidence
    notes: tuple[str, ...]
    known: Mapping[str, str]

    def notes_on(self, content: str) -> tuple[str, ...]:
        """Return what is to be known of the run's timeline of a video, by the digest of the video's bytes."""
        return (*filter(None, [self.known.get(content)]), *self.notes)


@dataclass(frozen=True, slots=True)
class Probed:
    """What is known about a video before it is decoded.

    Args:
        video: the file.
        state: of the file, by which it is seen to stay the same.
        duration: in seconds.
        clock: when its frames are shown.
    """

    video: Path
    state: os.stat_result
    duration: float
    clock: FrameClock


def load(
    run: Run,
    rules: bool | None = None,
    recognizer: Recognizer | None = None,
    notes: tuple[str, ...] | None = None,
) -> Loaded:
    """Return a run with its recognizer loaded.

    Args:
        run: complete.
        rules: whether the label set's rules are applied; None: as the run has it.
        recognizer: the run's own, where the caller has loaded it.
        notes: what is to be known of it; None: as it stands now, see `quality_notes`.

    Raises:
        ActScribeError: as `Run.recognizer`.
    """
    point = run.operating_point
    settings = point.timeline
    settings = settings if rules is None else settings.model_copy(update={"rules": rules})
    say(in_words())
    notes = quality_notes(run) if notes is None else notes
    return Loaded(run, recognizer or run.recognizer(), settings, point.confidence, notes, known_videos(run))


def probe_video(video: Path) -> Probed:
    """Return what is known about a video before it is decoded.

    Raises:
        UnreadableVideo: it cannot be read.
    """
    return Probed(video, check_video_file(video), probe(video).duration, frame_clock(video))


def annotate_video(
    loaded: Loaded,
    probed: Probed,
    name: str,
    stem: Path,
    formats: Sequence[str],
    scores: bool = False,
    kept_in: Path | None = None,
    content: str = "",
    shown: Generator[ClipFrames, None, None] | None = None,
) -> tuple[AnnotatedVideo, KeptScores]:
    """Score a video, write its timeline, and return it with the scores as they are kept: for the caller to remove.

    Memory does not grow with the length of the video. Scores that are kept are used; see `KeptScores`.

    Args:
        loaded: the run.
        probed: the video.
        name: of the recording.
        stem: path of its files without the ending of their format.
        formats: of the timeline; may be none.
        scores: also write the scores over time, see `timeline.score_file`.
        kept_in: folder of kept scores; None: the user's cache.
        content: digest of its bytes, where the caller took it after `probed`.
        shown: its frames, where `show_first` began to decode them.

    Raises:
        UnreadableVideo: it cannot be decoded to its end, was changed meanwhile, or is gone.
        ActScribeError: a file cannot be written; its scores are kept.
    """
    try:
        content = content or content_hash(probed.video)
        recording = _recording(probed, name, content)
        kept = KeptScores(loaded.run, recording, kept_in)
        scored = _scored(loaded, kept, shown)
        _check_unchanged(probed, kept)
    except OSError as error:  # it is gone, or its disk is
        raise UnreadableVideo(f"{probed.video}: {error.strerror or in_one_line(error)}.") from error
    merged = time_scores(scored, [recording], loaded.settings.step)[name]
    annotations = _timeline(loaded, merged, recording)
    try:
        files = write_timeline(annotations, stem, formats, probed.clock)
        if scores:
            write_scores(scores_path(stem), merged, loaded.run.labels.names)
            files = (*files, scores_path(stem))
    except ActScribeError as error:
        way_on = kept.way_on() if kept_in is None else ""  # whoever keeps them elsewhere has commands of its own
        raise ActScribeError(error.message, f"{error.hint} {way_on}".strip()) from error
    known = loaded.known.get(content, "")
    return AnnotatedVideo(recording, annotations.intervals, merged, scored, files, loaded.notes, known), kept


def show_first(loaded: Loaded, probed: Probed, name: str, content: str) -> Generator[ClipFrames, None, None] | None:
    """Return the frames of a video's clips, the first decoded already, for `annotate_video`; see `scoring.show_ahead`.

    Args:
        loaded: the run.
        probed: the video.
        name: of the recording.
        content: digest of its bytes.

    Raises:
        UnreadableVideo: nothing of it can be decoded.
    """
    run = loaded.run
    return show_ahead(loaded.recognizer, _recording(probed, name, content), run.labels, run.study.windows)


def keep_scores(loaded: Loaded, videos: Sequence[tuple[Probed, str, str]], kept_in: Path) -> None:
    """Score several videos in one pass and keep their scores, so that `annotate_video` finds them.

    A video that cannot be scored so is left as it is.

    Args:
        loaded: the run.
        videos: each with the name of its recording and the digest of its bytes, taken after it was probed.
        kept_in: folder of kept scores.
    """
    run = loaded.run
    recordings = [_recording(*one) for one in videos]
    kept = [one for one in (KeptScores(run, recording, kept_in) for recording in recordings) if one.read() is None]
    all_scored = score_together(loaded.recognizer, [one.recording for one in kept], run.labels, run.study.windows)
    for one, scored in zip(kept, all_scored, strict=True):
        if scored is not None:
            one.write(scored)


def try_to_write(
    stem: Path, media: str, duration: float, clock: FrameClock | None, formats: Sequence[str], labels: LabelSet
) -> None:
    """Write a trial with every label in every format and remove it: what cannot be written shows before the scoring.

    Args:
        stem: path of the timeline without the ending of its format.
        media: path of the video, as the timeline will have it.
        duration, clock: of the video; a stream has no clock.
        formats: of the timeline.
        labels: of the run.

    Raises:
        ActScribeError: a format cannot carry a label, or the folder cannot be written to.
    """
    with trial_folder(stem.parent) as tried:
        _try_in(tried, stem, media, duration, clock, formats, labels)


def try_formats(
    stem: Path, media: str, duration: float, clock: FrameClock | None, formats: Sequence[str], labels: LabelSet
) -> None:
    """Try the formats alone, as `try_to_write` does, where this machine keeps temporary files: no shared disk is asked.

    Args:
        stem, media, duration, clock, formats, labels: as in `try_to_write`.

    Raises:
        ActScribeError: a format cannot carry a label, the video's name or its frames' times.
    """
    with TemporaryDirectory(prefix="actscribe-") as tried:
        _try_in(Path(tried), stem, media, duration, clock, formats, labels)


def _try_in(
    tried: Path,
    stem: Path,
    media: str,
    duration: float,
    clock: FrameClock | None,
    formats: Sequence[str],
    labels: LabelSet,
) -> None:
    bouts = (Interval(name, 0.0, duration, score=0.5, raw_score=0.5) for name in labels.names)
    trial = Annotations.of(bouts, [media], duration, labels.names)
    for name in formats:
        try:
            annotation_files.write(timeline_path(tried / stem.name, name), trial, name, clock)
        except ActScribeError as error:
            message = error.message.replace(str(tried), str(stem.parent))
            raise ActScribeError(message, error.hint or f"Leave {name} out of --format.") from error


def timeline_path(stem: Path, format: str) -> Path:
    """Return the path of a timeline in a format."""
    return stem.with_name(f"{stem.name}{annotation_files.find_format(format).ending}")


def scores_path(stem: Path) -> Path:
    """Return the path of the scores over time beside a timeline."""
    return stem.with_name(f"{stem.name}{ENDING}")


def _recording(probed: Probed, name: str, content: str) -> Recording:
    return Recording(name, probed.video, probed.duration, content, name)


def _scored(loaded: Loaded, kept: KeptScores, shown: Generator[ClipFrames, None, None] | None) -> ScoredClips:
    """Return the scores of a video: those kept by a call that did not finish, else new ones, which are kept."""
    recording, run = kept.recording, kept.run
    stored = kept.read()
    if stored is not None:
        say(f"{recording.video.name} is scored already: its scores were kept in {kept.path}")
        return stored
    what = f"Annotating {recording.video.name}"
    made = score_recordings(loaded.recognizer, [recording], run.labels, run.study.windows, what, shown=shown)
    kept.write(made)
    return made


def _check_unchanged(probed: Probed, kept: KeptScores) -> None:
    """Refuse scores of which nobody can say what file they are of, and do not keep them."""
    try:
        check_unchanged(probed.video, probed.state)
    except UnreadableVideo:
        kept.remove()
        raise


def _timeline(loaded: Loaded, scores: TimeScores, recording: Recording) -> Annotations:
    """Return what is written: bouts with confidences, and what is to be known of the run."""
    labels = loaded.run.labels
    sure = with_confidence(build(scores, loaded.settings, labels), scores, loaded.confidence, labels)
    media, notes = printable(str(recording.video.absolute())), loaded.notes_on(recording.content)
    return Annotations.of(sure, [media], recording.duration, labels.names, notes)


def write_timeline(
    annotations: Annotations, stem: Path, formats: Sequence[str], clock: FrameClock | None
) -> tuple[Path, ...]:
    """Write a timeline in several formats, and return the files; arguments and errors as in `try_to_write`."""
    files = tuple(timeline_path(stem, name) for name in formats)
    for path, name in zip(files, formats, strict=True):
        annotation_files.write(path, annotations, name, clock)
    return files
