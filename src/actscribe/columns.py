"""What a column of a table is called, what it means and how it is shown: said once, for files, pages and terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import pandas as pd

#: How a value is written on a page: a text as it is, with two or three decimals, whole, in percent, a time, a change.
Format = Literal[
    "text",
    "number",
    "precise",
    "count",
    "percent",
    "seconds",
    "clock",
    "length",
    "signed",
    "change",
    "precise change",
    "change in percent",
]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Args:
        name: in CSV, JSON and tables of numbers.
        title: above it on a page.
        meaning: one sentence, for who points at the heading and for the page's list of words; "" where the title says
            it.
        format: how its values are written on a page.
        interval: names of the columns that hold the ends of its 95 % interval; on a page they stand together behind it.
        short: above it on the terminal, where room is scarce; default its name.
        group: what is shown above the titles of neighbours that share it.
        higher_is_better: None where neither end is good.
    """

    name: str
    title: str
    meaning: str = ""
    format: Format = "number"
    interval: tuple[str, ...] = ()
    short: str = ""
    group: str = ""
    higher_is_better: bool | None = None


def names(columns: Iterable[Column]) -> list[str]:
    """Return the names of the columns in a table of numbers, each followed by those of its interval."""
    return [name for column in columns for name in (column.name, *column.interval)]


def for_terminal(table: pd.DataFrame, columns: Sequence[Column]) -> pd.DataFrame:
    """Return these columns of a table, with those of their intervals that it has, under their short headings."""
    held = [name for name in names(columns) if name in table.columns]
    return table[held].rename(columns={column.name: column.short for column in columns if column.short})


def in_short(columns: Iterable[Column]) -> str:
    """Return the line that says below tables of the terminal what their short headings mean, and where more stands."""
    meanings = {
        one.short: one.meaning.partition(";")[0].partition(":")[0] for one in columns if one.short and one.meaning
    }
    words = "; ".join(f"{short}: {meaning}" for short, meaning in meanings.items())
    return f"{words}. The report explains every column."


def explained(columns: Iterable[Column]) -> list[tuple[str, str]]:
    """Return title and meaning of every column that has a meaning, each title once, both as one begins a line."""
    meanings: dict[str, str] = {}
    for column in columns:
        if column.meaning:
            title = f"{column.group} {column.title}".strip()
            meanings.setdefault(_capital(title) if len(title) > 1 else title, f"{_capital(column.meaning)}.")
    return list(meanings.items())


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"
