"""Tables on a terminal of 80 characters."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

import actscribe
from actscribe.spreadsheet import as_text, from_text
from actscribe.table_text import csv_text, latex_text, markdown_text
from actscribe.tables import cell, print_sentence, print_table, seconds_text


def test_names_stay_whole_and_a_note_is_said_once(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    names = ["Baby visible", "Ventilation"]
    table = pd.DataFrame(
        {
            "label": names,
            "split": "validation",
            "clips_annotated": [0.5, float("nan")],
            **{f"column_{i}": [i, i] for i in range(4)},
            "note": "only 2 groups: the interval is unreliable",
        }
    )
    print_table("Title", table)
    out = capsys.readouterr().out
    assert all(any(name in line and "validation" in line for line in out.splitlines()) for name in names)
    assert out.count("only 2 groups") == 1
    assert " of " in out
    assert max(map(len, out.splitlines())) <= 80


def test_cells() -> None:
    assert [cell(value) for value in (0.12345, float("nan"), None, pd.NA, 3, "x")] == ["0.123", "–", "–", "–", "3", "x"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0523, "0.052 s"), (0.42, "0.42 s"), (3.44, "3.4 s"), (113.0, "113 s"), (12345.0, "12345 s")],
)
def test_lengths_of_time_have_no_exponent(seconds: float, text: str) -> None:
    assert seconds_text(seconds) == text


def test_no_column_of_a_wide_table_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    wide = pd.DataFrame({"label": ["Ventilation"], **{f"c{index}": [index / 7] for index in range(30)}})
    print_table("Wide", wide)
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 80
    for index in range(30):
        assert re.search(rf"\bc{index}\b", out)
        assert f"{index / 7:.3f}" in out
    assert out.count("Ventilation") == out.count("Wide") > 1


def test_no_number_that_is_shown_may_turn_into_an_exponent() -> None:
    """`.2g` writes 1.1e+02; axes from 0 to 1 alone may use it."""
    sources = Path(actscribe.__file__).parent
    exponents = [
        f"{path.name}: {line.strip()}"
        for path in sources.rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.search(r"\{[^{}]*:[^{}]*\.[1-5]g\}", line) and path != sources / "report" / "comparison" / "charts.py"
    ]
    assert exponents == []


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


def test_a_cell_ends_no_row_of_markdown_or_latex() -> None:
    table = pd.DataFrame({"a|b\nc": ["x\ny", "p|q"]})
    assert markdown_text(table) == "| a\\|b c |\n| --- |\n| x y |\n| p\\|q |\n"
    assert "a|b c \\\\\n" in latex_text(table)
    assert "x y \\\\\n" in latex_text(table)


@pytest.mark.parametrize("text", ["\n=x", " =cmd()", "\u00a0+1", "\t=x", "' =x", "=x", " \n@x"])
def test_white_space_hides_no_formula(text: str) -> None:
    assert as_text(text) == f"'{text}"
    assert from_text(as_text(text)) == text
    assert f"'{text}" in csv_text(pd.DataFrame({"label": [text]}))


@pytest.mark.parametrize("text", [" x", "a =b", "-", " ", "'x", "\nx"])
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert as_text(text) == text == from_text(text)


@pytest.mark.parametrize("name", ["Groom [left]", "[/on]", "[bold]x", "a :smile: b"])
def test_names_in_brackets_or_between_colons_are_shown_as_they_are(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    print_table(name, pd.DataFrame({"label": [name], name: [1]}))
    lines = [line.split() for line in capsys.readouterr().out.splitlines() if name in line]
    words = name.split()
    assert lines == [words, ["label", *words], [*words, "1"]]
