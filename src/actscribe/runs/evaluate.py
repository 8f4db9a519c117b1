"""Measuring a run on a split: scores once, then metrics, timelines and the report from what was kept."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from actscribe import annotations as annotation_files
from actscribe.annotations.interval import Annotations, Interval
from actscribe.columns import for_terminal, in_short
from actscribe.counts import counted
from actscribe.data.clips import Window, cut, targets
from actscribe.data.empty_splits import nobody_annotated
from actscribe.data.manifest import SPLITS
from actscribe.data.recording import Recording
from actscribe.data.views import ONE_VIEW, Views
from actscribe.errors import ActScribeError, did_you_mean
from actscribe.evaluation.clips import as_shown, macro_f1
from actscribe.evaluation.events import EVENT_COLUMNS
from actscribe.evaluation.indicators import time_budget
from actscribe.evaluation.measures import BRIEF_COLUMNS
from actscribe.evaluation.result import Evaluation, measure
from actscribe.files import check_writable, write_text
from actscribe.leftovers import sweep_below
from actscribe.models.device import in_words
from actscribe.names import printable
from actscribe.progress import say
from actscribe.recognizers.base import Recognizer
from actscribe.report.audit import audit_of
from actscribe.report.causality import cost_unknown
from actscribe.report.page import write_report
from actscribe.report.sections import unusable
from actscribe.report.verdict import verdict
from actscribe.run_folder import file_names
from actscribe.run_folder.run import OperatingPoint, Run
from actscribe.run_folder.scored_clips import ScoredClips, time_scores
from actscribe.runs.answers import keep_answers, listening
from actscribe.runs.scoring import score_recordings
from actscribe.runs.served import keep_served
from actscribe.runs.train import timed
from actscribe.runs.videos import located
from actscribe.table_files import write_table
from actscribe.table_text import NOTES, notes_text
from actscribe.timeline.confidence import with_confidence
from actscribe.timeline.segments import build
from actscribe.training.checkpoints import remove_checkpoints
from actscribe.typed_words import typed
from actscribe.video.contained import contained

#: Said below a table with a label of which no clip was marked.
UNMARKED = "a label without precision was marked in no clip"
#: Columns of timelines on a terminal.
EVENTS_SHOWN = tuple(column for column in EVENT_COLUMNS if column.format in ("text", "count", "number"))


@dataclass(frozen=True, slots=True, eq=False)
class EvaluatedRun:
    """What `evaluate` returns.

    Args:
        run: that was measured.
        evaluation: the measurements.
        report: the HTML file.
    """

    run: Run
    evaluation: Evaluation
    report: Path

    def summary(self) -> dict[str, pd.DataFrame]:
        """Return the tables that belong on a terminal, by title."""
        result, name = self.evaluation, self.run.info.name
        title = f"{name} on {result.split}: {counted(result.measured(), 'clip')}"
        marked = result.table["predicted_rate"] != 0
        clips = for_terminal(as_shown(result.table), BRIEF_COLUMNS)
        tables = {title: clips if marked.all() else clips.assign(note=np.where(marked, "", UNMARKED))}
        macro = [{"system": name, "macro_f1": result.headline()}]
        for baseline, table in result.baselines.items():
            macro.append({"system": baseline, "macro_f1": macro_f1(table)})
        tables["Against baselines"] = pd.DataFrame(macro)
        tables["F1 with 95 % interval"] = result.confidence
        if result.events is not None:
            tables["Timeline against annotation"] = for_terminal(result.events, EVENTS_SHOWN)
        return tables

    def verdict(self) -> tuple[str, ...]:
        """Return the sentences that the report begins with."""
        return (*unusable(self.run, self.evaluation.split), *verdict(self.evaluation), *cost_unknown(self.run))

    def words(self) -> str:
        """Return the line on the short headings of `summary`."""
        return in_short((*BRIEF_COLUMNS, *(EVENTS_SHOWN if self.evaluation.events is not None else ())))


@contained()
def evaluate(
    run: Run | str | Path,
    split: str = "test",
    frames: bool = False,
    recognizer: Recognizer | None = None,
    videos: Sequence[str | Path] = (),
) -> EvaluatedRun:
    """Measure a complete run on a split, write metrics, timelines and the report into its folder, and return them.

    Clips are scored once and kept; a second call measures the kept scores again, so the test split is read once.

    Args:
        run: a complete one, or its folder.
        split: "train", "validation" or "test".
        frames: whether the report shows frames of the video; off by default, for privacy.
        recognizer: the run's own, where the caller has loaded it.
        videos: folders to search for videos that were moved or renamed.

    Raises:
        ActScribeError: an unknown or empty split, a video that is gone or changed, or a folder that cannot be written.
    """
    run = run if isinstance(run, Run) else Run.open(run)
    check_writable(run.folder)
    sweep_below(run.folder)
    if run.info.status == "complete":
        remove_checkpoints(run.folder)  # of a training that was killed when all but this was done
    if run.has_scores(split):
        kept = f"Scores of {split} are kept in {run.scores_path(split)}; they are measured again,"
        print(f"{kept} against the annotations that the run was made with.", file=sys.stderr)
    result, scored = measured(run, split, recognizer, [Path(one) for one in videos])
    values = json.dumps(result.values(), indent=1, ensure_ascii=False)
    write_text(run.folder / file_names.of_split(file_names.METRICS, split), values)
    _write_timelines(run, split, result.recordings, result.timelines)
    if result.timelines:
        sources = {"annotated": {r.name: r.intervals or () for r in result.recordings}, "predicted": result.timelines}
        budget = time_budget(result.recordings, sources, run.labels)
        for name in file_names.TIME_BUDGETS:
            write_table(run.folder / file_names.of_split(name, split), budget)
        _write_indicators(run, split, result)
    if run.info.notes:
        write_text(run.folder / NOTES, notes_text(run.info.notes))
    report = write_report(run, result, scored, frames=frames)
    return EvaluatedRun(run, result, report)


@contained()
def measured(
    run: Run, split: str = "test", recognizer: Recognizer | None = None, videos: Sequence[Path] = ()
) -> tuple[Evaluation, ScoredClips]:
    """Measure a complete run on a split from its kept scores, scoring the clips first where there are none.

    Arguments and errors as in `evaluate`; nothing is written but the scores.
    """
    run.require_complete()
    if split not in SPLITS:
        raise ActScribeError(f"no split is called '{split}'.", did_you_mean(split, SPLITS))
    recordings = tuple(r for r in run.recordings(split) if r.intervals is not None)
    if not recordings:
        filled = [name for name in SPLITS if any(r.intervals is not None for r in run.recordings(name))]
        choice = "validation" if "validation" in filled else "train"
        folder = typed(run.folder)
        raise ActScribeError(
            f"{run.folder}: {nobody_annotated(split)}.",
            f"To measure it on {choice}, which it has already seen: actscribe evaluate {folder} --split {choice}",
        )
    kept = run.has_scores(split)
    if videos or not kept:
        recordings = located(run, recordings, videos, needed=not kept)
    scored = run.scores(split) if kept else _score(run, split, recordings, recognizer)
    timelines = timelines_of(run, scored, recordings, run.operating_point)
    result = measure(
        split,
        run.labels,
        scored.clips,
        scored.scores,
        np.array([run.operating_point.thresholds[name] for name in run.labels.names]),
        run.study.windows.threshold,
        recordings,
        timelines,
        training_priors(run),
    )
    return result, scored


def score_split(run: Run, split: str, recognizer: Recognizer | None = None, views: Views = ONE_VIEW) -> ScoredClips:
    """Score the clips of a split, keep the scores in the run, and return them.

    Args:
        run: a complete one.
        split: "train", "validation" or "test".
        recognizer: the run's own, where the caller has loaded it.
        views: of a clip, whose scores are averaged.

    Raises:
        ActScribeError: a video that is gone or changed.
    """
    recordings = located(run, (r for r in run.recordings(split) if r.intervals is not None))
    return _score(run, split, recordings, recognizer, views)


def _score(
    run: Run, split: str, recordings: Sequence[Recording], recognizer: Recognizer | None, views: Views = ONE_VIEW
) -> ScoredClips:
    run.info.reads[split] = run.info.reads.get(split, 0) + 1
    run.save_info()  # before the first look, so that one that is stopped counts
    with timed(run, f"evaluate {split}"):
        loaded = recognizer or run.recognizer()
        say(in_words())
        with listening(loaded, run.info.recognizer) as answers:
            within = run.study.split.within == "recordings"
            what = f"Scoring {split}"
            scored = score_recordings(loaded, recordings, run.labels, run.study.windows, what, views, within)
        keep_answers(run, split, answers)
        keep_served(run, split)
        run.save_scores(split, scored)
        run.info.views[split] = (views.clips, views.crops)
    return scored


def timelines_of(
    run: Run, scored: ScoredClips, recordings: Sequence[Recording], operating_point: OperatingPoint
) -> dict[str, tuple[Interval, ...]]:
    """Return the predicted timeline of each recording; none for trimmed data sets, which have no timeline.

    Args:
        run: whose labels and windows they are.
        scored: clips of the recordings.
        recordings: by whose names the result is keyed.
        operating_point: how scores become intervals.
    """
    if run.study.windows.length is None:
        return {}
    settings, labels = operating_point.timeline, run.labels
    merged = time_scores(scored, recordings, settings.step)
    return {
        name: with_confidence(build(scores, settings, labels), scores, operating_point.confidence, labels)
        for name, scores in merged.items()
    }


def training_priors(run: Run) -> np.ndarray:
    """Return the share of positive clips per label in training, shape (labels,), 0 without a clip; no video is read."""
    window = Window(run.study.windows.length, run.study.windows.stride)
    clips = [c for r in run.recordings("train") if r.intervals is not None for c in cut(r, run.labels, window)]
    if not clips:
        return np.zeros(len(run.labels))
    truth = targets(clips, run.labels.task, run.study.windows.threshold)
    known = (~np.isnan(truth)).sum(axis=0)
    return np.asarray(np.nansum(truth, axis=0) / np.maximum(known, 1))


def _write_indicators(run: Run, split: str, result: Evaluation) -> None:
    """Write what the label set's indicators say of each recording, and by how much the recognizer is off."""
    page = audit_of(result)
    if page is None or page.errors is None:
        return
    for names, table in ((file_names.INDICATORS, page.table), (file_names.INDICATOR_ERRORS, page.errors)):
        for name in names:
            write_table(run.folder / file_names.of_split(name, split), table)


def _write_timelines(
    run: Run, split: str, recordings: Sequence[Recording], timelines: Mapping[str, Sequence[Interval]]
) -> None:
    for recording in recordings:
        if recording.name in timelines:
            video = printable(str(recording.video.absolute()))
            annotations = Annotations.of(timelines[recording.name], [video], recording.duration, run.labels.names)
            annotation_files.write(run.folder / file_names.timeline(split, recording.name), annotations, "json")
