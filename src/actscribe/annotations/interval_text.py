"""The tab-separated text of Guerriero et al.: label, start, end and duration, times in whole milliseconds, no header.

Labels contain spaces. Subjects, scores, the video's name and length are not carried, and a file
without any interval is empty, which is refused when it is read.
"""

from __future__ import annotations

from pathlib import Path

from actscribe.annotations.entry import Entry, single
from actscribe.annotations.format import Format
from actscribe.annotations.frame_clock import FrameClock
from actscribe.annotations.interval import Annotations
from actscribe.annotations.rounding import milliseconds
from actscribe.annotations.text import check_writable, interval_at, lines, parse_number, read_text
from actscribe.errors import ActScribeError
from actscribe.files import write_text

#: Three rounded numbers may miss their sum by this many milliseconds.
_ROUNDING = 2.0


def is_row(line: str) -> bool:
    """Tell whether a line is a label and three numbers."""
    fields = line.rsplit("\t", 3)
    return len(fields) == 4 and all(_is_number(field) for field in fields[1:])


def read(path: Path, clock: FrameClock | None = None) -> list[Entry]:
    """Return the intervals.

    Raises:
        ActScribeError: a line that is not label, start, end, duration, or whose duration is not end minus start.
    """
    intervals = []
    for number, line in enumerate(lines(read_text(path)), start=1):
        if not line.strip():
            continue
        if not is_row(line):
            raise ActScribeError(
                f"{path}:{number}: expected label, start, end and duration in milliseconds, with tabs between,"
                f" found {line[:80]!r}."
            )
        label, *numbers = line.rsplit("\t", 3)
        start, end, duration = map(parse_number, numbers)
        if not (start.is_integer() and end.is_integer() and duration.is_integer()):
            raise ActScribeError(
                f"{path}:{number}: expected whole milliseconds, found {' '.join(numbers)!r}.",
                "Are these seconds? Then make it a CSV with a header: label,start_s,end_s.",
            )
        if abs(end - start - duration) > _ROUNDING:
            raise ActScribeError(
                f"{path}:{number}: the duration is {duration:g} ms, but from {start:g} to {end:g} ms it is"
                f" {end - start:g} ms.",
                "The columns must be label, start, end, duration, all in milliseconds.",
            )
        intervals.append(interval_at(path, f"line {number}", label, start / 1000, end / 1000))
    return single(Annotations.of(intervals))


def write(path: Path, annotations: Annotations, clock: FrameClock | None = None) -> None:
    """Write one line per interval."""
    check_writable(path, annotations, "\t\r\n")
    rows = milliseconds(annotations.as_intervals())
    text = [f"{interval.label}\t{start}\t{end}\t{end - start}\n" for interval, start, end in rows]
    write_text(path, "".join(text))


def _is_number(text: str) -> bool:
    try:
        parse_number(text)
    except ValueError:
        return False
    return True


FORMAT = Format(
    title="lines of label, start, end and duration in milliseconds, with tabs between",
    ending=".txt",
    resolution=0.001,
    keeps=frozenset(),
    read=read,
    write=write,
    becomes_label="the first column",
    needs_rows=True,
    is_line=is_row,
)
