"""What is not known of groups, so that nobody takes 'no leakage' for more than was proved."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from pathlib import Path

from actscribe.annotations.entry import NAMES_NONE
from actscribe.annotations.table import normal
from actscribe.data.manifest import Row
from actscribe.errors import ActScribeError
from actscribe.names import same_name

#: Columns that say who or what a recording shows: of these, one value in two splits is leakage.
_SUBJECTS = frozenset(
    {"subject", "subj", "patient", "participant", "person", "individual", "proband", "volunteer", "actor", "performer"}
    | {"speaker", "child", "infant", "baby", "mother", "dyad", "family", "pair"}
    | {"animal", "mouse", "rat", "bird", "fish", "monkey", "dog", "cat", "cow", "pig", "horse"}
)
#: Columns that may be groups all the same: what was recorded together looks alike.
_SITTINGS = frozenset({"session", "visit", "day", "date", "recording_day", "cage", "pen", "litter", "block"})
_SUFFIX = re.compile(r"_?(id|ids|no|nr|number|name|code|key|s)$")
#: A word and a number, which looks like the name of one subject.
NAMED = re.compile(r"[^\W\d_]+[0-9]+")
_SHOWN = 4


def not_known(rows: Sequence[Row], on_purpose: bool) -> str:
    """Say what of the groups is not known; empty where every row has one.

    Args:
        rows: of the manifest.
        on_purpose: the study says `groups: none`.

    Raises:
        ActScribeError: it says so, and the manifest has groups; or two groups are spelled almost alike.
    """
    without = [row for row in rows if not row.has_group]
    if on_purpose:
        with_group = next((row for row in rows if row.has_group), None)
        if with_group:
            raise ActScribeError(
                f"the study says 'groups: none', but {with_group.video} has the group '{with_group.group}'.",
                "Leave 'groups:' out of the study, or the groups out of a manifest; sub-folders are groups.",
            )
        return (
            "the study says 'groups: none': each recording counts as another subject's, and whether that is so was not"
            f" looked at.{_doubt(rows)}"
        )
    _check_spelling(rows)
    if not without:
        return _torn_by_folders(rows)
    if len(without) < len(rows):
        what = f"{len(without)} of {len(rows)} recordings have no group (first: {without[0].video.name})"
        does = "each of these counts as a group of its own, and whether its subject is in another split"
    else:
        what = "no group was given"
        does = "each recording counts as a group of its own, and whether a subject is in two splits"
    return f"{what}: {does} is not known. {_advice(rows)}"


def in_two_splits(rows: Sequence[Row], splits: Mapping[str, str]) -> list[str]:
    """Say which columns that seem to name a subject have one value in two splits, though groups are apart.

    Args:
        rows: of the manifest.
        splits: path of a video -> its split.
    """
    notes = []
    for column in _columns(rows, _SUBJECTS):
        held = defaultdict(set)
        for row in rows:
            if row.extra.get(column):
                held[row.extra[column]].add(splits[str(row.video)])
        torn = sorted(value for value, of_value in held.items() if len(of_value) > 1)
        if torn and any(row.has_group for row in rows):
            notes.append(
                f"by the column '{column}', {_listed(torn)} of {len(held)} are in more than one split. Is this who"
                " the videos show? Then it must be the group."
            )
    return notes


def check_own_files(rows: Sequence[Row], matched: Iterable[Sequence[str]]) -> None:
    """Refuse an annotation file that names no video and is given to recordings of two groups.

    It is either a slip, such as a cell that was filled down, or one session that several cameras filmed, which must not
    lie in two splits.

    Args:
        rows: of the manifest.
        matched: by row, by what its video was found in each of its annotation files, see `entry.Match`.

    Raises:
        ActScribeError: it names both videos.
    """
    first: dict[Path, Row] = {}
    for row, ways in zip(rows, matched, strict=True):
        for path, by in zip(row.files, ways, strict=True):
            known = first.setdefault(path, row) if by == NAMES_NONE else row
            if known.group != row.group:
                where = [f" (line {one.line})" if one.line else "" for one in (known, row)]
                raise ActScribeError(
                    f"{path}: names no video, and is given to {known.video.name}{where[0]} and"
                    f" {row.video.name}{where[1]}.",
                    "Give each video a file of its own. If several cameras filmed one session, or it is one recording"
                    " in several formats, keep one of these rows, or write the same group into all.",
                )


def groups_in_names(videos: Sequence[Path]) -> list[str]:
    """Return a group for each video from a part of their names that is a word and a number and repeats, or nothing."""
    rows = [Row(0, video, None, "", "", "") for video in videos]
    index, names = _in_names(rows)
    return [_parts(row)[index] for row in rows] if names else []


def _check_spelling(rows: Sequence[Row]) -> None:
    """Refuse groups that differ in upper and lower case or in how accents are written: they would count as two."""
    first: dict[str, Row] = {}
    for row in (row for row in rows if row.has_group):
        known = first.setdefault(same_name(row.group), row)
        if known.group != row.group:
            where = [f" in line {one.line}" if one.line else "" for one in (known, row)]
            raise ActScribeError(
                f"the groups '{known.group}'{where[0]} and '{row.group}'{where[1]} differ only in upper and lower case"
                " or in how accents are written.",
                "Write a group in one way in every row; give different ones names that differ in more.",
            )


def _torn_by_folders(rows: Sequence[Row]) -> str:
    """Say where the names of files hint at subjects that lie in several sub-folders, which were taken for groups."""
    if any(row.line for row in rows):  # a manifest, which says what its groups are
        return ""
    index, names = _in_names(rows)
    folders = defaultdict(set)
    for row in rows:
        folders[_parts(row)[index] if names else ""].add(row.group)
    torn = [name for name in names if len(folders[name]) > 1]
    if not torn:
        return ""
    return (
        f"the sub-folders were taken for groups, but by the names of the files {_listed(torn)} is in more than one of"
        " them: if these are the subjects, leakage between them is not seen. Write a manifest with a column 'group'."
    )


def _advice(rows: Sequence[Row]) -> str:
    columns = _columns(rows, _SUBJECTS) or _columns(rows, _SITTINGS)
    purpose = "If each recording shows another subject, write 'groups: none' into the study."
    if columns:
        return f"The column '{columns[0]}' looks like one: call it 'group'. {purpose}"
    hint = _hint_of_names(rows)
    if hint:
        return f"The {hint} {purpose}"
    return f"Write who each video shows into a column 'group' of a manifest. {purpose}"


def _doubt(rows: Sequence[Row]) -> str:
    """Say what speaks against `groups: none`; empty where nothing does."""
    columns = _columns(rows, _SUBJECTS)
    repeated = [name for name in columns if len({row.extra.get(name) for row in rows}) < len(rows)]
    if repeated:
        return f" But the column '{repeated[0]}' has values that repeat: if it names the subject, call it 'group'."
    hint = _hint_of_names(rows)
    return f" But the {hint}" if hint else ""


def _hint_of_names(rows: Sequence[Row]) -> str:
    """Say which groups the names of the files seem to hold, to follow an article; empty where they hold none."""
    _, names = _in_names(rows)
    if not names:
        return ""
    return (
        f"names of the files hold {_listed(names)}: if these are the subjects, write them into the column 'group' of a"
        " manifest."
    )


def _columns(rows: Sequence[Row], words: Set[str]) -> list[str]:
    names = dict.fromkeys(name for row in rows for name in row.extra)
    return [name for name in names if _SUFFIX.sub("", normal(name)) in words or normal(name) in words]


def _in_names(rows: Sequence[Row]) -> tuple[int, list[str]]:
    """Return the first part of the file names that is a word and a number and repeats, 'subject1', and its values."""
    parts = [_parts(row) for row in rows]
    for index in range(min((len(own) for own in parts), default=0)):
        values = [own[index] for own in parts]
        distinct = sorted(set(values))
        if 1 < len(distinct) < len(values) and all(NAMED.fullmatch(value) for value in distinct):
            return index, distinct
    return 0, []


def _parts(row: Row) -> list[str]:
    return re.split(r"[_\-\s.]+", row.video.stem)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (" …" if len(names) > _SHOWN else "")
