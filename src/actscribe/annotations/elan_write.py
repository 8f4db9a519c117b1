"""Writing ELAN files: EAF 3.0 (Max Planck Institute for Psycholinguistics, EAFv3.0.xsd)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from actscribe.annotations.frame_clock import FrameClock
from actscribe.annotations.interval import Annotations, is_gap
from actscribe.annotations.media import file_url, is_absolute, is_there, mime_type, relative_path
from actscribe.annotations.text import NO_DATE, check_writable
from actscribe.annotations.tiers import Tier, tiers
from actscribe.errors import ActScribeError
from actscribe.files import write_text

#: In seconds: milliseconds are unsigned numbers of 32 bits.
_LATEST = (2**32 - 1) / 1000
_SCHEMA = "http://www.mpi.nl/tools/elan/EAFv3.0.xsd"
_SCHEMA_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
#: Names of what tiers are made of: labels come from the vocabulary, spans that nobody annotated do not.
_ACTIVITY, _GAP, _VOCABULARY = "activity", "gap", "labels"
#: ELAN's own entry for a language that is not said.
_LANGUAGE = {
    "LANG_ID": "und",
    "LANG_DEF": "http://cdb.iso.org/lg/CDB-00130975-001",
    "LANG_LABEL": "undetermined (und)",
}


def write(path: Path, annotations: Annotations, clock: FrameClock | None = None) -> None:
    """Write an EAF file with one tier per label and subject, and the labels as controlled vocabulary.

    The video is named twice, as ELAN does it: as a URL and as a way from the file to it. The date is left at the
    beginning of time, so that the same annotations give the same file.

    Raises:
        ActScribeError: an interval ends later than ELAN can count.
    """
    check_writable(path, annotations, "\r", ethogram=True)
    late = next((interval for interval in annotations.as_intervals() if interval.end > _LATEST), None)
    if late:
        raise ActScribeError(f"{path}: '{late.label[:60]}' ends at {late.end:g} s; ELAN counts up to 49 days.")
    written_tiers = tiers(annotations, points=False)
    root = Element("ANNOTATION_DOCUMENT", AUTHOR="ActScribe", DATE=f"{NO_DATE}+00:00", FORMAT="3.0", VERSION="3.0")
    root.set("xmlns:xsi", _SCHEMA_INSTANCE)
    root.set("xsi:noNamespaceSchemaLocation", _SCHEMA)
    header = _header(path, root, annotations.media, sum(len(tier.spans) for tier in written_tiers))
    for number, note in enumerate(annotations.notes, start=1):
        SubElement(header, "PROPERTY", NAME=f"ActScribe note {number}").text = " ".join(note.split())
    _tiers(root, written_tiers, _annotator(annotations))
    _kinds(root, annotations.labels)
    ElementTree.indent(root, "    ")
    write_text(path, '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n")


def _header(path: Path, root: Element, media: Sequence[str], count: int) -> Element:
    header = SubElement(root, "HEADER", MEDIA_FILE="", TIME_UNITS="milliseconds")
    for name in media:
        beside = path.absolute().parent / name
        url = file_url(name if is_absolute(name) or not is_there(beside) else str(beside))
        SubElement(
            header,
            "MEDIA_DESCRIPTOR",
            MEDIA_URL=url,
            MIME_TYPE=mime_type(name),
            RELATIVE_MEDIA_URL=relative_path(path, name),
        )
    SubElement(header, "PROPERTY", NAME="lastUsedAnnotationId").text = str(count)
    return header


def _annotator(annotations: Annotations) -> str:
    """Return who said all of it, where that is one person; else nobody is named."""
    names = {"" if one.origin is None else one.origin.annotator for one in annotations.intervals}
    return names.pop() if len(names) == 1 else ""


def _tiers(root: Element, written_tiers: Sequence[Tier], annotator: str) -> None:
    order = SubElement(root, "TIME_ORDER")
    slots = sorted((time, number, edge, end) for number, edge, end, time in _edges(written_tiers))
    names = {}
    for position, (time, number, edge, end) in enumerate(slots, start=1):
        names[number, edge, end] = f"ts{position}"
        SubElement(order, "TIME_SLOT", TIME_SLOT_ID=f"ts{position}", TIME_VALUE=str(time))
    count = 0
    for number, tier in enumerate(written_tiers):
        kind = _GAP if is_gap(tier.label) else _ACTIVITY
        participant = {"PARTICIPANT": tier.subject} if tier.subject else {}
        by = {"ANNOTATOR": annotator} if annotator else {}
        element = SubElement(root, "TIER", {**by, "LINGUISTIC_TYPE_REF": kind, **participant, "TIER_ID": tier.name})
        for edge in range(len(tier.spans)):
            count += 1
            annotation = SubElement(
                SubElement(element, "ANNOTATION"),
                "ALIGNABLE_ANNOTATION",
                ANNOTATION_ID=f"a{count}",
                TIME_SLOT_REF1=names[number, edge, False],
                TIME_SLOT_REF2=names[number, edge, True],
            )
            SubElement(annotation, "ANNOTATION_VALUE").text = tier.label


def _edges(written_tiers: Sequence[Tier]) -> list[tuple[int, int, bool, int]]:
    """Return tier, position in it, whether it is an end, and the time in milliseconds, of each edge."""
    return [
        (number, position, is_end, time)
        for number, tier in enumerate(written_tiers)
        for position, span in enumerate(tier.spans)
        for is_end, time in zip((False, True), span, strict=True)
    ]


def _kinds(root: Element, labels: Sequence[str]) -> None:
    for kind in (_ACTIVITY, _GAP):
        vocabulary = {"CONTROLLED_VOCABULARY_REF": _VOCABULARY} if kind == _ACTIVITY else {}
        SubElement(
            root,
            "LINGUISTIC_TYPE",
            {**vocabulary, "GRAPHIC_REFERENCES": "false", "LINGUISTIC_TYPE_ID": kind, "TIME_ALIGNABLE": "true"},
        )
    SubElement(root, "LANGUAGE", _LANGUAGE)
    entries = SubElement(root, "CONTROLLED_VOCABULARY", CV_ID=_VOCABULARY)
    SubElement(entries, "DESCRIPTION", LANG_REF="und").text = "labels of the label set"
    for number, label in enumerate(labels):
        entry = SubElement(entries, "CV_ENTRY_ML", CVE_ID=f"cveid{number}")
        SubElement(entry, "CVE_VALUE", DESCRIPTION="", LANG_REF="und").text = label
