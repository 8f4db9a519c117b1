"""Where recognizers contradict each other most surely."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from actscribe.columns import Column
from actscribe.evaluation.comparison.systems import Shared, System
from actscribe.evaluation.errors import merged_spans

#: Disagreements that are listed.
MOST_DISAGREEMENTS = 25
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
