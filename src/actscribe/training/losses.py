"""Losses over clips of which some labels are not annotated."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from actscribe.labels import Task
from actscribe.settings.training import Training


def positive_weights(targets: np.ndarray, most: float) -> np.ndarray:
    """Return negatives / positives per label, shape (labels,), at most `most` (Guerriero et al.; the ceiling is ours).

    `targets` has shape (clips, labels), nan where not annotated. A label without positives or negatives weighs 1.
    """
    positives = np.nansum(targets, axis=0)
    negatives = (~np.isnan(targets)).sum(axis=0) - positives
    usable = (positives > 0) & (negatives > 0)
    ratio = np.divide(negatives, positives, out=np.ones_like(positives, dtype=np.float64), where=usable)
    return np.asarray(np.clip(ratio, 1 / most, most).astype(np.float32))


def class_weights(targets: np.ndarray, most: float) -> np.ndarray:
    """Return weights of a multi-class loss, shape (classes,), inverse to class frequency with mean 1 over clips."""
    counts = np.nansum(targets, axis=0)
    weights = np.where(counts > 0, counts.sum() / np.maximum(counts, 1) / max((counts > 0).sum(), 1), 1.0)
    return np.clip(weights, 1 / most, most).astype(np.float32)


def priors(targets: np.ndarray, task: Task) -> np.ndarray:
    """Return the share of clips with each label, shape (labels,), smoothed by half a clip; nan is left out."""
    positives = np.nansum(targets, axis=0) + 0.5
    known = (~np.isnan(targets)).sum(axis=0) + 1
    return np.asarray(positives / known if task == "multi-label" else positives / positives.sum())


def prior_logits(targets: np.ndarray, task: Task) -> np.ndarray:
    """Return the head bias at which an untrained head answers with the label priors, shape (labels,)."""
    prior = np.clip(priors(targets, task), 1e-3, 1 - 1e-3)
    return np.asarray(np.log(prior / (1 - prior) if task == "multi-label" else prior).astype(np.float32))


class ClipLoss(nn.Module):
    """Multi-label BCE with positive weights, or multi-class cross-entropy; entries that are nan count as zero loss.

    The sum is divided by the number of entries, annotated or not, so that the mean over equal shards of a batch is
    the batch's own loss: one process and two take the same step.
    """

    weights: torch.Tensor

    def __init__(self, task: Task, weights: np.ndarray) -> None:
        super().__init__()
        self.task = task
        self.register_buffer("weights", torch.from_numpy(weights))

    def forward(self, logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Return the scalar loss of logits and targets, both of shape (clips, labels)."""
        logits = logits.float()
        known = ~torch.isnan(targets)
        filled = torch.nan_to_num(targets)
        if self.task == "multi-label":
            entries = nn.functional.binary_cross_entropy_with_logits(
                logits, filled, pos_weight=self.weights, reduction="none"
            )
            return (entries * known).mean()
        entries = -(torch.log_softmax(logits, dim=-1) * filled * self.weights).sum(dim=-1)
        return entries.mean()


def clip_loss(task: Task, targets: np.ndarray, settings: Training) -> ClipLoss:
    """Return the loss with the weights that the settings ask for and the training targets give."""
    if not settings.positive_weight:
        return ClipLoss(task, np.ones(targets.shape[1], dtype=np.float32))
    weigh = positive_weights if task == "multi-label" else class_weights
    return ClipLoss(task, weigh(targets, settings.most_weight))


def probabilities(logits: torch.Tensor, task: Task) -> torch.Tensor:
    """Return scores in [0, 1] of logits, shape (clips, labels): sigmoid, or softmax over classes."""
    return logits.float().sigmoid() if task == "multi-label" else logits.float().softmax(dim=-1)
