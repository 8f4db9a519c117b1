"""Which videos of a draft belong together: by who was annotated, by their names, and by what they hold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from actscribe.annotations.interval import Annotations
from actscribe.counts import counted
from actscribe.data.groups import NAMED, groups_in_names
from actscribe.draft.pairs import Pair
from actscribe.file_cache import cached_digest
from actscribe.names import same_name

#: Groups fewer than splits cannot be spread over them.
SPLITS = 3
#: Groups, and sets of copies, that a sentence names.
SHOWN = 4
_NONE = (
    "No group is known: write into the manifest who each video shows, or 'groups: none' into study.yaml if each shows"
    " another subject."
)


@dataclass(frozen=True, slots=True)
class Groups:
    """The groups of a draft.

    Args:
        names: one for each video, empty where none is known.
        remarks: sentences on where they come from, and on what is open.
    """

    names: tuple[str, ...]
    remarks: tuple[str, ...]


def draft_groups(pairs: Sequence[Pair]) -> Groups:
    """Return a group for each video, where annotations or names of files show it plainly; copies share one.

    Subjects of the annotations count where each video has exactly one and they are not all the same; then parts of the
    file names; then the subjects of those videos that have one (ours).
    """
    names, remarks = _of_subjects_or_names(pairs)
    spelled: dict[str, str] = {}
    names = [name and spelled.setdefault(same_name(name), name) for name in names]
    copies = _copies([one.video for one in pairs])
    for indices in copies:
        shared = next((names[index] for index in indices if names[index]), pairs[indices[0]].video.stem)
        for index in indices:
            names[index] = shared
    return Groups(tuple(names), (*remarks, *_on_copies(copies, pairs, names), *_on_number(names)))


def _of_subjects_or_names(pairs: Sequence[Pair]) -> tuple[list[str], list[str]]:
    """Return a group for each video, "" where none is known, and sentences on where they come from."""
    subjects = [_subjects(one.annotations) for one in pairs]
    alone = [next(iter(of_one)) if len(of_one) == 1 else "" for of_one in subjects]
    every = set().union(*subjects)
    in_names = groups_in_names([one.video for one in pairs])
    if all(alone) and len(every) > 1:
        return alone, [_come_from("the subjects of the annotations", alone)]
    if in_names:
        return in_names, [_come_from("the names of the files", in_names)]
    if len(every) == 1 and not NAMED.fullmatch(next(iter(every))):  # "child" is a part that many play, "child7" is one
        subject = next(iter(every))
        return [""] * len(pairs), [
            f"All annotations are of '{subject}'. If that is one person, write it into the manifest as every group; if"
            " each video shows somebody else, write who, or 'groups: none' into study.yaml."
        ]
    if any(alone):
        without = [one.video.name for one, name in zip(pairs, alone, strict=True) if not name]
        of_rest = f" No group is known of {_listed(without)}: write it into the manifest." if without else ""
        return alone, [_come_from("the subjects of the annotations", alone) + of_rest]
    return alone, [_NONE]


def _subjects(annotations: Iterable[Annotations]) -> set[str]:
    """Return who was annotated: the subjects of the intervals, or where they have none, what follows the tiers' "@"."""
    read = list(annotations)
    subjects = {interval.subject.strip() for one in read for interval in one.intervals} - {""}
    tiers = [name for one in read for name, is_read in one.tiers.items() if is_read]
    return subjects or {name.rpartition("@")[2].strip() for name in tiers if "@" in name} - {""}


def _come_from(whence: str, names: Sequence[str]) -> str:
    distinct = sorted(set(names) - {""})
    shown = ", ".join(distinct[:SHOWN]) + (" …" if len(distinct) > SHOWN else "")
    return f"Groups come from {whence} ({shown}): are these subjects?"


def _copies(videos: Sequence[Path]) -> list[list[int]]:
    """Return the indices of videos that hold the same bytes; only files of one size are read."""
    by_size, by_content = defaultdict(list), defaultdict(list)
    for index, video in enumerate(videos):
        with suppress(OSError):  # a video that cannot be read is refused by `check`
            by_size[video.stat().st_size].append(index)
    for indices in by_size.values():
        for index in indices if len(indices) > 1 else ():
            with suppress(OSError):
                by_content[cached_digest(videos[index])].append(index)
    return [indices for indices in by_content.values() if len(indices) > 1]


def _on_copies(copies: Sequence[Sequence[int]], pairs: Sequence[Pair], names: Sequence[str]) -> list[str]:
    lines = [
        f"{_listed([pairs[index].video.name for index in indices])} are the same video, byte for byte, so they share"
        f" the group '{names[indices[0]]}'; a study needs one of them."
        for indices in copies[:SHOWN]
    ]
    more = len(copies) - SHOWN
    return [*lines, f"So do the copies of {counted(more, 'more video')}."] if more > 0 else lines


def _on_number(names: Sequence[str]) -> list[str]:
    count = len(set(names))
    if not any(names) or "" in names or count >= SPLITS:
        return []
    return [
        f"{counted(count, 'group')} cannot be spread over train, validation and test. Add recordings of others, or"
        " split each recording by time, with a gap of so many seconds between the parts:"
        " split: {within: recordings, gap: 10}"
    ]


def _listed(names: Sequence[str]) -> str:
    if len(names) > SHOWN:
        return f"{', '.join(names[:SHOWN])} and {len(names) - SHOWN} more"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
