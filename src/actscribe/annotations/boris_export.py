"""What BORIS' two table exports have in common: a header found by its names, observations, subjects, modifiers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from actscribe.annotations.entry import Entry
from actscribe.annotations.interval import Annotations, Interval
from actscribe.annotations.table import Row, Table, column, find_table, normal, refuse_doubled, table_of_rows
from actscribe.annotations.text import parse_seconds, quoted, read_text, seconds_at
from actscribe.annotations.workbook import is_packed, read_sheets
from actscribe.errors import ActScribeError

#: BORIS' word for events without a subject.
NO_SUBJECT = "No focal subject"
#: Columns of which a second one of the same name would be passed over; modifiers and comments may repeat.
_SINGLE = {
    "observation_id",
    "time_offset_s",
    "time_offset",
    "media_duration_s",
    "total_length",
    "media_file",
    "media_file_name",
    "media_file_path",
    "subject",
    "behavior",
    "behavior_type",
    "status",
    "time",
    "start_s",
    "stop_s",
}
#: Older exports say above the header what is true of the whole table, with a name and a few values in each row.
_MOST_FACTS = 4
_STATUS = {"START", "STOP", "POINT", "STATE"}


@dataclass(frozen=True)
class Export:
    """A table of events.

    Args:
        path: of the file.
        names: of the columns, in normal form.
        rows: below the header.
        facts: what older exports say above the header: normal name -> value.
    """

    path: Path
    names: tuple[str, ...]
    rows: tuple[Row, ...]
    facts: dict[str, str]

    def text(self, row: Row, *names: str) -> str:
        """Return a row's cell in the first of the columns `names` that the table has."""
        return row.cell(next((self._places[name] for name in names if name in self._places), None))

    def subject(self, row: Row) -> str:
        """Return the subject; empty where BORIS says that there is none."""
        subject = self.text(row, "subject")
        return "" if subject == NO_SUBJECT else subject

    def label(self, row: Row) -> str:
        """Return the behaviour with its modifiers, which stand between the category and the type or status."""
        texts = (text for place in self._modifiers for text in row.cell(place).split("|"))
        modifiers = [text for text in texts if text not in ("", "None", "NA")]
        behavior = self.text(row, "behavior")
        return f"{behavior}: {', '.join(modifiers)}" if modifiers else behavior

    @cached_property
    def _places(self) -> dict[str, int]:
        return {name: place for place, name in reversed(list(enumerate(self.names)))}

    @cached_property
    def _modifiers(self) -> list[int]:
        first, last = column(self.names, "behavioral_category"), column(self.names, "behavior_type", "status")
        between = range(first + 1, last) if first is not None and last is not None else range(0)
        columns = [place for place in between if self.names[place] != "comment"]
        return columns + [
            place for place, name in enumerate(self.names) if name.startswith("modifier") and place not in between
        ]

    def offset(self, row: Row) -> float:
        """Return the seconds that an observation's times are ahead of its video."""
        text = self.text(row, "time_offset_s", "time_offset").strip() or self.facts.get("time_offset_s", "")
        return seconds_at(self.path, row.place, text, "the time offset") if text else 0.0


def read_export(
    path: Path,
    is_header: Callable[[Sequence[str]], bool],
    expected: str,
    intervals: Callable[[Export, str, Sequence[Row]], list[Interval]],
) -> list[Entry]:
    """Return the entries of a text file, or of each sheet of a workbook.

    Args:
        path: of the file.
        is_header: tells whether normal names are those of the table.
        expected: columns, for the message that there is none.
        intervals: turns the rows of one observation into intervals.

    Raises:
        ActScribeError: no such table, a row that cannot be read, or a workbook with a sheet that holds something else.
    """
    if not is_packed(path):
        found = find_table(path, read_text(path), is_header)
        if found is None:
            raise ActScribeError(f"{path}: has no header row with {expected}.")
        return entries(_export(path, found), intervals)
    every: list[Entry] = []
    for rows in read_sheets(path):
        found = table_of_rows(path, rows, is_header)
        if found is None:
            raise ActScribeError(
                f"{path}: {rows[0].place}: a sheet without a header row with {expected}.", "Remove the other sheets."
            )
        every += entries(_export(path, found), intervals)
    return every


def _export(path: Path, table: Table) -> Export:
    refuse_doubled(path, table.header, (name for name in table.names if name in _SINGLE))
    needed = [column(table.names, "behavior"), column(table.names, "time", "start_s")]
    for row in table.body:
        # At once, whatever observation the row names: the garbage below a table names one of its own.
        if not all(row.cell(place).strip() for place in needed):
            raise ActScribeError(f"{path}: {row.place}: a row without a behaviour or a time: {quoted(row.cells[0])}.")
    facts: dict[str, str] = {}
    for row in table.above:
        filled = [cell.strip() for cell in row.cells if cell.strip()]
        if len(filled) > _MOST_FACTS or _STATUS & {cell.upper() for cell in filled}:
            raise ActScribeError(
                f"{path}: {row.place}: a row of the table stands above its header, which is in {table.header.place}.",
                "Put the header first.",
            )
        name, value = normal(row.cells[0]), row.cell(1)
        if name in _SINGLE and facts.setdefault(name, value) != value:
            raise ActScribeError(
                f"{path}: {row.place}: {quoted(row.cells[0])} is said twice, {quoted(facts[name])} and {quoted(value)}."
            )
        facts[name] = value
    return Export(path, table.names, table.body, facts)


def entries(export: Export, intervals: Callable[[Export, str, Sequence[Row]], list[Interval]]) -> list[Entry]:
    """Return one entry per observation; `intervals` turns the rows of one into intervals."""
    groups: dict[str, list[Row]] = {}
    for row in export.rows:
        name = export.text(row, "observation_id") or export.facts.get("observation_id", "")
        groups.setdefault(name, []).append(row)
    if not groups:
        return [Entry("", (), lambda: Annotations(()))]
    return [_entry(export, name, group, intervals) for name, group in groups.items()]


def _entry(
    export: Export, name: str, group: Sequence[Row], intervals: Callable[[Export, str, Sequence[Row]], list[Interval]]
) -> Entry:
    spelled = (export.text(row, "media_file_name", "media_file_path", "media_file") for row in group)
    media = tuple(dict.fromkeys(file for file in spelled if file not in ("", "NA")))
    try:
        length = parse_seconds(export.text(group[0], "total_length", "media_duration_s"))
    except ValueError:
        length = None
    where = f"observation '{name}'"
    # Times run through all the files of an observation, so none of several can stand for it.
    matched = media if len(media) == 1 else ()
    return Entry(name, matched, lambda: Annotations.of(intervals(export, where, group), media, length))
