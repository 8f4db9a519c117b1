"""Where the videos of a run are now: where they were, moved along with the run, or anywhere that the user names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import chain
from pathlib import Path

from actscribe.counts import counted
from actscribe.data.recording import Recording
from actscribe.errors import ActScribeError
from actscribe.file_cache import cached_digest
from actscribe.run_folder.listed import Listed
from actscribe.run_folder.run import Run
from actscribe.typed_words import typed
from actscribe.video.endings import VIDEO_ENDINGS

#: More videos than this are counted, not listed.
MOST_LISTED = 8


def located(
    run: Run, recordings: Iterable[Recording], videos: Sequence[Path] = (), needed: bool = True
) -> tuple[Recording, ...]:
    """Return recordings with the path at which each video lies now, proved by the digest of its content.

    Looked at are, in this order: its place seen from the run's folder; where it was; other files of these two folders,
    in case it was renamed; the folders of `videos` and all below them. Only files of its size are read.

    Args:
        run: whose recordings they are.
        recordings: of the run.
        videos: folders, or files, named by the user.
        needed: whether every video must be there; else those that are not found stay as they are.

    Raises:
        ActScribeError: a needed video is in none of these places; names each with its digest and where it was.
    """
    listed = {one.name: one for one in run.listed()}
    search = _Search(run.folder, videos)
    all_recordings: list[Recording] = []
    lost: list[str] = []
    for recording in recordings:
        video = search.find(listed[recording.name])
        if video is None:
            lost.append(search.what_is_wrong(listed[recording.name]))
        all_recordings.append(listed[recording.name].recording(video) if video else recording)
    if lost and needed:
        more = f"; and {len(lost) - MOST_LISTED} more" if len(lost) > MOST_LISTED else ""
        raise ActScribeError(
            f"{run.folder}: {counted(len(lost), 'video is not where it was', 'videos are not where they were')}:"
            f" {'; '.join(lost[:MOST_LISTED])}{more}.",
            f"Say in which folder to look, whatever the files are called now: actscribe evaluate"
            f" {typed(run.folder)} --videos DIR",
        )
    return tuple(all_recordings)


class _Search:
    """Looks for contents; each file is read once at most.

    Args:
        folder: of the run.
        videos: folders or files, named by the user.
    """

    def __init__(self, folder: Path, videos: Sequence[Path]) -> None:
        self.folder, self.videos = folder, videos
        for named in videos:
            if not named.exists():
                raise ActScribeError(f"{named}: no such folder.", "Name a folder that exists with --videos.")
        self._digests: dict[Path, str] = {}

    @cached_property
    def named(self) -> list[Path]:
        """Every file in the places that the user named."""
        return [path for named in self.videos for path in _below(named)]

    def find(self, wanted: Listed) -> Path | None:
        """Return a file with the content of a recording's video, or None."""
        places = wanted.video.options(self.folder)
        for path in places:
            if self._is_it(path, wanted):
                return path
        near = (path for named in places for path in _videos_in(named.parent))
        for path in chain(near, self._all_named()):
            if _size(path) == wanted.size and self._is_it(path, wanted):
                return path
        return None

    def _all_named(self) -> Iterator[Path]:
        yield from self.named  # listed only when it comes to that

    def what_is_wrong(self, wanted: Listed) -> str:
        """Return words on a recording whose video was not found."""
        there = [path for path in wanted.video.options(self.folder) if path.is_file()]
        if there:
            return f"{there[0]} of '{wanted.name}' is not the file the run was made with (content {wanted.content})"
        return f"'{wanted.name}' (content {wanted.content}) was {wanted.video.was}"

    def _is_it(self, path: Path, wanted: Listed) -> bool:
        if not path.is_file():
            return False
        if path not in self._digests:
            self._digests[path] = cached_digest(path)
        return self._digests[path] == wanted.content


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None


def _videos_in(folder: Path) -> Iterator[Path]:
    try:
        yield from sorted(path for path in folder.iterdir() if path.suffix.lower() in VIDEO_ENDINGS and path.is_file())
    except OSError:  # gone, or not ours to read
        return


def _below(named: Path) -> Iterator[Path]:
    yield from (named,) if named.is_file() else sorted(path for path in named.rglob("*") if path.is_file())
