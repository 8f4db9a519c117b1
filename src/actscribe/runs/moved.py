"""Groups that lie in another split than they did for an earlier run: new recordings move the others."""

from __future__ import annotations

from pathlib import Path

from actscribe.data.loading import StudyData
from actscribe.errors import ActScribeError
from actscribe.run_folder.file_names import RUN_FILE
from actscribe.run_folder.run import Run
from actscribe.settings.study import Study
from actscribe.typed_words import typed

#: More groups than this are counted, not named.
NAMED = 3


def moved_groups(study: Study, data: StudyData) -> list[str]:
    """Return a sentence for each run in the study's own folder of runs whose groups lie in another split now.

    What was tested then may be learned from now, so that two reports cannot be compared; and thresholds may be chosen
    on what a person has already looked at.

    Args:
        study: whose runs are looked at.
        data: of the study.
    """
    now = {recording.group: recording.split for recording in data.recordings}
    return [sentence for run in _runs(study.folder / "runs") for sentence in _of(run, now)]


def _runs(folder: Path) -> list[Run]:
    runs = []
    for path in sorted(folder.glob(f"*/{RUN_FILE}")):
        try:
            run = Run.open(path.parent)
        except (ActScribeError, OSError):  # damaged, or of another version: whoever opens it is told
            continue
        if run.info.status != "begun":  # one that was killed so early has no recordings yet
            runs.append(run)
    return runs


def _of(run: Run, now: dict[str, str]) -> list[str]:
    before = {recording.group: recording.split for recording in run.recordings()}
    moved = [
        f"'{group}' from {split} to {now[group]}"
        for group, split in sorted(before.items())
        if group in now and now[group] != split
    ]
    if not moved:
        return []
    more = f" and {len(moved) - NAMED} more" if len(moved) > NAMED else ""
    return [
        f"since {typed(run.folder)} was trained, groups have moved: {', '.join(moved[:NAMED])}{more}. So two"
        " reports are not of the same recordings, and cannot be compared. To keep the splits as they were, write them"
        " into the manifest's column 'split', in every row."
    ]
