"""What live decisions cost: timelines of annotated recordings as a watcher would have seen them, beside offline ones.

No video is read and nothing is scored again: the kept scores of a split are decided window by window, as they would
have come.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from actscribe.annotations.interval import Interval
from actscribe.data import spans as sp
from actscribe.data.clips import SAME_S, Clip
from actscribe.data.recording import Recording
from actscribe.errors import ActScribeError
from actscribe.evaluation.intervals import mean_of_known
from actscribe.labels import LabelSet
from actscribe.live.causal.timeline import Bar, CausalTimeline
from actscribe.live.scorers import TOGETHER_S
from actscribe.live.watch import check_run
from actscribe.run_folder import file_names
from actscribe.run_folder.run import Run
from actscribe.run_folder.scored_clips import ScoredClips
from actscribe.runs.evaluate import timelines_of
from actscribe.table_files import write_table
from actscribe.timeline.matching import annotated_spans, f1_of, label_spans, segment_counts
from actscribe.timeline.scores import StepScores
from actscribe.timeline.segments import TimelineSettings
from actscribe.typed_words import typed

#: Overlap at which a bout counts as found.
IOU = 0.5
WORDS = (
    "delay: seconds from the annotated start of a bout until its bar was on the screen, the time that scoring takes not"
    " counted; differs: share of the annotated time at which the two timelines do not say the same."
)


@dataclass(frozen=True, slots=True)
class AsLive:
    """What `as_live` returns.

    Args:
        table: one row a label and one of their mean.
        bars: recording -> the bars that were shown.
        file: of the table.
    """

    table: pd.DataFrame
    bars: Mapping[str, Sequence[Bar]]
    file: Path


def as_live(run: Run, split: str = "test") -> AsLive:
    """Compare the timelines that a watcher would have seen with those that are decided offline, on a measured split.

    Args:
        run: complete, and evaluated on the split.
        split: "train", "validation" or "test".

    Raises:
        ActScribeError: the run cannot be watched with, see `watch.check_run`, or keeps no scores of the split.
    """
    check_run(run)
    if not run.has_scores(split):
        raise ActScribeError(
            f"{run.folder}: keeps no scores of {split}.",
            f"Measure it first: actscribe evaluate {typed(run.folder)} --split {split}",
        )
    scored = run.scores(split)
    recordings = [one for one in run.recordings(split) if one.intervals is not None]
    point = run.operating_point
    offline = timelines_of(run, scored, recordings, point)
    stride = run.study.windows.stride
    bars = {
        one.name: shown_steps(scored.steps[one.name], point.timeline, run.labels)
        if one.name in scored.steps
        else shown(windows_of(scored, one, stride), point.timeline, run.labels, stride)
        for one in recordings
    }
    table = compared(recordings, offline, bars, run.labels)
    file = run.folder / file_names.of_split(file_names.AS_LIVE, split)
    write_table(file, table)
    return AsLive(table, bars, file)


def windows_of(scored: ScoredClips, recording: Recording, stride: float) -> list[tuple[Clip, np.ndarray]]:
    """Return the windows of a recording that are scored live: those that begin at whole strides.

    The one that offline scoring moves back to end with the recording begins when nobody knows yet that it ends.
    """
    rows = [row for row, clip in enumerate(scored.clips) if clip.recording == recording.name]
    windows = [(scored.clips[row], scored.scores[row]) for row in rows]
    return sorted(
        (one for one in windows if abs(one[0].start / stride - round(one[0].start / stride)) * stride <= SAME_S),
        key=lambda one: one[0].start,
    )


def shown(
    windows: Sequence[tuple[Clip, np.ndarray]], settings: TimelineSettings, labels: LabelSet, stride: float
) -> list[Bar]:
    """Return the bars that a watcher sees, given windows in order of time; where some are missing, bars end.

    Args:
        windows: with their scores, shape (labels,).
        settings: of the run.
        labels: of the run.
        stride: from one window to the next, in seconds.
    """
    timeline = CausalTimeline(labels, settings)
    bars: list[Bar] = []
    before: Clip | None = None
    for clip, scores in windows:
        changes = timeline.pause() if before is not None and clip.start > before.start + stride + SAME_S else []
        changes += timeline.add(clip.start, clip.end, scores)
        bars += [change.bar for change in changes if change.what == "ends"]
        before = clip
    return bars + [change.bar for change in timeline.pause() if change.what == "ends"]


def shown_steps(steps: StepScores, settings: TimelineSettings, labels: LabelSet) -> list[Bar]:
    """Return the bars that a watcher sees of a recognizer that scores step by step.

    Args:
        steps: of a recording.
        settings, labels: of the run.
    """
    timeline = CausalTimeline(labels, settings, steps=True)
    together, bars = max(1, round(TOGETHER_S / steps.step)), []
    for first in range(0, len(steps.times), together):
        part = slice(first, first + together)
        start, end = steps.times[part][0] - steps.step / 2, steps.times[part][-1] + steps.step / 2
        bars += [change.bar for change in timeline.add(start, end, steps.scores[part]) if change.what == "ends"]
    return bars + [change.bar for change in timeline.pause() if change.what == "ends"]


def compared(
    recordings: Sequence[Recording],
    offline: Mapping[str, Sequence[Interval]],
    bars: Mapping[str, Sequence[Bar]],
    labels: LabelSet,
) -> pd.DataFrame:
    """Return one row a label, and last one with the mean of the labels.

    Args:
        recordings: annotated.
        offline, bars: timelines of each recording.
        labels: of both.
    """
    live = {name: [Interval(bar.label, bar.start, bar.end) for bar in own] for name, own in bars.items()}
    f1 = [f1_of(segment_counts(recordings, one, labels, (IOU,)).sum(axis=0))[:, 0] for one in (offline, live)]
    rows = []
    for column, label in enumerate(labels.names):
        true = [(one.name, span) for one in recordings for span in label_spans(one, one.intervals or (), label)]
        delays = [_delay(span, [bar for bar in bars[name] if bar.label == label]) for name, span in true]
        late = np.array([delay for delay in delays if delay is not None])
        off = [_begin(span, [one for one in offline[name] if one.label == label]) for name, span in true]
        starts = np.array([begin for begin in off if begin is not None])
        rows.append(
            {
                "label": label,
                "bouts": len(true),
                "f1@50 offline": f1[0][column],
                "f1@50 live": f1[1][column],
                "seen live": len(late),
                "delay_median_s": _quantile(late, 0.5),
                "delay_p90_s": _quantile(late, 0.9),
                "offline_begin_median_s": _quantile(starts, 0.5),
                "differs": _differs(recordings, offline, live, label),
            }
        )
    table = pd.DataFrame(rows)
    numbers = [name for name in table.columns if name not in ("label", "bouts", "seen live")]
    mean = {name: float(mean_of_known(table[name].to_numpy(dtype=float))) for name in numbers}
    total = {"label": "mean", "bouts": int(table["bouts"].sum()), "seen live": int(table["seen live"].sum())}
    return pd.concat([table, pd.DataFrame([total | mean])], ignore_index=True)[list(table.columns)]


def _delay(span: np.ndarray, bars: Sequence[Bar]) -> float | None:
    """Return how long after a true bout's start a bar that overlaps it was shown, 0 where it was there already."""
    moments = [bar.appeared for bar in bars if bar.start < span[1] and bar.end > span[0]]
    return max(0.0, min(moments) - float(span[0])) if moments else None


def _begin(span: np.ndarray, intervals: Sequence[Interval]) -> float | None:
    starts = [one.start for one in intervals if one.start < span[1] and one.end > span[0]]
    return min(starts) - float(span[0]) if starts else None


def _differs(
    recordings: Sequence[Recording],
    offline: Mapping[str, Sequence[Interval]],
    live: Mapping[str, Sequence[Interval]],
    label: str,
) -> float:
    apart, known = 0.0, 0.0
    for one in recordings:
        annotated = annotated_spans(one, label)
        first, second = label_spans(one, offline[one.name], label), label_spans(one, live[one.name], label)
        apart += sp.total(sp.join(sp.subtract(first, second), sp.subtract(second, first)))
        known += sp.total(annotated)
    return apart / known if known else float("nan")


def _quantile(values: np.ndarray, part: float) -> float:
    return float(np.quantile(values, part)) if len(values) else float("nan")
