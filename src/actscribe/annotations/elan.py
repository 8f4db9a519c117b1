"""ELAN `.eaf`.

How labels are found (ours): the label of an annotation is its value; where the value is empty, it is the name of its
tier. So both habits work: one tier per label with empty values, and one tier with the label as value. The tier's
participant is the subject. Every tier with its own times is read, or those that are chosen by name; a symbolic tier,
whose annotations hang on those of another one, only if it is chosen by name. The document's time counts from each
medium's time origin, so media with different origins are entries with different times.

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

from actscribe.annotations.elan_document import Document, Tier, parse
from actscribe.annotations.entry import Entry
from actscribe.annotations.frame_clock import FrameClock
from actscribe.annotations.interval import Annotations, Interval
from actscribe.annotations.text import check_writable, interval_at, milliseconds, read_xml
from actscribe.annotations.tier_choice import TierChoice
from actscribe.errors import ActScribeError
from actscribe.files import write_text


def read(path: Path, clock: FrameClock | None = None) -> list[Entry]:
    """Return the annotations of every tier that has its own times, as `read_tiers` without a choice."""
    return read_tiers(path, TierChoice())


def read_tiers(path: Path, choice: TierChoice) -> list[Entry]:
    """Return the annotations of the tiers that are chosen, one entry for all media that begin at the same moment.

    A tier that hangs on another one's annotations is read, with their times, where it is chosen by name. What is left
    out is said in the log.

    Raises:
        ActScribeError: not an EAF file, no such tier, or an annotation without usable times.
    """
    document = parse(path, read_xml(path))
    tiers = choice.pick(path, [tier.name for tier in document.tiers], [t.name for t in document.tiers if t.hangs])
    chosen = [tier for tier in document.tiers if tier.name in tiers]
    divided = next((tier for tier in chosen if tier.divides), None)
    if divided is not None:
        raise ActScribeError(
            f"{path}: tier '{divided.name}' divides the annotations of another one, without times of its own.",
            "Give it times in ELAN (a tier type 'Time Subdivision' or 'Included In'), or do not choose it.",
        )
    intervals = [interval for tier in chosen for interval in _intervals(path, tier)]
    origins = dict.fromkeys(media.origin for media in document.media) or {0.0: None}
    return [_entry(path, document, intervals, origin) for origin in origins]


def _entry(path: Path, document: Document, intervals: list[Interval], origin: float) -> Entry:
    media = [item for item in document.media if item.origin == origin]
    names = tuple(_file_name(item.urls[0]) for item in media)
    # What ELAN adds beside the address, relative to the document, finds a video that was moved together with it.
    matched = tuple(dict.fromkeys(_file_name(url) for item in media for url in item.urls))

    def read() -> Annotations:
        moved = [
            interval_at(
                path,
                f"with the time origin {origin:g} s",
                one.label,
                round(one.start + origin, 6),
                round(one.end + origin, 6),
                one.subject,
            )
            for one in intervals
        ]
        return Annotations.of(moved if origin else intervals, names)

    return Entry(names[0] if names else "", matched, read)


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


def _intervals(path: Path, tier: Tier) -> list[Interval]:
    return [
        interval_at(
            path,
            f"tier '{tier.name}', annotation {span.identifier}",
            span.value if span.value.strip() else tier.name,
            span.start / 1000,
            span.end / 1000,
            tier.participant,
        )
        for span in tier.spans
    ]


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
