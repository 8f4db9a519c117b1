"""The tables of a run's report."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from actscribe.columns import Column
from actscribe.data.recording import Recording
from actscribe.evaluation.calibration import CALIBRATION_COLUMNS
from actscribe.evaluation.clips import as_shown
from actscribe.evaluation.events import EVENT_COLUMNS
from actscribe.evaluation.indicators import INDICATOR_COLUMNS
from actscribe.evaluation.measures import ANNOTATED, BRIEF_COLUMNS, CLIP_COLUMNS, CLIPS, LABEL, measures_in
from actscribe.evaluation.result import Evaluation
from actscribe.report import formatting as w
from actscribe.report.review_links import moment
from actscribe.report.table import WRITERS, Head, Row, Table, frame_table, records

NAME = Head("label", is_text=True)
#: Whose indicators stand beside each other.
SIDES = ("annotated", "predicted")
#: By these a recognizer is held against answers that never look at the video.
COMPARED = tuple(measure.column for measure in measures_in(CLIPS) if measure.name in ("f1", "average_precision"))
THRESHOLD = Column(
    "threshold",
    "threshold",
    "a clip is marked when its score is at least this; chosen on validation, or the default where it says so, because "
    "no validation clip shows the label",
    "text",
)


def label_table(result: Evaluation, fallbacks: Collection[str] = ()) -> Table:
    """Return the measures of every label, F1 and average precision with their intervals, and rates.

    Args:
        result: the measurements.
        fallbacks: labels whose threshold was not chosen, see `OperatingPoint`.
    """
    # Rows of both tables: labels, macro, then micro and (multi-class only) its interval, that of accuracy.
    ends = result.confidence[["low", "high"]].reindex(result.table.index)
    pairs = zip(result.labels.names, result.thresholds.tolist(), strict=True)
    thresholds = [threshold_text(value, name in fallbacks) for name, value in pairs]
    columns = [column for column in CLIP_COLUMNS if column is not ANNOTATED]
    columns += [THRESHOLD] if result.labels.task == "multi-label" else []
    ranked = result.ranking
    table = as_shown(result.table).assign(
        low=ends["low"], high=ends["high"], average_precision_low=ranked["low"], average_precision_high=ranked["high"]
    )
    table["threshold"] = thresholds + [""] * (len(table) - len(thresholds))
    return frame_table(f"Clips of the {result.split} split, label by label.", table, columns, _totals(result, table))


def threshold_text(value: float, is_fallback: bool) -> str:
    """Return a threshold, with a mark where it is no more than the default."""
    return f"{w.number(value, 3)}{' (default)' if is_fallback else ''}"


def baseline_table(result: Evaluation) -> Table:
    """Return F1 and average precision of the recognizer beside those of answers that never look at the video."""
    named = {"this recognizer": result.table, **result.baselines}
    columns, table = [LABEL], result.table[["label"]]
    for name, own in named.items():
        for column in COMPARED:
            columns.append(replace(column, name=f"{name} {column.name}", interval=(), group=name))
            table = table.assign(**{columns[-1].name: own[column.name]})
    caption = "Against answers that never look at the video. A useful recognizer lies clearly above all of them."
    return frame_table(caption, table, columns, _totals(result, table))


def full_baselines(result: Evaluation) -> tuple[Table, ...]:
    """Return one table per baseline in the columns of `label_table`."""
    return tuple(
        frame_table(f"Baseline: {name}.", as_shown(table), BRIEF_COLUMNS, _totals(result, table))
        for name, table in result.baselines.items()
    )


def calibration_table(result: Evaluation) -> Table:
    """Return Brier score and calibration error per label."""
    table = result.calibration
    return frame_table("Can a score be read as a probability?", table, CALIBRATION_COLUMNS, _totals(result, table))


def event_table(events: pd.DataFrame) -> Table:
    """Return the comparison of timelines and annotations per label."""
    caption = "Predicted timelines against annotated ones, all recordings together."
    return frame_table(caption, events, EVENT_COLUMNS, [index == len(events) - 1 for index in range(len(events))])


def indicator_table(table: pd.DataFrame) -> Table:
    """Return one recording's indicators, annotated / predicted; labels that neither side has are left out.

    Args:
        table: the rows of one recording of `evaluation.indicators.compare_indicators`.
    """
    rows = []
    for label, part in table.groupby("label", sort=False):
        values = part.set_index("indicator")
        if not values.loc["bouts", list(SIDES)].sum():
            continue
        cells = [str(label)]
        for column in INDICATOR_COLUMNS:
            annotated, predicted = (WRITERS[column.format](values.loc[column.name, side]) for side in SIDES)
            cells.append(f"{annotated} / {predicted}")
        rows.append(Row(tuple(cells)))
    columns = (NAME, *(Head(column.title, column.meaning) for column in INDICATOR_COLUMNS))
    return Table("Indicators: annotated / predicted.", columns, tuple(rows))


def mix_up_table(counts: np.ndarray, names: Sequence[str], most: int = 10) -> Table:
    """Return the most frequent mix-ups of a confusion matrix, shape (classes, classes), true classes down."""
    wrong = counts - np.diag(np.diag(counts))
    order = np.argsort(-wrong, axis=None, kind="stable")[:most]
    pairs = [(int(true), int(other)) for true, other in zip(*np.unravel_index(order, wrong.shape), strict=True)]
    columns = (
        Head("true class", is_text=True),
        Head("taken for", is_text=True),
        Head("clips"),
        Head("share", "of the clips of the true class"),
    )
    rows = tuple(
        Row(
            (names[true], names[other], w.count(wrong[true, other]), w.percent(wrong[true, other] / counts[true].sum()))
        )
        for true, other in pairs
        if wrong[true, other]
    )
    return Table("Most frequent mix-ups.", columns, rows)


_CLIP_ERRORS = (
    (Head("score", "the most wrong score in the span"), Head("clips", "wrong clips in a row")),
    "Where it was most sure and wrong. Look at these moments of the video first.",
)
_TIMELINE_ERRORS = (
    (
        Head("seconds"),
        Head(
            "of",
            "whole bout: nothing of it was found, or nothing is there; part: a bout that is too short or too long",
            is_text=True,
        ),
        Head("score", "mean of the clips in the span"),
    ),
    "Where the timelines are wrong: whole bouts first, then the longest. Look at these moments of the video first.",
)


def error_table(errors: pd.DataFrame, recordings: Sequence[Recording]) -> Table:
    """Return the errors worth looking at first, of timelines or of clips, with recording and time.

    Args:
        errors: the worst first.
        recordings: that they are in.
    """
    by_name = {one.name: one for one in recordings}
    last, caption = _TIMELINE_ERRORS if "seconds" in errors else _CLIP_ERRORS
    columns = (
        Head("recording", is_text=True),
        NAME,
        Head("error", "false alarm: marked, but not annotated; miss: annotated, but not marked", is_text=True),
        Head("from"),
        Head("to"),
        *last,
    )
    rows = []
    for row in records(errors):
        start = moment(by_name[row["recording"]].id, row["start"], w.clock(row["start"]))
        cells = [str(row["recording"]), str(row["label"]), str(row["kind"]), start, w.clock(row["end"])]
        if "seconds" in row:
            cells += [w.number(row["seconds"], 1), "whole bout" if row["whole"] else "part", w.number(row["score"])]
        else:
            cells += [w.number(row["score"]), w.count(row["clips"])]
        rows.append(Row(tuple(cells)))
    return Table(caption, columns, tuple(rows))


def split_table(recordings: pd.DataFrame) -> Table:
    """Return recordings, groups and length per split, from `data.summary`."""
    columns = (
        Column("split", "split", format="text"),
        Column("recordings", "recordings", format="count"),
        Column("groups", "groups", format="count"),
        Column("seconds", "video", "length of all its recordings together", "length"),
        Column("not_annotated", "not annotated", "recordings without annotations; they are not measured", "count"),
    )
    return frame_table("Recordings.", recordings.assign(seconds=3600 * recordings["hours"]), columns)


def content_table(labels: pd.DataFrame) -> Table:
    """Return intervals, minutes and clips per label, splits side by side, from `data.summary`."""
    splits = list(dict.fromkeys(labels["split"]))
    by_cell = labels.set_index(["label", "split"])
    columns, groups = [NAME], [("", 1)]
    for split in splits:
        columns += [Head("intervals"), Head("minutes"), Head("clips with"), Head("share", "of annotated clips")]
        groups.append((str(split), 4))
    rows = []
    for label in dict.fromkeys(labels["label"]):
        cells = [str(label)]
        for split in splits:
            row = by_cell.loc[(label, split)]
            cells += [w.count(row["intervals"]), w.number(row["minutes"], 1), w.count(row["clips_with"])]
            cells.append(w.percent(row["share"]))
        rows.append(Row(tuple(cells)))
    return Table("Annotated intervals and clips per label.", tuple(columns), tuple(rows), tuple(groups))


def _totals(result: Evaluation, table: pd.DataFrame) -> list[bool]:
    """Return of each row whether it is below those of the labels."""
    return [index >= len(result.labels) for index in range(len(table))]
