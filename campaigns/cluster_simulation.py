"""What an archive would take on a cluster, event by event: `python -m campaigns.cluster_simulation [--hours 1000000]`.

Workers take the longest video that waits. A video costs seconds of a GPU, seconds of cores that decode it, bytes of the
storage that all nodes share, and operations of the server that holds its directories; whichever of them is scarce sets
the pace. A node that fails takes its videos with it: they are done again when their claims have expired. Costs are
those measured here (docs/explanation/scale.md); a node fails as often as those of Meta's Llama 3 training (The Llama 3
Herd of Models, 2024, section 3.3.4: 419 unexpected interruptions in 54 days of 2,048 nodes), ten times, and a hundred
times as often. `--check` compares what it says of 1, 2 and 4 workers with what they take on this machine, on which
nobody else should be at work; its exit status is 1 where they are farther apart than a tenth.
"""

from __future__ import annotations

import argparse
import heapq
import json
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent / "tests"))

import archives
import psutil

from actscribe.archive.claims import EXPIRED_S
from actscribe.archive.folder import Archive
from actscribe.archive.listing import Video
from actscribe.archive.local import LocalPool
from actscribe.archive.pool import Heard, Pool, hand_out
from actscribe.archive.task import Made, Work
from actscribe.compute import Compute

DAY_S = 86400.0
#: How far the simulation may be from a real run, as a share of it.
MOST_OFF = 0.1
#: Seconds between two failures of one node of Meta's Llama 3 training.
LLAMA_MTBF_S = 2048 * 54 * DAY_S / 419


@dataclass(frozen=True, slots=True)
class Cluster:
    """What a cluster has and what a video costs on it.

    Args:
        nodes, gpus, cores: how many; GPUs and cores of a node. Each GPU has one worker.
        video_s_per_gpu_s: seconds of video that a GPU scores in a second.
        video_s_per_core_s: seconds of video that a core decodes in a second.
        bytes_per_video_s: of the files.
        storage_bytes_s: that the shared storage gives to all nodes together.
        operations: of its directories that a video costs.
        storage_operations_s: that the server of directories does in a second.
        overhead_s: seconds of a worker that a video costs whatever its length.
        start_s: seconds until a worker is ready.
        mtbf_s: seconds between two failures of one node.
        repair_s: until it is back.
        expired_s: until its claims expire.
    """

    nodes: int = 100
    gpus: int = 4
    cores: int = 32
    video_s_per_gpu_s: float = 100.0
    video_s_per_core_s: float = 60.0
    bytes_per_video_s: float = 1.25e5
    storage_bytes_s: float = 20e9
    operations: int = 90
    storage_operations_s: float = 20_000.0
    overhead_s: float = 0.1
    start_s: float = 30.0
    mtbf_s: float = LLAMA_MTBF_S
    repair_s: float = 3600.0
    expired_s: float = EXPIRED_S

    def paces(self) -> dict[str, float]:
        """Return seconds of video in a second that each part could do for all nodes, were it the only one."""
        return {
            "GPU": self.nodes * self.gpus * self.video_s_per_gpu_s,
            "decoding": self.nodes * self.cores * self.video_s_per_core_s,
            "storage": self.storage_bytes_s / self.bytes_per_video_s,
        }


@dataclass(frozen=True, slots=True)
class Simulated:
    """What became of it.

    Args:
        seconds: until the last video was done.
        busy_gpu_s: seconds of GPUs that worked, work that was lost included.
        lost_s: of these, on videos whose node failed.
        failures: of nodes.
        again: videos that were begun more than once.
        operations_s: operations of the directories' server in a second, on average.
    """

    seconds: float
    busy_gpu_s: float
    lost_s: float
    failures: int
    again: int
    operations_s: float


def simulate(lengths_s: Sequence[float], cluster: Cluster, seed: int = 1) -> Simulated:
    """Let a cluster do videos of these lengths, and return what it took; every video is done exactly once.

    Args:
        lengths_s: of the videos, in seconds.
        cluster: what it has and what a video costs.
        seed: of the failures.
    """
    return _Simulation(lengths_s, cluster, random.Random(seed)).run()


class _Simulation:
    def __init__(self, lengths_s: Sequence[float], cluster: Cluster, rng: random.Random) -> None:
        self._lengths, self._cluster, self._rng = lengths_s, cluster, rng
        self._waiting = [(-length, index) for index, length in enumerate(lengths_s)]
        heapq.heapify(self._waiting)
        # While all work, each worker has its share of what all nodes, or the cores of a node, give.
        workers = cluster.nodes * cluster.gpus
        self._pace = min(cluster.paces().values()) / workers
        self._each = max(cluster.overhead_s, cluster.operations * workers / cluster.storage_operations_s)
        self._events: list[tuple[float, int, str, int, int]] = []
        self._order, self._epochs = count(), [0] * cluster.nodes
        self._running: dict[int, tuple[int, float]] = {}
        self._idle: list[int] = []
        self._begun: Counter[int] = Counter()
        self._done: set[int] = set()
        self._busy = self._lost = self._now = self._end = 0.0
        self._failures = 0

    def run(self) -> Simulated:
        """Go from event to event until every video is done."""
        cluster = self._cluster
        handle = {"up": self._up, "end": self._ends, "again": self._again, "fails": self._fails}
        for node in range(cluster.nodes):
            self._at(cluster.start_s, "up", node, 0)
            self._at(self._rng.expovariate(1 / cluster.mtbf_s), "fails", node, 0)
        while len(self._done) < len(self._lengths):
            self._now, _, what, who, epoch = heapq.heappop(self._events)
            handle[what](who, epoch)
        again = sum(times > 1 for times in self._begun.values())
        operations = cluster.operations * self._begun.total() / self._end
        return Simulated(self._end, self._busy, self._lost, self._failures, again, operations)

    def _at(self, when: float, what: str, who: int, epoch: int) -> None:
        heapq.heappush(self._events, (when, next(self._order), what, who, epoch))

    def _give(self, worker: int) -> None:
        if not self._waiting:
            self._idle.append(worker)
            return
        _, index = heapq.heappop(self._waiting)
        self._begun[index] += 1
        self._running[worker] = (index, self._now)
        takes = self._lengths[index] / self._pace + self._each
        self._at(self._now + takes, "end", worker, self._epochs[worker // self._cluster.gpus])

    def _up(self, node: int, epoch: int) -> None:
        if epoch == self._epochs[node]:
            for worker in self._workers(node):
                self._give(worker)

    def _ends(self, worker: int, epoch: int) -> None:
        if epoch != self._epochs[worker // self._cluster.gpus]:
            return  # its node failed meanwhile
        index, since = self._running.pop(worker)
        if index in self._done:
            raise AssertionError(f"video {index} was done twice")
        self._done.add(index)
        self._busy, self._end = self._busy + self._now - since, self._now
        self._give(worker)

    def _again(self, index: int, epoch: int) -> None:
        heapq.heappush(self._waiting, (-self._lengths[index], index))
        if self._idle:
            self._give(self._idle.pop())

    def _fails(self, node: int, epoch: int) -> None:
        cluster = self._cluster
        self._failures, self._epochs[node] = self._failures + 1, self._epochs[node] + 1
        own = self._workers(node)
        self._idle = [worker for worker in self._idle if worker not in own]
        for worker in own:
            if worker in self._running:
                index, since = self._running.pop(worker)
                self._busy, self._lost = self._busy + self._now - since, self._lost + self._now - since
                self._at(self._now + cluster.expired_s, "again", index, 0)
        self._at(self._now + cluster.repair_s + cluster.start_s, "up", node, self._epochs[node])
        self._at(self._now + cluster.repair_s + self._rng.expovariate(1 / cluster.mtbf_s), "fails", node, 0)

    def _workers(self, node: int) -> range:
        return range(node * self._cluster.gpus, (node + 1) * self._cluster.gpus)


def lengths(hours: float, seed: int = 1) -> list[float]:
    """Return lengths of videos in seconds, together so many hours: log-normal, median 20 min, a day at most (ours)."""
    rng = random.Random(seed)
    durations, left = [], hours * 3600
    while left > 0:
        durations.append(min(rng.lognormvariate(7.09, 0.8), DAY_S, left))
        left -= durations[-1]
    return durations


@contextmanager
def burning(archive: Archive, compute: Compute) -> Iterator[Work]:
    """Yield work that takes as many milliseconds of a core as a made-up video has bytes."""

    class Burnt(archives.Opened):
        def make(self) -> Made:
            end = time.process_time() + len(self.data) / 1000
            while time.process_time() < end:
                pass
            return archives.Opened.make(self)

    work = archives.work(archive)

    def open_video(video: Video) -> Burnt:
        opened = work.open(video)
        return Burnt(opened.archive, opened.video, opened.content, opened.data)

    yield replace(work, open=open_video)


def check(workers: Sequence[int] = (1, 2, 4)) -> list[dict[str, float]]:
    """Return what so many local workers take for 30 videos of 0.1 to 1 s of a core, and what is said of them."""
    rng = random.Random(7)
    sizes = [rng.randrange(100, 1000) for _ in range(30)]
    cores = len(os.sched_getaffinity(0))
    rows = []
    for number in workers:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            contents = {f"{index}.mp4": str(index).encode().ljust(size, b"x") for index, size in enumerate(sizes)}
            archive, videos = archives.begun(archives.fill(folder / "in", contents), folder / "out")
            with closing(LocalPool(archive, burning, [Compute("cpu", 1)] * number)) as local:
                pool = Ready(local, number)
                begun, before = time.monotonic(), _idle_s()
                hand_out(archive, videos, pool, lambda *_: None)
                real = time.monotonic() - begun
                others = 1 - (_idle_s() - before + sum(sizes) / 1000) / (cores * real)
        cluster = Cluster(1, number, cores, 1.0, 1.0, 1.0, 1e12, 0, 1.0, 0.005, 0.0, 1e12)
        simulated = simulate([size / 1000 for size in sizes], cluster).seconds
        figures = {"real_s": real, "simulated_s": simulated, "off_by": simulated / real - 1, "others": others}
        rows.append({"workers": number} | {name: round(value, 3) for name, value in figures.items()})
    return rows


class Ready:
    """Workers that are all ready before any is given a video: how long Python takes to start is not the question.

    Args:
        pool: the workers, see `pool.Pool`.
        number: how many.
    """

    def __init__(self, pool: Pool, number: int) -> None:
        self.give, self.close, self._pool = pool.give, pool.close, pool
        self._first: list[Heard] = []
        while len(self._first) < number:
            self._first += pool.hear(1.0)

    def hear(self, seconds: float) -> list[Heard]:
        """Return first that all are ready."""
        heard, self._first = self._first or self._pool.hear(seconds), []
        return heard


def _idle_s() -> float:
    """Return seconds for which cores of this machine had nothing to do since it was started, together."""
    return psutil.cpu_times().idle


def main() -> None:
    """Print a table of failures and what they cost, and the figures as JSON in the last line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hours", type=float, default=1e6)
    parser.add_argument("--nodes", type=int, default=100)
    parser.add_argument("--speed", type=float, default=100.0, help="seconds of video that a GPU scores in a second")
    parser.add_argument("--check", action="store_true", help="beside real runs of 1, 2 and 4 workers of this machine")
    options = parser.parse_args()
    if options.check:
        rows = check()
        for row in rows:
            print(
                f"{row['workers']:.0f} workers: {row['real_s']:.2f} s, simulated {row['simulated_s']:.2f} s; other work"
                f" took {row['others']:.0%} of the cores"
            )
        print(json.dumps(rows))
        sys.exit(any(abs(row["off_by"]) > MOST_OFF for row in rows))
    videos = lengths(options.hours)
    base = Cluster(nodes=options.nodes, video_s_per_gpu_s=options.speed)
    paces = base.paces()
    print(f"{len(videos):,} videos, {options.hours:,.0f} h; seconds of video a second that each part could do:")
    print("  " + ", ".join(f"{name} {pace:,.0f}" for name, pace in sorted(paces.items(), key=lambda one: one[1])))
    rows = []
    for times in (0, 1, 10, 100):
        simulated = simulate(videos, replace(base, mtbf_s=LLAMA_MTBF_S / times if times else 1e15))
        rows.append(
            {
                "failures": f"{times} times",
                "days": round(simulated.seconds / DAY_S, 3),
                "gpu_hours": round(simulated.busy_gpu_s / 3600),
                "lost_gpu_hours": round(simulated.lost_s / 3600, 1),
                "failed_nodes": simulated.failures,
                "videos_again": simulated.again,
                "operations_s": round(simulated.operations_s, 1),
            }
        )
        print("  " + ", ".join(f"{name} {value}" for name, value in rows[-1].items()))
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
