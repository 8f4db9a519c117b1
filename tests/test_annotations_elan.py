"""ELAN files against the XML itself, and hand-written EAF files."""

from __future__ import annotations

import os
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest

from actscribe.annotations import Annotations, Interval, read, write
from actscribe.errors import ActScribeError

SUCTION = Interval("Suction", 1.25, 2.5, "nurse")
CPAP = Interval("CPAP", 2.0, 4.0)

HEADER = """<?xml version="1.0" encoding="UTF-8"?>
<ANNOTATION_DOCUMENT AUTHOR="" DATE="2020-01-01T00:00:00+00:00" FORMAT="3.0" VERSION="3.0"
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
    xsi:noNamespaceSchemaLocation="http://www.mpi.nl/tools/elan/EAFv3.0.xsd">
<HEADER MEDIA_FILE="" TIME_UNITS="milliseconds">
<MEDIA_DESCRIPTOR MEDIA_URL="file:///C:/videos/baby 1.mp4" MIME_TYPE="video/mp4"/>
</HEADER>
"""
TYPES = '<LINGUISTIC_TYPE LINGUISTIC_TYPE_ID="t" TIME_ALIGNABLE="true"/>\n</ANNOTATION_DOCUMENT>\n'


def eaf(folder: Path, slots: dict[str, int | None], tiers: str) -> Path:
    times = "".join(
        f'<TIME_SLOT TIME_SLOT_ID="{name}"{"" if time is None else f" TIME_VALUE={chr(34)}{time}{chr(34)}"}/>'
        for name, time in slots.items()
    )
    path = folder / "by_hand.eaf"
    path.write_text(f"{HEADER}<TIME_ORDER>{times}</TIME_ORDER>\n{tiers}{TYPES}", encoding="utf-8")
    return path


def aligned(name: str, start: str, end: str, value: str) -> str:
    return (
        f'<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="{name}" TIME_SLOT_REF1="{start}" TIME_SLOT_REF2="{end}">'
        f"<ANNOTATION_VALUE>{value}</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>"
    )


def tier(name: str, *found: str, participant: str = "") -> str:
    who = f' PARTICIPANT="{participant}"' if participant else ""
    return f'<TIER LINGUISTIC_TYPE_REF="t" TIER_ID="{name}"{who}>{"".join(found)}</TIER>\n'


def test_what_is_written_is_an_eaf_with_a_tier_per_label_and_subject(tmp_path: Path) -> None:
    path = tmp_path / "a.eaf"
    write(path, Annotations((SUCTION, CPAP), media=("/data/a.mp4",)), "elan")
    root = ElementTree.parse(path).getroot()
    assert root.tag == "ANNOTATION_DOCUMENT"
    slots = {slot.get("TIME_SLOT_ID"): int(slot.get("TIME_VALUE")) for slot in root.iter("TIME_SLOT")}
    found = {}
    for one in root.iter("TIER"):
        for annotation in one.iter("ALIGNABLE_ANNOTATION"):
            span = (slots[annotation.get("TIME_SLOT_REF1")], slots[annotation.get("TIME_SLOT_REF2")])
            found[one.get("TIER_ID"), one.get("PARTICIPANT"), annotation.findtext("ANNOTATION_VALUE")] = span
    assert found == {
        ("Suction @ nurse", "nurse", "Suction"): (1250, 2500),
        ("CPAP", None, "CPAP"): (2000, 4000),
    }
    kinds = {kind.get("LINGUISTIC_TYPE_ID") for kind in root.iter("LINGUISTIC_TYPE")}
    assert {one.get("LINGUISTIC_TYPE_REF") for one in root.iter("TIER")} <= kinds
    media = root.find("HEADER/MEDIA_DESCRIPTOR")
    way = os.path.relpath("/data/a.mp4", tmp_path)
    assert (media.get("MEDIA_URL"), media.get("RELATIVE_MEDIA_URL")) == ("file:///data/a.mp4", way)
    assert media.get("MIME_TYPE") == "video/mp4"


def test_annotations_of_a_tier_never_overlap(tmp_path: Path) -> None:
    path = tmp_path / "a.eaf"
    found = [Interval("Suction", 0, 3), Interval("Suction", 1, 2), Interval("Suction", 2, 4), Interval("Suction", 3, 5)]
    # A label that is spelled like the tier of another label and subject must not land in that tier.
    found += [Interval("A", 0, 1, "B"), Interval("A @ B", 2, 3)]
    write(path, Annotations.of(found), "elan")
    root = ElementTree.parse(path).getroot()
    slots = {slot.get("TIME_SLOT_ID"): int(slot.get("TIME_VALUE")) for slot in root.iter("TIME_SLOT")}
    for one in root.iter("TIER"):
        spans = sorted(
            (slots[a.get("TIME_SLOT_REF1")], slots[a.get("TIME_SLOT_REF2")])
            for a in one.iter()
            if len(a.attrib) > 2 and a.get("TIME_SLOT_REF1")
        )
        assert all(before[1] <= after[0] for before, after in pairwise(spans))
    assert read(path).intervals == Annotations.of(found).intervals


def test_the_label_is_the_value_or_else_the_tier(tmp_path: Path) -> None:
    slots = {"ts1": 0, "ts2": 1000, "ts3": 1500, "ts4": 2000}
    path = eaf(
        tmp_path,
        slots,
        tier("Ventilation", aligned("a1", "ts1", "ts2", ""), aligned("a2", "ts3", "ts4", "PPV"), participant="P1")
        + tier("Suction", aligned("a3", "ts1", "ts4", "  ")),
    )
    found = read(path)
    assert found.intervals == (
        Interval("Ventilation", 0.0, 1.0, "P1"),
        Interval("Suction", 0.0, 2.0),
        Interval("PPV", 1.5, 2.0, "P1"),
    )
    assert found.media == ("C:/videos/baby 1.mp4",)


def test_times_that_elan_leaves_out_lie_evenly_between(tmp_path: Path) -> None:
    slots = {"ts1": 1000, "ts2": None, "ts3": None, "ts4": None, "ts5": None, "ts6": 4000}
    path = eaf(
        tmp_path,
        slots,
        tier("x", aligned("a1", "ts1", "ts2", "a"), aligned("a2", "ts3", "ts4", "b"), aligned("a3", "ts5", "ts6", "c")),
    )
    assert read(path).intervals == (Interval("a", 1, 2), Interval("b", 2, 3), Interval("c", 3, 4))


def test_symbolic_tiers_are_passed_over(tmp_path: Path) -> None:
    hanging = (
        '<ANNOTATION><REF_ANNOTATION ANNOTATION_ID="a2" ANNOTATION_REF="a1">'
        "<ANNOTATION_VALUE>comment</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION>"
    )
    path = eaf(tmp_path, {"ts1": 0, "ts2": 10}, tier("Suction", aligned("a1", "ts1", "ts2", "")) + tier("c", hanging))
    assert read(path).intervals == (Interval("Suction", 0.0, 0.01),)


@pytest.mark.parametrize(
    ("slots", "problem"),
    [
        ({"ts1": 2000, "ts2": 1000}, "tier 'Suction', annotation a1: 'Suction' from 2.0 s to 1.0 s"),
        ({"ts1": None, "ts2": 1000}, "tier 'Suction' begins or ends with an annotation that has no time"),
        ({"ts1": -5, "ts2": 1000}, "from -0.005 s"),
    ],
)
def test_impossible_times_name_tier_and_annotation(tmp_path: Path, slots: dict, problem: str) -> None:
    path = eaf(tmp_path, slots, tier("Suction", aligned("a1", "ts1", "ts2", "")))
    with pytest.raises(ActScribeError, match=problem) as caught:
        read(path)
    assert str(path) in str(caught.value)


def test_entities_are_refused_before_pympi_expands_them(tmp_path: Path) -> None:
    path = tmp_path / "bomb.eaf"
    entities = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
    path.write_text(HEADER.replace("<ANNOTATION_DOCUMENT", f"{entities}<ANNOTATION_DOCUMENT") + TYPES, encoding="utf-8")
    with pytest.raises(ActScribeError, match="declares XML entities"):
        read(path)


def test_an_eaf_that_pympi_cannot_read_is_explained(tmp_path: Path) -> None:
    path = eaf(
        tmp_path,
        {"ts1": 0, "ts2": 10},
        tier("x", '<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a1"/></ANNOTATION>'),
    )
    with pytest.raises(ActScribeError, match="not a sound ELAN file") as caught:
        read(path)
    assert "save it again" in caught.value.hint


def test_writing_over_a_file_leaves_no_backup_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "a.eaf"
    for _ in range(2):
        write(path, Annotations((CPAP,)), "elan")
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.eaf"]


def test_another_encoding_that_the_file_declares_is_read(tmp_path: Path) -> None:
    path = eaf(tmp_path, {"ts1": 0, "ts2": 10}, tier("Süd", aligned("a1", "ts1", "ts2", "")))
    text = path.read_text(encoding="utf-8").replace("UTF-8", "ISO-8859-1", 1)
    path.write_bytes(text.encode("latin-1"))
    assert read(path).labels == ("Süd",)
