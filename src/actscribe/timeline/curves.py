"""Confidences that may be read as probabilities: a curve for each label, fitted on validation clips.

A curve is logistic in the logit of the score (Platt 1999), with Platt's targets that are never quite 0 or 1. Labels of
few clips lean on all labels together: the distance of a curve from the common one costs as a normal prior of standard
deviation `SPREAD` would, and that of the common one from the scores as they are likewise (ours). No curve says more
than its clips can support: n clips of which all show a label make (n + 1) / (n + 2) at most (Laplace's rule of
succession). Windows overlap, and count for the part that the next one does not see again.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

#: Scores are kept this far from 0 and 1 where a logarithm is taken of them.
SURE = 1e-6
#: Standard deviation of a label's curve around the common one, of log slope and of intercept in logits.
SPREAD = 1.0
#: Validation clips that show a label, or do not, below which its curve is reported to lean on the others.
FEW = 10


class Curve(BaseModel):
    """From a score to a confidence: the logistic function of slope · logit(score) + intercept, within bounds.

    Args:
        slope: above 0, so that order stays.
        intercept: in logits.
        low, high: no confidence is lower or higher.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    slope: float = Field(gt=0)
    intercept: float
    low: float = Field(ge=0, le=1)
    high: float = Field(ge=0, le=1)

    def __call__(self, scores: np.ndarray) -> np.ndarray:
        """Return confidences of scores in [0, 1], same shape; nan stays."""
        from scipy.special import expit, logit  # half a second of CPU that opening a run does without

        inside = logit(np.clip(np.asarray(scores, dtype=float), SURE, 1 - SURE))
        return np.asarray(np.clip(expit(self.slope * inside + self.intercept), self.low, self.high))


class Confidence(BaseModel):
    """The curves of a run.

    Args:
        curves: by label name; a label without one has no confidence.
        notes: by label name: why there is none, or what it leans on.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    curves: dict[str, Curve] = {}
    notes: dict[str, str] = {}


def fit_confidence(targets: np.ndarray, scores: np.ndarray, names: Sequence[str], share: float = 1.0) -> Confidence:
    """Fit a curve to each label that some validation clips show and some do not.

    Args:
        targets: 0 or 1, shape (clips, labels), nan not annotated.
        scores: in [0, 1], same shape.
        names: of the labels.
        share: of a clip that the next one does not see again, in (0, 1]; so much each clip counts.
    """
    from scipy.special import logit

    held = {}
    notes = {}
    for index, name in enumerate(names):
        known = ~np.isnan(targets[:, index])
        target, score = targets[known, index] > 0.5, scores[known, index]
        fewest = min(target.sum(), (~target).sum())
        if not fewest:
            which = "clip that shows it" if not target.any() else "clip that does not show it"
            notes[name] = f"not calibrated, so without a confidence: no validation {which}"
            continue
        held[name] = (logit(np.clip(score, SURE, 1 - SURE)), target)
        if fewest < FEW:
            side = "show" if target.sum() == fewest else "do not show"
            notes[name] = f"leans on the other labels: fewer than {FEW} validation clips {side} it"
    if not held:
        return Confidence(notes=notes)
    common = _fit(list(held.values()), share, (0.0, 0.0))
    curves = {}
    for name, one in held.items():
        slope, intercept = _fit([one], share, common)
        most = (len(one[1]) * share + 1) / (len(one[1]) * share + 2)
        curves[name] = Curve(slope=float(np.exp(slope)), intercept=float(intercept), low=1 - most, high=most)
    return Confidence(curves=curves, notes=notes)


def _fit(
    parts: Sequence[tuple[np.ndarray, np.ndarray]], share: float, centre: tuple[float, float]
) -> tuple[float, float]:
    """Return log slope and intercept of the curve through (logits, shown) that stays near `centre`."""
    inside = np.concatenate([logits for logits, _ in parts])
    softened = np.concatenate([_softened(shown, share) for _, shown in parts])

    def loss(curve: np.ndarray) -> float:
        fitted = np.exp(np.clip(curve[0], -8, 8)) * inside + curve[1]
        cost = np.logaddexp(0, fitted) - softened * fitted
        return float(share * cost.sum() + ((curve - np.asarray(centre)) ** 2).sum() / (2 * SPREAD**2))

    from scipy.optimize import minimize  # a second of CPU that only fitting needs

    optimum = minimize(loss, np.asarray(centre), method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-9})
    return float(np.clip(optimum.x[0], -8, 8)), float(optimum.x[1])


def _softened(shown: np.ndarray, share: float) -> np.ndarray:
    """Return Platt's targets: (n + 1) / (n + 2) of clips that show it, 1 / (n + 2) of those that do not."""
    yes, no = share * shown.sum(), share * (~shown).sum()
    return np.asarray(np.where(shown, (yes + 1) / (yes + 2), 1 / (no + 2)))
