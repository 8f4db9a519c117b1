"""Tables on the terminal."""

from __future__ import annotations

import math

import pandas as pd


def print_table(title: str, table: pd.DataFrame) -> None:
    """Print a table with its title; floats with three decimals, missing values as a dash."""
    from rich.console import Console
    from rich.table import Table

    drawn = Table(title=title, title_justify="left")
    for place, column in enumerate(table.columns):
        drawn.add_column(str(column).replace("_", " "), justify="left" if place == 0 else "right", overflow="fold")
    for row in table.itertuples(index=False):
        drawn.add_row(*(cell(value) for value in row))
    Console().print(drawn)


def cell(value: object) -> str:
    """Return a table cell's text."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    if isinstance(value, float):
        return f"{value:.3f}"
    return str(value)
