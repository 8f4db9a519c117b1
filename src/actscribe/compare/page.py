"""The comparison's report: one HTML file that loads nothing from anywhere."""

from __future__ import annotations

import json
import math
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from markupsafe import Markup

from actscribe.compare import words
from actscribe.compare.folder import REPORT, TABLES
from actscribe.compare.page_tables import (
    annotator_table,
    bout_table,
    cost_table,
    disagreement_table,
    headline_table,
    label_table,
    pairs_table,
    reliability_table,
    timeline_table,
)
from actscribe.compare.result import Comparison
from actscribe.evaluation.annotators import FIRST, SECOND
from actscribe.files import write_text
from actscribe.report import comparison_charts as charts
from actscribe.report import wording as w
from actscribe.report.charts import Panel
from actscribe.report.page import render
from actscribe.report.tables import Column, Row, Table, record_table
from actscribe.report.tables import pairs_table as settings_table
from actscribe.report.timelines import agreement

#: Of more recordings than this the ones that the recognizers fit worst are shown.
MOST_RECORDINGS = 12
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


@dataclass(frozen=True, slots=True)
class Lanes:
    """One recording with the timelines of all recognizers, and their bouts as times."""

    name: str
    note: str
    picture: Markup
    table: Table


def write_comparison_report(done: Comparison) -> Path:
    """Write report.html into the comparison's folder and return its path.

    Raises:
        ActScribeError: the folder cannot be written to.
    """
    path = done.folder / REPORT
    write_text(path, render("comparison.html", content(done)))
    return path


def content(done: Comparison) -> dict[str, Any]:
    """Return what the template wants."""
    return {
        "w": w,
        "study": done.provenance.study.name,
        "date": datetime.now().astimezone().strftime("%d %B %Y, %H:%M"),
        "verdict": words.verdict(done),
        "warnings": _notes(done)[:12],
        "headline": headline_table(done),
        "figures": [figure for figure in _figures(done) if figure is not None],
        "recordings": _recordings(done),
        "timeline_sentence": words.timelines(done) if "timelines" in done.tables else "",
        "indicator_sentence": words.indicators(done),
        "timeline_table": timeline_table(done),
        "indicator_table": _plain(done, "indicators", "By how much indicators are off: mean absolute error."),
        "pairs": pairs_table(done),
        "disagreements": disagreement_table(done),
        "disagreement_sentence": words.disagreements(done),
        **_provenance(done),
    }


def _figures(done: Comparison) -> list[Figure | None]:
    names = [system.name for system in done.systems]
    labels = done.shared.labels.names
    return [
        Figure(
            "forest",
            "How good each is",
            words.forest(done),
            (headline_table(done),),
            charts.forest(
                done.tables["headline"].rename(columns={"macro_f1": "value"}),
                len(names),
                "Macro F1 of every recognizer with its 95 % interval",
            ),
            hint="Dot: macro F1. Bar: 95 % interval. Hollow orange: an answer that never looks at the video.",
        ),
        Figure(
            "heat",
            "Label by label",
            words.heat(done),
            (label_table(done),),
            charts.heat_map(done.tables["labels"], names, labels),
            hint="F1 of each recognizer and label; the stronger the colour, the better.",
        ),
        Figure(
            "calibration",
            "Can scores be read as probabilities?",
            words.calibration(done),
            (
                _plain_table(
                    done.tables["calibration"], "Calibration error and Brier score, before and after a temperature."
                ),
                reliability_table(done),
            ),
            panels=charts.reliability(done.systems),
            hint="Points on the dashed line: yes. Below it, scores promise too much; above it, too little.",
        ),
        _risk(done),
        _curve(done),
        _cost(done),
        _annotators(done),
        _slices(done),
        Figure(
            "hallucination",
            "Claims of what is not there",
            words.hallucination(done),
            (_plain_table(done.tables["hallucination"], "How often each says what is not there."),),
            charts.bars(
                list(zip(names, done.tables["hallucination"]["false_alarm_rate"].tolist(), strict=True)),
                "Share of clips in which an absent label is marked",
            ),
            hint="Bar: of the clips that do not show a label, the share in which it is marked; mean over labels.",
        ),
    ]


def _risk(done: Comparison) -> Figure:
    table = done.tables["risk_coverage"]
    most = float(table["to_person"].max())
    series = []
    for place, system in enumerate(done.systems):
        own = table[table["system"] == system.name]
        places = (own["to_person"] / most).tolist()
        series.append(charts.Series(system.name, charts.colour(place), places, own["macro_f1"].tolist()))
    ticks = {
        share / most: w.percent(share) for share in sorted(set(table["to_person"])) if round(share * 100) % 10 == 0
    }
    title = "Macro F1 on the rest when the least certain clips go to a person"
    picture = charts.lines(series, ticks, "least certain clips that go to a person", "macro F1 on the rest", title)
    return Figure(
        "risk", "When a person takes the doubtful clips", words.risk(done), (_plain_table(table, f"{title}."),), picture
    )


def _curve(done: Comparison) -> Figure | None:
    table = done.tables.get("learning_curve")
    if table is None:
        return None
    least, most = math.log(table["recordings"].min()), math.log(max(table["recordings"].max(), 2))
    wide = max(most - least, 1e-9)
    series = []
    for place, system in enumerate(done.systems):
        own = table[table["system"] == system.name].sort_values("recordings")
        places = [(math.log(number) - least) / wide for number in own["recordings"]]
        columns = [own[name].tolist() for name in ("macro_f1", "low", "high")]
        series.append(charts.Series(system.name, charts.colour(place), places, *columns))
    ticks = {(math.log(number) - least) / wide: str(number) for number in sorted(set(table["recordings"]))}
    title = "Macro F1 by number of training recordings"
    picture = charts.lines(series, ticks, "training recordings", "macro F1", title)
    hint = "Bar: 95 % interval. A recognizer that learns nothing is a single point."
    return Figure(
        "curve", "What more recordings give", words.curve(done), (_plain_table(table, f"{title}."),), picture, hint=hint
    )


def _cost(done: Comparison) -> Figure:
    picture = charts.cost_scatter(done.tables["headline"], done.costs)
    hint = "Further up is better, further left is cheaper. Bar: 95 % interval."
    return Figure("cost", "Cost against accuracy", words.cost(done), (cost_table(done),), picture, hint=hint)


def _annotators(done: Comparison) -> Figure | None:
    table = done.tables.get("annotators")
    if table is None:
        return None
    whole = table[(table["label"] == "all") & (table["against"] == FIRST)]
    rows = pd.concat([whole[whole["system"] != SECOND], whole[whole["system"] == SECOND]])
    title = "Kappa against the annotator with its 95 % interval"
    picture = charts.forest(rows.rename(columns={"kappa": "value"}), len(done.systems), title)
    hint = "Dot: kappa, the agreement beyond chance. Bar: 95 % interval. Hollow orange: the second annotator."
    return Figure(
        "annotators", "Beside a second annotator", words.annotators(done), (annotator_table(done),), picture, hint=hint
    )


def _slices(done: Comparison) -> Figure | None:
    """Return the best recognizer on parts of the test set; None where all recordings are of one kind."""
    table, ranked = done.tables["slices"], words.ranking(done)
    if not len(table) or not len(ranked):
        return None
    best = str(ranked["system"].iloc[0])
    own = table[table["system"] == best]
    few = own.groupby("slice", sort=False)["value"].transform("size") <= MOST_VALUES
    shown = own[few]
    rows = shown.assign(system=shown["slice"] + ": " + shown["value"].replace("", "not said"), value=shown["macro_f1"])
    place = [system.name for system in done.systems].index(best)
    title = f"Macro F1 of {best} on parts of the test set with its 95 % interval"
    picture = charts.forest(rows, len(rows), title, charts.colour(place)) if len(rows) else None
    caption = "Macro F1 on parts of the test recordings, of every recognizer and of answers that never look."
    hint = f"Dot: macro F1 of {best} on the recordings of that kind alone. Bar: 95 % interval."
    return Figure(
        "slices", "Parts of the test set", words.slices(done), (_plain_table(table, caption),), picture, hint=hint
    )


def _recordings(done: Comparison) -> list[Lanes]:
    """Return the recordings with all timelines; of many those that are fitted worst."""
    if not done.systems[0].runs[0].timelines:
        return []
    found = []
    for recording in done.shared.recordings:
        fits = [agreement(recording, system.runs[0]) for system in done.systems]
        known = [fit for fit in fits if math.isfinite(fit)]
        found.append((sum(known) / len(known) if known else 1.0, recording, fits))
    if len(found) > MOST_RECORDINGS:
        found = sorted(found, key=lambda one: one[0])[:MOST_RECORDINGS]
    shown = []
    for _, recording, fits in found:
        timelines = [recording.intervals or (), *(s.runs[0].timelines[recording.name] for s in done.systems)]
        present = {interval.label for side in timelines for interval in side}
        names = [name for name in done.shared.labels.names if name in present]
        said = ", ".join(f"{s.name} {w.number(fit)}" for s, fit in zip(done.systems, fits, strict=True))
        note = f"group {recording.group}, {w.length(recording.duration)}; agreement: {said}"
        picture, table = charts.lanes(recording, done.systems, names), bout_table(recording, done, names)
        shown.append(Lanes(recording.name, note, picture, table))
    return shown


def _notes(done: Comparison) -> list[str]:
    notes = []
    if done.shared.draws.note:
        notes.append(f"{done.shared.draws.note[:1].upper()}{done.shared.draws.note[1:]}.")
    for name, runs in done.runs().items():
        for note in dict.fromkeys(note for run in runs for note in run.facts.notes):
            notes.append(f"{name}: {note.rstrip('.')}.")
        if any(run.facts.versions != done.provenance.versions for run in runs):
            notes.append(f"{name}: a run was made with other versions of packages than the last one.")
        most = max(run.facts.reads.get("test", 0) for run in runs)
        if most > 1:
            notes.append(f"{name}: test was scored {most} times. Choices made after the first look flatter it.")
    return list(dict.fromkeys(notes))


def _plain(done: Comparison, name: str, caption: str) -> Table | None:
    table = done.tables.get(name)
    return _plain_table(table, caption) if table is not None and len(table) else None


def _plain_table(table: pd.DataFrame, caption: str) -> Table:
    records = [
        {str(key): None if pd.isna(value) else value for key, value in row.items()} for row in table.to_dict("records")
    ]
    return record_table(caption, records)


def _provenance(done: Comparison) -> dict[str, Any]:
    kept = done.provenance
    facts = {
        "study": kept.study.name,
        "recognizers": ", ".join(kept.recognizers),
        "trainings of each": str(kept.seeds),
        "first seed": str(kept.study.seed),
        "recordings": _by_split(kept.recordings),
        "machine": kept.machine,
    }
    settings = {name: json.dumps(runs[0].facts.settings, ensure_ascii=False) for name, runs in done.runs().items()}
    place = shlex.quote(str(done.folder))
    return {
        "command": f"actscribe compare --from {place}/provenance.json",
        "facts": settings_table("At a glance.", facts),
        "details": (
            settings_table("Settings of the recognizers.", settings),
            settings_table("Versions.", kept.versions),
            _recording_table(done),
        ),
        "study_text": yaml.safe_dump(
            kept.study.model_dump(mode="json"), sort_keys=False, allow_unicode=True, width=100
        ),
        "folder": TABLES,
    }


def _by_split(recordings: Sequence[Any]) -> str:
    splits = [recording.split for recording in recordings]
    return ", ".join(f"{splits.count(name)} {name}" for name in dict.fromkeys(splits))


def _recording_table(done: Comparison) -> Table:
    columns = [Column(name, is_text=True) for name in ("recording", "group", "split", "content")]
    rows = tuple(Row((r.name, r.group, r.split, r.content[:12])) for r in done.provenance.recordings)
    return Table("Recordings.", tuple(columns), rows)
