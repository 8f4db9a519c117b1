"""The files that cells of a manifest name, as the disk spells them."""

from __future__ import annotations

import os
from pathlib import Path

from actscribe.annotations.media import is_there
from actscribe.errors import ActScribeError
from actscribe.names import same_name
from actscribe.stored_path import real_path


def named_file(manifest: Path, where: str, column: str, cell: str, hint: str) -> Path:
    """Return the file that a cell names, looked for from the manifest's folder.

    Args:
        manifest: the file.
        where: the row, for messages.
        column: in which the cell stands.
        cell: not empty.
        hint: what to do where there is no such file.

    Raises:
        ActScribeError: there is none, or a folder.
    """
    file = _spelled(manifest.parent, cell)
    what = "annotation file" if column.startswith("annotations") else "video"
    if file.is_dir():
        raise ActScribeError(
            f"{where}: expected the path of a file in column '{column}', found a folder: {file}",
            f"Write a row for each recording, with the path of its {what}.",
        )
    if not file.is_file():
        raise ActScribeError(f"{where}: no such {what}: {file}", hint)
    return file


def _spelled(folder: Path, name: str) -> Path:
    """Return the file that a cell names as the disk spells it, where it has no such name but a single like one.

    Manifests travel: Windows and macOS take upper and lower case for one, and macOS writes accents in another way.
    """
    path = _without_detours(folder / name)
    if is_there(path):
        return path
    path = folder
    for part in Path(name).parts:
        child = path / part
        if part != ".." and path.is_dir() and not child.exists():
            like = [one for one in path.iterdir() if same_name(one.name) == same_name(part)]
            child = like[0] if len(like) == 1 else child
        path = child
    return _without_detours(path)


def _without_detours(path: Path) -> Path:
    """Return a path without its 'folder/..', unless a folder is a link, whose parent is another one."""
    short = Path(os.path.normpath(path))
    return short if ".." in path.parts and real_path(short) == real_path(path) else path
