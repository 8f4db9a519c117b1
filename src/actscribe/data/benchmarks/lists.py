"""Split lists and label files of other people: which clips of a set they name, and which classes they mean."""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from actscribe.counts import counted
from actscribe.data.benchmarks.base import Benchmark, BenchmarkClip, Missing
from actscribe.data.benchmarks.files import plain, read_lines
from actscribe.errors import ActScribeError, did_you_mean
from actscribe.video.endings import VIDEO_ENDINGS

_ENDINGS = "|".join(sorted(ending[1:] for ending in VIDEO_ENDINGS))
#: A path with a video's ending, then nothing, or a space or comma and the class; paths may hold spaces and commas.
LINE = re.compile(rf'"?(?P<path>.+\.(?:{_ENDINGS}))"?(?:[\s,]+(?P<label>.+))?$', re.IGNORECASE)
#: A stem in one case -> as it is spelled, and the name of the clip, for each clip that goes by it.
Stems = Mapping[str, list[tuple[str, str]]]


@dataclass(frozen=True, slots=True)
class ListedClips:
    """What a split list names.

    Args:
        clips: that are on this machine, in the order of the list.
        missing: names of clips that the set knows and this machine lacks.
    """

    clips: tuple[BenchmarkClip, ...]
    missing: tuple[str, ...]


def read_list(path: Path, benchmark: Benchmark, labels: Path | None = None) -> ListedClips:
    """Return the clips that a split list names, found in `benchmark` by their file's stem, or a YouTube id.

    Known forms of a line: `path label`, `path,label` (with or without a header), `path` alone. A label is an id from 0
    or a class name. Ids are the set's own unless `labels` is given, a file of `id,name` lines that says what this
    list's ids mean (base-to-novel lists count from the start again). The classes are compared with the set's own
    clip by clip.

    Raises:
        ActScribeError: a line that is none of this, a clip that is in no part of the set's split, that the set does not
            know or that is listed twice, or a class other than the set's; with counts and the first line.
    """
    names = dict(enumerate(read_labels(labels))) if labels else {i: c.name for i, c in enumerate(benchmark.classes)}
    known, stems = {clip.name: clip for clip in benchmark.clips}, _by_stem(benchmark)
    out = frozenset(benchmark.unused)
    clips: list[BenchmarkClip] = []
    missing: list[str] = []
    lines: dict[str, int] = {}
    unused: list[str] = []
    unknown: list[str] = []
    other: list[str] = []
    for number, line in read_lines(path):
        match = LINE.match(line)
        if not match:
            if number == 1 and "," in line:  # a header
                continue
            raise ActScribeError(f"{path}:{number}: expected 'path/video.mp4 LABEL', found '{line}'.")
        where = f"{path}:{number}"
        name = _choose(match["path"], stems)
        if name is None:
            unknown.append(f"{where}: {match['path']}")
            continue
        first = lines.setdefault(name, number)
        if first != number:
            raise ActScribeError(f"{where}: {name} is in line {first} already.")
        if name in out:
            unused.append(f"{where}: {name}")
            continue
        own = name.partition("/")[0]
        class_name = _meant(where, match["label"], names) if match["label"] else own
        if plain(class_name) != plain(own):
            other.append(f"{where}: {match['label']} means '{class_name}', the clip is of '{own}'")
        clip = known.get(name)
        if clip is None:
            missing.append(name)
        else:
            clips.append(clip)
    _refuse_unused(path, benchmark, lines, unused)
    _refuse(path, benchmark, unknown, other)
    return ListedClips(tuple(clips), tuple(missing))


def read_labels(path: Path) -> tuple[str, ...]:
    """Return the class names of a label file, lines `id,name` with ids from 0 in order, with or without a header.

    Raises:
        ActScribeError: a line that is not (named).
    """
    names: list[str] = []
    for number, line in read_lines(path):
        cells = next(csv.reader([line], skipinitialspace=True))
        if number == 1 and cells[0].strip().lower() == "id":
            continue
        if len(cells) != 2 or cells[0].strip() != str(len(names)):
            raise ActScribeError(f"{path}:{number}: expected '{len(names)},class name', found '{line}'.")
        names.append(cells[1].strip())
    return tuple(names)


def _by_stem(benchmark: Benchmark) -> Stems:
    """Return the clips of a set, there, missing or in no part of its split, by every stem that they go by."""
    by_stem: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    listed: tuple[BenchmarkClip | Missing, ...] = (*benchmark.clips, *benchmark.missing)
    others = [(one.other_stem, one.name) for one in listed if one.other_stem]
    names = (*(one.name for one in listed), *benchmark.unused)
    for stem, name in (*((PurePosixPath(name).name, name) for name in names), *others):
        by_stem[stem.casefold()].append((stem, name))
    return by_stem


def _choose(listed: str, stems: Stems) -> str | None:
    """Return the name of the clip that a listed path means: of several by case, then by folder."""
    path = PurePosixPath(listed.replace("\\", "/"))
    candidates = stems.get(path.stem.casefold(), [])
    if len(candidates) > 1:
        candidates = [(stem, name) for stem, name in candidates if stem == path.stem] or candidates
    if len(candidates) > 1:
        folders = {plain(part) for part in path.parts[:-1]}
        candidates = [(stem, name) for stem, name in candidates if plain(name.partition("/")[0]) in folders]
    return candidates[0][1] if len(candidates) == 1 else None


def _meant(where: str, label: str, names: Mapping[int, str]) -> str:
    label = label.strip().strip('"')
    if re.fullmatch(r"\d+(?:[\s,]+\d+)+", label):
        raise ActScribeError(f"{where}: '{label}' is a list of several classes a clip; this set has one a clip.")
    if not label.isdecimal():
        if plain(label) not in map(plain, names.values()):
            raise ActScribeError(f"{where}: '{label}' is not a class of this set.", did_you_mean(label, names.values()))
        return label
    if int(label) not in names:
        raise ActScribeError(f"{where}: there is no class {label}; ids go from 0 to {len(names) - 1}.")
    return names[int(label)]


def _refuse_unused(path: Path, benchmark: Benchmark, lines: Mapping[str, int], unused: list[str]) -> None:
    """Refuse a list of another official split: some of its clips are in no part of this one, and others are tested."""
    if unused:
        listed: tuple[BenchmarkClip | Missing, ...] = (*benchmark.clips, *benchmark.missing)
        tested = len({one.name for one in listed if one.split == "test"} & lines.keys())
        raise ActScribeError(
            f"{path}: of its {counted(len(lines), 'clip')} of {benchmark.name}, {tested} are test clips of this split"
            f" and {len(unused)} are in no part of it; first {unused[0]}.",
            "It was made for another official split: give that one (published shots are of --split 1), or leave the"
            " list out and draw shots of this split with --shots.",
        )


def _refuse(path: Path, benchmark: Benchmark, unknown: list[str], other: list[str]) -> None:
    if unknown:
        raise ActScribeError(
            f"{path}: {counted(len(unknown), 'clip is', 'clips are')} unknown to {benchmark.name}; first {unknown[0]}",
            "Is this a list of another set, or of raw frames?",
        )
    if other:
        raise ActScribeError(
            f"{path}: {counted(len(other), 'clip has', 'clips have')} another class than in {benchmark.name};"
            f" first {other[0]}.",
            "If its ids are not those of the set, give the label file that belongs to the list: --shots-labels FILE",
        )
