"""Which folder a simulation may write into: a new or empty one, or one of an earlier call with the same settings."""

from __future__ import annotations

from pathlib import Path

from actscribe.errors import ActScribeError
from actscribe.files import check_writable, write_text
from actscribe.leftovers import sweep_below
from actscribe.ownership import check_free


def claim(out: Path, name: str, settings: str) -> None:
    """Note the settings in the folder, or compare them with those of an earlier call.

    Args:
        out: the folder.
        name: of the file that holds the settings.
        settings: its text.

    Raises:
        ActScribeError: the folder holds something else, or cannot be written to.
    """
    noted = out / name
    if noted.is_file():
        if noted.read_bytes() != settings.encode():
            raise ActScribeError(
                f"{out}: holds a simulation with other settings ({name}).", "Choose another folder, or delete it."
            )
        check_writable(out)
        sweep_below(out)
        return
    check_free(out, "Choose a new or empty folder.")
    check_writable(out)
    write_text(noted, settings)
