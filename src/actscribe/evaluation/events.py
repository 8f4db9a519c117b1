"""Timelines against annotations: segments, edit score, onsets and offsets, total durations.

Every label is measured on its own, so labels may overlap; `sequence_scores` is the joint measure of the papers on
single-label videos. Intervals of one label that touch or overlap are one bout. Time that nobody annotated (gaps) and
time past the recording's end is cut out of the annotation and of the prediction alike. Scores lie in [0, 1].
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from actscribe.annotations.interval import Interval
from actscribe.columns import Column
from actscribe.data import spans as sp
from actscribe.data.recording import Recording
from actscribe.evaluation.measures import LABEL
from actscribe.labels import LabelSet
from actscribe.timeline.matching import (
    IOUS,
    SAME,
    Timelines,
    annotated_spans,
    f1_of,
    label_spans,
    match,
    segment_counts,
)

#: The table of a run's timelines as a page shows it.
EVENT_COLUMNS = (
    LABEL,
    Column(
        "bouts_true",
        "annotated",
        "uninterrupted stretches of the activity in the annotation",
        "count",
        short="true",
        group="bouts",
    ),
    Column(
        "bouts_predicted",
        "predicted",
        "uninterrupted stretches of the activity in the timeline",
        "count",
        short="found",
        group="bouts",
    ),
    *(
        Column(
            f"f1@{round(100 * iou)}",
            f"@{round(100 * iou)}",
            f"F1 of whole bouts; found is one that overlaps an annotated one by at least {round(100 * iou)} % of both "
            "together",
            group="segment F1",
            higher_is_better=True,
        )
        for iou in IOUS
    ),
    Column(
        "edit",
        "edit",
        "1 when as many bouts were predicted as annotated, lower when bouts are split up, joined, missed or invented",
        higher_is_better=True,
    ),
    Column(
        "onset_median_s",
        "median",
        "predicted minus annotated start of found bouts; + is late",
        "signed",
        group="start off by (s)",
    ),
    Column(
        "onset_mae_s",
        "mean",
        "mean distance in seconds of the starts of found bouts from the annotated ones",
        "seconds",
        group="start off by (s)",
        higher_is_better=False,
    ),
    Column(
        "offset_median_s",
        "median",
        "predicted minus annotated end of found bouts; + is late",
        "signed",
        group="end off by (s)",
    ),
    Column(
        "offset_mae_s",
        "mean",
        "mean distance in seconds of the ends of found bouts from the annotated ones",
        "seconds",
        group="end off by (s)",
        higher_is_better=False,
    ),
    Column("total_true_s", "annotated", "all annotated time of the label", "clock", group="total time"),
    Column(
        "total_relative",
        "error",
        "predicted minus annotated seconds, in percent of the annotated",
        "change in percent",
        group="total time",
    ),
    Column("frame_f1", "time F1", "F1 of seconds instead of bouts", higher_is_better=True),
)


def event_table(
    recordings: Sequence[Recording], predictions: Timelines, labels: LabelSet, ious: Sequence[float] = IOUS
) -> pd.DataFrame:
    """Compare timelines with annotations, label by label.

    Columns, after `label`, one row per label and a last row `macro` (means over the labels with a true bout; counts
    and seconds summed; onsets, offsets and totals left nan):

    - `bouts_true`, `bouts_predicted`;
    - `tp@10`, `fp@10`, `fn@10`, `f1@10`, … per overlap threshold in percent, pooled over recordings (`count_matches`);
      F1 is nan for a label without a true bout, and 0 where bouts are true and none is predicted;
    - `edit`: see `bout_edit_score`, mean over recordings;
    - `matched`: true bouts with a predicted one at the lowest threshold; the best-overlapping one gives
      `onset_median_s`, `onset_mae_s`, `offset_median_s`, `offset_mae_s`: predicted minus true, in seconds, the signed
      median and the mean of absolute values (nan without a match);
    - `total_true_s`, `total_predicted_s`; `total_error_s` and `total_abs_error_s`: predicted minus true per recording,
      mean of signed and of absolute values; `total_relative`: predicted sum / true sum - 1;
    - `frame_precision`, `frame_recall`, `frame_f1`: of time instead of bouts. Seconds are counted, which is what
      counting frames comes to as frames get short; nan and 0 as for F1.

    Raises:
        ActScribeError: a recording is not annotated, or has no timeline.
    """
    counts = segment_counts(recordings, predictions, labels, ious)
    rows = []
    for column, name in enumerate(labels.names):
        pairs = [
            (
                label_spans(recording, recording.intervals or (), name),
                label_spans(recording, predictions[recording.name], name),
            )
            for recording in recordings
        ]
        row: dict[str, object] = {"label": name}
        row["bouts_true"] = sum(len(true) for true, _ in pairs)
        row["bouts_predicted"] = sum(len(predicted) for _, predicted in pairs)
        for index, iou in enumerate(ious):
            pooled = counts[:, column, index].sum(axis=0)
            row |= _named(pooled, round(100 * iou))
        row["edit"] = float(np.mean([bout_edit_score(len(true), len(predicted)) for true, predicted in pairs]))
        rows.append(row | _boundary_errors(pairs, min(ious)) | _durations(pairs))
    table = pd.DataFrame(rows)
    return pd.concat([table, _macro(table)], ignore_index=True)


def bout_edit_score(true: int, predicted: int) -> float:
    """Return ms-tcn's edit score for one label, from its numbers of bouts.

    With background left out, as in ms-tcn, the sequences of one label's segments differ in length alone, so the
    Levenshtein distance is |true - predicted| and the score 1 - distance / max(true, predicted): it tells over- and
    under-segmentation. Both empty: 1; one empty: 0. Background is not kept, as a bout that begins a moment after the
    recording does would then cost as much as a missed one.
    """
    return 1.0 if true == predicted else min(true, predicted) / max(true, predicted)


def edit_score(true: Sequence[object], predicted: Sequence[object]) -> float:
    """Return 1 - Levenshtein distance / longer length of two sequences (ms-tcn); both empty: 1."""
    if not true and not predicted:
        return 1.0
    row = list(range(len(predicted) + 1))
    for i, wanted in enumerate(true, start=1):
        diagonal, row[0] = row[0], i
        for j, claimed in enumerate(predicted, start=1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (wanted != claimed))
    return 1 - row[-1] / max(len(true), len(predicted))


def sequence_scores(
    recordings: Sequence[Recording], predictions: Timelines, labels: LabelSet, ious: Sequence[float] = IOUS
) -> dict[str, float]:
    """Return the joint measures of ms-tcn: `f1@10`, …, `edit`, and `accuracy` over time.

    F1 is pooled over recordings and labels. `edit` compares the sequences of segments of all labels in order of their
    start, background left out, and is averaged over recordings. `accuracy` is the fraction of time annotated for every
    label at which exactly the right labels (or none) are predicted; with one label a moment it is ms-tcn's frame
    accuracy, background counted as a label.
    """
    counts = segment_counts(recordings, predictions, labels, ious).sum(axis=(0, 1))
    scores = {f"f1@{round(100 * iou)}": float(f1_of(counts[index])) for index, iou in enumerate(ious)}
    edits, wrong_seconds, seconds = [], 0.0, 0.0
    for recording in recordings:
        predicted = {name: label_spans(recording, predictions[recording.name], name) for name in labels.names}
        truth = {name: label_spans(recording, recording.intervals or (), name) for name in labels.names}
        edits.append(edit_score(_sequence(truth), _sequence(predicted)))
        everywhere = annotated_spans(recording, "")
        wrong = []
        for name in labels.names:
            everywhere = sp.intersect(everywhere, annotated_spans(recording, name))
            wrong += [sp.subtract(truth[name], predicted[name]), sp.subtract(predicted[name], truth[name])]
        intervals = [Interval("wrong", float(a), float(b)) for a, b in np.concatenate(wrong)]
        wrong_seconds += sp.total(sp.intersect(sp.union(intervals), everywhere))
        seconds += sp.total(everywhere)
    scores["edit"] = float(np.mean(edits)) if edits else float("nan")
    scores["accuracy"] = 1 - wrong_seconds / seconds if seconds > 0 else float("nan")
    return scores


def _sequence(spans: Mapping[str, np.ndarray]) -> list[str]:
    """Return the labels of all bouts in order of their start; of two at once the earlier end, then the name, first."""
    bouts = ((round(start, 6), round(end, 6), name) for name in spans for start, end in spans[name].tolist())
    return [name for _, _, name in sorted(bouts)]


def _named(counts: np.ndarray, percent: int) -> dict[str, object]:
    tp, fp, fn = (int(value) for value in counts)
    return {f"tp@{percent}": tp, f"fp@{percent}": fp, f"fn@{percent}": fn, f"f1@{percent}": float(f1_of(counts))}


def _boundary_errors(pairs: Sequence[tuple[np.ndarray, np.ndarray]], iou: float) -> dict[str, object]:
    errors = [np.empty((0, 2))]
    for true, predicted in pairs:
        index, overlap = match(predicted, true)
        best = np.zeros(len(true))
        matched = index >= 0
        np.maximum.at(best, index[matched], overlap[matched])
        fitting = np.flatnonzero(matched & (overlap >= iou - SAME))
        fitting = fitting[overlap[fitting] >= best[index[fitting]] - SAME]
        claimed, first = np.unique(index[fitting], return_index=True)  # of equals the earliest
        errors.append(predicted[fitting[first]] - true[claimed])
    error = np.concatenate(errors)
    row: dict[str, object] = {"matched": len(error)}
    for side, column in (("onset", 0), ("offset", 1)):
        row[f"{side}_median_s"] = float(np.median(error[:, column])) if len(error) else float("nan")
        row[f"{side}_mae_s"] = float(np.abs(error[:, column]).mean()) if len(error) else float("nan")
    return row


def _durations(pairs: Sequence[tuple[np.ndarray, np.ndarray]]) -> dict[str, object]:
    true = np.array([sp.total(spans) for spans, _ in pairs])
    predicted = np.array([sp.total(spans) for _, spans in pairs])
    both = sum(sp.total(sp.intersect(one, other)) for one, other in pairs)
    error = predicted - true
    nothing = float("nan")
    return {
        "total_true_s": float(true.sum()),
        "total_predicted_s": float(predicted.sum()),
        "total_error_s": float(error.mean()) if len(error) else nothing,
        "total_abs_error_s": float(np.abs(error).mean()) if len(error) else nothing,
        "total_relative": float(error.sum() / true.sum()) if true.sum() > 0 else nothing,
        "frame_precision": float(both / predicted.sum()) if predicted.sum() > 0 else 0.0,
        "frame_recall": float(both / true.sum()) if true.sum() > 0 else nothing,
        "frame_f1": float(2 * both / (true.sum() + predicted.sum())) if true.sum() > 0 else nothing,
    }


def always_time_f1(recordings: Sequence[Recording], labels: LabelSet) -> float:
    """Return macro F1 of time of a timeline in which every label goes on all the time, nan where none is annotated.

    Per label that is 2 t / (t + a), of t seconds that are annotated as present and a seconds that are annotated at all
    (ours); labels that never occur are left out, as in `event_table`.
    """
    values = []
    for name in labels.names:
        spans = [(label_spans(one, one.intervals or (), name), annotated_spans(one, name)) for one in recordings]
        present, whole = (sum(sp.total(pair[side]) for pair in spans) for side in (0, 1))
        if present > 0:
            values.append(2 * present / (present + whole))
    return float(np.mean(values)) if values else float("nan")


def _macro(table: pd.DataFrame) -> pd.DataFrame:
    present = table[table["bouts_true"] > 0]
    row: dict[str, object] = {"label": "macro"}
    for name in table.columns.drop("label"):
        if name.startswith(("f1@", "frame_")) or name == "edit":
            row[name] = float(present[name].mean())
        elif name.startswith(("bouts_", "tp@", "fp@", "fn@")) or name in (
            "matched",
            "total_true_s",
            "total_predicted_s",
        ):
            row[name] = table[name].sum()
        else:
            row[name] = float("nan")
    return pd.DataFrame([row])
