"""What runs say of clips, in numbers that can be compared: how sure, and on which side of their decisions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from actscribe.run_folder.run import OperatingPoint
from actscribe.timeline.curves import SURE


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """What one run says of clips.

    Args:
        run: its name.
        scores: as the recognizer gave them, shape (clips, labels).
        probabilities: calibrated, same shape; where validation could not calibrate a label, as if its threshold were
            the probability one half.
        centred: the same sharpness with one half at the threshold, which the decision turns on; of one label per clip
            the probabilities, which sum to one.
        decided: whether the clip is decided to show the label, same shape.
    """

    run: str
    scores: np.ndarray
    probabilities: np.ndarray
    centred: np.ndarray
    decided: np.ndarray


def predictions(
    run: str, scores: np.ndarray, names: Sequence[str], task: str, operating_point: OperatingPoint
) -> Predictions:
    """Return what a run says of clips.

    Args:
        run: its name.
        scores: in [0, 1], shape (clips, labels).
        names: of the labels, in the order of the columns.
        task: "multi-label" or "multi-class".
        operating_point: what validation chose.
    """
    from scipy.special import expit, logit

    thresholds = np.array([operating_point.thresholds[name] for name in names])
    if task == "multi-class":
        shares = np.clip(scores, SURE, None) / np.clip(scores, SURE, None).sum(axis=1, keepdims=True)
        decided = shares == shares.max(axis=1, keepdims=True)
        return Predictions(run, scores, shares, shares, decided)
    curves = [operating_point.confidence.curves.get(name) for name in names]
    slopes = np.array([1.0 if curve is None else curve.slope for curve in curves])
    away = logit(np.clip(scores, SURE, 1 - SURE)) - logit(np.clip(thresholds, SURE, 1 - SURE))
    centred = expit(slopes * away)
    columns = [centred[:, at] if curve is None else curve(scores[:, at]) for at, curve in enumerate(curves)]
    probabilities = np.stack(columns, axis=1) if columns else centred
    return Predictions(run, scores, probabilities, centred, scores >= thresholds)


def entropy(probabilities: np.ndarray, task: str) -> np.ndarray:
    """Return how open each label of each clip is, in [0, 1]: entropy in bits, of one label per clip over log2(labels).

    Args:
        probabilities: shape (clips, labels).
        task: "multi-label" or "multi-class"; of the latter a clip's value stands at every label.
    """
    inside = np.clip(probabilities, SURE, 1 - SURE)
    if task == "multi-class":
        whole = -(inside * np.log2(inside)).sum(axis=1, keepdims=True) / max(1.0, np.log2(inside.shape[1]))
        return np.asarray(np.broadcast_to(whole, inside.shape))
    return np.asarray(-(inside * np.log2(inside) + (1 - inside) * np.log2(1 - inside)))


def disagreement(several: Sequence[Predictions], task: str) -> np.ndarray:
    """Return how much runs contradict each other, shape (clips, labels): entropy of their mean less their mean entropy.

    The information that runs hold about which of them is right (Houlsby et al. 2011, BALD; there of one network's
    posterior).
    """
    centred = np.stack([one.centred for one in several])
    apart = entropy(centred.mean(axis=0), task) - np.mean([entropy(one, task) for one in centred], axis=0)
    return np.asarray(np.maximum(apart, 0.0))


def likely_wrong(one: Predictions, task: str) -> np.ndarray:
    """Return the probability that looking at a clip changes its decision, shape (clips, labels)."""
    if task == "multi-class":  # one label is taken from it, whichever it goes to
        wrong = 1 - one.probabilities.max(axis=1, keepdims=True)
        return np.asarray(np.where(one.decided, wrong, 0.0))
    return np.asarray(np.where(one.decided, 1 - one.probabilities, one.probabilities))
