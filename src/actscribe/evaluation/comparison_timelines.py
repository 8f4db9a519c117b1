"""Several recognizers on the same recordings: timelines, indicators, slices, answers against the truth, disagreements.

All numbers are means over the seeds of a recognizer; intervals are those of `evaluation.intervals`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from actscribe.annotations.interval import Interval
from actscribe.columns import Column, names
from actscribe.evaluation.comparison import MACRO_F1, SYSTEM, Shared, System, constant_answers, constant_counts
from actscribe.evaluation.errors import merged_spans
from actscribe.evaluation.events import EVENT_COLUMNS, event_table
from actscribe.evaluation.hallucination import empty_table, rates_table, rules_table
from actscribe.evaluation.indicators import INDICATORS
from actscribe.evaluation.intervals import (
    Estimate,
    Groups,
    Metric,
    Scale,
    estimate,
    group_units,
    mean_of_known,
    ratio,
    with_macro,
)
from actscribe.evaluation.measures import LABEL
from actscribe.evaluation.result import Evaluation
from actscribe.evaluation.significance import macro
from actscribe.timeline.matching import IOUS, Timelines, segment_counts

#: Disagreements that are listed.
MOST_DISAGREEMENTS = 25
#: Slices by duration: the shortest, middle and longest third of the recordings.
THIRDS = ("shortest third", "middle third", "longest third")


#: Measures of the table of timelines that are not F1, and what they are called beside each other.
SUMMED = {"edit": "edit", "onset_mae_s": "start off (s)", "offset_mae_s": "end off (s)"}
#: All of them in the order of the page.
TIMELINE_COLUMNS = tuple(
    replace(column, title=SUMMED.get(column.name, column.name.upper()), group="")
    for column in EVENT_COLUMNS
    if column.name in SUMMED or column.name.startswith("f1@")
)


#: By how much indicators are off.
OFF_COLUMNS = (
    SYSTEM,
    LABEL,
    Column("indicator", "indicator", "what is measured of a recording", "text"),
    Column(
        "off_by",
        "off by",
        "mean absolute error: seconds where the indicator ends in _s, else as it is counted",
        interval=("low", "high"),
        higher_is_better=False,
    ),
    Column("recordings", "recordings", "in which both the annotation and the timeline have it; mean over trainings"),
)
#: Parts of the test set.
SLICE_COLUMNS = (
    Column("slice", "part by", "a column of the manifest, the group, or the length of the recordings", "text"),
    Column("value", "value", format="text"),
    Column("recordings", "recordings", "of the part", "count"),
    Column("clips", "clips", "of the part", "count"),
    SYSTEM,
    MACRO_F1,
)
#: How often a recognizer says what is not there.
CLAIM_COLUMNS = (
    SYSTEM,
    Column(
        "false_alarm_rate",
        "false alarms",
        "share of the clips without a label in which it is marked, mean over labels",
        "percent",
        higher_is_better=False,
    ),
    Column("says_yes", "says yes", "share of the clips that it marks, mean over labels", "percent"),
    Column("is_true", "is true", "share of the clips that show a label, mean over labels", "percent"),
    Column(
        "empty_clips",
        "empty clips",
        "share of the clips that show nothing in which it marks something",
        "percent",
        higher_is_better=False,
    ),
    Column(
        "broken_rules",
        "broken rules",
        "share of the occasions at which a rule of the label set is broken",
        "percent",
        higher_is_better=False,
    ),
    Column(
        "not_read",
        "not read",
        "share of a model's written answers that could not be read",
        "percent",
        higher_is_better=False,
    ),
)
#: The table of disagreements as a page shows it.
DISAGREEMENT_COLUMNS = (
    Column("recording", "recording", format="text"),
    Column("start", "from", format="clock"),
    Column("end", "to", format="clock"),
    Column("label", "label", format="text"),
    Column("annotated", "annotated", format="text"),
    Column("says_yes", "says yes", format="text"),
    Column("says_no", "says no", format="text"),
    Column("gap", "gap", "how far the surest yes and the surest no are apart; 2 is most"),
)


def timeline_table(systems: Sequence[System], shared: Shared) -> pd.DataFrame | None:
    """Return timelines against annotations with intervals over groups; None for trimmed data sets.

    Behind the recognizers stand the answers that are the same at every moment: one bout as long as the recording.

    Columns: `system`, `measure`, `label` (and `macro`), `value`, `low`, `high`. Measures: `f1@10`, `f1@25`, `f1@50`,
    `edit`, `onset_mae_s`, `offset_mae_s`, as `events.event_table` defines them; `macro` is the mean over the labels
    with a true bout.
    """
    if not shared.recordings or not systems[0].runs[0].timelines:
        return None
    groups = group_recordings(shared)
    rows: list[tuple[object, ...]] = []
    timelines_of: dict[str, Sequence[Timelines]]
    timelines_of = {system.name: [run.timelines for run in system.runs] for system in systems}
    timelines_of |= {name: [_constant_timelines(shared, answer)] for name, answer in constant_answers(shared).items()}
    for name, runs in timelines_of.items():
        counts = np.stack([segment_counts(shared.recordings, each, shared.labels) for each in runs], 1)
        for index, iou in enumerate(IOUS):
            of_threshold = counts[..., index, :].astype(float)
            showing = np.append(groups.showing(of_threshold), groups.count)
            estimated = estimate(with_macro, of_threshold, groups, "share", showing)
            rows += _measured(name, f"f1@{round(100 * iou)}", estimated, shared)
        sums = np.stack([event_sums(each, shared) for each in runs], axis=1)
        true_bouts = (counts[:, 0, :, 0, 0] + counts[:, 0, :, 0, 2]).sum(axis=0)
        for index, measure in enumerate(SUMMED):
            parts = sums[..., index, :]
            showing = np.append(groups.showing(parts), groups.count)
            scale: Scale = "share" if measure == "edit" else "positive"
            estimated = estimate(ratio_with_mean(true_bouts > 0), parts, groups, scale, showing)
            rows += _measured(name, measure, estimated, shared)
    return pd.DataFrame(rows, columns=["system", "measure", "label", "value", "low", "high"])


def indicator_table(systems: Sequence[System], shared: Shared) -> pd.DataFrame | None:
    """Return how far indicators of predicted timelines are off, with intervals; None for trimmed data sets.

    Columns: `system`, `label`, `indicator`; `off_by`: mean absolute error over the recordings in which both sides have
    it (seconds; for `fraction` and `bouts` without unit), `low`, `high`; `recordings`: how many those are, mean over
    seeds.
    """
    if systems[0].runs[0].indicators is None:
        return None
    groups = group_recordings(shared)
    order = [recording.name for recording in shared.recordings]
    rows = []
    for system in systems:
        errors = np.stack([_indicator_errors(run, order) for run in system.runs], axis=1)
        known = np.isfinite(errors)
        parts = np.stack([np.abs(np.where(known, errors, 0)), known.astype(float)], axis=-1)
        estimated = estimate(ratio, parts, groups, "positive", groups.showing(parts[..., 1:]))
        for i, label in enumerate(shared.labels.names):
            for j, indicator in enumerate(INDICATORS):
                cells = (float(estimated.value[i, j]), float(estimated.low[i, j]), float(estimated.high[i, j]))
                rows.append((system.name, label, indicator, *cells, float(known[..., i, j].sum(axis=0).mean())))
    return pd.DataFrame(rows, columns=names(OFF_COLUMNS))


def slice_table(
    systems: Sequence[System], shared: Shared, columns: Mapping[str, Mapping[str, str]] | None = None
) -> pd.DataFrame:
    """Return macro F1 on parts of the recordings, of recognizers and of answers that are the same for every clip.

    Columns: `slice` ("group", "duration" or a manifest column), `value`; `recordings`, `clips`; `system`, `macro_f1`,
    `low`, `high`. A slice whose recordings all have the same value is left out; so are groups of one recording each.

    Args:
        systems: at least one.
        shared: what they have in common.
        columns: manifest column -> recording -> value.
    """
    slices: dict[str, Mapping[str, str]] = {}
    group_of = {recording.name: recording.group for recording in shared.recordings}
    if len(set(group_of.values())) < len(group_of):  # else they are the recordings once more, as with 'groups: none'
        slices["group"] = group_of
    slices |= {"duration": _thirds(shared), **(columns or {})}
    counts_of = {system.name: system.counts()[..., :3] for system in systems}
    counts_of |= {name: constant_counts(shared, answer) for name, answer in constant_answers(shared).items()}
    rows = []
    for kind, value_of in slices.items():
        held = set(value_of.values())
        values = [third for third in THIRDS if third in held] if kind == "duration" else sorted(held)
        for value in values if len(values) > 1 else ():
            inside = [index for index, unit in enumerate(shared.units) if value_of.get(unit, "") == value]
            groups, units = group_units([shared.groups[i] for i in inside]), {shared.units[i] for i in inside}
            for name, counts in counts_of.items():
                estimated = estimate(macro, counts[inside], groups)
                cells = (float(estimated.value), float(estimated.low), float(estimated.high))
                rows.append((kind, value, len(units), len(inside), name, *cells))
    return pd.DataFrame(rows, columns=names(SLICE_COLUMNS))


def hallucination_rows(systems: Sequence[System], shared: Shared) -> pd.DataFrame:
    """Return how often each recognizer says what is not there.

    Columns: `system`; `false_alarm_rate`: yes where the label is absent, mean over labels; `says_yes`, `is_true`: mean
    rates over labels; `empty_clips`: share of clips annotated as showing nothing in which it claims something;
    `broken_rules`: share of the occasions at which a rule of the label set could break that do; `not_read`: share of
    written answers that could not be read. nan where there is no such clip, rule or answer.
    """
    rows = []
    for system in systems:
        rates = [_wrongly_claimed(run, shared) for run in system.runs]
        means = {name: float(np.mean([each[name] for each in rates])) for name in rates[0]}
        rows.append({"system": system.name, **means, "not_read": system.unread})
    return pd.DataFrame(rows, columns=names(CLAIM_COLUMNS))


def disagreement_table(systems: Sequence[System], shared: Shared, most: int = MOST_DISAGREEMENTS) -> pd.DataFrame:
    """Return the spans in which recognizers contradict each other most surely (ours).

    Columns: `recording`, `start`, `end` in seconds, `label`; `annotated`: "yes", "no" or "" where nobody annotated;
    `says_yes`, `says_no`: names of recognizers; `gap`: how far the surest yes and the surest no are apart, in [0, 2];
    `clips` in a row. Sorted by gap. How sure one is: the part of the room between threshold and 0 or 1 that its score
    takes up, mean over seeds; of classes: the score minus the highest other one.
    """
    columns = ["recording", "start", "end", "label", "annotated", "says_yes", "says_no", "gap", "clips"]
    sure = np.stack([_sureness(system, shared) for system in systems])
    yes = sure >= 0
    gap = sure.max(axis=0) - sure.min(axis=0)
    rows: list[dict[str, object]] = []
    for column, label in enumerate(shared.labels.names):
        truth = shared.targets[:, column]
        words = np.where(np.isnan(truth), "", np.where(truth > 0, "yes", "no"))
        answers = [(str(word), *sides) for word, *sides in zip(words, *yes[:, :, column].tolist(), strict=True)]
        split = [any(sides) and not all(sides) for _, *sides in answers]
        for key in sorted({each for each, parted in zip(answers, split, strict=True) if parted}):
            wrong = np.array([each == key for each in answers])
            sides_named = [
                [s.name for s, side in zip(systems, key[1:], strict=True) if side is way] for way in (True, False)
            ]
            named = {"label": label, "annotated": key[0], "says_yes": ", ".join(sides_named[0])}
            named["says_no"] = ", ".join(sides_named[1])
            spans = merged_spans(shared.clips, gap[:, column], gap[:, column], wrong)
            rows += [{**span, **named, "gap": span["margin"]} for span in spans]
    table = pd.DataFrame(rows, columns=columns)
    order = ["gap", "recording", "start", "label"]
    return table.sort_values(order, ascending=[False, True, True, True], ignore_index=True).head(most)


def group_recordings(shared: Shared) -> Groups:
    """Return the groups of the recordings, in their order."""
    return group_units([recording.group for recording in shared.recordings])


def _measured(system: str, measure: str, estimated: Estimate, shared: Shared) -> Iterator[tuple[object, ...]]:
    """Yield a row per label and `macro` of estimates, shape (labels + 1,)."""
    for index, label in enumerate([*shared.labels.names, "macro"]):
        yield (
            system,
            measure,
            label,
            float(estimated.value[index]),
            float(estimated.low[index]),
            float(estimated.high[index]),
        )


def ratio_with_mean(counted: np.ndarray) -> Metric:
    """Return what turns (..., labels, 2) into part / whole per label with the mean of the `counted` labels behind."""

    def measure(pooled: np.ndarray) -> np.ndarray:
        values = ratio(pooled)
        whole = mean_of_known(np.where(counted, values, np.nan))
        return np.concatenate([values, whole[..., None]], axis=-1)

    return measure


def _constant_timelines(shared: Shared, decisions: np.ndarray) -> Timelines:
    marked = [name for name, yes in zip(shared.labels.names, decisions.tolist(), strict=True) if yes]
    return {r.name: tuple(Interval(name, 0.0, r.duration) for name in marked) for r in shared.recordings}


def event_sums(timelines: Timelines, shared: Shared) -> np.ndarray:
    """Return per recording and label the parts of edit, onset and offset error, shape (recordings, labels, 3, 2)."""
    sums = np.zeros((len(shared.recordings), len(shared.labels), 3, 2))
    for index, recording in enumerate(shared.recordings):
        table = event_table([recording], timelines, shared.labels).iloc[:-1]
        matched = table["matched"].to_numpy(dtype=float)
        sums[index, :, 0] = np.stack([table["edit"], np.ones(len(table))], axis=1)
        for row, name in ((1, "onset_mae_s"), (2, "offset_mae_s")):
            sums[index, :, row] = np.stack([np.nan_to_num(table[name]) * matched, matched], axis=1)
    return sums


def _indicator_errors(run: Evaluation, order: Sequence[str]) -> np.ndarray:
    """Return predicted minus annotated, nan where either is, shape (recordings, labels, indicators)."""
    table = run.indicators
    assert table is not None
    labels = {name: index for index, name in enumerate(run.labels.names)}
    errors = np.full((len(order), len(labels), len(INDICATORS)), np.nan)
    rows = {name: index for index, name in enumerate(order)}
    columns = ("recording", "label", "indicator", "error")
    for recording, label, indicator, error in zip(*(table[name] for name in columns), strict=True):
        errors[rows[recording], labels[label], INDICATORS.index(indicator)] = error
    return errors


def _thirds(shared: Shared) -> dict[str, str]:
    """Return which third by duration each recording belongs to; one value for all that are equally long."""
    durations = {recording.name: recording.duration for recording in shared.recordings}
    edges = np.quantile(list(durations.values()), [1 / 3, 2 / 3])
    return {name: THIRDS[int(np.searchsorted(edges, value - 1e-9))] for name, value in durations.items()}


def _wrongly_claimed(run: Evaluation, shared: Shared) -> dict[str, float]:
    decisions = run.decisions()
    rates = rates_table(shared.labels, run.targets, decisions)
    empty = empty_table(shared.labels, run.targets, decisions)
    rules = rules_table(shared.labels, decisions, np.zeros(decisions.shape, dtype=bool))
    possible = sum(rule["clips where it could break"] for rule in rules)
    return {
        "false_alarm_rate": _mean([rate["yes where absent"] for rate in rates]),
        "says_yes": _mean([rate["says yes"] for rate in rates]),
        "is_true": _mean([rate["is true"] for rate in rates]),
        "empty_clips": float(empty[-1]["share"]) if empty else float("nan"),
        "broken_rules": sum(rule["broken"] for rule in rules) / possible if possible else float("nan"),
    }


def _mean(values: Sequence[float | None]) -> float:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else float("nan")


def _sureness(system: System, shared: Shared) -> np.ndarray:
    """Return how sure a recognizer is, from -1 (no) to 1 (yes), shape (clips, labels), mean over seeds."""
    margins = []
    for run in system.runs:
        scores, thresholds = run.scores, run.thresholds
        if shared.labels.task == "multi-label":
            room = np.where(scores >= thresholds, 1 - thresholds, thresholds)
            margins.append(np.divide(scores - thresholds, room, out=np.ones(scores.shape), where=room > 0))
            continue
        ranked = np.sort(scores, axis=1)
        best, second = ranked[:, -1:], ranked[:, -2:-1] if scores.shape[1] > 1 else ranked[:, -1:]
        margins.append(scores - np.where(run.decisions(), second, best))
    return np.asarray(np.mean(margins, axis=0))
