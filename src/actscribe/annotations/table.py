"""Tables in text: rows with their line numbers, and columns found by name."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from actscribe.errors import ActScribeError

DELIMITERS = "\t;,"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table.

    Args:
        line: 1-based, in the file.
        cells: as they stand in the file, without quotes.
    """

    line: int
    cells: tuple[str, ...]

    def cell(self, column: int | None) -> str:
        """Return the text in a column; empty where the row is too short or there is no such column."""
        return self.cells[column] if column is not None and column < len(self.cells) else ""


def rows(path: Path, text: str, delimiter: str, strict: bool = True) -> list[Row]:
    """Return the rows of a table that are not empty."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=strict)
    found: list[Row] = []
    line = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                found.append(Row(line, tuple(cells)))
            line = reader.line_num + 1
    except csv.Error as error:
        raise ActScribeError(f"{path}:{line}: not a readable table row: {error}.") from None
    return found


def normal(name: str) -> str:
    """Return a column name without case, units' brackets and spelling variants: 'Start (s)' is 'start_s'."""
    return re.sub(r"[^a-z0-9]+", "_", name.casefold().replace("behaviour", "behavior")).strip("_")


def column(header: Sequence[str], *names: str) -> int | None:
    """Return the position of the first of `names` (in normal form) in a header of normal names."""
    return next((header.index(name) for name in names if name in header), None)


def lay_out(header: Iterable[str], body: Iterable[Iterable[object]], delimiter: str) -> str:
    """Return a table as text, quoted where needed, lines ending with LF."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator="\n")
    writer.writerow(list(header))
    writer.writerows(body)
    return buffer.getvalue()
