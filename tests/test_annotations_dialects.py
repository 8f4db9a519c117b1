"""Dialects of tables and subtitles, and files of which rows used to vanish: every row is read, or the line is named."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actscribe.annotations import Annotations, FrameClock, Interval, detect, read, read_all, write
from actscribe.errors import ActScribeError

WALK = Interval("walk", 1.0, 2.5)
SIT = Interval("sit", 3.0, 4.5)
TABULAR = "Observation id\tSubject\tBehavior\tBehavior type\tTime\tMedia file name\tComment\n"
AGGREGATED = "Observation id\tSubject\tBehavior\tBehavior type\tStart (s)\tStop (s)\tComment start\tComment stop\n"


def file(folder: Path, content: str | bytes, name: str = "a.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def spans(path: Path) -> list[tuple[str, float, float]]:
    return [(i.label, i.start, i.end) for one in read_all(path, FrameClock(25.0)).values() for i in one.intervals]


def refused(path: Path) -> str:
    with pytest.raises(ActScribeError) as caught:
        read(path, clock=FrameClock(25.0))
    assert str(path) in caught.value.message
    return str(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        "sep=;\nlabel;start;end\nGehen;1,5;14,5\n",
        '"sep=;"\r\nlabel;start;end\r\nGehen;1,5;14,5\r\n',
        "\ufeffSEP=,\nlabel,start,end\nGehen,1.5,14.5\n",
        "sep=\t\nlabel\tstart\tend\nGehen\t1.5\t14.5\n",
        "sep=|\nlabel|start|end\nGehen|1.5|14.5\n",
        "\n\r\n  \nlabel,start,end\nGehen,1.5,14.5\n",
        ";;\nLabel;Start;End\nGehen;1,5;14,5\n;;\n",
        "label\tstart\tend\rGehen\t1,5\t14,5\r",
        "label,start,end,\nGehen,1.5,14.5,\n",
        "label,start,end,start (ms)\nGehen,1.5,14.5,1500\n",
    ],
)
def test_tables_of_spreadsheets_read_the_same(tmp_path: Path, content: str) -> None:
    path = file(tmp_path, content)
    assert detect(path) == "csv"
    assert read(path).intervals == (Interval("Gehen", 1.5, 14.5),)


@pytest.mark.parametrize(
    "rows",
    [
        "walk,1.0,5,14,5\n",  # a decimal point
        "walk,1,5,14,5\nwalk,100,105,14,6\n",  # 100.105 to 14.6 is not an interval
        "walk,1,5,S14,5\n",
        "walk,1,5,14,\nsit,1,5,15,\nrun,1,5,14,5\n",  # most rows have nothing there
    ],
)
def test_whole_numbers_with_commas_are_read_where_they_cannot_be_decimal_ones(tmp_path: Path, rows: str) -> None:
    path = file(tmp_path, f"label,start,end,subject,note\n{rows}")
    assert ("walk", 1.0, 5.0) in spans(path)
    # Semicolons leave no doubt: the comma is free for decimals.
    assert spans(file(tmp_path, "label;start;end;subject;note\nwalk;1;5;14;5\n")) == [("walk", 1.0, 5.0)]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_mark_says_the_encoding(tmp_path: Path, encoding: str) -> None:
    assert spans(file(tmp_path, "label,start,end\nÜben,1,2\n".encode(encoding))) == [("Üben", 1.0, 2.0)]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("label,start,end\nwalk,1,5,14,5\n", ":2: more cells than columns (5 and 3)|Decimal commas"),
        ("label,start,end,,\nwalk,1,5,14,5\n", ":2: more cells than columns (5 and 3)"),
        ("label,start,end\nwalk,1,2\n\nsit,1,2,x\n", ":4: more cells than columns (4 and 3)"),
        ("label,start,end,start\nwalk,1,2,3\n", ":1: 2 columns are called 'start' (columns 2 and 4)"),
        ("label,Start (s),end,start_s\nwalk,1,2,3\n", ":1: 2 columns are called 'start_s'"),
        ("label,start,onset,end\nwalk,1,7,8\n", ": line 2: two columns hold the start, and they differ: 1 s and 7 s"),
        ("Camera 3\nlabel,start,end\nwalk,1,2\n", ":1: 'Camera 3' appears above the header, which is in line 2"),
        ("walk,0,1\nlabel,start,end\nwalk,1,2\n", ":1: 'walk 0 1' appears above the header"),
        ("label,start,end\nwalk,1,2\nTotal,,\n", ": line 3: the start is ''"),
        ("label,start,end\nwalk,1,2\n-- end of export --\n", ": line 3: the start is ''"),
        ("label,start,end,video\n,,5,v.mp4\n", ": line 2: the start is ''"),
        ("label,start,end,score,video\n,,,0.5,v.mp4\n", ": line 2: the start is ''"),
        ("label;start;end\nwalk,1,2\n", ": line 2: the start is ''"),
        ('label,start_ms,end_ms\nwalk,"1,500","61,000"\n', ": line 2: the start is '1,500' milliseconds: a thousands"),
        ('label,start,end\n"walk,0,1\nsit,1,2\n"run,2,3\n', ":2: a quotation mark in this row is not closed"),
        ('label,start,end\n"walk,0,1\n"sit,1,2\n', ":2: a quotation mark in this row is not closed"),
        ('label,start,end,note\nx,0,1,"see\ny,1,2,\nz,2,3,"\n', ":2: a quotation mark in this row is not closed"),
        ('label,start,end\n"walk,0,1\nsit",1,2\n', ":2: a quotation mark in this row is not closed"),
        ("label,start,end\nwalk,1,2\nsit,3\0,4\n", "not a text file"),
        (
            "label,start,end,subject,note\nwalk,1,5,14,5\n",
            ":2: are the times 1 and 5, or, with decimal commas, 1.5 and",
        ),
        ("label,start,end,subject,score\nwalk,1,5,14,0\nrun,2,9,3\nsit,20,25,30,0\n", ":2: are the times 1 and 5"),
        ("start,end,label,subject,note\n1,5,14,5,walk\n", ":2: are the times 1 and 5"),
        ("label,onset,duration,subject,note\nwalk,21,5,14,5\n", ":2: are the times 21 and 5"),
        (AGGREGATED.replace("\t", ",") + "o,p,A,STATE,1,5,14,5\n", ":2: are the times 1 and 5"),
        (AGGREGATED + "o\tp\tA\t25\t1\t5\n", ": line 2: the behaviour type is '25', expected STATE or POINT"),
    ],
)
def test_what_would_be_lost_or_misread_is_refused_with_its_line(tmp_path: Path, content: str, expected: str) -> None:
    message = refused(file(tmp_path, content))
    for part in expected.split("|"):
        assert part in message


@pytest.mark.parametrize(
    "number", ["1_000", "١", "1e308", "1e999", "nan", "inf", "-1", "0x10", "1" * 1_000_000, "１", "1:75", "1:60:00"]
)
@pytest.mark.parametrize(
    "layout", ["label,start,end\nwalk,{0},{0}\n", "walk\t{0}\t{0}\t0\n", AGGREGATED + "o\tp\tA\tSTATE\t{0}\t{0}\n"]
)
def test_hostile_numbers_are_no_times(tmp_path: Path, layout: str, number: str) -> None:
    assert len(refused(file(tmp_path, layout.format(number)))) < 1_000


@pytest.mark.parametrize("score", ["1.5", "-0.1", "nan", "1_0", "14"])
def test_scores_are_numbers_between_0_and_1(tmp_path: Path, score: str) -> None:
    assert "score" in refused(file(tmp_path, f"label,start,end,score\nwalk,1,2,{score}\n"))


def test_a_quotation_mark_in_a_comment_of_boris_hides_no_row(tmp_path: Path) -> None:
    rows = 'O\tP\tA\tSTATE\t1\t2\t"see note\t\nO\tP\tB\tSTATE\t3\t4\t\t\nO\tP\tC\tSTATE\t5\t6\t\t\n'
    assert spans(file(tmp_path, AGGREGATED + rows, "a.tsv")) == [("A", 1, 2), ("B", 3, 4), ("C", 5, 6)]


@pytest.mark.parametrize(
    "comments",
    [
        ('"', ""),
        ('"quoted"', 'in "the" middle'),
        ('"see', 'note"'),
        ('5" long', '"'),
        ('"" twice', '"a "b'),
        ('""""', '"'),
    ],
)
def test_comments_with_quotation_marks_leave_every_row(tmp_path: Path, comments: tuple[str, str]) -> None:
    first, second = comments
    rows = (
        f"O\tP\tA\tSTATE\t1\t2\t{first}\t{second}\nO\tP\tB\tSTATE\t3\t4\t{second}\t{first}\nO\tP\tC\tSTATE\t5\t6\t\t\n"
    )
    assert spans(file(tmp_path, AGGREGATED + rows, "a.tsv")) == [("A", 1, 2), ("B", 3, 4), ("C", 5, 6)]


def test_a_comment_of_two_lines_is_one_row(tmp_path: Path) -> None:
    rows = 'O\tP\tA\tSTATE\t1\t2\t"see\nnote"\t\nO\tP\tB\tSTATE\t3\t4\t\t\n'
    assert spans(file(tmp_path, AGGREGATED + rows, "a.tsv")) == [("A", 1, 2), ("B", 3, 4)]
    with_comma = 'label,start,end,note\nA,1,2,"one, two\nthree, four"\nB,3,4,\n'
    assert spans(file(tmp_path, with_comma)) == [("A", 1, 2), ("B", 3, 4)]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            "o\tp\tA\tSTART\t1\tv.mp4\t\n" + TABULAR + "o\tp\tA\tSTOP\t2\tv.mp4\t\n",
            "line 1: a row of the table appears",
        ),
        (TABULAR + TABULAR + "o\tp\tA\tSTART\t1\tv.mp4\t\n", ":2: the header of line 1 again"),
        (TABULAR + "o\tp\tA\tSTART\t1\tv.mp4\t\to\n", ":2: more cells than columns (8 and 7)"),
        (TABULAR.replace("Subject", "Time") + "o\t1\tA\tSTART\t2\tv\t\n", "2 columns are called 'time'"),
        (TABULAR + "o\tp\tA\tSTART\t1\tv.mp4\t\nend of file\n", "line 3: a row without a behaviour or a time"),
        ("Time offset (s)\t0\nTime offset (s)\t10\n" + TABULAR, "'Time offset (s)' is given twice"),
    ],
)
def test_rows_of_boris_that_would_be_lost_are_named(tmp_path: Path, content: str, expected: str) -> None:
    assert expected in refused(file(tmp_path, content, "a.tsv"))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("time\twalk\tsit\n0.0\t1\t0\n1.0\t0\t1\n2.0\t0\t1\n", "BORIS's binary table"),
        ("Time,walk\n0.0,1\n0.1,1\n", "BORIS's binary table"),
        (
            "# observation id: o1\n# observation description: \nno focal subject:\nwalk|sit|walk\n",
            "behavioural strings",
        ),
        (
            "Subject\tBehavior\tModifiers\tTotal number of occurences\tTotal duration (s)\nS\twalk\t\t3\t4.5\n",
            "time budget",
        ),
        ("% SDIS file created by BORIS\nTimed <walk sit>;\n", "SDIS file"),
    ],
)
def test_other_exports_of_boris_are_named(tmp_path: Path, content: str, expected: str) -> None:
    message = refused(file(tmp_path, content, "a.tsv"))
    assert expected in message
    assert "'Tabular events' or 'Aggregated events'" in message


def test_every_frame_of_deepethogram_has_its_row(tmp_path: Path) -> None:
    assert ":3: an empty row" in refused(file(tmp_path, "frame,walk\n0,1\n,\n1,0\n"))
    assert spans(file(tmp_path, "frame,walk\n0,1\n1,0\n\n")) == [("walk", 0.0, 0.04)]


def test_a_table_of_frames_without_end_is_not_written(tmp_path: Path) -> None:
    long = Annotations((Interval("walk", 1, 1e10),))
    with pytest.raises(ActScribeError, match=r"250,000,000,000 frames and 1 labels would be a table that is too large"):
        write(tmp_path / "a_labels.csv", long, "deepethogram", FrameClock(25.0))
    with pytest.raises(ActScribeError, match="frame rate of 1e"):
        FrameClock(1e308)
    for name in ("csv", "json", "vtt", "boris", "via", "boris-tabular", "boris-aggregated", "intervals"):
        write(tmp_path / name, long, name)
        assert read(tmp_path / name).intervals == long.intervals
    with pytest.raises(ActScribeError, match="no video is that long"):
        write(tmp_path / "a.csv", Annotations((Interval("walk", 1, 1e12),)), "csv")


VTT = "WEBVTT\n\n00:01.000 --> 00:02.500\nwalk\n\n00:03.000 --> 00:04.500\nsit\n"


@pytest.mark.parametrize(
    "content",
    [
        VTT,
        VTT.replace("walk\n\n", "walk\n"),
        "\ufeff\n\n" + VTT,
        VTT.replace("\n", "\r"),
        VTT.replace("\n", "\r\n"),
        VTT.replace(".000", ",000").replace(".500", ",500"),
        VTT.replace("00:0", "0:00:0"),
        VTT.replace("-->", "  -->\t").replace("2.500", "2.500 line:0 align:start"),
        "WEBVTT - made by hand\nKind: captions\n\nNOTE nothing here\nof two lines\n\nSTYLE\n::cue {}\n" + VTT[6:],
        "WEBVTT\n\nfirst\n00:01.000 --> 00:02.500\n<v >walk</v>\n\n2\n00:03.000 --> 00:04.500\n<c.red>sit</c>\n",
        "1\n00:00:01,000 --> 00:00:02,500\nwalk\n\n2\n00:00:03,000 --> 00:00:04,500\n<i>sit</i>\n",
        "00:00:01,000 --> 00:00:02,500\nwalk\n00:00:03,000 --> 00:00:04,500\nsit",
    ],
)
def test_subtitles_read_the_same(tmp_path: Path, content: str) -> None:
    path = file(tmp_path, content, "a.vtt")
    assert detect(path) == "vtt"
    assert read(path).intervals == (WALK, SIT)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (VTT.replace("500\nwalk", "500\n\nwalk"), "line 3: the interval from 1 s to 2.5 s has no label"),
        (VTT + "\nrun\n", ":9: 'run' belongs to no cue"),
        (VTT.replace("\n\n00:03", "\n2\n00:03"), ":5: '2' could be a label, or the number of the next cue"),
        (VTT.replace("\n\n00:03", "\n\none\ntwo\n00:03"), ":6: 'one' belongs to no cue"),
        (VTT.replace("WEBVTT\n", "WEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:900000\n"), ":2: 'X-TIMESTAMP-MAP"),
        (VTT.replace("walk", "walk <00:02.000>sit"), ":4: a time stamp within a cue splits it"),
        (VTT.replace("walk", "<v A>walk</v><v B>sit</v>"), ":4: two voices in one line"),
        (VTT.replace("walk", "&#" + "1" * 5000 + ";"), ":4: an invalid character reference"),
        (VTT.replace("00:03", "1" * 5000 + ":00:03"), ":6: expected a timing"),
        (VTT.replace("00:03", "٠٠:٠٣"), ":6: expected a timing"),
    ],
)
def test_cues_that_would_be_lost_are_named(tmp_path: Path, content: str, expected: str) -> None:
    assert expected in refused(file(tmp_path, content, "a.vtt"))


@pytest.mark.parametrize("label", ["=1+1", "+x", "-x", "@x", "'=x", "''-", "\tx", "'x", "=cmd|' /C calc'!A0", "a=b"])
def test_formulas_are_written_as_text_and_read_back(tmp_path: Path, label: str) -> None:
    path = tmp_path / "a.csv"
    once = Annotations((Interval(label, 1, 2, label, 0.5),), media=(label,))
    write(path, once, "csv")
    assert read(path) == once
    _, cells = csv.reader(io.StringIO(path.read_text(), newline=""))
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in cells)


@pytest.mark.parametrize("name", ["boris-tabular", "boris-aggregated"])
def test_formulas_in_tables_of_boris_are_text_too(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a.tsv"
    once = (Interval("=1+1", 1, 2, "@x"), Interval("'-x", 3, 4, "'"))
    write(path, Annotations(once), name)
    assert read(path).intervals == once
    cells = [cell for line in path.read_text().splitlines() for cell in line.split("\t")]
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in cells)


CELL = st.text(st.sampled_from("ab \"\t;,'=-\n"), max_size=6)


@given(comments=st.lists(CELL.map(lambda text: text.replace("\t", " ").replace("\n", " ")), min_size=1, max_size=6))
def test_rows_of_an_unquoted_table_are_its_intervals(
    tmp_path_factory: pytest.TempPathFactory, comments: list[str]
) -> None:
    """Whatever the comments hold: as many bouts as rows, or a refusal."""
    rows = "".join(f"O\tP\tA\tSTATE\t{n}\t{n}.5\t{text}\t\n" for n, text in enumerate(comments))
    path = file(tmp_path_factory.mktemp("rows"), AGGREGATED + rows, "a.tsv")
    assert spans(path) == [("A", n, n + 0.5) for n in range(len(comments))]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@given(notes=st.lists(CELL, min_size=1, max_size=5), quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
def test_rows_of_a_quoted_table_are_its_intervals(
    tmp_path_factory: pytest.TempPathFactory, delimiter: str, notes: list[str], quoting: int
) -> None:
    """The csv module writes; a note of several lines may be refused, since it could be rows, but no row is lost."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, quoting=quoting)
    writer.writerow(["label", "start", "end", "note"])
    writer.writerows(["A", n, n + 0.5, note] for n, note in enumerate(notes))
    path = file(tmp_path_factory.mktemp("rows"), text.getvalue())
    expected = [("A", n, n + 0.5) for n in range(len(notes))]
    if any("\n" in note and delimiter in note for note in notes):
        try:
            assert spans(path) == expected
        except ActScribeError:
            return
    assert spans(path) == expected


@given(st.text(st.sampled_from('a1,;\t"\n '), max_size=40))
def test_a_damaged_table_loses_no_row(tmp_path_factory: pytest.TempPathFactory, damage: str) -> None:
    """After a table of three rows stands anything: it is read as rows of its own, or refused."""
    path = file(tmp_path_factory.mktemp("rows"), "label,start,end\nA,0,1\nB,1,2\nC,2,3\n" + damage)
    try:
        intervals = spans(path)
    except ActScribeError:
        return
    assert intervals[:3] == [("A", 0, 1), ("B", 1, 2), ("C", 2, 3)]
    assert len(intervals) == 3 + sum(bool(line.strip(" \t,;")) for line in damage.split("\n") if '"' not in line)
