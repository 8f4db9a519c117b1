"""The annotation formats, and reading and writing with the format found from content."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from actscribe.annotations import (
    bids,
    boris,
    boris_aggregated,
    boris_tabular,
    csv_table,
    cvat,
    deepethogram,
    elan,
    interval_text,
    json_file,
    label_studio,
    nwb,
    textgrid,
    via,
    vtt,
)
from actscribe.annotations.detect import detect_among
from actscribe.annotations.entry import Entry, choose
from actscribe.annotations.format import Format
from actscribe.annotations.frame_clock import FrameClock
from actscribe.annotations.interval import Annotations
from actscribe.annotations.media import located
from actscribe.annotations.tier_choice import TierChoice
from actscribe.errors import ActScribeError, closest

#: In the order in which a file is compared with them: of tables, those whose header says more come first.
FORMATS: dict[str, Format] = {
    "elan": elan.FORMAT,
    "boris": boris.FORMAT,
    "boris-aggregated": boris_aggregated.FORMAT,
    "boris-tabular": boris_tabular.FORMAT,
    "textgrid": textgrid.FORMAT,
    "vtt": vtt.FORMAT,
    "label-studio": label_studio.FORMAT,
    "cvat": cvat.FORMAT,
    "via": via.FORMAT,
    "nwb": nwb.FORMAT,
    "bids": bids.FORMAT,
    "csv": csv_table.FORMAT,
    "deepethogram": deepethogram.FORMAT,
    "json": json_file.FORMAT,
    "intervals": interval_text.FORMAT,
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
    """Return the annotations of one video; the format is detected from the file's content.

    Args:
        path: of the annotation file.
        video: whose: its path, file name, stem or observation id (see `entry` for what fits). None: the only one.
        clock: when the video's frames are shown, for formats that count frames (CVAT, DeepEthogram, Label Studio).
        tiers: patterns of the tiers to read, of formats that have some: 'act*', '!notes'; none: all.

    Raises:
        ActScribeError: no such file, no such video in it, frame times that are needed and not given, or a damaged file.
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
    """Read all videos or observations of a file, by name; one that the file does not name is called by its stem.

    Raises:
        ActScribeError: the file cannot be read, or holds two videos of one name.
    """
    path = Path(path)
    by_name: dict[str, Annotations] = {}
    for entry in entries(path, clock):
        name = entry.name or path.stem
        if name in by_name:
            raise ActScribeError(f"{path}: holds two videos called '{name}'.", "Rename one of them.")
        by_name[name] = entry.read()
    return by_name


def write(path: str | Path, annotations: Annotations, format: str, clock: FrameClock | None = None) -> None:
    """Write annotations, whole or not at all.

    Args:
        path: of the new file.
        annotations: of one video. A relative path of the video is looked for beside `path`, then in the current folder;
            what is written is relative to `path`, or absolute.
        format: its name, such as "elan" or "csv"; the page of annotation formats lists them (`FORMATS`).
        clock: when the video's frames are shown; needed by formats that count frames; a BORIS project also records its
            rate.

    Raises:
        ActScribeError: unknown format, something that the format cannot carry, or a file that cannot be written; or
            what is to be written is no `Annotations`.
    """
    path = Path(path)
    form = find_format(format)
    if not isinstance(annotations, Annotations):
        raise ActScribeError(
            f"{path}: the annotations of a video were expected, not {type(annotations).__name__}.",
            "Make them with Annotations.of(intervals, video).",
        )
    form.write(path, replace(annotations, media=located(path, annotations.media)), clock)


def counts_frames(path: Path) -> bool:
    """Tell whether the file at `path` counts frames, so that reading it needs the video's frame times."""
    return FORMATS[detect(path)].resolution is None


def find_format(name: str) -> Format:
    """Return a format by its name in `FORMATS`.

    Raises:
        ActScribeError: there is no such format.
    """
    if name not in FORMATS:
        raise ActScribeError(f"'{name}' is not an annotation format.", _hint(name))
    return FORMATS[name]


def _hint(wrong: str) -> str:
    """Return the formats that a wrong name may mean: by their ending, their title, or their own name; else all."""
    meant = _of_ending(wrong) or _of_title(wrong) or list(filter(None, [closest(wrong, FORMATS)]))
    if len(meant) == 1:
        return f"Did you mean '{meant[0]}'? ({FORMATS[meant[0]].ending})"
    return f"Did you mean one of {_with_endings(meant)}?" if meant else f"Known: {_with_endings(FORMATS)}."


def _of_ending(wrong: str) -> list[str]:
    ending = f".{wrong.strip().casefold().removeprefix('.')}"
    exact = [name for name, form in FORMATS.items() if form.ending.casefold() == ending]
    return exact or [name for name, form in FORMATS.items() if form.ending.casefold().endswith(ending)]


def _of_title(wrong: str) -> list[str]:
    """Return the formats whose title holds all words of a name: of titles, names of programs and kinds are capital."""
    words = set(wrong.casefold().replace("-", " ").split())
    titles = {
        name: {word.casefold() for word in form.title.split() if word[0].isupper()} for name, form in FORMATS.items()
    }
    return [name for name, title in titles.items() if words and words <= title]


def _with_endings(names: Iterable[str]) -> str:
    return ", ".join(f"{name} ({FORMATS[name].ending})" for name in names)


def format_of(path: Path) -> str:
    """Return the format whose ending a target has, the longest ending first.

    Raises:
        ActScribeError: no format has such an ending.
    """
    endings = sorted(((form.ending, name) for name, form in FORMATS.items()), key=lambda item: -len(item[0]))
    for ending, name in endings:
        if Path(path).name.casefold().endswith(ending.casefold()):
            return name
    known = ", ".join(f"{form.ending} ({name})" for name, form in FORMATS.items())
    raise ActScribeError(
        f"{path}: its ending does not identify the format.", f"Specify it with --to, or use one of {known}."
    )


def entries(path: Path, clock: FrameClock | None = None, tiers: Sequence[str] = ()) -> list[Entry]:
    """Return the videos or observations that a file holds, at least one; what each says is read on demand.

    Args:
        path, clock, tiers: as in `read`.

    Raises:
        ActScribeError: as `read`, except for what is wrong with only one of the entries.
    """
    form = FORMATS[detect(path)]
    choice = TierChoice(tuple(tiers))
    file_entries = form.read_tiers(path, choice) if choice.patterns and form.read_tiers else form.read(path, clock)
    if not file_entries:
        raise ActScribeError(f"{path}: holds no observation and no video.")
    return file_entries
