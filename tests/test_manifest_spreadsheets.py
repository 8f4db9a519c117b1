"""Manifests as spreadsheets leave them: umlauts, byte order marks, separators, capitals, empty rows and columns."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import openpyxl
import pytest

from actscribe.data.manifest import read_manifest
from actscribe.errors import ActScribeError

ROWS = [
    ["VIDEO ", "Annotations", "Group", "Split", "Größe"],
    ["Übung ä.mp4", "", "Jürgen", "Train", "groß"],
    ["b.mp4", "b.eaf", "Mia", "TEST", ""],
]
EXPECTED = [("Übung ä.mp4", "Jürgen", "train", {"Größe": "groß"}), ("b.mp4", "Mia", "test", {"Größe": ""})]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("Übung ä.mp4", "b.mp4", "b.eaf"):
        (tmp_path / name).write_bytes(b"x")
    return tmp_path


def from_workbook(folder: Path, separator: str, extra: int = 0) -> str:
    """Return the used range of a workbook as Excel saves it: empty rows and columns that were once touched too."""
    book = openpyxl.Workbook()
    sheet = book.active
    for row in [ROWS[0], ROWS[1], *[[]] * extra, ROWS[2]]:
        sheet.append(row)
    if extra:
        sheet.cell(sheet.max_row + extra, len(ROWS[0]) + extra, " ")
    book.save(folder / "manifest.xlsx")
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=separator, lineterminator="\r\n")
    for cells in openpyxl.load_workbook(folder / "manifest.xlsx").active.iter_rows(values_only=True):
        writer.writerow(["" if cell is None else cell for cell in cells])
    return text.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("extra", [0, 3])
@pytest.mark.parametrize("separator", [";", ",", "\t"])
def test_what_spreadsheets_save_is_read(folder: Path, separator: str, extra: int, encoding: str) -> None:
    text = from_workbook(folder, separator, extra)
    assert (f"{separator * 7}\r\n" in text) == bool(extra)
    for variant in (text, f"sep={separator}\r\n{text}", text.replace("\r\n", "\r"), f"{separator * 4}\r\n{text}"):
        (folder / "manifest.csv").write_bytes(variant.encode(encoding))
        rows = read_manifest(folder / "manifest.csv")
        assert [(row.video.name, row.group, row.split, dict(row.extra)) for row in rows] == EXPECTED


def test_windows_1252_is_not_guessed_but_recognized(folder: Path) -> None:
    (folder / "manifest.csv").write_bytes(from_workbook(folder, ";").encode("cp1252"))
    with pytest.raises(ActScribeError) as refused:
        read_manifest(folder / "manifest.csv")
    assert "manifest.csv:1: byte 0xf6 is not UTF-8 text (in Windows-1252 it would be " in refused.value.message
    assert ";Größe'" in refused.value.message
    assert "CSV UTF-8" in refused.value.hint
