"""Whether what was made before still holds: may a run be gone on with, or its results be used again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from actscribe.data.loading import StudyData
from actscribe.errors import ActScribeError
from actscribe.processes import is_first
from actscribe.recognizers.base import implementation
from actscribe.run_folder.file_names import RUN_FILE
from actscribe.run_folder.run import Run
from actscribe.settings.located import unplaced
from actscribe.settings.registry import recognizer
from actscribe.settings.study import Study
from actscribe.stored_path import StoredPath


def changes(run: Run, study: Study, data: StudyData) -> list[str]:
    """Return what differs between the study that a run was made with and `study`; nothing if its results hold."""
    apart = {"recognizers", "labels", "recordings"}  # where recordings are listed does not matter, only what they are
    then, now = (one.model_dump(mode="json", exclude=apart) for one in (run.study, study))
    changed = [key for key in now if now[key] != then[key]]
    own = study.chosen(run.info.name)
    changed += _other_weights(run, own.settings) if _same_settings(run, study) else [_other_settings(run, study)]
    changed += ["labels"] if run.labels != data.labels else []
    held = [
        [(r.name, r.content, r.split, r.intervals, r.gaps) for r in one] for one in (run.recordings(), data.recordings)
    ]
    return changed + (["the recordings or their annotations"] if held[0] != held[1] else [])


def own_settings(study: Study, name: str) -> dict[str, Any]:
    """Return the study's settings of a recognizer, defaults filled in, as run.json has them."""
    return study.chosen(name).settings.model_dump(mode="json")


def _same_settings(run: Run, study: Study) -> bool:
    """Tell whether settings are those of a run; a model in the study's folder is the same wherever that lies now."""
    if study.chosen(run.info.name).recognizer != run.info.recognizer:
        return False
    then, now = _portable_settings(run, study)
    return run.info.settings == own_settings(study, run.info.name) or then == now


def _portable_settings(run: Run, study: Study) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return settings of a run and of a study, paths in the study's folder as from there."""
    home, kind = Path(run.info.home.was) if run.info.home else study.folder, recognizer(run.info.recognizer).settings
    now = own_settings(study, run.info.name)
    return unplaced(kind, run.info.settings, home), unplaced(kind, now, study.folder)


def _other_settings(run: Run, study: Study) -> str:
    """Return words on which settings differ from those of a run."""
    if study.chosen(run.info.name).recognizer != run.info.recognizer:
        return "recognizers"
    then, now = _portable_settings(run, study)
    return f"settings ({', '.join(key for key in now if now[key] != then.get(key))})"


def _other_weights(run: Run, settings: Any) -> list[str]:
    """Return words on a model that has changed; nothing where no digest tells, or it is no longer here."""
    if not run.info.weights or not is_first():
        return []
    try:
        same = implementation(run.info.recognizer).weights(settings) == run.info.weights
    except ActScribeError:  # a complete run does not need it any more, and an unfinished one says so itself
        return []
    model = recognizer(run.info.recognizer).model(settings)
    return [] if same else [f"model {model} has different weights than when this run was made"]


def complete_run(folder: Path) -> Run | None:
    """Return the run in a folder if it is complete."""
    run = Run.open(folder) if (folder / RUN_FILE).is_file() else None
    return run if run is not None and run.info.status == "complete" else None


def check_same(run: Run, study: Study, data: StudyData, instead: str) -> None:
    """Refuse to go on with a run, or to use its results, under another study: they would be of neither.

    Args:
        run: that is there.
        study, data: as they are now.
        instead: what else can be done, in words that follow "Undo the change, ".

    Raises:
        ActScribeError: the study, its data or its settings differ from the run's.
    """
    changed = changes(run, study, data)
    if changed:
        raise ActScribeError(
            f"{run.folder}: this run used different settings or data; it differs in: {', '.join(changed)}.",
            f"Undo the change, {instead}",
        )


def move_in(run: Run, study: Study) -> None:
    """Note where the study and its models lie now; it may have been moved since the training began."""
    run.info.settings = own_settings(study, run.info.name)
    run.info.home = StoredPath.of(study.folder, run.folder)
    run.save_info()
