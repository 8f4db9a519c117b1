"""HMDB51 (Kuehne et al., ICCV 2011): 51 classes, three splits, from `testTrainMulti_7030_splits`."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path, PurePosixPath

from actscribe.counts import counted
from actscribe.data.benchmarks.base import Benchmark, BenchmarkClass, Entry, Source, assemble, count_note
from actscribe.data.benchmarks.files import read_lines, words
from actscribe.errors import ActScribeError

CLASSES = 51
#: What the number after a file's name means; unused clips are in no split.
SPLIT_OF_CODE = {"0": "", "1": "train", "2": "test"}
#: The attributes behind a file's source: body part, camera motion, people, viewpoint, quality, clip number.
STEM = re.compile(r"(?P<source>.+)_[fhlu]_[cn]m_np\d+_(?:ba|fr|le|ri)_(?:goo|med|bad)_\d+$", re.IGNORECASE)
#: Class whose clips the published label file gives the prompt of another one (hmdb_51_labels.csv, rows 20, 21, 44, 45).
PUBLISHED_PROMPTS = {"kick": "kick ball", "kick_ball": "kick", "sword": "sword exercise", "sword_exercise": "sword"}


def read(source: Source) -> Benchmark:
    """Return HMDB51 from the files CLASS_test_splitN.txt, with lines `video.avi CODE`.

    Ids are the places of the sorted class names. Sorting the *file* names gives others, since "_" sorts before other
    letters: kick_ball_test comes before kick_test. The group is the class with the source that the file's name begins
    with. File names hold spaces and `( ) [ ] ! & ; #`; a line is split from the right.

    Modes: "as_published" swaps the prompts of kick and kick_ball, and of sword and sword_exercise, as the label file
    of X-CLIP and ViFi-CLIP does (120 of 1530 test clips of a split meet the wrong text); "corrected" does not.

    Raises:
        ActScribeError: a list is missing or malformed (file and line named), or no video is there.
    """
    ending = f"_test_split{source.split}.txt"
    files = _split_files(source.list_folder(), ending)
    names = sorted(files)
    entries: list[Entry] = []
    unused: list[str] = []
    for class_id, name in enumerate(names):
        for number, line in read_lines(files[name]):
            entry = _entry(f"{files[name]}:{number}", line, class_id, name)
            if entry.split:
                entries.append(entry)
            else:
                unused.append(f"{name}/{entry.stem}")
    swapped = PUBLISHED_PROMPTS if source.mode == "as_published" else {}
    classes = [BenchmarkClass(name, swapped.get(name, words(name))) for name in names]
    notes = (
        *count_note("HMDB51", "classes", len(names), CLASSES),
        f"{counted(len(unused), 'clip belongs', 'clips belong')} to no part of this split.",
    )
    return replace(assemble("hmdb51", source, classes, entries, notes=notes), unused=tuple(unused))


def _split_files(folder: Path, ending: str) -> dict[str, Path]:
    there = sorted(folder.glob(f"*{ending}")), sorted(folder.glob(f"*/*{ending}"))
    # Names with a dot in front are not lists; macOS leaves ._NAME files.
    lists = next(filter(None, ([path for path in paths if path.name[0] != "."] for paths in there)), [])
    if not lists:
        raise ActScribeError(
            f"{folder}: no split list of HMDB51: expected files such as brush_hair{ending}.",
            "Unpack test_train_splits.rar and give the folder testTrainMulti_7030_splits.",
        )
    return {path.name.removesuffix(ending): path for path in lists}


def _entry(where: str, line: str, class_id: int, name: str) -> Entry:
    file, code = [*line.rsplit(maxsplit=1), ""][:2]
    if code not in SPLIT_OF_CODE:
        raise ActScribeError(f"{where}: expected 'video.avi CODE' with code 0, 1 or 2, found '{line}'.")
    stem = PurePosixPath(file).stem
    attributes = STEM.match(stem)
    origin = attributes["source"] if attributes else stem
    return Entry(stem, class_id, f"{name}-{origin}", SPLIT_OF_CODE[code])
