"""The report's first sentences: how good, against what, and what to beware of."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from actscribe.counts import counted
from actscribe.evaluation.events import always_time_f1
from actscribe.evaluation.intervals import FEW_GROUPS
from actscribe.evaluation.result import Evaluation
from actscribe.report import formatting as w
from actscribe.run_folder.run import Run

#: With fewer positive clips than this a label's numbers carry a warning (ours).
FEW_CLIPS = 10

#: Timelines whose F1 of time lies this far below the F1 of clips are reported as worse (ours).
WORSE = 0.15

#: What each baseline does, in words.
BASELINES = {
    "always yes": "always answering yes",
    "always no": "always answering no",
    "prior": "guessing as often as in training",
    "majority": "always naming the most frequent class",
    "uniform": "guessing blindly",
}


@dataclass(frozen=True, slots=True)
class Baseline:
    """The baseline that is hardest to beat.

    Args:
        name: as in the tables.
        table: its per-label table.
        macro_f1: its headline number; nan where nothing can be measured.
    """

    name: str
    table: pd.DataFrame
    macro_f1: float

    @property
    def words(self) -> str:
        """What it does."""
        return BASELINES.get(self.name, self.name)


def best_baseline(result: Evaluation) -> Baseline:
    """Return the baseline with the highest macro F1."""
    macro = len(result.labels)
    baselines = [Baseline(name, table, float(table["f1"].iloc[macro])) for name, table in result.baselines.items()]
    return max(baselines, key=lambda baseline: baseline.macro_f1 if math.isfinite(baseline.macro_f1) else -1.0)


def verdict(result: Evaluation) -> tuple[str, ...]:
    """Return the verdict: the headline sentence, the same in words, and whether it beats the best baseline."""
    where = _where(result)
    value = result.headline()
    if not math.isfinite(value):
        return (f"Nothing can be measured: none of the {where} shows any of the labels.",)
    macro = result.confidence.iloc[len(result.labels)]
    best = best_baseline(result)
    beside = f"{best.words} would give {w.number(best.macro_f1)}"
    sentence = f"Macro F1 {w.number(value)}{_interval(macro)} on {where}; {beside}."
    return tuple(filter(None, (sentence, _in_words(result), against(result, best), on_timelines(result))))


def warnings(run: Run, result: Evaluation) -> tuple[str, ...]:
    """Return what to beware of before relying on the numbers."""
    notes = []
    if result.split != "test":
        notes.append(
            f"These are clips of the {result.split} split, on which the recognizer was "
            f"{'trained' if result.split == 'train' else 'tuned'}: the numbers flatter it. Judge it on the test split."
        )
    reads = run.info.reads.get(result.split, 0)
    if result.split == "test" and reads > 1:
        notes.append(
            f"The test split was scored {reads} times, counting what was stopped before its end. Choices made after the"
            " first look flatter the numbers."
        )
    notes += [f"{_capital(note)}." for note in dict.fromkeys(result.confidence["note"]) if note]
    support = result.table["support"].iloc[: len(result.labels)].tolist()
    few = [
        f"{name} ({clips})" for name, clips in zip(result.labels.names, support, strict=True) if 0 < clips < FEW_CLIPS
    ]
    notes += filter(None, [on_empty_labels(result)])
    if few:
        notes.append(f"Fewer than {FEW_CLIPS} clips show {w.listed(few)}: a single clip moves their numbers visibly.")
    if result.timelines:
        notes += grouped_notes("Timeline", run.operating_point.timeline.notes)
        notes += grouped_notes("Confidence", run.operating_point.confidence.notes)
    repeated = f"no clip of {result.split} shows"  # training's note on this repeats a sentence above
    notes += [f"{_capital(note).rstrip('.')}." for note in run.info.notes if not note.startswith(repeated)]
    return tuple(notes)


def on_empty_labels(result: Evaluation) -> str:
    """Say which labels no clip shows; empty where each has one."""
    support = result.table["support"].iloc[: len(result.labels)].tolist()
    empty = [name for name, clips in zip(result.labels.names, support, strict=True) if clips == 0]
    lacking = f"No clip of this split shows {w.listed(empty)}: not measured, and left out of macro averages."
    return lacking if empty else ""


def _where(result: Evaluation) -> str:
    groups = len({recording.group for recording in result.recordings})
    recordings = counted(len(result.recordings), "recording")
    return f"{counted(result.measured(), 'clip')} of {recordings} of {counted(groups, 'group')}"


def _interval(row: pd.Series) -> str:
    if not (math.isfinite(row["low"]) and math.isfinite(row["high"])):
        return f" (no interval: {counted(int(row['groups']), 'group')}, and it needs {FEW_GROUPS})"
    return f" (95 % interval {w.span(row['low'], row['high'])})"


def _in_words(result: Evaluation) -> str:
    if result.labels.task == "multi-class":
        accuracy = result.confidence.iloc[len(result.labels) + 1]
        return f"It names the right class in {w.percent(accuracy['value'])} of the clips{_interval(accuracy)}."
    row = result.table.iloc[len(result.labels)]
    if row["predicted_rate"] == 0:
        return "It marked no clip at all."
    recall, right = w.percent(row["recall"]), w.percent(row["precision"])
    return (
        f"On average over the labels it found {recall} of the clips that show the activity, "
        f"and of the clips that it marked {right} really show it."
    )


def against(result: Evaluation, best: Baseline) -> str:
    """Return whether the macro F1, and then which label's F1, is not clearly above the best baseline."""
    macro, baseline = result.confidence.iloc[len(result.labels)], best.words
    f1 = best.table["f1"].tolist()
    if macro["value"] <= best.macro_f1:
        return f"That is no better than {baseline}."
    values = result.confidence["value"].tolist()
    lost = [name for name, value, least in zip(result.labels.names, values, f1, strict=False) if value <= least]
    of = f" Of {w.listed(lost)} it is no better even here." if lost else ""
    if math.isnan(macro["low"]):
        groups = counted(int(macro["groups"]), "group")
        return f"Whether it would beat {baseline} on other groups too cannot be judged from {groups}.{of}"
    if not macro["low"] > best.macro_f1:
        return f"It may be no better than {baseline}: the interval reaches down to that.{of}"
    lows = result.confidence["low"].tolist()
    weak = [name for name, low, least in zip(result.labels.names, lows, f1, strict=False) if low <= least]
    that, do = ("Those", "do") if len(weak) > 1 else ("That", "does")
    but = f" {that} of {w.listed(weak)} alone {do} not." if weak else ""
    return f"The whole interval lies above the best baseline ({baseline}).{but}"


def on_timelines(result: Evaluation) -> str:
    """Say how good the timelines are, which is what a person is given; nothing for trimmed data sets."""
    if result.events is None:
        return ""
    macro = result.events.iloc[-1]
    if not math.isfinite(macro["frame_f1"]):
        return ""
    always = always_time_f1(result.recordings, result.labels)
    text = (
        f"Its timelines: F1 of time {w.number(macro['frame_f1'])}, of whole bouts (overlap of half) "
        f"{w.number(macro['f1@50'])}; marking every label all the time would reach an F1 of time of {w.number(always)}"
    )
    if result.headline() - macro["frame_f1"] > WORSE:
        text += ". They are much worse than the decisions on clips: do not judge them by the macro F1 above"
    if macro["frame_f1"] <= always:
        text += ". They are no better than marking everything"
    return f"{text}."


def grouped_notes(what: str, notes: Mapping[str, str]) -> list[str]:
    """Return one sentence per different note, naming its labels: `Timeline of A, B: no bout in validation.`"""
    labels: dict[str, list[str]] = {}
    for name, note in notes.items():
        labels.setdefault(note, []).append(name)
    return [f"{what} of {w.listed(names)}: {note}." for note, names in labels.items()]


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
