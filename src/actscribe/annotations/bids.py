"""BIDS events: a table of onset, duration and trial_type in seconds, and a JSON file beside it that explains them.

Written as the Brain Imaging Data Structure 1.10 has it ("Task events"), n/a for what is missing; what nobody annotated
is the trial type "(not annotated)", which readers of other programs have to leave out of their baselines.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from actscribe.annotations import csv_table
from actscribe.annotations.entry import Entry
from actscribe.annotations.format import Format
from actscribe.annotations.frame_clock import FrameClock
from actscribe.annotations.interval import GAP_LABEL, Annotations
from actscribe.annotations.rounding import milliseconds
from actscribe.annotations.table import has_header, lay_out
from actscribe.annotations.text import check_writable, lines, read_text
from actscribe.errors import ActScribeError
from actscribe.files import write_text
from actscribe.ownership import PROGRAM

COLUMNS = ("onset", "duration", "trial_type")
MISSING = "n/a"
#: Ending of the file that describes the columns.
DESCRIPTION = "_events.json"


def is_header(names: Sequence[str]) -> bool:
    """Tell whether column names are those of BIDS events, in its order."""
    return tuple(names[:3]) == COLUMNS


def read(path: Path, clock: FrameClock | None = None) -> list[Entry]:
    """Return the one entry of a table of events; the file beside it is not needed.

    Raises:
        ActScribeError: as of a CSV table; an event whose duration is n/a is refused by its line.
    """
    body = "\n".join("\t".join(_cell(cell) for cell in line.split("\t")) for line in lines(read_text(path)))
    return csv_table.entries_of(path, body)


def write(path: Path, annotations: Annotations, clock: FrameClock | None = None) -> None:
    """Write NAME_events.tsv, times in milliseconds, and NAME_events.json unless a person's is there.

    Raises:
        ActScribeError: a label or subject is called as BIDS calls a missing value.
    """
    check_writable(path, annotations, "\t\r\n")
    if any(MISSING in (one.label.strip(), one.subject.strip()) for one in annotations.intervals):
        raise ActScribeError(
            f"{path}: a label or subject is called '{MISSING}', which BIDS reserves for missing values."
        )
    intervals = milliseconds(annotations.as_intervals())
    optional = {
        "subject": [one.subject for one, *_ in intervals],
        "score": ["" if one.score is None else repr(float(one.score)) for one, *_ in intervals],
        "raw_score": ["" if one.raw_score is None else repr(float(one.raw_score)) for one, *_ in intervals],
    }
    held = {name: values for name, values in optional.items() if any(values)}
    more = list(zip(*held.values(), strict=True)) or [()] * len(intervals)
    rows = [
        [repr(start / 1000), repr((end - start) / 1000), one.label, *(cell or MISSING for cell in own)]
        for (one, start, end), own in zip(intervals, more, strict=True)
    ]
    write_text(path, lay_out([*COLUMNS, *held], rows, "\t"))
    _describe(path.with_suffix(".json"), annotations, tuple(held))


def _is_table(text: str) -> bool:
    return "\t" in text and has_header(text, is_header)


def _cell(cell: str) -> str:
    return "" if cell.strip() == MISSING else cell


def _describe(path: Path, annotations: Annotations, held: tuple[str, ...]) -> None:
    """Write what the columns mean; what a person wrote there stays."""
    if path.exists() and f'"GeneratedBy": "{PROGRAM}"' not in path.read_text(encoding="utf-8", errors="replace"):
        return
    levels = dict.fromkeys(annotations.labels, "an activity of the label set")
    if annotations.gaps:
        levels[GAP_LABEL] = "nobody annotated this time; it is not an absence of activities"
    meaning = {
        "onset": {"Description": "Start of the activity, from the start of the video.", "Units": "s"},
        "duration": {"Description": "Its length; 0 of a point event.", "Units": "s"},
        "trial_type": {"LongName": "Activity", "Description": "The activity's label.", "Levels": levels},
        "subject": {"Description": "Who did it."},
        "score": {"Description": "Confidence of a recognizer, between 0 and 1; n/a where a person annotated."},
        "raw_score": {"Description": "The recognizer's score before calibration, between 0 and 1."},
    }
    shown = {name: meaning[name] for name in (*COLUMNS, *held)}
    write_text(path, json.dumps({"GeneratedBy": PROGRAM, **shown}, indent=2, ensure_ascii=False) + "\n")


FORMAT = Format(
    title="BIDS events",
    ending="_events.tsv",
    resolution=0.001,
    keeps=frozenset({"subject", "score", "raw score"}),
    read=read,
    write=write,
    becomes_label="`trial_type`",
    passed_over="columns of other names",
    offered=f"`Levels` of `NAME{DESCRIPTION}`, written beside it unless one of yours is there",
    is_text=_is_table,
)
