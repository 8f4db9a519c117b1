"""NWB (Neurodata Without Borders 2): tables of intervals and of events, whoever wrote them, read by pynwb.

Of our own files everything comes back. Of those of other programs, each table with start and stop times, or with
timestamps, and a column of labels is an entry under its name: `TimeIntervals` such as epochs and trials, the bouts of
`ndx-ethogram`, event tables of the core and of `ndx-events`. What extensions define stands in the file itself, so that
none has to be installed. Invalid times are not annotated.

NWB counts seconds of the session. Where the file names a video that begins later, its start is subtracted (ours).
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from actscribe.annotations.entry import Entry
from actscribe.annotations.format import Carried, Format
from actscribe.annotations.frame_clock import FrameClock
from actscribe.annotations.hdf5 import check_alone
from actscribe.annotations.interval import GAP_LABEL, Annotations, Interval, origin_of, unknown_origins
from actscribe.annotations.nwb_write import BOUTS, GAPS, POINTS, VIDEOS, write
from actscribe.annotations.text import interval_at
from actscribe.errors import ActScribeError
from actscribe.ownership import PROGRAM
from actscribe.packages import require

#: First bytes of an HDF5 file.
SIGNATURE = b"\x89HDF\r\n\x1a\n"
#: Columns that may hold labels; the first one with text counts. `tags` are the core's own, several a row.
_LABELS = ("label", "labels", "behavior", "behaviour", "activity", "event", "annotation", "trial_type", "tags")
_TEXTS = ("subject", "origin", "annotator", "run", "file")
_NUMBERS = ("start_time", "stop_time", "timestamp", "duration", "score", "raw_score")
#: The core's name for times that are to be left out of every analysis.
_INVALID = "invalid_times"
#: More rows, or bytes of a column, than this are not annotations.
_MOST_ROWS, _MOST_BYTES = 3_000_000, 2**28


@dataclass(frozen=True, slots=True)
class _Table:
    """A table, taken out of its file.

    Args:
        path: of the file.
        name: of the table.
        columns: those that are understood, as lists of equal length.
        headings: names of all columns.
        offered: labels that could have been annotated, as far as the file says.
        is_partial: the file says that only some of the time was observed.
    """

    path: Path
    name: str
    columns: dict[str, list[Any]]
    headings: tuple[str, ...]
    offered: tuple[str, ...] = ()
    is_partial: bool = False

    def labels(self) -> list[Any] | None:
        """Return what stands in the column of labels; None where there is none."""
        return next((self.columns[name] for name in _LABELS if name in self.columns), None)

    def cells(self, name: str, absent: str | float) -> list[Any]:
        """Return a column, or as many times what stands for one that is not there."""
        return self.columns.get(name, [absent] * self.length)

    @property
    def length(self) -> int:
        return len(next(iter(self.columns.values())))


def read(path: Path, clock: FrameClock | None = None) -> list[Entry]:
    """Return what is our own as one entry, and one for each other table of labels.

    Raises:
        ActScribeError: pynwb is not installed, no NWB file, a damaged one, no table with labels, or several videos that
            begin at different times.
    """
    require("pynwb", f"{path}: NWB")
    with _opened(path) as content:
        tables = _tables(path, content)
        is_ours = any(_plain(by[0]) == PROGRAM for by in (content.was_generated_by or ()))
        notes = tuple(content.notes.split("\n")) if content.notes else ()
        begins = _begins_of_videos(content)
    own = {table.name: table for table in tables if is_ours and table.name in (BOUTS, POINTS, GAPS, VIDEOS)}
    labelled = [table for table in tables if table.labels() is not None and table.name not in (*own, _INVALID)]
    if not own and not labelled:
        held = "; ".join(f"{table.name} ({', '.join(table.headings)})" for table in tables) or "none at all"
        raise ActScribeError(
            f"{path}: no interval or event table has a label column; found: {held}.",
            f"Call the column that says what happens 'label' (or one of {', '.join(_LABELS[1:])}).",
        )
    begin = _begin(path, begins) if labelled else 0.0
    invalid = [table for table in tables if table.name == _INVALID]
    gaps = [row for table in invalid for row in _rows(table, [GAP_LABEL] * table.length, begin)]
    media = tuple(begins)
    others = [Entry(table.name, media, _reader(table, gaps, begin, media)) for table in labelled]
    return [*([_own(own, notes)] if own else []), *others]


def _own(tables: dict[str, _Table], notes: tuple[str, ...]) -> Entry:
    for table in (one for name, one in tables.items() if name != VIDEOS and one.labels() is None):
        raise ActScribeError(
            f"{table.path}: the table '{table.name}' has no text in its column 'label'.", "It is damaged."
        )
    rows = [row for name in (BOUTS, POINTS) if name in tables for row in _rows(tables[name], tables[name].labels())]
    if GAPS in tables:
        rows += _rows(tables[GAPS], [f"{GAP_LABEL} {label}".strip() for label in tables[GAPS].labels() or ()])
    videos = tables.get(VIDEOS)
    media = tuple(file for file in videos.cells("file", "") if file) if videos else ()
    offered = next((table.offered for table in tables.values() if table.offered), ())
    hows = [how for name in (BOUTS, POINTS) if name in tables for how in tables[name].cells("origin", "")]
    annotations = Annotations.of(rows, media, _duration(videos), offered, (*notes, *unknown_origins(hows)))
    return Entry(media[0] if media else "", media, lambda: annotations)


def _duration(videos: _Table | None) -> float | None:
    """Return how long the first video lasts whose end is stated."""
    for number, end in enumerate(videos.cells("stop_time", math.nan) if videos else ()):
        if videos and not math.isnan(end):
            return interval_at(videos.path, f"table '{VIDEOS}', row {number}", "a video", 0.0, end).end
    return None


def _reader(table: _Table, gaps: list[Interval], begin: float, media: tuple[str, ...]) -> Callable[[], Annotations]:
    def read_it() -> Annotations:
        if table.is_partial:
            raise ActScribeError(
                f"{table.path}: the table '{table.name}' says which times were observed (observation_intervals), and no"
                " table says how long the video is.",
                f"Write the table as CSV, with rows called '{GAP_LABEL}' for what was not observed.",
            )
        rows = [*_rows(table, table.labels(), begin), *gaps]
        return Annotations.of(rows, media, labels=table.offered, notes=unknown_origins(table.cells("origin", "")))

    return read_it


def _rows(table: _Table, labels: list[Any] | None, begin: float = 0.0) -> list[Interval]:
    """Return the rows of a table under their labels, of which one may have several, in seconds after `begin`."""
    columns = (table.cells(name, "") for name in ("subject", "origin", "annotator", "run"))
    scores = (table.cells(name, math.nan) for name in ("score", "raw_score"))
    intervals = []
    for number, (named, start, end, subject, how, annotator, run, *both) in enumerate(
        zip(labels or [], *_times(table), *columns, *scores, strict=True)
    ):
        score, raw_score = (None if math.isnan(one) else one for one in both)
        where = f"table '{table.name}', row {number}"
        if isinstance(named, list) and not named:
            raise ActScribeError(f"{table.path}: {where} has no tag, so nothing says what happens.", "Tag the row.")
        times = (start, end)
        if begin:
            where += f", counted from the video's start at {begin:g} s"
            times = (round(start - begin, 9), round(end - begin, 9))
        intervals += [
            interval_at(table.path, where, label, *times, subject, score, raw_score, origin_of(how, annotator, run))
            for label in (named if isinstance(named, list) else [named])
        ]
    return intervals


def _times(table: _Table) -> tuple[list[float], list[float]]:
    """Return starts and ends in seconds; an event without a duration is a point."""
    if "timestamp" not in table.columns:
        return table.columns["start_time"], table.columns["stop_time"]
    starts, lengths = table.columns["timestamp"], table.cells("duration", math.nan)
    spans = zip(starts, lengths, strict=True)
    return starts, [start if math.isnan(length) else round(start + length, 9) for start, length in spans]


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """Yield the content of an NWB file; whatever the libraries stumble over is a file that is not sound."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of versions of the schema, which differ from file to file
        from pynwb import NWBHDF5IO

        try:
            check_alone(path)
            with NWBHDF5IO(str(path), mode="r") as file:
                yield file.read()
        except ActScribeError:
            raise
        except Exception as error:
            reason = f"{type(error).__name__}: {' '.join(str(error).split())[:120]}"
            raise ActScribeError(
                f"{path}: an HDF5 file that cannot be read as NWB 2, or a damaged one ({reason}).",
                "Save it again in the program that wrote it.",
            ) from error


def _tables(path: Path, content: Any) -> list[_Table]:
    """Return the tables of intervals and events by name; two of one name that both have labels are refused."""
    tables: list[_Table] = []
    for one in content.objects.values():
        names = set(getattr(one, "colnames", None) or ())
        if {"start_time", "stop_time"} <= names or "timestamp" in names:
            tables.append(_table(path, one))
    named = [table.name for table in tables if table.labels() is not None]
    twice = next((name for name in named if named.count(name) > 1), None)
    if twice is not None:
        raise ActScribeError(f"{path}: two of its tables are called '{twice}'.", "Rename one of them.")
    return sorted(tables, key=lambda table: table.name)


def _table(path: Path, one: Any) -> _Table:
    columns: dict[str, list[Any]] = {}
    for name in one.colnames:
        if name in (*_LABELS, *_TEXTS, *_NUMBERS):
            values = _values(path, one, name)
            if name in _NUMBERS and all(isinstance(value, (int, float)) for value in values):
                columns[name] = [float(value) for value in values]
            elif name in _TEXTS and not all(isinstance(value, str) for value in values):
                raise ActScribeError(
                    f"{path}: the column '{name}' of the table '{one.name}' holds something else than one text a row.",
                    "Write the table as CSV, with one text in each cell.",
                )
            elif name not in _NUMBERS and _is_text(values):
                columns[name] = values
    if not {"start_time", "stop_time"} <= columns.keys() and "timestamp" not in columns:
        raise ActScribeError(f"{path}: the times of the table '{one.name}' are not finite numbers.", "It is damaged.")
    if len({len(values) for values in columns.values()}) != 1:
        raise ActScribeError(f"{path}: the columns of the table '{one.name}' have different lengths.", "It is damaged.")
    is_partial = getattr(one, "observation_intervals", None) is not None
    return _Table(path, one.name, columns, tuple(one.colnames), _offered(path, one), is_partial)


def _values(path: Path, one: Any, name: str) -> list[Any]:
    from hdmf.common import VectorIndex

    column = one[name]
    if len(column) > _MOST_ROWS:
        raise ActScribeError(f"{path}: the table '{one.name}' has more than {_MOST_ROWS:,} rows.")
    if getattr(column.data, "nbytes", 0) > _MOST_BYTES:
        raise ActScribeError(f"{path}: the column '{name}' of the table '{one.name}' has more than 256 MiB.")
    held = [column[row] for row in range(len(column))] if isinstance(column, VectorIndex) else column.data[:]
    return list(_plain(held))


def _offered(path: Path, one: Any) -> tuple[str, ...]:
    """Return the labels that a table says there are: the meanings of its labels, or those of its ethogram."""
    for meanings in (getattr(one, "meanings_tables", None) or {}).values():
        if meanings.target.name in _LABELS:
            return tuple(_values(path, meanings, "value"))
    ethogram = getattr(one, "ethogram", None)
    return () if ethogram is None else tuple(_values(path, ethogram, "behavior"))


def _begins_of_videos(content: Any) -> dict[str, float]:
    """Return the files of videos that the session names, and when each begins, in its seconds."""
    from pynwb.image import ImageSeries

    begins: dict[str, float] = {}
    for one in content.objects.values():
        if isinstance(one, ImageSeries) and one.external_file is not None:
            times = one.timestamps
            begin = one.starting_time if times is None else times[0] if len(times) else 0.0
            begins |= {file: float(begin or 0.0) for file in _plain(one.external_file[:])}
    return dict(sorted(begins.items()))


def _begin(path: Path, begins: dict[str, float]) -> float:
    for file, begin in begins.items():
        if not math.isfinite(begin):
            raise ActScribeError(f"{path}: its video {file} begins at {begin:g} s.", "The number is damaged.")
    if len(set(begins.values())) > 1:
        listed = ", ".join(f"{file} at {begin:g} s" for file, begin in begins.items())
        raise ActScribeError(
            f"{path}: its videos begin at different times of the session: {listed}.",
            "Write the table as CSV, with times from the start of the video that it was seen in.",
        )
    return next(iter(begins.values()), 0.0)


def _plain(values: Any) -> Any:
    """Return arrays as lists, and bytes as text."""
    if isinstance(values, bytes):
        return values.decode("utf-8")
    if hasattr(values, "tolist"):
        values = values.tolist()
    return [_plain(value) for value in values] if isinstance(values, (list, tuple)) else values


def _is_text(values: list[Any]) -> bool:
    """Tell whether a column holds texts, or lists of them."""
    return all(isinstance(one, str) for value in values for one in (value if isinstance(value, list) else [value]))


FORMAT = Format(
    title="NWB",
    ending=".nwb",
    resolution=0.001,
    keeps=frozenset(get_args(Carried)),
    read=read,
    write=write,
    becomes_label="the column of text called `label`, `behavior`, `tags` or the like; see below",
    passed_over="tables without such a column; refused: observation intervals of `ndx-ethogram`",
    offered="meanings of `label`",
    signature=SIGNATURE,
)
