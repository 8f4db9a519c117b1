"""Tables on a terminal of 80 characters."""

from __future__ import annotations

import pandas as pd
import pytest

from actscribe.table_text import csv_text
from actscribe.tables import cell, print_sentence, print_table


def test_names_stay_whole_and_a_note_is_said_once(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    names = ["Baby visible", "Ventilation"]
    table = pd.DataFrame(
        {
            "label": names,
            "split": "validation",
            "average_precision": [0.5, float("nan")],
            **{f"column_{i}": [i, i] for i in range(4)},
            "note": "only 2 groups: the interval is unreliable",
        }
    )
    print_table("Title", table)
    out = capsys.readouterr().out
    assert all(any(name in line and "validation" in line for line in out.splitlines()) for name in names)
    assert out.count("only 2 groups") == 1
    assert " AP " in out
    assert max(map(len, out.splitlines())) <= 80


def test_cells() -> None:
    assert [cell(value) for value in (0.12345, float("nan"), None, pd.NA, 3, "x")] == ["0.123", "–", "–", "–", "3", "x"]


def test_a_sentence_breaks_between_words_and_keeps_its_brackets(capsys: pytest.CaptureFixture[str]) -> None:
    text = "The label [Baby visible] was marked in every clip of this recording, which is more than anybody saw there."
    print_sentence(text)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert max(map(len, lines)) <= 80
    assert " ".join(line.strip() for line in lines) == text


def test_no_cell_of_a_csv_is_a_formula() -> None:
    table = pd.DataFrame(
        {"=label": ["=1+1", "@x", "-", None, "plain"], "n": [-1.5, 2, 3, 4, 5], "mixed": [-1, "+a", "", 2, "-b"]}
    )
    lines = csv_text(table).splitlines()
    assert lines == ["'=label,n,mixed", "'=1+1,-1.5,-1", "'@x,2.0,'+a", "-,3.0,", ",4.0,2", "plain,5.0,'-b"]
