"""The time budget: hand-computed rows, and files that spreadsheets open as they are meant."""

from __future__ import annotations

import math
import time
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from actscribe.annotations.interval import Interval
from actscribe.data.recording import Recording
from actscribe.errors import ActScribeError
from actscribe.labels import Label, LabelSet
from actscribe.runs.budget_file import check_budget_file, write_budget
from actscribe.table_workbook import write_workbook
from actscribe.timeline.budget import time_budget

LABELS = LabelSet(name="room", labels=(Label(name="Öffnen"), Label(name="=walk"), Label(name="Never")))


@pytest.fixture
def budget() -> pd.DataFrame:
    """Ten seconds of which one is not annotated: two bouts that touch, a later one, and a label without any."""
    recording = Recording("r", Path("r.mp4"), 10.0, "digest", "r", gaps=(Interval("", 9.0, 10.0),))
    found = [
        Interval("Öffnen", 1.0, 2.0),
        Interval("Öffnen", 2.0, 2.5),
        Interval("Öffnen", 6.0, 7.0),
        Interval("=walk", 8.0, 10.0),
    ]
    return time_budget([(recording, "annotated", found), (recording, "predicted", [])], LABELS)


def test_rows_are_those_counted_by_hand(budget: pd.DataFrame) -> None:
    assert list(budget["label"]) == ["Öffnen", "=walk", "Never"] * 2
    assert list(budget["source"]) == ["annotated"] * 3 + ["predicted"] * 3
    opened, walked, never = budget.iloc[0], budget.iloc[1], budget.iloc[2]
    assert (opened.annotated_s, opened.total_s, opened.bouts, opened.mean_bout_s) == (9.0, 2.5, 2, 1.25)
    assert opened.fraction == pytest.approx(2.5 / 9)
    assert (opened.first_s, opened.longest_interruption_s) == (1.0, 3.5)
    assert (walked.total_s, walked.bouts, walked.mean_bout_s) == (1.0, 1, 1.0)  # its second second is in the gap
    assert (never.total_s, never.bouts) == (0.0, 0)
    assert math.isnan(never.mean_bout_s)
    assert math.isnan(never.first_s)


def test_a_workbook_holds_numbers_and_no_formula(budget: pd.DataFrame, tmp_path: Path) -> None:
    write_budget(tmp_path / "b.xlsx", budget)
    sheet = openpyxl.load_workbook(tmp_path / "b.xlsx").active
    assert sheet.title == "time budget"
    assert sheet.freeze_panes == "A2"
    rows = list(sheet.iter_rows())
    assert [cell.value for cell in rows[0]][:5] == ["recording", "source", "label", "annotated s", "total s"]
    assert (rows[2][2].value, rows[2][2].data_type) == ("=walk", "s")
    assert rows[1][5].value == pytest.approx(2.5 / 9, abs=1e-12)
    assert rows[3][7].value is None  # no bout, no mean


def test_a_workbook_of_the_same_values_has_the_same_bytes(tmp_path: Path) -> None:
    table = pd.DataFrame({"label": ["a\x01b"], "n": [1]})
    write_workbook(tmp_path / "one.xlsx", {"t": table})
    time.sleep(2.1)  # archives note seconds, two by two
    write_workbook(tmp_path / "two.xlsx", {"t": table})
    assert (tmp_path / "one.xlsx").read_bytes() == (tmp_path / "two.xlsx").read_bytes()


def test_a_csv_has_the_mark_by_which_excel_knows_umlauts(budget: pd.DataFrame, tmp_path: Path) -> None:
    write_budget(tmp_path / "b.csv", budget)
    written = (tmp_path / "b.csv").read_bytes()
    assert written.startswith(b"\xef\xbb\xbfrecording,source,label,")
    again = pd.read_csv(tmp_path / "b.csv")
    assert list(again["label"])[:2] == ["Öffnen", "'=walk"]
    assert again["fraction"][0] == 0.278


def test_what_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("precious")
    with pytest.raises(ActScribeError, match="exists already"):
        check_budget_file(tmp_path / "mine.csv")
    with pytest.raises(ActScribeError, match=r"\.csv or \.xlsx"):
        check_budget_file(tmp_path / "b.ods")
    check_budget_file(tmp_path / "mine.csv", overwrite=True)
    assert (tmp_path / "mine.csv").read_text() == "precious"
