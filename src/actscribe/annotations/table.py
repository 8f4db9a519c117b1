"""Tables in text: every row is read, with its line number, or the table is refused; columns are found by name.

Comma, semicolon or tab between the columns, or what a first line such as Excel's 'sep=;' says. In tables with tabs a
quotation mark is often a mere character: BORIS writes comments as they were typed. So a row there that has as many
cells as the header has columns is one row, whatever quotation marks it holds. Elsewhere a quotation mark that is not
closed is refused, and so is a quotation that would swallow whole rows.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from actscribe.annotations.text import lines, quoted
from actscribe.errors import ActScribeError

DELIMITERS = "\t;,"
#: Rows that are searched for a header; older BORIS exports have a block of facts above it.
SEARCHED = 200
MOST_CELLS, _MOST_COLUMNS = 20_000_000, 5_000
_LONGEST_NAME = 200
_SEPARATOR = re.compile(r'\s*"?sep=(.)"?\s*', re.IGNORECASE)
_WHOLE = re.compile(r"[0-9]{1,12}")


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table.

    Args:
        line: 1-based, in the file or the sheet.
        cells: as they stand in the file, without quotes.
        sheet: of a workbook that has several.
    """

    line: int
    cells: tuple[str, ...]
    sheet: str = ""

    @property
    def location(self) -> str:
        """Where it stands, for messages."""
        return f"sheet '{self.sheet}', row {self.line}" if self.sheet else f"line {self.line}"

    def at(self, path: Path) -> str:
        """Where it stands, with the file."""
        return f"{path}: {self.location}" if self.sheet else f"{path}:{self.line}"

    def cell(self, column: int | None) -> str:
        """Return the text in a column; empty where the row is too short or there is no such column."""
        return self.cells[column] if column is not None and column < len(self.cells) else ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table with its header.

    Args:
        names: of the columns, in normal form.
        header: as it stands in the file.
        above: rows above the header that are not empty.
        body: rows below it that are not empty; none has a filled cell beyond the last named column.
        delimiter: what stands between the cells; empty in a workbook.
    """

    names: tuple[str, ...]
    header: Row
    above: tuple[Row, ...]
    body: tuple[Row, ...]
    delimiter: str = ""


def find_table(path: Path, text: str, is_header: Callable[[Sequence[str]], bool]) -> Table | None:
    """Return the table below the first row whose normal names `is_header` accepts; None where there is no such row.

    Raises:
        ActScribeError: a row that cannot be read, or one with more cells than the header has columns (line named).
    """
    physical = lines(text)
    first, delimiters = _separator(physical)
    for delimiter in delimiters:
        for position in range(first, min(first + SEARCHED, len(physical))):
            if _is_header(physical[position], delimiter, is_header):
                return _read(path, physical, delimiter, first, position)
    return None


def table_at(path: Path, text: str, delimiter: str, line: int) -> Table:
    """Return the table whose header stands in a line, counted from 1; raises as `find_table` does."""
    return _read(path, lines(text), delimiter, line - 1, line - 1)


def has_header(text: str, is_header: Callable[[Sequence[str]], bool]) -> bool:
    """Tell whether `find_table` would find a table in a text."""
    physical = lines(text)
    first, delimiters = _separator(physical)
    return any(
        _is_header(line, delimiter, is_header)
        for delimiter in delimiters
        for line in physical[first : first + SEARCHED]
    )


def table_of_rows(path: Path, rows: Sequence[Row], is_header: Callable[[Sequence[str]], bool]) -> Table | None:
    """Return the same for rows that are cells already, as in a workbook."""
    for position, row in enumerate(rows[:SEARCHED]):
        if is_header([normal(cell) for cell in row.cells]):
            return _table(path, rows[:position], row, rows[position + 1 :])
    return None


def first_rows(text: str, delimiter: str, count: int = 2) -> list[Row]:
    """Return the first rows of a text that are not empty, below a 'sep=' line, to recognize a format by."""
    physical = lines(text)
    first, _ = _separator(physical)
    rows: list[Row] = []
    for number, line in enumerate(physical[first : first + SEARCHED], start=first + 1):
        if len(rows) < count and line.count(delimiter) < _MOST_COLUMNS:
            row = Row(number, tuple(_alone(line, delimiter)))
            rows += [row] if _is_filled(row) else []
    return rows


def delimiters_of(text: str) -> str:
    """Return the delimiters that a table may have: the one that its 'sep=' line names, or all."""
    return _separator(lines(text[:4096]))[1]


def refuse_doubled(path: Path, row: Row, names: Iterable[str]) -> None:
    """Refuse a header in which one of `names` is twice, since only one of the columns would be read.

    Raises:
        ActScribeError: naming the column and both places.
    """
    counts = Counter(names)
    for name, count in counts.items():
        if name and count > 1:
            places = [str(index) for index, cell in enumerate(row.cells, start=1) if normal(cell) == name]
            raise ActScribeError(
                f"{row.at(path)}: {count} columns are called '{name}' (columns {' and '.join(places)}).",
                "Only one can be meant; rename or remove the other.",
            )


def refuse_decimal_commas(
    path: Path, table: Table, first: int | None, second: int | None, ordered: bool = True
) -> None:
    """Refuse a table with commas in which 'walk,1,5,14,5' may mean from 1 to 5, or from 1.5 to 14.5 (ours).

    That is open where whole numbers fill the columns of the two times and the next two as well, in most rows, and no
    row tells: by a decimal point, or by an end that would come before its start.

    Args:
        path: of the file.
        table: as read.
        first, second: positions of the columns of a start and an end, or of a duration; None: there is none.
        ordered: the second is an end.

    Raises:
        ActScribeError: naming the first such row and both ways to read it.
    """
    if table.delimiter != "," or first is None or second != first + 1:
        return
    timed = [row for row in table.body if row.cell(first).strip()]
    doubtful = []
    for row in timed:
        cells = [cell.strip() for cell in row.cells[first : first + 4]]
        if not all(_WHOLE.fullmatch(cell) for cell in cells[:2]):
            return
        if len(cells) == 4 and all(_WHOLE.fullmatch(cell) for cell in cells):
            if ordered and float(f"{cells[0]}.{cells[1]}") > float(f"{cells[2]}.{cells[3]}"):
                return
            doubtful.append((row, cells))
    if 2 * len(doubtful) > len(timed):
        row, cells = doubtful[0]
        raise ActScribeError(
            f"{row.at(path)}: are the times {cells[0]} and {cells[1]}, or, with decimal commas, {cells[0]}.{cells[1]}"
            f" and {cells[2]}.{cells[3]}? The file does not show which.",
            f"Write whole numbers as {cells[0]}.0, or save the file with semicolons, tabs or decimal points.",
        )


def normal(name: str) -> str:
    """Return a column name without case, units' brackets and spelling variants: 'Start (s)' is 'start_s'."""
    return re.sub(r"[^a-z0-9]+", "_", name[:_LONGEST_NAME].casefold().replace("behaviour", "behavior")).strip("_")


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


def _read(path: Path, physical: Sequence[str], delimiter: str, first: int, position: int) -> Table:
    """Return the table with its header at a position; what is above it begins at `first`."""
    if sum(line.count(delimiter) + 1 for line in physical) > MOST_CELLS:
        raise ActScribeError(f"{path}: has more than {MOST_CELLS:,} cells.", "Split it into one file per video.")
    above = [Row(n + 1, tuple(_alone(physical[n], delimiter))) for n in range(first, position)]
    header = Row(position + 1, tuple(_alone(physical[position], delimiter)))
    return replace(_table(path, above, header, _body(path, physical, position, delimiter)), delimiter=delimiter)


def _table(path: Path, above: Iterable[Row], header: Row, body: Iterable[Row]) -> Table:
    names = tuple(normal(cell) for cell in header.cells)
    width = max((index for index, cell in enumerate(header.cells, start=1) if cell.strip()), default=0)
    filled = tuple(row for row in body if _is_filled(row))
    for row in filled:
        if row.cells == header.cells:
            raise ActScribeError(
                f"{row.at(path)}: the header of {header.location} again; are these two tables?",
                "Remove this row if both belong together, or make two files.",
            )
        beyond = next((cell for cell in row.cells[width:] if cell.strip()), None)
        if beyond is not None:
            raise ActScribeError(
                f"{row.at(path)}: more cells than columns ({len(row.cells)} and {width}); the first that is too many"
                f" is {quoted(beyond)}.",
                "Decimal commas in a file with commas between the columns? Save it with semicolons, tabs or decimal"
                ' points. A text that holds the separator must be enclosed in "quotation marks".',
            )
    return Table(names, header, tuple(row for row in above if _is_filled(row)), filled)


def _is_header(line: str, delimiter: str, accepts: Callable[[Sequence[str]], bool]) -> bool:
    if line.count(delimiter) >= _MOST_COLUMNS:
        return False
    return accepts([normal(cell) for cell in _alone(line, delimiter)])


def _is_filled(row: Row) -> bool:
    return any(cell.strip() for cell in row.cells)


def _separator(physical: Sequence[str]) -> tuple[int, str]:
    """Return the position of the first line of the table, and the delimiters that it may have."""
    for position, line in enumerate(physical[:SEARCHED]):
        match = _SEPARATOR.fullmatch(line)
        if match:
            return position + 1, match.group(1)
        if line.strip():
            break
    return 0, DELIMITERS


def _body(path: Path, physical: Sequence[str], position: int, delimiter: str) -> list[Row]:
    columns = len(_alone(physical[position], delimiter))
    position += 1
    rows = []
    while position < len(physical):
        cells, after = _row(path, physical, position, delimiter, columns)
        rows.append(Row(position + 1, tuple(cells)))
        position = after
    return rows


def _row(path: Path, physical: Sequence[str], position: int, delimiter: str, columns: int) -> tuple[Sequence[str], int]:
    """Return the cells of the row that begins at a line, and the position of the line after it."""
    line = physical[position]
    plain = line.split(delimiter)
    if '"' not in line:
        return plain, position + 1
    may_be_literal = delimiter == "\t" and len(plain) == columns
    parsed = _parsed(line, delimiter)
    if parsed is not None and (len(parsed) == columns or not may_be_literal):
        return parsed, position + 1
    if parsed is None:
        over_lines = _over_lines(physical, position, delimiter, columns)
        if over_lines is not None:
            return over_lines
    if may_be_literal:
        return [_unquoted(cell) for cell in plain], position + 1
    raise ActScribeError(
        f"{path}:{position + 1}: a quotation mark in this row is not closed, or closed in the middle of a cell.",
        "Close it or remove it; a quotation mark inside a quoted text is written twice.",
    )


def _over_lines(
    physical: Sequence[str], position: int, delimiter: str, columns: int
) -> tuple[Sequence[str], int] | None:
    """Return a row whose quoted text goes over several lines; None where it is none, or would swallow whole rows."""
    parts = [physical[position]]
    quotes = parts[0].count('"')
    first_is_whole = parts[0].count(delimiter) >= columns - 1
    for after in range(position + 1, len(physical)):
        line = physical[after]
        own = line.count('"')
        if columns > 1 and line.count(delimiter) >= columns - 1 and (first_is_whole or own % 2 == 0):
            return None
        parts.append(line)
        quotes += own
        if quotes % 2 == 0:
            parsed = _parsed("\n".join(parts), delimiter)
            return None if parsed is None else (parsed, after + 1)
    return None


def _alone(line: str, delimiter: str) -> Sequence[str]:
    """Return the cells of a line that is a row by itself."""
    parsed = _parsed(line, delimiter) if '"' in line else None
    return line.split(delimiter) if parsed is None else parsed


def _parsed(text: str, delimiter: str) -> Sequence[str] | None:
    """Return the cells of one row as RFC 4180 has them; None where the text is no such row."""
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error:
        return None
    return rows[0] if len(rows) == 1 else None


def _unquoted(cell: str) -> str:
    inner = cell[1:-1]
    if len(cell) >= 2 and cell[0] == cell[-1] == '"' and '"' not in inner.replace('""', ""):
        return inner.replace('""', '"')
    return cell
