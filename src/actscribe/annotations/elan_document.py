"""What an ELAN document holds: media with their time origins, and tiers of annotations with times.

After the EAF 3.0 schema (mpi.nl/tools/elan/EAFv3.0.xsd). `TIME_ORIGIN` of a media descriptor is the moment of that
medium, in milliseconds, at which the document's own time begins. Linked files hold no video, so theirs moves nothing.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree.ElementTree import Element, TreeBuilder

from actscribe.annotations.interval import is_gap
from actscribe.annotations.text import parse_xml
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
    """Media, tiers, and the values of the vocabularies that annotations are chosen from, in the order of the file."""

    media: tuple[Media, ...]
    tiers: tuple[Tier, ...]
    labels: tuple[str, ...] = ()


#: An annotation as it stands in the file: its id, its time slots or what it refers to, and its value.
_Aligned = tuple[str | None, str | None, str | None, str]
_Referring = tuple[str | None, str, str]


@dataclass(slots=True)
class _TierRead:
    attributes: dict[str, str]
    aligned: list[_Aligned] = field(default_factory=list)
    referring: list[_Referring] = field(default_factory=list)


class _Reader:
    """Takes in an EAF file as it is read; of time slots and annotations no tree is kept, of all else there is one."""

    def __init__(self) -> None:
        self.slots: dict[str | None, str | None] = {}
        self.doubled_slot: str | None = None
        self.tiers: list[_TierRead] = []
        #: What stands outside of any tier, where no file of ELAN's has it.
        self.outside = _TierRead({})
        self._builder = TreeBuilder()
        self._open: list[_TierRead] = []
        self._annotation: tuple[str, dict[str, str]] | None = None
        self._depth = 0  # below the annotation
        self._value: list[str] | None = None
        self._text = ""
        self._values: dict[str, str] = {}
        self._valued = False

    def root(self) -> Element:
        """Return the tree of all else."""
        return self._builder.close()

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "TIME_SLOT":
            name = attributes.get("TIME_SLOT_ID")
            if name in self.slots and name is not None and self.doubled_slot is None:
                self.doubled_slot = name
            self.slots[name] = attributes.get("TIME_VALUE")
        elif self._annotation is not None:
            self._depth += 1
            if self._depth == 1 and tag == "ANNOTATION_VALUE" and not self._valued:
                self._value, self._valued = [], True
            elif self._depth == 2:
                self._close_value()
        elif tag in ("ALIGNABLE_ANNOTATION", "REF_ANNOTATION"):
            self._annotation, self._depth, self._value, self._text, self._valued = (tag, attributes), 0, None, "", False
        elif tag != "ANNOTATION":
            self._builder.start(tag, attributes)
            if tag == "TIER":
                self.tiers.append(_TierRead(attributes))
                self._open.append(self.tiers[-1])

    def end(self, tag: str) -> None:
        if tag == "TIME_SLOT":
            return
        if self._annotation is not None:
            if self._depth:
                self._depth -= 1
                if self._depth == 0:
                    self._close_value()
                return
            (kind, attributes), self._annotation = self._annotation, None
            tier = self._open[-1] if self._open else self.outside
            value = self._values.setdefault(self._text, self._text)
            if kind == "REF_ANNOTATION":
                tier.referring.append((attributes.get("ANNOTATION_ID"), attributes.get("ANNOTATION_REF", ""), value))
            else:
                ends = attributes.get("TIME_SLOT_REF1"), attributes.get("TIME_SLOT_REF2")
                tier.aligned.append((attributes.get("ANNOTATION_ID"), *ends, value))
        elif tag != "ANNOTATION":
            self._builder.end(tag)
            if tag == "TIER":
                self._open.pop()

    def text(self, text: str) -> None:
        if self._value is not None:
            self._value.append(text)
        elif self._annotation is None:
            self._builder.data(text)

    def _close_value(self) -> None:
        if self._value is not None:
            self._text, self._value = "".join(self._value), None


def parse(path: Path) -> Document:
    """Return what an EAF file holds.

    Raises:
        ActScribeError: an id that is there twice, a reference to nothing, an annotation without usable times, or times
            that do not count milliseconds.
    """
    read = _Reader()
    parse_xml(path, read.start, read.end, read.text)
    root = read.root()
    header = root.find("HEADER")
    units = "milliseconds" if header is None else header.get("TIME_UNITS", "milliseconds")
    if units != "milliseconds":
        raise ActScribeError(
            f"{path}: counts time in {units} (TIME_UNITS), which ELAN itself no longer does.",
            "Open it in ELAN and save it again.",
        )
    _refuse_doubled(path, read)
    slots = {name or "": _milliseconds(path, name or "", value) for name, value in read.slots.items()}
    read.slots.clear()
    aligned = [_aligned(path, tier, slots) for tier in read.tiers]
    referring = [one for tier in (*read.tiers, read.outside) for one in tier.referring]
    refers = {identifier or "": above for identifier, above, _ in referring}
    known = {span.identifier: span for spans in aligned for span in spans} if refers else {}
    tiers = tuple(_tier(path, tier, own, known, refers) for tier, own in zip(read.tiers, aligned, strict=True))
    media = [one for one in (_media(path, item) for item in root.iter("MEDIA_DESCRIPTOR")) if one.urls]
    older = "" if header is None else header.get("MEDIA_FILE", "")  # before EAF 2.0, the only place
    return Document(tuple(media) or ((Media((older,), 0.0),) if older else ()), tiers, tuple(_labels(root)))


def _labels(root: Element) -> list[str]:
    """Return the values of the controlled vocabularies that annotations are chosen from, in their order."""
    named = {kind.get("CONTROLLED_VOCABULARY_REF") for kind in root.iter("LINGUISTIC_TYPE")}
    used = [entries for entries in root.iter("CONTROLLED_VOCABULARY") if entries.get("CV_ID") in named]
    values = [value.text or "" for entries in used for tag in ("CVE_VALUE", "CV_ENTRY") for value in entries.iter(tag)]
    return [value for value in values if value.strip() and not is_gap(value)]


def _refuse_doubled(path: Path, read: _Reader) -> None:
    """Refuse ids that are there twice: a reference to one would mean either."""
    tiers = [*read.tiers, read.outside]
    annotations = itertools.chain(
        (("ALIGNABLE_ANNOTATION", one[0]) for tier in tiers for one in tier.aligned),
        (("REF_ANNOTATION", one[0]) for tier in tiers for one in tier.referring),
    )
    _refuse_twice(path, "tiers", "TIER_ID", (("TIER", tier.attributes.get("TIER_ID")) for tier in read.tiers))
    _refuse_twice(path, "annotations", "ANNOTATION_ID", annotations)
    again = [read.doubled_slot] if read.doubled_slot is not None else []
    _refuse_twice(path, "time slots", "TIME_SLOT_ID", (("TIME_SLOT", name) for name in (*read.slots, *again)))


def _refuse_twice(path: Path, what: str, name: str, elements: Iterable[tuple[str, str | None]]) -> None:
    identifiers: set[str] = set()
    for tag, identifier in elements:
        if identifier is None:
            raise _lacking(path, tag, name)
        if identifier in identifiers:
            raise ActScribeError(
                f"{path}: two {what} have the {name} '{identifier}'.",
                "ELAN never writes that: the file was edited or merged by another program. Rename one of them.",
            )
        identifiers.add(identifier)


def _lacking(path: Path, tag: str, name: str) -> ActScribeError:
    return ActScribeError(
        f"{path}: is not a valid ELAN file: a <{tag}> has no {name}.", "Open it in ELAN and save it again."
    )


def _media(path: Path, item: Element) -> Media:
    urls = (item.get("MEDIA_URL", ""), item.get("RELATIVE_MEDIA_URL", ""))
    origin = _milliseconds(path, "TIME_ORIGIN", item.get("TIME_ORIGIN") or "0")
    return Media(tuple(url for url in urls if url), (origin or 0.0) / 1000)


def _milliseconds(path: Path, where: str, text: str | None) -> float | None:
    try:
        return None if text is None else float(int(text))
    except (ValueError, OverflowError):
        excerpt = (text or "")[:40]
        raise ActScribeError(f"{path}: is not a valid ELAN file: {where} is '{excerpt}', not milliseconds.") from None


def _tier(
    path: Path, tier: _TierRead, aligned: tuple[Span, ...], known: dict[str, Span], refers: dict[str, str]
) -> Tier:
    """Return a tier; `known`: annotations with times of their own; `refers`: those without -> the one they refer to."""
    name, participant = tier.attributes.get("TIER_ID", ""), tier.attributes.get("PARTICIPANT") or ""
    hanging = []
    parents = []
    for identifier, parent, value in tier.referring:
        parents.append(parent)
        above, steps = parent, 0
        while above in refers and steps <= len(refers):  # no chain is longer; one that goes in a circle ends nowhere
            above, steps = refers[above], steps + 1
        if above not in known:
            raise ActScribeError(
                f"{path}: is not a valid ELAN file: tier '{name}', annotation {identifier} refers to '{above}', which"
                " has no time.",
                "Open it in ELAN and save it again.",
            )
        hanging.append(Span(identifier or "", value, known[above].start, known[above].end))
    return Tier(name, participant, (*aligned, *hanging), bool(hanging), len(set(parents)) < len(parents))


def _aligned(path: Path, tier: _TierRead, slots: dict[str, float | None]) -> tuple[Span, ...]:
    """Return the annotations of a tier that have times, and let go of how they stand in the file."""
    ends: list[str] = []
    for _, first, last, _ in tier.aligned:
        for number, end in ((1, first), (2, last)):
            if end is None:
                raise _lacking(path, "ALIGNABLE_ANNOTATION", f"TIME_SLOT_REF{number}")
            ends.append(end)
    unknown = next((end for end in ends if end not in slots), None)
    if unknown is not None:
        raise ActScribeError(
            f"{path}: is not a valid ELAN file: tier '{tier.attributes.get('TIER_ID')}' refers to the time slot"
            f" '{unknown}', which is not there.",
            "Open it in ELAN and save it again.",
        )
    times = _filled(path, tier.attributes.get("TIER_ID", ""), [slots[end] for end in ends])
    spans = tuple(
        Span(identifier or "", value, times[2 * index], times[2 * index + 1])
        for index, (identifier, _, _, value) in enumerate(tier.aligned)
    )
    tier.aligned.clear()
    return spans


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
