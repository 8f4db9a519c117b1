"""Which videos belong to a study: a CSV manifest, or a folder."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from actscribe.errors import ActScribeError, did_you_mean

COLUMNS = (
    "video",
    "annotations",
    "label",
    "annotations_2",
    "label_2",
    "observation",
    "observation_2",
    "group",
    "split",
    "source",
    "source_start",
    "source_end",
)
#: How like a known column's name another one must be to be taken for a misspelling: "grup" is one, "light" is not.
CLOSE = 0.75
SPLITS = ("train", "validation", "test")
SPLIT_ALIASES = {
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "dev": "validation",
    "testing": "test",
}
VIDEO_ENDINGS = {
    ".mp4",
    ".m4v",
    ".mov",
    ".avi",
    ".mkv",
    ".webm",
    ".mpg",
    ".mpeg",
    ".wmv",
    ".mts",
    ".m2ts",
    ".ts",
    ".3gp",
}
ANNOTATION_ENDINGS = (".eaf", ".boris", ".tsv", ".csv", ".json", ".vtt", ".xml", ".txt")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a manifest.

    Args:
        line: where it stands, for messages.
        video: the file.
        annotations: the annotation file, or None.
        label: of a trimmed video, as spelled; several are separated by ';'.
        annotations_2, label_2: the same by a second annotator; kappa is counted between the two.
        observation, observation_2: what the annotation file calls the video, where that is not the video's own name.
        group: subject or session; the video's own name where the manifest does not say.
        split: "train", "validation", "test" or "".
        source, source_start, source_end: the longer video this one was cut from and where, in seconds.
        extra: the study's own columns, such as site or camera; a comparison shows results by each.
    """

    line: int
    video: Path
    annotations: Path | None
    label: str
    group: str
    split: str
    source: str = ""
    source_start: float | None = None
    source_end: float | None = None
    extra: Mapping[str, str] = field(default_factory=dict)
    annotations_2: Path | None = None
    label_2: str = ""
    observation: str = ""
    observation_2: str = ""


def read_manifest(path: Path) -> list[Row]:
    """Read a manifest, or list a folder.

    In a folder every video counts; its annotations are the file of the same name with an annotation format's ending,
    and its group is the sub-folder it lies in, or itself.

    Raises:
        ActScribeError: missing, empty, an unknown column or split, a row without a video, a video twice (line named).
    """
    path = Path(path)
    if path.is_dir():
        return _list_folder(path)
    if not path.is_file():
        raise ActScribeError(
            f"{path}: neither a manifest nor a folder of videos.", "Set 'recordings:' in the study file."
        )
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ActScribeError(f"{path}: is not UTF-8 text ({error.reason}).", "Save it as CSV UTF-8.") from None
    rows = _rows(path, text)
    if not rows:
        raise ActScribeError(f"{path}: the manifest names no video.")
    return rows


def _rows(path: Path, text: str) -> list[Row]:
    reader = csv.DictReader(io.StringIO(text, newline=""), restkey="")
    columns = [name.strip() for name in reader.fieldnames or ()]
    reader.fieldnames = columns
    if "video" not in columns:
        raise ActScribeError(f"{path}:1: no column 'video'; found {', '.join(columns) or 'nothing'}.")
    for name in columns:
        close = get_close_matches(name.casefold(), COLUMNS, n=1, cutoff=CLOSE)
        if close and name not in COLUMNS:  # others are the study's own
            raise ActScribeError(f"{path}:1: unknown column '{name}'. Did you mean '{close[0]}'?")
    rows: list[Row] = []
    lines: dict[Path, int] = {}
    for values in reader:
        where = f"{path}:{reader.line_num}"
        if any(values.pop("", None) or ()):  # cells beyond the last column
            raise ActScribeError(
                f"{where}: more cells than columns ({len(columns)}).", 'Put names with a comma into "quotation marks".'
            )
        if not any(values.values()):
            continue
        row = _row(path, reader.line_num, values)
        first = lines.setdefault(row.video.resolve(), row.line)
        if first != row.line:
            raise ActScribeError(f"{where}: this video is in line {first} already: {row.video}", "Remove one of them.")
        rows.append(row)
    return rows


def _row(path: Path, line: int, values: dict[str, str | None]) -> Row:
    cells = {key: (value or "").strip() for key, value in values.items() if isinstance(key, str)}
    where = f"{path}:{line}"
    if not cells["video"]:
        raise ActScribeError(f"{where}: no video in this row.")
    split = cells.get("split", "").lower()
    split = SPLIT_ALIASES.get(split, split)
    if split and split not in SPLITS:
        raise ActScribeError(f"{where}: unknown split '{split}'. {did_you_mean(split, SPLITS)}")
    video = path.parent / cells["video"]
    if not video.is_file():
        raise ActScribeError(f"{where}: no such video: {video}", "Paths in a manifest are relative to the manifest.")
    annotations = _annotations(path, where, cells)
    second = _annotations(path, where, cells, "_2")
    _check_second(where, cells, annotations, second)
    return Row(
        line=line,
        video=video,
        annotations=annotations,
        label=cells.get("label", ""),
        group=cells.get("group") or cells["video"],
        split=split,
        source=cells.get("source", ""),
        source_start=_seconds(where, cells, "source_start"),
        source_end=_seconds(where, cells, "source_end"),
        extra={name: value for name, value in cells.items() if name and name not in COLUMNS},
        annotations_2=second,
        label_2=cells.get("label_2", ""),
        observation=cells.get("observation", ""),
        observation_2=cells.get("observation_2", ""),
    )


def _annotations(path: Path, where: str, cells: Mapping[str, str], whose: str = "") -> Path | None:
    """Return the annotation file of a row, if it has one; `whose` is "_2" for the second annotator."""
    if not cells.get(f"annotations{whose}"):
        return None
    found = path.parent / cells[f"annotations{whose}"]
    if not found.is_file():
        raise ActScribeError(f"{where}: no such annotation file: {found}")
    if cells.get(f"label{whose}"):
        raise ActScribeError(
            f"{where}: both 'annotations{whose}' and 'label{whose}' are given; a trimmed video has only a label."
        )
    return found


def _check_second(where: str, cells: Mapping[str, str], first: Path | None, second: Path | None) -> None:
    for name in ("annotations", "label"):
        if cells.get(f"{name}_2") and not cells.get(name):
            raise ActScribeError(
                f"{where}: '{name}_2' without '{name}'.", f"The one who counts is in '{name}'; fill that first."
            )
    if first and second and first.resolve() == second.resolve():
        raise ActScribeError(
            f"{where}: 'annotations' and 'annotations_2' are the same file: {first}",
            "Two annotators have two files; leave 'annotations_2' empty where there was one.",
        )


def _seconds(where: str, cells: dict[str, str], name: str) -> float | None:
    if not cells.get(name):
        return None
    try:
        return float(cells[name])
    except ValueError:
        raise ActScribeError(f"{where}: {name} must be seconds, found '{cells[name]}'.") from None


def _list_folder(folder: Path) -> list[Row]:
    videos = sorted(p for p in folder.rglob("*") if p.suffix.lower() in VIDEO_ENDINGS and p.is_file())
    if not videos:
        raise ActScribeError(f"{folder}: no video in this folder; known endings: {', '.join(sorted(VIDEO_ENDINGS))}.")
    rows = []
    for video in videos:
        beside = [video.with_suffix(ending) for ending in ANNOTATION_ENDINGS]
        found = [path for path in beside if path.is_file()]
        if len(found) > 1:
            names = " and ".join(path.name for path in found)
            raise ActScribeError(
                f"{video}: {names} could both be its annotations.", "Write a manifest that says which, or remove one."
            )
        group = str(video.parent.relative_to(folder)) if video.parent != folder else video.stem
        rows.append(Row(0, video, found[0] if found else None, "", group, ""))
    return rows
