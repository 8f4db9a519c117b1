"""A table of a page, heads and cells as text: from a table of numbers and its columns, from records, from pairs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from types import MappingProxyType
from typing import Any

import pandas as pd

from actscribe.columns import Column, Format
from actscribe.report import formatting as w


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a column.

    Args:
        title: what it says.
        help: what is shown when it is hovered.
        is_text: flush left; numbers are flush right.
    """

    title: str
    help: str = ""
    is_text: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """Cells as text, in the order of the columns; `is_total` sets a row of sums or means apart."""

    cells: tuple[str, ...]
    is_total: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the report.

    Args:
        caption: what it shows, in a sentence.
        columns: heads.
        rows: of as many cells as columns.
        groups: a line above the heads: (title, columns it spans).
    """

    caption: str
    columns: tuple[Head, ...]
    rows: tuple[Row, ...]
    groups: tuple[tuple[str, int], ...] = ()


INTERVAL = Column(
    "interval",
    "95 % interval",
    "how far the number would plausibly move with other groups of the same kind (subjects, sessions); estimated by "
    "leaving each group out in turn (jackknife, Student's t), and not given of fewer than five groups. Of one training "
    "it does not say what another training would have given; of several it is that of their mean and holds that too",
)
#: Name of a column -> what makes a link of a row and the text of its cell.
Links = Mapping[str, Callable[[Mapping[str, Any], str], str]]
#: How a value of each format is written.
WRITERS: dict[Format, Callable[[Any], str]] = {
    "text": lambda value: str(value) or w.MISSING,
    "number": w.number,
    "precise": lambda value: w.number(value, 3),
    "count": w.count,
    "percent": w.percent,
    "seconds": lambda value: w.number(value, 1),
    "clock": w.clock,
    "length": lambda value: w.MISSING if value is None else w.length(value),
    "signed": w.signed,
    "precise change": lambda value: w.signed(value, 3),
    "change": lambda value: w.signed(value, 2),
    "change in percent": w.change,
}


def frame_table(
    caption: str,
    table: pd.DataFrame,
    columns: Sequence[Column],
    is_total: Sequence[bool] | None = None,
    interval: Column = INTERVAL,
    links: Links = MappingProxyType({}),
) -> Table:
    """Return the table of a page from a table of numbers.

    Args:
        caption: what it shows.
        table: with these columns, and those of their intervals; intervals that it does not have are not shown.
        columns: in their order.
        is_total: of each row, whether it is set apart.
        interval: what the intervals are called and what they are.
        links: which cells lead somewhere.
    """
    heads, groups = [], []
    for column in columns:
        heads.append(Head(column.title, column.meaning, column.format == "text"))
        groups.append(column.group)
        if _has_interval(column, table):
            heads.append(Head(interval.title, interval.meaning.partition(";")[0]))
            groups.append(column.group)
    rows = []
    for index, row in enumerate(records(table)):
        cells = [cell for column in columns for cell in _cells(column, row, _has_interval(column, table), links)]
        rows.append(Row(tuple(cells), bool(is_total is not None and is_total[index])))
    return Table(caption, tuple(heads), tuple(rows), _spanning(groups))


def _has_interval(column: Column, table: pd.DataFrame) -> bool:
    return bool(column.interval) and set(column.interval) <= set(table.columns)


def _cells(
    column: Column,
    row: Mapping[str, Any],
    has_interval: bool,
    links: Links,
) -> list[str]:
    """Return the cell of a column, and of its interval."""
    write = WRITERS[column.format]
    texts = [write(row[column.name])]
    if column.name in links:
        texts = [links[column.name](row, texts[0])]
    if has_interval:
        ends = [write(row[name]) for name in column.interval]
        between = " to " if column.format.endswith("change") else "–"
        texts.append(w.MISSING if w.MISSING in ends else between.join(ends))
    return texts


def _spanning(groups: Sequence[str]) -> tuple[tuple[str, int], ...]:
    """Return what is above the heads; nothing if none of them has a group."""
    spans = tuple((title, len(list(own))) for title, own in groupby(groups))
    return spans if any(groups) else ()


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table, missing values as None."""
    rows = table.to_dict(orient="records")
    return [{str(key): None if pd.isna(value) else value for key, value in row.items()} for row in rows]


def record_table(title: str, records: Sequence[Mapping[str, Any]]) -> Table:
    """Return a table of plain records; columns in order of their first appearance."""
    names = list(dict.fromkeys(str(key) for record in records for key in record))
    is_number = {name: all(_is_number(record.get(name)) for record in records) for name in names}
    columns = tuple(Head(name.replace("_", " "), is_text=not is_number[name]) for name in names)
    rows = tuple(Row(tuple(_cell(record.get(name)) for name in names)) for record in records)
    return Table(title, columns, rows)


def pairs_table(caption: str, values: Mapping[str, object]) -> Table:
    """Return a table of names and values."""
    columns = (Head("setting", is_text=True), Head("value", is_text=True))
    return Table(caption, columns, tuple(Row((str(key), str(value))) for key, value in values.items()))


def _is_number(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _cell(value: object) -> str:
    if value is None:
        return w.MISSING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return w.number(value, 0 if value.is_integer() and abs(value) >= 10 else 3)
    return str(value)
