"""Damaged run folders, unfinished runs, frame caches and kept answers: a sentence, or the very same numbers."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from campaigns import kit
from campaigns.campaign import Campaign, Case, Verdict
from campaigns.commands import MODULES, Ended, actscribe
from campaigns.counter import Counter
from campaigns.jobs import LIMIT
from campaigns.worker import note_group

#: What the numbers of a measured and of a trained run are; the rest of its folder tells how they came about.
MEASURED = ("scores-test.parquet", "metrics-test.json", "timelines-test")
STUDY = "STUDY"
TRAINED = ("scores-validation.parquet", "operating-point.json", "model")


@dataclass(frozen=True, slots=True)
class Target:
    """Something that is damaged, and what is done with it.

    Args:
        copied: folders of the sources that the case gets a copy of.
        damaged: the one of them in which a file is damaged.
        command: that meets the damage; STUDY stands for the study that the sources were made from.
        result: folder whose numbers must be those of the undisturbed command.
        wanted: folder of the sources that has the undisturbed command's numbers.
    """

    copied: tuple[str, ...]
    damaged: str
    command: tuple[str, ...]
    result: str
    wanted: str


TARGETS = {
    "run": Target(("run",), "run", ("evaluate", "run"), "run", "run"),
    "run, not measured": Target(("run-new",), "run-new", ("evaluate", "run-new"), "run-new", "run"),
    "asked run": Target(("asked-new", "cache"), "asked-new", ("evaluate", "asked-new"), "asked-new", "asked"),
    "answers": Target(("asked-new", "cache"), "cache", ("evaluate", "asked-new"), "asked-new", "asked"),
    "unfinished run": Target(("half",), "half", ("train", STUDY, "--out", "half", "--resume"), "half", "fresh"),
    "frames": Target(("cache",), "cache", ("train", "study", "--out", "fresh"), "fresh", "fresh"),
}


def prepare(sources: Path) -> None:
    """Make a run of each sort with its caches, a run that was killed in its second epoch, and what must come out."""
    kit.study(sources / "study", ("timesformer", "vlm-yesno"))
    for name, run in (("timesformer", "run"), ("vlm-yesno", "asked")):
        _do(sources, "train", "study", "--recognizer", name, "--out", run)
        shutil.copytree(sources / run, sources / f"{run}-new")
        _do(sources, "evaluate", run)
    steps = Counter(note=sources / "steps.json")
    _do(sources, "train", "study", "--out", "fresh", heard=steps)
    last = json.loads(steps.note.read_text())[2]
    heard = Counter(lambda event, counter: event == "step" and counter.steps == last)
    ended = _do(sources, "train", str(sources / "study"), "--out", "half", heard=heard)
    if ended.how != "killed" or not any((sources / "half").rglob("*.safetensors")):
        raise SystemExit("the unfinished run was not killed after its first checkpoint")


def attempt(case: Case) -> Verdict:
    """Damage a file and run the command that meets it."""
    name = list(TARGETS)[case.number % len(TARGETS)]
    target, rng = TARGETS[name], case.rng
    group = note_group(case, name)
    for folder in ("study", *target.copied):
        shutil.copytree(case.sources / folder, case.folder / folder)
    names = TRAINED if target.command[0] == "train" else MEASURED
    wanted = _numbers(case.sources / target.wanted, names, case)
    file, how = _damage(case.folder / target.damaged, name, rng)
    change = f"{how} {file.relative_to(case.folder)}"
    command = [str(case.sources / "study") if word == STUDY else word for word in target.command]
    ended = actscribe(
        command, case.folder / "command.log", folder=case.folder, cache=case.folder / "cache", seconds=LIMIT
    )
    if ended.problem:
        return Verdict(group, ended.problem, True, f"{change}: {ended.last_words}")
    if ended.code:
        if "Error: " not in ended.text:
            return Verdict(group, "no sentence", True, f"{change}: {ended.last_words}")
        return Verdict(group, "refused", detail=f"{change}: {ended.last_words}")
    differ = kit.differences(wanted, _numbers(case.folder / target.result, names, case))
    if differ:
        return Verdict(group, "other numbers", True, f"{change}: {'; '.join(differ[:4])}")
    return Verdict(group, "the same numbers")


def _damage(folder: Path, name: str, rng: np.random.Generator) -> tuple[Path, str]:
    """Damage one file below a folder and return it and how."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and "tfevents" not in path.name)
    if name in ("answers", "frames"):
        files = [path for path in files if (path.parent.name == "frames") == (name == "frames")]
    file = files[rng.integers(len(files))]
    how = DAMAGES[rng.integers(len(DAMAGES))]
    how(file, files, rng)
    return file, how.__name__


def deleted(file: Path, files: list[Path], rng: np.random.Generator) -> None:
    file.unlink()


def emptied(file: Path, files: list[Path], rng: np.random.Generator) -> None:
    file.write_bytes(b"")


def truncated(file: Path, files: list[Path], rng: np.random.Generator) -> None:
    data = file.read_bytes()
    file.write_bytes(data[: int(rng.integers(0, max(len(data), 1)))])


def bit_flipped(file: Path, files: list[Path], rng: np.random.Generator) -> None:
    data = bytearray(file.read_bytes() or b"\0")
    data[rng.integers(len(data))] ^= 1 << int(rng.integers(8))
    file.write_bytes(data)


def zeroed(file: Path, files: list[Path], rng: np.random.Generator) -> None:
    data = bytearray(file.read_bytes() or b"\0")
    first = int(rng.integers(len(data)))
    last = min(first + 4096, len(data))
    data[first:last] = bytes(last - first)
    file.write_bytes(data)


def lengthened(file: Path, files: list[Path], rng: np.random.Generator) -> None:
    with file.open("ab") as end:
        end.write(rng.bytes(int(rng.integers(1, 200))))


def digit_changed(file: Path, files: list[Path], rng: np.random.Generator) -> None:
    """Change a digit of a text: a value of the right kind that nobody wrote."""
    data = bytearray(file.read_bytes() or b"0")
    places = [offset for offset, byte in enumerate(data[:100_000]) if byte in b"0123456789"] or [0]
    offset = places[rng.integers(len(places))]
    data[offset] = ord("0") + (data[offset] - ord("0") + 1 + int(rng.integers(8))) % 10
    file.write_bytes(data)


def replaced(file: Path, files: list[Path], rng: np.random.Generator) -> None:
    """Put another file of the folder in its place."""
    file.write_bytes(files[rng.integers(len(files))].read_bytes())


def made_folder(file: Path, files: list[Path], rng: np.random.Generator) -> None:
    file.unlink()
    file.mkdir()


def made_pointer(file: Path, files: list[Path], rng: np.random.Generator) -> None:
    """What git leaves of a large file that it did not fetch."""
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize {file.stat().st_size}\n"
    file.write_text(pointer, encoding="utf-8")


Damage = Callable[[Path, list[Path], np.random.Generator], None]
DAMAGES: tuple[Damage, ...] = (
    *(deleted, emptied, truncated, bit_flipped, bit_flipped, zeroed, lengthened, digit_changed, digit_changed),
    *(replaced, made_folder, made_pointer),
)


def _numbers(run: Path, names: tuple[str, ...], case: Case) -> dict[str, str]:
    """Return the digests of what a run says."""
    digests = kit.snapshot(run, case.sources, case.folder)
    return {name: digest for name, digest in digests.items() if name.split("/")[0] in names}


def _do(sources: Path, *words: str, heard: Counter | None = None) -> Ended:
    log = sources / "prepare.log"
    before, after = (heard.install, heard.write) if heard else (None, None)
    ended = actscribe(words, log, folder=sources, cache=sources / "cache", before=before, after=after, seconds=60)
    if ended.code != 0 and ended.how != "killed":
        raise SystemExit(f"{' '.join(words)}: {ended.last_words}")
    return ended


CAMPAIGN = Campaign(
    name="damage",
    about="One file of a run folder, an unfinished run, the frame cache or the kept answers deleted, emptied, cut, with"
    " other bits, bytes or digits, or another file in its place; then evaluate or train.",
    oracle="a sentence, or the very same scores, metrics, timelines and weights.",
    short=60,
    full=500,
    prepare=prepare,
    attempt=attempt,
    modules=MODULES,
    seconds=2 * LIMIT,
)
