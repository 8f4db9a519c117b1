"""How far an archive is, and whether what it wrote is still there, as any machine that sees its folder can tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from actscribe.archive.claims import Claims
from actscribe.archive.folder import STATE, Archive, State
from actscribe.archive.listing import Video
from actscribe.files import content_hash, explain_os_error

#: Records from whose times the pace is told: the newest ones (ours).
PACE = 200
#: Between two records nobody was at work if it took this many times as long as usual, and as many seconds (ours).
PAUSE, PAUSE_S = 20, 600.0
#: What became of a file.
_State = Literal["same", "changed", "gone", "unread"]


@dataclass(frozen=True, slots=True)
class Status:
    """How far an archive is.

    Args:
        videos, done, failed: how many.
        working: videos that somebody is at, as far as it is known: see `Claims.at_work`.
        left_s: seconds until the rest is done at the pace of the last ones, by all processes together; None: unknown,
            or nobody is at work.
        reasons: why videos failed -> how many.
    """

    videos: int
    done: int
    failed: int
    working: int
    left_s: float | None
    reasons: dict[str, int]


@dataclass(frozen=True, slots=True)
class Verified:
    """What became of the files of an archive.

    Args:
        files: that were to be looked at.
        whole: how many are as they were written.
        changed: files that are not as they were written, by their paths from the archive's folder.
        gone: files that are not there; their videos are done again by the next call, unless another file of the same
            video was changed, which would be written over.
        unreadable: videos whose record is damaged; the next call looks at them again.
        unread: files and records that the system does not give now, a network's for instance; nothing follows from it.
        unnoted: why what is gone or damaged does not count as not done; empty where it does.
    """

    files: int
    whole: int
    changed: tuple[str, ...]
    gone: tuple[str, ...]
    unreadable: tuple[str, ...]
    unread: tuple[str, ...]
    unnoted: str


def status(archive: Archive) -> Status:
    """Return how far an archive is; only records of failures are opened."""
    videos = archive.videos()
    states = archive.states(videos)
    done, failed = states.count("done"), states.count("failed")
    keys = {one.key for one in videos}
    working = sum(name in keys for name in Claims(archive.claims()).at_work())
    left = len(videos) - done - failed
    pace = _pace(archive.newest()[-PACE:]) if working else None
    left_s = pace * left if pace is not None else None
    return Status(len(videos), done, failed, working, left_s, reasons(archive, videos, states))


def reasons(archive: Archive, videos: Sequence[Video], states: Sequence[State]) -> dict[str, int]:
    """Return why those of the videos failed that did -> how many."""
    records = [archive.failed(one) for one, state in zip(videos, states, strict=True) if state == "failed"]
    return dict(Counter(one.reason for one in records if one is not None))


def verify(archive: Archive) -> Verified:
    """Compare every file that was written with its digest; a video of which one is gone counts as not done any more.

    One that was changed, by a person perhaps, is left as it is, and so are the others of its video.
    """
    files, whole, changed, gone, unreadable, unread = 0, 0, [], [], [], []
    again: list[tuple[Video, dict[str, str]]] = []
    strangers: list[Video] = []
    for video in archive.videos():
        if not archive.is_done(video):
            continue
        record = archive.done(video)
        if record is None and not archive.gives_record(video):
            unread.append(video.name)
            continue
        if record is None:  # of whatever lies at its stem nobody knows any more whether a person changed it
            unreadable.append(video.name)
            strangers.append(video)
            continue
        files += len(record.files)
        became: dict[_State, list[str]] = {"same": [], "changed": [], "gone": [], "unread": []}
        for name, digest in record.files.items():
            became[_state(archive.folder / name, digest)].append(name)
        whole += len(became["same"])
        changed += became["changed"]
        gone += became["gone"]
        unread += became["unread"]
        if became["gone"] and not became["changed"] and not became["unread"]:
            again.append((video, {name: record.files[name] for name in became["same"]}))
    unnoted = _note(archive, again, strangers)
    return Verified(files, whole, tuple(changed), tuple(gone), tuple(unreadable), tuple(unread), unnoted)


def _state(path: Path, digest: str) -> _State:
    try:
        return "same" if content_hash(path) == digest else "changed"
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return "gone"
    except OSError:  # a stale handle of NFS, a disk that fails: whether it is there is not known
        return "unread"


def _note(archive: Archive, again: Iterable[tuple[Video, dict[str, str]]], strangers: Iterable[Video]) -> str:
    """Let videos count as not done, and return why that is not possible; "" where it is.

    Args:
        archive: that they belong to.
        again: of which what is left is ours, and may be written again: path -> digest of what that is.
        strangers: of whose files nobody knows whose they are.
    """
    try:
        for video, left in again:
            archive.note_begun(video)
            for name, digest in left.items():
                archive.note_written(video, archive.folder / name, digest)
            archive.forget(video)
        for video in strangers:
            archive.forget(video)
    except OSError as error:
        return explain_os_error(error, archive.folder / STATE).message
    return ""


def _pace(times: list[float]) -> float | None:
    """Return seconds from one record to the next since the last pause, by the clock of the file system they lie on."""
    gaps = np.diff(times)
    if not len(gaps):
        return None
    pauses = np.flatnonzero(gaps > max(PAUSE_S, PAUSE * float(np.median(gaps))))
    since = gaps[pauses[-1] + 1 :] if len(pauses) else gaps
    return float(np.mean(since)) if len(since) else None
