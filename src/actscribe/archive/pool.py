"""Handing out videos to workers, whatever they are: longest first, and those of a dead worker to another one."""

from __future__ import annotations

import secrets
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from actscribe.archive.folder import MOST_DEATHS, STATE, Archive
from actscribe.archive.listing import Video
from actscribe.archive.task import Outcome, set_aside
from actscribe.errors import ActScribeError
from actscribe.files import explain_os_error

#: Seconds until a video that another process is at is asked for again: first, and at most, for each asking may read it.
AGAIN_S, SELDOM_S = 2.0, 60.0
#: Bytes of videos that are scored together at most: the batches of longer ones are full anyway (ours).
TOGETHER_BYTES = 64 * 2**20
#: Workers that may die before they have done anything, of each that is wanted.
MOST_STILLBORN = 3


@dataclass(frozen=True, slots=True)
class Heard:
    """What a worker said.

    Args:
        worker: its place in the pool.
        outcomes: of the videos that it was given, in their order; none: it is ready for its first, or it died.
        died: it is gone, and another one takes its place.
        why: it could not begin, where that is known.
    """

    worker: int
    outcomes: tuple[Outcome, ...] = ()
    died: bool = False
    why: str = ""


class Pool(Protocol):
    """Workers that each do one video at a time, or some that are scored together, with the run loaded once."""

    def give(self, worker: int, videos: Sequence[Video], then: Sequence[Video]) -> None:
        """Let a worker that is ready do videos, at least one, and say which it will probably be given then."""
        ...

    def hear(self, seconds: float) -> list[Heard]:
        """Wait until a worker has something to say, at most so long, and return what was said.

        A worker that died is replaced, and what it had claimed is given back.

        Raises:
            ActScribeError: a worker cannot load the run.
        """
        ...

    def close(self) -> None:
        """End all workers."""
        ...


def hand_out(
    archive: Archive,
    videos: Sequence[Video],
    pool: Pool,
    tell: Callable[[Video, Outcome], None],
    at_work: Callable[[Sequence[Video], Sequence[Video]], None] = lambda videos, others: None,
) -> list[Outcome]:
    """Let workers do videos until each has ended somehow, and return how those ended that this process handed out.

    A worker is given as many at once as the archive's plan says, and opens what comes next meanwhile. When one dies,
    each of those that it was given or was to open is done by itself from then on, and no other is opened meanwhile. A
    death is held against a video only where the worker had nothing else, so that what kills takes no other with it.

    Args:
        archive: that they belong to.
        videos: in the order in which they are begun, longest first.
        pool: the workers.
        tell: is told of each that ended.
        at_work: is told every few seconds of all that workers are at, and of those that other processes are at.

    Raises:
        ActScribeError: workers die before they are ready.
    """
    jobs = _Jobs(archive, videos, pool, tell)
    while jobs.go_on():
        at_work(jobs.at_work(), jobs.elsewhere())
    return jobs.ended


class _Jobs:
    def __init__(
        self, archive: Archive, videos: Sequence[Video], pool: Pool, tell: Callable[[Video, Outcome], None]
    ) -> None:
        self._archive, self._pool, self._tell = archive, pool, tell
        self._waiting = deque(videos)
        self._later: list[tuple[float, Video]] = []
        self._asked: Counter[str] = Counter()
        self._working: dict[int, tuple[Video, ...]] = {}
        self._promised: dict[int, tuple[Video, ...]] = {}
        self._alone: set[str] = set()
        self._robbed: set[int] = set()  # workers whose promise was given to another, while they may be opening it
        self._idle: set[int] = set()
        self._stillborn: dict[int, int] = {}
        self._stopped = False
        self.ended: list[Outcome] = []

    def go_on(self) -> bool:
        """Hand out what can be, listen once, and return whether anything is left to do."""
        if self._stopped:
            self._waiting.clear()
            self._promised.clear()
            self._later.clear()
        now = time.monotonic()
        self._waiting.extend(video for when, video in self._later if when <= now)
        self._later = [(when, video) for when, video in self._later if when > now]
        while self._idle and (self._waiting or self._promised):
            self._give(self._idle.pop())
        if not (self._waiting or self._promised or self._later or self._working):
            return False
        for heard in self._pool.hear(AGAIN_S):
            self._take(heard)
        return True

    def at_work(self) -> list[Video]:
        """Return the videos that workers are at."""
        return [video for videos in self._working.values() for video in videos]

    def elsewhere(self) -> list[Video]:
        """Return the videos that other processes were at when they were last asked for."""
        return [video for _, video in self._later]

    def _next(self) -> Iterator[Video]:
        """Yield the videos that the next worker is given: one, or some that are short."""
        size = 0
        for count in range(self._archive.plan.together):
            if not self._waiting:
                return
            video = self._waiting[0]
            size += video.bytes
            if count and (size > TOGETHER_BYTES or video.key in self._alone):
                return
            yield self._waiting.popleft()
            if video.key in self._alone:
                return

    def _give(self, worker: int) -> None:
        """Let a worker do what it was promised, else what waits, else what another one was promised."""
        videos = self._promised.pop(worker, ()) or tuple(self._next())
        if not videos:
            robbed, videos = self._promised.popitem()
            self._robbed.add(robbed)
        self._robbed.discard(worker)
        self._working[worker] = videos
        if self._waiting and self._alone.isdisjoint(video.key for video in (*videos, self._waiting[0])):
            self._promised[worker] = tuple(self._next())
        self._pool.give(worker, videos, self._promised.get(worker, ()))

    def _take(self, heard: Heard) -> None:
        videos = self._working.pop(heard.worker, ())
        if heard.died:
            self._idle.discard(heard.worker)
            self._bury(heard.worker, videos, heard.why)
            return
        self._idle.add(heard.worker)
        self._stillborn.pop(heard.worker, None)
        for video, outcome in zip(videos, heard.outcomes, strict=True):
            self._took(video, outcome)

    def _took(self, video: Video, outcome: Outcome) -> None:
        if outcome.how == "taken":
            self._asked[video.key] += 1
            wait = min(AGAIN_S * 2 ** (self._asked[video.key] - 1), SELDOM_S)
            self._later.append((time.monotonic() + wait, video))
            return
        self._stopped |= outcome.how == "stopped"
        self._end(video, outcome)

    def _bury(self, worker: int, videos: tuple[Video, ...], why: str) -> None:
        """Give the videos of a dead worker to others, each by itself, or set one aside after `MOST_DEATHS`."""
        if not videos:
            self._stillborn[worker] = self._stillborn.get(worker, 0) + 1
            if self._stillborn[worker] >= MOST_STILLBORN:
                raise ActScribeError(
                    f"Workers ended {MOST_STILLBORN} times before they were ready{f' ({why})' if why else ''}; what is"
                    " done is kept.",
                    "If memory is short, try fewer: --workers 1.",
                )
            return
        suspects = (*videos, *self._promised.pop(worker, ()))  # the worker was opening what it was promised
        self._alone.update(video.key for video in suspects)
        if len(suspects) > 1 or worker in self._robbed:  # which of them it was, is found by doing each by itself
            self._waiting.extend(suspects)
            return
        (video,) = videos
        try:
            deaths = self._archive.note_death(video, secrets.token_hex(8))
            if deaths < MOST_DEATHS:
                self._waiting.append(video)
                return
            outcome = set_aside(self._archive, video, deaths)
        except OSError as error:
            outcome = Outcome(video.key, "stopped", 0.0, explain_os_error(error, self._archive.folder / STATE).message)
        except ActScribeError as error:
            outcome = Outcome(video.key, "stopped", 0.0, error.message)
        self._took(video, outcome)

    def _end(self, video: Video, outcome: Outcome) -> None:
        self.ended.append(outcome)
        self._tell(video, outcome)
