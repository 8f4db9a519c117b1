"""The figures of the comparison's report, each with what to see in it and the tables behind it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd
from markupsafe import Markup

from actscribe.evaluation.annotators import FIRST, SECOND
from actscribe.evaluation.raters import Agreement, Measure
from actscribe.report import formatting as w
from actscribe.report.agreement import which_is_which
from actscribe.report.charts import Panel
from actscribe.report.comparison import causality, charts, sentences
from actscribe.report.comparison.comparison import Comparison
from actscribe.report.comparison.numbers import ranking
from actscribe.report.comparison.tables import (
    annotator_table,
    calibration_table,
    claim_table,
    cost_table,
    curve_table,
    headline_table,
    label_table,
    moment_tables,
    reliability_table,
    risk_table,
    slice_table,
)
from actscribe.report.table import Table

#: A manifest column (or group) with more values than this is in the table of slices only, not in its figure.
MOST_VALUES = 8


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with what to see in it and the table behind it.

    Args:
        key: its id on the page.
        title: its heading.
        sentence: what to see in it.
        tables: with the numbers.
        picture: None where panels stand in its place, or there is nothing to draw.
        panels: small pictures.
        hint: how to read it.
    """

    key: str
    title: str
    sentence: str
    tables: tuple[Table, ...]
    picture: Markup | None = None
    panels: tuple[Panel, ...] = ()
    hint: str = ""


def figures(done: Comparison) -> list[Figure]:
    """Return the figures in the order of the page; those that a comparison has nothing for are left out."""
    makers = (_forest, _heat, _calibration, _risk, _curve, _causality, _cost, _annotators, _slices, _hallucination)
    return [figure for make in makers if (figure := make(done)) is not None]


def _forest(done: Comparison) -> Figure:
    title = "Macro F1 of every recognizer with its 95 % interval"
    table = done.tables["headline"].rename(columns={"macro_f1": "value"})
    picture = charts.forest(table, len(done.systems), title)
    hint = "Dot: macro F1. Bar: 95 % interval. Hollow orange: an answer that never looks at the video."
    return Figure("forest", "How good each is", sentences.forest(done), (headline_table(done),), picture, hint=hint)


def _heat(done: Comparison) -> Figure:
    names = [system.name for system in done.systems]
    picture = charts.heat_map(done.tables["labels"], names, done.shared.labels.names)
    hint = "F1 of each recognizer and label; the stronger the colour, the better."
    return Figure("heat", "Label by label", sentences.heat(done), (label_table(done),), picture, hint=hint)


def _calibration(done: Comparison) -> Figure:
    return Figure(
        "calibration",
        "Can scores be read as probabilities?",
        sentences.calibration(done),
        (calibration_table(done), reliability_table(done)),
        panels=charts.reliability(done.systems),
        hint="Points on the dashed line: yes. Below it, scores promise too much; above it, too little.",
    )


def _risk(done: Comparison) -> Figure:
    table = done.tables["risk_coverage"]
    most = float(table["to_person"].max())
    series = []
    for index, system in enumerate(done.systems):
        own = table[table["system"] == system.name]
        places = (own["to_person"] / most).tolist()
        series.append(charts.Series(system.name, charts.colour(index), places, own["macro_f1"].tolist()))
    ticks = {
        share / most: w.percent(share) for share in sorted(set(table["to_person"])) if round(share * 100) % 10 == 0
    }
    title = "Macro F1 on the rest when the least certain clips go to a person"
    picture = charts.lines(series, ticks, "least certain clips that go to a person", "macro F1 on the rest", title)
    return Figure(
        "risk",
        "When a person takes the doubtful clips",
        sentences.risk(done),
        (risk_table(done, title),),
        picture,
    )


def _curve(done: Comparison) -> Figure | None:
    table = done.tables.get("learning_curve")
    if table is None:
        return None
    least, most = math.log(table["recordings"].min()), math.log(max(table["recordings"].max(), 2))
    wide = max(most - least, 1e-9)
    series = []
    for index, system in enumerate(done.systems):
        own = table[table["system"] == system.name].sort_values("recordings")
        places = [(math.log(number) - least) / wide for number in own["recordings"]]
        columns = [own[name].tolist() for name in ("macro_f1", "low", "high")]
        series.append(charts.Series(system.name, charts.colour(index), places, *columns))
    ticks = {(math.log(number) - least) / wide: str(number) for number in sorted(set(table["recordings"]))}
    title = "Macro F1 by number of training recordings"
    picture = charts.lines(series, ticks, "training recordings", "macro F1", title)
    hint = "Bar: 95 % interval. A recognizer that learns nothing is a single point."
    return Figure(
        "curve",
        "What more recordings give",
        sentences.curve(done),
        (curve_table(done, title),),
        picture,
        hint=hint,
    )


def _causality(done: Comparison) -> Figure | None:
    costs = causality.sentences(done)
    if not costs:
        return None
    tables = (causality.table(done),) if "causality" in done.tables else ()
    hint = (
        "Timelines of both are decided over whole recordings, as annotate does. What the decisions of watch cost on"
        " top: actscribe evaluate RUN --as-live."
    )
    return Figure("causality", "What looking at the past alone costs", " ".join(costs), tables, hint=hint)


def _cost(done: Comparison) -> Figure:
    picture = charts.cost_scatter(done.tables["headline"], done.costs)
    hint = "Further up is better, further left is cheaper. Bar: 95 % interval."
    return Figure("cost", "Cost against accuracy", sentences.cost(done), (cost_table(done),), picture, hint=hint)


def _annotators(done: Comparison) -> Figure | None:
    table = done.tables.get("annotators")
    if table is None:
        return None
    whole = table[(table["label"] == "all") & (table["against"] == FIRST)]
    rows = pd.concat([whole[whole["system"] != SECOND], whole[whole["system"] == SECOND]])
    title = "Kappa against the annotator with its 95 % interval"
    picture = charts.forest(rows.rename(columns={"kappa": "value"}), len(done.systems), title)
    hint = "Dot: kappa, the agreement beyond chance. Bar: 95 % interval. Hollow orange: the second annotator."
    if "annotator_moments" in done.tables:
        hint += f" {which_is_which(Agreement(done.tables['annotator_moments'], Measure()))}"
    tables = (annotator_table(done), *moment_tables(done))
    return Figure("annotators", "Beside a second annotator", sentences.annotators(done), tables, picture, hint=hint)


def _slices(done: Comparison) -> Figure | None:
    """Return the best recognizer on parts of the test set; None where all recordings are of one kind."""
    table, ranked = done.tables["slices"], ranking(done)
    if not len(table) or not len(ranked):
        return None
    best = str(ranked["system"].iloc[0])
    own = table[table["system"] == best]
    few = own.groupby("slice", sort=False)["value"].transform("size") <= MOST_VALUES
    shown = own[few]
    rows = shown.assign(system=shown["slice"] + ": " + shown["value"].replace("", "not said"), value=shown["macro_f1"])
    index = [system.name for system in done.systems].index(best)
    title = f"Macro F1 of {best} on parts of the test set with its 95 % interval"
    picture = charts.forest(rows, len(rows), title, charts.colour(index)) if len(rows) else None
    hint = (
        f"Dot: macro F1 of {best} on the recordings of that kind alone. Bar: 95 % interval. A label that no clip of a"
        " part shows is not in its mean, so parts that show different labels are not alike."
    )
    return Figure("slices", "Parts of the test set", sentences.slices(done), (slice_table(done),), picture, hint=hint)


def _hallucination(done: Comparison) -> Figure:
    table = done.tables["hallucination"]
    rates = list(zip(table["system"], table["false_alarm_rate"].tolist(), strict=True))
    return Figure(
        "hallucination",
        "Claims of what is not there",
        sentences.hallucination(done),
        (claim_table(done),),
        charts.bars(rates, "Share of clips in which an absent label is marked"),
        hint="Bar: of the clips that do not show a label, the share in which it is marked; mean over labels.",
    )
