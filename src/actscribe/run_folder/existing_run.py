"""A complete run where another one is to be made."""

from __future__ import annotations

import os
from pathlib import Path

from actscribe.errors import ActScribeError
from actscribe.files import free_path
from actscribe.ownership import is_empty
from actscribe.run_folder.run import Run
from actscribe.settings.study import Study

#: What to type where an earlier run is to go.
REPLACE = "Replace it with --overwrite (in Python: overwrite=True)"


def refuse_complete(run: Run) -> None:
    """Refuse a folder that holds a complete run.

    Raises:
        ActScribeError: it does.
    """
    if run.info.status == "complete":
        raise ActScribeError(
            f"{run.folder}: a complete run is here already; nothing was changed.",
            f"{REPLACE}, or choose another folder with --out.",
        )


def train_command(typed: Path, study: Study) -> list[str | Path]:
    """Return the command that trains a study's first recognizer, beside whatever lies in its usual folder.

    It is in words, without the program's name.

    Args:
        typed: the study as it was typed.
        study: from `load_study`.
    """
    return ["train", typed, *out_beside(study.folder / "runs" / next(iter(study.recognizers)))]


def out_beside(usual: Path) -> list[str | Path]:
    """Return the option that writes into a free folder, where something lies in the usual one; else nothing."""
    is_free = not os.path.lexists(usual) or is_empty(usual)
    return [] if is_free else ["--out", free_path(usual)]
