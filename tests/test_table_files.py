"""Tables for people: what openpyxl and the csv module read back, and time budgets by hand."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from timelines import label_set, recording

from actscribe.errors import ActScribeError
from actscribe.evaluation.indicators import time_budget
from actscribe.table_files import check_table, write_table

TABLE = pd.DataFrame({"label": ["=1+1", "Rücken\x07"], "total_s": [1.25, float("nan")], "bouts": [3, 0]})


def test_a_workbook_holds_numbers_and_no_formula_and_is_the_same_again(tmp_path: Path) -> None:
    write_table(tmp_path / "x.xlsx", TABLE)
    first = (tmp_path / "x.xlsx").read_bytes()
    write_table(tmp_path / "x.xlsx", TABLE)
    assert (tmp_path / "x.xlsx").read_bytes() == first
    sheet = openpyxl.load_workbook(tmp_path / "x.xlsx").active
    rows = list(sheet.iter_rows(values_only=True))
    assert rows == [("label", "total_s", "bouts"), ("'=1+1", 1.25, 3), ("Rücken\ufffd", None, 0)]
    assert {cell.data_type for row in sheet for cell in row} <= {"s", "n"}


NO_ROOM = """
import resource, signal, sys
from pathlib import Path
import pandas as pd
from actscribe.errors import ActScribeError
from actscribe.table_files import write_table
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))
try:
    write_table(Path(sys.argv[1]), pd.DataFrame({"a": range(20_000)}))
except ActScribeError as error:
    print(error.message)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="limits files as Unix does")
def test_a_workbook_for_which_there_is_no_temporary_room_says_where_it_lacks(tmp_path: Path) -> None:
    (tmp_path / "temporary").mkdir()
    done = subprocess.run(
        [sys.executable, "-c", NO_ROOM, str(tmp_path / "x.xlsx")],
        capture_output=True,
        text=True,
        env=os.environ | {"TMPDIR": str(tmp_path / "temporary")},
        check=True,
    )
    assert done.stdout == f"{tmp_path / 'temporary' / 'x.xlsx'}: File too large.\n"
    assert done.stderr == ""
    assert not (tmp_path / "x.xlsx").exists()


def test_excel_is_told_the_encoding_of_umlauts_alone(tmp_path: Path) -> None:
    write_table(tmp_path / "x.csv", TABLE)
    assert (tmp_path / "x.csv").read_bytes().startswith(b"\xef\xbb\xbflabel,")
    with (tmp_path / "x.csv").open(encoding="utf-8-sig", newline="") as file:
        assert [row[0] for row in csv.reader(file)] == ["label", "'=1+1", "Rücken\x07"]
    write_table(tmp_path / "y.csv", TABLE[:1])
    assert (tmp_path / "y.csv").read_bytes().startswith(b"label,")


def test_what_ends_a_line_ends_no_row(tmp_path: Path) -> None:
    table = pd.DataFrame({"video": ["a\rb.mp4", "c\nd.mp4", "e.mp4"], "bouts": [1, 2, 3]})
    write_table(tmp_path / "x.csv", table)
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "x.csv"), table, check_dtype=False)
    with (tmp_path / "x.csv").open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file))[1:] == [["a\rb.mp4", "1"], ["c\nd.mp4", "2"], ["e.mp4", "3"]]


def test_other_endings_and_files_in_the_way_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ActScribeError, match=r"\.csv or \.xlsx"):
        check_table(tmp_path / "x.txt")
    (tmp_path / "x.csv").write_text("mine")
    with pytest.raises(ActScribeError, match="exists already"):
        check_table(tmp_path / "x.csv")


def test_a_time_budget_by_hand() -> None:
    labels = label_set("A", "B")
    # Of 100 s the last 20 are not annotated: A for 10 + 20 s, 15 s apart, a third bout cut to 5 s, 30 s later.
    rec = recording([("A", 5, 15), ("A", 30, 50), ("A", 75, 90)], gaps=[("", 80, 100)])
    table = time_budget([rec], {"annotated": {rec.name: rec.intervals}, "predicted": {rec.name: []}}, labels)
    rows = table.set_index(["source", "label"])
    assert rows.loc[("annotated", "A"), "total_s":].tolist() == pytest.approx([35, 35 / 80, 3, 35 / 3, 5, 25])
    assert rows.loc[("predicted", "A"), ["total_s", "fraction", "bouts"]].tolist() == [0, 0, 0]
    assert rows.loc[("predicted", "B"), ["mean_bout_s", "first_s", "longest_pause_s"]].isna().all()
    assert len(table) == 4
