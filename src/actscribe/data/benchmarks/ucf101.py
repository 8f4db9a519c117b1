"""UCF101 (Soomro, Zamir and Shah, 2012): 101 classes, three splits, from `ucfTrainTestlist`."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

from actscribe.data.benchmarks.base import Benchmark, BenchmarkClass, Entry, Source, assemble, count_note
from actscribe.data.benchmarks.files import find_list, plain, read_lines, words
from actscribe.errors import ActScribeError

CLASSES = 101
#: `v_ApplyEyeMakeup_g08_c01`: the class and the group, clips of one person in one place.
STEM = re.compile(r"v_(?P<class_name>.+)_(?P<group>g\d+)_c\d+$", re.IGNORECASE)
LINE = re.compile(r"(?P<path>.+\.\w+)(?:\s+(?P<id>\d+))?$")


def read(source: Source) -> Benchmark:
    """Return UCF101 from classInd.txt, trainlist0N.txt and testlist0N.txt.

    Ids are those of classInd.txt less 1; its order is not that of sorted names (HammerThrow comes after Hammering).
    Names are compared without case. A test line has no id: its class is its folder, or else in the file's name.

    Modes: "corrected" reads a class name as words ("apply eye makeup"), "as_published" keeps the prompt as X-CLIP and
    ViFi-CLIP have it ("ApplyEyeMakeup").

    Raises:
        ActScribeError: a list is missing or malformed (file and line named), or no video is there.
    """
    lists = source.list_folder()
    names = _classes(find_list(lists, ("classInd.txt",), "class list of UCF101"))
    ids = {plain(name): index for index, name in enumerate(names)}
    entries: list[Entry] = []
    for split in ("train", "test"):
        path = find_list(lists, (f"{split}list{source.split:02d}.txt",), f"{split} list of UCF101 split {source.split}")
        entries += [_entry(f"{path}:{number}", line, names, ids, split) for number, line in read_lines(path)]
    classes = [BenchmarkClass(name, words(name) if source.mode == "corrected" else name) for name in names]
    notes = count_note("UCF101", "classes", len(names), CLASSES)
    return assemble("ucf101", source, classes, entries, notes=notes)


def _classes(path: Path) -> list[str]:
    names: list[str] = []
    for number, line in read_lines(path):
        index, _, name = line.partition(" ")
        if index != str(len(names) + 1) or not name.strip():
            raise ActScribeError(f"{path}:{number}: expected '{len(names) + 1} ClassName', found '{line}'.")
        names.append(name.strip())
    return names


def _entry(where: str, line: str, names: list[str], ids: dict[str, int], split: str) -> Entry:
    match = LINE.match(line)
    if not match:
        raise ActScribeError(f"{where}: expected 'ClassName/v_ClassName_gXX_cYY.avi', found '{line}'.")
    path = PurePosixPath(match["path"])
    stem = STEM.match(path.stem)
    if not stem:
        raise ActScribeError(f"{where}: expected a file called v_ClassName_gXX_cYY, found '{path.name}'.")
    class_name = path.parent.name or stem["class_name"]
    class_id = ids.get(plain(class_name))
    if class_id is None:
        raise ActScribeError(f"{where}: '{class_name}' is not a class of classInd.txt.")
    if match["id"] and int(match["id"]) != class_id + 1:
        raise ActScribeError(f"{where}: says {match['id']}, but classInd.txt has {class_name} as {class_id + 1}.")
    return Entry(path.stem, class_id, f"{names[class_id]}-{stem['group'].lower()}", split)
