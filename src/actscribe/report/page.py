"""The report of one run on one split: a single HTML file that loads nothing from anywhere."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from actscribe.columns import explained
from actscribe.counts import counted
from actscribe.data.loading import StudyData
from actscribe.data.summary import summarise
from actscribe.evaluation.calibration import BRIER, ECE, ECE_FLOOR
from actscribe.evaluation.events import EVENT_COLUMNS
from actscribe.evaluation.measures import CLIPS, columns_in
from actscribe.evaluation.result import Evaluation
from actscribe.files import write_text
from actscribe.report import charts, formatting, tables
from actscribe.report.audit import audit_of, section
from actscribe.report.causality import cost_unknown
from actscribe.report.pictures import error_pictures
from actscribe.report.provenance import files, provenance
from actscribe.report.rendering import render
from actscribe.report.review_links import command
from actscribe.report.sections import Section, extra_sections, unusable
from actscribe.report.table import INTERVAL, Table
from actscribe.report.timelines import shown_recordings
from actscribe.report.verdict import BASELINES, best_baseline, verdict, warnings
from actscribe.run_folder import file_names
from actscribe.run_folder.run import Run, study_above
from actscribe.run_folder.scored_clips import ScoredClips


def write_report(run: Run, result: Evaluation, scored: ScoredClips, frames: bool = False) -> Path:
    """Write report-SPLIT.html into the run folder and return its path.

    The file holds its style and drawings; it has no script, and its content policy forbids loading anything. Every
    name and text from outside is escaped.

    Args:
        run: a complete one.
        result: its measurements on one split.
        scored: the clips of that split, with the times of the frames that were seen.
        frames: whether frames of the worst errors are put in; by default there is no picture of the video (privacy).

    Raises:
        ActScribeError: the folder cannot be written to.
    """
    page = render("template.html", _content(run, result, scored, frames))
    path = run.folder / file_names.of_split(file_names.REPORT, result.split)
    write_text(path, page)
    return path


def _content(run: Run, result: Evaluation, scored: ScoredClips, frames: bool) -> dict[str, Any]:
    summary = summarise(run.study, StudyData(result.labels, run.recordings(), {}))
    shown = shown_recordings(result)
    return {
        "w": formatting,
        "counted": counted,
        "info": run.info,
        "result": result,
        "date": datetime.now().astimezone().strftime("%d %B %Y, %H:%M"),
        "verdict": (*unusable(run, result.split), *verdict(result), *cost_unknown(run)),
        "warnings": warnings(run, result),
        "data_tables": _data_tables(summary.tables),
        "data_notes": summary.notes,
        "label_table": tables.label_table(result, run.operating_point.fallbacks),
        "baseline_table": tables.baseline_table(result),
        "baseline_tables": tables.full_baselines(result),
        "best_baseline": best_baseline(result).name,
        "baselines": ", ".join(BASELINES[name] for name in result.baselines),
        "calibration_table": tables.calibration_table(result),
        "f1_figure": charts.f1_figure(result),
        "curves": charts.recall_precision_panels(result),
        "reliability": charts.reliability_panels(result),
        "confusion_panels": () if result.confusion is not None else charts.confusion_panels(result),
        "confusion": None if result.confusion is None else _matrix(result),
        "event_table": None if result.events is None else tables.event_table(result.events),
        "recordings": shown,
        "untitled": sum(not recording.is_titled for recording in shown),
        "error_table": tables.error_table(result.errors, result.recordings),
        "look": command(study_above(run.folder), result.errors, run.folder) if result.recordings else "",
        "with_frames": frames,
        "pictures": error_pictures(result.errors, scored, result.recordings) if frames else (),
        "words": explained((*columns_in(CLIPS), INTERVAL, BRIER, ECE, ECE_FLOOR)),
        "event_words": explained(EVENT_COLUMNS),
        "sections": (*_audit(result), *extra_sections(run, result.split)),
        "provenance": provenance(run, result, frames),
        "files": files(run, result),
    }


def _audit(result: Evaluation) -> tuple[Section, ...]:
    page = audit_of(result)
    return () if page is None else (section(page),)


def _data_tables(summaries: dict[str, Any]) -> list[Table]:
    made = []
    if "Recordings" in summaries:
        made.append(tables.split_table(summaries["Recordings"]))
    if "Labels" in summaries:
        made.append(tables.content_table(summaries["Labels"]))
    return made


def _matrix(result: Evaluation) -> dict[str, Any]:
    names, counts = result.labels.names, result.confusion
    assert counts is not None
    return {"picture": charts.confusion_matrix(counts, names), "table": tables.mix_up_table(counts, names)}
