"""Tables on the terminal."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from actscribe.wrapping import filled

if TYPE_CHECKING:
    import pandas as pd

#: Short headings of long columns, so that names of labels need not be folded at 80 characters.
HEADINGS = {
    "clips_annotated": "of",
}
#: Characters into which a text may be folded.
NARROWEST = 6


def print_table(title: str, table: pd.DataFrame, fold: bool = False) -> None:
    """Print a table with its title; floats with three decimals, missing values as a dash, notes below.

    Names in the first column stay on one line, unless they may `fold` to let all columns stand beside each other; a
    column `note` is printed once for all rows that share it. Columns for which the terminal is too narrow come below,
    with the first column again, so that none is left out.
    """
    from rich.console import Console

    console = Console(markup=False, emoji=False)  # "[left]" and ":x:" in a name are no commands
    shown = table.drop(columns="note", errors="ignore")
    for number, part in enumerate(_fitting(shown, console.width, fold)):
        console.print(_drawn(shown.iloc[:, part], f"{title} (continued)" if number else title, fold))
    for note in sorted(set(table["note"]) - {""}) if "note" in table else ():
        print_sentence(f"Note: {note}")


def _fitting(table: pd.DataFrame, width: int, fold: bool) -> list[list[int]]:
    """Return places of columns that fit beside each other into `width` characters, the first one in every part."""
    import pandas as pd  # a sentence is printed without it

    wide = []
    for index, column in enumerate(table.columns):
        whole = max(len(heading(column)), *(len(cell(value)) for value in table.iloc[:, index]), 1)
        whole_line = (index == 0 and not fold) or pd.api.types.is_numeric_dtype(table.iloc[:, index])
        wide.append(2 + (whole if whole_line else min(whole, NARROWEST)))
    parts: list[list[int]] = [[0]] if wide else []
    for index in range(1, len(wide)):
        if len(parts[-1]) > 1 and sum(wide[one] for one in parts[-1]) + wide[index] + 1 > width:
            parts.append([0])
        parts[-1].append(index)
    return parts


def heading(column: object) -> str:
    """Return what is shown above a column."""
    return HEADINGS.get(str(column), str(column).replace("_", " "))


def _drawn(shown: pd.DataFrame, title: str, fold: bool) -> Any:
    import pandas as pd
    from rich import box
    from rich.table import Table

    drawn = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for index, column in enumerate(shown.columns):
        number = pd.api.types.is_numeric_dtype(shown[column])
        drawn.add_column(
            heading(column),
            justify="right" if number else "left",
            no_wrap=(index == 0 and not fold) or number,
            overflow="fold",
        )
    for row in shown.itertuples(index=False):
        drawn.add_row(*(cell(value) for value in row))
    return drawn


def print_sentence(text: str) -> None:
    """Print a sentence, broken between words at the width of the terminal; a longer path or command stays whole."""
    print("\n".join(map(filled, text.split("\n"))))


def seconds_text(seconds: float) -> str:
    """Return a length of time in words, with two digits below ten seconds: 0.052 s, 3.4 s, 110 s."""
    if seconds >= 10:
        return f"{seconds:.0f} s"
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds:.2f} s" if seconds >= 0.1 else f"{seconds:.3f} s"


def minutes_text(seconds: float) -> str:
    """Return an estimated time in words, in whole minutes or tenths of hours."""
    if seconds < 60:
        return "less than a minute"
    return f"about {seconds / 60:.0f} min" if seconds < 7200 else f"about {seconds / 3600:.1f} h"


def bytes_text(count: int) -> str:
    """Return a number of bytes in words, with digits enough that it is not nothing."""
    if count >= 2**30:
        return f"{count / 2**30:.1f} GiB"
    return f"{count / 2**20:.1f} MiB" if count >= 2**20 else f"{count / 2**10:.1f} KiB"


def cell(value: object) -> str:
    """Return a table cell's text."""
    import pandas as pd

    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return "–"
    if isinstance(value, float):
        return f"{value:.3f}"
    return str(value)
