"""Scores of clips against their targets: precision, recall, F1, average precision; thresholds.

Targets are float arrays of shape (clips, labels): 1 present, 0 absent, nan not annotated, which is left out label by
label. Three conventions hold everywhere, scikit-learn's with `zero_division=0` where it has one:

- precision without a single prediction is 0, so F1 of a label that is present but never predicted is 0;
- a label without a positive target has no recall, F1 and average precision (nan), and is left out of every macro
  average, as no recognizer could do well on it; its false alarms still count in the micro average;
- an average of nothing is nan.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from actscribe.evaluation.agreement import four_counts
from actscribe.evaluation.measures import CLIP_COLUMNS, CLIPS, measures_in

#: Names of the columns of `clip_table` and of the baselines' tables.
COLUMNS = tuple(column.name for column in CLIP_COLUMNS)


def clip_table(targets: np.ndarray, scores: np.ndarray, thresholds: np.ndarray, names: Sequence[str]) -> pd.DataFrame:
    """Return the per-label table of a multi-label recognizer, with last rows `macro` and `micro`.

    Columns: `label`; those of the measures (`evaluation.measures`) at the thresholds (predicted where score >=
    threshold), such as `precision`, `recall`, `f1`, `average_precision`; `support`: clips where the label is present;
    `annotated`: clips with a target; `predicted_rate`, `prior`: fraction of those predicted and present.

    Args:
        targets: shape (clips, labels), see the module.
        scores: in [0, 1], shape (clips, labels).
        thresholds: shape (labels,).
        names: of the labels.

    Raises:
        ValueError: shapes that do not match.
    """
    return _table(targets, scores, np.asarray(scores) >= np.asarray(thresholds), names, False)


def class_table(targets: np.ndarray, scores: np.ndarray, names: Sequence[str]) -> pd.DataFrame:
    """Return the per-class table of a multi-class recognizer: each clip is predicted to be its highest-scored class.

    The columns and rows of `clip_table`; as every clip has one true and one predicted class, the precision, recall and
    F1 of the row `micro` all are the top-1 accuracy. Clips without a target (a row of nan) are left out.

    Args:
        targets: one-hot, shape (clips, classes).
        scores: shape (clips, classes).
        names: of the classes.
    """
    scores = np.asarray(scores)
    predicted = np.zeros(scores.shape, dtype=bool)
    predicted[np.arange(len(scores)), scores.argmax(axis=1)] = True
    return _table(targets, scores, predicted, names, True)


def top_accuracy(targets: np.ndarray, scores: np.ndarray, k: int = 1) -> float:
    """Return the fraction of clips whose true class is among the `k` highest scores; nan without a clip.

    Of equal scores the earlier classes come first, as in argmax. Arguments as in `class_table`.
    """
    known = ~np.isnan(targets).any(axis=1)
    order = np.argsort(-np.asarray(scores)[known], axis=1, kind="stable")[:, :k]
    hits = np.take_along_axis(np.asarray(targets)[known], order, axis=1).sum(axis=1)
    return float(hits.mean()) if len(hits) else float("nan")


def confusion(targets: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Return how many clips of each true class (rows) were predicted as each class (columns), shape (C, C)."""
    known = ~np.isnan(targets).any(axis=1)
    true, predicted = np.asarray(targets)[known].argmax(axis=1), np.asarray(scores)[known].argmax(axis=1)
    counts = np.zeros((scores.shape[1], scores.shape[1]), dtype=int)
    np.add.at(counts, (true, predicted), 1)
    return counts


def choose_thresholds(targets: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Return the threshold per label that maximises F1, shape (labels,); for validation scores (ours).

    A threshold lies halfway between two neighbouring scores (below the lowest: halfway to 0), so that it is as far as
    can be from both. Of equally good ones the nearest to 0.5 is taken. A label without positives gets 0.5.
    """
    targets, scores = np.asarray(targets, dtype=float), np.asarray(scores, dtype=float)
    _check(targets, scores, targets.shape[1])
    return np.array([_best_threshold(targets[:, i], scores[:, i]) for i in range(targets.shape[1])])


def as_shown(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table of this module as people read it: no precision, and so a dash, where nothing was marked."""
    return table.assign(precision=table["precision"].where(table["predicted_rate"] > 0))


def macro_f1(table: pd.DataFrame) -> float:
    """Return the F1 of the row `macro` of a table of this module: the one number of Guerriero et al. 2026."""
    return float(table.loc[table["label"] == "macro", "f1"].iloc[0])


def row_of(counts: np.ndarray, annotated: int) -> dict[str, object]:
    """Return the measures of counts, support, predicted rate and prior of one label.

    Args:
        counts: (tp, fp, fn, tn), whole numbers or expected ones, shape (4,).
        annotated: clips.
    """
    measured = {one.name: float(one.counts(counts)) for one in measures_in(CLIPS) if one.counts is not None}
    tp, fp, fn, _ = (float(count) for count in counts)
    nothing = float("nan")
    return {
        **measured,
        "support": tp + fn,
        "annotated": annotated,
        "predicted_rate": (tp + fp) / annotated if annotated else nothing,
        "prior": (tp + fn) / annotated if annotated else nothing,
    }


def micro_row(counts: np.ndarray, annotated: int, is_one_of_several: bool) -> dict[str, object]:
    """Return the row of all decisions together.

    Args:
        counts: of each label, shape (labels, 4), as in `row_of`.
        annotated: decisions.
        is_one_of_several: whether a clip has one class, see `Measure.at_once`.
    """
    row = row_of(counts.sum(axis=0), annotated)
    if is_one_of_several:
        row |= {one.name: float(one.micro(counts, True)) for one in measures_in(CLIPS) if one.at_once is not None}
    return row


def with_averages(rows: Sequence[dict[str, object]], micro: dict[str, object]) -> pd.DataFrame:
    """Return the table of label rows with `macro`, the mean over labels, see `Measure.over`, and `micro` below."""
    table = pd.DataFrame(list(rows), columns=list(COLUMNS))
    shown = table[table["support"] > 0]
    over = {"shown": shown, "varied": shown[shown["support"] < shown["annotated"]]}
    macro: dict[str, object] = {one.name: over[one.over][one.name].mean() for one in measures_in(CLIPS)}
    macro |= {"label": "macro"} | {name: table[name].sum() for name in ("support", "annotated")}
    macro |= {name: table[name].mean() for name in ("predicted_rate", "prior")}
    both = pd.DataFrame([macro, micro | {"label": "micro"}], columns=list(COLUMNS))
    return pd.concat([table, both], ignore_index=True).astype({"support": int, "annotated": int})


def _table(
    targets: np.ndarray, scores: np.ndarray, predicted: np.ndarray, names: Sequence[str], is_one_of_several: bool
) -> pd.DataFrame:
    targets, scores = np.asarray(targets, dtype=float), np.asarray(scores, dtype=float)
    _check(targets, scores, len(names))
    counts = four_counts(targets, predicted).sum(axis=0)
    rows = [
        {"label": name} | row_of(counts[i], int(counts[i].sum())) | _ranked(targets[:, i], scores[:, i])
        for i, name in enumerate(names)
    ]
    micro = micro_row(counts, int(counts.sum()), is_one_of_several)
    return with_averages(rows, micro | _ranked(targets.ravel(), scores.ravel()))


def _ranked(target: np.ndarray, score: np.ndarray) -> dict[str, object]:
    """Return the measures of a ranking."""
    known = ~np.isnan(target)
    true, scores = target[known] > 0, score[known]
    return {one.name: one.ranking(true, scores) for one in measures_in(CLIPS) if one.ranking is not None}


def _best_threshold(target: np.ndarray, score: np.ndarray) -> float:
    known = ~np.isnan(target)
    order = np.argsort(-score[known], kind="stable")
    ranked, true = score[known][order], target[known][order] > 0
    if not true.any():
        return 0.5
    last = np.flatnonzero(np.append(ranked[1:] < ranked[:-1], True))  # one candidate per distinct score
    f1 = 2 * np.cumsum(true)[last] / (last + 1 + true.sum())
    below = np.append(ranked[last[:-1] + 1], 0.0)
    middle = below + (ranked[last] - below) / 2
    middle = np.where(middle > below, middle, ranked[last])  # two scores with no number between them
    best = middle[f1 >= f1.max() - 1e-12]
    return float(best[np.abs(best - 0.5).argmin()])


def _check(targets: np.ndarray, scores: np.ndarray, labels: int) -> None:
    if targets.shape != scores.shape or targets.ndim != 2 or targets.shape[1] != labels:
        raise ValueError(f"targets {targets.shape}, scores {scores.shape} and {labels} labels do not match")
