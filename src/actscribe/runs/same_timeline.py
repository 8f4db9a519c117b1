"""Files of one video in one folder: one timeline in several formats, or several that differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from actscribe.evaluation.audit.table import PREDICTED
from actscribe.runs.item import Item

#: Seconds by which formats that count milliseconds or frames may round one bout differently (ours).
ROUNDED = 0.05


def each_once(items: Sequence[Item]) -> tuple[list[Item], set[Path]]:
    """Return each timeline once, in order, and the files of one video in one folder that hold different ones.

    Files with the same bouts are one timeline, predicted where one of them says so. Where files differ, each item is
    called as its file is.
    """
    of_video: dict[tuple[str, Path | None], list[list[Item]]] = {}
    for number, one in enumerate(items):
        key = (one.name, one.file.parent) if one.file is not None else (f"{number} {one.name}", None)
        timelines = of_video.setdefault(key, [])
        same = next((group for group in timelines if _is_same(group[0], one)), None)
        timelines.append([one]) if same is None else same.append(one)
    kept: list[Item] = []
    differing: set[Path] = set()
    for timelines in of_video.values():
        merged = [_merged(group) for group in timelines]
        if len({one.file for one in merged}) > 1:
            differing |= {one.file for one in merged if one.file is not None}
            merged = [replace(one, name=one.file.name) for one in merged if one.file is not None]
        kept += merged
    return kept, differing


def _is_same(one: Item, other: Item) -> bool:
    """Tell whether two files hold the same bouts; a file is never the same as itself: it may hold two observations."""
    if one.file == other.file:
        return False
    ours, theirs = (sorted(_bouts(item)) for item in (one, other))
    return len(ours) == len(theirs) and all(
        first[0] == second[0] and abs(first[1] - second[1]) <= ROUNDED and abs(first[2] - second[2]) <= ROUNDED
        for first, second in zip(ours, theirs, strict=True)
    )


def _bouts(item: Item) -> list[tuple[str, float, float]]:
    return [(one.label, one.start, one.end) for one in (*item.observed.intervals, *item.observed.gaps)]


def _merged(group: Sequence[Item]) -> Item:
    """Return the item of a timeline in several formats: that of a predicted one, with a length that is known."""
    first = next((one for one in group if one.source == PREDICTED), group[0])
    known = next((one for one in group if not one.is_guessed), first)
    observed = replace(first.observed, duration=known.observed.duration)
    return replace(first, observed=observed, is_guessed=known.is_guessed)
