"""Intervals laid out on tiers, for the formats whose tools show them so (ELAN, Praat)."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, field

from actscribe.annotations.interval import Annotations
from actscribe.annotations.rounding import milliseconds

#: Between the label and the subject in a tier's name.
SUBJECT_SIGN = " @ "


@dataclass(slots=True)
class Tier:
    """Intervals of one label and subject that do not overlap.

    Args:
        name: different from that of every other tier.
        label, subject: of all its intervals; a gap's label is spelled with GAP_LABEL.
        is_points: it holds points only.
        spans: start and end in milliseconds, ascending.
    """

    name: str
    label: str
    subject: str
    is_points: bool = False
    spans: list[tuple[int, int]] = field(default_factory=list)


def tiers(annotations: Annotations, points: bool) -> list[Tier]:
    """Return one tier per label and subject, and an empty one per label that does not occur.

    An interval that overlaps another one of its tier moves to a further tier. The order is that of the label set, then
    that of the names; no two tiers have one name.

    Args:
        annotations: gaps become tiers too, last.
        points: points have tiers of their own; else they are intervals of 1 ms.
    """
    rows: dict[tuple[str, str, bool], list[list[tuple[int, int]]]] = {}
    for interval, start, end in milliseconds(annotations.as_intervals(), shortest=0 if points else 1):
        key = (interval.label, interval.subject, points and start == end)
        # Two points of one moment cannot stand on one tier either.
        free = (row for row in rows.setdefault(key, []) if row[-1][1] + key[2] <= start)
        row = next(free, None)
        if row is None:
            row = []
            rows[key].append(row)
        row.append((start, end))
    for label in annotations.labels:
        if not any(label == name for name, *_ in rows):
            rows[label, "", False] = [[]]
    rank = {label: position for position, label in enumerate(annotations.labels)}
    all_tiers = []
    names: set[str] = set()
    for label, subject, is_points in sorted(rows, key=lambda key: (rank.get(key[0], len(rank)), key)):
        for spans in rows[label, subject, is_points]:
            name = _free_name(label, subject, names)
            names.add(name)
            all_tiers.append(Tier(name, label, subject, is_points, spans))
    return all_tiers


def _free_name(label: str, subject: str, names: set[str]) -> str:
    base = f"{label}{SUBJECT_SIGN}{subject}" if subject else label
    # A subject that ends like a number of ours gets one all the same, so that it can be told apart.
    first = 1 if re.search(r" #\d+$", base) else 0
    spellings = (f"{base} #{count}" if count else base for count in itertools.chain([first], itertools.count(2)))
    return next(name for name in spellings if name not in names)
