"""ELAN `.eaf`.

How labels are found (ours): the label of an annotation is its value; where the value is empty, it is the name of its
tier. So both habits work: one tier per label with empty values, and one tier with the label as value. The tier's
participant is the subject. Every tier with its own times is read, or those that are chosen by name; a symbolic tier,
whose annotations hang on those of another one, only if it is chosen by name. The document's time counts from each
medium's time origin, so media with different origins are entries with different times.

What is written (`elan_write.py`): one tier per label and subject, named after both, with the label as value and all
labels as controlled vocabulary. Annotations of one tier must not overlap in ELAN, so an overlapping one moves to a
further tier. ELAN knows no annotation shorter than 1 ms: a point event becomes 1 ms long.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

from actscribe.annotations.elan_document import Media, Tier, parse
from actscribe.annotations.elan_write import write
from actscribe.annotations.entry import Entry
from actscribe.annotations.format import Format
from actscribe.annotations.frame_clock import FrameClock
from actscribe.annotations.interval import Annotations, Interval
from actscribe.annotations.label_sources import label_sources
from actscribe.annotations.media import is_there
from actscribe.annotations.text import interval_at
from actscribe.annotations.tier_choice import TierChoice
from actscribe.errors import ActScribeError


def read(path: Path, clock: FrameClock | None = None) -> list[Entry]:
    """Return the annotations of every tier that has its own times, as `read_tiers` without a choice."""
    return read_tiers(path, TierChoice())


def read_tiers(path: Path, choice: TierChoice) -> list[Entry]:
    """Return the annotations of the tiers that are chosen, one entry for all media that begin at the same moment.

    A tier that hangs on another one's annotations is read, with their times, where it is chosen by name. What is left
    out is noted in the log.

    Raises:
        ActScribeError: not an EAF file, no such tier, or an annotation without usable times.
    """
    document = parse(path)
    tiers = set(choice.pick(path, [tier.name for tier in document.tiers], [t.name for t in document.tiers if t.hangs]))
    chosen = [tier for tier in document.tiers if tier.name in tiers]
    divided = next((tier for tier in chosen if tier.divides), None)
    if divided is not None:
        raise ActScribeError(
            f"{path}: tier '{divided.name}' subdivides another tier and has no times of its own.",
            "Give it times in ELAN (a tier type 'Time Subdivision' or 'Included In'), or do not choose it.",
        )
    by_tier = [(tier.name, _intervals(path, tier)) for tier in chosen]
    intervals = [interval for _, of_tier in by_tier for interval in of_tier]
    places = label_sources("tier", ((interval.label, name) for name, of_tier in by_tier for interval in of_tier))
    origins = dict.fromkeys(media.origin for media in document.media) or {0.0: None}
    read = {tier.name: tier.name in tiers for tier in document.tiers}
    return [_entry(path, document.media, intervals, document.labels, origin, places, read) for origin in origins]


def _entry(
    path: Path,
    all_media: Sequence[Media],
    intervals: list[Interval],
    labels: Sequence[str],
    origin: float,
    places: Mapping[str, str],
    tiers: Mapping[str, bool],
) -> Entry:
    media = [item for item in all_media if item.origin == origin]
    names = tuple(_video(path, item) for item in media)
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
            for one in (intervals if origin else ())
        ]
        annotations = Annotations.of(moved if origin else intervals, names, labels=labels)
        return replace(annotations, label_sources=places, tiers=tiers)

    return Entry(names[0] if names else "", matched, read)


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


def _video(path: Path, media: Media) -> str:
    """Return the first of a video's addresses that leads to a file, as ELAN opens it; the first where none does."""
    names = [_file_name(url) for url in media.urls]
    return next((name for name in names if is_there(path.absolute().parent / name)), names[0])


def _file_name(url: str) -> str:
    """Return the path in a file URL, 'file:///C:/a.mp4' being 'C:/a.mp4'; other spellings as they are.

    ELAN writes the path as it is, others percent-encode it: an encoded one holds neither spaces nor umlauts.
    """
    name = url.removeprefix("file://")
    if url.isascii() and " " not in url:
        name = unquote(name)
    return name[1:] if re.match(r"/[A-Za-z]:[/\\]", name) else name


FORMAT = Format(
    title="ELAN",
    ending=".eaf",
    resolution=0.001,
    keeps=frozenset({"subject", "media", "further media", "labels", "notes"}),
    read=read,
    write=write,
    becomes_label="the annotation's value; if it is empty, its tier's name. The tier's participant is the subject",
    passed_over="symbolic tiers, unless chosen by name",
    offered="a tier each, and the controlled vocabulary",
    read_tiers=read_tiers,
    root="ANNOTATION_DOCUMENT",
)
