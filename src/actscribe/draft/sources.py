"""What lies in the files and folders that a draft is made from: videos, annotation files, and what is neither."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from actscribe import annotations as annotation_files
from actscribe.annotations import table
from actscribe.annotations.entry import Entry
from actscribe.annotations.media import is_there, resolved
from actscribe.data.folder import candidates, is_video, list_files
from actscribe.errors import ActScribeError
from actscribe.reading import read_text
from actscribe.stored_path import real_path
from actscribe.video.frame_times import frame_clock

#: Of files that may be a table of trimmed videos.
_TABLES = (".csv", ".tsv", ".txt")


@dataclass(frozen=True, slots=True)
class AnnotationFile:
    """One annotation file.

    Args:
        path: of the file.
        entries: the videos or observations that it holds.
    """

    path: Path
    entries: tuple[Entry, ...]


@dataclass(slots=True)
class Sources:
    """What was found.

    Args:
        videos: in the order of their names.
        files: annotation files that can be read.
        unreadable: why annotation files that only lie in a folder are not used.
        others: files that are neither.
    """

    videos: list[Path] = field(default_factory=list)
    files: list[AnnotationFile] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    others: list[Path] = field(default_factory=list)


def gather(paths: Sequence[Path], tiers: Sequence[str] = ()) -> Sources:
    """Read files, and all that lies in folders; videos that annotation files name are looked for where they say.

    A file that was named and cannot be read is an error; one that only lies in a folder is passed over, with the
    reason.

    Args:
        paths: annotation files, videos, and folders of both.
        tiers: patterns of the tiers to read, see `annotations.read`.

    Raises:
        ActScribeError: a path that is not there, or a named file that is neither a video nor annotations.
    """
    named, lying = [], []
    for path in paths:
        if path.is_dir():
            lying += list_files(path)
        elif path.is_file():
            named.append(path)
        else:
            raise ActScribeError(f"{path}: no such file or folder.", "Name annotation files, videos, or their folders.")
    sources = Sources()
    every = _once([*named, *lying])
    videos = [path for path in every if is_video(path)]
    known = set(map(real_path, named))
    for path in every:
        if path not in videos:
            _add(sources, path, videos, tiers, real_path(path) in known)
    sources.videos = sorted(_once([*videos, *_media(sources.files)]))
    return sources


def is_of_trimmed(path: Path) -> bool:
    """Tell whether a file is a table of videos with a label each, without annotation files."""
    if path.suffix.casefold() not in _TABLES:
        return False
    try:
        listing = table.find_table(path, read_text(path), lambda names: {"video", "label"} <= set(names))
    except ActScribeError:
        return False
    return listing is not None and "annotations" not in listing.names


def _add(sources: Sources, path: Path, videos: Sequence[Path], tiers: Sequence[str], is_named: bool) -> None:
    try:
        annotation_files.detect(path)
    except ActScribeError:
        if is_named and not is_of_trimmed(path):
            raise
        sources.others.append(path)
        return
    try:
        entries = annotation_files.entries(path, _clock(path, videos), tiers)
    except ActScribeError as error:
        if is_named:
            raise
        sources.unreadable.append(error.message)
        return
    sources.files.append(AnnotationFile(path, tuple(entries)))


def _clock(path: Path, videos: Sequence[Path]) -> annotation_files.FrameClock | None:
    """Return when frames are shown of the one video beside a file that counts frames and is called like it, if any."""
    if not annotation_files.counts_frames(path):
        return None
    beside = [video for video in videos if video.parent == path.parent]
    owners = next((owners for one, owners in candidates(beside) if one == path), [])
    return frame_clock(owners[0]) if len(owners) == 1 else None


def _media(files: Iterable[AnnotationFile]) -> list[Path]:
    """Return the videos that lie where annotation files say."""
    names = [name for file in files for entry in file.entries for name in resolved(file.path, entry.media)]
    return [Path(name) for name in names if is_video(Path(name)) and is_there(Path(name)) and Path(name).is_absolute()]


def _once(paths: Iterable[Path]) -> list[Path]:
    return list({real_path(path): path for path in reversed(list(paths))}.values())[::-1]
