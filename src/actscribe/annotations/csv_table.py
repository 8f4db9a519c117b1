"""CSV: one row per interval, with a header.

Columns are found by name; several names are understood for each (`_NAMES`), and `_ms` or `(ms)` at the end of a name
means milliseconds. A column for the video lets one file hold many; a row with a video and no label says that the video
is annotated even if nothing happens in it. Comma, semicolon or tab between the columns; decimal point or comma.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from actscribe.annotations.entry import Entry
from actscribe.annotations.frame_clock import FrameClock
from actscribe.annotations.interval import Annotations, Interval
from actscribe.annotations.rounding import milliseconds
from actscribe.annotations.table import DELIMITERS, Row, column, lay_out, normal, rows
from actscribe.annotations.text import check_writable, interval_at, lines, read_text, seconds_at
from actscribe.errors import ActScribeError
from actscribe.files import write_text

_NAMES = {
    "label": "label behavior activity action event class annotation code trial_type name tier",
    "start": "start start_time begin begin_time onset from t_start time_start",
    "end": "end end_time stop stop_time finish offset to t_end time_end",
    "duration": "duration length",
    "subject": "subject participant person individual animal who",
    "score": "score confidence probability",
    "video": "video video_name video_file video_path file file_name filename media media_file recording",
}
_UNIT = re.compile(r"_(hh_mm_ss_ms|hh_mm_ss|ss_msec|msec|ms|milliseconds|sec|secs|s|seconds)$")
_MILLISECONDS = {"msec", "ms", "milliseconds"}
_HEADER = "label,start_s,end_s,subject,score,video"


@dataclass(frozen=True, slots=True)
class _Column:
    position: int
    factor: float


def is_header(names: Sequence[str]) -> bool:
    """Tell whether normal column names hold a label, a start, and an end or a duration."""
    found = _columns(names)
    return "label" in found and "start" in found and ("end" in found or "duration" in found)


def read(path: Path, clock: FrameClock | None = None) -> list[Entry]:
    """Return one entry per video named in the table, or a single one where there is no such column.

    Raises:
        ActScribeError: a column is missing, or a row (named by its line) is not an interval.
    """
    text = read_text(path)
    first = lines(text)[0]
    delimiter = next((d for d in DELIMITERS if is_header([normal(name) for name in _cells(path, first, d)])), None)
    if delimiter is None:
        raise ActScribeError(
            f"{path}:1: no header with a label, a start and an end was found: {first[:80]!r}.",
            f"Begin the file with a header such as {_HEADER} (subject, score and video may be left out).",
        )
    header, *body = rows(path, text, delimiter)
    columns = _columns([normal(name) for name in header.cells])
    groups: dict[str, list[Interval]] = {}
    for row in body:
        video = _text(row, columns.get("video"))
        kept = groups.setdefault(video, [])
        if _text(row, columns["label"]).strip() or not video or _text(row, columns["start"]).strip():
            kept.append(_interval(path, row, columns))
    if not groups:
        groups[""] = []
    return [Entry(name, (name,) if name else (), _reader(found, name), joins=True) for name, found in groups.items()]


def write(path: Path, annotations: Annotations, clock: FrameClock | None = None) -> None:
    """Write label, start_s, end_s and those of subject, score and video that are there, times in milliseconds."""
    check_writable(path, annotations, "\r")
    intervals = milliseconds(annotations.as_intervals())
    video = annotations.media[0] if annotations.media else ""
    header = ["label", "start_s", "end_s"]
    header += ["subject"] if any(interval.subject for interval, *_ in intervals) else []
    header += ["score"] if any(interval.score is not None for interval, *_ in intervals) else []
    header += ["video"] if video else []
    body = [
        {
            "label": interval.label,
            "start_s": repr(start / 1000),
            "end_s": repr(end / 1000),
            "subject": interval.subject,
            "score": "" if interval.score is None else repr(float(interval.score)),
            "video": video,
        }
        for interval, start, end in intervals
    ]
    if not body and video:
        body.append({"video": video})
    write_text(path, lay_out(header, [[row.get(name, "") for name in header] for row in body], ","))


def _reader(found: list[Interval], name: str) -> Callable[[], Annotations]:
    return lambda: Annotations.of(found, (name,) if name else ())


def _columns(names: Sequence[str]) -> dict[str, _Column]:
    """Return where each known field stands and what turns its numbers into seconds."""
    bare = [_UNIT.sub("", name) for name in names]
    units = [found.group(1) if (found := _UNIT.search(name)) else "" for name in names]
    columns = {}
    for field, spellings in _NAMES.items():
        position = column(bare, *spellings.split())
        if position is not None:
            columns[field] = _Column(position, 0.001 if units[position] in _MILLISECONDS else 1.0)
    return columns


def _interval(path: Path, row: Row, columns: dict[str, _Column]) -> Interval:
    where = f"line {row.line}"

    def seconds(field: str) -> float:
        return seconds_at(path, where, _text(row, columns[field]), f"the {field}") * columns[field].factor

    start = seconds("start")
    end = seconds("end") if "end" in columns else start + seconds("duration")
    score = _text(row, columns.get("score")).strip()
    try:
        value = float(score) if score else None
    except ValueError:
        raise ActScribeError(f"{path}: {where}: the score is '{score}', expected a number in [0, 1].") from None
    label, subject = _text(row, columns["label"]), _text(row, columns.get("subject"))
    return interval_at(path, where, label, start, end, subject, value)


def _text(row: Row, field: _Column | None) -> str:
    return row.cell(field.position if field else None)


def _cells(path: Path, line: str, delimiter: str) -> Sequence[str]:
    found = rows(path, line, delimiter, strict=False)
    return found[0].cells if found else ()
