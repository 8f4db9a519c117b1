"""Where reports about a study lie: of its runs, of its comparisons, and of archives that its runs annotated."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from actscribe.data.manifest import SPLITS
from actscribe.review.session import Session
from actscribe.run_folder import comparison
from actscribe.run_folder.file_names import REPORT, RUN_FILE, of_split
from actscribe.stored_path import StoredPath, real_path

COMPARISON, ARCHIVE = "comparison", "archive"
#: What a report that is not a run's is about -> the file by which its folder is known, and the place in it that leads
#: to the study.
_FILES = {COMPARISON: (comparison.FILE, "folder"), ARCHIVE: ("archive.json", "run")}


@dataclass(frozen=True, slots=True)
class Report:
    """One report.

    Args:
        name: of the folder of its run, comparison or archive.
        about: a split of the run, "comparison" or "archive".
        path: of the file.
    """

    name: str
    about: str
    path: Path


def reports(session: Session) -> list[Report]:
    """Return the reports of the run that suggests, which come first, of those in STUDY/runs, and of what lies near.

    Near are folders in that of the study and beside it: comparisons of the study, and archives of its runs.
    """
    by_name: dict[tuple[str, str], Report] = {}
    for one in (*_of_runs(session), *_near(session.study.folder)):
        by_name.setdefault((one.name, one.about), one)
    return list(by_name.values())


def _of_runs(session: Session) -> Iterator[Report]:
    shown = [session.suggester.run.folder] if session.suggester else []
    for folder in [*shown, *sorted((session.study.folder / "runs").glob("*"))]:
        if not (folder / RUN_FILE).is_file():
            continue
        for split in reversed(SPLITS):
            path = folder / of_split(REPORT, split)
            if path.is_file():
                yield Report(folder.name, split, path)


def _near(study: Path) -> Iterator[Report]:
    home = real_path(study)
    for parent in (home, home.parent):
        with suppress(OSError):  # a folder that may not be listed holds nothing that may be shown
            for folder in sorted(parent.iterdir()):
                for about, (file, key) in _FILES.items():
                    path = folder / comparison.REPORT
                    if path.is_file() and _leads_to(home, folder / file, key):
                        yield Report(folder.name, about, path)


def _leads_to(study: Path, file: Path, key: str) -> bool:
    """Tell whether a file notes, as the place `key`, the folder of the study or one below it."""
    try:
        location = StoredPath.model_validate(json.loads(file.read_text(encoding="utf-8"))[key])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return False
    return any(real_path(path).is_relative_to(study) for path in location.options(file.parent))
