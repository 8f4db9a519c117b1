"""What was reviewed is the ground truth of a study's recordings."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import yaml
from journals import did
from short_studies import actscribe, refused
from small_studies import LEFT, RIGHT, film, interval_text, write_manifest, write_study

from actscribe import load_study
from actscribe.annotations import Interval
from actscribe.data.clips import Window, cut, targets
from actscribe.data.loading import StudyData, load_data
from actscribe.data.recording import Recording
from actscribe.journal import AGREED, Bout, Drop, Journal, Mark, Op, Put
from actscribe.typed_words import typed

#: Of r0 to r3; in r3 nobody annotated anything.
WRITTEN = [(LEFT, 0, 1500), (RIGHT, 1000, 2500)]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four videos of four seconds, three with annotations."""
    folder = tmp_path_factory.mktemp("reviewed")
    rows = []
    for index, split in enumerate(("train", "validation", "test", "train")):
        film(folder / f"r{index}.mp4", WRITTEN, 4.0, index)
        name = interval_text(folder / f"r{index}.txt", WRITTEN).name if index < 3 else ""
        rows.append({"video": f"r{index}.mp4", "annotations": name, "group": f"p{index}", "split": split})
    write_manifest(folder, rows)
    write_study(folder)
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path / "study")


def named(data: StudyData, name: str) -> Recording:
    return next(one for one in data.recordings if one.name == name)


def begin(folder: Path, name: str, annotator: str = "AB", independent: bool = False, ops: Sequence[Op] = ()) -> None:
    """Begin a recording as review does, and do something."""
    data = load_data(folder)
    content = named(data, name).content
    journal = Journal.of(folder)
    journal.append(annotator, content, "began", data.written[content].began(data.labels, independent))
    if ops:
        journal.append(annotator, content, "did", did(*ops))


def own(label: str, start: float, end: float, name: str = "n1") -> Put:
    return Put(bout=Bout(id=name, label=label, start=start, end=end))


def test_nothing_was_reviewed(folder: Path) -> None:
    data = load_data(folder)
    assert data.review is None
    assert not (folder / "review").exists()


def test_begun_and_left_as_it_was_it_is_what_the_file_says(folder: Path) -> None:
    before = load_data(folder)
    begin(folder, "r0")
    after = load_data(folder)
    assert after.recordings == before.recordings
    assert after.review is not None
    assert after.review.version == Journal.of(folder).version()
    assert after.remarks == before.remarks


def test_what_was_changed_counts_and_the_splits_stay(folder: Path) -> None:
    begin(folder, "r0", ops=[Drop(id="f1"), own(RIGHT, 3, 4), Mark(start=1, end=2, reviewed=False, labels=(LEFT,))])
    recording = named(load_data(folder), "r0")
    assert recording.intervals == (Interval(RIGHT, 1.0, 2.5), Interval(RIGHT, 3, 4))
    assert recording.gaps == (Interval(LEFT, 1, 2),)
    assert recording.split == "train"


def test_reviewed_spans_alone_have_targets(folder: Path) -> None:
    # Windows of 2 s every 1 s: [0, 2) is reviewed whole, [1, 3) half, [2, 4) not; the bout at 2.5 s trains nothing.
    begin(folder, "r3", ops=[own(LEFT, 0.5, 2.0), own(RIGHT, 2.5, 3.5, "n2"), Mark(start=0, end=2)])
    data = load_data(folder)
    recording = named(data, "r3")
    assert recording.intervals == (Interval(LEFT, 0.5, 2.0), Interval(RIGHT, 2.5, 3.5))
    truth = targets(cut(recording, data.labels, Window(2.0, 1.0)), "multi-label")
    np.testing.assert_array_equal(truth, [[1, 0], [1, 0], [np.nan, np.nan]])


def test_a_bout_outside_reviewed_time_does_not_count_inside(folder: Path) -> None:
    # Of [0, 2) what lies before 1 s is reviewed, and shows nothing; the bout covers what is not.
    begin(folder, "r3", ops=[own(LEFT, 1.0, 2.0), Mark(start=0, end=1)])
    data = load_data(folder)
    assert cut(named(data, "r3"), data.labels, Window(2.0, 1.0))[0].fractions == (0, 0)


def test_begun_and_nothing_reviewed_is_not_annotated(folder: Path) -> None:
    begin(folder, "r3", ops=[own(LEFT, 0.5, 2.0)])
    recording = named(load_data(folder), "r3")
    assert (recording.intervals, recording.gaps) == (None, ())


def test_first_second_and_agreed(folder: Path) -> None:
    begin(folder, "r0", ops=[Drop(id="f1")])
    begin(folder, "r0", "CD", independent=True, ops=[own(LEFT, 0, 1), Mark(start=0, end=2)])
    data = load_data(folder)
    assert named(data, "r0").intervals == (Interval(RIGHT, 1.0, 2.5),)
    assert data.second["r0"].intervals == (Interval(LEFT, 0, 1),)
    assert data.second["r0"].gaps == (Interval("", 2, 4),)
    begin(folder, "r0", AGREED, independent=True, ops=[own(LEFT, 0, 3), Mark(start=0, end=3)])
    (unsettled,) = load_data(folder).remarks
    assert unsettled.endswith(f"To settle, type: actscribe review {typed(folder)} --annotator agreed")
    Journal.of(folder).append(AGREED, named(data, "r0").content, "did", did(Mark(start=3, end=4)))
    data = load_data(folder)
    assert named(data, "r0").intervals == (Interval(LEFT, 0, 3),)
    assert "r0" not in data.second
    assert data.review is not None
    assert list(data.review.whose.values()) == [AGREED]


def test_the_file_was_changed_since(folder: Path) -> None:
    begin(folder, "r0")
    interval_text(folder / "r0.txt", WRITTEN[:1])
    data = load_data(folder)
    assert len(named(data, "r0").intervals or ()) == 2
    assert data.remarks == (
        "r0: the annotation file was changed since the review started from it. The review counts, and the change does"
        " not.",
    )


def relabel(folder: Path, *labels: object, **more: object) -> None:
    values = yaml.safe_load((folder / "study.yaml").read_text())
    values["labels"] |= {"labels": list(labels), **more}
    (folder / "study.yaml").write_text(yaml.safe_dump(values))


def test_a_label_that_was_renamed(folder: Path) -> None:
    begin(folder, "r3", ops=[own(LEFT, 0.5, 2.0), Mark(start=0, end=4)])
    relabel(folder, {"name": "Lamp", "aliases": [LEFT]}, RIGHT)
    recording = named(load_data(folder), "r3")
    assert recording.intervals == (Interval("Lamp", 0.5, 2.0),)
    assert recording.gaps == ()


def test_what_was_settled_is_so_under_another_name(folder: Path) -> None:
    for name in ("AB", "CD", AGREED):
        begin(folder, "r0", name, independent=True, ops=[own(LEFT, 0, 1), Mark(start=0, end=4, labels=(LEFT,))])
    before = load_data(folder).remarks
    assert "r0: 1 span (4.0 s, counted for each label) not settled" in before[0]
    relabel(folder, {"name": "Lamp", "aliases": [LEFT]}, RIGHT)
    assert load_data(folder).remarks == before


def test_a_label_that_is_gone_is_refused_by_name(folder: Path) -> None:
    begin(folder, "r3", ops=[own(LEFT, 0.5, 2.0), Mark(start=0, end=4)])
    for index in range(3):
        interval_text(folder / f"r{index}.txt", [(RIGHT, 0, 1000)])
    relabel(folder, "Lamp", RIGHT)
    output = refused("check", folder)
    assert f"the review of r3 by AB has 1 bout of '{LEFT}', which is not a label." in " ".join(output.split())
    assert "alias" in output
    relabel(folder, "Lamp", RIGHT, ignored=[LEFT])
    data = load_data(folder)
    assert named(data, "r3").intervals == ()
    assert named(data, "r3").gaps == (Interval("Lamp", 0, 4),)
    assert data.remarks == ("r3: reviewed before there was a label 'Lamp', so not annotated for it.",)


def test_another_video_under_the_same_name(folder: Path) -> None:
    begin(folder, "r3", ops=[Mark(start=0, end=4)])
    film(folder / "r3.mp4", WRITTEN, 4.0, seed=99)
    data = load_data(folder)
    assert named(data, "r3").intervals is None
    assert "r3: the video is not the file that was reviewed" in data.remarks[0]


def test_groups_keep_their_splits_while_they_are_reviewed(folder: Path) -> None:
    text = (folder / "manifest.csv").read_text()
    for split in ("train", "validation", "test"):
        text = text.replace(f",{split}", ",")
    (folder / "manifest.csv").write_text(text)
    before = {one.name: one.split for one in load_data(folder).recordings}
    for name in ("r0", "r1", "r2"):
        begin(folder, name, ops=[Drop(id="f1"), Drop(id="f2")])
    assert {one.name: one.split for one in load_data(folder).recordings} == before


def test_parts_of_a_recording(tmp_path: Path) -> None:
    film(tmp_path / "r0.mp4", WRITTEN, 16.0)
    write_manifest(tmp_path, [{"video": "r0.mp4", "annotations": ""}])
    study = write_study(tmp_path, split={"within": "recordings", "train": 0.5, "validation": 0.5, "test": 0, "gap": 2})
    data = load_data(study)
    content, written = next(iter(data.written.items()))
    journal = Journal.of(tmp_path)
    journal.append("AB", content, "began", written.began(data.labels))
    journal.append("AB", content, "did", did(own(LEFT, 1, 3), own(LEFT, 11, 14, "n2"), Mark(start=0, end=16)))
    parts = {one.split: one.intervals for one in load_data(study).recordings}
    assert parts == {"train": (Interval(LEFT, 1, 3),), "validation": (Interval(LEFT, 11, 14),)}


def test_check_says_how_much_was_reviewed(folder: Path) -> None:
    begin(folder, "r3", ops=[Mark(start=0, end=1.2), Mark(start=1.2, end=3, labels=(LEFT,))])
    output = actscribe("check", folder)
    row = next(line for line in output[output.index("Reviewed") :].splitlines() if "train" in line)
    assert [float(cell) for cell in row.split()[2:]] == pytest.approx([0.02, 0.03, 0.02], abs=0.005)
    assert load_study(folder).name == "lamps"
