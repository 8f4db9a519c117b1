"""Tables as an Excel workbook. The same values always give the same bytes."""

from __future__ import annotations

import io
import math
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from actscribe.files import write_beside

#: Where a workbook notes when it was made and saved, and what stands there instead.
_PROPERTIES, _SAVED, _NO_DATE = (
    "docProps/core.xml",
    re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"),
    b"1980-01-01T00:00:00Z",
)
#: Widest column, in characters.
_WIDEST = 60


def write_workbook(path: Path, tables: Mapping[str, pd.DataFrame]) -> None:
    """Write tables as sheets, each with a bold header that stays in sight, whole or not at all.

    Texts are texts, whatever they begin with: no spreadsheet runs them as formulas. Missing values are empty cells,
    floats are shown with three decimals and kept in full.

    Args:
        path: of the .xlsx file.
        tables: by name of the sheet, of at most 31 characters.

    Raises:
        ActScribeError: the disk is full or the folder cannot be written to.
    """
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.active)
    for name, table in tables.items():
        _fill(book.create_sheet(name), table)
    packed = io.BytesIO()
    book.save(packed)
    with write_beside(path) as beside:
        beside.write_bytes(_dateless(packed))


def _fill(sheet: Any, table: pd.DataFrame) -> None:
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    rows = [[str(column).replace("_", " ") for column in table.columns], *table.itertuples(index=False)]
    for number, row in enumerate(rows, start=1):
        for place, value in enumerate(row, start=1):
            _set(sheet.cell(number, place), value)
    for place in range(1, len(table.columns) + 1):
        sheet.cell(1, place).font = Font(bold=True)
        widest = max(len(str(row[place - 1])) if isinstance(row[place - 1], str) else 10 for row in rows)
        sheet.column_dimensions[get_column_letter(place)].width = min(widest + 2, _WIDEST)
    sheet.freeze_panes = "A2"


def _set(cell: Any, value: object) -> None:
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return
    if isinstance(value, str):
        cell.value = ILLEGAL_CHARACTERS_RE.sub("\N{REPLACEMENT CHARACTER}", value)
        cell.data_type = "s"  # else a text that begins with '=' would be a formula
        cell.quotePrefix = value.startswith(("=", "+", "-", "@"))
        return
    cell.value = value.item() if hasattr(value, "item") else value
    if isinstance(cell.value, float):
        cell.number_format = "0.000"


def _dateless(packed: io.BytesIO) -> bytes:
    """Return an archive with the same parts, none of which notes when it was packed or saved."""
    again = io.BytesIO()
    with zipfile.ZipFile(packed) as old, zipfile.ZipFile(again, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.namelist():
            content = _SAVED.sub(_NO_DATE, old.read(part)) if part == _PROPERTIES else old.read(part)
            new.writestr(zipfile.ZipInfo(part), content, zipfile.ZIP_DEFLATED)
    return again.getvalue()
