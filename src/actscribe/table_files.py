"""Tables as files for people: CSV and Excel workbooks. The same values always give the same bytes."""

from __future__ import annotations

import gc
import io
import math
import re
import sys
import traceback
import zipfile
from datetime import datetime
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import pandas as pd

from actscribe.errors import ActScribeError
from actscribe.files import check_writable, explain_os_error, write_beside, write_text
from actscribe.ownership import check_file
from actscribe.table_text import csv_text, safe_texts

ENDINGS = (".csv", ".xlsx")
#: What workbooks note as the moment of their making: the first day of a zip archive's calendar.
NEVER = datetime(1980, 1, 1)
#: Widest column, in characters.
WIDEST = 60
_MODIFIED = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*(</dcterms:modified>)")


def check_table(path: Path, overwrite: bool = False) -> None:
    """Prove that a table may be written to `path`.

    Raises:
        ActScribeError: another ending than .csv or .xlsx, a file that is not to be replaced, or no writable folder.
    """
    if path.suffix.casefold() not in ENDINGS:
        raise ActScribeError(f"{path}: a table is written as .csv or .xlsx.", f"Name it {path.with_suffix('.xlsx')}")
    check_file(path, overwrite)
    check_writable(path.parent)


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a table as CSV or workbook by the ending of `path`, whole or not at all; numbers are not rounded."""
    if path.suffix.casefold() == ".csv":
        write_text(path, csv_text(table))
        return
    try:
        content = _workbook(safe_texts(table))
    except OSError as error:  # openpyxl writes each sheet to a temporary file first
        _end_quietly(error)
        raise explain_os_error(error, Path(gettempdir()) / path.name) from error
    with write_beside(path) as beside:
        beside.write_bytes(content)


def write_parquet(path: Path, table: pd.DataFrame) -> None:
    """Write a table as parquet, whole or not at all."""
    content = table.to_parquet(index=False)  # as bytes: Arrow opens no name that is not UTF-8
    with write_beside(path) as beside:
        beside.write_bytes(content)


def _end_quietly(error: OSError) -> None:
    """End the writer of a sheet that failed: it tries to write once more, and Python would print that error, too."""
    hook, sys.unraisablehook = sys.unraisablehook, lambda again: None
    try:
        traceback.clear_frames(error.__traceback__)
        gc.collect()
    finally:
        sys.unraisablehook = hook


def _workbook(table: pd.DataFrame) -> bytes:
    from openpyxl import Workbook
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    book = Workbook()
    book.properties.created = NEVER
    sheet = book.active
    assert sheet is not None
    rows = [[_plain(value) for value in row] for row in (table.columns, *table.itertuples(index=False))]
    for number, row in enumerate(rows, start=1):
        for index, value in enumerate(row, start=1):
            cell = sheet.cell(number, index)
            cell.value = ILLEGAL_CHARACTERS_RE.sub("\ufffd", value) if isinstance(value, str) else value
            if isinstance(value, str):
                cell.data_type = "s"  # never a formula
            if number == 1:
                cell.font = Font(bold=True)
    for index in range(len(table.columns)):
        width = max(len(_shown(row[index])) for row in rows)
        sheet.column_dimensions[get_column_letter(index + 1)].width = min(width + 2, WIDEST)
    sheet.freeze_panes = "A2"
    held = io.BytesIO()
    book.save(held)
    return _timeless(held)


def _plain(value: Any) -> Any:
    """Return what a cell holds; missing numbers are empty."""
    value = value.item() if hasattr(value, "item") else value
    return None if value is pd.NA or (isinstance(value, float) and not math.isfinite(value)) else value


def _shown(value: Any) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _timeless(held: io.BytesIO) -> bytes:
    """Return an archive with the same files and no moment of its making."""
    made = io.BytesIO()
    with zipfile.ZipFile(held) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = _MODIFIED.sub(rb"\g<1>" + NEVER.strftime("%Y-%m-%dT00:00:00Z").encode() + rb"\2", old.read(name))
            new.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return made.getvalue()
