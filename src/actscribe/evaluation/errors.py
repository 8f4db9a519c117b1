"""The errors worth looking at first: where a recognizer was most sure and wrong."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from actscribe.data.clips import Clip

#: Columns of the table.
COLUMNS = ("label", "kind", "recording", "start", "end", "score", "margin", "clips")


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
        said = score >= threshold
        for kind, wrong in (("false alarm", said & (target == 0)), ("miss", ~said & (target > 0))):
            rows += [{"label": name, "kind": kind} | span for span in _spans(clips, score, wrong, threshold)]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    order = ["margin", "recording", "start", "label"]
    return table.sort_values(order, ascending=[False, True, True, True], ignore_index=True).head(top)


def _spans(clips: Sequence[Clip], score: np.ndarray, wrong: np.ndarray, threshold: float) -> list[dict[str, object]]:
    """Merge the wrong clips of one label and kind into spans."""
    places = sorted(np.flatnonzero(wrong).tolist(), key=lambda i: (clips[i].recording, clips[i].start))
    spans: list[dict] = []
    for place in places:
        clip, value = clips[place], float(score[place])
        # Of a miss the room ends at 0, of a false alarm at 1.
        room = (1 - threshold) if value >= threshold else threshold
        margin = abs(value - threshold) / room if room > 0 else 1.0
        last = spans[-1] if spans else None
        if last is None or last["recording"] != clip.recording or clip.start > last["end"]:
            spans.append({"recording": clip.recording, "start": clip.start, "end": clip.end})
            spans[-1] |= {"score": value, "margin": margin, "clips": 1}
            continue
        last["end"] = max(last["end"], clip.end)
        last["clips"] += 1
        if margin > last["margin"]:
            last["score"], last["margin"] = value, margin
    return spans
