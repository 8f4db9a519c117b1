"""Full disks, folders that cannot be written, two processes at once, clocks that jump, files that change while read."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from campaigns import jobs, kit
from campaigns.campaign import Campaign, Case, Verdict
from campaigns.commands import MODULES, Ended, actscribe, start, wait
from campaigns.counter import Counter
from campaigns.jobs import JOBS, judged, users_files
from campaigns.worker import note_group

#: A user id that owns nothing.
_NOBODY = 65534


def full_disk(case: Case) -> Verdict:
    """The disk fills up at some moment; then there is room, and the user goes on."""
    name = _job_name(case)
    with _Disk(case) as disk:
        how = disk.how
        group = note_group(case, f"full disk ({how})")
        root = jobs.start(disk.folder, case.sources, JOBS[name])
        user = users_files(root, JOBS[name])
        room = int(case.rng.integers(0, 400)) * 1024
        disk.leave(room)
        ended = jobs.run(root, JOBS[name].command, "full", before=disk.limit(room))
        description = f"{name}, {room // 1024} KiB left"
        if ended.problem or (ended.code and not _says_why(ended)):
            return _kept(
                case, root, Verdict(group, ended.problem or "no sentence", True, f"{description}: {ended.last_words}")
            )
        disk.leave(None)
        again = JOBS[name].again if ended.code else ()
        done = jobs.run(root, again, "again") if again else ended
        return _kept(case, root, judged(group, root, name, case.sources, done, user, description))


def read_only(case: Case) -> Verdict:
    """Nothing can be written: refused with a sentence, before any long work, and nothing has changed."""
    name = _job_name(case)
    with _Disk(case) as disk:
        if disk.how == "limit":
            group = note_group(case, "read-only folder (another user)")
        else:
            group = note_group(case, "read-only disk")
        root = jobs.start(disk.folder, case.sources, JOBS[name])
        before = kit.snapshot(root)
        disk.forbid()
        log = case.folder / "command.log"
        log.touch(mode=0o666)
        ended = actscribe(
            JOBS[name].command, log, folder=root, cache=root / "cache", before=disk.drop, seconds=jobs.LIMIT
        )
        disk.allow()
        if ended.problem or ended.code == 0 or not _says_why(ended):
            return Verdict(group, ended.problem or "no sentence", True, f"{name}: {ended.last_words}")
        late = [word for word in ("Annotating", "Training", "Scoring") if f"{word}" in ended.text]
        if late:
            return Verdict(group, "late", True, f"{name}: after {late}: {ended.last_words}")
        differ = kit.differences(before, kit.snapshot(root))
        return Verdict(group, "changed", True, f"{name}: {differ[:4]}") if differ else Verdict(group, "refused")


def two_at_once(case: Case) -> Verdict:
    """The same command twice at the same time, in one run, one cache, one study."""
    name = _job_name(case)
    group = note_group(case, "two processes")
    job = JOBS[name]
    root = jobs.start(case.folder, case.sources, job)
    user = users_files(root, job)
    environment = {"ACTSCRIBE_CACHE": str(root / "cache")}
    apart = float(case.rng.choice([0.0, 0.05, 0.3, 1.0]))
    logs = [root / f"{number}.log" for number in range(2)]
    children = []
    for log in logs:
        children.append(start(job.command, log, folder=root, environment=environment))
        time.sleep(apart)
    ended = [wait(child, log, seconds=jobs.LIMIT) for child, log in zip(children, logs, strict=True)]
    description = f"{name}, {apart} s apart"
    for one in ended:
        if one.problem:
            return Verdict(group, one.problem, True, f"{description}: {one.last_words}")
    done = next((one for one in ended if one.code == 0), ended[0])
    if done.code:
        done = jobs.run(root, job.again, "again")
    return judged(group, root, name, case.sources, done, user, description)


def clock_jumps(case: Case) -> Verdict:
    """The clock goes to another year in the middle, files get odd dates; killed at a step and resumed."""
    name = _job_name(case)
    group = note_group(case, "clock jumps")
    job = JOBS[name]
    root = jobs.start(case.folder, case.sources, job)
    user = users_files(root, job)
    steps = json.loads((case.sources / f"{name}.counts").read_text())[2]
    by = float(case.rng.choice([-3e7, -3600.0, 3600.0, 3e7]))
    at = int(case.rng.integers(1, 200))
    last = int(case.rng.integers(1, steps + 1)) if steps else 0
    ender = Counter(lambda event, heard: event == "step" and heard.steps == last)

    def before() -> None:
        _jump(by, at)
        if last:
            ender.install()

    ended = jobs.run(root, job.command, "jumped", before=before)
    description = f"{name}, clock {by:+.0f} s at its {at}th reading, killed at step {last}"
    if ended.how == "killed":
        for path in sorted(root.rglob("*")):
            if path.is_file():
                when = 1e9 + float(case.rng.uniform(0, 1e9))
                os.utime(path, (when, when))
        ended = jobs.run(root, job.again, "again", before=lambda: _jump(-by, at))
    return judged(group, root, name, case.sources, ended, user, description)


def changed_while_read(case: Case) -> Verdict:
    """A video is replaced, cut or lengthened while it is annotated: a sentence, or the timeline of one of the two."""
    group = note_group(case, "file changes while read")
    job = JOBS["annotate"]
    root = jobs.start(case.folder, case.sources, job)
    video, other = root / "study" / "r0.mp4", (root / "study" / "r1.mp4").read_bytes()
    known = []
    for number, data in enumerate((video.read_bytes(), other)):
        video.write_bytes(data)
        known.append(_timeline(root, f"known-{number}"))
    video.write_bytes((case.sources / "study" / "r0.mp4").read_bytes())
    change, moment = (
        str(case.rng.choice(["replaced", "cut", "lengthened", "rewritten"])),
        float(case.rng.uniform(0, 0.8)),
    )
    child = start(
        ("annotate", video, "--run", "study/runs/timesformer", "--out", "new"),
        root / "now.log",
        folder=root,
        environment={"ACTSCRIBE_CACHE": str(root / "cache-now")},
    )
    time.sleep(moment)
    if change == "replaced":
        (root / "study" / "new.tmp").write_bytes(other)
        (root / "study" / "new.tmp").replace(video)
    elif change == "rewritten":
        video.write_bytes(other)
    else:
        with video.open("r+b") as file:
            file.truncate(video.stat().st_size // 2 if change == "cut" else video.stat().st_size + 5000)
    ended = wait(child, root / "now.log", seconds=jobs.LIMIT)
    description = f"{change} after {moment:.2f} s"
    if ended.problem or (ended.code and "Error: " not in ended.text):
        return Verdict(group, ended.problem or "no sentence", True, f"{description}: {ended.last_words}")
    if ended.code:
        return Verdict(group, "refused", detail=f"{description}: {ended.last_words}")
    intervals = json.loads((root / "new" / "r0.json").read_text())["intervals"]
    if intervals in known:
        return Verdict(group, "the same")
    return Verdict(group, "a mixture", True, f"{description}: {intervals}")


def odd_files(case: Case) -> Verdict:
    """Pipes, devices, sockets, loops of links, folders and gigabytes of nothing where a file is expected."""
    group = note_group(case, "odd files")
    kinds = (
        "pipe",
        "zeros without end",
        "socket",
        "loop",
        "folder",
        "8 GB of nothing",
        "full device",
        "link to nothing",
    )
    kind = kinds[case.number // len(KINDS) % len(kinds)]
    path = case.folder / f"odd{case.rng.choice(['.csv', '.mp4', '.json', '.eaf', '.yaml', '.txt'])}"
    _odd(path, kind)
    uses = (
        ("convert", path, "out.json"),
        ("check", path),
        ("train", path, "--out", "run"),
        ("convert", case.sources / "study" / "r0.txt", path, "--to", "csv"),
        ("convert", case.sources / "study" / "r0.txt", "out.csv", "--labels", path),
        ("annotate", path, "--run", path),
        ("evaluate", path),
    )
    words = uses[case.rng.integers(len(uses))]
    shown = " ".join(Path(word).name for word in words)
    ended = actscribe(words, case.folder / "command.log", folder=case.folder, cache=case.folder / "cache")
    if ended.problem or (ended.code and "Error: " not in ended.text):
        description = f"{kind}, {shown}: {ended.last_words}"
        return _without(path, Verdict(group, ended.problem or "no sentence", True, description))
    return _without(
        path, Verdict(group, "refused" if ended.code else "done", detail=f"{kind}, {shown}: {ended.last_words}")
    )


KINDS: tuple[Callable[[Case], Verdict], ...] = (
    *(full_disk, read_only, two_at_once, clock_jumps, changed_while_read, odd_files),
)


def attempt(case: Case) -> Verdict:
    """Disturb a job by its surroundings."""
    return KINDS[case.number % len(KINDS)](case)


class _Disk:
    """A small disk of its own where mounting is allowed; else the case's folder, a limit on files, and another user."""

    def __init__(self, case: Case) -> None:
        self.folder = case.folder / "disk"
        self.how = "limit"

    def __enter__(self) -> _Disk:
        self.folder.mkdir()
        command = ("mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(self.folder))
        if os.geteuid() == 0 and shutil.which("mount") and _ok(command):
            self.how = "tmpfs"
        return self

    def __exit__(self, *_: object) -> None:
        if self.how == "tmpfs":
            _ok(("umount", "--lazy", str(self.folder)))

    def leave(self, room: int | None) -> None:
        """Leave so many bytes of room; None: enough."""
        if self.how == "tmpfs":
            used = shutil.disk_usage(self.folder).used
            size = 64 * 2**20 if room is None else used + room
            _ok(("mount", "-o", f"remount,size={size}", str(self.folder)))

    def limit(self, room: int) -> Callable[[], None] | None:
        """Return what limits a process's files where no disk could be mounted."""
        if self.how == "tmpfs":
            return None

        def before() -> None:
            import resource

            resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))

        return before

    def forbid(self) -> None:
        """Let nothing be written."""
        if self.how == "tmpfs":
            _ok(("mount", "-o", "remount,ro", str(self.folder)))
        else:
            for path in (self.folder, *self.folder.rglob("*")):
                path.chmod(0o555 if path.is_dir() else 0o444)

    def allow(self) -> None:
        """Let the folder be written again."""
        if self.how == "tmpfs":
            _ok(("mount", "-o", "remount,rw", str(self.folder)))
        else:
            for path in (self.folder, *self.folder.rglob("*")):
                path.chmod(0o755 if path.is_dir() else 0o644)

    def drop(self) -> None:
        """Become nobody where only the folders' modes forbid writing: they do not hold for root."""
        if self.how != "tmpfs" and os.geteuid() == 0:
            os.setgid(_NOBODY)
            os.setuid(_NOBODY)


def _job_name(case: Case) -> str:
    return list(JOBS)[case.number // len(KINDS) % len(JOBS)]


def _kept(case: Case, root: Path, verdict: Verdict) -> Verdict:
    """Copy what is on the disk out of it when it is worth keeping, and return the verdict."""
    if verdict.broken:
        shutil.copytree(root, case.folder / "was", ignore_dangling_symlinks=True)
    return verdict


def _says_why(ended: Ended) -> bool:
    return "Error: " in ended.text and "\n    " not in ended.text.split("Error: ", 1)[1]


def _ok(command: tuple[str, ...]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _jump(by: float, at: int) -> None:
    """Let the clock of this process go `by` seconds further at its `at`-th reading."""
    real, readings = time.time, iter(range(1, 10**9))
    time.time = lambda: real() + (by if next(readings) >= at else 0.0)


def _timeline(root: Path, name: str) -> list:
    words = ("annotate", "study/r0.mp4", "--run", "study/runs/timesformer", "--out", name)
    ended = jobs.run(root, words, name)
    if ended.code != 0:
        raise RuntimeError(ended.last_words)
    return json.loads((root / name / "r0.json").read_text())["intervals"]


def _odd(path: Path, kind: str) -> None:
    match kind:
        case "pipe":
            os.mkfifo(path)
        case "zeros without end":
            path.symlink_to("/dev/zero")
        case "full device":
            path.symlink_to("/dev/full")
        case "loop":
            path.symlink_to(path.name)
        case "link to nothing":
            path.symlink_to("nothing")
        case "folder":
            path.mkdir()
        case "socket":
            with socket.socket(socket.AF_UNIX) as made:
                made.bind(str(path))
        case _:
            with path.open("wb") as file:
                file.truncate(8 * 10**9)


def _without(path: Path, verdict: Verdict) -> Verdict:
    """Take the odd file away, which cannot be kept, and return the verdict."""
    shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink(missing_ok=True)
    return verdict


CAMPAIGN = Campaign(
    name="surroundings",
    about="Disks that fill up or cannot be written, the same command twice at once, clocks and file dates that jump,"
    " videos that change while they are read, and odd things where a file is expected.",
    oracle="a sentence, and after it the same command gives the undisturbed result; refused before any long work where"
    " nothing can be written; no mixture of two files.",
    short=18,
    full=144,
    prepare=jobs.prepare,
    attempt=attempt,
    modules=MODULES,
    seconds=3 * jobs.LIMIT,
)
