"""Jobs of one command done at once by several processes of this machine, each with its share of it.

Small networks gain little from a second thread: two trainings at once, each with one, take half the time of two after
another. On a machine with several GPUs each process has one of them.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

import psutil

from actscribe.compute import Compute, chosen
from actscribe.errors import ActScribeError
from actscribe.progress import Report, report_to

#: Memory of a process with a small model, its decoder included (measured: 0.9 GiB); larger ones want fewer (ours).
PROCESS_BYTES = 1.25 * 2**30
#: Seconds between two looks of a process at whether whoever started it still lives.
ORPHAN_S = 1.0
#: Seconds that a process has to end by itself before it is killed.
ENDING_S = 2.0


@dataclass(frozen=True, slots=True)
class Job:
    """One call of the function that the processes run.

    Args:
        argument: of the call; can be pickled, as what it returns.
        words: what a message calls it.
        keeps: what the first job of this key computes and keeps for all others, which wait for it; empty: nothing.
    """

    argument: Any
    words: str
    keeps: str = ""


@dataclass(frozen=True, slots=True)
class Running:
    """What a job says of itself while it runs."""

    job: int
    report: Report


@dataclass(frozen=True, slots=True)
class Done:
    """What a job returned."""

    job: int
    value: Any


@dataclass(frozen=True, slots=True)
class _Failed:
    error: Exception


@dataclass(frozen=True, slots=True)
class _Worker:
    process: BaseProcess
    pipe: Connection


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def spread(count: int | None, compute: Compute, threads: int = 1) -> list[Compute]:
    """Return where each of several processes of this machine computes.

    Args:
        count: of processes; None: one for each GPU, or as many as cores and memory allow.
        compute: what was asked for.
        threads: of each on a processor, where `compute` says nothing. Sums of several threads may differ in their last
            digit from those of one.
    """
    import torch

    from actscribe.models.device import device

    kind = device().type
    if kind == "cuda" and compute.device == "auto":
        gpus = [f"cuda:{index}" for index in range(torch.cuda.device_count())]
        named = [gpus[index % len(gpus)] for index in range(count or len(gpus))]
        return [replace(compute, device=name) for name in named]
    if kind != "cpu":
        return [compute] * (count or 1)
    return [replace(compute, device="cpu", threads=compute.threads or threads)] * (count or _usual_count())


def with_one_gpu(compute: Compute) -> Compute:
    """Let this process see no other GPU than the one of `compute`, which is then its first one, and return that.

    Training takes the first GPU that it sees. To be called before a GPU is used.
    """
    kind, _, index = compute.device.partition(":")
    if kind != "cuda" or not index:
        return compute
    from actscribe.models.device import gpu_name

    os.environ["CUDA_VISIBLE_DEVICES"] = gpu_name(int(index))
    return replace(compute, device="cuda")


def _usual_count() -> int:
    return max(1, min(cores(), int(psutil.virtual_memory().available // PROCESS_BYTES)))


def run_jobs(function: Callable[[Any], Any], jobs: Sequence[Job], count: int) -> Iterator[Running | Done]:
    """Run a function on each job's argument, several at once, each on its share; yield what comes as it comes.

    However the block ends that iterates, no process is left behind.

    Args:
        function: can be pickled: of a module, not within another function.
        jobs: are begun in this order.
        count: how many at once, at most; cores are shared out among them where nobody asked for threads.

    Raises:
        ActScribeError: of a job, which ends all others, as any other error of one does; or a process ended within one.
    """
    count = max(1, min(count, len(jobs)))
    computes = spread(count, chosen(), max(1, cores() // count))
    context = multiprocessing.get_context("spawn")  # a forked process cannot use a GPU
    idle = [_start(context, function, compute) for compute in computes]
    every, running, known = list(idle), dict[int, tuple[_Worker, int]](), set[str]()
    waiting = list(range(len(jobs)))
    try:
        while waiting or running:
            for job in _ready(jobs, waiting, [number for _, number in running.values()], known)[: len(idle)]:
                worker = idle.pop()
                waiting.remove(job)
                running[worker.pipe.fileno()] = worker, job
                with suppress(OSError):  # it died; it is heard of below
                    worker.pipe.send((job, jobs[job].argument))
            for pipe in wait([worker.pipe for worker, _ in running.values()]):
                worker, job = running[pipe.fileno()]  # type: ignore[union-attr]
                answer = _heard(worker, jobs[job])
                if isinstance(answer, Done):
                    known.add(jobs[job].keeps)
                    del running[worker.pipe.fileno()]
                    idle.append(worker)
                yield answer
    finally:
        for worker in every:
            worker.pipe.close()
            worker.process.terminate()
        for worker in every:
            worker.process.join(ENDING_S)
            worker.process.kill()
            worker.process.join()


def _ready(jobs: Sequence[Job], waiting: Sequence[int], running: Collection[int], known: Collection[str]) -> list[int]:
    """Return the jobs that may begin now: none that another one is just computing something for."""
    ready: list[int] = []
    for job in waiting:
        key = jobs[job].keeps
        if not key or key in known or key not in {jobs[other].keeps for other in (*running, *ready)}:
            ready.append(job)
    return ready


def _start(context: Any, function: Callable[[Any], Any], compute: Compute) -> _Worker:
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, os.getpid()), daemon=True)
    start(process)
    theirs.close()
    ours.send((function, compute))
    return _Worker(process, ours)


def start(process: BaseProcess) -> None:
    """Start a process that Ctrl-C does not end, and that runs no file of the folder in which the command was typed.

    Python would look there for the first modules that the process imports, and a file may be called like one of them.
    """
    before = os.environ.get("PYTHONSAFEPATH")
    os.environ["PYTHONSAFEPATH"] = "1"  # of a process that is spawned nothing else can be said
    try:
        with _uninterrupted():
            process.start()
    finally:
        del os.environ["PYTHONSAFEPATH"]
        if before is not None:
            os.environ["PYTHONSAFEPATH"] = before


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Let a process that starts inherit that Ctrl-C is not its own: the one who hands out answers it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _heard(worker: _Worker, job: Job) -> Running | Done:
    try:
        answer = worker.pipe.recv()
    except (EOFError, OSError):
        worker.process.join()
        raise ActScribeError(
            f"{job.words}: its process ended (exit code {worker.process.exitcode}) before its work was done.",
            "It may have taken too much memory: do fewer at once. A script puts its call under"
            ' `if __name__ == "__main__":`. What is done is kept.',
        ) from None
    if isinstance(answer, _Failed):
        if isinstance(answer.error, ActScribeError):
            raise ActScribeError(f"{job.words}: {answer.error.message}", answer.error.hint)
        raise answer.error
    return answer  # type: ignore[no-any-return]


def _serve(pipe: Connection, parent: int) -> None:
    """Do jobs until whoever sends them is gone: what a process runs."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what libraries hold of the system is given back
    end_with_parent(parent)  # before the function comes, with all that it imports

    from actscribe.models.device import computing
    from actscribe.video.contained import contained

    function, compute = pipe.recv()
    with computing(with_one_gpu(compute)), contained():
        for job, argument in iter(lambda: _next(pipe), None):
            try:
                with report_to(partial(_report, pipe, job)):
                    answer: Done | _Failed = Done(job, function(argument))
            except Exception as error:
                answer = _Failed(_portable(error))
            pipe.send(answer)


def _portable(error: Exception) -> Exception:
    """Return an error that can be sent, with where it came from as a note."""
    error.add_note("".join(traceback.format_exception(error)))
    try:
        pickle.loads(pickle.dumps(error))  # our own bytes, as the pipe will do: some errors cannot be made again
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


def _report(pipe: Connection, job: int, report: Report) -> None:
    pipe.send(Running(job, report))


def _next(pipe: Connection) -> tuple[int, Any] | None:
    with suppress(EOFError, OSError):
        return pipe.recv()  # type: ignore[no-any-return]
    return None


def end_with_parent(parent: int) -> None:
    """Let this process end at once when its parent is gone; what it was at is done again, with the same bytes."""

    def look() -> None:
        while os.getppid() == parent:
            time.sleep(ORPHAN_S)
        os._exit(1)

    threading.Thread(target=look, name="orphan", daemon=True).start()
