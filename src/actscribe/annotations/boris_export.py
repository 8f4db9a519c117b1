"""What BORIS' two table exports have in common: a header found by its names, observations, subjects, modifiers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from actscribe.annotations.entry import Entry
from actscribe.annotations.interval import Annotations, Interval
from actscribe.annotations.table import DELIMITERS, Row, column, normal, rows
from actscribe.annotations.text import parse_seconds, read_text, seconds_at
from actscribe.errors import ActScribeError

#: BORIS' word for events without a subject.
NO_SUBJECT = "No focal subject"


@dataclass(frozen=True, slots=True)
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
        return row.cell(column(self.names, *names))

    def subject(self, row: Row) -> str:
        """Return the subject; empty where BORIS says that there is none."""
        subject = self.text(row, "subject")
        return "" if subject == NO_SUBJECT else subject

    def label(self, row: Row) -> str:
        """Return the behaviour with its modifiers, which stand between the category and the type or status."""
        first, last = column(self.names, "behavioral_category"), column(self.names, "behavior_type", "status")
        between = range(first + 1, last) if first is not None and last is not None else range(0)
        columns = [c for c in between if self.names[c] != "comment"]
        columns += [c for c, name in enumerate(self.names) if name.startswith("modifier") and c not in between]
        modifiers = [text for c in columns for text in row.cell(c).split("|") if text not in ("", "None", "NA")]
        behavior = row.cell(column(self.names, "behavior"))
        return f"{behavior}: {', '.join(modifiers)}" if modifiers else behavior

    def offset(self, row: Row) -> float:
        """Return the seconds that an observation's times are ahead of its video."""
        text = self.text(row, "time_offset_s", "time_offset").strip() or self.facts.get("time_offset_s", "")
        return seconds_at(self.path, f"line {row.line}", text, "the time offset") if text else 0.0


def find_table(path: Path, is_header: Callable[[Sequence[str]], bool], expected: str) -> Export:
    """Return the table below the first row that `is_header` accepts, whatever the delimiter.

    Raises:
        ActScribeError: there is no such row.
    """
    text = read_text(path)
    for delimiter in DELIMITERS:
        found = rows(path, text, delimiter, strict=False)
        for position, row in enumerate(found):
            names = tuple(normal(cell) for cell in row.cells)
            if is_header(names):
                facts = {normal(fact.cells[0]): fact.cell(1) for fact in found[:position]}
                return Export(path, names, tuple(found[position + 1 :]), facts)
    raise ActScribeError(f"{path}: has no header row with {expected}.")


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
