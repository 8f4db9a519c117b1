"""How well two spellings of a video's name agree; the rule is that of `entry`."""

from __future__ import annotations

import posixpath
import re
import unicodedata
from collections.abc import Iterable
from itertools import takewhile
from pathlib import Path, PurePosixPath
from typing import NamedTuple
from urllib.parse import unquote


class Fit(NamedTuple):
    """How well two spellings of a name agree: the larger, the better; `kind` 0: not at all.

    Args:
        kind: 5 one file or one text, 3 file name, 2 file name without an ending, 1 with another ending.
        agreeing: folders that are the same, from the file upwards.
        folders_agree: no folder is contrary.
        literal: case and Unicode form are the same too.
    """

    kind: int
    agreeing: int = 0
    folders_agree: bool = False
    literal: bool = False


NO_FIT = Fit(0)
NAMED = 5


def is_there(path: Path) -> bool:
    """Tell whether a path is that of a file; what cannot be a path, too long a name for instance, is not."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


class Wanted:
    """A video that is wanted for, in each of its spellings."""

    def __init__(self, video: str, path: Path) -> None:
        self.video, self._folder = video, path.absolute().parent
        self.file = Path(video) if video and is_there(Path(video)) else None
        # Absolute but not resolved: a link has the video's name, what it points to need not.
        self.spelled = str(self.file.absolute()) if self.file else video

    def fit(self, name: str) -> Fit:
        """Tell how well a name in the file fits the video."""
        if name == self.video or (self.file and _is_same_file(self._folder / name, self.file)):
            return Fit(NAMED, folders_agree=True, literal=True)
        if self.file and self._is_beside(name):
            return NO_FIT
        return max(name_fit(self.spelled, spelled) for spelled in {name, unquote(name)})

    def is_foreign(self, names: Iterable[str]) -> bool:
        """Tell whether a name and the video's are absolute, so that their folders may be those of two machines."""
        ours = parts_of(self.spelled)
        return _is_absolute(ours) and any(_is_absolute(parts_of(name)) for name in names)

    def is_another(self, name: str) -> bool:
        """Tell whether a name leads to another file, from the annotation file or a folder above the video."""
        if self.file is None:
            return False
        folders = (self._folder, *self.file.absolute().parents)
        files = [folder / name.replace("\\", "/") for folder in folders]
        return any(is_there(file) and not _is_same_file(file, self.file) for file in files)

    def _is_beside(self, name: str) -> bool:
        """Tell whether a name is that of another file in the video's folder, such as a.avi beside a.mp4."""
        if self.file is None:
            return False
        beside = self.file.parent / PurePosixPath(name.replace("\\", "/")).name
        return is_there(beside) and not _is_same_file(beside, self.file)


def name_fit(video: str, spelled: str) -> Fit:
    """Tell how well two spellings agree, without a look at any file."""
    ours, theirs = parts_of(video), parts_of(spelled)
    if not ours.name or not theirs.name:
        return NO_FIT
    (our_stem, our_ending), (stem, ending) = stem_and_ending(ours.name), stem_and_ending(theirs.name)
    if our_stem != stem:
        return NO_FIT
    kind = 3 if our_ending == ending else 1 if our_ending and ending else 2
    pairs = list(zip(reversed(ours.parent.parts), reversed(theirs.parent.parts), strict=False))
    agreeing = len(list(takewhile(lambda pair: pair[0] == pair[1], pairs)))
    is_literal = PurePosixPath(video.replace("\\", "/")).name == PurePosixPath(spelled.replace("\\", "/")).name
    return Fit(kind, agreeing, agreeing == len(pairs), is_literal)


def normal(name: str) -> str:
    """Return a name as it is compared: without case and in one Unicode form."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name.strip()).casefold())


def parts_of(name: str) -> PurePosixPath:
    """Return a path with slashes, without case and without steps up that lead out of what it names."""
    tidy = posixpath.normpath(normal(name).replace("\\", "/")) if name.strip() else ""
    while tidy.startswith("../"):
        tidy = tidy[3:]
    return PurePosixPath("" if tidy in (".", "..") else tidy)


def stem_and_ending(name: str) -> tuple[str, str]:
    """Return a file name without its ending, and the ending; 'P1.2' has none."""
    stem = re.sub(r"\.(?=\w*[a-z])\w{2,4}$", "", name)
    return stem, name[len(stem) :]


def stems(name: str) -> set[str]:
    """Return what file names have to agree in, of a name as it stands and of one whose percent signs are a URL's."""
    return {stem_and_ending(parts_of(spelled).name)[0] for spelled in {name, unquote(name)}}


def identity(path: Path) -> tuple[int, int] | None:
    """Return what two paths of one file have in common; None where there is no such file."""
    try:
        state = path.stat()
    except (OSError, ValueError):
        return None
    return state.st_dev, state.st_ino


def _is_absolute(path: PurePosixPath) -> bool:
    return bool(path.parts) and (path.parts[0].startswith("/") or path.parts[0].endswith(":"))


def _is_same_file(name: Path, video: Path | None) -> bool:
    try:
        return video is not None and name.samefile(video)
    except (OSError, ValueError):
        return False
