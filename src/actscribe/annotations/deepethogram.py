"""DeepEthogram labels (CSV): one row per frame, one column per behaviour, 1, 0, or -1 where it is not annotated.

A leading column of frame numbers and the column 'background' (1 where nothing happens) carry nothing of their own,
except that a table with no other column says with background -1 that nothing was annotated. The file does not know the
frame rate, so it has to be given. Times are whole frames; intervals of one label that touch become one; subjects,
scores and the video's name are not carried; an interval inside a gap of its label takes precedence.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby, pairwise
from pathlib import Path

import numpy as np

from actscribe.annotations.entry import Entry, single
from actscribe.annotations.frame_clock import FrameClock, needed
from actscribe.annotations.interval import GAP_LABEL, Annotations, Interval
from actscribe.annotations.table import MOST_CELLS, Row, delimiters_of, first_rows, lay_out, table_at
from actscribe.annotations.text import check_writable, read_text
from actscribe.errors import ActScribeError
from actscribe.files import write_text
from actscribe.reading import MOST_LINES

BACKGROUND = "background"
_INDEX_NAMES = ("", "unnamed: 0", "frame", "frames", "index")
_VALUES = ("-1", "0", "1", "-1.0", "0.0", "1.0")


def is_table(header: Sequence[str], first: Sequence[str]) -> bool:
    """Tell whether a header and the first row below it are frames × behaviours."""
    skipped = _index_columns(header)
    cells = [cell.strip() for cell in first[skipped:]]
    return len(header) > skipped and len(first) == len(header) and all(cell in _VALUES for cell in cells)


def read(path: Path, clock: FrameClock | None = None) -> list[Entry]:
    """Return the runs of 1 as intervals and the runs of -1 as gaps.

    Raises:
        ActScribeError: no clock, or a cell that is not -1, 0 or 1.
    """
    clock = needed(path, clock, "has one row per frame and does not say when frames are shown")
    text = read_text(path)
    for delimiter in delimiters_of(text):
        top = first_rows(text, delimiter)
        if len(top) == 2 and is_table(top[0].cells, top[1].cells):
            body = table_at(path, text, delimiter, top[0].line).body
            for before, row in pairwise(body):
                if row.line > before.line + 1:
                    raise ActScribeError(f"{path}:{before.line + 1}: an empty row, but every frame needs its own.")
            return single(_annotations(path, top[0].cells, body, clock))
    raise ActScribeError(f"{path}: expected a header of behaviours and rows of -1, 0 and 1.")


def write(path: Path, annotations: Annotations, clock: FrameClock | None = None) -> None:
    """Write one row per frame of the video's length, or up to the last end where that is not known."""
    check_writable(path, annotations, "\r\n")
    clock = needed(path, clock, "this format has one row per frame")
    names = sorted({interval.label for interval in (*annotations.intervals, *annotations.gaps) if interval.label})
    if BACKGROUND in names:
        raise ActScribeError(f"{path}: '{BACKGROUND}' means that nothing happens in DeepEthogram; rename the label.")
    spans = [clock.span(interval) for interval in (*annotations.intervals, *annotations.gaps)]
    frames = max([clock.frame(annotations.duration or 0.0), *(end for _, end in spans)])
    if not frames:
        raise ActScribeError(f"{path}: there is nothing to write: no interval, and the video's length is not known.")
    if frames >= MOST_LINES or frames * (len(names) + 2) > MOST_CELLS:
        raise ActScribeError(
            f"{path}: {frames:,} frames and {len(names):,} labels would be a table that is too large to be read again.",
            "Choose a format with one row per interval (csv, json).",
        )
    cells = np.zeros((frames, len(names) + 1), dtype=np.int8)
    for gap in annotations.gaps:
        first, last = clock.span(gap)
        cells[first:last, slice(None) if not gap.label else names.index(gap.label) + 1] = -1
    for interval in annotations.intervals:
        first, last = clock.span(interval)
        cells[first:last, names.index(interval.label) + 1] = 1
    if names:
        background = np.where((cells[:, 1:] == 0).all(axis=1), 1, 0)
        cells[:, 0] = np.where((cells[:, 1:] == -1).all(axis=1), -1, background)
    else:
        cells[cells[:, 0] == 0, 0] = 1
    body = ([frame, *row] for frame, row in enumerate(cells.tolist()))
    write_text(path, lay_out(["", BACKGROUND, *names], body, ","))


def _annotations(path: Path, header: Sequence[str], body: Sequence[Row], clock: FrameClock) -> Annotations:
    skipped = _index_columns(header)
    names = list(header[skipped:])
    if len(set(names)) < len(names) or not all(name.strip() for name in names):
        raise ActScribeError(f"{path}:1: every behaviour needs a name of its own, found {', '.join(names)}.")
    cells = np.array([_values(path, row, skipped, len(names)) for row in body], dtype=np.int8)
    behaviors = [position for position, name in enumerate(names) if name != BACKGROUND]
    found = [
        Interval(names[position], clock.seconds(first), clock.seconds(last))
        for position in behaviors
        for first, last in _runs(cells[:, position] == 1)
    ]
    blank = (cells[:, behaviors or slice(None)] == -1).all(axis=1)
    found += [Interval(GAP_LABEL, clock.seconds(first), clock.seconds(last)) for first, last in _runs(blank)]
    found += [
        Interval(f"{GAP_LABEL} {names[position]}", clock.seconds(first), clock.seconds(last))
        for position in behaviors
        for first, last in _runs((cells[:, position] == -1) & ~blank)
    ]
    return Annotations.of(found, duration=clock.seconds(len(body)))


def _values(path: Path, row: Row, skipped: int, count: int) -> list[int]:
    cells = [cell.strip() for cell in row.cells[skipped:]]
    wrong = next((cell for cell in cells if cell not in _VALUES), None)
    if wrong is not None or len(cells) != count:
        found = f"{len(cells)} values" if wrong is None else f"'{wrong}'"
        raise ActScribeError(f"{path}:{row.line}: expected {count} values of -1, 0 or 1, found {found}.")
    return [int(float(cell)) for cell in cells]


def _runs(mask: np.ndarray) -> list[tuple[int, int]]:
    """Return the (first, one past last) frames of each run of True; mask has shape (frames,)."""
    runs = []
    position = 0
    for value, group in groupby(mask.tolist()):
        length = sum(1 for _ in group)
        if value:
            runs.append((position, position + length))
        position += length
    return runs


def _index_columns(header: Sequence[str]) -> int:
    return int(bool(header) and header[0].strip().casefold() in _INDEX_NAMES)
