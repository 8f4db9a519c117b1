"""Starting a training from the weights of an earlier run: which one may be started from, and that it leaks nothing."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from actscribe.counts import counted
from actscribe.data.loading import StudyData
from actscribe.data.manifest import HELD_OUT
from actscribe.errors import ActScribeError
from actscribe.recognizers.base import implementation
from actscribe.run_folder.integrity import MODEL
from actscribe.run_folder.run import Run
from actscribe.run_folder.warm import WarmStart
from actscribe.runs.reuse import own_settings
from actscribe.settings.study import Study
from actscribe.settings.training import Training
from actscribe.stored_path import StoredPath, real_path

#: Settings of every training that change what a network is.
_OF_THE_NETWORK = ("precision",)


def warm_from(earlier: Run | str | Path, study: Study, recognizer: str, data: StudyData, folder: Path) -> WarmStart:
    """Return what a run in `folder` notes of the run that it starts from.

    Args:
        earlier: complete, of the same recognizer and labels.
        study: whose recognizer is trained.
        recognizer: the study's name for it.
        data: of the study.
        folder: of the new run.

    Raises:
        ActScribeError: the recognizer cannot start from a run; it is another network, or of other labels; or what the
            run learned from is in validation or test now.
    """
    run = (earlier if isinstance(earlier, Run) else Run.open(earlier)).require_complete()
    chosen = study.chosen(recognizer)
    reason = implementation(chosen.recognizer).cannot_warm_start(chosen.settings)
    if reason:
        raise ActScribeError(f"{recognizer}: {reason}.", "Leave out --warm-start.")
    if real_path(run.folder) == real_path(folder):
        raise ActScribeError(
            f"{folder}: is the run to start from, and would be replaced.", "Choose another folder with --out."
        )
    _check_same(run, study, recognizer, data)
    before = run.info.warm_start
    learned = {one.content: one.group for one in run.listed("train")}
    start = WarmStart(
        run=StoredPath.of(run.folder, folder),
        model=_digest(run),
        learned=tuple(sorted({*learned, *(before.learned if before else ())})),
        chosen=tuple(sorted({*(one.content for one in run.listed("validation")), *(before.chosen if before else ())})),
        groups=tuple(sorted({*learned.values(), *(before.groups if before else ())})),
    )
    _check_leakage(start, run, data)
    return start


def started_from(start: WarmStart | None, folder: Path) -> Path | None:
    """Return the saved model that a run in `folder` starts from.

    Raises:
        ActScribeError: it is gone, or another one than when the training began.
    """
    if start is None:
        return None
    run = Run.open(start.run.find(folder, MODEL))
    if _digest(run) != start.model:
        raise ActScribeError(
            f"{run.folder}: its model has changed since {folder} was started from it.",
            "Train into another folder with --out, or replace the run with --overwrite.",
        )
    return run.folder / MODEL


def check_warm(existing: Run, asked: WarmStart | None) -> None:
    """Refuse to go on with a run from another start than it was begun with.

    Args:
        existing: that is gone on with.
        asked: what it is to start from; None: whatever it was begun with.

    Raises:
        ActScribeError: it was begun with other weights, or with none.
    """
    begun = existing.info.warm_start
    if asked is not None and (begun is None or begun.model != asked.model):
        raise ActScribeError(
            f"{existing.folder}: was started from other weights.",
            "Leave out --warm-start to go on with it, or replace it with --overwrite.",
        )


def _digest(run: Run) -> str:
    files = {name: digest for name, digest in run.info.digests.items() if name.startswith(f"{MODEL}/")}
    return hashlib.blake2b(json.dumps(files, sort_keys=True).encode(), digest_size=16).hexdigest()


def _check_same(run: Run, study: Study, recognizer: str, data: StudyData) -> None:
    """Refuse a run whose network is another one."""
    kind, now = study.chosen(recognizer).recognizer, own_settings(study, recognizer)
    of_training = set(Training.model_fields) - set(_OF_THE_NETWORK)
    names = [name for name in now if name not in of_training and now[name] != run.info.settings.get(name)]
    difference = ""
    if run.info.recognizer != kind:
        difference = f"is a run of '{run.info.recognizer}', expected one of '{kind}'"
    elif run.labels.names != data.labels.names or run.labels.task != data.labels.task:
        difference = "has other labels than the study"
    elif run.study.windows.frames != study.windows.frames:
        frames = counted(run.study.windows.frames, "frame")
        difference = f"looks at {frames} of a clip, and the study at {study.windows.frames}"
    elif names:
        difference = f"was trained with another {' and '.join(names)}"
    if difference:
        raise ActScribeError(f"{run.folder}: {difference}; its weights do not fit.", "Leave out --warm-start.")


def _check_leakage(start: WarmStart, run: Run, data: StudyData) -> None:
    """Refuse weights that have seen what is to be held out now."""
    learned, groups = set(start.learned), set(start.groups)
    for recording in data.recordings:
        if recording.split not in HELD_OUT:
            continue
        what = ""
        if recording.content in learned or recording.group in groups:
            what = "learned from it, or from its group"
        elif recording.split == "test" and recording.content in start.chosen:
            what = "stopped and chose its thresholds on it"
        if what:
            raise ActScribeError(
                f"Leakage: {recording.name} is in {recording.split}, and {run.folder} {what}.",
                "Leave out --warm-start, or keep the split that this run was trained with: in the manifest's column.",
            )
