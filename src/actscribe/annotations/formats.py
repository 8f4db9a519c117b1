"""The annotation formats, and reading, writing and converting with the format found from content."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
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
from actscribe.annotations.checks import resolve
from actscribe.annotations.detect import detect_among
from actscribe.annotations.entry import Entry, choose, is_there
from actscribe.annotations.frame_clock import FrameClock
from actscribe.annotations.interval import Annotations, Interval, sort_key
from actscribe.annotations.media import located, resolved
from actscribe.annotations.tier_choice import TierChoice
from actscribe.errors import ActScribeError, did_you_mean
from actscribe.files import check_writable
from actscribe.labels import LabelSet
from actscribe.ownership import check_file


@dataclass(frozen=True, slots=True)
class Format:
    """One annotation format.

    Args:
        ending: of its files; different for every format, so that several exports of one video do not collide.
        description: one line for a list of formats.
        resolution: of times, in seconds; None: one frame, so reading and writing need the video's
            frame times.
        keeps: which of "subject", "score", "media", "duration" and "notes" it carries; every format carries labels and
            gaps. Notes of VTT, ELAN and BORIS are for people, and not read again.
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
        "table: label, start_s, end_s, subject, scores, video",
        0.001,
        _keeps("subject", "score", "raw score", "media"),
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
        _keeps("subject", "score", "raw score", "media", "duration", "notes"),
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


@dataclass(frozen=True, slots=True)
class Conversion:
    """What `convert` did.

    Args:
        source_format, target_format: keys in `FORMATS`.
        counts: label -> intervals written.
        unknown: names that the label set does not know -> intervals, written under their own name.
        ignored: names that the label set leaves out on purpose -> intervals, not written.
        lost: fields that were there and that the target format cannot carry.
        matched: by what the video was found in the source.
    """

    source_format: str
    target_format: str
    counts: dict[str, int]
    unknown: dict[str, int]
    ignored: dict[str, int]
    lost: tuple[str, ...]
    matched: str


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


def convert(
    source: str | Path,
    target: str | Path,
    to: str | None = None,
    labels: LabelSet | None = None,
    video: str | None = None,
    clock: FrameClock | None = None,
    tiers: Sequence[str] = (),
    overwrite: bool = False,
    film: str | None = None,
) -> Conversion:
    """Convert an annotation file into another format, and return what was written, lost and not known.

    Args:
        source: the file to read.
        target: the file to write.
        to: a format's name, as for `write`; None: by the target's ending.
        labels: maps aliases to label names and leaves ignored names out; names that it does not know are kept as they
            are and listed in the result.
        video: which one, where the source holds several.
        clock: when the video's frames are shown, for formats that count frames.
        tiers: patterns of the tiers to read, of formats that have some: 'act*', '!notes'; none: all.
        overwrite: replace a file that is there.
        film: the video's file, which the target names where the source names none, or one that is not there.

    Raises:
        ActScribeError: as reading and writing do, or a file is at `target` already, the source itself for one.
    """
    source, target = Path(source), Path(target)
    wanted = to or format_of(target)
    form = find_format(wanted)
    check_target(source, target, video, overwrite)
    annotations, matched = read_matched(source, video, clock, tiers)
    unknown: dict[str, int] = {}
    ignored: Counter[str] = Counter()
    if labels is not None:
        known, unknown = resolve(annotations, labels)
        ignored = Counter(i.label for i in annotations.intervals if labels.is_ignored(i.label))
        annotations = replace(
            known,
            intervals=_sorted(known.intervals, (i for i in annotations.intervals if i.label in unknown)),
            gaps=_sorted(known.gaps, (gap for gap in annotations.gaps if gap.label in unknown)),
        )
    write(target, replace(annotations, media=_media(source, annotations, film)), wanted, clock)
    counts = Counter(interval.label for interval in annotations.intervals)
    return Conversion(
        source_format=detect(source),
        target_format=wanted,
        counts=dict(sorted(counts.items())),
        unknown=unknown,
        ignored=dict(ignored),
        lost=_lost(annotations, form),
        matched=matched,
    )


def _media(source: Path, annotations: Annotations, film: str | None) -> tuple[str, ...]:
    """Return the names of the videos for a target: those of the source, or a film in the place of one that is gone."""
    found = resolved(source, annotations.media)
    if film is None or any(is_there(Path(name)) for name in found) or len(found) > 1:
        return found
    return (film,)


def check_target(source: Path, target: Path, video: str | None = None, overwrite: bool = False) -> None:
    """Prove before anything is read that `convert` may write its target.

    Raises:
        ActScribeError: it is the source or the video, by whatever link or spelling; a file is there that is not to be
            replaced; or the folder cannot be written to.
    """
    for what, path in (("source", source), ("video", Path(video or ""))):
        if is_there(path) and target.exists() and path.samefile(target):
            raise ActScribeError(f"{target}: is the {what} itself.", "Give another name for the converted file.")
    check_file(target, overwrite)
    check_writable(target.parent)


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


def _sorted(*parts: Iterable[Interval]) -> tuple[Interval, ...]:
    return tuple(sorted((interval for part in parts for interval in part), key=sort_key))


def _lost(annotations: Annotations, form: Format) -> tuple[str, ...]:
    present = {
        "subject": any(interval.subject for interval in annotations.intervals),
        "score": any(interval.score is not None for interval in annotations.intervals),
        "raw score": any(interval.raw_score is not None for interval in annotations.intervals),
        "media": bool(annotations.media),
        "duration": annotations.duration is not None,
    }
    return tuple(field for field, is_there in present.items() if is_there and field not in form.keeps)
