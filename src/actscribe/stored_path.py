"""Where a file or folder lies, written so that it is found again after everything was moved together."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict


class StoredPath(BaseModel):
    """A path as a file of ours notes it.

    Args:
        beside: from the folder of the file that notes it, with `/`; empty where there is no such way (another drive).
        was: the whole path at that time.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    beside: str
    was: str

    @classmethod
    def of(cls, path: Path, folder: Path) -> StoredPath:
        """Return the place of `path` as a file in `folder` notes it; neither needs to exist."""
        path, folder = absolute_path(path), absolute_path(folder)
        return cls(beside=_way(path, folder), was=str(path))

    def options(self, folder: Path) -> tuple[Path, ...]:
        """Return where it may be now that the file that notes it lies in `folder`, the likelier path first."""
        beside = [absolute_path(start / self.beside) for start in (folder, real_path(folder)) if self.beside]
        return tuple(dict.fromkeys((*beside, Path(self.was))))

    def find(self, folder: Path, holding: str = "") -> Path:
        """Return the first of `options` at which something lies, with a file or folder `holding` in it, else `was`."""
        return next((path for path in self.options(folder) if (path / holding).exists()), Path(self.was))


def real_path(path: Path) -> Path:
    """Return the absolute path with all links followed; a link that leads to itself stays, to be refused when opened.

    `Path.resolve` raises RuntimeError for such a link.
    """
    return Path(os.path.realpath(path))


def absolute_path(path: Path) -> Path:
    """Return the path from the root on, without `..`; links on the way stay links."""
    return Path(os.path.abspath(path))  # noqa: PTH100 - links on the way stay links, so that they may move along


def _way(path: Path, folder: Path) -> str:
    """Return the way from a folder to a path as the system walks it: `..` leaves the target of a link, not the link."""
    try:
        way = os.path.relpath(path, folder)
        if path.exists() and not (folder / way).exists():
            way = os.path.relpath(real_path(path.parent) / path.name, real_path(folder))
    except ValueError:  # another drive (Windows)
        return ""
    return Path(way).as_posix()
