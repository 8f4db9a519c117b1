"""Where a zero-shot recognizer says what is not there, in tables (ours, after Guerriero et al. 2026 on zero-shot VLMs).

Targets are as in `evaluation.clips`: 1 present, 0 absent, nan not annotated, which is left out label by label.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from actscribe.labels import LabelSet

Records = list[dict[str, Any]]

UNREAD = "Answers that could not be read"
RULES = "Broken rules: clips in which the answers contradict each other"
RATES = "Says yes, against the truth"
EMPTY = "Clips that show none of the activities"
INTERVALS = "Intervals as they were written"
AGREEMENT = "The caption against the answer on the same clip"
#: An answer is in doubt when the model gives less than this to yes and no together (ours).
LITTLE_MASS = 0.5
#: A run of which more could not be read is called not usable (ours).
MOST_UNREAD = 0.01
#: The report warns of a label where both hold (ours).
MOST_YES, LEAST_RATIO = 0.9, 1.5


def hallucination(
    labels: LabelSet,
    targets: np.ndarray,
    scores: np.ndarray,
    thresholds: np.ndarray,
    unread: np.ndarray,
    probability_mass: np.ndarray | None = None,
    mentioned: np.ndarray | None = None,
) -> dict[str, Any]:
    """Return title -> table (list of records), and `notes` -> list of sentences where there are any.

    Args:
        labels: of the study.
        targets: shape (clips, labels).
        scores: in [0, 1], shape (clips, labels).
        thresholds: shape (labels,); yes is a score at or above it. A multi-class task takes the highest score instead.
        unread: whether the answer could not be read, shape (clips, labels); it is counted, and left out of all else.
        probability_mass: P(yes) + P(no), shape (clips, labels), nan where unknown; None where nothing has it.
        mentioned: whether the caption mentions the label, 1 or 0, nan without caption, shape (clips, labels).
    """
    predicted = _predicted(labels, scores, thresholds) & ~unread
    targets = np.where(unread, np.nan, targets)
    measures: dict[str, Any] = {UNREAD: unread_table(labels, unread, probability_mass)}
    if labels.rules.requires or labels.rules.excludes:
        measures[RULES] = rules_table(labels, predicted, unread)
    measures[RATES] = rates_table(labels, targets, predicted)
    empty = empty_table(labels, targets, predicted)
    if empty:
        measures[EMPTY] = empty
    if mentioned is not None and not np.isnan(mentioned).all():
        measures[AGREEMENT] = agreement_table(labels, predicted, np.where(unread, np.nan, mentioned))
    notes = _notes(labels, measures, len(scores))
    return {**measures, "notes": notes} if notes else measures


def unread_table(labels: LabelSet, unread: np.ndarray, probability_mass: np.ndarray | None) -> Records:
    """Return per label: answers, how many could not be read (left out of all other tables), and where the model's
    next word is known, how much of its probability was on yes and no, and how often that was less than half."""
    records: Records = []
    for column, name in enumerate(labels.names):
        count = int(unread[:, column].sum())
        record: dict[str, Any] = {"label": name, "answers": len(unread), "not read": count}
        record["share not read"] = _share(count, len(unread))
        if probability_mass is not None and not np.isnan(probability_mass).all():
            known = probability_mass[:, column][~np.isnan(probability_mass[:, column])]
            record["probability on yes and no"] = float(known.mean()) if len(known) else None
            record[f"below {LITTLE_MASS:g}"] = int((known < LITTLE_MASS).sum())
        records.append(record)
    return records


def unread_share(measures: Mapping[str, Any]) -> float:
    """Return the share of answers that could not be read, nan without an answer.

    Args:
        measures: what `hallucination` returned.
    """
    rows = measures[UNREAD]
    answers = sum(row["answers"] for row in rows)
    return sum(row["not read"] for row in rows) / answers if answers else float("nan")


def not_usable(measures: Mapping[str, Any]) -> str:
    """Return a sentence where so much could not be read that the scores say little; else an empty one.

    Args:
        measures: what `hallucination` returned.
    """
    share = unread_share(measures)
    if not share > MOST_UNREAD:
        return ""
    return (
        f"Not usable: {share:.1%} of the model's answers could not be read, more than {MOST_UNREAD:.0%}. Their scores"
        " are 0.5, whatever the clip shows."
    )


def rules_table(labels: LabelSet, predicted: np.ndarray, unread: np.ndarray) -> Records:
    """Return per rule of the label set: clips in which it could break, and in which it does.

    "A without B" can break where A is predicted; "A with B" (exclusive) where either is;
    both only where both were read.
    """
    records: Records = []
    for name, needed in labels.rules.requires.items():
        for other in needed:
            first, second, read = _pair(labels, predicted, unread, name, other)
            records.append(_rule(f"{name} without {other}", first & read, first & ~second & read))
    for one, two in labels.rules.excludes:
        first, second, read = _pair(labels, predicted, unread, one, two)
        records.append(_rule(f"{one} with {two}", (first | second) & read, first & second))
    return records


def rates_table(labels: LabelSet, targets: np.ndarray, predicted: np.ndarray) -> Records:
    """Return per label, over its annotated clips: rate of yes, true rate, their ratio, and yes where it is absent."""
    records: Records = []
    for column, name in enumerate(labels.names):
        known = ~np.isnan(targets[:, column])
        true, yes = targets[known, column] == 1, predicted[known, column]
        rate, prior = _share(yes.sum(), len(yes)), _share(true.sum(), len(true))
        records.append(
            {
                "label": name,
                "clips": int(known.sum()),
                "says yes": rate,
                "is true": prior,
                "ratio": rate / prior if rate is not None and prior else None,
                "yes where present": _share((yes & true).sum(), true.sum()),
                "yes where absent": _share((yes & ~true).sum(), (~true).sum()),
            }
        )
    return records


def empty_table(labels: LabelSet, targets: np.ndarray, predicted: np.ndarray) -> Records:
    """Return false alarms per label, and of any, in clips annotated as showing no label; [] without one."""
    empty = (targets == 0).all(axis=1)
    if not empty.any():
        return []
    alarms = predicted[empty]
    columns = [*zip(labels.names, alarms.T, strict=True), ("any of them", alarms.any(axis=1))]
    return [
        {"label": name, "clips": int(empty.sum()), "says yes": int(yes.sum()), "share": _share(yes.sum(), len(yes))}
        for name, yes in columns
    ]


def agreement_table(labels: LabelSet, predicted: np.ndarray, mentioned: np.ndarray) -> Records:
    """Return per label, over clips with a caption: how often caption and answer agree, and the two ways to differ.

    A caption need not mention everything, so "answered, not mentioned" may be right; "mentioned, not answered" is a
    contradiction.
    """
    records: Records = []
    for column, name in enumerate(labels.names):
        known = ~np.isnan(mentioned[:, column])
        in_caption, yes = mentioned[known, column] == 1, predicted[known, column]
        records.append(
            {
                "label": name,
                "captions": int(known.sum()),
                "agree": _share((in_caption == yes).sum(), len(yes)),
                "both": int((in_caption & yes).sum()),
                "answered, not mentioned": int((yes & ~in_caption).sum()),
                "mentioned, not answered": int((in_caption & ~yes).sum()),
            }
        )
    return records


def intervals_table(labels: LabelSet, counts: Sequence[Mapping[str, int]]) -> Records:
    """Return per label what its written intervals were, over all windows.

    Args:
        labels: of the study.
        counts: how many there are of what, one mapping a label; all with the same keys.
    """
    return [{"label": name, **own} for name, own in zip(labels.names, counts, strict=True)]


def _predicted(labels: LabelSet, scores: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    if labels.task == "multi-label":
        return scores >= thresholds
    return np.asarray(np.arange(len(labels)) == scores.argmax(axis=1)[:, None])


def _pair(
    labels: LabelSet, predicted: np.ndarray, unread: np.ndarray, one: str, two: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return for two labels whether each is predicted, and whether both were read, shape (clips,) each."""
    first, second = labels.index(one), labels.index(two)
    return predicted[:, first], predicted[:, second], ~(unread[:, first] | unread[:, second])


def _rule(rule: str, possible: np.ndarray, broken: np.ndarray) -> dict[str, Any]:
    return {
        "rule": rule,
        "clips where it could break": int(possible.sum()),
        "broken": int(broken.sum()),
        "share": _share(broken.sum(), possible.sum()),
    }


def _notes(labels: LabelSet, measures: dict[str, Any], clips: int) -> list[str]:
    notes = []
    if unread := sum(record["not read"] for record in measures[UNREAD]):
        notes.append(
            f"{unread} of {clips * len(labels)} answers could not be read. They count as neither yes nor no here; in"
            " scores and timelines they are 0.5, which is yes where the threshold of the label is no higher."
        )
    for record in measures[RATES]:
        rate, ratio = record["says yes"], record["ratio"]
        if rate is not None and rate >= MOST_YES and (ratio is None or ratio >= LEAST_RATIO):
            notes.append(f"{record['label']}: the model says yes to nearly every clip ({rate:.0%}); it means little.")
        if rate == 0 and record["is true"]:
            notes.append(
                f"{record['label']}: the model never says yes, though {record['is true']:.0%} of clips show it."
            )
    if AGREEMENT in measures:
        notes.append(
            "Whether a caption mentions a label is decided by its words, which is rough: it may say the same in other"
            " words."
        )
    return notes


def _share(count: int | np.integer, total: int | np.integer) -> float | None:
    return float(count) / float(total) if total else None
