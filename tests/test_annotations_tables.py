"""The interval text of Guerriero et al. 2026 and CSV: hand-written files, dialects, and errors with line numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

from actscribe.annotations import Annotations, Interval, detect, read, read_all, write
from actscribe.errors import ActScribeError

PAPER = "Baby visible\t0\t61000\t61000\nStimulation back/nates\t1500\t4000\t2500\nPPV\t4000\t4000\t0\n"


def file(folder: Path, content: str | bytes, name: str = "annotations.txt") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_the_text_of_paper_1(tmp_path: Path, ends: str) -> None:
    path = file(tmp_path, PAPER.replace("\n", ends) + ends)
    assert detect(path) == "intervals"
    assert read(path) == Annotations(
        (Interval("Baby visible", 0.0, 61.0), Interval("Stimulation back/nates", 1.5, 4.0), Interval("PPV", 4.0, 4.0))
    )


def test_the_text_of_paper_1_is_written_as_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "out.txt"
    write(path, read(file(tmp_path, PAPER)), "intervals")
    assert path.read_bytes() == PAPER.encode()


@pytest.mark.parametrize("label", ["<baby>", "{", "WEBVTT", "label", "-1"])
def test_the_label_of_the_first_line_does_not_decide_the_format(tmp_path: Path, label: str) -> None:
    path = file(tmp_path, f"{label}\t0\t1000\t1000\n")
    assert read(path).intervals == (Interval(label, 0.0, 1.0),)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("Suction\t5000\t4000\t-1000", "line 2: 'Suction' from 5.0 s to 4.0 s is not an interval"),
        ("Suction\t-5000\t4000\t9000", "line 2: 'Suction' from -5.0 s"),
        ("Suction\t1000\t4000\t4000", ":2: the duration is 4000 ms, but from 1000 to 4000 ms it is 3000 ms"),
        ("Suction\t1000\t4000", ":2: expected label, start, end and duration in milliseconds"),
        ("Suction 1000 4000 3000", ":2: expected label"),
        ("Suction\t1 s\t4 s\t3 s", ":2: expected label"),
        ("\t1000\t4000\t3000", "line 2: the interval from 1 s to 4 s has no label"),
        ("Suction\tnan\tnan\tnan", ":2: expected label"),
        ("Suction\t1.5\t4\t2.5", ":2: expected whole milliseconds, found '1.5 4 2.5'"),
    ],
)
def test_wrong_lines_are_named(tmp_path: Path, line: str, problem: str) -> None:
    path = file(tmp_path, f"Baby\t0\t10\t10\n{line}\n")
    with pytest.raises(ActScribeError, match=problem) as caught:
        read(path)
    assert str(caught.value).startswith(str(path))


@pytest.mark.parametrize(
    "content",
    [
        "label,start_s,end_s\nSuction,1.5,2.25\n",
        "\ufefflabel,start_s,end_s\r\nSuction,1.5,2.25\r\n",
        "Label;Start;End\nSuction;1,5;2,25\n",
        "activity\tonset\toffset\nSuction\t1.5\t2.25\n",
        "start (ms),end (ms),Behaviour\n1500,2250,Suction\n",
        "onset,duration,trial_type\n1.5,0.75,Suction\n",
        "event,begin,stop\nSuction,0:01.5,0:00:02.25\n",
        "Tier,Begin Time - hh:mm:ss.ms,Begin Time - msec,End Time - msec\nSuction,00:00:01.500,1500,2250\n",
        'label,start_s,end_s\r\n\r\n"Suction","1.5","2.25"\r\n,,\r\n',
    ],
)
def test_dialects_of_csv_read_the_same(tmp_path: Path, content: str) -> None:
    path = file(tmp_path, content, "a.csv")
    assert detect(path) == "csv"
    assert read(path).intervals == (Interval("Suction", 1.5, 2.25),)


def test_utf_16_with_a_mark_is_read(tmp_path: Path) -> None:
    path = file(tmp_path, "label,start,end\nÜberdruck,1,2\n".encode("utf-16"), "a.csv")
    assert read(path).intervals == (Interval("Überdruck", 1.0, 2.0),)


def test_another_encoding_is_explained(tmp_path: Path) -> None:
    path = file(tmp_path, "label,start,end\nSuction,0,1\nÜberdruck,1,2\n".encode("latin-1"), "a.csv")
    with pytest.raises(ActScribeError, match=r"a.csv:3: byte 0xdc is not UTF-8 text") as caught:
        read(path)
    assert "UTF-8" in caught.value.hint


SEVERAL = """video,subject,label,start_s,end_s
ADL/s1.mp4,s1,Reading,0.0,2.5
ADL/s1.mp4,s1,Walking,0.0,3.0
Fall/s2.mp4,s2,Falling (BW),0.4,4.0
Fall/s3.mp4,s3,,,
"""


def test_a_table_of_several_videos(tmp_path: Path) -> None:
    path = file(tmp_path, SEVERAL, "a.csv")
    reading, walking = Interval("Reading", 0.0, 2.5, "s1"), Interval("Walking", 0.0, 3.0, "s1")
    assert read_all(path) == {
        "ADL/s1.mp4": Annotations((reading, walking), (), ("ADL/s1.mp4",)),
        "Fall/s2.mp4": Annotations((Interval("Falling (BW)", 0.4, 4.0, "s2"),), (), ("Fall/s2.mp4",)),
        "Fall/s3.mp4": Annotations((), (), ("Fall/s3.mp4",)),
    }
    assert read(path, "/data/falls/Fall/s2.mp4").labels == ("Falling (BW)",)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("label,start,end\nSuction,2,1\n", "line 2: 'Suction' from 2.0 s to 1.0 s"),
        ("label,start,end\nSuction,-1,1\n", "line 2: 'Suction' from -1.0 s"),
        ("label,start,end\nA,0,1\n\nSuction,soon,1\n", "line 4: the start is 'soon', expected a time in seconds"),
        ("label,start,end\nSuction,1\n", "line 2: the end is ''"),
        ("label,start,end\n,1,2\n", "line 2: the interval from 1 s to 2 s has no label"),
        ("label,start,end,score\nSuction,1,2,high\n", "line 2: the score is 'high'"),
        ('label,start,end\n"two\nlines",0,1\nSuction,2,1\n', "line 4: 'Suction'"),
        ('label,start,end\n"Suction,0,1\n', "a.csv:2: a quotation mark in this row is not closed"),
    ],
)
def test_wrong_rows_are_named(tmp_path: Path, content: str, problem: str) -> None:
    with pytest.raises(ActScribeError, match=problem):
        read(file(tmp_path, content, "a.csv"))


def test_a_table_without_a_known_header_says_what_one_looks_like(tmp_path: Path) -> None:
    with pytest.raises(ActScribeError, match="it begins with 'what,when") as caught:
        read(file(tmp_path, "what,when\nSuction,12\n", "a.csv"))
    assert "label, a start and an end" in caught.value.hint


def test_csv_is_written_with_the_columns_that_are_there(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    write(path, Annotations((Interval('a "b", c', 0.1, 0.30000000000000004),)), "csv")
    assert path.read_text() == 'label,start_s,end_s\n"a ""b"", c",0.1,0.3\n'
    write(path, Annotations((Interval("x", 0, 1, "P", 0.5),), media=("v.mp4",)), "csv")
    assert path.read_text() == "label,start_s,end_s,subject,score,video\nx,0.0,1.0,P,0.5,v.mp4\n"


@pytest.mark.parametrize(
    "label", ["", "  ", "tab\there", "line\nbreak", "return\rhere", "bell\a", "half \ud83d", "\ufeff"]
)
def test_labels_that_would_not_come_back_are_refused(tmp_path: Path, label: str) -> None:
    path = file(tmp_path, "before", "a.txt")
    with pytest.raises(ActScribeError, match=r"from 1 s to 2 s") as caught:
        write(path, Annotations((Interval(label, 1, 2),)), "intervals")
    assert str(path) in str(caught.value)
    assert path.read_text() == "before"


@pytest.mark.parametrize("name", ["csv", "json", "via"])
@pytest.mark.parametrize("label", ["tab\there", "line\nbreak", " spaces "])
def test_labels_that_some_formats_carry(tmp_path: Path, name: str, label: str) -> None:
    path = tmp_path / "a"
    write(path, Annotations((Interval(label, 1, 2),)), name)
    assert read(path).intervals == (Interval(label, 1.0, 2.0),)


def test_scores_outside_their_range_are_refused(tmp_path: Path) -> None:
    for score in (1.5, -0.1, float("nan")):
        with pytest.raises(ActScribeError, match="the score of 'x' from 0 s to 1 s"):
            write(tmp_path / "a.csv", Annotations((Interval("x", 0, 1, "", score),)), "csv")
