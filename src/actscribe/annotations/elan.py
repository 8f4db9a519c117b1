"""ELAN `.eaf`.

How labels are found (ours): the label of an annotation is its value; where the value is empty, it is the name of its
tier. So both habits work: one tier per label with empty values, and one tier with the label as value. The tier's
participant is the subject. Every tier with its own times is read; symbolic tiers, which hang on another tier's
annotations, are not.

What is written (`elan_write.py`): one tier per label and subject, named after both, with the label as value and all
labels as controlled vocabulary. Annotations of one tier must not overlap in ELAN, so an overlapping one moves to a
further tier. ELAN knows no annotation shorter than 1 ms: a point event becomes 1 ms long.
"""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from urllib.parse import unquote
from xml.etree.ElementTree import Element

from pympi.Elan import Eaf

from actscribe.annotations.entry import Entry, single
from actscribe.annotations.frame_clock import FrameClock
from actscribe.annotations.interval import Annotations, Interval, is_gap
from actscribe.annotations.text import interval_at, read_xml
from actscribe.errors import ActScribeError


def read(path: Path, clock: FrameClock | None = None) -> list[Entry]:
    """Return the annotations of every tier that has its own times.

    Raises:
        ActScribeError: not an EAF file, or an annotation without usable times.
    """
    root = read_xml(path)  # pympi's own parser expands entities
    try:
        eaf = Eaf(str(path), suppress_version_warning=True)
    except (KeyError, ValueError, IndexError, TypeError) as error:
        raise ActScribeError(
            f"{path}: is not a sound ELAN file: {type(error).__name__} {error}.", "Open it in ELAN and save it again."
        ) from None
    intervals = [interval for tier in eaf.tiers for interval in _tier(path, eaf, tier)]
    media = (_file_name(item.get("MEDIA_URL") or item.get("RELATIVE_MEDIA_URL", "")) for item in eaf.media_descriptors)
    return single(Annotations.of(intervals, media=[name for name in media if name], labels=_labels(root)))


def _labels(root: Element) -> list[str]:
    """Return the values of the controlled vocabularies that annotations are chosen from, in their order."""
    named = {kind.get("CONTROLLED_VOCABULARY_REF") for kind in root.iter("LINGUISTIC_TYPE")}
    used = [entries for entries in root.iter("CONTROLLED_VOCABULARY") if entries.get("CV_ID") in named]
    values = [value.text or "" for entries in used for tag in ("CVE_VALUE", "CV_ENTRY") for value in entries.iter(tag)]
    return [value for value in values if value.strip() and not is_gap(value)]


def _tier(path: Path, eaf: Eaf, tier: str) -> list[Interval]:
    aligned, _, attributes, _ = eaf.tiers[tier]
    slots = [slot for first, second, _, _ in aligned.values() for slot in (first, second)]
    times = _times(path, tier, [eaf.timeslots.get(slot) for slot in slots])
    found = []
    for position, (identifier, (_, _, value, _)) in enumerate(aligned.items()):
        label = value if value.strip() else tier
        where = f"tier '{tier}', annotation {identifier}"
        start, end = times[2 * position] / 1000, times[2 * position + 1] / 1000
        found.append(interval_at(path, where, label, start, end, attributes.get("PARTICIPANT") or ""))
    return found


def _times(path: Path, tier: str, times: list[int | None]) -> list[float]:
    """Fill slots that ELAN left without a time (subdivided annotations) evenly between their neighbours."""
    known = [position for position, time in enumerate(times) if time is not None]
    if times and (not known or known[0] != 0 or known[-1] != len(times) - 1):
        raise ActScribeError(f"{path}: tier '{tier}' begins or ends with an annotation that has no time.")
    filled = [float(time) if time is not None else 0.0 for time in times]
    for left, right in itertools.pairwise(known):
        # An annotation's end and the start of the next one are one moment.
        first, last = (left + 1) // 2, (right + 1) // 2
        for position in range(left + 1, right):
            share = ((position + 1) // 2 - first) / (last - first)
            filled[position] = filled[left] + share * (filled[right] - filled[left])
    return filled


def _file_name(url: str) -> str:
    """Return the path in a file URL, 'file:///C:/a.mp4' being 'C:/a.mp4'; other spellings as they are.

    ELAN writes the path as it is, others percent-encode it: an encoded one holds neither spaces nor umlauts.
    """
    name = url.removeprefix("file://")
    if url.isascii() and " " not in url:
        name = unquote(name)
    return name[1:] if re.match(r"/[A-Za-z]:[/\\]", name) else name
