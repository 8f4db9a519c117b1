"""Workers on a Ray cluster: one actor for each GPU, or for each core; they call what a process of one machine calls."""

from __future__ import annotations

import os
import re
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from contextvars import copy_context
from dataclasses import replace
from typing import Any

from actscribe.archive.claims import Claims
from actscribe.archive.folder import Archive
from actscribe.archive.listing import Video
from actscribe.archive.local import Maker
from actscribe.archive.pool import Heard
from actscribe.archive.task import Outcome, attempt_all
from actscribe.compute import Compute
from actscribe.errors import ActScribeError, in_one_line
from actscribe.packages import require
from actscribe.progress import say

#: Ray asks for a token, tells nobody that it is used, and shows no page of itself.
ENVIRONMENT = {"RAY_AUTH_MODE": "token", "RAY_USAGE_STATS_ENABLED": "0"}

#: Seconds in which a cluster must answer, and in which a worker of it should be ready.
PATIENCE_S, READY_S = 10.0, 30.0
#: What begins a connection of HTTP/2, by which the parts of a cluster speak, and the kind of frame that comes back (RFC
#: 9113, sections 3.4 and 6.5).
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
_SETTINGS = 4
_START = "Start one with: RAY_AUTH_MODE=token ray start --head --include-dashboard=false"
_TOKEN = (
    "Copy ~/.ray/auth_token of the cluster's first node to this machine, or if there is none yet, make it there before"
    " the cluster starts: ray get-auth-token --generate"
)


class RayPool:
    """Actors of a Ray cluster, see `pool.Pool`; all nodes see the archive, the run and the videos at the same paths.

    Args:
        archive: whose videos they do.
        make: what they do with them; can be pickled.
        address: of the cluster, or "auto" for the one that this machine belongs to.
        compute: what was asked for.
        workers: how many actors; None: one for each GPU, or where there is none, for as many cores as it has threads.

    Raises:
        ActScribeError: Ray is not installed, there is no cluster at the address, or no node has cores enough.
    """

    def __init__(self, archive: Archive, make: Maker, address: str, compute: Compute, workers: int | None) -> None:
        self._ray = _connected(address)
        self._archive, self._make = archive, make
        self._claims = Claims(archive.claims())
        try:
            self._needs, self._compute, most = _shares(self._ray, compute)
        except ActScribeError:
            self._ray.shutdown()
            raise
        count = workers or most
        self._actors: list[Any] = [self._start() for _ in range(count)]
        self._holders = [""] * count
        self._asked: dict[Any, int] = {}
        self._say_late: float | None = time.monotonic() + READY_S
        for index in range(count):
            self._greet(index)

    def give(self, worker: int, videos: Sequence[Video], then: Sequence[Video]) -> None:
        """See `pool.Pool.give`."""
        self._asked[self._actors[worker].do.remote(videos, then)] = worker

    def hear(self, seconds: float) -> list[Heard]:
        """See `pool.Pool.hear`."""
        if not self._asked:
            time.sleep(seconds)
            return []
        ready, _ = self._ray.wait(list(self._asked), num_returns=1, timeout=seconds)
        if not ready:
            self._say_waiting()
        return list(self._listen(ready))

    def close(self) -> None:
        """End all actors, whatever they do, and leave the cluster as it was."""
        for actor in self._actors:
            self._ray.kill(actor)
        for holder in self._holders:
            self._claims.free(holder)
        self._ray.shutdown()

    def _say_waiting(self) -> None:
        """Say once that no worker is ready: Ray lets actors wait for other work's end without a word."""
        if self._say_late is None or any(self._holders) or time.monotonic() < self._say_late:
            return
        self._say_late = None
        say(_late_sentence(self._needs))

    def _start(self) -> Any:
        # Without a name it ends with whoever hands out; restarts are ours, so that deaths are known.
        actor = self._ray.remote(max_restarts=0, max_task_retries=0, **self._needs)(Actor)
        return actor.remote(self._archive, self._make, self._compute)

    def _greet(self, index: int) -> None:
        self._asked[self._actors[index].holder.remote()] = index

    def _listen(self, ready: list[Any]) -> Iterator[Heard]:
        for one in ready:
            index = self._asked.pop(one)
            try:
                reply = self._ray.get(one)
            except self._ray.exceptions.RayActorError as error:
                why = _why(error) if error.actor_init_failed else ""
                self._claims.free(self._holders[index])
                self._actors[index] = self._start()
                self._greet(index)
                yield Heard(index, died=True, why=why)
                continue
            if isinstance(reply, list):
                yield Heard(index, tuple(reply))
                continue
            if isinstance(reply, tuple):
                raise ActScribeError(*reply)
            self._holders[index] = reply
            yield Heard(index)


def check_cluster(address: str) -> None:
    """Refuse to go on without a cluster, before anything is written or networks are loaded.

    Raises:
        ActScribeError: as `RayPool`.
    """
    _connected(address).shutdown()


def computed_by_cluster(address: str, compute: Compute) -> dict[str, Any]:
    """Return the fields of an archive's plan that say how workers of a cluster compute, as one of its nodes tells them.

    Args:
        address: of the cluster.
        compute: what was asked for.

    Raises:
        ActScribeError: as `RayPool`; or a node cannot compute so, or not at all.
    """
    ray = _connected(address)
    try:
        needs, of_worker, _ = _shares(ray, compute)
        asked = ray.remote(max_retries=3, **needs)(_computed).remote(of_worker)
        with _said_when_late(_late_sentence(needs), READY_S):
            computed: dict[str, Any] = ray.get(asked)
        return computed
    except ray.exceptions.RayError as error:
        if isinstance(error, ray.exceptions.RayTaskError) and isinstance(error.cause, ActScribeError):
            raise error.cause from error
        raise ActScribeError(
            f"A node of the cluster cannot compute ({_why(error)}).",
            "Every node needs ActScribe of this version, where `ray start` is typed: pip install 'actscribe[cluster]'",
        ) from error
    finally:
        ray.shutdown()


def _computed(compute: Compute) -> dict[str, Any]:
    """Return how a process computes: what runs on a node."""
    from actscribe.archive.work import computed_here
    from actscribe.models.device import computing

    with computing(compute):
        return computed_here()


def _shares(ray: Any, compute: Compute) -> tuple[dict[str, int], Compute, int]:
    """Return what a worker needs of a cluster, what it is asked for, and how many there is room for.

    Raises:
        ActScribeError: no node has as many cores as a worker is to have threads.
    """
    threads = compute.threads or 1
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    most = max(int(held.get("CPU", 0)) for held in nodes)
    if threads > max(most, 1):
        raise ActScribeError(
            f"No node of the cluster has {threads} cores, one for each thread of a worker: the largest has {most}.",
            f"Type --threads {most} or fewer, or say at `ray start` how many cores a node has: --num-cpus",
        )
    gpus = sum(int(held.get("GPU", 0)) for held in nodes) if compute.device in ("auto", "cuda") else 0
    if gpus:
        return {"num_gpus": 1, "num_cpus": threads}, replace(compute, device="cuda"), gpus
    room = sum(int(held.get("CPU", 0)) // threads for held in nodes)
    return {"num_cpus": threads}, replace(compute, threads=threads), max(room, 1)


def _why(error: Exception) -> str:
    """Return the last line of what Ray says of an error, which names it, and the node's address."""
    text = str(error).strip()
    node = re.search(r"\bip=([\w.:]+)", text)
    return f"on {node[1]}: {text.splitlines()[-1]}" if node else text.splitlines()[-1]


def _late_sentence(needs: dict[str, int]) -> str:
    what = "GPUs" if "num_gpus" in needs else "cores"
    return (
        f"No worker of the cluster is ready yet: the run is still being loaded, or all {what} are taken by other work,"
        " which `ray status` shows. It begins by itself when one is free."
    )


def _connected(address: str) -> Any:
    """Return Ray, connected; its types are those of tasks, and say nothing of actors."""
    os.environ.update(ENVIRONMENT)  # before Ray is imported: it may read it then
    require("ray", "A Ray cluster")
    _check_answers(address)
    import ray

    try:
        with _said_when_late(f"Ray has not connected to '{address}' yet; is the head of a cluster there?"):
            ray.init(address=address, include_dashboard=False, log_to_driver=False, configure_logging=False)
    except ray.exceptions.AuthenticationError as error:
        raise ActScribeError("This machine has no token of a Ray cluster.", _TOKEN) from error
    except (ConnectionError, RuntimeError, ValueError) as error:
        why = in_one_line(error).rstrip(".")
        if address == "auto":
            message, hint = f"No Ray cluster answers at 'auto': {why}.", f"{_START}\nWhere one runs: {_TOKEN}"
        else:  # something answered a moment ago
            message = f"The Ray cluster at '{address}' does not let this machine in: {why}."
            hint = f"{_TOKEN}\nRay and Python must be of the same versions, too."
        raise ActScribeError(message, hint) from error
    return ray


@contextmanager
def _said_when_late(sentence: str, seconds: float = PATIENCE_S) -> Iterator[None]:
    """Say a sentence if the block takes longer than so many seconds."""
    timer = threading.Timer(seconds, copy_context().run, (say, sentence))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _check_answers(address: str) -> None:
    """Refuse an address at which nobody listens, or something else than Ray: Ray itself would ask for ever."""
    if address == "auto":
        return
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or int(port) >= 2**16:
        raise ActScribeError(
            f"'{address}' is not the address of a Ray cluster.", "Expected 'auto' or an address such as 10.0.0.1:6379."
        )
    try:
        with socket.create_connection((host, int(port)), PATIENCE_S) as connection:
            encrypted = os.environ.get("RAY_USE_TLS", "").lower() in ("1", "true")  # as Ray reads it
            is_ray = encrypted or _speaks_http2(connection)
    except OSError as error:
        why = error.strerror or in_one_line(error)
        raise ActScribeError(f"No Ray cluster answers at '{address}': {why}.", _START) from error
    if not is_ray:
        raise ActScribeError(
            f"What answers at '{address}' is not a Ray cluster.", "Name the address that `ray start --head` printed."
        )


def _speaks_http2(connection: socket.socket) -> bool:
    connection.sendall(_PREFACE)
    with connection.makefile("rb") as answer:
        head = answer.read(4)  # three bytes of length come before the kind
    return head[3:4] == bytes((_SETTINGS,))


class Actor:
    """What runs on a node: the run loaded once, then one video after the other.

    Args:
        archive: whose videos it does.
        make: what it does with them.
        compute: where networks run.
    """

    def __init__(self, archive: Archive, make: Maker, compute: Compute) -> None:
        self._archive, self._claims, self._stack = archive, Claims(archive.claims()), ExitStack()
        self._refused: tuple[str, str] | None = None
        try:
            self._work = self._stack.enter_context(make(archive, compute))
        except ActScribeError as error:
            self._refused = (f"On {socket.gethostname()}: {error.message}", error.hint)
        self._stack.enter_context(self._claims.beating())
        self._context = copy_context()  # Ray may call each method in a context of its own

    def holder(self) -> str | tuple[str, str]:
        """Return the holder of its claims; where the run cannot be loaded, the sentence and what to type."""
        return self._refused or self._claims.holder

    def do(self, videos: Sequence[Video], then: Sequence[Video]) -> list[Outcome]:
        """Do videos, see `task.attempt_all`."""
        return self._context.run(attempt_all, self._archive, self._claims, videos, self._work, then)
