"""What is gained when the least certain clips go to a person: the risk-coverage curve."""

from __future__ import annotations

import numpy as np
import pandas as pd

from actscribe.evaluation.intervals import Groups, estimate, label_counts
from actscribe.evaluation.significance import macro

#: Shares of the clips that go to a person.
SHARES = (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5)


def certainty(scores: np.ndarray, thresholds: np.ndarray, task: str) -> np.ndarray:
    """Return how certain the decisions on each clip are, in [0, 1], shape (clips,) (ours).

    Multi-label: the mean over labels of how far the score lies from the threshold, as a part of the room there is on
    its side. Multi-class: how much higher the highest score is than the next one.

    Args:
        scores: in [0, 1], shape (clips, labels).
        thresholds: shape (labels,); without use for a multi-class task.
        task: "multi-label" or "multi-class".
    """
    if task == "multi-label":
        room = np.where(scores >= thresholds, 1 - thresholds, thresholds)
        margin = np.divide(np.abs(scores - thresholds), room, out=np.ones(scores.shape), where=room > 0)
        return np.asarray(margin.mean(axis=1))
    if scores.shape[1] < 2:
        return np.ones(len(scores))
    ranked = np.sort(scores, axis=1)
    return np.asarray(ranked[:, -1] - ranked[:, -2])


def risk_coverage(
    targets: np.ndarray, predicted: np.ndarray, sure: np.ndarray, groups: Groups, shares: tuple[float, ...] = SHARES
) -> pd.DataFrame:
    """Return macro F1 on the clips that are left when the least certain ones go to a person.

    Columns: `to_person`: share of the clips; `clips`: left; `macro_f1`, `low`, `high` on them, means over seeds. Of
    equally certain clips the later ones go first. El-Yaniv and Wiener 2010 call this a risk-coverage curve.

    Args:
        targets: shape (clips, labels), nan not annotated.
        predicted: bool, shape (clips, seeds, labels).
        sure: from `certainty`, shape (clips, seeds).
        groups: of the clips.
        shares: in [0, 1).
    """
    clips, seeds = sure.shape
    counts = np.stack([label_counts(targets, predicted[:, index]) for index in range(seeds)], axis=1)
    order = np.argsort(-sure, axis=0, kind="stable")
    rank = np.empty((clips, seeds), dtype=int)
    np.put_along_axis(rank, order, np.arange(clips)[:, None].repeat(seeds, axis=1), axis=0)
    rows = []
    for share in shares:
        left = clips - round(share * clips)
        kept = counts * (rank < left)[:, :, None, None]
        estimated = estimate(macro, kept, groups)
        rows.append((share, left, float(estimated.value), float(estimated.low), float(estimated.high)))
    return pd.DataFrame(rows, columns=["to_person", "clips", "macro_f1", "low", "high"])
