"""A folder as a study: which videos lie in it, which annotation file belongs to each, and what is not used."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from actscribe.annotations import FORMATS
from actscribe.errors import ActScribeError
from actscribe.journal import JOURNAL_FILE
from actscribe.names import same_name
from actscribe.stored_path import real_path
from actscribe.video.endings import VIDEO_ENDINGS

#: What other programs call files of the same formats.
_FOREIGN_ENDINGS = (".tsv", ".xlsx", ".json", ".srt")
#: What may follow a video's name in the name of its annotations; the longest that fits counts.
ANNOTATION_ENDINGS = tuple(
    sorted({form.ending.casefold() for form in FORMATS.values()} | {*_FOREIGN_ENDINGS}, key=lambda e: (-len(e), e))
)
#: Folders that hold one of these were written by this program, and so was every video in them.
_OWN = ("run.json", "provenance.json", "made-by-actscribe.json", JOURNAL_FILE.name)
#: What file managers leave behind; names that begin with a dot too, such as macOS's '._a.mp4' on other disks.
_CLUTTER = {"thumbs.db", "desktop.ini", "ehthumbs.db"}
#: Of a study that lies in the folder itself.
_STUDY = {"study.yaml", "labels.yaml", "manifest.csv"}


def list_videos(folder: Path, lost: bool = False) -> list[Path]:
    """Return the videos in a folder and the folders in it, sorted; hidden ones and our own output are passed over.

    Links to folders elsewhere are followed, but none to this folder, into it or above it; no folder is looked through
    twice.

    Args:
        folder: looked through.
        lost: also what is no file but called like a video, such as links of a data set that was not fetched, and
            folders that cannot be looked into: whoever opens one says what is wrong with it.
    """
    unseen: list[Path] | None = [] if lost else None
    return sorted([*filter(is_video, _files(folder, unseen)), *(unseen or ())])


def list_files(folder: Path) -> list[Path]:
    """Return all files in a folder and the folders in it, sorted; hidden ones and our own output are passed over."""
    return sorted(path for path in _files(folder) if _is_shown(path))


def is_video(path: Path) -> bool:
    """Tell whether a file has a video's ending and is not hidden."""
    return path.suffix.casefold() in VIDEO_ENDINGS and not path.name.startswith(".")


def annotations_of(videos: Iterable[Path]) -> dict[Path, Path]:
    """Return the annotation file beside each video that has one.

    It is called as the video is, with or without the video's own ending, and then as an annotation format is; upper
    and lower case are the same, and so are the two ways to write an accent.

    Raises:
        ActScribeError: two files could be a video's annotations, or a file could be those of two videos.
    """
    by_video: dict[Path, Path] = {}
    for path, owners in candidates(videos):
        if len(owners) > 1:
            names = " and ".join(video.name for video in owners)
            raise ActScribeError(
                f"{path}: could be annotations of {names}.",
                "Write a manifest that says which, or move one of the videos elsewhere.",
            )
        first = by_video.setdefault(owners[0], path)
        if first != path:
            raise ActScribeError(
                f"{owners[0]}: {first.name} and {path.name} could both be its annotations.",
                "Write a manifest that says which, or move one of them elsewhere.",
            )
    return by_video


def candidates(videos: Iterable[Path]) -> Iterator[tuple[Path, list[Path]]]:
    """Yield each file that by its name could be annotations of a video beside it, with the videos that it fits."""
    by_folder: dict[Path, list[Path]] = defaultdict(list)
    for video in videos:
        by_folder[video.parent].append(video)
    for folder, held in by_folder.items():
        by_name = _by_name(held)
        for path in _in(folder):
            owners = set() if path in held or not _is_shown(path) else _owners(path, by_name)
            if owners:
                yield path, sorted(owners)


def called_after(path: Path, videos: Iterable[Path]) -> list[Path]:
    """Return the videos, in whatever folder, of which a file could be annotations by its name."""
    return sorted(_owners(path, _by_name(videos)))


def unused(folders: Iterable[Path], used: Iterable[Path]) -> list[Path]:
    """Return the files in folders (not in those below them) that are neither used, hidden, nor of a study itself."""
    known = {real_path(path) for path in used}
    beside = [path for folder in sorted(set(folders)) for path in _in(folder)]
    return [
        path
        for path in beside
        if _is_shown(path) and path.name.casefold() not in _STUDY and real_path(path) not in known
    ]


def _by_name(videos: Iterable[Path]) -> dict[str, set[Path]]:
    by_name: dict[str, set[Path]] = defaultdict(set)
    for video in videos:
        by_name[same_name(video.stem)].add(video)
        by_name[same_name(video.name)].add(video)
    return by_name


def _owners(path: Path, by_name: dict[str, set[Path]]) -> set[Path]:
    name = same_name(path.name)
    owners: set[Path] = set()
    for ending in ANNOTATION_ENDINGS:
        if name.endswith(ending):
            owners |= by_name.get(name.removesuffix(ending), set())
    return owners


def _files(folder: Path, unseen: list[Path] | None = None) -> Iterable[Path]:
    """Yield the files below a folder.

    Args:
        folder: looked through.
        unseen: is given the folders below it that cannot be read, and then all that is no folder is yielded, whether it
            is a file or not; None: such a folder is refused.
    """

    def fail(error: OSError) -> None:
        if unseen is None or Path(error.filename) == folder:
            raise _unreadable(error) from error
        unseen.append(Path(error.filename))

    root, known = real_path(folder), set[tuple[int, int]]()
    for parent, folders, files in os.walk(folder, onerror=fail, followlinks=True):
        own = Path(parent) != folder and any(name in files for name in _OWN)
        shown = [] if own else sorted(name for name in folders if not name.startswith("."))
        folders[:] = [name for name in shown if _is_new(Path(parent) / name, root, known)]
        if not own:
            for path in (Path(parent) / name for name in files):
                if unseen is not None or path.is_file():
                    yield path


def _is_new(folder: Path, root: Path, known: set[tuple[int, int]]) -> bool:
    """Tell whether a folder is to be looked through: none is twice, and a link must lead away from `root`.

    Args:
        folder: a folder, or a link to one.
        root: what is looked through, without links.
        known: folders that were looked through, by their place on the disk; this one is added.
    """
    try:
        target, state = real_path(folder) if folder.is_symlink() else None, folder.stat()
    except OSError:  # looking through it fails, too
        return True
    if target is not None and (target.is_relative_to(root) or root.is_relative_to(target)):
        return False
    if (state.st_dev, state.st_ino) in known:
        return False
    known.add((state.st_dev, state.st_ino))
    return True


def _is_shown(path: Path) -> bool:
    return path.is_file() and not path.name.startswith((".", "~$")) and path.name.casefold() not in _CLUTTER


def _in(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        raise _unreadable(error) from error


def _unreadable(error: OSError) -> ActScribeError:
    return ActScribeError(f"{error.filename}: this folder cannot be read: {error.strerror}.")
