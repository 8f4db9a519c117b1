"""JSON of our own: carries everything, times in milliseconds.

    {"format": "actscribe-annotations", "version": 1, "media": ["a.mp4"], "duration": 12.5,
     "intervals": [{"label": "Suction", "start": 1.0, "end": 2.5, "subject": "P1", "score": 0.81, "raw_score": 0.97,
                    "origin": {"how": "corrected", "annotator": "AB", "run": "9f86d0…"}}],
     "gaps": [{"label": "", "start": 8.0, "end": 9.0}], "labels": ["Ventilation", "Suction"], "notes": ["…"]}

`labels` are all that could have been annotated, in the label set's order; they are left out where they are those that
occur, as are `subject`, the scores, `origin` and `notes` where there is none. `score` is a confidence that was
calibrated on validation, `raw_score` what the recognizer said; `origin` says whether an interval that was reviewed is
"manual", an "accepted" or "corrected" suggestion of a run, or from a "file", and who said it last; `notes` are
sentences about how the intervals came about. A gap with an empty label is not annotated for any label. Any other key is
refused: it could be a misspelled one, or say something that would be lost.
"""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, StrictFloat, StrictInt

from actscribe.annotations.entry import Entry, single
from actscribe.annotations.format import Carried, Format
from actscribe.annotations.frame_clock import FrameClock
from actscribe.annotations.interval import GAP_LABEL, Annotations, How, Interval, Origin, sort_key
from actscribe.annotations.rounding import milliseconds
from actscribe.annotations.text import check_writable, interval_at, load_json, validate
from actscribe.errors import ActScribeError
from actscribe.files import write_text

NAME = "actscribe-annotations"
VERSION = 1


class _Origin(BaseModel):
    model_config = ConfigDict(extra="forbid")

    how: How
    annotator: str = ""
    run: str = ""


class _Interval(BaseModel):
    model_config = ConfigDict(extra="forbid")

    label: str
    start: StrictFloat
    end: StrictFloat
    subject: str = ""
    score: StrictFloat | None = Field(default=None, ge=0, le=1)
    raw_score: StrictFloat | None = Field(default=None, ge=0, le=1)
    origin: _Origin | None = None


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    format: Literal["actscribe-annotations"]
    version: StrictInt
    media: tuple[str, ...] = ()
    duration: StrictFloat | None = Field(default=None, ge=0, allow_inf_nan=False)
    intervals: tuple[_Interval, ...]
    gaps: tuple[_Interval, ...] = ()
    labels: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def is_ours(content: object) -> bool:
    """Tell whether the content of a JSON file says that it is of this format."""
    return isinstance(content, dict) and content.get("format") == NAME


def read(path: Path, clock: FrameClock | None = None) -> list[Entry]:
    """Return the annotations.

    Raises:
        ActScribeError: another schema, a newer version, or an entry that is not an interval.
    """
    values = load_json(path)
    version = values.get("version") if isinstance(values, dict) else None
    if isinstance(version, int) and version > VERSION:
        raise ActScribeError(
            f"{path}: is version {version} of this format; this ActScribe reads up to {VERSION}.",
            "Install a newer ActScribe.",
        )
    content = validate(path, values, _File)
    intervals = [_interval(path, f"interval {number}", item) for number, item in enumerate(content.intervals, start=1)]
    gaps = [
        replace(_interval(path, f"gap {number}", item, GAP_LABEL), label=item.label)
        for number, item in enumerate(content.gaps, start=1)
    ]
    return single(
        Annotations(
            tuple(sorted(intervals, key=sort_key)),
            tuple(sorted(gaps, key=sort_key)),
            content.media,
            content.duration,
            content.labels,
            content.notes,
        )
    )


def write(path: Path, annotations: Annotations, clock: FrameClock | None = None) -> None:
    """Write everything that `annotations` holds."""
    check_writable(path, annotations, ethogram=True)
    content: dict[str, Any] = {
        "format": NAME,
        "version": VERSION,
        "media": list(annotations.media),
        "duration": None if annotations.duration is None else round(float(annotations.duration), 3),
        "intervals": [_plain(*row) for row in milliseconds(annotations.intervals)],
        "gaps": [_plain(*row) for row in milliseconds(annotations.gaps)],
    }
    if annotations.labels != tuple(sorted({interval.label for interval in annotations.intervals})):
        content["labels"] = list(annotations.labels)
    if annotations.notes:
        content["notes"] = list(annotations.notes)
    write_text(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def _interval(path: Path, where: str, item: _Interval, unnamed: str = "") -> Interval:
    label = item.label or unnamed
    origin = None if item.origin is None else Origin(**item.origin.model_dump())
    return interval_at(path, where, label, item.start, item.end, item.subject, item.score, item.raw_score, origin)


def _plain(interval: Interval, start: int, end: int) -> dict[str, Any]:
    plain: dict[str, Any] = {"label": interval.label, "start": start / 1000, "end": end / 1000}
    if interval.subject:
        plain["subject"] = interval.subject
    if interval.score is not None:
        plain["score"] = float(interval.score)
    if interval.raw_score is not None:
        plain["raw_score"] = float(interval.raw_score)
    if interval.origin is not None:
        plain["origin"] = {key: value for key, value in asdict(interval.origin).items() if value}
    return plain


FORMAT = Format(
    title="JSON of ActScribe",
    ending=".json",
    resolution=0.001,
    keeps=frozenset(get_args(Carried)),
    read=read,
    write=write,
    becomes_label="`label` of each interval",
    passed_over="refused: any key that is not ours",
    offered="`labels`",
    is_json=is_ours,
)
