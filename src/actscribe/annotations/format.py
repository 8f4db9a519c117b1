"""What is known of an annotation format; the file of each ends in one, and `formats.FORMATS` lists them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from actscribe.annotations.entry import Entry
from actscribe.annotations.frame_clock import FrameClock
from actscribe.annotations.interval import Annotations
from actscribe.annotations.tier_choice import TierChoice

#: What a format may carry besides intervals and gaps. "media": the name of the video, or of the first of its files;
#: "further media": those of its other files; "labels": those that do not occur.
Carried = Literal["subject", "score", "raw score", "origin", "media", "further media", "duration", "labels", "notes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One annotation format: how its files are known, read and written, and what its page says of it.

    A file is known by one of `signature`, `root`, `is_json`, `is_text` and `is_line`; formats are asked in the order of
    `FORMATS`.

    Args:
        title: what its files are called in messages and on the page of formats.
        ending: of its files; different for every format, so that several exports of one video do not collide.
        resolution: of times, in seconds; None: one frame, so reading and writing need the video's
            frame times.
        keeps: which of `Carried`; every format carries labels and gaps. Notes of VTT, ELAN and BORIS are for
            people, and not read again; so is what ELAN, BORIS, CVAT and Label Studio say of an origin.
        read: (path, the video's frame times or None) to the entries of the file; raises ActScribeError.
        write: (path, annotations, the video's frame times or None), whole or not at all; raises ActScribeError.
        becomes_label: what of a file becomes a label, for the page.
        passed_over: what of a file is passed over or refused, for the page.
        offered: where labels stand that do not occur, for the page; empty: nowhere.
        needs_rows: a file without an interval is empty and could be anything, so that reading it is refused.
        read_tiers: as read, of the tiers that are chosen by name; None: the format has no tiers.
        signature: first bytes of its files, which are not text; empty: the format is text.
        root: the outermost element of its XML files; empty: the format is not XML.
        is_json: tells of the content of a JSON file whether it is of this format; None: the format is not JSON.
        is_text: tells of the first lines of a text that is neither XML nor JSON whether it is of this format.
        is_line: tells of a file's first line that is not empty, whatever it begins with; asked before anything else.
        is_header: tells of a row of an Excel workbook, in normal form, whether it is the header of this format; None:
            the format is not read from workbooks.
    """

    title: str
    ending: str
    resolution: float | None
    keeps: frozenset[Carried]
    read: Callable[[Path, FrameClock | None], list[Entry]]
    write: Callable[[Path, Annotations, FrameClock | None], None]
    becomes_label: str
    passed_over: str = ""
    offered: str = ""
    needs_rows: bool = False
    read_tiers: Callable[[Path, TierChoice], list[Entry]] | None = None
    signature: bytes = b""
    root: str = ""
    is_json: Callable[[object], bool] | None = None
    is_text: Callable[[str], bool] | None = None
    is_line: Callable[[str], bool] | None = None
    is_header: Callable[[Sequence[str]], bool] | None = None
