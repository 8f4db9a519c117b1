"""What indicators count from beside activities: point events of annotation files, and moments that a manifest gives."""

from __future__ import annotations

from dataclasses import replace

from actscribe.annotations import table
from actscribe.annotations.interval import Annotations, Interval
from actscribe.annotations.text import parse_seconds, quoted
from actscribe.data.manifest import COLUMNS, Row, is_camera
from actscribe.errors import ActScribeError
from actscribe.labels import LabelSet
from actscribe.names import same_name


def events_of(annotations: Annotations, labels: LabelSet) -> tuple[Interval, ...]:
    """Return the point events of the label set's `events`, under its names; what lasts is taken by its start."""
    named = ((labels.event(one.label), one) for one in annotations.intervals)
    return tuple(replace(one, label=name, end=one.start) for name, one in named if name is not None)


def moments_of(row: Row, labels: LabelSet) -> tuple[tuple[str, float], ...]:
    """Return the moments that a manifest gives of one video: (column, seconds), of the columns that indicators name.

    Seconds of the video or m:ss; negative before it began. An empty cell gives none. Upper and lower case of column
    names are the same.

    Raises:
        ActScribeError: a cell is not a time (video and line named), or a column is one that holds something else.
    """
    moments = []
    cells = {same_name(name): cell for name, cell in row.extra.items()}
    for column in labels.moments():
        if table.normal(column) in COLUMNS or is_camera(column):
            raise ActScribeError(
                f"label set '{labels.name}': indicators count from the manifest's column '{column}', which holds no"
                " moments.",
                "Name a column of your own there, such as birth_s.",
            )
        text = cells.get(same_name(column), "").strip()
        if text:
            moments.append((column, _seconds(text, column, row)))
    return tuple(moments)


def _seconds(text: str, column: str, row: Row) -> float:
    try:
        early = text.startswith(("-", "\u2212"))
        return -parse_seconds(text[1:]) if early else parse_seconds(text)
    except ValueError:
        raise ActScribeError(
            f"line {row.line} of the manifest: {column} of {row.video.name} is {quoted(text)}, expected seconds of the"
            " video.",
            f"Write it as 12.5 or 0:12.5, negative where it was before the video; or leave it empty ({column} is what"
            " indicators of the label set count from).",
        ) from None
