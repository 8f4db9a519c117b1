"""What may be replaced in a folder that a user named: what this program wrote, and nothing else."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

from actscribe.errors import ActScribeError
from actscribe.leftovers import is_temporary

#: In every folder that is written as a whole: who wrote it, and which files. Only such a folder is ever replaced.
#: How this program calls itself in the files of others.
PROGRAM = "ActScribe"
MARKER, MADE_BY = "made-by-actscribe.json", "actscribe"
#: What file managers put into folders by themselves; nobody misses it.
CLUTTER = {".DS_Store", "Thumbs.db", "desktop.ini", ".directory"}


def mark(folder: Path) -> None:
    """Note in a folder that was just written which files are ours."""
    values = {"made_by": MADE_BY, "files": sorted(_files(folder))}
    (folder / MARKER).write_text(json.dumps(values, indent=1, ensure_ascii=False), encoding="utf-8", newline="")


def check_replaceable(target: Path) -> None:
    """Prove that a folder may be written at `target`: nothing is there, or one of our own with nothing else in it.

    Raises:
        ActScribeError: something is there that this program did not write.
    """
    if not os.path.lexists(target):
        return
    if target.is_symlink() or not target.is_dir():
        what = "a link" if target.is_symlink() else "a file"
        raise ActScribeError(f"{target}: is {what}; expected a folder to write to.", "Move it away, then try again.")
    known = set() if is_empty(target) else _marked(target)
    if known is None:
        raise ActScribeError(
            f"{target}: was not written by ActScribe, so it is not replaced; nothing was changed.",
            "Move it away, or choose another folder to write to.",
        )
    foreign = sorted(_files(target) - known)
    if foreign:
        more = f" and {len(foreign) - 1} more" if len(foreign) > 1 else ""
        raise ActScribeError(
            f"{target}: holds {foreign[0]}{more}, which ActScribe did not write, so it is not replaced.",
            "Move what is yours out of it, then try again.",
        )


def check_free(folder: Path, hint: str) -> None:
    """Prove that `folder` holds nothing of the user's: it does not exist, or is empty (a link to an empty one too).

    Args:
        folder: that is to become ours.
        hint: what to type instead.

    Raises:
        ActScribeError: it holds something, is a file, or a link to nowhere.
    """
    if not os.path.lexists(folder) or is_empty(folder):
        return
    if folder.is_symlink() and not folder.exists():
        raise ActScribeError(f"{folder}: is a link to a place that does not exist.", hint)
    if not folder.is_dir():
        raise ActScribeError(f"{folder}: is a file, expected a folder.", hint)
    first = min(name for name in _inside(folder) if not _is_nobodys(name))
    raise ActScribeError(f"{folder}: is not empty, {first} lies in it; nothing was changed.", hint)


def check_file(target: Path, overwrite: bool = False) -> None:
    """Prove that a file may be written at `target`: nothing is there, or a file and the user wants it replaced.

    Raises:
        ActScribeError: a file is there and not to be replaced, or a folder or device is there.
    """
    if target.is_dir():
        raise ActScribeError(f"{target}: is a folder; expected a file to write to.", "Name a file.")
    if target.exists() and not target.is_file():
        raise ActScribeError(f"{target}: is not a regular file, so it is not replaced.", "Name another file.")
    if os.path.lexists(target) and not overwrite:
        raise ActScribeError(
            f"{target} exists already; nothing was changed.",
            "Choose another place, or replace what is there with --overwrite (in Python: overwrite=True).",
        )


def is_empty(folder: Path) -> bool:
    """Tell whether a path is a folder in which nothing lies but what file managers and killed processes leave."""
    return folder.is_dir() and all(map(_is_nobodys, _inside(folder)))


def _inside(folder: Path) -> Iterator[str]:
    return (path.name for path in folder.iterdir())


def _is_nobodys(name: str) -> bool:
    return name in CLUTTER or is_temporary(name)


def _files(folder: Path) -> set[str]:
    return set(_walk(folder))


def _walk(folder: Path) -> Iterator[str]:
    """Yield every file and link below a folder, as a path from it with `/`."""
    for parent, below, files in os.walk(folder):
        links = [name for name in below if (Path(parent) / name).is_symlink()]
        for name in (*files, *links):
            if name != MARKER and not _is_nobodys(name):
                yield (Path(parent) / name).relative_to(folder).as_posix()


def _marked(folder: Path) -> set[str] | None:
    """Return the files that the marker of a folder lists; None without a marker of ours."""
    try:
        values = json.loads((folder / MARKER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(values, dict) or values.get("made_by") != MADE_BY or not isinstance(values.get("files"), list):
        return None
    return {name for name in values["files"] if isinstance(name, str)}
