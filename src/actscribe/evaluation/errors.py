"""The errors worth looking at first: where a timeline is wrong for longest, or a recognizer most sure and wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from actscribe.data import spans as sp
from actscribe.data.clips import SAME_S, Clip
from actscribe.data.recording import Recording
from actscribe.labels import LabelSet
from actscribe.timeline.matching import Timelines, label_spans

#: Columns of the errors of clips, and of those of timelines.
COLUMNS = ("label", "kind", "recording", "start", "end", "score", "margin", "clips")
TIMELINE_COLUMNS = ("label", "kind", "recording", "start", "end", "seconds", "whole", "score")


def timeline_errors(
    recordings: Sequence[Recording],
    timelines: Timelines,
    labels: LabelSet,
    clips: Sequence[Clip],
    scores: np.ndarray,
    top: int = 20,
) -> pd.DataFrame:
    """Return the `top` longest spans in which a timeline is wrong, whole bouts before parts of bouts.

    Columns: `label`; `kind`: "false alarm" or "miss"; `recording`, `start`, `end`, `seconds`; `whole`: a bout of which
    nothing was found, or that lies where nothing is; `score`: the mean over the clips whose middle lies in the span,
    nan where there is none. Sorted by `whole`, length, then recording, time and label.

    Args:
        recordings: annotated; spans that nobody annotated are never an error.
        timelines: by recording.
        labels: the label set.
        clips: in any order.
        scores: of them, shape (clips, labels).
        top: how many spans.
    """
    rows: list[dict[str, object]] = []
    middles = np.array([(clip.start + clip.end) / 2 for clip in clips])
    owners = np.array([clip.recording for clip in clips], dtype=str)
    for recording in recordings:
        own = owners == recording.name
        for column, name in enumerate(labels.names):
            true = label_spans(recording, recording.intervals or (), name)
            predicted = label_spans(recording, timelines[recording.name], name)
            for kind, bouts, other in (("false alarm", predicted, true), ("miss", true, predicted)):
                for start, end in sp.subtract(bouts, other).tolist():
                    inside = own & (middles >= start) & (middles < end)
                    whole = bool(((bouts[:, 0] == start) & (bouts[:, 1] == end)).any())
                    row = {"label": name, "kind": kind, "recording": recording.name, "start": start, "end": end}
                    score = float(scores[inside, column].mean()) if inside.any() else float("nan")
                    rows.append(row | {"seconds": end - start, "whole": whole, "score": score})
    table = pd.DataFrame(rows, columns=list(TIMELINE_COLUMNS))
    order = ["whole", "seconds", "recording", "start", "label"]
    return table.sort_values(order, ascending=[False, False, True, True, True], ignore_index=True).head(top)


def worst_errors(
    clips: Sequence[Clip],
    targets: np.ndarray,
    scores: np.ndarray,
    thresholds: np.ndarray,
    names: Sequence[str],
    top: int = 20,
) -> pd.DataFrame:
    """Return the `top` most confident errors, wrong clips that touch or overlap merged into one span.

    Columns: `label`; `kind`: "false alarm" or "miss"; `recording`, `start`, `end` in seconds; `score`: the most wrong
    one in the span; `margin` in [0, 1]: how far that score lies on the wrong side of the threshold, as a part of the
    room there is (1: surely and wrongly present, or absent); `clips`: how many were merged. Sorted by margin, then by
    recording, time and label.

    Args:
        clips: in any order.
        targets, scores: shape (clips, labels); targets nan where not annotated, which is never an error.
        thresholds: shape (labels,).
        names: of the labels.
        top: how many spans.
    """
    rows: list[dict[str, object]] = []
    for column, name in enumerate(names):
        target, score, threshold = targets[:, column], scores[:, column], float(thresholds[column])
        predicted = score >= threshold
        room = np.where(predicted, 1 - threshold, threshold)  # of a miss it ends at 0, of a false alarm at 1
        margin = np.divide(np.abs(score - threshold), room, out=np.ones(len(score)), where=room > 0)
        for kind, wrong in (("false alarm", predicted & (target == 0)), ("miss", ~predicted & (target > 0))):
            rows += [{"label": name, "kind": kind} | span for span in merged_spans(clips, score, margin, wrong)]
    return _ranked(rows, top)


def worst_confusions(
    clips: Sequence[Clip], targets: np.ndarray, scores: np.ndarray, names: Sequence[str], top: int = 20
) -> pd.DataFrame:
    """Return the `top` most confident errors of a multi-class recognizer; one row for a true and a predicted class.

    The columns of `worst_errors`, except that `label` is the true class, `kind` says "taken for" the predicted class,
    `score` is the predicted class's, and `margin` how much higher it is than the true class's.

    Args:
        clips: in any order.
        targets: one-hot, shape (clips, classes); a row of nan is never an error.
        scores: same shape; the highest is the prediction.
        names: of the classes.
        top: how many spans.
    """
    known = ~np.isnan(targets).any(axis=1)
    row = np.arange(len(scores))
    true, predicted = np.where(known[:, None], targets, 0).argmax(axis=1), scores.argmax(axis=1)
    score, margin = scores[row, predicted], scores[row, predicted] - scores[row, true]
    rows: list[dict[str, object]] = []
    for wanted, claimed in sorted(set(zip(true[known].tolist(), predicted[known].tolist(), strict=True))):
        if wanted != claimed:
            wrong = known & (true == wanted) & (predicted == claimed)
            named = {"label": names[wanted], "kind": f"taken for {names[claimed]}"}
            rows += [named | span for span in merged_spans(clips, score, margin, wrong)]
    return _ranked(rows, top)


def merged_spans(
    clips: Sequence[Clip], score: np.ndarray, margin: np.ndarray, wrong: np.ndarray
) -> list[dict[str, object]]:
    """Return clips of one kind, those that touch or overlap merged, each span with score and margin of its worst clip.

    Args:
        clips: in any order.
        score, margin: of each, shape (clips,).
        wrong: which of them count, bool, shape (clips,).
    """
    indices = sorted(np.flatnonzero(wrong).tolist(), key=lambda i: (clips[i].recording, clips[i].start))
    spans: list[dict[str, Any]] = []
    for index in indices:
        clip = clips[index]
        worst = {"score": float(score[index]), "margin": float(margin[index])}
        last = spans[-1] if spans else None
        if last is None or last["recording"] != clip.recording or clip.start > last["end"] + SAME_S:
            spans.append({"recording": clip.recording, "start": clip.start, "end": clip.end, "clips": 1} | worst)
            continue
        last["end"] = max(last["end"], clip.end)
        last["clips"] += 1
        if worst["margin"] > last["margin"]:
            last |= worst
    return spans


def _ranked(rows: list[dict[str, object]], top: int) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    order = ["margin", "recording", "start", "label"]
    return table.sort_values(order, ascending=[False, True, True, True], ignore_index=True).head(top)
