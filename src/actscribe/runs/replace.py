"""Training a run again in the folder of an earlier one: what ActScribe wrote there goes, and nothing else ever does."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from actscribe.errors import ActScribeError
from actscribe.files import explain_os_error
from actscribe.leftovers import is_temporary, temporary_name
from actscribe.ownership import CLUTTER, check_replaceable
from actscribe.run_folder import file_names
from actscribe.run_folder.file_names import RUN_FILE
from actscribe.run_folder.integrity import MODEL, unsealed
from actscribe.run_folder.run import Run, RunInfo
from actscribe.training.checkpoints import is_of_training


def check_ours(folder: Path) -> None:
    """Prove that a run's folder holds nothing but what ActScribe wrote.

    The run may be unfinished or damaged: its `run.json` tells that it is one, and names and digests what is its own.

    Raises:
        ActScribeError: no run is there, or something of the user's is in it.
    """
    facts = RunInfo.model_validate(unsealed(folder / RUN_FILE))
    if (folder / MODEL).exists():
        check_replaceable(folder / MODEL)
    ours = facts.digests.keys() | file_names.names(_recordings(Run(folder, facts)))
    foreign = sorted(name for name in _files(folder) if name not in ours and not is_of_training(name))
    if foreign:
        more = f" and {len(foreign) - 1} more" if len(foreign) > 1 else ""
        raise ActScribeError(
            f"{folder}: holds {foreign[0]}{more}, which ActScribe did not write, so the run is not replaced;"
            " nothing was changed.",
            "Move what is yours out of it, or choose another folder with --out.",
        )


def clear(folder: Path) -> None:
    """Take an earlier run out of its folder; killed at any moment, the folder is still known as a run, or is empty.

    Raises:
        ActScribeError: as `check_ours`, or the system does not let it be moved.
    """
    check_ours(folder)
    aside = folder / temporary_name(folder.name)
    try:
        aside.mkdir()
        held = [path for path in sorted(folder.iterdir()) if path != aside and not is_temporary(path.name)]
        for path in sorted(held, key=lambda path: path.name == RUN_FILE):  # what proves the folder ours goes last
            path.rename(aside / path.name)
    except OSError as error:
        raise explain_os_error(error, folder) from error
    shutil.rmtree(aside, ignore_errors=True)


def _recordings(run: Run) -> list[tuple[str, str]]:
    """Return (split, name) of a run's recordings; of a run whose list of them is damaged none is known."""
    try:
        return [(one.split, one.name) for one in run.listed()]
    except ActScribeError:
        return []


def _files(folder: Path) -> Iterator[str]:
    """Yield the files and links below a run, without those of its model, as paths from it with `/`."""
    for parent, below, files in os.walk(folder):
        current = Path(parent)
        below[:] = [name for name in below if not is_temporary(name) and current / name != folder / MODEL]
        links = [name for name in below if (current / name).is_symlink()]
        for name in (*files, *links):
            if name not in CLUTTER and not is_temporary(name):
                yield (current / name).relative_to(folder).as_posix()
