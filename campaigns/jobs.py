"""The long commands as jobs that can be disturbed: what they need, how a user goes on, and what must come out."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from campaigns import kit
from campaigns.campaign import Verdict
from campaigns.commands import Ended, actscribe
from campaigns.counter import Counter

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
_ANNOTATE = (
    "annotate",
    "study/r0.mp4",
    "study/r1.mp4",
    "--run",
    _RUN,
    "--format",
    "json,elan,csv,boris",
    "--out",
    "new",
)
_COMPARE = ("compare", "both", "--out", "compared")
_BENCHMARK = (
    *("benchmark", "folder", "--videos", "bench/set", "--backbone", "vifi-clip", "--shots", "2", "--seeds", "1"),
    *("--frames", "4", "--set", "model=bench/clip", "--set", "epochs=2", "--set", "batch_size=6"),
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


def prepare(sources: Path) -> None:
    """Make what the jobs start from, do each job undisturbed, and note what came of it and how it went."""
    kit.study(sources / "study")
    kit.study(sources / "both", ("timesformer", "vlm-yesno"))
    kit.benchmark_set(sources / "bench")
    for name, job in JOBS.items():
        root = start(sources / name, sources, job)
        heard = Counter(note=sources / f"{name}.counts")
        ended = run(root, job.command, "undisturbed", before=heard.install, after=heard.write)
        if ended.code != 0:
            raise SystemExit(f"{name} does not work undisturbed: {ended.last_words}")
        (sources / f"{name}.seconds").write_text(str(ended.seconds))
        (sources / f"{name}.result").write_text(json.dumps(kit.snapshot(root / job.result)))


def judged(
    group: str, root: Path, name: str, sources: Path, ended: Ended, user: dict[Path, bytes], description: str
) -> Verdict:
    """Return the verdict on a command that a user went on with after a disturbance.

    Args:
        group: for the table.
        root: where the job was done.
        name: of the job.
        sources: that `prepare` filled.
        ended: how the last command ended.
        user: from `users_files`.
        description: of the disturbance.
    """
    if ended.problem:
        return Verdict(group, ended.problem, True, f"{description}: {ended.last_words}")
    if ended.code and "complete run is here already" not in ended.text:
        return Verdict(group, "does not go on", True, f"{description}: {ended.last_words}")
    touched = [str(path.relative_to(root)) for path, data in user.items() if not _is_still(path, data)]
    if touched:
        return Verdict(group, "a user's file touched", True, f"{description}: {touched[:5]}")
    differ = other_than_undisturbed(root, name, sources, user)
    if differ:
        return Verdict(group, "other result", True, f"{description}: {'; '.join(differ[:6])}")
    return Verdict(group, "the same")


def other_than_undisturbed(root: Path, name: str, sources: Path, user: dict[Path, bytes]) -> list[str]:
    """Return what differs from the result of the undisturbed job."""
    results = root / JOBS[name].result
    wanted = json.loads((sources / f"{name}.result").read_text())
    own = {str(path.relative_to(results)) for path in user if path.is_relative_to(results)}
    digests = {file: digest for file, digest in kit.snapshot(results).items() if file not in own}
    return kit.differences(wanted, digests)


def start(folder: Path, sources: Path, job: Job) -> Path:
    """Make a place with what a job needs, and do what comes before it."""
    root = kit.case_folder(folder)
    for name in ("study", "both", "bench"):
        if any(name in word.split("/")[0] for words in (*job.first, job.command) for word in words):
            kit.copied(sources / name, root / name)
    for number, words in enumerate(job.first):
        ended = run(root, words, f"first-{number}")
        if ended.code != 0:
            raise RuntimeError(f"{' '.join(words)}: {ended.last_words}")
    return root


def run(
    root: Path,
    words: tuple[str, ...],
    name: str,
    before: Callable[[], None] | None = None,
    after: Callable[[], None] | None = None,
    kill_after: float | None = None,
) -> Ended:
    """Do a command in its place; see `commands.actscribe`."""
    return actscribe(
        words,
        root / f"{name}.log",
        folder=root,
        cache=root / "cache",
        before=before,
        after=after,
        kill_after=kill_after,
        seconds=LIMIT,
    )


def users_files(root: Path, job: Job) -> dict[Path, bytes]:
    """Return everything that is there already, and add notes of a user's beside it."""
    for folder in (root, *(path for path in root.iterdir() if path.is_dir() and path.name != "cache")):
        (folder / "notes of mine.txt").write_text("do not touch", encoding="utf-8")
    results = root / job.result
    held = (path for path in root.rglob("*") if path.is_file() and path.suffix != ".log")
    return {path: path.read_bytes() for path in held if not path.is_relative_to(results) and "cache" not in path.parts}


def _is_still(path: Path, data: bytes) -> bool:
    return path.is_file() and path.read_bytes() == data
