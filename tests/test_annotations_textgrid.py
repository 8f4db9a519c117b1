"""Praat TextGrids by hand, against praatio, and what is wrong with a file."""

from __future__ import annotations

from pathlib import Path

import pytest
from praatio import textgrid

from actscribe.annotations import Annotations, Interval, detect, read, write
from actscribe.errors import ActScribeError

LONG = """File type = "ooTextFile"
Object class = "TextGrid"

xmin = 0
xmax = 12.5
tiers? <exists>
size = 3
item []:
    item [1]:
        class = "IntervalTier"
        name = "Mary"
        xmin = 0
        xmax = 12.5
        intervals: size = 3
        intervals [1]:
            xmin = 0
            xmax = 1.25
            text = ""
        intervals [2]:
            xmin = 1.25
            xmax = 3
            text = "says ""hällo"" 7 ! <no>"
        intervals [3]:
            xmin = 3
            xmax = 12.5
            text = " "
    item [2]:
        class = "IntervalTier"
        name = "John"
        xmin = 0
        xmax = 12.5
        intervals: size = 1
        intervals [1]:
            xmin = 0
            xmax = 12.5
            text = "walks"
    item [3]:
        class = "TextTier"
        name = "bell"
        xmin = 0
        xmax = 12.5
        points: size = 1
        points [1]:
            number = 5.5
            mark = "rings"
"""
SHORT = """File type = "ooTextFile"
"TextGrid"

0
12.5 ! seconds, "all" of them
<exists>
3
"IntervalTier"
"Mary"
0
12.5
3
0 1.25 ""
1.25 3 "says ""hällo"" 7 ! <no>"
3 12.5 " "
"IntervalTier" "John" 0 12.5 1
0
12.5
"walks"
"TextTier"
"bell"
0
12.5
1
5.5 "rings"
"""
ANNOTATED = Annotations(
    (
        Interval("walks", 0.0, 12.5, "John"),
        Interval('says "hällo" 7 ! <no>', 1.25, 3.0, "Mary"),
        Interval("rings", 5.5, 5.5, "bell"),
    ),
    duration=12.5,
)


def grid(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "by_hand.TextGrid"
    path.write_text(text, encoding=encoding)
    return path


@pytest.mark.parametrize("text", [LONG, SHORT, SHORT.replace('File type = "ooTextFile"', '"ooTextFile short"')])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_long_and_short_form_by_hand(tmp_path: Path, text: str, encoding: str) -> None:
    path = grid(tmp_path, text, encoding)
    assert detect(path) == "textgrid"
    assert read(path) == ANNOTATED


def test_a_single_tier_is_no_subject(tmp_path: Path) -> None:
    text = '"ooTextFile" "TextGrid" 0 4 <exists> 1 "IntervalTier" "behaviour" 0 4 2 0 1 "sit" 1 4 "walk"'
    assert read(grid(tmp_path, text)).intervals == (Interval("sit", 0, 1), Interval("walk", 1, 4))


def test_a_grid_without_tiers_is_a_file_without_intervals(tmp_path: Path) -> None:
    assert read(grid(tmp_path, '"ooTextFile" "TextGrid" 0 4 <absent>')) == Annotations((), duration=4.0)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("xmin = 0\nxmax = 12.5\ntiers", "xmin = 2.5\nxmax = 12.5\ntiers", "its time begins at 2.5 s"),
        ('"TextGrid"', '"Sound 2"', "a Praat file of a 'Sound 2'"),
        ('mark = "rings"', 'mark = "rings', r":45: a text begins here and does not end"),
        ("number = 5.5", "number = soon", r":45: expected a time, a number, found 'rings'"),
        ('class = "TextTier"', 'class = "PitchTier"', r"found 'PitchTier'"),
        ("intervals: size = 3", "intervals: size = 4", "expected a time, a number, found 'IntervalTier'"),
        ("intervals: size = 3", "intervals: size = -3", "a whole number, found -3"),
        ("xmin = 1.25\n", "xmin = 1e999\n", "1e999 is larger than any number"),
        ("points: size = 1", "points: size = -1e999", "-1e999 is larger than any number"),
        ('            mark = "rings"\n', "", r":45: ends where a text was expected"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, old: str, new: str, problem: str) -> None:
    assert old in LONG
    with pytest.raises(ActScribeError, match=problem):
        read(grid(tmp_path, LONG.replace(old, new)))


def test_praatio_reads_what_is_written(tmp_path: Path) -> None:
    path = tmp_path / "a.TextGrid"
    intervals = [Interval("Suction", 1.25, 2.5, "nurse"), Interval("Suction", 2.0, 4.0, "nurse"), Interval("Cry", 3, 3)]
    write(path, Annotations.of(intervals, duration=8.0, labels=["Ventilation", "Suction", "Cry"]), "textgrid")
    opened = textgrid.openTextgrid(str(path), includeEmptyIntervals=False)
    tiers = {name: [tuple(entry) for entry in opened.getTier(name).entries] for name in opened.tierNames}
    assert tiers == {
        "Ventilation": [],
        "Suction @ nurse": [(1.25, 2.5, "Suction")],
        "Suction @ nurse #2": [(2.0, 4.0, "Suction")],
        "Cry": [(3.0, "Cry")],
    }
    assert opened.maxTimestamp == 8.0
    again = read(path)
    assert (again.intervals, again.labels) == (tuple(intervals), ("Ventilation", "Suction", "Cry"))


@pytest.mark.parametrize("form", ["long_textgrid", "short_textgrid"])
def test_what_praatio_writes_is_read(tmp_path: Path, form: str) -> None:
    path = tmp_path / "theirs.TextGrid"
    made = textgrid.Textgrid()
    made.addTier(textgrid.IntervalTier("P1", [(0.5, 1.75, 'a "b"'), (2, 3, "ü")], 0, 10))
    made.addTier(textgrid.PointTier("P2", [(4.125, "x")], 0, 10))
    made.save(str(path), format=form, includeBlankSpaces=True)
    assert read(path) == Annotations(
        (Interval('a "b"', 0.5, 1.75, "P1"), Interval("ü", 2, 3, "P1"), Interval("x", 4.125, 4.125, "P2")),
        duration=10.0,
    )


def test_a_subject_that_ends_like_a_number_of_ours_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "a.TextGrid"
    intervals = [Interval("x", 0, 2, "rat #2"), Interval("x", 1, 3, "rat #2"), Interval("x", 0, 1, "rat")]
    write(path, Annotations.of(intervals), "textgrid")
    assert read(path).intervals == Annotations.of(intervals).intervals


def test_an_end_that_is_not_the_videos_is_not_taken_for_it(tmp_path: Path) -> None:
    path = tmp_path / "a.TextGrid"
    write(path, Annotations((Interval("x", 0, 2),)), "textgrid")
    assert read(path).duration is None
    assert textgrid.openTextgrid(str(path), includeEmptyIntervals=True).maxTimestamp == 2.0
