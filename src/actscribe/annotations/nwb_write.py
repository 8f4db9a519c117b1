"""Writing NWB: bouts, point events and what nobody annotated, as tables of the core schema.

Bouts are a `TimeIntervals` of `/intervals`, point events an `EventsTable` of `/events`, as the schema has it for what
has no length. `ndx-ethogram` 0.1 also has bouts, as a kind of `TimeIntervals`; it depends on a package of poses and
says no more of ours than the core does, so it is read but not written.
"""

from __future__ import annotations

import hashlib
import io
import re
import uuid
import warnings
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from actscribe import __version__
from actscribe.annotations.frame_clock import FrameClock
from actscribe.annotations.interval import Annotations, Interval, Origin
from actscribe.annotations.rounding import is_point, milliseconds
from actscribe.annotations.text import NO_DATE, check_texts, check_writable
from actscribe.files import write_beside
from actscribe.ownership import PROGRAM
from actscribe.packages import require

#: Names of our tables. Gaps are no `invalid_times`: what was recorded then may be sound.
BOUTS, POINTS, GAPS, VIDEOS = "activities", "point_activities", "not_annotated", "videos"
NOTHING = float("nan")

_Row = tuple[Interval, int, int]
_NO_ORIGIN = Origin("file")
#: Columns that stand in a table where one of its rows has something to say: name -> description, and what a row says.
_OPTIONAL: dict[str, tuple[str, Callable[[Interval], str | float]]] = {
    "subject": ("Who did it; empty where nobody is named.", lambda one: one.subject),
    "score": ("Confidence of a recognizer, in [0, 1]; NaN where there is none.", lambda one: _number(one.score)),
    "raw_score": ("The recognizer's score before calibration, in [0, 1].", lambda one: _number(one.raw_score)),
    "origin": (
        "How it came about: manual, an accepted or corrected suggestion, or from a file; empty where not recorded.",
        lambda one: one.origin.how if one.origin else "",
    ),
    "annotator": ("The last annotator to change it.", lambda one: (one.origin or _NO_ORIGIN).annotator),
    "run": ("Digest of the run that suggested it.", lambda one: (one.origin or _NO_ORIGIN).run),
}


def write(path: Path, annotations: Annotations, clock: FrameClock | None = None) -> None:
    """Write everything that `annotations` holds, times in milliseconds.

    The file has the same bytes each time with the same versions of pynwb, hdmf, h5py and HDF5.

    Raises:
        ActScribeError: pynwb is not installed, a text cannot be written, or the file cannot.
    """
    require("pynwb", f"{path}: NWB")
    check_writable(path, annotations, ethogram=True)
    origins = [one.origin for one in annotations.intervals if one.origin]
    check_texts(path, [*annotations.notes, *(text for one in origins for text in (one.annotator, one.run))])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the libraries, about each other
        data = _packed(_content(annotations))
    with write_beside(path) as beside:
        beside.write_bytes(data)


def _content(annotations: Annotations) -> Any:
    """Return the file's content as pynwb has it."""
    from pynwb import NWBFile

    begin = datetime.fromisoformat(NO_DATE).replace(tzinfo=UTC)
    content = NWBFile(
        session_description=(
            "Activities that were annotated in a video. When it was recorded is not known: the session start time"
            f" {begin:%Y-%m-%d} stands for that. Times are seconds from the start of the video."
        ),
        identifier=str(uuid.uuid4()),  # `_packed` puts one that follows from the content in its place
        session_start_time=begin,
        file_create_date=begin,
        was_generated_by=[[PROGRAM, __version__]],
        notes="\n".join(annotations.notes) or None,
    )
    for table in _intervals(annotations):
        content.add_time_intervals(table)
    points = [row for row in milliseconds(annotations.intervals) if is_point(row[0])]
    if points:
        content.add_events_table(_points(points, annotations.labels))
    return content


def _intervals(annotations: Annotations) -> list[Any]:
    bouts = [row for row in milliseconds(annotations.intervals) if not is_point(row[0])]
    what = "Activities with a start and an end. Whatever is not named here did not happen, but in not_annotated."
    tables = [_spans(BOUTS, what, bouts, annotations.labels)]
    if annotations.gaps:
        what = "What nobody annotated, which is not an absence of activities: for one label, or, without one, for all."
        tables.append(_spans(GAPS, what, milliseconds(annotations.gaps), ()))
    if annotations.media or annotations.duration is not None:
        tables.append(_videos(annotations))
    return tables


def _spans(name: str, description: str, rows: Sequence[_Row], labels: Sequence[str]) -> Any:
    from pynwb.epoch import TimeIntervals

    times = [
        _column("start_time", "Start, in seconds from the start of the video.", [start / 1000 for _, start, _ in rows]),
        _column("stop_time", "End, in seconds from the start of the video.", [end / 1000 for *_, end in rows]),
    ]
    return TimeIntervals(name=name, description=description, **_columns(times, [row[0] for row in rows], labels))


def _points(rows: Sequence[_Row], labels: Sequence[str]) -> Any:
    from pynwb.event import EventsTable, TimestampVectorData

    description = "Seconds from the start of the video."
    moments = TimestampVectorData(
        name="timestamp", description=description, data=[start / 1000 for _, start, _ in rows], resolution=0.001
    )
    what = "Activities without a length, as a person or a recognizer placed them in the video."
    return EventsTable(name=POINTS, description=what, **_columns([moments], [row[0] for row in rows], labels))


def _columns(times: list[Any], intervals: Sequence[Interval], labels: Sequence[str]) -> dict[str, Any]:
    """Return the columns of a table and, as the meanings of its labels, all that could have been annotated."""
    from hdmf.common import MeaningsTable

    names = _column("label", "Name of the activity.", [one.label for one in intervals])
    columns = [*times, names]
    for name, (description, value_of) in _OPTIONAL.items():
        values = [value_of(one) for one in intervals]
        if any(value not in ("", NOTHING) for value in values):
            columns.append(_column(name, description, values))
    fields: dict[str, Any] = {"columns": columns, "colnames": [column.name for column in columns]}
    if labels:
        values = _column("value", "A label.", list(labels))
        meaning = _column("meaning", "What it means.", ["an activity of the label set"] * len(labels))
        fields["meanings_tables"] = [
            MeaningsTable(
                target=names,
                description="Every label that could have been annotated, in the order of the label set.",
                columns=[values, meaning],
                colnames=["value", "meaning"],
            )
        ]
    return fields


def _videos(annotations: Annotations) -> Any:
    from pynwb.epoch import TimeIntervals

    files = annotations.media or ("",)
    end = NOTHING if annotations.duration is None else round(float(annotations.duration), 3)
    columns = [
        _column("start_time", "Start of the video, in seconds.", [0.0] * len(files)),
        _column("stop_time", "End of the whole video, in seconds; NaN where not known.", [end] * len(files)),
        _column("file", "Path of the video, relative to this file.", list(files)),
    ]
    return TimeIntervals(
        name=VIDEOS,
        description="The video that was annotated, a row for each of its files.",
        columns=columns,
        colnames=[column.name for column in columns],
    )


def _column(name: str, description: str, values: Sequence[str | float]) -> Any:
    import h5py
    import numpy as np
    from hdmf.common import VectorData

    is_text = name not in ("start_time", "stop_time", "score", "raw_score")
    data = np.array(values, dtype=h5py.string_dtype() if is_text else np.float64)
    return VectorData(name=name, description=description, data=data)


def _number(score: float | None) -> float:
    return NOTHING if score is None else float(score)


def _packed(content: Any) -> bytes:
    """Return the bytes of an NWB file; ids, which pynwb draws at random, follow from the content instead."""
    import h5py
    from pynwb import NWBHDF5IO

    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file, NWBHDF5IO(file=file, mode="w") as nwb:
        nwb.write(content)
    drawn = [content.identifier, *content.objects]
    numbered = _replaced(buffer.getvalue(), drawn, (f"{number:036d}" for number in range(len(drawn))))
    digest = hashlib.sha256(numbered).hexdigest()
    own = (str(uuid.uuid5(uuid.NAMESPACE_OID, f"{PROGRAM} {digest} {number}")) for number in range(len(drawn)))
    return _replaced(buffer.getvalue(), drawn, own)


def _replaced(data: bytes, old: Iterable[str], new: Iterable[str]) -> bytes:
    """Replace texts by others of their length; HDF5 keeps them in heaps, which have no checksums."""
    pairs = {one.encode(): other.encode() for one, other in zip(old, new, strict=True)}
    return re.sub(b"|".join(pairs), lambda match: pairs[match.group()], data)
