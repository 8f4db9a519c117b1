"""Whether scores are probabilities: Brier score, expected calibration error, and the bins of a reliability plot."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd


def calibration_table(targets: np.ndarray, scores: np.ndarray, names: Sequence[str], bins: int = 10) -> pd.DataFrame:
    """Return per label `label`, `brier`, `ece`, `annotated`, and a row `macro` with the means.

    `brier`: mean squared difference of score and target, 0 best. `ece`: mean over clips of the distance between the
    mean score and the share of positives of their bin (`reliability_bins`), 0 best. Labels without a target: nan.

    Args:
        targets: shape (clips, labels), nan not annotated.
        scores: in [0, 1], same shape.
        names: of the labels.
        bins: of equal mass.
    """
    rows: list[dict[str, object]] = []
    for column, name in enumerate(names):
        known = ~np.isnan(targets[:, column])
        target, score = targets[known, column], scores[known, column]
        binned = reliability_bins(target, score, bins)
        distance = (binned["mean_score"] - binned["positive_rate"]).abs()
        rows.append(
            {
                "label": name,
                "brier": float(np.mean((score - target) ** 2)) if len(target) else float("nan"),
                "ece": float((distance * binned["clips"]).sum() / len(target)) if len(target) else float("nan"),
                "annotated": len(target),
            }
        )
    table = pd.DataFrame(rows, columns=["label", "brier", "ece", "annotated"])
    macro = {"label": "macro", "brier": table["brier"].mean(), "ece": table["ece"].mean()}
    macro["annotated"] = table["annotated"].sum()
    return pd.concat([table, pd.DataFrame([macro])], ignore_index=True)


def reliability_bins(target: np.ndarray, score: np.ndarray, bins: int = 10) -> pd.DataFrame:
    """Return `mean_score`, `positive_rate` and `clips` of bins that hold as equal numbers of clips as ties allow.

    Args:
        target: 0 or 1, nan left out, shape (clips,).
        score: shape (clips,); equal scores share a bin.
        bins: at most this many.
    """
    known = ~np.isnan(target)
    target, score = np.asarray(target, dtype=float)[known], np.asarray(score, dtype=float)[known]
    if not len(target):
        return pd.DataFrame({"mean_score": [], "positive_rate": [], "clips": []})
    edges = np.unique(np.quantile(score, np.linspace(0, 1, bins + 1)))
    index = np.searchsorted(edges[1:-1], score, side="left")
    table = pd.DataFrame({"bin": index, "mean_score": score, "positive_rate": target, "clips": 1})
    return (
        table.groupby("bin").agg({"mean_score": "mean", "positive_rate": "mean", "clips": "sum"}).reset_index(drop=True)
    )
