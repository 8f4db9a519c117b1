"""Files that are given by mistake: each is refused by its name, with what to export in its place."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from actscribe.annotations.table import Row, delimiters_of, first_rows, has_header, normal
from actscribe.annotations.text import lines, parse_seconds
from actscribe.errors import ActScribeError

_EXPORT = "Export 'Tabular events' or 'Aggregated events' from BORIS, or give the project file (.boris)."
_BUDGET = {
    "total_number_of_occurences",
    "total_number_of_occurrences",
    "total_duration_s",
    "duration_mean_s",
    "of_total_length",
    "percent_of_total_length",
}
_TIMES = ("time", "time_s", "times", "seconds")
_BINARY = ("0", "1", "0.0", "1.0")


def refuse(path: Path, text: str) -> None:
    """Refuse a text that is known and holds no intervals; its beginning is enough.

    Raises:
        ActScribeError: BORIS's binary table, time budget or behavioural strings, or a file for SDIS-GSEQ.
    """
    first = lines(text.lstrip()[:4096])[0]
    if first.casefold().startswith("# observation id"):
        raise ActScribeError(f"{path}: BORIS's behavioural strings, which hold no times.", _EXPORT)
    if first.startswith("%") and "SDIS" in text[:4096]:
        raise ActScribeError(f"{path}: an SDIS file for GSEQ, which is not read.", _EXPORT)
    if is_binary_table(path, text):
        raise ActScribeError(
            f"{path}: BORIS's binary table (one row per time step), which holds no starts and stops.", _EXPORT
        )
    if has_header(text, is_time_budget):
        raise ActScribeError(f"{path}: BORIS's time budget, which holds totals and no times.", _EXPORT)


def is_time_budget(names: Sequence[str]) -> bool:
    """Tell whether normal column names are those of BORIS's time budget."""
    return "behavior" in names and bool(_BUDGET & set(names)) and "start_s" not in names


def is_binary_table(path: Path, text: str) -> bool:
    """Tell whether a text is BORIS's binary table: a column of times, and one of 0 and 1 for each behaviour."""
    for delimiter in delimiters_of(text):
        rows = first_rows(text, delimiter)
        if len(rows) == 2 and _is_binary(*rows):
            return True
    return False


def _is_binary(header: Row, first: Row) -> bool:
    if len(header.cells) < 2 or len(first.cells) != len(header.cells) or normal(header.cells[0]) not in _TIMES:
        return False
    try:
        parse_seconds(first.cells[0])
    except ValueError:
        return False
    return all(cell.strip() in _BINARY for cell in first.cells[1:])
