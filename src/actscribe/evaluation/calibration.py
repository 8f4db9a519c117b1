"""Whether scores are probabilities: Brier score, calibration error, reliability bins, and temperature scaling."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.optimize import minimize_scalar
from scipy.special import expit, logit, softmax

#: Scores are kept this far from 0 and 1 where a logarithm is taken of them, and temperatures from extremes.
SURE, MOST_TEMPERATURE = 1e-6, 20.0


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


def fit_temperature(targets: np.ndarray, scores: np.ndarray, task: str) -> float:
    """Return the temperature under which scores tell the targets best, fitted on validation (Guo et al. 2017, 4.2).

    One number for all labels, by least cross-entropy: logits are divided by it, so above 1 it makes scores less sure,
    below 1 surer; decisions by rank stay. In [1/20, 20]; 1 where nothing is annotated.

    Args:
        targets: shape (clips, labels), nan not annotated.
        scores: in [0, 1], same shape.
        task: "multi-label", or "multi-class" for one-hot targets and scores that sum to 1.
    """
    known = ~np.isnan(targets) if task == "multi-label" else ~np.isnan(targets).any(axis=1)
    if not known.any():
        return 1.0
    target = np.asarray(targets, dtype=float)[known]

    def loss(log_temperature: float) -> float:
        said = np.clip(tempered(scores, float(np.exp(log_temperature)), task), SURE, 1 - SURE)[known]
        if task == "multi-label":
            return float(-np.mean(target * np.log(said) + (1 - target) * np.log1p(-said)))
        return float(-np.mean((target * np.log(said)).sum(axis=1)))

    edge = np.log(MOST_TEMPERATURE)
    found = minimize_scalar(loss, bounds=(-edge, edge), method="bounded", options={"xatol": 1e-6})
    return float(np.exp(found.x))


def tempered(scores: np.ndarray, temperature: float, task: str) -> np.ndarray:
    """Return scores with their logits divided by `temperature`, same shape; multi-class ones sum to 1."""
    kept = np.clip(np.asarray(scores, dtype=float), SURE, 1 - SURE)
    if task == "multi-label":
        return np.asarray(expit(logit(kept) / temperature))
    return np.asarray(softmax(np.log(kept) / temperature, axis=1))
