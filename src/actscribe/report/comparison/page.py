"""The comparison's report: one HTML file that loads nothing from anywhere."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml
from markupsafe import Markup

from actscribe.columns import explained
from actscribe.evaluation.calibration import BRIER, ECE, ECE_FLOOR
from actscribe.evaluation.causality import CAUSALITY_COLUMNS
from actscribe.evaluation.comparison.calibration import CALIBRATION_COLUMNS, RISK_COLUMNS
from actscribe.evaluation.comparison.curve import CURVE_COLUMNS
from actscribe.evaluation.comparison.hallucination import CLAIM_COLUMNS
from actscribe.evaluation.comparison.pairs import PAIR_COLUMNS
from actscribe.evaluation.comparison.slices import SLICE_COLUMNS
from actscribe.evaluation.comparison.systems import MACRO_F1, SEED_SD
from actscribe.evaluation.comparison.timelines import OFF_COLUMNS, TIMELINE_COLUMNS
from actscribe.evaluation.measures import HEADLINE, LABELS, columns_in
from actscribe.files import write_text
from actscribe.report import formatting as w
from actscribe.report.agreement import EVENT_COLUMNS, MOMENT_COLUMNS
from actscribe.report.comparison import charts, sentences
from actscribe.report.comparison.comparison import Comparison
from actscribe.report.comparison.figures import figures
from actscribe.report.comparison.tables import (
    bout_table,
    disagreement_table,
    headline_table,
    indicator_table,
    pairs_table,
    timeline_table,
)
from actscribe.report.comparison.verdict import verdict
from actscribe.report.provenance import annotations_text
from actscribe.report.rendering import render
from actscribe.report.review_links import command
from actscribe.report.table import INTERVAL, Head, Row, Table
from actscribe.report.table import pairs_table as settings_table
from actscribe.report.timelines import agreement
from actscribe.run_folder.comparison import REPORT, TABLES
from actscribe.typed_words import typed

#: Of more recordings than this the ones that the recognizers fit worst are shown.
MOST_RECORDINGS = 12
#: Warnings at the head of the page.
MOST_NOTES = 12


#: What the page's list of words explains.
WORDS = (
    MACRO_F1,
    *columns_in(LABELS),
    *columns_in(HEADLINE),
    INTERVAL,
    SEED_SD,
    BRIER,
    ECE,
    ECE_FLOOR,
    *CALIBRATION_COLUMNS,
    *RISK_COLUMNS,
    *CURVE_COLUMNS,
    *PAIR_COLUMNS,
    *TIMELINE_COLUMNS,
    *OFF_COLUMNS,
    *SLICE_COLUMNS,
    *CLAIM_COLUMNS,
    *CAUSALITY_COLUMNS,
    *MOMENT_COLUMNS,
    *EVENT_COLUMNS,
)


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
    write_text(path, render("comparison/comparison.html", content(done)))
    return path


def content(done: Comparison) -> dict[str, Any]:
    """Return what the template wants."""
    return {
        "w": w,
        "study": done.provenance.study.name,
        "date": datetime.now().astimezone().strftime("%d %B %Y, %H:%M"),
        "verdict": verdict(done),
        "warnings": _notes(done),
        "headline": headline_table(done),
        "figures": figures(done),
        "recordings": _recordings(done),
        "timeline_sentence": sentences.timelines(done) if "timelines" in done.tables else "",
        "indicator_sentence": sentences.indicators(done),
        "timeline_table": timeline_table(done),
        "indicator_table": indicator_table(done),
        "pairs": pairs_table(done),
        "disagreements": disagreement_table(done),
        "disagreement_sentence": sentences.disagreements(done),
        "look": command(done.provenance.study.folder, done.tables["disagreements"]),
        "words": explained(WORDS),
        **_provenance(done),
    }


def _recordings(done: Comparison) -> list[Lanes]:
    """Return the recordings with all timelines; of many those that are fitted worst."""
    if not done.systems[0].runs[0].timelines:
        return []
    ranked = []
    for recording in done.shared.recordings:
        fits = [agreement(recording, system.runs[0]) for system in done.systems]
        known = [fit for fit in fits if math.isfinite(fit)]
        ranked.append((sum(known) / len(known) if known else 1.0, recording, fits))
    if len(ranked) > MOST_RECORDINGS:
        ranked = sorted(ranked, key=lambda one: one[0])[:MOST_RECORDINGS]
    shown = []
    for _, recording, fits in ranked:
        timelines = [recording.intervals or (), *(s.runs[0].timelines[recording.name] for s in done.systems)]
        present = {interval.label for side in timelines for interval in side}
        names = [name for name in done.shared.labels.names if name in present]
        text = ", ".join(f"{s.name} {w.number(fit)}" for s, fit in zip(done.systems, fits, strict=True))
        note = f"group {recording.group}, {w.length(recording.duration)}; agreement: {text}"
        picture, table = charts.lanes(recording, done.systems, names), bout_table(recording, done, names)
        shown.append(Lanes(recording.name, note, picture, table))
    return shown


def _notes(done: Comparison) -> list[str]:
    """Return what to know before relying on the numbers; what holds for all recognizers is stated once."""
    of: dict[str, list[str]] = {}
    for name, runs in done.runs.items():
        notes = [note.rstrip(".") for run in runs for note in run.info.notes]
        if any(run.info.versions != done.provenance.versions for run in runs):
            notes.append("a run was made with other package versions than the last one")
        most = max(run.info.reads.get("test", 0) for run in runs)
        if most > 1:
            notes.append(
                f"test was scored {most} times, counting what was stopped before its end. Choices made after the first"
                " look flatter it"
            )
        for note in dict.fromkeys(notes):
            of.setdefault(note, []).append(name)
    general = [note for note, names in of.items() if len(names) == len(done.systems)]
    general = [*filter(None, (done.shared.grouping.note, _once(done))), *general]
    text = [f"{note[:1].upper()}{note[1:]}." for note in general]
    text += [f"{', '.join(names)}: {note}." for note, names in of.items() if note not in general]
    if len(text) > MOST_NOTES:
        text[MOST_NOTES:] = [f"And {len(text) - MOST_NOTES} more, in the reports of the single runs."]
    return text


def _once(done: Comparison) -> str:
    """Say of recognizers that were trained once that another training is in no interval."""
    once = [s.name for s in done.systems if len(s.runs) == 1 and done.runs[s.name][0].is_trained]
    if not once:
        return ""
    return f"trained once, so that what another training would change is in no interval: {', '.join(once)}"


def _provenance(done: Comparison) -> dict[str, Any]:
    kept = done.provenance
    overview = {
        "study": kept.study.name,
        "recognizers": ", ".join(kept.recognizers),
        "trainings of each": str(kept.seeds),
        "first seed": str(kept.study.seed),
        "recordings": _by_split(kept.recordings),
        "annotations": annotations_text(kept.review),
        "machine": kept.machine,
    }
    settings = {name: json.dumps(runs[0].info.settings, ensure_ascii=False) for name, runs in done.runs.items()}
    return {
        "command": f"actscribe compare --from {typed(done.folder / 'provenance.json')}",
        "overview": settings_table("At a glance.", overview),
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
    columns = [Head(name, is_text=True) for name in ("recording", "group", "split", "content")]
    rows = tuple(Row((r.name, r.group, r.split, r.content[:12])) for r in done.provenance.recordings)
    return Table("Recordings.", tuple(columns), rows)
