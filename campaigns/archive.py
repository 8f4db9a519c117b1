"""Archives of tiny videos: workers and drivers killed, shards that overlap, and a file system with NFS's weaknesses.

`python -m campaigns.archive [--tasks 100000] [--kills 50] [--seed 1]` is the full form: one archive of so many tasks,
and so many kills of workers and of whoever hands out the work, each started again at once.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from pathlib import Path

import psutil

from campaigns.campaign import Campaign, Case, Verdict
from campaigns.worker import note_group

sys.path.append(str(Path(__file__).resolve().parent.parent / "tests"))

import archives
from spawned_processes import spawned

from actscribe import leftovers
from actscribe.archive import claims
from actscribe.archive.folder import Archive
from actscribe.archive.listing import Video, shard
from actscribe.archive.local import LocalPool
from actscribe.archive.pool import hand_out
from actscribe.archive.status import verify
from actscribe.compute import Compute

#: What a process is told of the world that it lives in: JSON of `host`, `late_s`, `links`, `skew_s`.
WORLD = "ACTSCRIBE_CAMPAIGN_WORLD"
World = dict[str, object]
Driver = subprocess.Popen[bytes]
#: Kinds of cases, in turns.
KINDS = ("killed", "shards that overlap", "NFS: seen late", "NFS: no hard links", "NFS: clocks that differ")
#: Seconds between signs of life and until a claim expires, so that a case does not wait for minutes.
BEAT_S, EXPIRED_S = 0.2, 2.0
TASKS, SHORT_KILLS = 60, 4


def _enter(world: World) -> None:
    """Let this process see the world as it is said to be; a worker does so when it imports this module."""
    os.fsync = lambda file: None  # nobody cuts the power here, and it takes 10 ms
    claims.Claims.__init__.__defaults__ = (BEAT_S, EXPIRED_S)
    if host := world.get("host"):
        machine = leftovers._digest(str(host))
        leftovers._machine = lambda: machine
    if skew := world.get("skew_s"):
        now = time.time
        time.time = lambda: now() + float(str(skew))
    if world.get("links") is False:
        os.link = _no_links
    if late := world.get("late_s"):
        is_done = Archive.is_done
        Archive.is_done = lambda self, video: is_done(self, video) and _is_old(self, video, float(str(late)))


def _no_links(*paths: object) -> None:
    raise PermissionError(1, "Operation not permitted")


def _is_old(archive: Archive, video: Video, late_s: float) -> bool:
    """Tell whether a record was written so long ago that another machine sees it."""
    return time.time() - archive._path("done", video.key).stat().st_mtime > late_s


if WORLD in os.environ:
    _enter(json.loads(os.environ[WORLD]))


def drive(source: Path, out: Path, workers: int, part: tuple[int, int]) -> None:
    """Do what is open of an archive: what a process that is killed runs."""
    archive, videos = archives.begun(source, out)
    mine = shard(videos, *part)
    todo = [video for video, state in zip(mine, archive.states(mine), strict=True) if state == "open"]
    with closing(LocalPool(archive, archives.make, [Compute("cpu", 1)] * workers)) as pool:
        hand_out(archive, todo, pool, lambda *_: None)


def _start(source: Path, out: Path, world: World, workers: int = 2, part: str = "1/1") -> Driver:
    words = [sys.executable, "-m", "campaigns.archive", "--drive", str(source), str(out), str(workers), part]
    env = os.environ | {WORLD: json.dumps(world)}
    return subprocess.Popen(words, env=env, cwd=Path(__file__).resolve().parent.parent, start_new_session=True)


def filled(folder: Path, tasks: int) -> dict[str, bytes]:
    """Write so many tiny videos; every tenth has the content of another one."""
    contents = {
        f"{index % 100:02}/{index:06}.mp4": f"video {index - index % 10 // 9}".encode() for index in range(tasks)
    }
    archives.fill(folder, contents)
    return contents


def _kill_some(driver: Driver, rng: random.Random) -> str:
    """Kill a worker or the driver, and say which."""
    with suppress(psutil.Error):
        workers = spawned(driver.pid)
        if workers and rng.random() < 0.6:
            rng.choice(workers).kill()
            return "worker"
    driver.kill()
    driver.wait()
    return "driver"


def disturbed(
    out: Path,
    kills: int,
    rng: random.Random,
    seconds: float,
    start: Callable[[], Driver],
    kill: Callable[[Driver, random.Random], object],
) -> int:
    """Do an archive while workers and drivers are killed, drivers started again; return how many kills there were.

    Most kills come when something was done since the last one, or a driver that lists its videos would never get on.
    """
    log, done, driver = out.parent / "made.log", 0, start()
    while driver.poll() is None or driver.returncode:
        if driver.poll() is not None:
            driver = start()
        if done == kills:
            driver.wait()
            continue
        before = _size(log)
        if rng.random() < 0.8:
            while driver.poll() is None and _size(log) == before:
                time.sleep(0.02)
        try:
            driver.wait(rng.uniform(0.0, seconds))
        except subprocess.TimeoutExpired:
            kill(driver, rng)
            done += 1
    return done


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def judged(
    group: str, source: Path, out: Path, contents: dict[str, bytes], most_again: int, description: str
) -> Verdict:
    """Say whether every video has its timeline, once and with the right bytes, and nothing else is there."""
    archive, videos = archives.begun(source, out)
    states = archive.states(videos)
    set_aside = [video for video, state in zip(videos, states, strict=True) if state == "failed"]
    if lost := states.count("open"):
        return Verdict(group, "lost", True, f"{description}: {lost} of {len(videos)}")
    for video in set_aside:  # listed by name; a person tries them again
        archive.forget(video)
    if set_aside:
        drive(source, out, 1, (1, 1))
    if archives.timelines(archive) != archives.wanted(contents, list(contents)):
        return Verdict(group, "other bytes", True, description)
    checked = verify(archive)
    if checked.changed or checked.gone or checked.files != len(contents):
        return Verdict(group, "other digests", True, description)
    again = len(archives.noted(archive)) - len(contents)
    if again > most_again:
        return Verdict(group, "done twice", True, f"{description}: {again} tasks, expected at most {most_again}")
    left = [path.name for path in out.rglob(".*") if not leftovers.is_temporary(path.name)]
    if left or any(not leftovers.is_temporary(path.name) for path in archive.claims().iterdir()):
        return Verdict(group, "left over", True, f"{description}: {left[:3]}")
    return Verdict(group, "same bytes", detail=f"{description}; {again} done again, {len(set_aside)} set aside by name")


def attempt(case: Case) -> Verdict:
    """Do an archive of a kind and look at what came of it."""
    kind = KINDS[case.number % len(KINDS)]
    group = note_group(case, kind)
    rng = random.Random(int(case.rng.integers(2**31)))
    source, out = case.folder / "in", case.folder / "work" / "out"
    contents = filled(source, TASKS)
    _enter({})
    if kind == "killed":
        kills = disturbed(out, SHORT_KILLS, rng, 0.3, lambda: _start(source, out, {}), _kill_some)
        return judged(group, source, out, contents, 2 * kills, f"{kills} kills")
    worlds: Sequence[World] = [{}, {}]
    if kind == "NFS: seen late":
        worlds = [{"host": "one", "late_s": 1.0}, {"host": "two", "late_s": 1.0}]
    if kind == "NFS: no hard links":
        worlds = [{"host": "one", "links": False}, {"host": "two", "links": False}]
    if kind == "NFS: clocks that differ":
        worlds = [{"host": "one", "skew_s": 3000.0}, {"host": "two", "skew_s": -3000.0}]
    archives.begun(source, out)
    parts = ("1/2", "2/2") if rng.random() < 0.3 else ("1/1", "1/1")
    drivers = [_start(source, out, world, 1, part) for world, part in zip(worlds, parts, strict=True)]
    killed = kind.startswith("NFS") and rng.random() < 0.5
    if killed:  # what it held expires, for nobody can ask another machine
        time.sleep(rng.uniform(0.5, 1.5))
        drivers[0].kill()
        drivers[0].wait()
        drivers[0] = _start(source, out, worlds[0], 1, parts[0])
    codes = [driver.wait() for driver in drivers]
    if any(codes):
        return Verdict(group, "ended badly", True, f"exit status {codes}")
    # What one sees late, it does again: at most what the other has done meanwhile.
    most = TASKS if kind == "NFS: seen late" else 2 * killed
    return judged(
        group, source, out, contents, most, f"parts {parts}, {'a driver killed' if killed else 'none killed'}"
    )


def prepare(folder: Path) -> None:
    """Do nothing: each case makes its own videos."""


CAMPAIGN = Campaign(
    name="archive",
    about="Archives of tiny videos: SIGKILL of workers and drivers, shards that overlap by mistake, records that other"
    " machines see late, no hard links, clocks 100 minutes apart.",
    oracle="every video has its timeline, with the bytes of an undisturbed archive and one record; none is lost,"
    " nothing is left over; only what was killed or seen late is done again.",
    short=5,
    full=50,
    prepare=prepare,
    attempt=attempt,
    modules=("actscribe.archive.local",),
    seconds=60.0,
    fresh=True,
)


def parser(description: str, tasks: int) -> argparse.ArgumentParser:
    """Return the options of a long form, with how many tasks it has by default."""
    made = argparse.ArgumentParser(description=description)
    made.add_argument("--tasks", type=int, default=tasks)
    made.add_argument("--kills", type=int, default=50)
    made.add_argument("--seed", type=int, default=1)
    made.add_argument(
        "--seconds", type=float, default=3.0, help="at most, from the first video after a kill to the next kill"
    )
    return made


def long_form(options: argparse.Namespace, disturb: Callable[[Path, Path, random.Random], tuple[int, str]]) -> None:
    """Fill an archive, disturb it and print what came out; the exit status is 1 where something does not hold.

    Args:
        options: from `parser`.
        disturb: is given source, archive and what draws, and returns how many kills there were, and of what.
    """
    folder = Path(tempfile.mkdtemp(prefix="archive-"))
    source, out = folder / "in", folder / "out"
    try:
        start = time.monotonic()
        contents = filled(source, options.tasks)
        print(f"{options.tasks} videos written in {time.monotonic() - start:.0f} s", flush=True)
        start = time.monotonic()
        kills, killed = disturb(source, out, random.Random(options.seed))
        took = time.monotonic() - start
        verdict = judged("killed", source, out, contents, 2 * kills, killed)
        print(f"{options.tasks} tasks in {took:.0f} s: {verdict.outcome}; {verdict.detail}")
        sys.exit(int(verdict.broken or kills < options.kills))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    """Run the full form, or a driver."""
    made = parser(__doc__.splitlines()[0], 100_000)
    made.add_argument("--drive", nargs=4, help=argparse.SUPPRESS)
    options = made.parse_args()
    if options.drive:
        source, out, workers, part = options.drive
        number, count = map(int, part.split("/"))
        drive(Path(source), Path(out), int(workers), (number, count))
        return
    _enter({})

    def disturb(source: Path, out: Path, rng: random.Random) -> tuple[int, str]:
        kills = disturbed(out, options.kills, rng, options.seconds, lambda: _start(source, out, {}), _kill_some)
        return kills, f"{kills} kills"

    long_form(options, disturb)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    main()
