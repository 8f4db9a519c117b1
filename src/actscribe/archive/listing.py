"""Which videos an archive is of, told from names, sizes and times alone: nothing is opened."""

from __future__ import annotations

import hashlib
import os
import stat
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path, PurePath, PurePosixPath
from typing import Any

from actscribe.annotations.formats import FORMATS
from actscribe.annotations.table import find_table
from actscribe.data.folder import is_video, list_videos
from actscribe.data.moments import moments_in
from actscribe.errors import ActScribeError
from actscribe.names import printable, safe_name, same_name, spelled
from actscribe.reading import read_text
from actscribe.stored_path import absolute_path
from actscribe.typed_words import typed
from actscribe.video.endings import VIDEO_ENDINGS

#: Hex digits of a key that tell names apart, and of its rest, that tells states of one file apart.
NAME_DIGITS, STATE_DIGITS = 16, 16
#: Types of a video's fields in JSON.
_STORED = [str, str, str, int, str, list]
#: A name as it is listed, the file, and its moments.
_Named = tuple[str, Path, tuple[tuple[str, float], ...]]


@dataclass(frozen=True, slots=True)
class Video:
    """One file of an archive.

    Args:
        key: digest of its name, then one of its size and time of last change: a file that changes is another one.
        name: from the folder or as the list spells it, with `/`, see `names.spelled`: every table can hold it.
        path: of the file, absolute: whoever does it may work in another folder.
        bytes: its size; 0 where no file is there.
        stem: of its timelines, from the archive's folder of timelines, with `/` and without ending.
        moments: (column of the list, seconds of the video) that indicators count from; with others it is another one.
    """

    key: str
    name: str
    path: str
    bytes: int
    stem: str
    moments: tuple[tuple[str, float], ...] = ()


def list_archive(source: Path, columns: Sequence[str] = ()) -> list[Video]:
    """Return the videos of a folder and all below it, or those in the column `video` of a table, longest first.

    How long they are is told by their bytes (ours): to learn the seconds, each would have to be opened. A file that a
    table names and that is not there is listed too, and fails when its turn comes.

    Args:
        source: the folder or the table.
        columns: of the table, that hold moments of which each video may have one.

    Raises:
        ActScribeError: neither a folder nor a table, no video in it, or one that is named twice, or a moment that is
            not a time (line named).
    """
    named: list[_Named]
    if source.is_dir():
        named = [(path.relative_to(source).as_posix(), path, ()) for path in list_videos(source, lost=True)]
        if not named:
            known = ", ".join(sorted(VIDEO_ENDINGS))
            raise ActScribeError(f"{source}: no video in this folder or below it; known endings: {known}.")
    else:
        named = _listed(source, columns)
    videos = [_video(*one) for one in named]
    return sorted(_with_stems(videos), key=lambda one: (-one.bytes, one.name))


def shard(videos: Sequence[Video], number: int, count: int) -> list[Video]:
    """Return the part of a list that is one of `count` shards' work: every `count`-th, so that all get long ones.

    Args:
        videos: longest first.
        number: of the shard, from 1.
        count: of all shards.
    """
    return list(videos[number - 1 :: count])


def video_stored(video: Video) -> list[Any]:
    """Return a video as JSON keeps it."""
    return list(asdict(video).values())


def video_back(stored: Any) -> Video:
    """Return a video that JSON kept.

    Raises:
        ValueError: it is none.
    """
    if not isinstance(stored, list) or list(map(type, stored)) != _STORED:
        raise ValueError("not a video of an archive")
    key, name, path, size, stem, moments = stored
    return Video(key, name, path, size, stem, tuple((str(column), float(seconds)) for column, seconds in moments))


def _listed(source: Path, columns: Sequence[str]) -> list[_Named]:
    if not source.is_file():
        raise ActScribeError(
            f"{source}: neither a folder of videos nor a table that lists them.",
            "Name a folder, or a .csv with a column 'video'.",
        )
    if is_video(source):
        raise ActScribeError(
            f"{source}: is one video; an archive is a folder of videos, or a table that lists them.",
            f"Name its folder, or annotate it alone: actscribe annotate {typed(source)} --run RUN",
        )
    table = find_table(source, read_text(source), lambda names: "video" in names)
    if table is None:
        raise ActScribeError(f"{source}: has no column 'video'.", "Write 'video' into its first line.")
    header = [cell.strip().casefold() for cell in table.header.cells]
    if header.count("video") > 1:
        raise ActScribeError(f"{table.header.at(source)}: has the column 'video' twice.", "Rename one of them.")
    column = header.index("video")
    spelled_header = [cell.strip() for cell in table.header.cells]
    lines: dict[str, int] = {}
    listed: list[_Named] = []
    for row in table.body:
        name = row.cell(column).strip()
        if not name:
            continue
        first = lines.setdefault(PurePath(name).as_posix(), row.line)
        if first != row.line:
            raise ActScribeError(f"{row.at(source)}: this video is in line {first} already: {name}", "Remove one.")
        cells = {title: row.cell(index) for index, title in enumerate(spelled_header)}
        posix = PurePath(name).as_posix()
        listed.append((posix, source.parent / posix, moments_in(cells, columns, row.at(source), name)))
    if not listed:
        raise ActScribeError(f"{source}: lists no video.", "Write one in each line below 'video'.")
    return listed


def _video(name: str, path: Path, moments: tuple[tuple[str, float], ...]) -> Video:
    try:
        state = path.stat()
        size, changed = state.st_size * stat.S_ISREG(state.st_mode), state.st_mtime_ns
    except OSError:  # said when its turn comes
        size, changed = 0, 0
    key = _digest(NAME_DIGITS, name) + _digest(STATE_DIGITS, size, changed, *(part for one in moments for part in one))
    return Video(key, spelled(name), str(absolute_path(path)), size, _stem(printable(name)), moments)


def _digest(digits: int, *parts: object) -> str:
    return hashlib.blake2b(os.fsencode("\n".join(map(str, parts))), digest_size=digits // 2).hexdigest()


def _stem(name: str) -> str:
    path = PurePath(name)
    folders = [part for part in path.parts[:-1] if part not in (path.anchor, "..", ".")]
    return "/".join(safe_name(part) for part in (*folders, path.stem))


def _with_stems(videos: Iterable[Video]) -> list[Video]:
    """Return videos of which no two write one file: where two would, a digest of the name tells them apart.

    In any formats: a.mp4 as VIA's project and a.via.mp4 as our own JSON would both be a.via.json. Nor does one write a
    file where another has a folder: a.mp4 and a.json/b.mp4.
    """
    videos = list(videos)
    counts = Counter(name for one in videos for name in _files(one.stem))
    inner = {PurePosixPath(folder) for folder in {one.stem.rpartition("/")[0] for one in videos}}
    folders = {same_name(str(folder)) for one in inner for folder in (one, *one.parents)}
    return [
        one
        if all(counts[name] == 1 and name not in folders for name in _files(one.stem))
        else replace(one, stem=f"{one.stem}-{one.key[:8]}")
        for one in videos
    ]


def _files(stem: str) -> set[str]:
    """Return what timelines may be called, as systems see it that do not tell upper from lower case."""
    return {same_name(f"{stem}{form.ending}") for form in FORMATS.values()}
