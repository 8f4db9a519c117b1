"""ELAN `.eaf`.

How labels are found (ours): the label of an annotation is its value; where the value is empty, it is the name of its
tier. So both habits work: one tier per label with empty values, and one tier with the label as value. The tier's
participant is the subject. Every tier with its own times is read; symbolic tiers, which hang on another tier's
annotations, are not.

What is written: one tier per label and subject, named after both, with the label as value. Annotations of one tier
must not overlap in ELAN, so an overlapping one moves to a further tier. ELAN knows no annotation shorter than 1 ms:
a point event becomes 1 ms long.
"""

from __future__ import annotations

import itertools
import mimetypes
import re
from pathlib import Path, PurePosixPath

from pympi.Elan import Eaf, to_string

from actscribe.annotations.entry import Entry, single
from actscribe.annotations.frame_clock import FrameClock
from actscribe.annotations.interval import Annotations, Interval
from actscribe.annotations.text import check_writable, interval_at, milliseconds, read_xml
from actscribe.errors import ActScribeError
from actscribe.files import write_text


def read(path: Path, clock: FrameClock | None = None) -> list[Entry]:
    """Return the annotations of every tier that has its own times.

    Raises:
        ActScribeError: not an EAF file, or an annotation without usable times.
    """
    read_xml(path)  # pympi's own parser expands entities
    try:
        eaf = Eaf(str(path), suppress_version_warning=True)
    except (KeyError, ValueError, IndexError, TypeError) as error:
        raise ActScribeError(
            f"{path}: is not a sound ELAN file: {type(error).__name__} {error}.", "Open it in ELAN and save it again."
        ) from None
    intervals = [interval for tier in eaf.tiers for interval in _tier(path, eaf, tier)]
    media = (_file_name(item.get("MEDIA_URL") or item.get("RELATIVE_MEDIA_URL", "")) for item in eaf.media_descriptors)
    return single(Annotations.of(intervals, media=[name for name in media if name]))


def write(path: Path, annotations: Annotations, clock: FrameClock | None = None) -> None:
    """Write an EAF file, whole or not at all."""
    check_writable(path, annotations, "\r")
    eaf = Eaf(author="ActScribe")
    eaf.remove_tier("default")
    for name in annotations.media:
        url = f"file://{'' if name.startswith('/') else '/'}{name}" if _is_absolute(name) else name
        mime = mimetypes.guess_type(name)[0] or "video/mp4"
        eaf.add_linked_file(url, f"./{PurePosixPath(name.replace(chr(92), '/')).name}", mime)
    tiers: dict[str, tuple[str, str, int]] = {}
    for interval in annotations.as_intervals():
        start, end = milliseconds(interval, shortest=1)
        tier = _free_tier(interval, start, tiers)
        if tier not in tiers:
            eaf.add_tier(tier, part=interval.subject or None)
        tiers[tier] = (interval.label, interval.subject, end)
        eaf.add_annotation(tier, start, end, interval.label)
    eaf.properties = [("lastUsedAnnotationId", eaf.maxaid)]
    write_text(path, '<?xml version="1.0" encoding="UTF-8"?>\n' + to_string(eaf))


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


def _free_tier(interval: Interval, start: int, tiers: dict[str, tuple[str, str, int]]) -> str:
    """Return the first tier of this label and subject that is free at `start`, in milliseconds.

    Args:
        interval: that needs a tier.
        start: in milliseconds.
        tiers: name -> label, subject and the end of the last annotation.
    """
    base = f"{interval.label} @ {interval.subject}" if interval.subject else interval.label
    for count in itertools.count(1):
        name = f"{base} #{count}" if count > 1 else base
        label, subject, end = tiers.get(name, (interval.label, interval.subject, 0))
        if (label, subject) == (interval.label, interval.subject) and end <= start:
            break
    return name


def _is_absolute(name: str) -> bool:
    return name.startswith("/") or re.match(r"[A-Za-z]:[/\\]", name) is not None


def _file_name(url: str) -> str:
    """Return the path in a file URL, 'file:///C:/a.mp4' being 'C:/a.mp4'; other spellings as they are."""
    name = url.removeprefix("file://")
    return name[1:] if re.match(r"/[A-Za-z]:[/\\]", name) else name
