"""The annotation formats, and reading and writing with the format found from content."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from actscribe.annotations import (
    bids,
    boris,
    boris_aggregated,
    boris_tabular,
    boris_write,
    csv_table,
    cvat,
    deepethogram,
    elan,
    elan_write,
    interval_text,
    json_file,
    label_studio,
    textgrid,
    via,
    vtt,
)
from actscribe.annotations.detect import detect_among
from actscribe.annotations.entry import Entry, choose
from actscribe.annotations.frame_clock import FrameClock
from actscribe.annotations.interval import Annotations
from actscribe.annotations.media import located
from actscribe.annotations.tier_choice import TierChoice
from actscribe.errors import ActScribeError, did_you_mean


@dataclass(frozen=True, slots=True)
class Format:
    """One annotation format.

    Args:
        ending: of its files; different for every format, so that several exports of one video do not collide.
        description: one line for a list of formats.
        resolution: of times, in seconds; None: one frame, so reading and writing need the video's
            frame times.
        keeps: which of "subject", "score", "raw score", "origin", "media", "duration" and "notes" it carries; every
            format carries labels and gaps. Notes of VTT, ELAN and BORIS are for people, and not read again; so is what
            ELAN, BORIS, CVAT and Label Studio say of an origin.
        read: (path, the video's frame times or None) to the entries of the file; raises ActScribeError.
        write: (path, annotations, the video's frame times or None), whole or not at all; raises ActScribeError.
        read_tiers: as read, of the tiers that are chosen by name; None: the format has no tiers.
        is_json: tells of the content of a JSON file whether it is of this format; None: the format is no JSON.
        root: the outermost element of its XML files; empty: the format is no XML. How other formats are told is in
            `detect`.
    """

    ending: str
    description: str
    resolution: float | None
    keeps: frozenset[str]
    read: Callable[[Path, FrameClock | None], list[Entry]]
    write: Callable[[Path, Annotations, FrameClock | None], None]
    read_tiers: Callable[[Path, TierChoice], list[Entry]] | None = None
    is_json: Callable[[object], bool] | None = None
    root: str = ""


def _keeps(*fields: str) -> frozenset[str]:
    return frozenset(fields)


FORMATS: dict[str, Format] = {
    "elan": Format(
        ".eaf",
        "ELAN: one tier per label and subject",
        0.001,
        _keeps("subject", "media", "notes"),
        elan.read,
        elan_write.write,
        elan.read_tiers,
        root="ANNOTATION_DOCUMENT",
    ),
    "boris": Format(
        ".boris",
        "BORIS project",
        0.001,
        _keeps("subject", "media", "duration", "notes"),
        boris.read,
        boris_write.write,
        is_json=boris.is_project,
    ),
    "boris-tabular": Format(
        ".events.tsv",
        "BORIS tabular events: START and STOP rows",
        0.001,
        _keeps("subject", "media", "duration"),
        boris_tabular.read,
        boris_tabular.write,
    ),
    "boris-aggregated": Format(
        ".aggregated.tsv",
        "BORIS aggregated events: a row per bout",
        0.001,
        _keeps("subject", "media", "duration"),
        boris_aggregated.read,
        boris_aggregated.write,
    ),
    "intervals": Format(
        ".txt",
        "text: label, start, end, duration in ms, with tabs between",
        0.001,
        _keeps(),
        interval_text.read,
        interval_text.write,
    ),
    "csv": Format(
        ".csv",
        "table: label, start_s, end_s, subject, scores, origin, video",
        0.001,
        _keeps("subject", "score", "raw score", "origin", "media"),
        csv_table.read,
        csv_table.write,
    ),
    "bids": Format(
        "_events.tsv",
        "BIDS events, with a JSON file that describes the columns",
        0.001,
        _keeps("subject", "score", "raw score"),
        bids.read,
        bids.write,
    ),
    "json": Format(
        ".json",
        "ActScribe's own, carries everything",
        0.001,
        _keeps("subject", "score", "raw score", "origin", "media", "duration", "notes"),
        json_file.read,
        json_file.write,
        is_json=json_file.is_ours,
    ),
    "vtt": Format(".vtt", "WebVTT cues for video players", 0.001, _keeps("subject", "notes"), vtt.read, vtt.write),
    "cvat": Format(
        ".xml",
        "CVAT XML: a track per interval",
        None,
        _keeps("subject", "media", "duration"),
        cvat.read,
        cvat.write,
        root="annotations",
    ),
    "via": Format(
        ".via.json",
        "VIA 3 project: temporal segments",
        0.001,
        _keeps("subject", "media"),
        via.read,
        via.write,
        is_json=via.is_project,
    ),
    "textgrid": Format(
        ".TextGrid",
        "Praat TextGrid: one tier per label and subject",
        0.001,
        _keeps("subject", "duration"),
        textgrid.read,
        textgrid.write,
        textgrid.read_tiers,
    ),
    "label-studio": Format(
        ".label-studio.json",
        "Label Studio: tasks with timeline labels",
        None,
        _keeps("subject", "score", "media", "duration"),
        label_studio.read,
        label_studio.write,
        is_json=label_studio.is_tasks,
    ),
    "deepethogram": Format(
        "_labels.csv",
        "DeepEthogram: frames × behaviours",
        None,
        _keeps("duration"),
        deepethogram.read,
        deepethogram.write,
    ),
}


def detect(path: Path) -> str:
    """Return the key in `FORMATS` of the format of a file, from what is in it.

    Raises:
        ActScribeError: no such file, not text, empty, damaged, or none of the formats.
    """
    return detect_among(FORMATS, path)


def read(
    path: str | Path, video: str | None = None, clock: FrameClock | None = None, tiers: Sequence[str] = ()
) -> Annotations:
    """Return the annotations of one video, whatever the format, which is told by the file's content.

    Args:
        path: of the annotation file.
        video: whose: its path, file name, stem or observation id (see `entry` for what fits). None: the only one.
        clock: when the video's frames are shown, for formats that count frames (CVAT, DeepEthogram, Label Studio).
        tiers: patterns of the tiers to read, of formats that have some: 'act*', '!notes'; none: all.

    Raises:
        ActScribeError: no such file, no such video in it, the frame times are needed, or the file is damaged.
    """
    return read_matched(path, video, clock, tiers)[0]


def read_matched(
    path: str | Path, video: str | None = None, clock: FrameClock | None = None, tiers: Sequence[str] = ()
) -> tuple[Annotations, str]:
    """Read as `read` does, and say in words by what the video was found, for instance 'the file name'."""
    path = Path(path)
    match = choose(path, entries(path, clock, tiers), video)
    return match.entry.read(), match.by


def read_all(path: str | Path, clock: FrameClock | None = None) -> dict[str, Annotations]:
    """Read all videos or observations of a file, by name; one that the file does not name is called by its stem."""
    path = Path(path)
    found: dict[str, Annotations] = {}
    for entry in entries(path, clock):
        name = entry.name or path.stem
        if name in found:
            raise ActScribeError(f"{path}: holds two videos called '{name}'.", "Rename one of them.")
        found[name] = entry.read()
    return found


def write(path: str | Path, annotations: Annotations, format: str, clock: FrameClock | None = None) -> None:
    """Write annotations, whole or not at all.

    Args:
        path: of the new file.
        annotations: of one video. A relative name of it means the file beside `path`, or else in the current folder;
            what is written leads to it from `path`, or is absolute.
        format: its name, such as "elan" or "csv"; the page of annotation formats lists them (`FORMATS`).
        clock: when the video's frames are shown; needed by formats that count frames, its rate is noted by BORIS'.

    Raises:
        ActScribeError: unknown format, something that the format cannot carry, or a file that cannot be written.
    """
    path = Path(path)
    form = find_format(format)
    form.write(path, replace(annotations, media=located(path, annotations.media)), clock)


def counts_frames(path: Path) -> bool:
    """Tell whether the file at `path` counts frames, so that reading it needs the video's frame times."""
    return FORMATS[detect(path)].resolution is None


def find_format(name: str) -> Format:
    """Return a format by its name in `FORMATS`."""
    if name not in FORMATS:
        raise ActScribeError(f"'{name}' is no annotation format.", did_you_mean(name, FORMATS))
    return FORMATS[name]


def format_of(path: Path) -> str:
    """Return the format whose ending a target has, the longest ending first."""
    endings = sorted(((form.ending, name) for name, form in FORMATS.items()), key=lambda item: -len(item[0]))
    for ending, name in endings:
        if Path(path).name.casefold().endswith(ending.casefold()):
            return name
    known = ", ".join(f"{form.ending} ({name})" for name, form in FORMATS.items())
    raise ActScribeError(f"{path}: its ending does not tell the format.", f"Say it with --to, or use one of {known}.")


def entries(path: Path, clock: FrameClock | None = None, tiers: Sequence[str] = ()) -> list[Entry]:
    """Return the videos or observations that a file holds, at least one; what each says is read on demand.

    Args:
        path, clock, tiers: as in `read`.

    Raises:
        ActScribeError: as `read`, but for what only one of the entries suffers from.
    """
    form = FORMATS[detect(path)]
    choice = TierChoice(tuple(tiers))
    found = form.read_tiers(path, choice) if choice.patterns and form.read_tiers else form.read(path, clock)
    if not found:
        raise ActScribeError(f"{path}: holds no observation and no video.")
    return found
