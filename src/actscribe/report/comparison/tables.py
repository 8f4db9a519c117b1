"""The tables of the comparison's report: headings with their explanations, cells as text."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import pandas as pd

from actscribe.annotations.interval import Interval
from actscribe.data import spans as sp
from actscribe.data.recording import Recording
from actscribe.evaluation.raters import Agreement, Measure
from actscribe.report import wording as w
from actscribe.report.agreement import views
from actscribe.report.comparison.charts import reliability_points
from actscribe.report.comparison.comparison import Comparison
from actscribe.report.tables import Column, Row, Table, record_table


def plain_table(table: pd.DataFrame, caption: str) -> Table:
    """Return a table of a comparison with its own column names, missing values as a dash."""
    records = [
        {str(key): None if pd.isna(value) else value for key, value in row.items()} for row in table.to_dict("records")
    ]
    return record_table(caption, records)


def headline_table(done: Comparison) -> Table:
    """Return the headline as the report shows it."""
    columns = (
        Column("recognizer", is_text=True),
        Column("macro F1", "mean over labels of F1, precision and recall in one number"),
        Column("95 % interval", "where it would plausibly lie on other groups of the same kind"),
        Column("± seeds", "standard deviation from training to training"),
        Column("precision", "of the clips it marked, the share that is right; mean over labels"),
        Column("recall", "of the clips that show the activity, the share that it found; mean over labels"),
        Column("AP", "average precision: quality of the ranking by score"),
        Column("micro F1", "all decisions of all labels together; of classes: the accuracy"),
        Column("kappa", "agreement with the annotator beyond chance; 1 is full agreement"),
        Column("MCC", "correlation of decisions with the annotation"),
        Column("ECE", "how far scores lie from being probabilities; 0 is best"),
        Column("at best", "the ECE that perfect probabilities would get on as many clips"),
    )
    rows = []
    for row in done.tables["headline"].to_dict("records"):
        cells = [str(row["system"]), w.number(row["macro_f1"]), w.span(row["low"], row["high"])]
        cells.append(w.number(row["seed_sd"], 3))
        cells += [w.number(row[f"macro_{name}"]) for name in ("precision", "recall", "average_precision")]
        cells += [w.number(row[name]) for name in ("micro_f1", "kappa", "mcc")] + [
            w.number(row[name]) for name in ("ece", "ece_floor")
        ]
        rows.append(Row(tuple(cells)))
    return Table("All recognizers, and below them answers that never look at the video.", columns, tuple(rows))


def label_table(done: Comparison) -> Table:
    """Return every measure of each recognizer and label."""
    columns = (
        Column("recognizer", is_text=True),
        Column("label", is_text=True),
        Column("precision"),
        Column("recall"),
        Column("F1"),
        Column("95 % interval"),
        Column("AP"),
        Column("MCC"),
        Column("kappa"),
        Column("95 % interval"),
        Column("clips with"),
    )
    rows = []
    for row in done.tables["labels"].to_dict("records"):
        cells = [row["system"], row["label"], *(w.number(row[name]) for name in ("precision", "recall", "f1"))]
        cells += [w.span(row["low"], row["high"]), w.number(row["average_precision"]), w.number(row["mcc"])]
        cells += [w.number(row["kappa"]), w.span(row["kappa_low"], row["kappa_high"]), w.count(row["support"])]
        rows.append(Row(tuple(cells), row["label"] in ("macro", "micro")))
    return Table("Label by label.", columns, tuple(rows))


def pairs_table(done: Comparison) -> Table:
    """Return the differences between recognizers with their tests."""
    columns = (
        Column("recognizer", is_text=True),
        Column("against", is_text=True),
        Column("difference", "in macro F1, on the same clips"),
        Column("95 % interval"),
        Column("p", "permutation test: how often so large a difference arises by chance"),
        Column("corrected p", "for testing all pairs (Holm)"),
        Column(
            "would show",
            "smallest true difference that one test shows in four of five such studies",
        ),
    )
    rows = tuple(
        Row(
            (
                row["second"],
                row["first"],
                w.signed(row["difference"], 2),
                f"{w.signed(row['low'], 2)} to {w.signed(row['high'], 2)}",
                w.number(row["p"], 3),
                w.number(row["p_holm"], 3),
                w.number(row["detectable"]),
            )
        )
        for row in done.tables["pairs"].to_dict("records")
    )
    return Table("Pair by pair.", columns, rows)


def annotator_table(done: Comparison) -> Table:
    """Return kappa of the second annotator and of each recognizer, against either annotator."""
    columns = (
        Column("who", is_text=True),
        Column("against", is_text=True),
        Column("label", is_text=True),
        Column("kappa"),
        Column("95 % interval"),
        Column("alike", "share of the clips that both call the same"),
        Column("clips", "that both annotators annotated"),
    )
    rows = []
    for row in done.tables["annotators"].to_dict("records"):
        cells = (row["system"], row["against"], row["label"], w.number(row["kappa"]), w.span(row["low"], row["high"]))
        rows.append(Row((*cells, w.percent(row["alike"]), w.count(row["clips"])), row["label"] == "all"))
    return Table("Agreement beyond chance, on the clips that two annotators annotated.", columns, tuple(rows))


def moment_tables(done: Comparison) -> tuple[Table, ...]:
    """Return how far two annotators agree on moments and on events; none where there are no two, or trimmed videos."""
    table = done.tables.get("annotator_moments")
    if table is None:
        return ()
    return tuple(plain_table(part, f"{title}.") for title, part in views(Agreement(table, Measure())).items())


def timeline_table(done: Comparison) -> Table | None:
    """Return timelines against annotation, also of one bout as long as the recording; None for trimmed data sets."""
    table = done.tables.get("timelines")
    if table is None:
        return None
    measures = {"f1@10": "F1@10", "f1@25": "F1@25", "f1@50": "F1@50", "edit": "edit"}
    measures |= {"onset_mae_s": "begin off (s)", "offset_mae_s": "end off (s)"}
    columns = (Column("recognizer", is_text=True), *(Column(title) for title in measures.values()))
    macro = table[table["label"] == "macro"].set_index(["system", "measure"])
    rows = []
    for name in table["system"].unique():
        cells = [str(name)]
        for measure in measures:
            row = macro.loc[(name, measure)]
            value, low, high = (
                w.number(row[key], 1 if measure.endswith("_s") else 2) for key in ("value", "low", "high")
            )
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
    columns = [Column(title, is_text=True) for title in ("label", "annotated", *(s.name for s in done.systems))]
    sides = [recording.intervals or (), *(system.runs[0].timelines[recording.name] for system in done.systems)]
    rows = []
    for name in names:
        cells = [", ".join(f"{w.clock(a)}–{w.clock(b)}" for a, b in _bouts(side, name)) or w.MISSING for side in sides]
        rows.append(Row((name, *cells)))
    return Table(f"Bouts of {recording.name}, from–to.", tuple(columns), tuple(rows))


def reliability_table(done: Comparison) -> Table:
    """Return the points of the reliability plots."""
    columns = (
        Column("recognizer", is_text=True),
        Column("mean score", "of the clips and labels of one bin"),
        Column("came true", "share of them that is annotated"),
        Column("decisions", "clips and labels in the bin, all trainings together"),
    )
    rows = [
        Row((system.name, w.number(score), w.number(share), w.count(count)))
        for system in done.systems
        for score, share, count in reliability_points(system).itertuples(index=False)
    ]
    return Table("Scores and the shares that came true: the points of the plots.", columns, tuple(rows))


def disagreement_table(done: Comparison) -> Table:
    """Return where recognizers contradict each other."""
    columns = (
        Column("recording", is_text=True),
        Column("from"),
        Column("to"),
        Column("label", is_text=True),
        Column("annotated", is_text=True),
        Column("says yes", is_text=True),
        Column("says no", is_text=True),
        Column("gap", "how far the surest yes and the surest no are apart; 2 is most"),
    )
    rows = tuple(
        Row(
            (
                row["recording"],
                w.clock(row["start"]),
                w.clock(row["end"]),
                row["label"],
                row["annotated"] or w.MISSING,
                row["says_yes"],
                row["says_no"],
                w.number(row["gap"]),
            )
        )
        for row in done.tables["disagreements"].to_dict("records")
    )
    return Table("Where recognizers contradict each other most surely. Look at these moments first.", columns, rows)


def cost_table(done: Comparison) -> Table:
    """Return what each recognizer costs."""
    columns = (
        Column("recognizer", is_text=True),
        Column("parameters", "of all networks that ran"),
        Column("trainable", "parameters that training changed"),
        Column("memory (MB)", "peak of the whole process while scoring, Python and PyTorch included"),
        Column("in training (MB)"),
        Column("s per minute", "seconds of compute for a minute of video, decoding included"),
        Column("training"),
    )
    rows = []
    for row in done.costs.to_dict("records"):
        value = {name: None if pd.isna(cell) else cell for name, cell in row.items()}
        cells = [str(row["system"]), w.count(value["parameters"]), w.count(value["trainable_parameters"])]
        cells += [w.count(value["memory_mb"]), w.count(value["training_memory_mb"])]
        cells.append(w.number(value["seconds_per_minute"], 2))
        cells.append(w.MISSING if value["train_s"] is None else w.length(value["train_s"]))
        rows.append(Row(tuple(cells)))
    return Table("Cost, measured on this machine in the same comparison.", columns, tuple(rows))


def _bouts(intervals: Iterable[Interval], name: str) -> list[list[float]]:
    return sp.union(interval for interval in intervals if interval.label == name).tolist()
