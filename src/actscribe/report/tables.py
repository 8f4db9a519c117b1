"""The tables of the report: headings with their explanations, cells as text."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from actscribe.evaluation.result import Evaluation
from actscribe.report import wording as w


@dataclass(frozen=True, slots=True)
class Column:
    """The head of a column.

    Args:
        title: what it says.
        help: what is shown when it is hovered.
        is_text: flush left; numbers are flush right.
    """

    title: str
    help: str = ""
    is_text: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """Cells as text, in the order of the columns; `is_total` sets a row of sums or means apart."""

    cells: tuple[str, ...]
    is_total: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the report.

    Args:
        caption: what it shows, in a sentence.
        columns: heads.
        rows: of as many cells as columns.
        groups: a line above the heads: (title, columns it spans).
    """

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    groups: tuple[tuple[str, int], ...] = ()


LABEL = Column("label", is_text=True)
PRECISION = Column("precision", "of the clips it marked, the share that is right")
RECALL = Column("recall", "of the clips that show the activity, the share that it found")
AP = Column("AP", "average precision: quality of the ranking by score, whatever the threshold")


def label_table(result: Evaluation) -> Table:
    """Return precision, recall, F1 with its interval, average precision and rates of every label."""
    thresholds = dict(zip(result.labels.names, result.thresholds, strict=True))
    decides = result.labels.task == "multi-label"
    columns = [
        LABEL,
        PRECISION,
        RECALL,
        Column("F1", "one number for precision and recall together (their harmonic mean)"),
        Column("95 % interval", "where F1 would plausibly lie on other groups of the same kind"),
        AP,
        Column("clips with", "clips in which the activity is annotated"),
        Column("predicted", "share of the annotated clips that the recognizer marked"),
        Column("annotated", "share of the annotated clips that show the activity"),
    ]
    if decides:
        columns.append(Column("threshold", "a clip is marked when its score is at least this; chosen on validation"))
    rows = []
    for place, row in enumerate(_records(result.table)):
        name, last = str(row["label"]), place >= len(result.labels)
        # Rows of both tables: labels, macro, then micro and (multi-class only) its interval, that of accuracy.
        interval = w.MISSING
        if place < len(result.confidence):
            interval = w.span(*result.confidence[["low", "high"]].iloc[place])
        cells = [*_measures(row)[:4], interval]
        cells += [w.number(row["average_precision"]), w.count(row["support"])]
        cells += [w.percent(row["predicted_rate"]), w.percent(row["prior"])]
        if decides:
            cells.append(w.MISSING if last else w.number(thresholds[name], 3))
        rows.append(Row(tuple(cells), last))
    return Table(f"Clips of the {result.split} split, label by label.", tuple(columns), tuple(rows))


def baseline_table(result: Evaluation) -> Table:
    """Return F1 and average precision of the recognizer beside those of answers that never look at the video."""
    columns, groups = [LABEL, Column("F1"), AP], [("", 1), ("this recognizer", 2)]
    for name in result.baselines:
        columns += [Column("F1"), AP]
        groups.append((name, 2))
    tables = [_records(table) for table in (result.table, *result.baselines.values())]
    rows = []
    for place, parts in enumerate(zip(*tables, strict=True)):
        cells = [str(parts[0]["label"])]
        for part in parts:
            cells += [w.number(part["f1"]), w.number(part["average_precision"])]
        rows.append(Row(tuple(cells), place >= len(result.labels)))
    caption = "Against answers that never look at the video. A useful recognizer lies clearly above all of them."
    return Table(caption, tuple(columns), tuple(rows), tuple(groups))


def full_baselines(result: Evaluation) -> tuple[Table, ...]:
    """Return one table per baseline in the columns of `label_table`."""
    columns = (LABEL, PRECISION, RECALL, Column("F1"), AP, Column("clips with"), Column("predicted"))
    tables = []
    for name, table in result.baselines.items():
        rows = tuple(
            Row((*_measures(row), w.count(row["support"]), w.percent(row["predicted_rate"])), i >= len(result.labels))
            for i, row in enumerate(_records(table))
        )
        tables.append(Table(f"Baseline: {name}.", columns, rows))
    return tuple(tables)


def calibration_table(result: Evaluation) -> Table:
    """Return Brier score and calibration error per label."""
    columns = (
        LABEL,
        Column("Brier", "mean squared distance of score and truth; 0 is best, always saying 0.5 gives 0.25"),
        Column(
            "ECE",
            "calibration error: how far scores lie from the shares that came true (10 bins of equal mass; of "
            "the top label, of equal width)",
        ),
        Column(
            "at best", "the ECE that perfect probabilities would get on as many clips; below it nothing can be seen"
        ),
        Column("annotated clips"),
    )
    rows = tuple(
        Row(
            (
                str(row["label"]),
                *(w.number(row[key], 3) for key in ("brier", "ece", "ece_floor")),
                w.count(row["annotated"]),
            ),
            place >= len(result.labels),
        )
        for place, row in enumerate(_records(result.calibration))
    )
    return Table("Can a score be read as a probability?", columns, rows)


def event_table(events: pd.DataFrame) -> Table:
    """Return the comparison of timelines and annotations per label."""
    columns = (
        LABEL,
        Column("annotated"),
        Column("predicted"),
        Column("@10", "F1 of bouts that overlap by at least 10 %"),
        Column("@25", "F1 of bouts that overlap by at least 25 %"),
        Column("@50", "F1 of bouts that overlap by at least 50 %"),
        Column("edit", "1 when as many bouts were found as there are"),
        Column("median", "predicted minus annotated begin; + is late"),
        Column("mean", "of absolute errors"),
        Column("median", "predicted minus annotated end; + is late"),
        Column("mean", "of absolute errors"),
        Column("annotated"),
        Column("error", "predicted minus annotated seconds, in percent of the annotated"),
        Column("time F1", "F1 of seconds instead of bouts"),
    )
    groups = [("", 1), ("bouts", 2), ("segment F1", 3), ("", 1), ("begin off by (s)", 2), ("end off by (s)", 2)]
    groups += [("total time", 2), ("", 1)]
    rows = []
    for row, last in _with_totals(events):
        relative = row["total_relative"]
        cells = [str(row["label"]), w.count(row["bouts_true"]), w.count(row["bouts_predicted"])]
        cells += [w.number(row[f"f1@{percent}"]) for percent in (10, 25, 50)] + [w.number(row["edit"])]
        for side in ("onset", "offset"):
            cells += [w.signed(row[f"{side}_median_s"]), w.number(row[f"{side}_mae_s"], 1)]
        cells += [w.clock(row["total_true_s"]), _relative(relative), w.number(row["frame_f1"])]
        rows.append(Row(tuple(cells), last))
    return Table(
        "Predicted timelines against annotated ones, all recordings together.", columns, tuple(rows), tuple(groups)
    )


#: Indicators of `evaluation.indicators` with their heading and how they are written.
INDICATORS: dict[str, tuple[Column, Callable[[float], str]]] = {
    "first_s": (Column("first", "begin of the first bout, from the beginning of the video"), w.clock),
    "total_s": (Column("total", "covered time"), w.clock),
    "fraction": (Column("share of time", "of the annotated time"), w.percent),
    "bouts": (Column("bouts"), w.count),
    "longest_interruption_s": (Column("longest interruption", "between first and last bout"), w.clock),
}


def indicator_table(table: pd.DataFrame) -> Table:
    """Return one recording's indicators, annotated / predicted; labels that neither side has are left out.

    Args:
        table: the rows of one recording of `evaluation.indicators.compare_indicators`.
    """
    rows = []
    for label, part in table.groupby("label", sort=False):
        values = part.set_index("indicator")
        if not values.loc["bouts", ["annotated", "predicted"]].sum():
            continue
        cells = [str(label)]
        for name, (_, write) in INDICATORS.items():
            cells.append(f"{write(values.loc[name, 'annotated'])} / {write(values.loc[name, 'predicted'])}")
        rows.append(Row(tuple(cells)))
    columns = (LABEL, *(column for column, _ in INDICATORS.values()))
    return Table("Indicators: annotated / predicted.", columns, tuple(rows))


def mix_up_table(counts: np.ndarray, names: Sequence[str], most: int = 10) -> Table:
    """Return the most frequent mix-ups of a confusion matrix, shape (classes, classes), true classes down."""
    wrong = counts - np.diag(np.diag(counts))
    order = np.argsort(-wrong, axis=None, kind="stable")[:most]
    pairs = [(int(true), int(said)) for true, said in zip(*np.unravel_index(order, wrong.shape), strict=True)]
    columns = (
        Column("true class", is_text=True),
        Column("taken for", is_text=True),
        Column("clips"),
        Column("share", "of the clips of the true class"),
    )
    rows = tuple(
        Row((names[true], names[said], w.count(wrong[true, said]), w.percent(wrong[true, said] / counts[true].sum())))
        for true, said in pairs
        if wrong[true, said]
    )
    return Table("Most frequent mix-ups.", columns, rows)


_CLIP_ERRORS = (
    (Column("score", "the most wrong score in the span"), Column("clips", "wrong clips in a row")),
    "Where it was most sure and wrong. Look at these moments of the video first.",
)
_TIMELINE_ERRORS = (
    (
        Column("seconds"),
        Column(
            "of",
            "whole bout: nothing of it was found, or nothing is there; part: a bout that is too short or too long",
            is_text=True,
        ),
        Column("score", "mean of the clips in the span"),
    ),
    "Where the timelines are wrong: whole bouts first, then the longest. Look at these moments of the video first.",
)


def error_table(errors: pd.DataFrame) -> Table:
    """Return the errors worth looking at first, of timelines or of clips, with recording and time."""
    last, caption = _TIMELINE_ERRORS if "seconds" in errors else _CLIP_ERRORS
    columns = (
        Column("recording", is_text=True),
        LABEL,
        Column("error", "false alarm: marked, but not annotated; miss: annotated, but not marked", is_text=True),
        Column("from"),
        Column("to"),
        *last,
    )
    rows = []
    for row in _records(errors):
        cells = [str(row["recording"]), str(row["label"]), str(row["kind"]), w.clock(row["start"]), w.clock(row["end"])]
        if "seconds" in row:
            cells += [w.number(row["seconds"], 1), "whole bout" if row["whole"] else "part", w.number(row["score"])]
        else:
            cells += [w.number(row["score"]), w.count(row["clips"])]
        rows.append(Row(tuple(cells)))
    return Table(caption, columns, tuple(rows))


def split_table(recordings: pd.DataFrame) -> Table:
    """Return recordings, groups and length per split, from `data.summary`."""
    columns = (
        Column("split", is_text=True),
        Column("recordings"),
        Column("groups"),
        Column("video", "length of all its recordings together"),
        Column("not annotated", "recordings without annotations; they are not measured"),
    )
    rows = tuple(
        Row(
            (
                str(row["split"]),
                w.count(row["recordings"]),
                w.count(row["groups"]),
                w.length(3600 * row["hours"]),
                w.count(row["not_annotated"]),
            )
        )
        for row in _records(recordings)
    )
    return Table("Recordings.", columns, rows)


def content_table(labels: pd.DataFrame) -> Table:
    """Return intervals, minutes and clips per label, splits side by side, from `data.summary`."""
    splits = list(dict.fromkeys(labels["split"]))
    by_place = labels.set_index(["label", "split"])
    columns, groups = [LABEL], [("", 1)]
    for split in splits:
        columns += [Column("intervals"), Column("minutes"), Column("clips with"), Column("share", "of annotated clips")]
        groups.append((str(split), 4))
    rows = []
    for label in dict.fromkeys(labels["label"]):
        cells = [str(label)]
        for split in splits:
            row = by_place.loc[(label, split)]
            cells += [w.count(row["intervals"]), w.number(row["minutes"], 1), w.count(row["clips_with"])]
            cells.append(w.percent(row["share"]))
        rows.append(Row(tuple(cells)))
    return Table("Annotated intervals and clips per label.", tuple(columns), tuple(rows), tuple(groups))


def record_table(title: str, records: Sequence[Mapping[str, Any]]) -> Table:
    """Return a table of plain records; columns in order of their first appearance."""
    names = list(dict.fromkeys(str(key) for record in records for key in record))
    is_number = {name: all(_is_number(record.get(name)) for record in records) for name in names}
    columns = tuple(Column(name.replace("_", " "), is_text=not is_number[name]) for name in names)
    rows = tuple(Row(tuple(_cell(record.get(name)) for name in names)) for record in records)
    return Table(title, columns, rows)


def pairs_table(caption: str, values: Mapping[str, object]) -> Table:
    """Return a table of names and values."""
    columns = (Column("setting", is_text=True), Column("value", is_text=True))
    return Table(caption, columns, tuple(Row((str(key), str(value))) for key, value in values.items()))


def _measures(row: Mapping[str, Any]) -> tuple[str, ...]:
    names = ("precision", "recall", "f1", "average_precision")
    return (str(row["label"]), *(w.number(row[name]) for name in names))


def _with_totals(table: pd.DataFrame) -> Iterable[tuple[dict[str, Any], bool]]:
    """Yield rows of a table whose last one is `macro`."""
    records = _records(table)
    return ((row, place == len(records) - 1) for place, row in enumerate(records))


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(key): value for key, value in row.items()} for row in table.to_dict(orient="records")]


def _relative(value: float) -> str:
    return f"{w.signed(100 * value, 0)}\u202f%" if math.isfinite(value) else w.MISSING


def _is_number(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _cell(value: object) -> str:
    if value is None:
        return w.MISSING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return w.number(value, 0 if value.is_integer() and abs(value) >= 10 else 3)
    return str(value)
