"""What an ELAN document holds: media with their time origins, and tiers of annotations with times.

After the EAF 3.0 schema (mpi.nl/tools/elan/EAFv3.0.xsd). `TIME_ORIGIN` of a media descriptor is the moment of that
medium, in milliseconds, at which the document's own time begins. Linked files hold no video, so theirs moves nothing.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element

from actscribe.errors import ActScribeError


@dataclass(frozen=True, slots=True)
class Media:
    """A medium: its addresses as they stand in the file, and the seconds by which the document's time is behind its."""

    urls: tuple[str, ...]
    origin: float


@dataclass(frozen=True, slots=True)
class Span:
    """An annotation: its id, its value, and its times in milliseconds of the document."""

    identifier: str
    value: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Tier:
    """A tier.

    Args:
        name, participant: as they stand in the file.
        spans: in the order of the file.
        hangs: its annotations have the times of those of another tier that they refer to.
        divides: several refer to one, so that they share its time in a way that the file does not tell.
    """

    name: str
    participant: str
    spans: tuple[Span, ...]
    hangs: bool = False
    divides: bool = False


@dataclass(frozen=True, slots=True)
class Document:
    """Media and tiers, in the order of the file."""

    media: tuple[Media, ...]
    tiers: tuple[Tier, ...]


def parse(path: Path, root: Element) -> Document:
    """Return what an EAF file holds.

    Raises:
        ActScribeError: an id that is there twice, a reference to nothing, an annotation without usable times, or times
            that do not count milliseconds.
    """
    header = root.find("HEADER")
    units = "milliseconds" if header is None else header.get("TIME_UNITS", "milliseconds")
    if units != "milliseconds":
        raise ActScribeError(
            f"{path}: counts time in {units} (TIME_UNITS), which ELAN itself no longer does.",
            "Open it in ELAN and save it again.",
        )
    _refuse_doubled(path, root)
    values = {_id(path, slot, "TIME_SLOT_ID"): slot.get("TIME_VALUE") for slot in root.iter("TIME_SLOT")}
    slots = {name: _milliseconds(path, name, value) for name, value in values.items()}
    aligned = {tier.get("TIER_ID", ""): _aligned(path, tier, slots) for tier in root.iter("TIER")}
    known = {span.identifier: span for spans in aligned.values() for span in spans}
    refers = {one.get("ANNOTATION_ID", ""): one.get("ANNOTATION_REF", "") for one in root.iter("REF_ANNOTATION")}
    tiers = tuple(_tier(path, tier, aligned[tier.get("TIER_ID", "")], known, refers) for tier in root.iter("TIER"))
    media = [one for one in (_media(path, item) for item in root.iter("MEDIA_DESCRIPTOR")) if one.urls]
    older = "" if header is None else header.get("MEDIA_FILE", "")  # before EAF 2.0, the only place
    return Document(tuple(media) or ((Media((older,), 0.0),) if older else ()), tiers)


def _refuse_doubled(path: Path, root: Element) -> None:
    """Refuse ids that are there twice: a reference to one would mean either."""
    for what, tags, name in (
        ("tiers", ("TIER",), "TIER_ID"),
        ("annotations", ("ALIGNABLE_ANNOTATION", "REF_ANNOTATION"), "ANNOTATION_ID"),
        ("time slots", ("TIME_SLOT",), "TIME_SLOT_ID"),
    ):
        seen: set[str] = set()
        for identifier in (_id(path, element, name) for tag in tags for element in root.iter(tag)):
            if identifier in seen:
                raise ActScribeError(
                    f"{path}: two {what} have the {name} '{identifier}'.",
                    "ELAN never writes that: the file was edited or merged by another program. Rename one of them.",
                )
            seen.add(identifier)


def _id(path: Path, element: Element, name: str) -> str:
    found = element.get(name)
    if found is None:
        raise ActScribeError(
            f"{path}: is not a sound ELAN file: a <{element.tag}> has no {name}.", "Open it in ELAN and save it again."
        )
    return found


def _media(path: Path, item: Element) -> Media:
    urls = (item.get("MEDIA_URL", ""), item.get("RELATIVE_MEDIA_URL", ""))
    origin = _milliseconds(path, "TIME_ORIGIN", item.get("TIME_ORIGIN") or "0")
    return Media(tuple(url for url in urls if url), (origin or 0.0) / 1000)


def _milliseconds(path: Path, where: str, text: str | None) -> float | None:
    try:
        return None if text is None else float(int(text))
    except (ValueError, OverflowError):
        found = (text or "")[:40]
        raise ActScribeError(f"{path}: is not a sound ELAN file: {where} is '{found}', not milliseconds.") from None


def _tier(path: Path, tier: Element, aligned: tuple[Span, ...], known: dict[str, Span], refers: dict[str, str]) -> Tier:
    """Return a tier; `known`: annotations with times of their own; `refers`: those without -> the one they refer to."""
    name, participant = _id(path, tier, "TIER_ID"), tier.get("PARTICIPANT") or ""
    hanging = []
    parents = []
    for element in tier.iter("REF_ANNOTATION"):
        identifier = _id(path, element, "ANNOTATION_ID")
        parents.append(refers[identifier])
        above, steps = parents[-1], 0
        while above in refers and steps <= len(refers):  # no chain is longer; one that goes in a circle ends nowhere
            above, steps = refers[above], steps + 1
        if above not in known:
            raise ActScribeError(
                f"{path}: is not a sound ELAN file: tier '{name}', annotation {identifier} refers to '{above}', which"
                " has no time.",
                "Open it in ELAN and save it again.",
            )
        hanging.append(Span(identifier, _value(element), known[above].start, known[above].end))
    return Tier(name, participant, (*aligned, *hanging), bool(hanging), len(set(parents)) < len(parents))


def _aligned(path: Path, tier: Element, slots: dict[str, float | None]) -> tuple[Span, ...]:
    elements = list(tier.iter("ALIGNABLE_ANNOTATION"))
    ends = [_id(path, element, f"TIME_SLOT_REF{end}") for element in elements for end in (1, 2)]
    unknown = next((end for end in ends if end not in slots), None)
    if unknown is not None:
        raise ActScribeError(
            f"{path}: is not a sound ELAN file: tier '{tier.get('TIER_ID')}' refers to the time slot '{unknown}', which"
            " is not there.",
            "Open it in ELAN and save it again.",
        )
    times = _filled(path, tier.get("TIER_ID", ""), [slots[end] for end in ends])
    return tuple(
        Span(element.get("ANNOTATION_ID", ""), _value(element), *times[2 * place : 2 * place + 2])
        for place, element in enumerate(elements)
    )


def _value(element: Element) -> str:
    return element.findtext("ANNOTATION_VALUE") or ""


def _filled(path: Path, tier: str, times: list[float | None]) -> list[float]:
    """Fill slots that ELAN left without a time (subdivided annotations) evenly between their neighbours."""
    known = [position for position, time in enumerate(times) if time is not None]
    if times and (not known or known[0] != 0 or known[-1] != len(times) - 1):
        raise ActScribeError(f"{path}: tier '{tier}' begins or ends with an annotation that has no time.")
    filled = [time if time is not None else 0.0 for time in times]
    for left, right in itertools.pairwise(known):
        # An annotation's end and the start of the next one are one moment.
        first, last = (left + 1) // 2, (right + 1) // 2
        for position in range(left + 1, right):
            share = ((position + 1) // 2 - first) / (last - first)
            filled[position] = filled[left] + share * (filled[right] - filled[left])
    return filled
