"""What indicators count from beside activities: point events of annotation files, and moments that a manifest gives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from actscribe.annotations import table
from actscribe.annotations.interval import Annotations, Interval
from actscribe.annotations.text import parse_seconds, quoted
from actscribe.data.manifest import COLUMNS, Row, is_camera
from actscribe.data.recording import Recording
from actscribe.errors import LIKENESS_OF_SLIPS, ActScribeError, closest
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
    for column in labels.moments():
        if table.normal(column) in COLUMNS or is_camera(column):
            raise ActScribeError(
                f"label set '{labels.name}': indicators count from the manifest's column '{column}', which holds no"
                " moments.",
                "Name a column of your own there, such as birth_s.",
            )
    return moments_in(row.extra, labels.moments(), f"line {row.line} of the manifest", row.video.name)


def moments_in(
    cells: Mapping[str, str], columns: Iterable[str], where: str, video: str
) -> tuple[tuple[str, float], ...]:
    """Return the moments in a row of any table of videos, as `moments_of` does.

    Args:
        cells: column -> text.
        columns: that hold moments.
        where: the row stands, for messages.
        video: its name, for messages.

    Raises:
        ActScribeError: a cell is not a time.
    """
    by_name = {same_name(name): cell for name, cell in cells.items()}
    texts = ((column, by_name.get(same_name(column), "").strip()) for column in columns)
    return tuple((column, _seconds(text, column, where, video)) for column, text in texts if text)


def misspelled_columns(rows: Iterable[Row], labels: LabelSet) -> list[str]:
    """Return a sentence for each column that indicators count from and a manifest seems to spell differently."""
    own = {same_name(name): name for row in rows for name in row.extra}
    lacking = [column for column in labels.moments() if same_name(column) not in own]
    slips = ((column, closest(column, own.values(), LIKENESS_OF_SLIPS)) for column in lacking)
    return [
        f"indicators count from the column '{column}', which the manifest does not have. Did you mean '{slip}'?"
        for column, slip in slips
        if slip is not None
    ]


def nothing_to_count_from(recordings: Sequence[Recording], labels: LabelSet) -> list[str]:
    """Return a sentence for each moment and event that indicators name and no recording of a study has."""
    moments = {column for one in recordings for column, _ in one.moments}
    events = {event.label for one in recordings for event in one.events}
    columns = [name for name in labels.moments() if name not in moments]
    lacking = [(name, f"no row of the manifest has '{name}'") for name in columns]
    lacking += [(name, f"no annotation has the event '{name}'") for name in labels.events if name not in events]
    sentences = []
    for name, why in lacking:
        of = [f"'{one.name}'" for one in labels.indicators if name in (*one.names(), *one.columns())]
        sentences += [f"{why}, so there is nothing to be said of {', '.join(of)}."] if of else []
    return sentences


def _seconds(text: str, column: str, where: str, video: str) -> float:
    try:
        early = text.startswith(("-", "\u2212"))
        return -parse_seconds(text[1:]) if early else parse_seconds(text)
    except ValueError:
        raise ActScribeError(
            f"{where}: {column} of {video} is {quoted(text)}, expected seconds of the video.",
            f"Write it as 12.5 or 0:12.5, negative where it was before the video; or leave it empty ({column} is what"
            " indicators of the label set count from).",
        ) from None
