"""Whether scores are probabilities: Brier score, calibration error, reliability bins, and temperature scaling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.optimize import minimize_scalar
from scipy.special import expit, logit, softmax

from actscribe.columns import Column, names
from actscribe.evaluation.measures import ANNOTATED, LABEL

#: Scores are kept this far from 0 and 1 where a logarithm is taken of them, and temperatures from extremes.
SURE, MOST_TEMPERATURE = 1e-6, 20.0
#: Targets drawn from the scores themselves, for the calibration error that perfect probabilities would get.
DRAWS = 200
#: Rows below those of the labels.
MACRO, TOP_LABEL = "macro", "top label"


BRIER = Column(
    "brier",
    "Brier",
    "mean squared distance of score and truth; 0 is best, always saying 0.5 gives 0.25",
    "precise",
    higher_is_better=False,
)
ECE = Column(
    "ece",
    "ECE",
    "calibration error: how far scores lie from the shares that came true, 0 is best; of labels over bins of equal "
    "mass (in the headline their mean), of the top label of classes over bins of equal width",
    higher_is_better=False,
)
ECE_FLOOR = Column(
    "ece_floor",
    "at best",
    "the ECE that perfect probabilities would get on as many clips; below it nothing can be seen",
)
#: The table of a run.
CALIBRATION_COLUMNS = (LABEL, BRIER, replace(ECE, format="precise"), replace(ECE_FLOOR, format="precise"), ANNOTATED)


def calibration_table(
    targets: np.ndarray, scores: np.ndarray, labels: Sequence[str], task: str = "multi-label", bins: int = 10
) -> pd.DataFrame:
    """Return a row per label, `macro` with their means, and for one class out of several the row `top label`.

    Columns: `label`; `brier`: mean squared difference of score and target, 0 best; `ece`; `ece_floor`; `annotated`:
    clips. Labels without a target: nan.

    `ece` of a label is the class-wise calibration error with bins of equal mass (Nixon et al. 2019): the mean over
    clips of the distance between mean score and share of positives of their bin. Of `top label` it is the usual one of
    Guo et al. (2017): of the highest score and whether its class is right, with bins of equal width. It is never 0 on
    few clips: `ece_floor` is what scores that are perfect probabilities would get on as many, a mean of DRAWS drawings.

    Args:
        targets: shape (clips, labels), nan not annotated.
        scores: in [0, 1], same shape.
        labels: their names.
        task: "multi-label" or "multi-class".
        bins: at most this many.
    """
    rows = [_row(name, targets[:, index], scores[:, index], bins, True) for index, name in enumerate(labels)]
    table = pd.DataFrame(rows, columns=names(CALIBRATION_COLUMNS))
    means = {name: table[name].mean() for name in ("brier", "ece", "ece_floor")}
    below = [{"label": MACRO, **means, "annotated": table["annotated"].sum()}]
    if task == "multi-class":
        known = ~np.isnan(targets).any(axis=1)
        right = targets[known].argmax(axis=1) == scores[known].argmax(axis=1)
        below.append(_row(TOP_LABEL, right.astype(float), scores[known].max(axis=1, initial=0.0), bins, False))
    return pd.concat([table, pd.DataFrame(below)], ignore_index=True)


def _row(name: str, target: np.ndarray, score: np.ndarray, bins: int, equal_mass: bool) -> dict[str, object]:
    known = ~np.isnan(target)
    target, score = np.asarray(target, dtype=float)[known], np.asarray(score, dtype=float)[known]
    row: dict[str, object] = {
        "label": name,
        "brier": np.nan,
        "ece": np.nan,
        "ece_floor": np.nan,
        "annotated": len(target),
    }
    if not len(target):
        return row
    index = _equal_mass(score, bins) if equal_mass else np.minimum((score * bins).astype(int), bins - 1)
    drawn = np.random.default_rng(0).random((DRAWS, len(score))) < score
    row |= {"brier": float(np.mean((score - target) ** 2)), "ece": float(_distance(index, target[None], score)[0])}
    return row | {"ece_floor": float(_distance(index, drawn.astype(float), score).mean())}


def _distance(index: np.ndarray, targets: np.ndarray, score: np.ndarray) -> np.ndarray:
    """Return the calibration error of each row of targets, shape (rows, clips), with the same bins and scores."""
    inside = (index[:, None] == np.arange(index.max() + 1)).astype(float)
    return np.asarray(np.abs((targets - score) @ inside).sum(axis=1) / len(score))


def _equal_mass(score: np.ndarray, bins: int) -> np.ndarray:
    edges = np.unique(np.quantile(score, np.linspace(0, 1, bins + 1)))
    return np.searchsorted(edges[1:-1], score, side="left")


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
    table = pd.DataFrame({"bin": _equal_mass(score, bins), "mean_score": score, "positive_rate": target, "clips": 1})
    return (
        table.groupby("bin").agg({"mean_score": "mean", "positive_rate": "mean", "clips": "sum"}).reset_index(drop=True)
    )


def fit_temperature(targets: np.ndarray, scores: np.ndarray, task: str) -> float:
    """Return the temperature under which scores fit the targets best, fitted on validation (Guo et al. 2017, 4.2).

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
        probabilities = np.clip(tempered(scores, float(np.exp(log_temperature)), task), SURE, 1 - SURE)[known]
        if task == "multi-label":
            return float(-np.mean(target * np.log(probabilities) + (1 - target) * np.log1p(-probabilities)))
        return float(-np.mean((target * np.log(probabilities)).sum(axis=1)))

    edge = np.log(MOST_TEMPERATURE)
    optimum = minimize_scalar(loss, bounds=(-edge, edge), method="bounded", options={"xatol": 1e-6})
    return float(np.exp(optimum.x))


def tempered(scores: np.ndarray, temperature: float, task: str) -> np.ndarray:
    """Return scores with their logits divided by `temperature`, same shape; multi-class ones sum to 1."""
    kept = np.clip(np.asarray(scores, dtype=float), SURE, 1 - SURE)
    if task == "multi-label":
        return np.asarray(expit(logit(kept) / temperature))
    return np.asarray(softmax(np.log(kept) / temperature, axis=1))
