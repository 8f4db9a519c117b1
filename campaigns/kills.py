"""SIGKILL at renames, at other changes of the disk, at optimizer steps and at random moments; then the same again."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from campaigns import kit
from campaigns.campaign import Campaign, Case, Verdict
from campaigns.commands import MODULES, Ended, actscribe
from campaigns.worker import note_group

#: Python's audit events of changes to the disk (opening a file to write is one more).
_CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "os.chmod", "os.link", "shutil.rmtree"}
#: Where kills are placed, in turns.
WHERE = ("before a rename", "after a rename", "before a change", "at a step", "at a moment")
#: Seconds that one command may take.
LIMIT = 60.0


@dataclass(frozen=True, slots=True)
class Job:
    """A command that is killed.

    Args:
        first: what must have been done before, none of it killed.
        command: that is killed.
        again: how a user goes on.
        result: folder that it fills.
    """

    first: tuple[tuple[str, ...], ...]
    command: tuple[str, ...]
    again: tuple[str, ...]
    result: str


_TRAIN = ("train", "study")
_RUN = "study/runs/timesformer"
_ANNOTATE = ("annotate", "study/r0.mp4", "study/r1.mp4", "--run", _RUN, "--format", "json,elan,csv,boris", "--out", "new")
_COMPARE = ("compare", "both", "--out", "compared")
_BENCHMARK = (
    *("benchmark", "folder", "--videos", "bench/set", "--backbone", "vifi-clip", "--shots", "2", "--seeds", "1"),
    *("--frames", "4", "--set", "checkpoint=bench/clip", "--set", "epochs=2", "--set", "batch=6"),
    *("--set", "precision=float32", "--out", "measured"),
)
_SIMULATE = ("simulate", "made", "--recordings", "2", "--minutes", "0.1", "--size", "64")
JOBS = {
    "train": Job((), _TRAIN, (*_TRAIN, "--resume"), "study/runs"),
    "evaluate": Job((_TRAIN,), ("evaluate", _RUN), ("evaluate", _RUN), "study/runs"),
    "compare": Job((), _COMPARE, (*_COMPARE, "--resume"), "compared"),
    "benchmark": Job((), _BENCHMARK, (*_BENCHMARK, "--resume"), "measured"),
    "annotate": Job((_TRAIN,), _ANNOTATE, (*_ANNOTATE, "--overwrite"), "new"),
    "simulate": Job((), _SIMULATE, _SIMULATE, "made"),
}


@dataclass(slots=True)
class Counter:
    """Counts renames, changes of the disk and optimizer steps of this process, and may end it at one of them."""

    kill: Callable[[str, Counter], bool] = lambda event, counter: False
    renames: int = 0
    changes: int = 0
    steps: int = 0
    note: Path = Path()

    def install(self) -> None:
        """Listen from now on."""
        from torch.optim.optimizer import register_optimizer_step_pre_hook

        sys.addaudithook(self._heard)
        register_optimizer_step_pre_hook(lambda *_: self._count("step"))

    def write(self) -> None:
        """Write the counts to the note."""
        self.note.write_text(json.dumps([self.renames, self.changes, self.steps]))

    def _heard(self, event: str, arguments: tuple) -> None:
        if event in _CHANGES:
            self._count("rename" if event == "os.rename" else "change")
        elif event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR):
            self._count("change")

    def _count(self, event: str) -> None:
        self.renames += event == "rename"
        self.changes += event != "step"
        self.steps += event == "step"
        if self.kill(event, self):
            os.kill(os.getpid(), signal.SIGKILL)


def prepare(sources: Path) -> None:
    """Make what the jobs start from, do each job undisturbed, and note what came of it and how it went."""
    kit.study(sources / "study")
    kit.study(sources / "both", ("timesformer", "vlm-yesno"))
    kit.benchmark_set(sources / "bench")
    for name, job in JOBS.items():
        here = _start(sources / name, sources, job)
        heard = Counter(note=sources / f"{name}.counts")
        ended = _run(here, job.command, "undisturbed", before=heard.install, after=heard.write)
        if ended.code != 0:
            raise SystemExit(f"{name} does not work undisturbed: {ended.last_words}")
        (sources / f"{name}.seconds").write_text(str(ended.seconds))
        (sources / f"{name}.result").write_text(json.dumps(kit.snapshot(here / job.result)))


def attempt(case: Case) -> Verdict:
    """Kill a job somewhere, go on as a user would, and compare with the undisturbed one."""
    name = list(JOBS)[case.number % len(JOBS)]
    where = WHERE[case.number // len(JOBS) % len(WHERE)]
    job = JOBS[name]
    renames, changes, steps = json.loads((case.sources / f"{name}.counts").read_text())
    if where == "at a step" and not steps:
        where = "at a moment"
    group = note_group(case, f"{name}, {where}")
    lasted = float((case.sources / f"{name}.seconds").read_text())
    most = {"before a rename": renames, "after a rename": renames, "before a change": changes, "at a step": steps}
    place = int(case.rng.integers(1, most.get(where, 1) + 1))
    moment = float(case.rng.uniform(0.02, lasted)) if where == "at a moment" else None
    here = _start(case.folder, case.sources, job)
    user = _users_files(here, job)
    killed = _run(here, job.command, "killed", before=Counter(_trigger(where, place)).install, kill_after=moment)
    if killed.how != "killed":
        return _judge(group, here, job, case, killed, user, f"{where} {place}: not reached")
    again = _run(here, job.again, "again")
    said = f"{where} {place} of {most[where]}" if moment is None else f"after {moment:.2f} of {lasted:.2f} s"
    return _judge(group, here, job, case, again, user, said)


def _judge(
    group: str, here: Path, job: Job, case: Case, ended: Ended, user: dict[Path, bytes], said: str
) -> Verdict:
    if ended.problem:
        return Verdict(group, ended.problem, True, f"{said}: {ended.last_words}")
    if ended.code and "complete run is here already" not in ended.text:
        return Verdict(group, "does not go on", True, f"{said}: {ended.last_words}")
    touched = [str(path.relative_to(here)) for path, data in user.items() if not _is_still(path, data)]
    if touched:
        return Verdict(group, "a user's file touched", True, f"{said}: {touched[:5]}")
    name = list(JOBS)[case.number % len(JOBS)]
    wanted = json.loads((case.sources / f"{name}.result").read_text())
    found = kit.snapshot(here / job.result)
    own = {str(path.relative_to(here / job.result)) for path in user if path.is_relative_to(here / job.result)}
    differ = kit.differences(wanted, {name: digest for name, digest in found.items() if name not in own})
    if differ:
        return Verdict(group, "other result", True, f"{said}: {'; '.join(differ[:6])}")
    return Verdict(group, "not reached" if said.endswith("not reached") else "the same")


def _trigger(where: str, place: int) -> Callable[[str, Counter], bool]:
    def before(event: str, heard: Counter) -> bool:
        return event == "rename" and heard.renames == place

    def after(event: str, heard: Counter) -> bool:
        return heard.renames > place or (heard.renames == place and event != "rename")

    def change(event: str, heard: Counter) -> bool:
        return event != "step" and heard.changes == place

    def step(event: str, heard: Counter) -> bool:
        return event == "step" and heard.steps == place

    known = {"before a rename": before, "after a rename": after, "before a change": change, "at a step": step}
    return known.get(where, lambda event, heard: False)


def _start(folder: Path, sources: Path, job: Job) -> Path:
    """Make a place with what a job needs, and do what comes before it."""
    here = kit.place(folder)
    for name in ("study", "both", "bench"):
        if any(name in word.split("/")[0] for words in (*job.first, job.command) for word in words):
            kit.copied(sources / name, here / name)
    for number, words in enumerate(job.first):
        ended = _run(here, words, f"first-{number}")
        if ended.code != 0:
            raise RuntimeError(f"{' '.join(words)}: {ended.last_words}")
    return here


def _run(
    here: Path,
    words: tuple[str, ...],
    name: str,
    before: Callable[[], None] | None = None,
    after: Callable[[], None] | None = None,
    kill_after: float | None = None,
) -> Ended:
    return actscribe(
        words,
        here / f"{name}.log",
        folder=here,
        cache=here / "cache",
        before=before,
        after=after,
        kill_after=kill_after,
        seconds=LIMIT,
    )


def _users_files(here: Path, job: Job) -> dict[Path, bytes]:
    """Return everything that is there already, and add notes of a user's beside it."""
    for folder in (here, *(path for path in here.iterdir() if path.is_dir() and path.name != "cache")):
        (folder / "notes of mine.txt").write_text("do not touch", encoding="utf-8")
    results = here / job.result
    held = (path for path in here.rglob("*") if path.is_file() and path.suffix != ".log")
    return {path: path.read_bytes() for path in held if not path.is_relative_to(results) and "cache" not in path.parts}


def _is_still(path: Path, data: bytes) -> bool:
    return path.is_file() and path.read_bytes() == data


CAMPAIGN = Campaign(
    name="kills",
    about="SIGKILL before and after renames, before other changes of the disk, at optimizer steps and at random"
    " moments of train, evaluate, compare, benchmark, annotate and simulate; then the same command again (--resume,"
    " --overwrite).",
    oracle="the second command ends well; tables, scores, models and timelines are byte for byte those of an undisturbed"
    " run, nothing is left over, no other file is touched.",
    short=12,
    full=60,
    prepare=prepare,
    attempt=attempt,
    modules=MODULES,
    seconds=3 * LIMIT,
)
