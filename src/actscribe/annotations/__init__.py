"""Intervals, and one file per annotation format, each with read and write."""

from actscribe.annotations.checks import check, overlaps, resolve
from actscribe.annotations.conversion import Conversion, check_target, convert
from actscribe.annotations.format import Format
from actscribe.annotations.formats import (
    FORMATS,
    counts_frames,
    detect,
    entries,
    find_format,
    format_of,
    read,
    read_all,
    read_matched,
    write,
)
from actscribe.annotations.frame_clock import FrameClock
from actscribe.annotations.interval import GAP_LABEL, Annotations, Interval, Origin
from actscribe.annotations.once import ReadOnce

__all__ = [
    "FORMATS",
    "GAP_LABEL",
    "Annotations",
    "Conversion",
    "Format",
    "FrameClock",
    "Interval",
    "Origin",
    "ReadOnce",
    "check",
    "check_target",
    "convert",
    "counts_frames",
    "detect",
    "entries",
    "find_format",
    "format_of",
    "overlaps",
    "read",
    "read_all",
    "read_matched",
    "resolve",
    "write",
]
