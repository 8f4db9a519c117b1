"""Workers that are processes of this machine: one for each GPU, or as many as cores and memory allow."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from actscribe.archive.claims import Claims
from actscribe.archive.folder import Archive
from actscribe.archive.listing import Video
from actscribe.archive.pool import Heard
from actscribe.archive.task import Work, attempt_all
from actscribe.compute import Compute
from actscribe.errors import ActScribeError
from actscribe.workers import end_with_parent, start

#: What makes a worker able to do videos: archive and compute -> a context with the work.
Maker = Callable[[Archive, Compute], AbstractContextManager[Work]]


@dataclass(slots=True)
class _Worker:
    process: BaseProcess
    pipe: Connection
    holder: str = ""


class LocalPool:
    """Processes of this machine, see `pool.Pool`.

    Args:
        archive: whose videos they do.
        make: what they do with them; a function that can be pickled.
        computes: where each computes.
    """

    def __init__(self, archive: Archive, make: Maker, computes: Sequence[Compute]) -> None:
        self._archive, self._make, self._computes = archive, make, list(computes)
        self._context = multiprocessing.get_context("spawn")  # a forked process cannot use a GPU
        self._claims = Claims(archive.claims())
        self._workers = [self._start(index) for index in range(len(self._computes))]

    @property
    def pids(self) -> list[int]:
        """The process ids of the workers."""
        return [worker.process.pid or 0 for worker in self._workers]

    def give(self, worker: int, videos: Sequence[Video], then: Sequence[Video]) -> None:
        """See `pool.Pool.give`."""
        with suppress(OSError):  # it died; `hear` notices
            self._workers[worker].pipe.send((videos, then))

    def hear(self, seconds: float) -> list[Heard]:
        """See `pool.Pool.hear`."""
        ready = wait([worker.pipe for worker in self._workers], seconds)
        return [self._listen(index) for index, worker in enumerate(self._workers) if worker.pipe in ready]

    def close(self) -> None:
        """End all workers, whatever they do."""
        for worker in self._workers:
            worker.process.kill()
        for worker in self._workers:
            worker.process.join()
            worker.pipe.close()
            self._claims.free(worker.holder)

    def _start(self, index: int) -> _Worker:
        ours, theirs = self._context.Pipe()
        given = (theirs, self._archive, self._make, self._computes[index], os.getpid())
        process = self._context.Process(target=serve, args=given, name=f"archive {index}", daemon=True)
        start(process)
        theirs.close()
        return _Worker(process, ours)

    def _listen(self, index: int) -> Heard:
        worker = self._workers[index]
        try:
            reply: Any = worker.pipe.recv()
        except (EOFError, OSError):
            worker.process.join()
            worker.pipe.close()
            self._claims.free(worker.holder)
            self._workers[index] = self._start(index)
            return Heard(index, died=True)
        if isinstance(reply, list):
            return Heard(index, tuple(reply))
        if isinstance(reply, str):
            worker.holder = reply
            return Heard(index)
        message, hint = reply
        raise ActScribeError(message, hint)


def serve(pipe: Connection, archive: Archive, make: Maker, compute: Compute, parent: int) -> None:
    """Do videos until whoever sends them is gone: what a worker process runs.

    Args:
        pipe: brings videos, takes first the holder of this worker's claims, then outcomes; a message and a hint where
            the run cannot be loaded.
        archive: that they belong to.
        make: what is done with them.
        compute: where networks run.
        parent: process id of whoever sends them.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is answered by the one who hands out
    end_with_parent(parent)
    claims = Claims(archive.claims())
    with suppress(EOFError, OSError, KeyboardInterrupt):
        try:
            with make(archive, compute) as work, claims.beating():
                pipe.send(claims.holder)
                while True:
                    videos, then = pipe.recv()
                    pipe.send(attempt_all(archive, claims, videos, work, then))
        except ActScribeError as error:
            pipe.send((error.message, error.hint))
