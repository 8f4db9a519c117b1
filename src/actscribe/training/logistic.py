"""Logistic regression on what a frozen encoder makes of clips, fitted to the end, its penalty chosen on other clips."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from actscribe.labels import Task
from actscribe.models.probe_heads import LinearHead
from actscribe.settings.training import Training
from actscribe.training.losses import class_weights, positive_weights, prior_logits

#: What the inverse strength of the penalty is chosen from: standardised features of many columns want small ones.
STRENGTHS = tuple(10.0**power for power in range(-6, 1))
FOLDS = 5
#: Inverse strength of the penalty where there are no clips to choose it on (ours).
MIDDLE = 1e-3
#: Steps of the solver; the weakest penalties on few clips take most.
STEPS = 2000

#: Weights (labels, columns) and biases (labels,).
Line = tuple[np.ndarray, np.ndarray]


def fit_logistic(
    head: LinearHead, pooled: np.ndarray, targets: np.ndarray, task: Task, strength: float, settings: Training
) -> None:
    """Fit a linear head in place.

    Args:
        head: whose pooling made `pooled`.
        pooled: of training clips, float32, shape (clips, columns).
        targets: shape (clips, labels), nan where not annotated.
        task: of the study.
        strength: inverse of the penalty's.
        settings: whether positives are weighed.
    """
    mean, scale = pooled.mean(axis=0), pooled.std(axis=0)
    scale[scale < 1e-6] = 1.0
    rows, axes = _row_space((pooled - mean) / scale)
    line, biases = _line(rows, targets, task, strength, settings)
    weights = line if axes is None else line @ axes.T
    with torch.no_grad():
        for held, value in (
            (head.mean, mean),
            (head.scale, scale),
            (head.out.weight, weights),
            (head.out.bias, biases),
        ):
            held.copy_(torch.from_numpy(np.asarray(value, dtype=np.float32)))


def choose_strength(loss: Callable[[float], float]) -> tuple[float, dict[float, float]]:
    """Return the inverse strength with the least loss, of equals that nearest to `MIDDLE`, and the loss of each.

    The loss is smoother than the number of clips that are right, which few clips leave to chance.
    """
    losses = {strength: loss(strength) for strength in STRENGTHS}

    def rank(strength: float) -> tuple[float, float]:
        lost = losses[strength]
        return round(lost, 9) if np.isfinite(lost) else np.inf, abs(np.log10(strength / MIDDLE))

    return min(losses, key=rank), losses


def across_groups(
    groups: Sequence[str], fit_and_score: Callable[[np.ndarray, np.ndarray], np.ndarray], labels: int
) -> np.ndarray:
    """Return the logits of clips, shape (clips, labels), each by a head that never saw its group.

    Args:
        groups: of the clips.
        fit_and_score: places of training clips, places of scored clips -> the logits of these.
        labels: how many.
    """
    logits = np.zeros((len(groups), labels), dtype=np.float32)
    for train, rest in GroupKFold(min(FOLDS, len(set(groups)))).split(logits, groups=groups):
        logits[rest] = fit_and_score(train, rest)
    return logits


def _row_space(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """Return rows by coordinates in the space that they span, and its orthonormal axes, shape (columns, coordinates).

    The penalty keeps weights in that space, and lengths are the same in it, so that the fit is the same one (Hastie and
    Tibshirani 2004, section 2) and several times quicker. Where columns are not more than rows, there is nothing to
    gain: the rows come back as they are, without axes. Of few rows the solver loses its way in single precision.
    """
    if len(rows) >= rows.shape[1]:
        return rows, None
    axes, coordinates = np.linalg.qr(rows.T.astype(np.float64))
    return coordinates.T, axes


def _line(rows: np.ndarray, targets: np.ndarray, task: Task, strength: float, settings: Training) -> Line:
    if task == "multi-class":
        return _classes(rows, targets, strength, settings)
    priors = prior_logits(targets, task)
    weights, biases = np.zeros((targets.shape[1], rows.shape[1])), priors.astype(np.float64)
    ratio = positive_weights(targets, settings.most_weight) if settings.positive_weight else np.ones(targets.shape[1])
    for label in range(targets.shape[1]):
        known = ~np.isnan(targets[:, label])
        truth = targets[known, label]
        if len(np.unique(truth)) == 2:
            each = np.where(truth > 0, ratio[label], 1.0)
            made = LogisticRegression(C=strength, max_iter=STEPS).fit(rows[known], truth, each)
            weights[label], biases[label] = made.coef_[0], made.intercept_[0]
    return weights, biases


def _classes(rows: np.ndarray, targets: np.ndarray, strength: float, settings: Training) -> Line:
    known = ~np.isnan(targets).any(axis=1)
    truth = targets[known].argmax(axis=1)
    weights, biases = np.zeros((targets.shape[1], rows.shape[1])), prior_logits(targets, "multi-class").astype(float)
    classes = np.unique(truth)
    if len(classes) < 2:
        return weights, biases
    each = class_weights(targets, settings.most_weight)[truth] if settings.positive_weight else None
    made = LogisticRegression(C=strength, max_iter=STEPS).fit(rows[known], truth, each)
    if len(classes) == 2:  # scikit-learn writes one line for two classes
        weights[classes], biases[classes] = (
            np.stack([-made.coef_[0], made.coef_[0]]) / 2,
            [-made.intercept_[0] / 2, made.intercept_[0] / 2],
        )
    else:
        weights[classes], biases[classes] = made.coef_, made.intercept_
    unseen = np.setdiff1d(np.arange(targets.shape[1]), classes)
    biases[unseen] = biases[classes].min() - 10.0  # never chosen: no clip showed it
    return weights, biases
