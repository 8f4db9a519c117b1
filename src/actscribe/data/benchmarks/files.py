"""Finding a set's videos and lists, wherever below a folder they lie."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from pathlib import Path

from actscribe.annotations.text import lines
from actscribe.errors import ActScribeError
from actscribe.reading import read_text
from actscribe.video.endings import VIDEO_ENDINGS

#: More file names than this are counted, not listed.
MOST_NAMES = 8


class VideoIndex:
    """Every video below a folder by its file's stem; links are followed.

    Official lists and the files differ in case (`HandstandPushups/v_HandStandPushups_g01_c01.avi`) and in ending, since
    many users have converted the videos; so both are left out of the comparison.

    Args:
        root: the folder.
        exact: whether stems may differ in case alone.

    Raises:
        ActScribeError: no such folder.
    """

    def __init__(self, root: Path, exact: bool = False) -> None:
        if not root.is_dir():
            raise ActScribeError(f"{root}: no such folder of videos.")
        self._root, self._exact = root, exact
        self._paths: defaultdict[str, list[Path]] = defaultdict(list)
        for folder, folders, files in os.walk(root, followlinks=True):
            folders.sort()
            for file in sorted(files):
                stem, ending = os.path.splitext(file)  # noqa: PTH122 - a Path for each of 240,000 files is slow
                if ending.lower() in VIDEO_ENDINGS:
                    self._paths[self._key(stem)].append(Path(folder, file))

    def __len__(self) -> int:
        return sum(len(paths) for paths in self._paths.values())

    def find(self, stem: str, class_name: str) -> Path | None:
        """Return the video of a stem, or None; of several the one in the folder of its class.

        Raises:
            ActScribeError: several, and the folders do not tell which.
        """
        paths = self._paths.get(self._key(stem), [])
        if len(paths) > 1:
            inside = [
                path for path in paths if plain(class_name) in map(plain, path.relative_to(self._root).parts[:-1])
            ]
            if len(inside) != 1:
                raise ActScribeError(
                    f"{self._root}: {len(paths)} files could be {class_name}/{stem}: {paths[0]} and {paths[1]}.",
                    "Remove or move away the copies.",
                )
            return inside[0]
        return paths[0] if paths else None

    def _key(self, stem: str) -> str:
        return stem if self._exact else stem.casefold()


def plain(name: str) -> str:
    """Return a name's letters and digits in one case: `brush_hair`, `brush hair` and `BrushHair` are the same."""
    return re.sub(r"[\W_]", "", name).casefold()


def words(name: str) -> str:
    """Return a name as lower-case words: `ApplyEyeMakeup` and `apply_eye_makeup` are "apply eye makeup"."""
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    return " ".join(parted.replace("_", " ").split()).lower()


def find_list(folder: Path, names: tuple[str, ...], what: str) -> Path:
    """Return the first of `names` that lies in `folder` or one of its sub-folders.

    Raises:
        ActScribeError: none does; says what is there.
    """
    for name in names:
        candidates = [folder / name, *sorted(folder.glob(f"*/{name}"))]
        for path in candidates:
            if path.is_file():
                return path
    there = sorted(path.name for path in folder.glob("*.[tc][xs][tv]")) if folder.is_dir() else []
    shown = ", ".join(there[:MOST_NAMES]) + (f" and {len(there) - MOST_NAMES} more" if len(there) > MOST_NAMES else "")
    raise ActScribeError(
        f"{folder}: no {what}: expected {' or '.join(names)}, found {shown or 'no list at all'}.",
        "Unpack the official lists and give their folder.",
    )


def read_lines(path: Path) -> list[tuple[int, str]]:
    """Return the lines of a text file that say something, with their numbers from 1.

    Raises:
        ActScribeError: it is empty, or cannot be read as text.
    """
    return [(number, line.strip()) for number, line in enumerate(lines(read_text(path)), 1) if line.strip()]
