"""BORIS's tables as Excel workbooks, written by openpyxl; and workbooks and archives that are something else."""

from __future__ import annotations

import datetime
import functools
import io
import shutil
import tempfile
import zipfile
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actscribe.annotations import Annotations, Interval, detect, read, read_all
from actscribe.errors import ActScribeError

TABULAR = ("Observation id", "Subject", "Behavior", "Behavior type", "Time", "Media file name", "Comment")
AGGREGATED = ("Observation id", "Subject", "Behavior", "Behavior type", "Start (s)", "Stop (s)", "Media file name")


def book(folder: Path, *sheets: tuple[tuple[object, ...], ...], name: str = "a.xlsx") -> Path:
    made = openpyxl.Workbook()
    made.remove(made.active)
    for number, rows in enumerate(sheets):
        sheet = made.create_sheet(f"sheet {number + 1}")
        for row in rows:
            sheet.append(row)
    made.save(folder / name)
    return folder / name


def refused(path: Path) -> str:
    with pytest.raises(ActScribeError) as caught:
        read(path)
    assert str(path) in caught.value.message
    return str(caught.value)


def test_aggregated_events(tmp_path: Path) -> None:
    rows = (
        ("o1", "P", "walk", "STATE", 1.5, 2, "a.mp4"),
        ("o1", "No focal subject", "Lächeln", "POINT", "3.250", None, "a.mp4"),
        (None,) * 7,
        ("o2", "P", "walk", "STATE", 0.3, 7, "b.mp4"),
    )
    path = book(tmp_path, (AGGREGATED, *rows), ())
    assert detect(path) == "boris-aggregated"
    assert read_all(path) == {
        "o1": Annotations((Interval("walk", 1.5, 2.0, "P"), Interval("Lächeln", 3.25, 3.25)), media=("a.mp4",)),
        "o2": Annotations((Interval("walk", 0.3, 7.0, "P"),), media=("b.mp4",)),
    }


def test_tabular_events_with_a_sheet_for_each_observation(tmp_path: Path) -> None:
    first = (TABULAR, ("o1", "P", "walk", "START", 1, "a.mp4", '"'), ("o1", "P", "walk", "STOP", 2, "a.mp4", "=1"))
    second = ((), TABULAR, ("o2", "P", "walk", "START", 3, "b.mp4", ""), ("o2", "P", "walk", "STOP", 4, "b.mp4", ""))
    path = book(tmp_path, first, second, name="export.XLSX")
    assert detect(path) == "boris-tabular"
    assert {name: one.intervals for name, one in read_all(path).items()} == {
        "o1": (Interval("walk", 1.0, 2.0, "P"),),
        "o2": (Interval("walk", 3.0, 4.0, "P"),),
    }


def test_times_that_excel_took_for_times_of_day(tmp_path: Path) -> None:
    start, stop = datetime.time(0, 1, 2, 500_000), datetime.timedelta(hours=25)
    path = book(tmp_path, (AGGREGATED, ("o", "P", "walk", "STATE", start, stop, "a.mp4")))
    assert read(path).intervals == (Interval("walk", 62.5, 90_000.0, "P"),)


@pytest.mark.parametrize(
    ("sheets", "expected"),
    [
        (((("label", "start", "end"), ("walk", 1, 2)),), "an Excel workbook that is not a known export"),
        (((),), "an Excel workbook that is not a known export"),
        (
            ((AGGREGATED, ("o", "P", "walk", "STATE", 1, 2, "a")), (("notes",),)),
            "sheet 'sheet 2', row 1: this sheet has no header row",
        ),
        (((AGGREGATED, ("o", "P", "walk", "STATE", "soon", 2, "a")),), "line 2: the start is 'soon'"),
        (((AGGREGATED, ("o", "P", "walk", "STATE", "=A1", 2, "a")),), "line 2: a row without a behaviour or a time"),
        (((AGGREGATED, ("o", "P", "walk", "STATE", 1, 2, "a", "x")),), "line 2: more cells than columns (8 and 7)"),
        (((AGGREGATED, ("o", "P", "walk", "STATE", datetime.datetime(2024, 1, 1), 2, "a")),), "the start is '2024"),
    ],
)
def test_other_workbooks_are_refused(tmp_path: Path, sheets: tuple, expected: str) -> None:
    assert expected in refused(book(tmp_path, *sheets)).replace(":2: more", ": line 2: more")


def read_or_refuse(path: Path) -> dict[str, Annotations] | None:
    """Read a file; the only exception may be one that names it."""
    refusal = ""
    try:
        return read_all(path)
    except ActScribeError as error:
        refusal = str(error)
    assert path.name in refusal
    return None


def packed(path: Path, parts: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in parts.items():
            file.writestr(name, data)
    return path


def test_archives_that_are_no_workbook(tmp_path: Path) -> None:
    ods = {"mimetype": b"application/vnd.oasis.opendocument.spreadsheet", "content.xml": b"<x/>"}
    assert "an OpenDocument file" in refused(packed(tmp_path / "a.ods", ods))
    assert "an archive (zip)" in refused(packed(tmp_path / "a.zip", {"a.eaf": b"<x/>"}))
    (tmp_path / "a.xls").write_bytes(b"\xd0\xcf\x11\xe0" + b"\0" * 600)
    assert "an old Excel file (.xls)" in refused(tmp_path / "a.xls")
    (tmp_path / "cut.xlsx").write_bytes(b"PK\x03\x04" + b"\0" * 30)
    assert "a damaged archive or Excel workbook" in refused(tmp_path / "cut.xlsx")


def test_a_small_workbook_that_unpacks_to_gigabytes(tmp_path: Path) -> None:
    path = packed(tmp_path / "bomb.xlsx", {"xl/workbook.xml": b"<x/>", "xl/sharedStrings.xml": b"\0" * 2**28})
    assert path.stat().st_size < 2**20
    assert "unpacked, this workbook has 256 MiB" in refused(path)


def sheet(path: Path, source: Path, rows: str) -> Path:
    """Replace the rows of the first sheet."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            data = old.read(part)
            if part.filename == "xl/worksheets/sheet1.xml":
                before, _, after = data.decode().partition("<sheetData>")
                data = f"{before}<sheetData>{rows}</sheetData>{after.partition('</sheetData>')[2]}".encode()
            new.writestr(part, data)
    return path


@pytest.mark.parametrize(
    "rows",
    [
        '<row r="999999999"><c r="A999999999"><v>1</v></c></row>',
        "".join(f'<row r="{n}"><c r="XFD{n}"><v>1</v></c></row>' for n in range(1, 2000)),
        '<row r="1"><c r="ZZZZZ1"><v>1</v></c></row>',
    ],
)
def test_cells_far_away_are_not_filled_up_to(tmp_path: Path, rows: str) -> None:
    source = book(tmp_path, (AGGREGATED, ("o", "P", "walk", "STATE", 1, 2, "a")))
    assert refused(sheet(tmp_path / "far.xlsx", source, rows))


@functools.cache
def sound() -> bytes:
    """Return the bytes of one workbook: another one would hold another date."""
    with tempfile.TemporaryDirectory() as folder:
        return book(Path(folder), (AGGREGATED, ("o", "P", "walk", "STATE", 1, 2, "a"))).read_bytes()


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_damaged_workbooks_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    content = bytearray(sound())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    (folder / "b.xlsx").write_bytes(content)
    annotations = read_or_refuse(folder / "b.xlsx")
    assert annotations is None or sum(len(one.intervals) for one in annotations.values()) == 1
    shutil.rmtree(folder)


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_damaged_parts_of_workbooks_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    with zipfile.ZipFile(io.BytesIO(sound())) as old:
        parts = {part.filename: old.read(part) for part in old.infolist()}
    name = data.draw(st.sampled_from(sorted(parts)))
    at = data.draw(st.integers(0, len(parts[name]) - 1))
    piece = data.draw(st.sampled_from([b"", b"<", b"\0", b'"', b"999999999", b"&a;", b"nan"]))
    parts[name] = parts[name][:at] + piece + parts[name][at + data.draw(st.integers(0, 30)) :]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as new:
        for part, content in parts.items():
            new.writestr(part, content)
    (folder / "b.xlsx").write_bytes(buffer.getvalue())
    read_or_refuse(folder / "b.xlsx")
    shutil.rmtree(folder)
