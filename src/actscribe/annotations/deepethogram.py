"""DeepEthogram labels (CSV): one row per frame, one column per behaviour, 1, 0, or -1 where it is not annotated.

A leading column numbers the frames, from 0; those without a row were not annotated. The column 'background' (1 where
nothing happens) carries nothing of its own, except that a table with no other column says with background -1 that
nothing was annotated. The file does not say when frames are shown, so the video is needed. Times are whole frames;
intervals of one label that touch become one; subjects, scores and the video's name are not carried; an interval inside
a gap of its label takes precedence.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby, pairwise
from operator import itemgetter
from pathlib import Path

import numpy as np

from actscribe.annotations.entry import Entry, single
from actscribe.annotations.format import Format
from actscribe.annotations.frame_clock import FrameClock, needed
from actscribe.annotations.interval import GAP_LABEL, Annotations, Interval
from actscribe.annotations.table import MOST_CELLS, Row, delimiters_of, first_rows, lay_out, table_at
from actscribe.annotations.text import check_writable, read_text
from actscribe.errors import ActScribeError
from actscribe.files import write_text
from actscribe.reading import MOST_LINES

BACKGROUND = "background"
_INDEX_NAMES = ("", "unnamed: 0", "frame", "frames", "index")
_NO_FRAME = 10**9  # no video has this many frames
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
    """Write one row per frame of the video's length, or up to the last end where that is not known.

    Raises:
        ActScribeError: a label is called as DeepEthogram calls that nothing happens; or the frames are not known, none
            or too many.
    """
    check_writable(path, annotations, "\r\n", ethogram=True)
    clock = needed(path, clock, "this format has one row per frame", to_write=True)
    names = list(dict.fromkeys([*annotations.labels, *sorted(gap.label for gap in annotations.gaps if gap.label)]))
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
    frames = _frames(path, body, clock) if skipped else np.arange(len(body))
    behaviors = [position for position, name in enumerate(names) if name != BACKGROUND]
    blank = (cells[:, behaviors or slice(None)] == -1).all(axis=1)
    spans = [(names[position], span) for position in behaviors for span in _runs(cells[:, position] == 1, frames)]
    spans += [(GAP_LABEL, span) for span in (*_runs(blank, frames), *_missing(frames))]
    spans += [
        (f"{GAP_LABEL} {names[position]}", span)
        for position in behaviors
        for span in _runs((cells[:, position] == -1) & ~blank, frames)
    ]
    intervals = [Interval(label, clock.seconds(first), clock.seconds(last)) for label, (first, last) in spans]
    labels = [names[position] for position in behaviors]
    return Annotations.of(intervals, duration=clock.seconds(int(frames[-1]) + 1), labels=labels)


def _frames(path: Path, body: Sequence[Row], clock: FrameClock) -> np.ndarray:
    """Return the number of each row's frame, counted from 0, shape (rows,), ascending."""
    frames = np.array([_frame(path, row) for row in body])
    steps = np.diff(frames)
    if (steps < 1).any():
        row = body[int(np.argmax(steps < 1)) + 1]
        raise ActScribeError(f"{path}:{row.line}: frame {row.cells[0].strip()} does not come after the one before it.")
    if len(steps) > 1 and (steps == steps[0]).all() and steps[0] > 1:
        raise ActScribeError(
            f"{path}: has a row for every {steps[0]}th frame, and does not say what holds in between.",
            "Repeat each row for the frames that it represents.",
        )
    if frames[0] == 1 and clock.frames != frames[-1] + 1:
        if clock.frames != frames[-1]:
            raise ActScribeError(
                f"{path}:{body[0].line}: the first row is frame 1: either frames are counted from 1, or frame 0 is not"
                " annotated.",
                "DeepEthogram counts from 0. Number the frames so, or give the video itself, whose frames show it.",
            )
        frames -= 1
    return frames


def _frame(path: Path, row: Row) -> int:
    text = row.cells[0].strip()
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < _NO_FRAME or number != int(number):
        raise ActScribeError(f"{path}:{row.line}: expected the number of a frame, found '{text[:40]}'.")
    return int(number)


def _missing(frames: np.ndarray) -> list[tuple[int, int]]:
    """Return the (first, one past last) frames that have no row: nobody annotated them."""
    edges = pairwise([-1, *frames.tolist()])
    return [(before + 1, after) for before, after in edges if after > before + 1]


def _values(path: Path, row: Row, skipped: int, count: int) -> list[int]:
    cells = [cell.strip() for cell in row.cells[skipped:]]
    wrong = next((cell for cell in cells if cell not in _VALUES), None)
    if wrong is not None or len(cells) != count:
        actual = f"{len(cells)} values" if wrong is None else f"'{wrong}'"
        raise ActScribeError(f"{path}:{row.line}: expected {count} values of -1, 0 or 1, found {actual}.")
    return [int(float(cell)) for cell in cells]


def _runs(mask: np.ndarray, frames: np.ndarray) -> list[tuple[int, int]]:
    """Return the (first, one past last) frames of each run of True in frames that follow each other.

    Args:
        mask: shape (rows,).
        frames: number of each row's frame, shape (rows,), ascending.
    """
    # Rows whose frames follow each other have one difference between the frame's number and the row's.
    shift = (frames - np.arange(len(frames))).tolist()
    runs = []
    for (value, _), group in groupby(zip(mask.tolist(), shift, frames.tolist(), strict=True), key=itemgetter(0, 1)):
        held = [frame for _, _, frame in group]
        if value:
            runs.append((held[0], held[-1] + 1))
    return runs


def _index_columns(header: Sequence[str]) -> int:
    return int(bool(header) and header[0].strip().casefold() in _INDEX_NAMES)


def _is_text(text: str) -> bool:
    tops = (first_rows(text, delimiter) for delimiter in delimiters_of(text))
    return any(len(top) > 1 and is_table(top[0].cells, top[1].cells) for top in tops)


FORMAT = Format(
    title="DeepEthogram CSV",
    ending="_labels.csv",
    resolution=None,
    keeps=frozenset({"duration", "labels"}),
    read=read,
    write=write,
    becomes_label="a column; `background` only says that nothing happens",
    offered="a column each",
    is_text=_is_text,
)
