"""CSV: one row per interval, with a header.

Columns are found by name; several names are understood for each (`_NAMES`), and `_ms` or `(ms)` at the end of a name
means milliseconds. A column for the video lets one file hold many; a row with a video and no label says that the video
is annotated even if nothing happens in it. Comma, semicolon or tab between the columns; decimal point or comma.

A label, subject or video that a spreadsheet would run as a formula (`=cmd`) is written with an apostrophe before it,
which is taken off when it is read. Text that is not ASCII begins with a byte order mark, so that Excel opens umlauts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from actscribe.annotations.entry import Entry
from actscribe.annotations.format import Format
from actscribe.annotations.frame_clock import FrameClock
from actscribe.annotations.interval import Annotations, Interval, Origin, origin_of, unknown_origins
from actscribe.annotations.rounding import milliseconds
from actscribe.annotations.table import Row, find_table, has_header, lay_out, refuse_decimal_commas, refuse_doubled
from actscribe.annotations.text import (
    check_writable,
    interval_at,
    lines,
    parse_number,
    parse_seconds,
    quoted,
    read_text,
    seconds_at,
)
from actscribe.errors import ActScribeError
from actscribe.files import write_text
from actscribe.spreadsheet import as_text, for_excel, from_text

_NAMES = {
    "label": "label behavior activity action event class annotation code trial_type name tier",
    "start": "start start_time begin begin_time onset from t_start time_start",
    "end": "end end_time stop stop_time finish offset to t_end time_end",
    "duration": "duration length",
    "subject": "subject participant person individual animal who",
    "score": "score confidence probability",
    "raw_score": "raw_score",
    "origin": "origin",
    "annotator": "annotator",
    "run": "run",
    "video": "video video_name video_file video_path file file_name filename media media_file recording",
}
#: Fields that a row may have in which nothing happens.
_OF_VIDEO = ("video", "subject")
_UNIT = re.compile(r"_(hh_mm_ss_ms|hh_mm_ss|ss_msec|msec|ms|milliseconds|sec|secs|s|seconds)$")
_MILLISECONDS = {"msec", "ms", "milliseconds"}
#: What a column of origins holds, and nothing else that is called so.
_HEADER = "label,start_s,end_s,subject,score,raw_score,video"
#: '61,000' in milliseconds is a minute with a thousands separator, or 61 ms with decimals.
_THOUSANDS = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+")
#: Seconds by which two columns of one time may differ: most tables are rounded to a millisecond, some to a frame.
_ROUNDING = 0.05


@dataclass(frozen=True, slots=True)
class _Column:
    position: int
    factor: float


#: Field -> the columns that hold it, the one that is read first; the others must agree with it where they are times.
_Columns = dict[str, list[_Column]]


def is_header(names: Sequence[str]) -> bool:
    """Tell whether normal column names hold a label, a start, and an end or a duration."""
    columns = _columns(names)
    return "label" in columns and "start" in columns and ("end" in columns or "duration" in columns)


def read(path: Path, clock: FrameClock | None = None) -> list[Entry]:
    """Return one entry per video named in the table, or a single one where there is no such column.

    Raises:
        ActScribeError: a column is missing or twice there, something is above the header, a row (named by its
            line) is not an interval, or its commas may be decimal ones.
    """
    return entries_of(path, read_text(path))


def entries_of(path: Path, text: str) -> list[Entry]:
    """Return the entries of a table's text; arguments and errors as of `read`."""
    table = find_table(path, text, is_header)
    if table is None:
        first = next(line for line in lines(text) if line.strip())
        raise ActScribeError(
            f"{path}:1: no header with a label, a start and an end was found: {first[:80]!r}.",
            f"Begin the file with a header such as {_HEADER} (subject, scores and video may be left out).",
        )
    if table.above:
        raise ActScribeError(
            f"{path}:{table.above[0].line}: {quoted(' '.join(table.above[0].cells))} appears above the header, which is"
            f" in line {table.header.line}.",
            "Remove what is above the header.",
        )
    columns = _columns(table.names)
    used = {table.names[one.position] for held in columns.values() for one in held}
    refuse_doubled(path, table.header, (name for name in table.names if name in used))
    second = "end" if "end" in columns else "duration"
    refuse_decimal_commas(
        path, table, columns["start"][0].position, columns[second][0].position, ordered=second == "end"
    )
    groups: dict[str, list[Interval]] = {}
    for row in table.body:
        video = _text(row, columns, "video")
        kept = groups.setdefault(video, [])
        if not video or any(_text(row, columns, field).strip() for field in columns if field not in _OF_VIDEO):
            kept.append(_interval(path, row, columns))
    if not groups:
        groups[""] = []
    notes = unknown_origins(_how(row, columns) for row in table.body)
    return [
        Entry(name, (name,) if name else (), _reader(intervals, name, notes), joins=True)
        for name, intervals in groups.items()
    ]


def write(path: Path, annotations: Annotations, clock: FrameClock | None = None) -> None:
    """Write label, start_s, end_s and those of subject, scores, origin and video that are there, in milliseconds."""
    check_writable(path, annotations, "\r")
    intervals = milliseconds(annotations.as_intervals())
    video = annotations.media[0] if annotations.media else ""
    header = ["label", "start_s", "end_s"]
    header += ["subject"] if any(interval.subject for interval, *_ in intervals) else []
    header += ["score"] if any(interval.score is not None for interval, *_ in intervals) else []
    header += ["raw_score"] if any(interval.raw_score is not None for interval, *_ in intervals) else []
    for name in ("origin", "annotator", "run"):
        header += [name] if any(_origin_text(interval, name) for interval, *_ in intervals) else []
    header += ["video"] if video else []
    body = [
        {
            "label": as_text(interval.label),
            "start_s": repr(start / 1000),
            "end_s": repr(end / 1000),
            "subject": as_text(interval.subject),
            "score": "" if interval.score is None else repr(float(interval.score)),
            "raw_score": "" if interval.raw_score is None else repr(float(interval.raw_score)),
            **{name: as_text(_origin_text(interval, name)) for name in ("origin", "annotator", "run")},
            "video": as_text(video),
        }
        for interval, start, end in intervals
    ]
    if not body and video:
        body.append({"video": as_text(video)})
    text = lay_out(header, [[row.get(name, "") for name in header] for row in body], ",")
    if any("\n" in name for interval, *_ in intervals for name in (interval.label, interval.subject)):
        find_table(path, text, is_header)  # refuses a text of several lines that would read as rows of its own
    write_text(path, for_excel(text))


def _reader(intervals: list[Interval], name: str, notes: Sequence[str]) -> Callable[[], Annotations]:
    return lambda: Annotations.of(intervals, (name,) if name else (), notes=notes)


def _columns(names: Sequence[str]) -> _Columns:
    """Return where each known field stands and what turns its numbers into seconds."""
    bare = [_UNIT.sub("", name) for name in names]
    units = [match.group(1) if (match := _UNIT.search(name)) else "" for name in names]
    columns: _Columns = {}
    for field, spellings in _NAMES.items():
        positions = [index for spelling in spellings.split() for index, name in enumerate(bare) if name == spelling]
        if positions:
            columns[field] = [_Column(index, 0.001 if units[index] in _MILLISECONDS else 1.0) for index in positions]
    return columns


def _interval(path: Path, row: Row, columns: _Columns) -> Interval:
    start = _seconds(path, row, columns, "start")
    if "end" in columns:
        end = _seconds(path, row, columns, "end")
    else:  # 0.1 + 0.2 is 0.3
        end = round(start + _seconds(path, row, columns, "duration"), 9)
    score, raw_score = (_score(path, row, columns, field) for field in ("score", "raw_score"))
    label, subject = _text(row, columns, "label"), _text(row, columns, "subject")
    return interval_at(path, row.location, label, start, end, subject, score, raw_score, _origin(row, columns))


def _origin(row: Row, columns: _Columns) -> Origin | None:
    return origin_of(_how(row, columns), _text(row, columns, "annotator"), _text(row, columns, "run"))


def _how(row: Row, columns: _Columns) -> str:
    return _text(row, columns, "origin").strip()


def _origin_text(interval: Interval, name: str) -> str:
    origin = interval.origin
    return "" if origin is None else {"origin": origin.how, "annotator": origin.annotator, "run": origin.run}[name]


def _score(path: Path, row: Row, columns: _Columns, field: str) -> float | None:
    score = _text(row, columns, field).strip()
    try:
        return parse_number(score.replace(",", ".")) if score else None
    except ValueError:
        raise ActScribeError(
            f"{path}: {row.location}: the score is {quoted(score)}, expected a number in [0, 1]."
        ) from None


def _seconds(path: Path, row: Row, columns: _Columns, field: str) -> float:
    """Return a time, or refuse it: none, ambiguous, or two columns of it that disagree."""
    first, *others = columns[field]
    text = row.cell(first.position)
    if first.factor < 1 and _THOUSANDS.fullmatch(text.strip()):
        raise ActScribeError(
            f"{path}: {row.location}: the {field} is {quoted(text)} milliseconds: a thousands separator, or decimals?",
            "Save the file without thousands separators.",
        )
    seconds = seconds_at(path, row.location, text, f"the {field}") * first.factor
    for other in others:
        try:
            again = parse_seconds(row.cell(other.position)) * other.factor
        except ValueError:
            continue  # a clock time, a date, a frame's name
        if abs(again - seconds) > _ROUNDING:
            raise ActScribeError(
                f"{path}: {row.location}: two columns hold the {field}, and they differ: {seconds:g} s and"
                f" {again:g} s.",
                "Rename or remove the one that is not the time in the video.",
            )
    return seconds


def _text(row: Row, columns: _Columns, field: str) -> str:
    return from_text(row.cell(columns[field][0].position)) if field in columns else ""


FORMAT = Format(
    title="CSV whose header names a label, a start and an end",
    ending=".csv",
    resolution=0.001,
    keeps=frozenset({"subject", "score", "raw score", "origin", "media"}),
    read=read,
    write=write,
    becomes_label="the column found by its name, such as `label`, `start_s`, `end_ms`",
    passed_over="columns of other names",
    is_text=partial(has_header, is_header=is_header),
)
