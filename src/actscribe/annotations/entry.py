"""The videos or observations that one annotation file holds, and how one of them is chosen."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path, PurePosixPath

from actscribe.annotations.interval import Annotations
from actscribe.errors import ActScribeError

_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Entry:
    """One video or observation in an annotation file.

    Args:
        name: what the file calls it: an observation id or a file name; empty where the file names nothing.
        media: file names of the video; empty where they are not known, or where times run through several files.
        read: returns the annotations; raises ActScribeError when this entry, and only this one, is not sound.
    """

    name: str
    media: tuple[str, ...]
    read: Callable[[], Annotations]


def single(annotations: Annotations) -> list[Entry]:
    """Return the entries of a file that is about one video."""
    return [Entry(annotations.media[0] if annotations.media else "", annotations.media, lambda: annotations)]


def choose(path: Path, entries: Sequence[Entry], video: str | None, named: bool) -> Entry:
    """Return the entry that `video` means.

    Args:
        path: of the annotation file, for messages.
        entries: what it holds.
        video: observation id, file name, stem, or the end of a path; None where the file holds one video.
        named: the file names the video of every row, so that even a single entry has to fit.

    Raises:
        ActScribeError: nothing fits or several do; the message lists what is in the file.
    """
    if len(entries) == 1 and (video is None or not named or not entries[0].name):
        return entries[0]
    if video is None:
        raise _refuse(path, entries, f"holds {len(entries)} videos or observations", "Say which one is meant")
    ranks = [max((_fit(video, name) for name in (entry.name, *entry.media)), default=0) for entry in entries]
    best = max(ranks)
    fitting = [entry for entry, rank in zip(entries, ranks, strict=True) if rank == best]
    if best == 0:
        hint = "Name one of them; a video in which nothing happens needs a row with its name and an empty label"
        raise _refuse(path, entries, f"has nothing for '{video}'", hint if named else "Say which one is meant")
    if len(fitting) > 1:
        raise _refuse(path, fitting, f"'{video}' fits {len(fitting)} of its entries", "Say which one is meant")
    return fitting[0]


def _fit(video: str, spelled: str) -> int:
    """Rank how well two spellings of a file name agree; 0: not at all.

    Folders have to agree as far as both name them, except between two absolute paths: those may come from two machines.
    """
    if video == spelled:
        return 1000
    ours, theirs = (PurePosixPath(name.replace("\\", "/")) for name in (video, spelled))
    if not ours.name or _stem(ours.name) != _stem(theirs.name):
        return 0
    pairs = list(zip(reversed(ours.parent.parts), reversed(theirs.parent.parts), strict=False))
    agreeing = len(list(takewhile(lambda pair: pair[0] == pair[1], pairs)))
    is_contrary = agreeing < len(pairs)
    if is_contrary and not (_is_absolute(ours) and _is_absolute(theirs)):
        return 0
    return 1 + 2 * agreeing + (not is_contrary) + (100 if ours.name == theirs.name else 0)


def _stem(name: str) -> str:
    """Return a file name without its ending; 'P1.2' has none."""
    return re.sub(r"\.(?=\w*[A-Za-z])\w{2,4}$", "", name)


def _is_absolute(path: PurePosixPath) -> bool:
    return path.parts[0].startswith("/") or path.parts[0].endswith(":")


def _refuse(path: Path, entries: Sequence[Entry], found: str, hint: str) -> ActScribeError:
    listed = [entry.name if set(entry.media) <= {entry.name} else _with_media(entry) for entry in entries]
    rest = f"\n  and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else ""
    names = "".join(f"\n  {name}" for name in listed[:_SHOWN])
    return ActScribeError(
        f"{path}: {found}:{names}{rest}", f"{hint}: --video NAME on the command line, video='NAME' in Python."
    )


def _with_media(entry: Entry) -> str:
    return f"{entry.name} ({', '.join(entry.media)})"
