"""Which videos belong to a study: a CSV manifest, or a folder."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from actscribe.annotations import table
from actscribe.annotations.text import parse_number, quoted
from actscribe.annotations.workbook import is_packed
from actscribe.counts import counted
from actscribe.data.folder import annotations_of, list_videos
from actscribe.data.manifest_files import named_file
from actscribe.errors import LIKENESS_OF_SLIPS, ActScribeError, closest, did_you_mean
from actscribe.reading import read_text
from actscribe.stored_path import real_path
from actscribe.video.endings import VIDEO_ENDINGS

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
#: Further videos of the same recording, and when theirs begin: camera_2 to camera_9, camera_2_offset.
_CAMERA = re.compile(r"camera_([2-9])(_offset)?")
#: Problems of a manifest that are listed; more would fill a screen.
MOST_PROBLEMS = 20
RELATIVE = "Paths in a manifest are relative to the manifest."
SPLITS = ("train", "validation", "test")
#: Those that nothing learns from: thresholds and calibration come from the one, the result from the other.
HELD_OUT = SPLITS[1:]
SPLIT_ALIASES = {
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "dev": "validation",
    "testing": "test",
}


@dataclass(frozen=True, slots=True)
class OtherCamera:
    """A further video of a recording, which nothing is computed from: it is shown in review.

    Args:
        name: of its column.
        video: the file.
        offset: when its time zero is, on the clock of the row's own video, in seconds; may be below 0.
    """

    name: str
    video: Path
    offset: float = 0.0


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a manifest.

    Args:
        line: where it stands, for messages.
        video: the file.
        annotations: the annotation file, or None.
        label: of a trimmed video, as spelled; several are separated by ';'.
        annotations_2, label_2: the same by a second annotator; kappa is counted between the two.
        observation, observation_2: the video's name in the annotation file, if it differs from the video's own.
        group: subject or session; the video's own name where the manifest does not say.
        split: "train", "validation", "test" or "".
        source, source_start, source_end: the longer video this one was cut from and where, in seconds.
        extra: the study's own columns, such as site or camera; a comparison shows results by each.
        has_group: somebody said which group: the manifest, or the sub-folder that the video lies in.
        cameras: further videos of the recording.
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
    has_group: bool = True
    cameras: tuple[OtherCamera, ...] = ()

    @property
    def files(self) -> tuple[Path, ...]:
        """The annotation files that are read of it; a label takes the place of one."""
        pairs = ((self.annotations, self.label), (self.annotations_2, self.label_2))
        return tuple(path for path, label in pairs if path is not None and not label)


def read_manifest(path: Path) -> list[Row]:
    """Read a manifest, or list a folder.

    A manifest is a table with commas, semicolons or tabs between the columns, as spreadsheets write them; upper and
    lower case of column names are the same, and of files' names where only one file fits. In a folder every video
    counts; its annotations are the file of the same name with an annotation format's ending, and its group is the
    sub-folder it lies in, or itself.

    Raises:
        ActScribeError: missing, empty, an unknown column or one that is twice there, an unknown split, a row without a
            video, a video twice; what is wrong with rows is listed of all of them, with their lines.
    """
    path = Path(path)
    if path.is_dir():
        return _list_folder(path)
    if not path.is_file():
        problem = "neither a manifest nor a folder of videos" if path.exists() else "no such manifest or folder"
        raise ActScribeError(f"{path}: {problem}.", "Is the name right? A study has it under 'recordings:'.")
    if is_packed(path):
        raise ActScribeError(f"{path}: a workbook, expected a manifest as text.", "Save it as 'CSV UTF-8'.")
    rows = _rows(path, read_text(path))
    if not rows:
        raise ActScribeError(
            f"{path}: the manifest names no video.",
            "Write a row for each video below the header, such as: video1.mp4,video1.eaf,subject1,",
        )
    return rows


def _rows(path: Path, text: str) -> list[Row]:
    listing = table.find_table(path, text, lambda names: "video" in names)
    if listing is None:
        first = max(
            (table.first_rows(text, one, 1)[0] for one in table.delimiters_of(text)), key=lambda r: len(r.cells)
        )
        raise ActScribeError(
            f"{path}:{first.line}: no column 'video'; found {', '.join(first.cells)}.",
            "Call the column that names the videos 'video', as in this first line: video,annotations,group,split",
        )
    header = listing.header
    if listing.above:
        raise ActScribeError(
            f"{listing.above[0].at(path)}: {quoted(' '.join(listing.above[0].cells))} appears above the header, which"
            f" is in line {header.line}.",
            "Remove what is above the header.",
        )
    columns = _columns(path, header)
    rows: list[Row] = []
    refused: list[ActScribeError] = []
    lines: dict[Path, int] = {}
    for one in listing.body:
        values = {name: one.cell(index).strip() for index, name in enumerate(columns)}
        try:
            row = _row(path, one.line, values)
        except ActScribeError:
            refused += _problems(path, one.line, values)
            continue
        first_line = lines.setdefault(real_path(row.video), row.line)
        if first_line != row.line:
            twice = f"{one.at(path)}: this video is in line {first_line} already: {row.video}"
            refused.append(ActScribeError(twice, "Remove one of them."))
        rows.append(row)
    if refused:
        raise _together(refused)
    return rows


def _columns(path: Path, header: table.Row) -> list[str]:
    """Return the names of the columns: the known ones as we spell them, the study's own as the manifest does."""
    columns = [table.normal(cell) if table.normal(cell) in COLUMNS else cell.strip() for cell in header.cells]
    doubled = [name for name, count in Counter(columns).items() if name and count > 1]
    if doubled:
        raise ActScribeError(
            f"{header.at(path)}: two columns are called '{doubled[0]}'.", "Only one can be meant; rename the other."
        )
    for name in columns:
        close = closest(name, COLUMNS, LIKENESS_OF_SLIPS)
        if close and name not in COLUMNS:  # others are the study's own
            raise ActScribeError(f"{header.at(path)}: unknown column '{name}'. Did you mean '{close}'?")
    return columns


def _together(refused: Sequence[ActScribeError]) -> ActScribeError:
    """Return one error of all that is wrong with a manifest; what is said of several rows is said once."""
    more = len(refused) - MOST_PROBLEMS
    lines = [one.message for one in refused[:MOST_PROBLEMS]]
    hints = dict.fromkeys(one.hint for one in refused[:MOST_PROBLEMS] if one.hint)
    return ActScribeError(
        "\n".join([*lines, *([f"… and {counted(more, 'more problem')}."] if more > 0 else [])]), "\n".join(hints)
    )


def _problems(path: Path, line: int, cells: Mapping[str, str]) -> list[ActScribeError]:
    """Return everything that is wrong with a row, in the order of `_row`."""
    where = f"{path}:{line}"
    checks: tuple[Callable[[], object], ...] = (
        lambda: _split(where, cells),
        lambda: _video(path, where, cells),
        lambda: _annotation_files(path, where, cells),
        lambda: _stretch(where, cells),
        lambda: list(_cameras(path, where, cells)),
    )
    refused = []
    for check in checks:
        try:
            check()
        except ActScribeError as error:
            refused.append(error)
    return refused


def _split(where: str, cells: Mapping[str, str]) -> str:
    split = cells.get("split", "").lower()
    split = SPLIT_ALIASES.get(split, split)
    if split and split not in SPLITS:
        raise ActScribeError(f"{where}: unknown split '{split}'. {did_you_mean(split, SPLITS)}")
    return split


def _video(path: Path, where: str, cells: Mapping[str, str]) -> Path:
    if not cells["video"]:
        raise ActScribeError(f"{where}: no video in this row.")
    slashes = " Write / in place of \\." if "\\" in cells["video"] else ""
    return named_file(path, where, "video", cells["video"], f"{RELATIVE}{slashes}")


def _annotation_files(path: Path, where: str, cells: Mapping[str, str]) -> tuple[Path | None, Path | None]:
    """Return the annotation files of both annotators."""
    first, second = _annotations(path, where, cells), _annotations(path, where, cells, "_2")
    _check_second(where, cells, first, second)
    return first, second


def _stretch(where: str, cells: Mapping[str, str]) -> tuple[float | None, float | None]:
    """Return where the source begins and ends, in seconds."""
    first, last = _seconds(where, cells, "source_start"), _seconds(where, cells, "source_end")
    if (first is None) != (last is None) or (first is not None and last is not None and last <= first):
        raise ActScribeError(
            f"{where}: the source goes from '{cells.get('source_start', '')}' to '{cells.get('source_end', '')}'.",
            "Give both in seconds, the end after the start, or neither.",
        )
    return first, last


def _row(path: Path, line: int, cells: Mapping[str, str]) -> Row:
    where = f"{path}:{line}"
    split, video = _split(where, cells), _video(path, where, cells)
    annotations, second = _annotation_files(path, where, cells)
    first, last = _stretch(where, cells)
    return Row(
        line=line,
        video=video,
        annotations=annotations,
        label=cells.get("label", ""),
        group=cells.get("group") or cells["video"],
        split=split,
        has_group=bool(cells.get("group")),
        source=cells.get("source", ""),
        source_start=first,
        source_end=last,
        extra={name: cell for name, cell in cells.items() if name and name not in COLUMNS and not is_camera(name)},
        annotations_2=second,
        label_2=cells.get("label_2", ""),
        observation=cells.get("observation", ""),
        observation_2=cells.get("observation_2", ""),
        cameras=tuple(_cameras(path, where, cells)),
    )


def is_camera(column: str) -> bool:
    """Tell whether a column of a manifest, as it is spelled there, is of a further camera."""
    return _CAMERA.fullmatch(table.normal(column)) is not None


def _cameras(path: Path, where: str, cells: Mapping[str, str]) -> Iterator[OtherCamera]:
    """Yield the further videos of a row in the order of their numbers.

    Raises:
        ActScribeError: one is not there, an offset is not a number, or one without its video.
    """
    camera_cells = {table.normal(name): cell for name, cell in cells.items() if name and is_camera(name) and cell}
    for name in sorted(camera_cells):
        column = name.removesuffix("_offset")
        if column != name and column not in camera_cells:
            raise ActScribeError(f"{where}: '{name}' without '{column}'.", f"Name the video in '{column}'.")
        if column != name:
            continue
        video = named_file(path, where, name, camera_cells[name], RELATIVE)
        yield OtherCamera(name.replace("_", " "), video, _offset(where, name, camera_cells.get(f"{name}_offset", "")))


def _offset(where: str, name: str, cell: str) -> float:
    try:
        return parse_number(cell.replace(",", ".") or "0")
    except ValueError:
        raise ActScribeError(f"{where}: {name}_offset must be seconds, found {quoted(cell)}.") from None


def _annotations(path: Path, where: str, cells: Mapping[str, str], whose: str = "") -> Path | None:
    """Return the annotation file of a row, if it has one; `whose` is "_2" for the second annotator."""
    if not cells.get(f"annotations{whose}"):
        return None
    column = f"annotations{whose}"
    hint = "It is looked for from the manifest's folder. Leave the cell empty where nobody has annotated the video."
    annotation_file = named_file(path, where, column, cells[column], hint)
    if cells.get(f"label{whose}"):
        raise ActScribeError(
            f"{where}: both 'annotations{whose}' and 'label{whose}' are given; a trimmed video has only a label."
        )
    return annotation_file


def _check_second(where: str, cells: Mapping[str, str], first: Path | None, second: Path | None) -> None:
    for name in ("annotations", "label"):
        if cells.get(f"{name}_2") and not cells.get(name):
            raise ActScribeError(
                f"{where}: '{name}_2' without '{name}'.",
                f"The first annotator belongs in '{name}'; fill it first.",
            )
    if first and second and real_path(first) == real_path(second):
        raise ActScribeError(
            f"{where}: 'annotations' and 'annotations_2' are the same file: {first}",
            "Two annotators have two files; leave 'annotations_2' empty where there was one.",
        )


def _seconds(where: str, cells: Mapping[str, str], name: str) -> float | None:
    if not cells.get(name):
        return None
    try:
        seconds = parse_number(cells[name].replace(",", "."))
    except ValueError:
        seconds = -1.0
    if seconds < 0:
        raise ActScribeError(f"{where}: {name} must be seconds, found {quoted(cells[name])}.")
    return seconds


def _list_folder(folder: Path) -> list[Row]:
    videos = list_videos(folder)
    if not videos:
        raise ActScribeError(f"{folder}: no video in this folder; known endings: {', '.join(sorted(VIDEO_ENDINGS))}.")
    annotation_files = annotations_of(videos)
    rows = []
    for video in videos:
        inside = video.parent != folder
        group = str(video.parent.relative_to(folder)) if inside else video.stem
        rows.append(Row(0, video, annotation_files.get(video), "", group, "", has_group=inside))
    return rows
