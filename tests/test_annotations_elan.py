"""ELAN files against the XML itself, and hand-written EAF files."""

from __future__ import annotations

import os
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner
from videos import make_video

from actscribe.annotations import Annotations, Interval, read, write
from actscribe.annotations.elan_document import _Reader
from actscribe.cli import app
from actscribe.data.loading import load_recording
from actscribe.data.manifest import Row
from actscribe.errors import ActScribeError
from actscribe.labels import LabelSet
from actscribe.settings.study import Study

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


def tier(name: str, *annotations: str, participant: str = "") -> str:
    who = f' PARTICIPANT="{participant}"' if participant else ""
    return f'<TIER LINGUISTIC_TYPE_REF="t" TIER_ID="{name}"{who}>{"".join(annotations)}</TIER>\n'


def test_what_is_written_is_an_eaf_with_a_tier_per_label_and_subject(tmp_path: Path) -> None:
    path = tmp_path / "a.eaf"
    write(path, Annotations((SUCTION, CPAP), media=("/data/a.mp4",)), "elan")
    root = ElementTree.parse(path).getroot()
    assert root.tag == "ANNOTATION_DOCUMENT"
    slots = {slot.get("TIME_SLOT_ID"): int(slot.get("TIME_VALUE")) for slot in root.iter("TIME_SLOT")}
    spans = {}
    for one in root.iter("TIER"):
        for annotation in one.iter("ALIGNABLE_ANNOTATION"):
            span = (slots[annotation.get("TIME_SLOT_REF1")], slots[annotation.get("TIME_SLOT_REF2")])
            spans[one.get("TIER_ID"), one.get("PARTICIPANT"), annotation.findtext("ANNOTATION_VALUE")] = span
    assert spans == {
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
    intervals = [
        Interval("Suction", 0, 3),
        Interval("Suction", 1, 2),
        Interval("Suction", 2, 4),
        Interval("Suction", 3, 5),
    ]
    # A label that is spelled like the tier of another label and subject must not land in that tier.
    intervals += [Interval("A", 0, 1, "B"), Interval("A @ B", 2, 3)]
    write(path, Annotations.of(intervals), "elan")
    root = ElementTree.parse(path).getroot()
    slots = {slot.get("TIME_SLOT_ID"): int(slot.get("TIME_VALUE")) for slot in root.iter("TIME_SLOT")}
    for one in root.iter("TIER"):
        spans = sorted(
            (slots[a.get("TIME_SLOT_REF1")], slots[a.get("TIME_SLOT_REF2")])
            for a in one.iter()
            if len(a.attrib) > 2 and a.get("TIME_SLOT_REF1")
        )
        assert all(before[1] <= after[0] for before, after in pairwise(spans))
    assert read(path).intervals == Annotations.of(intervals).intervals


def test_the_label_is_the_value_or_else_the_tier(tmp_path: Path) -> None:
    slots = {"ts1": 0, "ts2": 1000, "ts3": 1500, "ts4": 2000}
    path = eaf(
        tmp_path,
        slots,
        tier("Ventilation", aligned("a1", "ts1", "ts2", ""), aligned("a2", "ts3", "ts4", "PPV"), participant="P1")
        + tier("Suction", aligned("a3", "ts1", "ts4", "  ")),
    )
    annotations = read(path)
    assert annotations.intervals == (
        Interval("Ventilation", 0.0, 1.0, "P1"),
        Interval("Suction", 0.0, 2.0),
        Interval("PPV", 1.5, 2.0, "P1"),
    )
    assert annotations.media == ("C:/videos/baby 1.mp4",)


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


def test_entities_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.eaf"
    entities = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
    path.write_text(HEADER.replace("<ANNOTATION_DOCUMENT", f"{entities}<ANNOTATION_DOCUMENT") + TYPES, encoding="utf-8")
    with pytest.raises(ActScribeError, match="declares XML entities"):
        read(path)


def test_an_annotation_without_times_is_explained(tmp_path: Path) -> None:
    path = eaf(
        tmp_path,
        {"ts1": 0, "ts2": 10},
        tier("x", '<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a1"/></ANNOTATION>'),
    )
    with pytest.raises(ActScribeError, match="not a valid ELAN file") as caught:
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


def media(name: str, origin: int | None = None) -> str:
    moved = "" if origin is None else f' TIME_ORIGIN="{origin}"'
    return f'<MEDIA_DESCRIPTOR MEDIA_URL="file:///D:/study/{name}" RELATIVE_MEDIA_URL="./{name}"{moved}/>'


def with_media(folder: Path, *descriptors: str, more: str = "", units: str = "milliseconds") -> Path:
    body = (
        f'<ANNOTATION_DOCUMENT VERSION="3.0"><HEADER TIME_UNITS="{units}">{"".join(descriptors)}</HEADER>'
        '<TIME_ORDER><TIME_SLOT TIME_SLOT_ID="ts1" TIME_VALUE="1000"/>'
        f'<TIME_SLOT TIME_SLOT_ID="ts2" TIME_VALUE="4000"/></TIME_ORDER>{tier("walk", aligned("a1", "ts1", "ts2", ""))}'
        f"{more}</ANNOTATION_DOCUMENT>"
    )
    path = folder / "origin.eaf"
    path.write_text(body, encoding="utf-8")
    return path


def test_the_time_origin_of_the_medium_is_added(tmp_path: Path) -> None:
    path = with_media(tmp_path, media("cam1.mp4", 12000))
    for video in (None, "cam1.mp4", "/data/cam1.mp4"):
        assert read(path, video).intervals == (Interval("walk", 13.0, 16.0),)
    linked = '<LINKED_FILE_DESCRIPTOR LINK_URL="file:///D:/study/heart.csv" MIME_TYPE="x" TIME_ORIGIN="5000"/>'
    assert read(with_media(tmp_path, media("cam1.mp4"), linked)).intervals == (Interval("walk", 1.0, 4.0),)


def test_media_with_different_origins_have_different_times(tmp_path: Path) -> None:
    path = with_media(tmp_path, media("cam1.mp4"), media("cam2.mp4", 500), media("sound.wav", 0))
    assert read(path, "cam1.mp4").intervals == read(path, "sound.wav").intervals == (Interval("walk", 1.0, 4.0),)
    assert read(path, "cam2.mp4").intervals == (Interval("walk", 1.5, 4.5),)
    assert read(path, "cam1.mp4").media == ("D:/study/cam1.mp4", "D:/study/sound.wav")
    with pytest.raises(ActScribeError, match="holds 2 videos"):
        read(path)
    with pytest.raises(ActScribeError, match=r"with the time origin -2 s: 'walk' from -1.0 s"):
        read(with_media(tmp_path, media("cam1.mp4", -2000)))


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        (tier("walk", aligned("a2", "ts1", "ts2", "x")), "two tiers have the TIER_ID 'walk'"),
        (tier("t", aligned("a1", "ts1", "ts2", "x")), "two annotations have the ANNOTATION_ID 'a1'"),
        ('<TIME_ORDER><TIME_SLOT TIME_SLOT_ID="ts2" TIME_VALUE="9"/></TIME_ORDER>', "two time slots have"),
        (tier("t", aligned("a2", "ts1", "ts9", "x")), "tier 't' refers to the time slot 'ts9', which is not there"),
        ('<TIME_ORDER><TIME_SLOT TIME_SLOT_ID="ts3" TIME_VALUE="1.5"/></TIME_ORDER>', "ts3 is '1.5', not milliseconds"),
    ],
)
def test_what_could_mean_two_things_is_refused(tmp_path: Path, more: str, problem: str) -> None:
    with pytest.raises(ActScribeError, match=problem):
        read(with_media(tmp_path, more=more))


def test_other_units_of_time_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ActScribeError, match="PAL-frames"):
        read(with_media(tmp_path, units="PAL-frames"))


def hanging(identifier: str, reference: str, value: str) -> str:
    return (
        f'<ANNOTATION><REF_ANNOTATION ANNOTATION_ID="{identifier}" ANNOTATION_REF="{reference}">'
        f"<ANNOTATION_VALUE>{value}</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION>"
    )


def labels(path: Path, *tiers: str) -> tuple[str, ...]:
    return tuple(interval.label for interval in read(path, tiers=tiers).intervals)


def test_tiers_are_chosen_by_name(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    more = tier("Notes A", aligned("a2", "ts1", "ts2", "n")) + tier("kind", hanging("a3", "a1", "fast"))
    path = with_media(tmp_path, more=more + tier("of kind", hanging("a4", "a3", "very")))
    assert labels(path) == ("n", "walk")
    assert caplog.messages == [f"{path}: tiers not read, without times of their own: kind, of kind."]
    caplog.clear()
    assert labels(path, "!notes*") == ("walk",)
    assert caplog.messages == [f"{path}: tiers not read, without times of their own: kind, of kind."]
    assert labels(path, "WALK", "kind") == ("fast", "walk")
    assert labels(path, "*kind", "!kind") == ("very",)
    caplog.clear()
    assert labels(path, "walk", "rnu") == ("walk",)
    assert caplog.messages[0] == f"{path}: no tier is called rnu."
    assert read(path, tiers=("kind",)).intervals == (Interval("fast", 1.0, 4.0),)
    with pytest.raises(ActScribeError, match=r"none is chosen by run\*. It has walk, Notes A, kind, of kind"):
        labels(path, "run*")


def test_tiers_of_a_textgrid_are_chosen_too(tmp_path: Path) -> None:
    path = tmp_path / "a.TextGrid"
    write(path, Annotations((Interval("walk", 0, 1), Interval("notes", 2, 3))), "textgrid")
    assert labels(path, "!NOTES") == ("walk",)
    with pytest.raises(ActScribeError, match="none is chosen by run"):
        labels(path, "run")


def test_a_tier_with_brackets_is_chosen_by_its_own_name(tmp_path: Path) -> None:
    path = with_media(tmp_path, more=tier("act [left]", aligned("a2", "ts1", "ts2", "wave")))
    assert labels(path, "act [left]") == ("wave",)


def test_the_medium_of_older_documents(tmp_path: Path) -> None:
    path = with_media(tmp_path)
    path.write_text(path.read_text().replace("<HEADER", '<HEADER MEDIA_FILE="file:///C:/cam.mpg"'))
    assert read(path, "/data/cam.mpg").media == ("C:/cam.mpg",)
    with pytest.raises(ActScribeError, match="is not about"):
        read(path, "/data/other.mpg")


def test_tiers_that_divide_another_one_or_hang_on_nothing_are_refused(tmp_path: Path) -> None:
    path = with_media(tmp_path, more=tier("kind", hanging("a2", "a1", "x") + hanging("a3", "a1", "y")))
    assert labels(path) == ("walk",)
    with pytest.raises(ActScribeError, match="tier 'kind' subdivides another tier"):
        labels(path, "kind")
    for more in (
        hanging("a2", "a9", "x"),
        hanging("a2", "a2", "x"),
        hanging("a2", "a3", "x") + hanging("a3", "a2", "y"),
    ):
        with pytest.raises(ActScribeError, match="which has no time"):
            read(with_media(tmp_path, more=tier("kind", more)))


def test_a_study_and_the_command_line_choose_tiers(tmp_path: Path) -> None:
    path = with_media(tmp_path, more=tier("notes", aligned("a2", "ts1", "ts2", "n")))
    words = ["convert", str(path), str(tmp_path / "a.csv")]
    assert CliRunner().invoke(app, [*words, "--tiers", "walk"]).exit_code == 0
    assert read(tmp_path / "a.csv").intervals == (Interval("walk", 1.0, 4.0),)
    study = {"name": "x", "recordings": "m.csv", "labels": {"name": "x", "task": "multi-label", "labels": ["walk"]}}
    assert Study.model_validate({**study, "tiers": ["!notes"]}).tiers == ("!notes",)
    video = make_video(tmp_path / "origin.mp4", 125)
    labels = LabelSet.model_validate(study["labels"])
    loaded = load_recording(Row(1, video, path, "", "", ""), "origin", labels, ("!notes",))
    assert not loaded.unknown
    assert loaded.recording.intervals == (Interval("walk", 1.0, 4.0),)


def test_no_tree_is_built_of_annotations_and_time_slots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of 200,000 annotations would be a tree of a million elements, half a gigabyte."""
    write(tmp_path / "a.eaf", Annotations.of([Interval("a", 1.0, 2.0), Interval("b", 1.5, 2.0)]), "elan")
    roots = []
    root_of = _Reader.root
    monkeypatch.setattr(_Reader, "root", lambda self: roots.append(root_of(self)) or roots[-1])
    assert len(read(tmp_path / "a.eaf").intervals) == 2
    (root,) = roots
    held = {element.tag for element in root.iter()}
    assert {"TIER", "CVE_VALUE"} <= held
    assert not held & {"TIME_SLOT", "ANNOTATION", "ALIGNABLE_ANNOTATION", "ANNOTATION_VALUE"}
