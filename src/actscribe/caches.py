"""Where this program keeps what it may compute again, and how much of it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from actscribe.errors import ActScribeError

#: The environment variable that moves the user's caches.
FOLDER_VARIABLE = "ACTSCRIBE_CACHE"


def cache_folder() -> Path:
    """Return the folder of the user's caches: ~/.cache/actscribe, unless the environment differs."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get(FOLDER_VARIABLE) or Path(base) / "actscribe")


def limit_bytes(variable: str, usual: float) -> int:
    """Return the size in bytes that an environment variable sets in GiB, or the usual one.

    Raises:
        ActScribeError: it is not a number above zero.
    """
    given = os.environ.get(variable) or str(usual)
    try:
        size = float(given)
    except ValueError:
        size = 0.0
    if not 0 < size < float("inf"):
        raise ActScribeError(f"{variable} is '{given}', expected a number of GiB above zero, such as {usual:g}.")
    return int(size * 2**30)


def disk_free(folder: Path) -> int:
    """Return how many bytes the disk of a folder has left, which need not be there yet."""
    existing = folder
    while not existing.exists() and existing != existing.parent:
        existing = existing.parent
    return shutil.disk_usage(existing).free
