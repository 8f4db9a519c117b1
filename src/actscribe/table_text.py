"""Tables as CSV, LaTeX and Markdown text. The same values always give the same bytes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import pandas as pd

from actscribe.spreadsheet import as_text, for_excel
from actscribe.tables import cell

#: What LaTeX reads as something else.
LATEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "–": "--",
}


#: Beside tables, whose CSV holds numbers alone: what to know before relying on them.
NOTES = "table-notes.txt"


def notes_text(notes: Sequence[str]) -> str:
    """Return the text of `NOTES`: a sentence a line, each once."""
    sentences = (f"{note[:1].upper()}{note[1:].rstrip('.')}." for note in dict.fromkeys(notes))
    return "".join(f"{sentence}\n" for sentence in sentences)


def csv_text(table: pd.DataFrame) -> str:
    """Return a table as CSV with unrounded numbers; missing values are empty.

    A text that a spreadsheet would run as a formula has an apostrophe before it, see `spreadsheet`. Text that is
    not ASCII begins with a byte order mark, without which Excel takes it for an old encoding.
    """
    safe = safe_texts(table)
    # What ends lines is quoted in texts; another carriage return is not, and would end its row for those who read.
    ending = "\r\n" if any("\r" in value for value in _texts(safe)) else "\n"
    return for_excel(safe.to_csv(index=False, lineterminator=ending))


def _texts(table: pd.DataFrame) -> Iterator[str]:
    yield from map(str, table.columns)
    for index, kind in enumerate(table.dtypes):
        if not pd.api.types.is_numeric_dtype(kind):
            yield from (value for value in table.iloc[:, index] if isinstance(value, str))


def safe_texts(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table of which a spreadsheet runs nothing as a formula."""
    safe = table.rename(columns=lambda name: as_text(str(name)))
    for index, kind in enumerate(safe.dtypes):
        if not pd.api.types.is_numeric_dtype(kind):
            safe.isetitem(index, [as_text(value) if isinstance(value, str) else value for value in safe.iloc[:, index]])
    return safe


def markdown_text(table: pd.DataFrame) -> str:
    """Return a table as Markdown, numbers with three decimals."""
    heads = [_marked(_head(column)) for column in table.columns]
    marks = ["---:" if number else "---" for number in _numbers(table)]
    rows = [[_marked(_shown(value)) for value in row] for row in table.itertuples(index=False)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (heads, marks, *rows))


def latex_text(table: pd.DataFrame) -> str:
    """Return a table as a LaTeX tabular with the rules of the package booktabs, numbers with three decimals.

    What a column `note` says of its rows stands once, as a comment below: it is for the caption.
    """
    notes = sorted(set(table["note"]) - {""}) if "note" in table else []
    table = table.drop(columns="note", errors="ignore")
    places = "".join("r" if number else "l" for number in _numbers(table))
    rows = [[_latex(_shown(value)) for value in row] for row in table.itertuples(index=False)]
    lines = [rf"\begin{{tabular}}{{{places}}}", r"\toprule", _line([_latex(_head(name)) for name in table.columns])]
    lines += [r"\midrule", *map(_line, rows), r"\bottomrule", r"\end{tabular}"]
    lines += [f"% Note: {' '.join(note.split())}" for note in notes]
    return "\n".join(lines) + "\n"


def _marked(text: str) -> str:
    return _one_line(text).replace("\\", "\\\\").replace("|", "\\|")


def _one_line(text: str) -> str:
    """Return a cell's text without line breaks, which would end its row."""
    return " ".join(text.splitlines())


def _line(cells: list[str]) -> str:
    return " & ".join(cells) + r" \\"


def _latex(text: str) -> str:
    return "".join(LATEX.get(letter, letter) for letter in _one_line(text))


def _head(column: object) -> str:
    return str(column).replace("_", " ")


def _numbers(table: pd.DataFrame) -> list[bool]:
    return [pd.api.types.is_numeric_dtype(table[name]) for name in table.columns]


def _shown(value: object) -> str:
    if isinstance(value, float) and math.isfinite(value) and 0 < abs(value) < 0.0005:
        return "<0.001" if value > 0 else ">-0.001"
    return cell(value)
