"""An archive of tiny videos on a Ray cluster of three nodes, whose workers, nodes and driver are killed.

`python -m campaigns.archive_ray [--tasks 20000] [--kills 50] [--seed 1]`: the cluster is on this machine, a head and
two nodes with one core each. A node that was killed is replaced, a driver that was killed is started again.
"""

from __future__ import annotations

import os
import random
import secrets
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import psutil

from campaigns.archive import WORLD, Driver, disturbed, long_form, parser

import archives  # isort: skip  # campaigns.archive says where it is

from actscribe.archive.cluster import ENVIRONMENT, RayPool
from actscribe.archive.folder import Archive
from actscribe.archive.pool import hand_out
from actscribe.archive.task import Work
from actscribe.compute import Compute

ROOT = Path(__file__).resolve().parent.parent
NODES = 2
DRIVE = "import sys; from campaigns.archive_ray import drive; drive(*sys.argv[1:])"


def make(archive: Archive, compute: Compute) -> AbstractContextManager[Work]:
    """Return what does made-up videos; a worker that imports this module sees the world that the driver sees."""
    return archives.make(archive, compute)


def drive(source: str, out: str, address: str) -> None:
    """Do what is open of an archive on a cluster: what a process that is killed runs."""
    archive, videos = archives.begun(Path(source), Path(out))
    todo = [video for video, state in zip(videos, archive.states(videos), strict=True) if state == "open"]
    with closing(RayPool(archive, make, address, Compute("cpu", 1), NODES)) as pool:
        hand_out(archive, todo, pool, lambda *_: None)


@contextmanager
def cluster() -> Iterator[Any]:
    """Yield a Ray cluster of a head without workers and `NODES` nodes with one core each."""
    paths = [str(ROOT), str(ROOT / "src"), *filter(None, [os.environ.get("PYTHONPATH")])]
    os.environ.update(ENVIRONMENT)
    os.environ.update({WORLD: "{}", "RAY_AUTH_TOKEN": secrets.token_hex(32), "PYTHONPATH": os.pathsep.join(paths)})
    from ray.cluster_utils import Cluster

    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    try:
        for _ in range(NODES):
            made.add_node(num_cpus=1)
        yield made
    finally:
        made.shutdown()


class Killer:
    """Kills workers, nodes and drivers, and counts them.

    Args:
        cluster: whose they are.
    """

    def __init__(self, cluster: Any) -> None:
        self.counts: Counter[str] = Counter()
        self._cluster = cluster

    def __call__(self, driver: Driver, rng: random.Random) -> None:
        """Kill a worker, a node or the driver."""
        chosen = rng.random()
        workers = _workers()
        if chosen < 0.5 and workers:
            with suppress(psutil.Error):
                rng.choice(workers).kill()
            self.counts["workers"] += 1
        elif chosen < 0.7:
            self._cluster.remove_node(rng.choice(list(self._cluster.worker_nodes)), allow_graceful=False)
            self._cluster.add_node(num_cpus=1)
            self.counts["nodes"] += 1
        else:
            driver.kill()
            driver.wait()
            self.counts["drivers"] += 1


def _workers() -> list[psutil.Process]:
    """Return the processes of the actors of this campaign's cluster."""
    below = psutil.Process().children(recursive=True)
    return [one for one in below if _title(one).startswith("ray::Actor")]


def _title(process: psutil.Process) -> str:
    with suppress(psutil.Error):
        return " ".join(process.cmdline())
    return ""


def main() -> None:
    """Print what came out; the exit status is 1 where something does not hold."""
    options = parser(__doc__.splitlines()[0], 20_000).parse_args()

    def disturb(source: Path, out: Path, rng: random.Random) -> tuple[int, str]:
        with cluster() as nodes:
            killer = Killer(nodes)
            words = [sys.executable, "-c", DRIVE, str(source), str(out), nodes.address]
            start = partial(subprocess.Popen, words, cwd=ROOT)
            kills = disturbed(out, options.kills, rng, options.seconds, start, killer)
        return kills, f"{dict(killer.counts)} killed"

    long_form(options, disturb)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the cluster is ended, too
    main()
