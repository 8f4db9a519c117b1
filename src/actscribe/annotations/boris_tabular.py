"""BORIS tabular events: one row per START, STOP or POINT.

Columns are found by name: older exports put a block of facts before the table and say 'Status', newer ones are one flat
table and say 'Behavior type'. What is written has the newer layout. The video and its length stand in every row, so a
file without events does not carry them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from actscribe.annotations.boris import pair
from actscribe.annotations.boris_export import NO_SUBJECT, Export, read_export
from actscribe.annotations.boris_write import observation_name, refuse_overlaps
from actscribe.annotations.entry import Entry
from actscribe.annotations.format import Format
from actscribe.annotations.frame_clock import FrameClock
from actscribe.annotations.interval import Annotations, Interval
from actscribe.annotations.rounding import is_point, milliseconds
from actscribe.annotations.table import Row, has_header, lay_out
from actscribe.annotations.text import check_writable, seconds_at
from actscribe.files import write_text
from actscribe.spreadsheet import as_text

_COLUMNS = (
    "Observation id",
    "Observation date",
    "Description",
    "Observation duration",
    "Observation type",
    "Source",
    "Time offset (s)",
    "Media duration (s)",
    "FPS",
    "Subject",
    "Behavior",
    "Behavioral category",
    "Behavior type",
    "Time",
    "Media file name",
    "Image index",
    "Image file path",
    "Comment",
)


def is_header(names: Sequence[str]) -> bool:
    """Tell whether normal column names are those of a tabular export."""
    return {"behavior", "time"} <= set(names) and bool({"status", "behavior_type"} & set(names))


def read(path: Path, clock: FrameClock | None = None) -> list[Entry]:
    """Return one entry per observation.

    Raises:
        ActScribeError: no such table; an odd state event is raised by the entry's own `read`.
    """
    return read_export(path, is_header, "Time, Behavior and Status or Behavior type", _intervals)


def write(path: Path, annotations: Annotations, clock: FrameClock | None = None) -> None:
    """Write one flat table.

    Raises:
        ActScribeError: two intervals of one label and subject overlap, which START and STOP rows cannot say.
    """
    check_writable(path, annotations, "\t\r\n")
    intervals = milliseconds(annotations.as_intervals())
    refuse_overlaps(path, intervals)
    events: list[tuple[int, int, str, Interval]] = []
    for number, (interval, start, end) in enumerate(intervals):
        if is_point(interval):
            events.append((start, number, "POINT", interval))
        else:
            events += [(start, number, "START", interval), (end, number, "STOP", interval)]
    events.sort(key=lambda event: event[:2])
    media = annotations.media[0] if annotations.media else ""
    facts = {
        "Observation id": observation_name(path, annotations),
        "Observation type": "Media file(s)" if media else "Live",
        "Time offset (s)": "0.000",
        "Media duration (s)": "NA" if annotations.duration is None else f"{annotations.duration:.3f}",
        "FPS": "NA" if clock is None else f"{clock.rate:g}",
        "Media file name": media,
    }
    body = [
        {
            **facts,
            "Subject": interval.subject or NO_SUBJECT,
            "Behavior": interval.label,
            "Behavior type": status,
            "Time": f"{time / 1000:.3f}",
        }
        for time, _, status, interval in events
    ]
    write_text(path, lay_out(_COLUMNS, [[as_text(row.get(name, "")) for name in _COLUMNS] for row in body], "\t"))


def _intervals(export: Export, where: str, group: Sequence[Row]) -> list[Interval]:
    events = []
    for row in group:
        location = row.location
        time = seconds_at(export.path, location, export.text(row, "time"), "the time") - export.offset(row)
        status = export.text(row, "status", "behavior_type").strip().upper()
        events.append((time, export.subject(row), export.label(row), status, location))
    events.sort(key=lambda event: event[0])
    return pair(export.path, where, events)


FORMAT = Format(
    title="BORIS tabular events",
    ending=".events.tsv",
    resolution=0.001,
    keeps=frozenset({"subject", "media", "duration"}),
    read=read,
    write=write,
    becomes_label="the behaviour, with modifiers as `behaviour: modifiers`; a row for each event",
    passed_over="comments",
    is_text=partial(has_header, is_header=is_header),
    is_header=is_header,
)
