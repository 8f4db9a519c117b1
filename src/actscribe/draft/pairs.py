"""Which annotations belong to which video."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from actscribe.annotations.entry import NAMES_NONE, Entry, Index, NotOneVideo
from actscribe.annotations.interval import Annotations
from actscribe.data.folder import called_after, candidates
from actscribe.draft.sources import Sources
from actscribe.errors import ActScribeError

#: By a video: one who counts, and a second for agreement.
MOST_ANNOTATORS = 2

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Pair:
    """A video and what was annotated of it.

    Args:
        video: the file.
        files: none, one, or two by two annotators.
        annotations: read from these, in the same order.
    """

    video: Path
    files: tuple[Path, ...]
    annotations: tuple[Annotations, ...]


@dataclass(frozen=True, slots=True)
class Pairing:
    """All of them.

    Args:
        pairs: in the order of the videos.
        without_video: what annotation files call videos that were not found, each with the file.
        elsewhere: by file, the folders of what is called as a video is and yet may be of another one.
    """

    pairs: tuple[Pair, ...]
    without_video: tuple[tuple[Path, str], ...]
    elsewhere: dict[Path, tuple[str, ...]]


def pair(sources: Sources) -> Pairing:
    """Find the annotations of each video, by the one matching rule of `annotations.entry`.

    A file that names no video belongs to the one beside it that it is called after, else to the only one that it is
    called after in all folders, unless another such file is called so, too.

    Raises:
        ActScribeError: more than two files fit a video, a file that names no video is called after two, an entry that
            is damaged, or an entry that cannot be told from another.
    """
    called = _called_after(sources)
    pairs, used = [], set()
    elsewhere: dict[Path, set[str]] = {}
    indexes = [(file, Index(file.path, file.entries, sources.videos)) for file in sources.files]
    for video in sources.videos:
        fitting = [(file, _entry(index, video, called.get(file.path, ()), elsewhere)) for file, index in indexes]
        fits = [(file, entry) for file, entry in fitting if entry is not None]
        if len(fits) > MOST_ANNOTATORS:
            raise ActScribeError(
                f"{video}: {len(fits)} files could be its annotations: {', '.join(str(f.path) for f, _ in fits)}.",
                "Name only the files that are meant; a second annotator's may be among them.",
            )
        used |= {(file.path, entry.name) for file, entry in fits}
        pairs.append(Pair(video, tuple(file.path for file, _ in fits), tuple(entry.read() for _, entry in fits)))
    lost = [
        (file.path, entry.name or ", ".join(entry.media) or "a video that it does not name")
        for file in sources.files
        for entry in file.entries
        if (file.path, entry.name) not in used
    ]
    folders = {path: tuple(sorted(of_file)) for path, of_file in elsewhere.items()}
    return Pairing(tuple(pairs), tuple(dict.fromkeys(lost)), folders)


def _called_after(sources: Sources) -> dict[Path, list[Path]]:
    """Return the videos that annotation files are called after."""
    beside = dict(candidates(sources.videos))
    away = [file.path for file in sources.files if file.path not in beside]
    fits = {path: owners for path in away if len(owners := called_after(path, sources.videos)) == 1}
    rivals = Counter(owners[0] for owners in fits.values())
    return beside | {path: owners for path, owners in fits.items() if rivals[owners[0]] == 1}


def _entry(index: Index, video: Path, fits: Sequence[Path], elsewhere: dict[Path, set[str]]) -> Entry | None:
    """Return what a file holds of a video, or None; notes in `elsewhere` the folders in which its namesakes lie.

    Raises:
        ActScribeError: the file names no video and is called after several, of which this is one.
    """
    try:
        match = index.choose(str(video))
    except ActScribeError as error:
        if isinstance(error, NotOneVideo) and error.folders:
            elsewhere.setdefault(index.path, set()).update(error.folders)
        logger.debug("%s is not of %s: %s", index.path, video, error.message)
        return None
    if match.by != NAMES_NONE:
        return match.entry
    if video in fits and len(fits) > 1:
        raise ActScribeError(
            f"{index.path}: names no video, and could be annotations of {' and '.join(one.name for one in fits)}.",
            "Name the files that are meant, or move the others elsewhere. Of one recording in two formats, keep one.",
        )
    return match.entry if video in fits else None
