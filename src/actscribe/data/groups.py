"""What is not known of groups, so that nobody takes 'no leakage' for more than was proved."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence, Set

from actscribe.annotations.table import normal
from actscribe.data.manifest import Row
from actscribe.errors import ActScribeError

#: Columns that say who or what a recording shows: of these, one value in two splits is leakage.
_SUBJECTS = frozenset(
    {"subject", "patient", "participant", "person", "individual", "proband", "volunteer", "actor", "performer"}
    | {"speaker", "child", "infant", "baby", "mother", "dyad", "family", "pair"}
    | {"animal", "mouse", "rat", "bird", "fish", "monkey", "dog", "cat", "cow", "pig", "horse"}
)
#: Columns that may be groups all the same: what was recorded together looks alike.
_SITTINGS = frozenset({"session", "visit", "day", "date", "recording_day", "cage", "pen", "litter", "block"})
_SUFFIX = re.compile(r"_?(id|ids|no|nr|number|name|code|key|s)$")
_NAMED = re.compile(r"[^\W\d_]+[0-9]+")
_SHOWN = 4


def not_known(rows: Sequence[Row], on_purpose: bool) -> str:
    """Say what of the groups is not known; empty where every row has one.

    Args:
        rows: of the manifest.
        on_purpose: the study says `groups: none`.

    Raises:
        ActScribeError: it says so, and the manifest has groups.
    """
    without = [row for row in rows if not row.has_group]
    if on_purpose:
        with_group = next((row for row in rows if row.has_group), None)
        if with_group:
            raise ActScribeError(
                f"the study says 'groups: none', but {with_group.video} has the group '{with_group.group}'.",
                "Remove one of the two.",
            )
        return "the study says 'groups: none': each recording stands for itself, and nothing else was compared."
    if not without:
        return ""
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
    said = []
    for column in _columns(rows, _SUBJECTS):
        held = defaultdict(set)
        for row in rows:
            if row.extra.get(column):
                held[row.extra[column]].add(splits[str(row.video)])
        torn = sorted(value for value, of_value in held.items() if len(of_value) > 1)
        if torn and any(row.has_group for row in rows):
            names = ", ".join(f"'{value}'" for value in torn[:_SHOWN]) + (" …" if len(torn) > _SHOWN else "")
            said.append(
                f"by the column '{column}', {names} of {len(held)} are in more than one split. Is this who the videos"
                " show? Then it must be the group."
            )
    return said


def _advice(rows: Sequence[Row]) -> str:
    columns = _columns(rows, _SUBJECTS) or _columns(rows, _SITTINGS)
    purpose = "If each recording shows another subject, write 'groups: none' into the study."
    if columns:
        return f"The column '{columns[0]}' looks like one: call it 'group'. {purpose}"
    names = _in_names(rows)
    if names:
        shown = ", ".join(names[:_SHOWN]) + (" …" if len(names) > _SHOWN else "")
        return (
            f"The names of the files hold {shown}: if these are the subjects, write them into a column 'group' of the"
            f" manifest. {purpose}"
        )
    return f"Write who each video shows into a column 'group' of a manifest. {purpose}"


def _columns(rows: Sequence[Row], words: Set[str]) -> list[str]:
    names = dict.fromkeys(name for row in rows for name in row.extra)
    return [name for name in names if _SUFFIX.sub("", normal(name)) in words or normal(name) in words]


def _in_names(rows: Sequence[Row]) -> list[str]:
    """Return the values of the first part of the file names that is a word and a number and repeats, 'subject1'."""
    parts = [re.split(r"[_\-\s.]+", row.video.stem) for row in rows]
    for place in range(min((len(own) for own in parts), default=0)):
        values = [own[place] for own in parts]
        distinct = sorted(set(values))
        if 1 < len(distinct) < len(values) and all(_NAMED.fullmatch(value) for value in distinct):
            return distinct
    return []
