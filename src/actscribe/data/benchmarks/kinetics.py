"""Kinetics-400 (Kay et al., 2017) and Mini-Kinetics-200 (Xie et al., ECCV 2018), from csv files and id lists."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from actscribe.data.benchmarks.base import Benchmark, BenchmarkClass, Entry, Missing, Source, assemble, count_note
from actscribe.data.benchmarks.files import find_list, read_lines
from actscribe.errors import ActScribeError

COLUMNS = ("label", "youtube_id", "time_start", "time_end")
#: Names under which the official csv files of a part go round. Papers test on the part called `validate`.
FILES = {
    "train": ("train.csv", "kinetics_train.csv", "kinetics400_train.csv", "kinetics-400_train.csv"),
    "test": (
        "validate.csv",
        "val.csv",
        "kinetics_val.csv",
        "kinetics400_val.csv",
        "kinetics-400_val.csv",
        "kinetics-400_validate.csv",
    ),
}
MINI_FILES = {"train": "train_ytid_list.txt", "test": "val_ytid_list.txt"}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a Kinetics csv: class name, YouTube id, seconds, part."""

    label: str
    youtube_id: str
    start: int
    end: int
    split: str

    def stem(self) -> str:
        """Return the file's stem as the official downloads have it."""
        return f"{self.youtube_id}_{self.start:06d}_{self.end:06d}"


def read(source: Source) -> Benchmark:
    """Return Kinetics-400 from train.csv and validate.csv (label, youtube_id, time_start, time_end, split).

    Ids are the places of the sorted class names. Files are called {id}_{start:06d}_{end:06d}, or {id} alone; ids
    differ in case alone, so case counts here. Videos vanish from YouTube: what is not there is in `missing`, and
    numbers are those of what is there. The test split is the part `validate`, as in all papers. Both modes are alike.

    Raises:
        ActScribeError: a csv is missing or malformed (file and line named), or no video is there.
    """
    rows = _read_parts(source.list_folder())
    names = sorted({row.label for row in rows})
    notes = count_note("Kinetics-400", "classes", len(names), 400)
    return assemble("kinetics400", source, _classes(names), _entries(rows, names), notes=notes, exact=True)


def read_mini(source: Source) -> Benchmark:
    """Return Mini-Kinetics-200 from train_ytid_list.txt and val_ytid_list.txt and the csv files of Kinetics-400.

    The two lists hold YouTube ids and nothing else; classes come from the csv, ids 0 to 199 are the places of the
    sorted names that occur. A listed id that no csv knows is in `missing`. Both modes are alike.

    Raises:
        ActScribeError: a list or csv is missing or malformed, or no video is there.
    """
    lists = source.list_folder()
    by_id = {row.youtube_id: row for row in _read_parts(lists)}
    rows: list[Row] = []
    lost: list[Missing] = []
    for split, name in MINI_FILES.items():
        for _, youtube_id in read_lines(find_list(lists, (name,), "id list of Mini-Kinetics-200")):
            row = by_id.get(youtube_id)
            if row is None:
                lost.append(Missing(youtube_id, None, split, "not in the csv files of Kinetics-400"))
            else:
                rows.append(Row(row.label, youtube_id, row.start, row.end, split))
    names = sorted({row.label for row in rows})
    notes = count_note("Mini-Kinetics-200", "classes", len(names), 200)
    return assemble(
        "mini-kinetics200", source, _classes(names), _entries(rows, names), lost=lost, notes=notes, exact=True
    )


def _classes(names: Iterable[str]) -> list[BenchmarkClass]:
    return [BenchmarkClass(name, name) for name in names]


def _entries(rows: Iterable[Row], names: list[str]) -> list[Entry]:
    ids = {name: index for index, name in enumerate(names)}
    return [Entry(row.stem(), ids[row.label], row.youtube_id, row.split, row.youtube_id) for row in rows]


def _read_parts(folder: Path) -> list[Row]:
    rows: list[Row] = []
    for split, names in FILES.items():
        rows += _read_csv(find_list(folder, names, f"{names[0]} of Kinetics-400"), split)
    return rows


def _read_csv(path: Path, split: str) -> list[Row]:
    lines = read_lines(path)
    header = _cells(lines[0][1]) if lines else []
    absent = [name for name in COLUMNS if name not in header]
    if absent:
        raise ActScribeError(
            f"{path}:1: no column '{absent[0]}'; found '{lines[0][1] if lines else ''}'.",
            "Expected the official csv with its header. Lists without one, such as SlowFast's, are split lists.",
        )
    rows = []
    for number, line in lines[1:]:
        values = dict(zip(header, _cells(line), strict=False))
        try:
            label, name = values["label"], values["youtube_id"]
            start, end = int(float(values["time_start"])), int(float(values["time_end"]))
        except (KeyError, ValueError, OverflowError):
            raise ActScribeError(f"{path}:{number}: expected seconds as times, found '{line}'.") from None
        if not label or not name:
            raise ActScribeError(f"{path}:{number}: expected a label and a YouTube id, found '{line}'.")
        rows.append(Row(label, name, start, end, split))
    return rows


def _cells(line: str) -> list[str]:
    """Return the cells of one line; read alone, a quote that is never closed takes no other line with it."""
    return [cell.strip() for cell in next(csv.reader([line], skipinitialspace=True))]
