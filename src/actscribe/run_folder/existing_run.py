"""A complete run where another one is to be made."""

from __future__ import annotations

from pathlib import Path

from actscribe.errors import ActScribeError
from actscribe.files import free_path
from actscribe.run_folder.file_names import RUN_FILE
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
    """Return the command that trains a study's first recognizer, beside an earlier run where there is one.

    It is in words, without the program's name.

    Args:
        typed: the study as it was typed.
        study: from `load_study`.
    """
    first = next(iter(study.recognizers))
    usual = study.folder / "runs" / first
    return ["train", typed, "--out", free_path(usual)] if (usual / RUN_FILE).is_file() else ["train", typed]
