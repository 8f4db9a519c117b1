"""The video that an annotation file is about, where it is at hand: when its frames are shown."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from actscribe import annotations as annotation_files
from actscribe.annotations.entry import Entry, choose
from actscribe.annotations.media import is_there, resolved
from actscribe.data.folder import called_after, is_video
from actscribe.stored_path import real_path
from actscribe.video.frame_times import frame_clock

#: Names of videos are read by it, of formats whose times need a clock; times are not.
_ANY = annotation_files.FrameClock(1.0)


def clock_of(path: Path, video: str | None = None) -> annotation_files.FrameClock | None:
    """Return the clock that an annotation file which counts frames is read with, see `video_clock`; None of others."""
    return video_clock(path, video) if annotation_files.counts_frames(path) else None


def video_clock(path: Path, video: str | None = None) -> annotation_files.FrameClock | None:
    """Return when the frames of the video that an annotation file is about are shown; None where it is not at hand.

    It is the one that the file names (see `media.resolved`), or, where it names none, the one video beside the file
    after which it is called.

    Args:
        path: of the annotation file.
        video: which one, where the file holds several, as for `annotations.read`.

    Raises:
        ActScribeError: the file or the video cannot be read, or `video` is not in the file.
    """
    entries = annotation_files.entries(path, _ANY)
    entries = entries if video is None else [choose(path, entries, video).entry]
    videos = dict.fromkeys(_of_entry(path, entry) for entry in entries)
    film = next(iter(videos)) if len(videos) == 1 else None
    return None if film is None else frame_clock(film)


def _of_entry(path: Path, entry: Entry) -> Path | None:
    """Return the first of an entry's videos that is at hand: cameras side by side show the same time."""
    if not entry.media:
        beside = called_after(path, _videos_in(path.absolute().parent))
        return real_path(beside[0]) if len(beside) == 1 else None
    videos = (Path(name) for name in resolved(path, entry.media))
    return next((real_path(one) for one in videos if is_video(one) and is_there(one)), None)


def _videos_in(folder: Path) -> Iterable[Path]:
    return (path for path in folder.iterdir() if is_video(path) and path.is_file())
