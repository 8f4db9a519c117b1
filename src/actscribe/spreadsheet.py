"""Texts as spreadsheets take them: what would run as a formula, and what is not ASCII."""

from __future__ import annotations

import re

#: What spreadsheets take for a formula; some leave out white space before it.
_FORMULA = re.compile(r"'*(?:[\t\r].|\s*[=+\-@].)", re.DOTALL)


def for_excel(text: str) -> str:
    """Return the text of a CSV with a byte order mark before it, if Excel would misread it without."""
    return text if text.isascii() else "\ufeff" + text


def as_text(text: str) -> str:
    """Return a cell's text so that no spreadsheet runs it as a formula: an apostrophe before '=', '+', '-' and '@',
    and before white space that these follow.

    `from_text` undoes it. A text that begins with apostrophes and one of these gets one more, so that nothing is lost.
    """
    return f"'{text}" if _FORMULA.match(text) else text


def from_text(cell: str) -> str:
    """Return what `as_text` was given."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
