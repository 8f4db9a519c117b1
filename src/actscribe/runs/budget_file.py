"""Files of a time budget: a table for a spreadsheet, as CSV or as a workbook."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from actscribe.errors import ActScribeError
from actscribe.files import check_writable, write_beside
from actscribe.ownership import check_file
from actscribe.table_text import csv_text
from actscribe.table_workbook import write_workbook

#: Endings of the files that a time budget can be written to.
ENDINGS = (".csv", ".xlsx")


def check_budget_file(path: Path, overwrite: bool = False) -> None:
    """Prove before any long work that a time budget can be written to a file.

    Raises:
        ActScribeError: another ending, a file that is there already, or a folder that cannot be written to.
    """
    if path.suffix.casefold() not in ENDINGS:
        raise ActScribeError(
            f"{path}: a time budget is written as {' or '.join(ENDINGS)}.", "Choose one of these endings."
        )
    check_file(path, overwrite)
    check_writable(path.parent)


def write_budget(path: Path, table: pd.DataFrame) -> None:
    """Write a time budget, whole or not at all.

    .csv: UTF-8 with the mark by which Excel knows it, times to the millisecond. .xlsx: numbers in full.

    Raises:
        ActScribeError: the disk is full or the folder cannot be written to.
    """
    if path.suffix.casefold() == ".xlsx":
        write_workbook(path, {"time budget": table})
        return
    with write_beside(path) as beside:
        beside.write_text(csv_text(table.round(3)), encoding="utf-8-sig", newline="")
