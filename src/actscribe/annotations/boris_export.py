"""What BORIS' two table exports have in common: a header found by its names, observations, subjects, modifiers.

Times run through all the files of an observation. Where the export has the files' lengths, each file is an entry of its
own, else only the observation as a whole can be asked for, by its name. Rows without an observation id have the times
of their own video. An export carries neither the observation time interval nor the offsets of further players: the
project file has them, and is the better source.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TypeAlias

from actscribe.annotations.boris_media import Part, Player, parts
from actscribe.annotations.boris_source import NOWHERE, players, queue
from actscribe.annotations.entry import Entry, first_spellings
from actscribe.annotations.interval import Annotations, Interval
from actscribe.annotations.label_sources import label_sources
from actscribe.annotations.table import (
    Row,
    Table,
    column,
    find_table,
    normal,
    refuse_decimal_commas,
    refuse_doubled,
    table_of_rows,
)
from actscribe.annotations.text import quoted, read_text, seconds_at
from actscribe.annotations.workbook import is_packed, read_sheets
from actscribe.errors import ActScribeError
from actscribe.spreadsheet import from_text

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
        played: and which files each player plays there: (normal name of the player, file).
    """

    path: Path
    names: tuple[str, ...]
    rows: tuple[Row, ...]
    facts: dict[str, str]
    played: tuple[tuple[str, str], ...] = ()

    def players(self, lengths: str) -> Iterator[Player]:
        """Yield the players that are named above the header, with the lengths of a cell that lists them."""
        for number in dict.fromkeys(number for number, _ in self.played):
            yield queue([file for other, file in self.played if other == number], lengths)

    def media(self, row: Row) -> str:
        """Return the file in which a row's event lies; empty where the row does not say."""
        file = self.text(row, "media_file_name", "media_file_path", "media_file").strip()
        return "" if file in NOWHERE else file

    def text(self, row: Row, *names: str) -> str:
        """Return a row's cell in the first of the columns `names` that the table has."""
        return from_text(row.cell(next((self._places[name] for name in names if name in self._places), None)))

    def subject(self, row: Row) -> str:
        """Return the subject; empty where BORIS says that there is none."""
        subject = self.text(row, "subject")
        return "" if subject == NO_SUBJECT else subject

    def label(self, row: Row) -> str:
        """Return the behaviour with its modifiers, which stand between the category and the type or status."""
        texts = (text for column in self._modifiers for text in row.cell(column).split("|"))
        modifiers = [text for text in texts if text not in ("", "None", "NA")]
        behavior = self.text(row, "behavior")
        return f"{behavior}: {', '.join(modifiers)}" if modifiers else behavior

    @cached_property
    def _places(self) -> dict[str, int]:
        return {name: index for index, name in reversed(list(enumerate(self.names)))}

    @cached_property
    def _modifiers(self) -> list[int]:
        first, last = column(self.names, "behavioral_category"), column(self.names, "behavior_type", "status")
        between = range(first + 1, last) if first is not None and last is not None else range(0)
        columns = [index for index in between if self.names[index] != "comment"]
        return columns + [
            index for index, name in enumerate(self.names) if name.startswith("modifier") and index not in between
        ]

    def offset(self, row: Row) -> float:
        """Return the seconds that an observation's times are ahead of its video."""
        text = self.text(row, "time_offset_s", "time_offset").strip() or self.facts.get("time_offset_s", "")
        return seconds_at(self.path, row.location, text, "the time offset") if text else 0.0


#: Turns the rows of one observation, named by a text for messages, into intervals.
Intervals: TypeAlias = Callable[[Export, str, Sequence[Row]], list[Interval]]


def read_export(
    path: Path,
    is_header: Callable[[Sequence[str]], bool],
    expected: str,
    intervals: Intervals,
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
        table = find_table(path, read_text(path), is_header)
        if table is None:
            raise ActScribeError(f"{path}: has no header row with {expected}.")
        return entries(_export(path, table), intervals)
    every: list[Entry] = []
    for rows in read_sheets(path):
        table = table_of_rows(path, rows, is_header)
        if table is None:
            raise ActScribeError(
                f"{path}: {rows[0].location}: this sheet has no header row with {expected}.", "Remove the other sheets."
            )
        every += entries(_export(path, table), intervals)
    return every


def _export(path: Path, table: Table) -> Export:
    refuse_doubled(path, table.header, (name for name in table.names if name in _SINGLE))
    refuse_decimal_commas(path, table, column(table.names, "start_s"), column(table.names, "stop_s"))
    needed = [column(table.names, "behavior"), column(table.names, "time", "start_s")]
    for row in table.body:
        # At once, whatever observation the row names: the garbage below a table names one of its own.
        if not all(row.cell(column).strip() for column in needed):
            raise ActScribeError(
                f"{path}: {row.location}: a row without a behaviour or a time: {quoted(row.cells[0])}."
            )
    facts: dict[str, str] = {}
    played = []
    for row in table.above:
        filled = [cell.strip() for cell in row.cells if cell.strip()]
        if len(filled) > _MOST_FACTS or _STATUS & {cell.upper() for cell in filled}:
            raise ActScribeError(
                f"{path}: {row.location}: a row of the table appears above its header, which is in"
                f" {table.header.location}.",
                "Put the header first.",
            )
        name, value = normal(row.cells[0]), row.cell(1)
        if re.fullmatch(r"player_\d+", name) and value.strip():
            played.append((name, value.strip()))
        if name in _SINGLE and facts.setdefault(name, value) != value:
            raise ActScribeError(
                f"{path}: {row.location}: {quoted(row.cells[0])} is given twice, {quoted(facts[name])} and"
                f" {quoted(value)}."
            )
        facts[name] = value
    return Export(path, table.names, table.body, facts, tuple(played))


def entries(export: Export, intervals: Intervals) -> list[Entry]:
    """Return the entries of each observation; where the table has no observation ids, one entry for each video.

    Raises:
        ActScribeError: the export has several players, whose shift against each other it does not tell.
    """
    groups: dict[tuple[bool, str], list[Row]] = {}
    first = first_spellings(export.media(row) for row in export.rows)
    for row in export.rows:
        name = export.text(row, "observation_id") or export.facts.get("observation_id", "")
        source = export.text(row, "source")
        is_observation = bool(name) or sum(len(player.files) for player in players(source, "")) > 1
        name = name or (source if is_observation else first[export.media(row)])
        groups.setdefault((is_observation, name), []).append(row)
    file_entries: list[Entry] = []
    for (is_observation, name), rows in groups.items():
        one = _Observation(export, name, tuple(rows), intervals)
        file_entries += one.entries() if is_observation else [one.of_video()]
    return file_entries or [Entry("", (), lambda: Annotations(()))]


@dataclass(frozen=True, slots=True)
class _Observation:
    """The rows of one observation, or of one video where the table has no observation ids."""

    export: Export
    name: str
    rows: tuple[Row, ...]
    intervals: Intervals

    def of_video(self) -> Entry:
        """Return the rows of one video, whose times are its own."""
        media = (self.name,) if self.name else ()
        length = queue(("",), self._first_text("media_duration_s", "total_length")).lengths[0]
        return Entry(self.name, media, lambda: self._placed(Annotations.of(self._read(), media, length)), joins=True)

    def entries(self) -> list[Entry]:
        """Return one entry for each file that can be told apart, else one for all of them."""
        used = self._players()
        if not used:
            length = queue(("",), self._first_text("media_duration_s", "total_length")).lengths[0]
            return [Entry(self.name, (), partial(self._whole, (), length))]
        try:
            if len(used) > 1:
                raise ActScribeError("has several players, and an export does not say by how much they are shifted.")
            media_parts = parts(used)
        except ActScribeError as error:
            files = tuple(file for player in used for file in player.files)
            length = queue(("",), self._first_text("total_length")).lengths[0]
            whole = partial(self._whole, files, length)
            return [Entry(self.name, files, whole, undivided=f"observation '{self.name}' {error.message}")]
        names = (
            [self.name] if len(media_parts) == 1 else [f"{self.name}: {', '.join(part.files)}" for part in media_parts]
        )
        return [Entry(one, part.files, partial(self._part, part)) for one, part in zip(names, media_parts, strict=True)]

    def _whole(self, files: tuple[str, ...], length: float | None) -> Annotations:
        return self._placed(Annotations.of(self._read(), files, length))

    def _part(self, part: Part) -> Annotations:
        return self._placed(part.of(self._read()))

    def _placed(self, annotations: Annotations) -> Annotations:
        """Return annotations that know the category of each behaviour, where the table has one."""
        under = ((self.export.label(row), self.export.text(row, "behavioral_category")) for row in self.rows)
        return replace(annotations, label_sources=label_sources("category", under))

    def _read(self) -> list[Interval]:
        """Return the intervals; refuse two observations of one name, and those whose events have no time in a video."""
        where = f"observation '{self.name}'"
        for normal_name, spelled in (("source", "source"), ("observation_date", "date")):
            values = sorted({self.export.text(row, normal_name) for row in self.rows})
            if len(values) > 1:
                raise ActScribeError(
                    f"{self.export.path}: two observations are called '{self.name}': the {spelled} of one is"
                    f" {quoted(values[0])}, of the other {quoted(values[1])}.",
                    "Give them two names in BORIS and export them again.",
                )
        if re.search("picture|image", self._first_text("observation_type"), re.IGNORECASE):
            raise ActScribeError(
                f"{self.export.path}: {where} is made from pictures; its events have no time in a video."
            )
        return self.intervals(self.export, where, self.rows)

    def _players(self) -> list[Player]:
        lengths = self._first_text("media_duration_s", "total_length")
        used = players(self._first_text("source"), lengths) or list(self.export.players(lengths))
        files = [file for file in dict.fromkeys(self.export.media(row) for row in self.rows) if file]
        return used or ([queue(files, lengths)] if files else [])

    def _first_text(self, *names: str) -> str:
        return self.export.text(self.rows[0], *names)
