"""Names that the label set does not know: the message says on which tier, in which category, or whose they are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from actscribe.annotations import Annotations, Interval, read, resolve, write
from actscribe.annotations.label_sources import label_sources
from actscribe.data.unknown import message as message_of
from actscribe.data.unknown import unknown_in
from actscribe.labels import Label, LabelSet

LABELS = LabelSet(name="ours", labels=(Label(name="Suction"),))
EXPORT = (
    "Observation id\tSource\tMedia duration (s)\tSubject\tBehavior\tBehavioral category\tBehavior type\tTime\n"
    "one\ta.mp4\t9\tnurse\tTalk\tspoken\tPOINT\t2.0\n"
)


def message(path: Path) -> str:
    return message_of(unknown_in(read(path), LABELS, path, path.with_name("a.mp4")), LABELS)


def elan(folder: Path) -> Path:
    path = folder / "a.eaf"
    write(path, Annotations.of([Interval("Talk", 2, 3, "nurse"), Interval("Talk", 4, 5, "mother")]), "elan")
    return path


def textgrid(folder: Path) -> Path:
    path = folder / "a.TextGrid"
    tier = 'class = "IntervalTier"\nname = "Mary"\nxmin = 0\nxmax = 9\nintervals: size = 1\n'
    spans = 'xmin = 2\nxmax = 3\ntext = "Talk"\n'
    head = 'File type = "ooTextFile"\nObject class = "TextGrid"\n\nxmin = 0\nxmax = 9\ntiers? <exists>\nsize = 1\n'
    path.write_text(head + tier + spans, encoding="utf-8")
    return path


def boris(folder: Path) -> Path:
    path = folder / "a.boris"
    conf = {"0": {"type": "Point event", "code": "Talk", "category": "spoken"}}
    one = {"file": {"1": ["a.mp4"]}, "media_info": {"length": {"a.mp4": 9.0}}, "events": [[2.0, "", "Talk", "low", ""]]}
    path.write_text(json.dumps({"behaviors_conf": conf, "observations": {"one": one}}), encoding="utf-8")
    return path


def export(folder: Path) -> Path:
    path = folder / "a.tsv"
    path.write_text(EXPORT, encoding="utf-8")
    return path


def table(folder: Path) -> Path:
    path = folder / "a.csv"
    path.write_text("label,start_s,end_s,subject\nTalk,2,3,nurse\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("make", "name", "location"),
    [
        (elan, "Talk", "tiers 'Talk @ mother', 'Talk @ nurse'"),
        (textgrid, "Talk", "tier 'Mary'"),
        (boris, "Talk: low", "category 'spoken'"),
        (export, "Talk", "category 'spoken'"),
        (table, "Talk", "subject 'nurse'"),
    ],
)
def test_the_message_says_where_the_file_keeps_the_name(tmp_path: Path, make, name: str, location: str) -> None:
    path = make(tmp_path)
    assert f"'{name}' ({'2x' if make is elan else '1x'}), first in {path}, 2.000 s of a.mp4 ({location})" in message(
        path
    )


def test_a_label_that_the_manifest_gives_is_looked_for_there_and_not_in_the_video(tmp_path: Path) -> None:
    film = tmp_path / "a.mp4"
    text = message_of(unknown_in(Annotations.of([Interval("Sucton", 0, 2)]), LABELS, None, film), LABELS)
    assert "'Sucton' (1x), first in the manifest's row of a.mp4: did you mean 'Suction'?" in text
    assert "tier" not in text


def test_places_of_spellings_do_not_outlive_the_spellings(tmp_path: Path) -> None:
    annotations = read(elan(tmp_path))
    assert annotations.label_sources
    assert not resolve(annotations, LABELS)[0].label_sources


def test_many_tiers_are_counted() -> None:
    assert label_sources("category", [("x", f"c{n}") for n in range(5)]) == {
        "x": "categories 'c0', 'c1', 'c2' and 2 more"
    }
    assert label_sources("tier", [("x", " "), ("x", "")]) == {}
