"""One video of an archive, done exactly once however often and wherever it is begun."""

from __future__ import annotations

import socket
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Protocol

from actscribe.annotations.formats import FORMATS
from actscribe.archive.claims import Claims
from actscribe.archive.folder import STATE, Archive
from actscribe.archive.listing import Video
from actscribe.archive.record import Done, Failed, LabelSummary
from actscribe.counts import counted
from actscribe.errors import TRACEBACK, ActScribeError, in_one_line
from actscribe.files import content_hash, disk_is_full, explain_os_error, noting
from actscribe.names import printable, spelled

#: How an attempt ended. "taken": another process is at it; "stopped": nothing can be written any more.
How = Literal["done", "failed", "taken", "stopped"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt at a video ended.

    Args:
        key: of the video.
        how: see `How`.
        seconds: that it took.
        sentence: why it failed or stopped.
    """

    key: str
    how: How
    seconds: float = 0.0
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class Made:
    """What was made of a video.

    Args:
        files: that were written.
        duration_s: of the video, in seconds.
        labels: name -> what the timeline says of it.
        indicators: see `record.Done`.
    """

    files: tuple[Path, ...]
    duration_s: float
    labels: dict[str, LabelSummary]
    indicators: tuple[dict[str, Any], ...] = ()


class Prepared(Protocol):
    """A video that was read once, and what is to be made of it."""

    @property
    def task(self) -> str:
        """Digest of content, run and settings."""
        ...

    @property
    def content(self) -> str:
        """Digest of the video's bytes."""
        ...

    @property
    def targets(self) -> tuple[Path, ...]:
        """The files that will be written."""
        ...

    def make(self) -> Made:
        """Score and write; the same video gives the same bytes wherever it is done."""
        ...

    def measured_again(self, before: Done) -> tuple[dict[str, Any], ...]:
        """Return the indicators of a timeline that was written before, by the moments of now; nothing is written."""
        ...


@dataclass(frozen=True, slots=True)
class Work:
    """What is done with videos.

    Args:
        open: reads a video once; raises ActScribeError where that cannot be done.
        score: takes several that were opened and scores them in one pass, so that each one's `make` has less to do; one
            that cannot be scored so is left for its own turn. It may raise anything, and then nothing is lost but time.
        begin: is told what will be opened, and in which order, so that it can be read meanwhile.
    """

    open: Callable[[Video], Prepared]
    score: Callable[[Sequence[Any]], None]
    begin: Callable[[Sequence[Video]], None] = lambda videos: None


def attempt_all(
    archive: Archive, claims: Claims, videos: Sequence[Video], work: Work, then: Sequence[Video] = ()
) -> list[Outcome]:
    """Do videos one after the other, as `attempt` does; several are scored together first.

    Args:
        archive, claims, work: as in `attempt`.
        videos: to do, at least one.
        then: that will probably come next.
    """
    with suppress(OSError):  # a disk that does not answer is told of in a video's own turn
        work.begin([video for video in (*videos, *then) if not archive.is_done(video)])
    if len(videos) == 1:
        return [attempt(archive, claims, videos[0], work)]
    opened, seconds = _scored_together(archive, claims, videos, work)
    return [
        attempt(archive, claims, video, work, opened.get(video.key), seconds if video.key in opened else 0.0)
        for video in videos
    ]


def attempt(
    archive: Archive,
    claims: Claims,
    video: Video,
    work: Work,
    opened: Prepared | None = None,
    spent_s: float = 0.0,
) -> Outcome:
    """Do one video, unless it is done or another process is at it, and write down how it ended.

    Nothing that a video or its recognizer does raises: it becomes a record with its sentence. Files are whole or not
    there; the record comes after them, so that one who is killed in between leaves a video that is done again, with the
    same bytes.

    Args:
        archive: that it belongs to.
        claims: of this process.
        video: to do.
        work: what is done with it.
        opened: the video, where it was opened already.
        spent_s: seconds that it took until now.
    """
    start = time.monotonic() - spent_s
    try:
        with claims.hold(video.key) as mine:
            if archive.is_done(video):
                return Outcome(video.key, "done")
            if not mine:
                return Outcome(video.key, "taken")
            try:
                return _attempt(archive, claims, video, opened or work.open(video), start)
            except Exception as error:
                return _failed(archive, video, error, time.monotonic() - start)
    except OSError as error:  # no claim can be written, so nothing else can
        sentence = explain_os_error(error, archive.claims()).message
        return Outcome(video.key, "stopped", time.monotonic() - start, sentence)


def set_aside(archive: Archive, video: Video, deaths: int) -> Outcome:
    """Write down that a video is not tried again, since workers died over it."""
    reason = f"{counted(deaths, 'worker')} died while they were at it, so it was set aside."
    hint = "Play it to see whether it is damaged, and see whether memory is short; then: --retry-failed."
    archive.save(Failed(video.key, video.name, video.bytes, socket.gethostname(), 0.0, reason, video.name, hint))
    return Outcome(video.key, "failed", 0.0, f"{video.name}: {reason}")


def _scored_together(
    archive: Archive, claims: Claims, videos: Sequence[Video], work: Work
) -> tuple[dict[str, Prepared], float]:
    """Score the videos that nobody else is at in one pass; return those by key, and the seconds that each one took.

    They are claimed meanwhile. What is wrong with one of them is found again when its own turn comes, and told then.
    """
    start = time.monotonic()
    opened: dict[str, Prepared] = {}
    with suppress(Exception), ExitStack() as held:
        for video in videos:
            if archive.is_done(video) or not held.enter_context(claims.hold(video.key)):
                continue
            with suppress(Exception):
                one = work.open(video)
                if held.enter_context(claims.hold(one.task)):  # not a second time for a file of the same content
                    opened[video.key] = one
        work.score(list(opened.values()))
    return opened, (time.monotonic() - start) / max(1, len(opened))


def _attempt(archive: Archive, claims: Claims, video: Video, prepared: Prepared, start: float) -> Outcome:
    with claims.hold(prepared.task) as alone:  # another file of the same content waits for its scores
        if not alone:
            return Outcome(video.key, "taken")
        begun = archive.is_begun(video)
        if not begun and (same := _same_as_before(archive, video, prepared)):
            archive.save(same)
            return Outcome(video.key, "done")
        for path in prepared.targets:
            if path.exists() and not (begun and archive.is_own(video, path)):
                raise _in_the_way(path)
        if not begun:
            archive.note_begun(video)
        try:
            with noting(lambda target, written: _note(archive, video, prepared, target, written)):
                made = prepared.make()
        except Exception:
            if not any(path.exists() for path in prepared.targets):
                archive.end_begun(video)  # what lies there later is somebody else's
            raise
    seconds = time.monotonic() - start
    files = {path.relative_to(archive.folder).as_posix(): content_hash(path) for path in made.files}
    done = Done(
        key=video.key,
        name=video.name,
        bytes=video.bytes,
        task=prepared.task,
        content=prepared.content,
        duration_s=made.duration_s,
        host=socket.gethostname(),
        seconds=seconds,
        files=files,
        labels=made.labels,
        indicators=made.indicators,
    )
    archive.save(done)
    archive.end_begun(video)
    return Outcome(video.key, "done", seconds)


def _same_as_before(archive: Archive, video: Video, prepared: Prepared) -> Done | None:
    """Return the record of a video that was done before its file was touched, copied without its times, or listed with
    other moments."""
    if not any(path.exists() for path in prepared.targets):
        return None
    same = next((one for one in archive.done_before(video) if one.task == prepared.task), None)
    return None if same is None else replace(same, key=video.key, indicators=prepared.measured_again(same))


def _note(archive: Archive, video: Video, prepared: Prepared, target: Path, written: Path) -> None:
    if target not in prepared.targets:
        return
    digest = content_hash(written)
    # It may have been corrected while the video was scored, or written by another process that took this one for dead.
    if target.exists() and not archive.is_own(video, target) and content_hash(target) != digest:
        raise _in_the_way(target)
    archive.note_written(video, target, digest)


def _in_the_way(path: Path) -> ActScribeError:
    message = f"{path}: is there already, and was not written for this file as it is now; it is not replaced."
    return ActScribeError(message, "Move it away, then: --retry-failed.")


def _failed(archive: Archive, video: Video, error: Exception, seconds: float) -> Outcome:
    if disk_is_full(error):
        full = (
            explain_os_error(error, archive.folder / STATE).message if isinstance(error, OSError) else _sentence(error)
        )
        return Outcome(video.key, "stopped", seconds, full)
    sentence, hint = _sentence(error), error.hint if isinstance(error, ActScribeError) else _OTHER
    reason, sentence, hint = spelled(_reason(archive, video, sentence)), spelled(sentence), printable(hint)
    record = Failed(video.key, video.name, video.bytes, socket.gethostname(), seconds, reason, sentence, hint)
    try:
        archive.save(record)
    except ActScribeError as unwritten:
        return Outcome(video.key, "stopped", seconds, unwritten.message)
    return Outcome(video.key, "failed", seconds, sentence)


_OTHER = f"This is a defect; set {TRACEBACK}=1 to see where, and report it to the recognizer's author."


def _reason(archive: Archive, video: Video, sentence: str) -> str:
    """Return a sentence without the names of its video and timelines: failures of one kind have one reason."""
    absolute = Path(video.path).absolute()
    for own in (f" {str(absolute)!r}", f"{absolute}: ", f"{video.path}: "):
        sentence = sentence.replace(own, "")
    sentence = sentence.replace(str(absolute), "it").replace(video.path, "it")
    for ending in sorted((form.ending for form in FORMATS.values()), key=len, reverse=True):
        timeline = f"{archive.stem(video)}{ending}"
        sentence = sentence.replace(f"{timeline}: ", "").replace(timeline, "its timeline")
    return sentence


def _sentence(error: Exception) -> str:
    if isinstance(error, ActScribeError):
        return error.message
    where = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {in_one_line(error)} ({Path(where.filename).name}:{where.lineno})"
