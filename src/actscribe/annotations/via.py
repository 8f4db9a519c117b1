"""VIA 3 projects (JSON): temporal segments.

A segment (`z` with a start and an end) gives one interval per attribute value; the label is the value, spelled as the
attribute's option where it has options. A ticked checkbox attribute may hold several. An attribute called 'subject' is
the subject. Regions drawn into single frames are passed over. The video's length and scores are not carried.
"""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from actscribe.annotations.entry import Entry
from actscribe.annotations.format import Format
from actscribe.annotations.frame_clock import FrameClock
from actscribe.annotations.interval import Annotations, Interval, is_gap
from actscribe.annotations.media import file_url, is_absolute
from actscribe.annotations.rounding import milliseconds
from actscribe.annotations.text import check_writable, interval_at, read_json
from actscribe.errors import ActScribeError
from actscribe.files import write_text

_TEXT, _CHECKBOX, _SELECT = 1, 2, 4
_ASKED_FOR, _ON_WEB, _ON_DISK = 1, 2, 3  # VIA's places of a file
_SEGMENT = "FILE1_Z2_XY0"  # one file, two times, no coordinates


class _Attribute(BaseModel):
    aname: str = ""
    anchor_id: str = ""
    type: int = _TEXT
    options: dict[str, str] = {}

    def values(self, chosen: str) -> list[str]:
        """Return the labels that a stored value stands for."""
        parts = chosen.split(",") if self.type == _CHECKBOX else [chosen]
        if not set(parts) <= set(self.options):
            parts = [chosen]
        return [self.options.get(part, part) for part in parts]


class _File(BaseModel):
    fname: str = ""
    src: str = ""


class _View(BaseModel):
    fid_list: list[str | int] = []


class _Segment(BaseModel):
    vid: str | int
    z: list[float] = []
    av: dict[str, str] = {}


class _Project(BaseModel):
    attribute: dict[str, _Attribute] = {}
    file: dict[str, _File] = {}
    view: dict[str, _View] = {}
    metadata: dict[str, _Segment]


def is_project(content: object) -> bool:
    """Tell whether the content of a JSON file is a VIA 3 project."""
    return isinstance(content, dict) and "metadata" in content and ("view" in content or "attribute" in content)


def read(path: Path, clock: FrameClock | None = None) -> list[Entry]:
    """Return one entry per view, that is per video.

    Raises:
        ActScribeError: not a VIA project; a segment without a value is raised by the entry's own `read`.
    """
    project = read_json(path, _Project)
    # Segments of a view that the list of views lacks are not lost.
    views = dict.fromkeys([*project.view, *(str(segment.vid) for segment in project.metadata.values())])
    entries = []
    for view in views:
        files = [project.file[str(fid)] for fid in project.view.get(view, _View()).fid_list if str(fid) in project.file]
        media = tuple(file.fname or file.src for file in files if file.fname or file.src)
        name = media[0] if media else f"view {view}"
        entries.append(Entry(name, media, partial(_annotations, path, project, view, media)))
    return entries


def write(path: Path, annotations: Annotations, clock: FrameClock | None = None) -> None:
    """Write a project of one video whose labels, all of the label set, are the options of one select attribute."""
    check_writable(path, annotations, ethogram=True)
    intervals = milliseconds(annotations.as_intervals())
    names = dict.fromkeys([*annotations.labels, *(interval.label for interval, *_ in intervals)])
    options = {str(number): label for number, label in enumerate(names)}
    numbers = {label: number for number, label in options.items()}
    media = annotations.media[0] if annotations.media else ""
    metadata = {}
    for number, (interval, start, end) in enumerate(intervals):
        values = {"1": numbers[interval.label]} | ({"2": interval.subject} if interval.subject else {})
        metadata[f"1_{number:08d}"] = {
            "vid": "1",
            "flg": 0,
            "z": [start / 1000, end / 1000],
            "xy": [],
            "av": values,
        }
    project = {
        "project": {
            "pid": "__VIA_PROJECT_ID__",
            "rev": "__VIA_PROJECT_REV_ID__",
            "rev_timestamp": "__VIA_PROJECT_REV_TIMESTAMP__",
            "pname": path.stem,
            "creator": "ActScribe",
            "created": 0,
            "vid_list": ["1"],
        },
        "config": _CONFIG,
        "attribute": {
            "1": _attribute("activity", _SELECT, "activities of the label set", options),
            "2": _attribute("subject", _TEXT, "who does it", {}),
        },
        "file": {"1": {"fid": "1", "fname": media, "type": 4, **_source(media)}},
        "metadata": metadata,
        "view": {"1": {"fid_list": ["1"]}},
    }
    write_text(path, json.dumps(project, ensure_ascii=False))


def _source(media: str) -> dict[str, Any]:
    """Return where VIA looks for a video: an absolute path or URL is opened, any other file is asked for."""
    if not media or not is_absolute(media):
        return {"loc": _ASKED_FOR, "src": ""}
    return {"loc": _ON_DISK if file_url(media).startswith("file:") else _ON_WEB, "src": file_url(media)}


def _annotations(path: Path, project: _Project, view: str, media: tuple[str, ...]) -> Annotations:
    intervals: list[Interval] = []
    for name, segment in project.metadata.items():
        if str(segment.vid) != view or len(segment.z) < 2:
            continue
        if len(segment.z) > 2:
            raise ActScribeError(
                f"{path}: segment '{name}': expected a start and an end, found {len(segment.z)} times."
            )
        intervals += _segment(path, project, f"segment '{name}'", segment)
    return Annotations.of(intervals, media, labels=_labels(project))


def _labels(project: _Project) -> list[str]:
    """Return the options that a segment may be given."""
    chosen = {identifier for segment in project.metadata.values() if len(segment.z) == 2 for identifier in segment.av}
    offered = [
        label
        for identifier, attribute in project.attribute.items()
        if attribute.aname.casefold() != "subject" and (attribute.anchor_id == _SEGMENT or identifier in chosen)
        for label in attribute.options.values()
    ]
    return [label for label in offered if label.strip() and not is_gap(label)]


def _segment(path: Path, project: _Project, where: str, segment: _Segment) -> list[Interval]:
    labels: list[str] = []
    subject = ""
    for identifier, chosen in segment.av.items():
        attribute = project.attribute.get(identifier, _Attribute())
        if attribute.aname.casefold() == "subject":
            subject = ", ".join(attribute.values(chosen))
        elif chosen:
            labels += attribute.values(chosen)
    start, end = segment.z
    if not labels:
        raise ActScribeError(
            f"{path}: {where}: the segment from {start:g} s to {end:g} s has no value.",
            "Give it one in VIA, or delete it.",
        )
    return [interval_at(path, where, label, start, end, subject) for label in labels]


def _attribute(name: str, kind: int, description: str, options: dict[str, str]) -> dict[str, Any]:
    return {
        "aname": name,
        "anchor_id": _SEGMENT,
        "type": kind,
        "desc": description,
        "options": options,
        "default_option_id": "",
    }


_CONFIG = {
    "file": {"loc_prefix": {"1": "", "2": "", "3": "", "4": ""}},
    "ui": {
        "file_content_align": "center",
        "file_metadata_editor_visible": True,
        "spatial_metadata_editor_visible": True,
        "temporal_segment_metadata_editor_visible": True,
        "spatial_region_label_attribute_id": "",
        "gtimeline_visible_row_count": "4",
    },
}


FORMAT = Format(
    title="VIA 3 project",
    ending=".via.json",
    resolution=0.001,
    keeps=frozenset({"subject", "media", "labels"}),
    read=read,
    write=write,
    becomes_label="each attribute value of a temporal segment",
    passed_over="regions in single frames",
    offered="options of the attribute",
    is_json=is_project,
)
