"""Sheets of an Excel workbook (.xlsx) as rows of text, for tables that BORIS exports so.

Cells hold what Excel last computed, never a formula. Numbers become text in full precision; what Excel took for a time
of day becomes seconds, since BORIS writes times as hours, minutes and seconds.
"""

from __future__ import annotations

import datetime
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from actscribe.annotations.table import Row
from actscribe.errors import ActScribeError
from actscribe.reading import open_regular

_ZIP, _OLD = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_WORKBOOK = "xl/workbook.xml"
#: What the parts of a workbook may take when they are unpacked, in bytes: a small file can hold terabytes.
_MOST_BYTES = 200 * 2**20
_MOST_FILE = 50 * 2**20
_MOST_ROWS, _MOST_CELLS, _MOST_PARTS = 1_048_576, 5_000_000, 10_000
_AS_TEXT = "Save it as 'CSV UTF-8', or export it from BORIS as text (TSV)."


def is_packed(path: Path) -> bool:
    """Tell whether a file begins as workbooks do, old ones (.xls) or new ones."""
    with open_regular(path) as file:
        return file.read(4) in (_ZIP, _OLD)


def read_sheets(path: Path) -> list[list[Row]]:
    """Return the rows of each sheet that holds any.

    Raises:
        ActScribeError: an .xls, an OpenDocument file or another archive, a damaged workbook, or one that is too large.
    """
    with open_regular(path) as file:
        if file.read(4) == _OLD:
            raise ActScribeError(f"{path}: an old Excel file (.xls), which is not read.", _AS_TEXT)
        _check(path, file)
        try:
            return _sheets(path, file)
        except ActScribeError:
            raise
        # openpyxl answers damaged workbooks with whatever it stumbles over: KeyError, TypeError, zlib.error …
        except Exception as error:
            raise ActScribeError(
                f"{path}: a damaged Excel workbook ({type(error).__name__}).", "Open it in Excel and save it again."
            ) from error


def _check(path: Path, file: Any) -> None:
    """Refuse what is not a workbook, or would not fit into memory; `zipfile` unpacks no more than a part declares."""
    try:
        parts = zipfile.ZipFile(file).infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise ActScribeError(f"{path}: a damaged archive or Excel workbook: {error}.") from None
    names = {part.filename for part in parts}
    if "content.xml" in names and "mimetype" in names:
        raise ActScribeError(f"{path}: an OpenDocument file (.ods), which is not read.", _AS_TEXT)
    if _WORKBOOK not in names:
        raise ActScribeError(f"{path}: an archive (zip), expected an annotation file.", "Unpack it first.")
    unpacked = sum(part.file_size for part in parts)
    if unpacked > _MOST_BYTES or len(parts) > _MOST_PARTS or sum(part.compress_size for part in parts) > _MOST_FILE:
        raise ActScribeError(
            f"{path}: unpacked, this workbook has {unpacked / 2**20:,.0f} MiB in {len(parts):,} parts; up to"
            f" {_MOST_BYTES // 2**20} MiB are read.",
            _AS_TEXT,
        )


def _sheets(path: Path, file: Any) -> list[list[Row]]:
    import openpyxl  # slow to import, and few studies have workbooks

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of styles and validations, which carry no data
        book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
        try:
            several = len(book.worksheets) > 1
            sheets = [list(_rows(path, sheet, several)) for sheet in book.worksheets]
        finally:
            book.close()
    return [rows for rows in sheets if rows]


def _rows(path: Path, sheet: Any, several: bool) -> Iterator[Row]:
    sheet.reset_dimensions()  # what a sheet says of its size may be wrong
    count = 0
    for number, cells in enumerate(sheet.iter_rows(values_only=True), start=1):
        count += len(cells)
        if number > _MOST_ROWS or count > _MOST_CELLS:
            raise ActScribeError(f"{path}: the sheet '{sheet.title}' has too many rows or cells.", _AS_TEXT)
        texts = tuple(_text(cell) for cell in cells)
        if any(text.strip() for text in texts):
            yield Row(number, texts, sheet.title if several else "")


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime.time):
        value = datetime.timedelta(
            hours=value.hour, minutes=value.minute, seconds=value.second, microseconds=value.microsecond
        )
    if isinstance(value, datetime.timedelta):
        return repr(value.total_seconds())
    return str(value)
