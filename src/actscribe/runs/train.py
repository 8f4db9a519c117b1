"""Training a recognizer on a study, and choosing on validation how its scores become a timeline."""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from actscribe.data.loading import StudyData, load_data
from actscribe.errors import ActScribeError
from actscribe.evaluation.clips import choose_thresholds
from actscribe.files import check_writable, folder_beside
from actscribe.leftovers import sweep_below
from actscribe.models.device import check_trains_here, in_words
from actscribe.processes import check_whole_networks, first_goes_first, is_first, wait
from actscribe.progress import say
from actscribe.recognizers.base import Implementation, Recognizer, implementation
from actscribe.recognizers.ready import check_ready
from actscribe.run_folder.environment import machine, versions
from actscribe.run_folder.existing_run import REPLACE, refuse_complete
from actscribe.run_folder.file_names import RUN_FILE
from actscribe.run_folder.run import OperatingPoint, Run, RunInfo, check_run_folder
from actscribe.run_folder.scored_clips import time_scores
from actscribe.run_folder.warm import WarmStart
from actscribe.runs.no_validation import keep_note, keeps_last, with_keep
from actscribe.runs.preflight import data_warnings, memory_warnings
from actscribe.runs.replace import check_ours, clear
from actscribe.runs.reuse import check_same, move_in
from actscribe.runs.scoring import score_recordings, sound
from actscribe.runs.served import keep_served
from actscribe.runs.trainable import check_shares, check_targets, needed
from actscribe.runs.training_clips import TrainingClips, check_frames, cut_training_clips, targets_of
from actscribe.runs.warm import check_warm, started_from, warm_from
from actscribe.settings.study import Study, load_study, parse_settings
from actscribe.timeline.curves import fit_confidence
from actscribe.timeline.segments import TimelineSettings
from actscribe.timeline.tuning import tune
from actscribe.training.checkpoints import remove_checkpoints
from actscribe.training.inputs import TrainingInputs
from actscribe.video.cache import FrameCache, default_cache
from actscribe.video.contained import contained

#: Clips scored before and after saving; a difference above `SAME` means that something was not saved.
COMPARED_CLIPS = 16
SAME = 1e-5
#: Said in run.json where there are no validation clips.
UNDECIDED = "no validation clips: thresholds are 0.5, and the timeline's settings are the defaults"
#: Seconds; the grid on which timelines are made.
TIME_STEP = 0.1


@contained()
def train(
    study: Study | str | Path,
    recognizer: str | None = None,
    out: str | Path | None = None,
    resume: bool = False,
    cache: FrameCache | None = None,
    data: StudyData | None = None,
    overwrite: bool = False,
    warm_start: Run | str | Path | None = None,
) -> Run:
    """Train one of the study's recognizers (or set up a zero-shot one) and return its complete run.

    Early stopping, thresholds and the timeline's settings look at validation only; test clips are not read.

    Args:
        study: from `load_study`, or its file or folder.
        recognizer: the study's name for it; or one of the registry that the study does not have, with its defaults;
            None: the study's first.
        out: the run folder; default STUDY/runs/RECOGNIZER.
        resume: go on with a training that was interrupted.
        cache: of decoded frames; default the user's.
        data: from `load_data(study)`, where the caller has it already.
        overwrite: replace an earlier run in the folder, finished or not, once everything else has been checked.
        warm_start: an earlier run of the same recognizer, whose weights training starts from; default those that the
            settings name. With `resume`, it is the one that the run was begun with.

    Raises:
        ActScribeError: bad data, an earlier run in the folder, or a saved model that does not reproduce the scores.
    """
    study = study if isinstance(study, Study) else load_study(study)
    recognizer = next(iter(study.recognizers)) if recognizer is None else recognizer
    chosen = study.chosen(recognizer)
    check_whole_networks(chosen.recognizer)
    if chosen.trains:
        check_trains_here()
    code = implementation(chosen.recognizer)
    folder = study.folder / "runs" / recognizer if out is None else Path(out)
    existing = _existing(folder, resume, overwrite) if is_first() else None
    check_ready(study, [recognizer])
    with _about(recognizer):
        check_shares(study, recognizer)
    if is_first():
        sweep_below(folder)
    if data is None:
        with first_goes_first():
            data = load_data(study)
        if is_first():
            for sentence in (*memory_warnings(study, [recognizer], data), *data_warnings(study, data)):
                say(f"Warning: {sentence}")
    last = keeps_last(study, recognizer, data)
    if last:
        study = with_keep(study, recognizer, data)
        say(f"Note: {recognizer}: {keep_note(study, recognizer)}")
    warm = None if warm_start is None else warm_from(warm_start, study, recognizer, data, folder)
    with _about(recognizer):
        unshown = check_targets(study, data, needed(study, recognizer))
        training_clips = cut_training_clips(study, recognizer, data, cache or default_cache())
        frames = training_clips.check_room()
    notes = [*unshown, *data.remarks, *data.not_known, *([keep_note(study, recognizer)] if last else [])]
    if frames.room:
        notes.append(frames.sentence)
        say(f"Note: {recognizer}: {frames.sentence}")
    if is_first():
        if existing:
            check_same(existing, study, data, "replace it with --overwrite, or train into another folder with --out.")
            check_frames(existing, frames)
            check_warm(existing, warm)
            move_in(existing, study)
        run = existing or _new_run(folder, study, recognizer, data, notes, overwrite, frames.room, warm)
    wait()
    if not is_first():
        run = Run.open(folder)
    training_clips.divide(run.info.frames_room)
    inputs = _training_inputs(run, study, data, training_clips, resume)
    say(in_words())
    with timed(run, "train"):
        made = code.make(inputs)
    if not is_first():
        return run
    with timed(run, "validate"):
        before = save(made, inputs, folder)
        del made  # two copies of a large network are more than many a GPU holds
        gc.collect()
        loaded = load_and_compare(before, code, inputs, folder)
        run.note(folder / "model")
        decide(run, loaded, study, data)
    run.info.status = "complete"
    run.save_info()
    remove_checkpoints(folder)
    return run


@contextmanager
def _about(recognizer: str) -> Iterator[None]:
    """Name the recognizer that is refused inside the block, as `check` and `compare` do."""
    try:
        yield
    except ActScribeError as error:
        raise ActScribeError(f"{recognizer}: {error.message}", error.hint) from error


def _new_run(
    folder: Path,
    study: Study,
    recognizer: str,
    data: StudyData,
    notes: list[str],
    overwrite: bool,
    room: int,
    warm: WarmStart | None,
) -> Run:
    chosen = study.chosen(recognizer)
    code = implementation(chosen.recognizer)
    started = code.starting(chosen.settings, data.labels, study.windows.frames)  # before anything is written
    facts = RunInfo(
        name=chosen.name,
        recognizer=chosen.recognizer,
        settings=chosen.settings.model_dump(mode="json"),
        seed=study.seed,
        study=study.name,
        versions=versions(),
        machine=machine(),
        notes=notes + started + ([f"started from the weights of the run {warm.run.was}"] if warm else []),
        weights=code.weights(chosen.settings),
        frames_room=room,
        review=data.review.version if data.review else None,
        warm_start=warm,
    )
    _existing(folder, False, overwrite)  # again: another process may have begun a run here meanwhile
    if overwrite and (folder / RUN_FILE).is_file():
        clear(folder)
    return Run.create(folder, study, data.labels, data.recordings, facts)


def _training_inputs(
    run: Run, study: Study, data: StudyData, training_clips: TrainingClips, resume: bool
) -> TrainingInputs:
    return TrainingInputs(
        labels=data.labels,
        settings=parse_settings(run.info.recognizer, run.info.settings),
        input_spec=training_clips.input_spec,
        train=training_clips.clips["train"],
        validation=training_clips.clips["validation"],
        train_targets=training_clips.targets["train"],
        validation_targets=training_clips.targets["validation"],
        folder=run.folder,
        seed=study.seed,
        resume=resume,
        start=started_from(run.info.warm_start, run.folder),
    )


def decide(run: Run, recognizer: Recognizer, study: Study, data: StudyData) -> None:
    """Score validation and choose thresholds and timeline settings on it; without clips there, take 0.5 and say so."""
    labels, recordings = data.labels, data.of_split("validation")
    within = study.split.within == "recordings"
    scored = score_recordings(recognizer, recordings, labels, study.windows, "Scoring validation", within=within)
    keep_served(run, "validation")
    run.save_scores("validation", scored)
    annotated = [recording for recording in recordings if recording.intervals is not None]
    if not annotated:
        run.info.notes.append(UNDECIDED)
        thresholds = dict.fromkeys(labels.names, 0.5)
        confidence = fit_confidence(np.empty((0, len(labels))), np.empty((0, len(labels))), labels.names)
        made = TimelineSettings(step=TIME_STEP)
        run.save_operating_point(
            OperatingPoint(thresholds=thresholds, fallbacks=labels.names, timeline=made, confidence=confidence)
        )
        return
    truth = targets_of(scored.clips, study, labels)
    thresholds = dict(zip(labels.names, map(float, choose_thresholds(truth, scored.scores)), strict=True))
    timeline = TimelineSettings(step=TIME_STEP)
    # A whole video is one clip and shows one class: there is no moment to choose, and 101 classes would take minutes.
    if labels.task == "multi-label" or study.windows.length is not None:
        timeline = tune(annotated, time_scores(scored, annotated, TIME_STEP), labels, thresholds)
    window = study.windows
    share = 1.0 if window.length is None else min(1.0, window.stride / window.length)
    confidence = fit_confidence(truth, scored.scores, labels.names, share)
    shown = np.nansum(truth, axis=0) > 0
    fallbacks = tuple(name for name, is_shown in zip(labels.names, shown, strict=True) if not is_shown)
    run.save_operating_point(
        OperatingPoint(thresholds=thresholds, fallbacks=fallbacks, timeline=timeline, confidence=confidence)
    )


def save(made: Recognizer, inputs: TrainingInputs, folder: Path) -> np.ndarray:
    """Save a recognizer, and return its scores of some clips, shape (clips, labels), see `load_and_compare`."""
    with folder_beside(folder / "model") as beside:
        made.save(beside)
    return _compared(made, inputs)


def load_and_compare(before: np.ndarray, code: Implementation, inputs: TrainingInputs, folder: Path) -> Recognizer:
    """Load a recognizer that was saved and compare its scores with those that it had; return it.

    Raises:
        ActScribeError: it scores differently; the run stays incomplete.
    """
    loaded = code.load(folder / "model", inputs.labels)
    if not len(before):
        return loaded
    worst = float(np.abs(before - _compared(loaded, inputs)).max())
    if not worst <= SAME:
        raise ActScribeError(
            f"{folder}: the saved model gives scores that differ from the trained model's (by up to {worst:.6f}).",
            "This is a defect of the recognizer; the run is not usable. Please report it with run.json.",
        )
    return loaded


def _compared(recognizer: Recognizer, inputs: TrainingInputs) -> np.ndarray:
    """Return the scores of the first clips of validation, or where it has none of training, shape (clips, labels)."""
    clips = inputs.validation if len(inputs.validation) else inputs.train
    shown = (clips[index] for index in range(min(COMPARED_CLIPS, len(clips))))
    rows = [sound(row, len(inputs.labels)) for row in recognizer.score(shown)]
    return np.stack(rows) if rows else np.zeros((0, len(inputs.labels)))


@contextmanager
def timed(run: Run, what: str) -> Iterator[None]:
    """Add the wall-clock seconds of the block to the run's facts."""
    start = time.monotonic()
    yield
    run.info.task_seconds[what] = round(run.info.task_seconds.get(what, 0.0) + time.monotonic() - start, 2)
    if is_first():
        run.save_info()


def _existing(folder: Path, resume: bool, overwrite: bool) -> Run | None:
    """Return the run that is to be gone on with, None for a new one; refuse what is in its way."""
    if overwrite and resume:
        raise ActScribeError("Both --resume and --overwrite were given.", "Go on with the run, or replace it.")
    if overwrite and (folder / RUN_FILE).is_file():
        check_ours(folder)
        check_writable(folder)
        return None
    try:
        check_run_folder(folder)
    except ActScribeError as error:
        if (folder / RUN_FILE).is_file():  # a damaged one
            raise ActScribeError(error.message, f"{error.hint} {REPLACE}.") from None
        raise
    run = Run.open(folder) if (folder / RUN_FILE).is_file() else None
    if run is None or run.info.status == "begun":
        if resume:
            print(f"{folder}: nothing to resume; starting over.", file=sys.stderr)
        return None
    refuse_complete(run)
    if not resume:
        raise ActScribeError(
            f"{folder}: an unfinished run is here.",
            f"Go on with --resume. {REPLACE}, or choose another folder with --out.",
        )
    return run
