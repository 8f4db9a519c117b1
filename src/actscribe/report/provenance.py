"""How a report's numbers came about: settings, versions, operating points, files and the command."""

from __future__ import annotations

import json
from dataclasses import dataclass

from actscribe.counts import counted
from actscribe.evaluation.result import Evaluation
from actscribe.journal import Version
from actscribe.report import formatting as w
from actscribe.report.table import Head, Row, Table, pairs_table
from actscribe.report.tables import threshold_text
from actscribe.run_folder import file_names
from actscribe.run_folder.run import Run
from actscribe.typed_words import typed


@dataclass(frozen=True, slots=True)
class Provenance:
    """The last section of the report.

    Args:
        command: that makes the same report again from the run folder.
        overview: seed, windows, machine, how often the split was read.
        tables: settings, operating points, run times, versions and the recordings of the split.
        study: text of the run's study file.
    """

    command: str
    overview: Table
    tables: tuple[Table, ...]
    study: str


def provenance(run: Run, result: Evaluation, frames: bool) -> Provenance:
    """Return how the run and its measurement came about."""
    info = run.info
    option = " --frames" if frames else ""
    command = f"actscribe evaluate {typed(run.folder)} --split {result.split}{option}"
    settings = pairs_table("Settings of the recognizer.", {k: json.dumps(v) for k, v in info.settings.items()})
    seconds = pairs_table("Run times.", {what: w.length(value) for what, value in info.task_seconds.items()})
    versions = pairs_table("Versions.", info.versions)
    tables = (_decisions(run), settings, seconds, versions, _recordings(result))
    study = (run.folder / "study.yaml").read_text(encoding="utf-8")
    return Provenance(command, _overview(run, result), tables, study)


def files(run: Run, result: Evaluation) -> tuple[tuple[str, str], ...]:
    """Return (file of the run folder, what it holds) for everything that the report's numbers come from."""
    split = result.split
    held = (
        (file_names.of_split(file_names.METRICS, split), "every table of this report, unrounded"),
        (
            file_names.of_split(file_names.SCORES, split),
            "the score of every clip and label, with the times of the frames that were seen",
        ),
        (file_names.TIMELINES, "the predicted timeline of every recording"),
        ("time-budget-{split}.xlsx", "seconds, bouts, onsets and pauses of every recording and label; also as CSV"),
        (file_names.OPERATING_POINT, "thresholds, timeline settings and calibration, chosen on validation"),
        ("recordings.json", "recordings, annotations and split as they were"),
        ("study.yaml", "the study as it was"),
        (file_names.RUN_FILE, "settings, seed, versions, machine, run times"),
    )
    named = ((file_names.of_split(name, result.split), what) for name, what in held)
    return tuple((name, what) for name, what in named if (run.folder / name).exists())


def _overview(run: Run, result: Evaluation) -> Table:
    info, windows = run.info, run.study.windows
    length = "the whole video" if windows.length is None else f"{windows.length:g} s, one every {windows.stride:g} s"
    rules = "applied" if run.operating_point.timeline.rules else "not applied"
    values = {
        "study": info.study,
        "recognizer": info.name if info.name == info.recognizer else f"{info.name} ({info.recognizer})",
        "seed": info.seed,
        "clips": f"{length}, {counted(windows.frames, 'frame')} each",
        "a label is present": f"in a clip of which it covers at least {w.percent(windows.threshold)}",
        "a label is marked": "where its score reaches the threshold",
        "split": f"{result.split}, {_read(info.reads.get(result.split, 0))}",
        "annotations": annotations_text(info.review),
        "machine": info.machine or w.MISSING,
    }
    if info.warm_start:
        values["training"] = f"started from the weights of the run {info.warm_start.run.was}"
    if result.labels.task == "multi-class":
        values["a label is present"] = "the one that covers most of the clip"
        values["a label is marked"] = "the one with the highest score"
    if result.timelines:
        values["label set's rules"] = f"{rules} to timelines"
    return pairs_table("At a glance.", values)


def annotations_text(review: Version | None) -> str:
    """Return where annotations are from."""
    if review is None:
        return "from files"
    entries = counted(review.entries, "entry", "entries")
    return f"from review where it was begun (journal of {entries}, the last {review.head[:12]}), else from files"


def _read(times: int) -> str:
    """Return how often a split was scored."""
    return f"scored {counted(times, 'time')}{', counting what was stopped before its end' if times > 1 else ''}"


def _decisions(run: Run) -> Table:
    """Return the operating point of every label with its notes."""
    operating_point = run.operating_point
    columns = (
        Head("label", is_text=True),
        Head("clip threshold"),
        Head("on", "a bout begins where the smoothed score reaches it"),
        Head("off", "a bout ends where the smoothed score falls below it"),
        Head("smoothing (s)", "standard deviation of the Gaussian"),
        Head("shortest bout (s)"),
        Head("shortest gap (s)"),
        Head("note", is_text=True),
    )
    rows = []
    for name in run.labels.names:
        chosen = operating_point.timeline.of(name)
        cells = [
            name,
            threshold_text(operating_point.thresholds[name], name in operating_point.fallbacks),
            w.number(chosen.on, 3),
            w.number(chosen.off, 3),
        ]
        cells += [w.number(value) for value in (chosen.smoothing, chosen.min_duration, chosen.min_gap)]
        rows.append(Row((*cells, operating_point.timeline.notes.get(name, ""))))
    return Table("Operating point, chosen on validation only.", columns, tuple(rows))


def _recordings(result: Evaluation) -> Table:
    columns = (Head("recording", is_text=True), Head("group", is_text=True), Head("length"), Head("content"))
    rows = tuple(
        Row((recording.name, recording.group, w.clock(recording.duration), recording.content[:12]))
        for recording in result.recordings
    )
    return Table(f"Recordings of the {result.split} split.", columns, rows)
