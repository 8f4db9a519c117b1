"""BORIS aggregated events: one row per bout, with its start and stop; often several observations in one file.

Columns are found by name, tab- or comma-separated. The video and its length stand in every row, so a file without
events does not carry them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from actscribe.annotations.boris_export import NO_SUBJECT, Export, read_export
from actscribe.annotations.boris_write import observation_name
from actscribe.annotations.entry import Entry
from actscribe.annotations.format import Format
from actscribe.annotations.frame_clock import FrameClock
from actscribe.annotations.interval import Annotations, Interval
from actscribe.annotations.rounding import is_point, milliseconds
from actscribe.annotations.table import Row, has_header, lay_out
from actscribe.annotations.text import check_writable, interval_at, quoted, seconds_at
from actscribe.errors import ActScribeError
from actscribe.files import write_text
from actscribe.spreadsheet import as_text

_COLUMNS = (
    "Observation id",
    "Observation date",
    "Description",
    "Observation type",
    "Source",
    "Time offset (s)",
    "Coding duration",
    "Media duration (s)",
    "FPS (frame/s)",
    "Subject",
    "Observation duration by subject by observation",
    "Behavior",
    "Behavioral category",
    "Behavior type",
    "Start (s)",
    "Stop (s)",
    "Duration (s)",
    "Media file name",
    "Image index start",
    "Image index stop",
    "Image file path start",
    "Image file path stop",
    "Comment start",
    "Comment stop",
)


def is_header(names: Sequence[str]) -> bool:
    """Tell whether normal column names are those of an aggregated export."""
    return {"behavior", "behavior_type", "start_s", "stop_s"} <= set(names)


def read(path: Path, clock: FrameClock | None = None) -> list[Entry]:
    """Return one entry per observation."""
    return read_export(path, is_header, "Behavior, Behavior type, Start (s) and Stop (s)", _intervals)


def write(path: Path, annotations: Annotations, clock: FrameClock | None = None) -> None:
    """Write the layout of current BORIS versions, tab-separated."""
    check_writable(path, annotations, "\t\r\n")
    media = annotations.media[0] if annotations.media else ""
    body = []
    for interval, start, end in milliseconds(annotations.as_intervals()):
        row = {
            "Observation id": observation_name(path, annotations),
            "Observation type": "Media file(s)" if media else "Live",
            "Time offset (s)": "0.000",
            "Media duration (s)": "NA" if annotations.duration is None else f"{annotations.duration:.3f}",
            "FPS (frame/s)": "NA" if clock is None else f"{clock.rate:g}",
            "Subject": interval.subject or NO_SUBJECT,
            "Behavior": interval.label,
            "Behavior type": "POINT" if is_point(interval) else "STATE",
            "Start (s)": f"{start / 1000:.3f}",
            "Stop (s)": f"{end / 1000:.3f}",
            "Duration (s)": "NA" if is_point(interval) else f"{(end - start) / 1000:.3f}",
            "Media file name": media,
        }
        body.append([as_text(row.get(name, "")) for name in _COLUMNS])
    write_text(path, lay_out(_COLUMNS, body, "\t"))


def _intervals(export: Export, where: str, group: Sequence[Row]) -> list[Interval]:
    intervals = []
    for row in group:
        location = row.location
        start = seconds_at(export.path, location, export.text(row, "start_s"), "the start") - export.offset(row)
        kind = export.text(row, "behavior_type").strip()
        if kind.upper() not in ("STATE", "POINT"):
            raise ActScribeError(
                f"{export.path}: {location}: the behaviour type is {quoted(kind)}, expected STATE or POINT."
            )
        if kind.upper() == "POINT":
            end = start
        else:
            end = seconds_at(export.path, location, export.text(row, "stop_s"), "the stop") - export.offset(row)
        intervals.append(interval_at(export.path, location, export.label(row), start, end, export.subject(row)))
    return intervals


FORMAT = Format(
    title="BORIS aggregated events",
    ending=".aggregated.tsv",
    resolution=0.001,
    keeps=frozenset({"subject", "media", "duration"}),
    read=read,
    write=write,
    becomes_label="the behaviour, with modifiers as `behaviour: modifiers`; a row for each bout",
    passed_over="comments",
    is_text=partial(has_header, is_header=is_header),
    is_header=is_header,
)
