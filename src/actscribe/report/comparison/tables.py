"""The tables of the comparison's report: headings with their explanations, cells as text."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import cast

from actscribe.annotations.interval import Interval
from actscribe.columns import Column
from actscribe.data import spans as sp
from actscribe.data.recording import ID_DIGITS, Recording
from actscribe.evaluation.annotators import ANNOTATOR_COLUMNS
from actscribe.evaluation.calibration import MACRO, TOP_LABEL
from actscribe.evaluation.clips import as_shown
from actscribe.evaluation.comparison.calibration import CALIBRATION_COLUMNS, RISK_COLUMNS
from actscribe.evaluation.comparison.curve import CURVE_COLUMNS
from actscribe.evaluation.comparison.disagreements import DISAGREEMENT_COLUMNS
from actscribe.evaluation.comparison.hallucination import CLAIM_COLUMNS
from actscribe.evaluation.comparison.headline import HEADLINE_COLUMNS, LABEL_COLUMNS
from actscribe.evaluation.comparison.pairs import PAIR_COLUMNS
from actscribe.evaluation.comparison.slices import SLICE_COLUMNS
from actscribe.evaluation.comparison.systems import SYSTEM
from actscribe.evaluation.comparison.timelines import OFF_COLUMNS, TIMELINE_COLUMNS
from actscribe.evaluation.raters import Agreement, Measure
from actscribe.report import formatting as w
from actscribe.report.agreement import parts
from actscribe.report.comparison.charts import reliability_points
from actscribe.report.comparison.comparison import Comparison
from actscribe.report.review_links import moment
from actscribe.report.table import WRITERS, Head, Row, Table, frame_table


def headline_table(done: Comparison) -> Table:
    """Return the headline as the report shows it: seeds stand in the provenance, notes above it."""
    columns = [column for column in HEADLINE_COLUMNS if column.name not in ("seeds", "note")]
    caption = "All recognizers, and below them answers that never look at the video."
    return frame_table(caption, done.tables["headline"], columns)


def label_table(done: Comparison) -> Table:
    """Return every measure of each recognizer and label."""
    table = as_shown(done.tables["labels"])
    columns = [column for column in LABEL_COLUMNS if column.name != "predicted_rate"]
    return frame_table("Label by label.", table, columns, table["label"].isin(["macro", "micro"]).tolist())


def pairs_table(done: Comparison) -> Table:
    """Return the differences between recognizers with their tests."""
    return frame_table("Pair by pair.", done.tables["pairs"], PAIR_COLUMNS)


def annotator_table(done: Comparison) -> Table:
    """Return kappa of the second annotator and of each recognizer, against either annotator."""
    table = done.tables["annotators"]
    caption = "Agreement beyond chance, on the clips that two annotators annotated."
    return frame_table(caption, table, ANNOTATOR_COLUMNS, (table["label"] == "all").tolist())


def moment_tables(done: Comparison) -> tuple[Table, ...]:
    """Return how far two annotators agree on moments and on events; none where there are no two, or trimmed videos."""
    table = done.tables.get("annotator_moments")
    if table is None:
        return ()
    agreed = parts(Agreement(table, Measure()))
    return tuple(frame_table(f"{title}.", table, columns) for title, columns in agreed.items())


def calibration_table(done: Comparison) -> Table:
    """Return whether scores are probabilities, before and after a temperature."""
    table = done.tables["calibration"]
    caption = "Calibration error and Brier score, before and after a temperature."
    return frame_table(caption, table, CALIBRATION_COLUMNS, table["label"].isin([MACRO, TOP_LABEL]).tolist())


def risk_table(done: Comparison, title: str) -> Table:
    """Return what is left to each recognizer when the least certain clips go to a person."""
    return frame_table(f"{title}.", done.tables["risk_coverage"], RISK_COLUMNS)


def curve_table(done: Comparison, title: str) -> Table:
    """Return what each recognizer gains from more recordings."""
    return frame_table(f"{title}.", done.tables["learning_curve"], CURVE_COLUMNS)


def slice_table(done: Comparison) -> Table:
    """Return macro F1 on parts of the test set."""
    caption = "Macro F1 on parts of the test recordings, of every recognizer and of answers that never look."
    return frame_table(caption, done.tables["slices"], SLICE_COLUMNS)


def claim_table(done: Comparison) -> Table:
    """Return how often each recognizer says what is not there."""
    return frame_table("How often each says what is not there.", done.tables["hallucination"], CLAIM_COLUMNS)


def indicator_table(done: Comparison) -> Table | None:
    """Return by how much indicators are off; None for trimmed data sets."""
    table = done.tables.get("indicators")
    if table is None or not len(table):
        return None
    return frame_table("By how much indicators are off: mean absolute error.", table, OFF_COLUMNS)


def timeline_table(done: Comparison) -> Table | None:
    """Return timelines against annotation, also of one bout as long as the recording; None for trimmed data sets."""
    table = done.tables.get("timelines")
    if table is None:
        return None
    columns = (Head("recognizer", is_text=True), *(Head(c.title, c.meaning) for c in TIMELINE_COLUMNS))
    macro = table[table["label"] == "macro"].set_index(["system", "measure"])
    rows = []
    for name in table["system"].unique():
        cells = [str(name)]
        for column in TIMELINE_COLUMNS:
            row = macro.loc[(name, column.name)]
            value, low, high = (WRITERS[column.format](row[key]) for key in ("value", "low", "high"))
            cells.append(f"{value} [{low}–{high}]" if math.isfinite(row["low"]) else value)
        rows.append(Row(tuple(cells)))
    return Table("Timelines against annotation, means over labels, with 95 % intervals.", columns, tuple(rows))


def bout_table(recording: Recording, done: Comparison, names: Sequence[str]) -> Table:
    """Return the bouts of one recording as times: a row per label, annotated and by every recognizer's first run.

    Args:
        recording: annotated.
        done: the comparison.
        names: of the labels to show.
    """
    columns = [Head(title, is_text=True) for title in ("label", "annotated", *(s.name for s in done.systems))]
    sides = [recording.intervals or (), *(system.runs[0].timelines[recording.name] for system in done.systems)]
    rows = []
    for name in names:
        cells = [", ".join(f"{w.clock(a)}–{w.clock(b)}" for a, b in _bouts(side, name)) or w.MISSING for side in sides]
        rows.append(Row((name, *cells)))
    return Table(f"Bouts of {recording.name}, from–to.", tuple(columns), tuple(rows))


def reliability_table(done: Comparison) -> Table:
    """Return the points of the reliability plots."""
    columns = (
        Head("recognizer", is_text=True),
        Head("mean score", "of the clips and labels of one bin"),
        Head("came true", "share of them that is annotated"),
        Head("decisions", "clips and labels in the bin, all trainings together"),
    )
    rows = [
        Row((system.name, w.number(score), w.number(share), w.count(count)))
        for system in done.systems
        for score, share, count in reliability_points(system).itertuples(index=False)
    ]
    return Table("Scores and the shares that came true: the points of the plots.", columns, tuple(rows))


def disagreement_table(done: Comparison) -> Table:
    """Return where recognizers contradict each other."""
    caption = "Where recognizers contradict each other most surely. Look at these moments first."
    ids = {one.name: one.content[:ID_DIGITS] for one in done.provenance.recordings}
    links = {"start": lambda row, text: moment(ids[row["recording"]], row["start"], text)}
    return frame_table(caption, done.tables["disagreements"], DISAGREEMENT_COLUMNS, links=links)


def cost_table(done: Comparison) -> Table:
    """Return what each recognizer costs."""
    columns = (
        SYSTEM,
        Column("parameters", "parameters", "of all networks that ran", "count"),
        Column("trainable_parameters", "trainable", "parameters that training changed", "count"),
        Column(
            "memory_mb", "memory (MB)", "peak of the whole process while scoring, Python and PyTorch included", "count"
        ),
        Column("training_memory_mb", "in training (MB)", format="count"),
        Column("seconds_per_minute", "s per minute", "seconds of compute for a minute of video, decoding included"),
        Column("train_s", "training", format="length"),
    )
    at_once = done.provenance.at_once
    beside = f" {at_once} trainings ran at once: alone each takes less time." if at_once > 1 else ""
    return frame_table(f"Cost, measured on this machine in the same comparison.{beside}", done.costs, columns)


def _bouts(intervals: Iterable[Interval], name: str) -> list[list[float]]:
    return cast("list[list[float]]", sp.union(interval for interval in intervals if interval.label == name).tolist())
