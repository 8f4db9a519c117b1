"""The loss of scores over time, of which some labels are not annotated at some steps."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from actscribe.labels import Task
from actscribe.training.losses import class_weights, positive_weights

#: A jump of a log-probability from one step to the next costs no more than one of this size (Farha and Gall 2019: 4).
MOST_JUMP = 4.0


class SequenceLoss(nn.Module):
    """Cross-entropy of each stage, a penalty on jumps from step to step, and one on boundaries that are not found.

    Where nothing is annotated nothing is lost. Sums are divided by the number of entries, annotated or not, so that the
    mean over equal shards of a batch is the batch's own loss: one process and two take the same step.

    Args:
        task: multi-label: binary cross-entropy with positive weights; multi-class: cross-entropy with class weights.
        weights: of the labels, shape (labels,).
        smoothing: weight of the truncated mean squared jump of log-probabilities (Farha and Gall 2019, 3.3); of a
            label in a multi-label study those of its presence and of its absence are averaged (ours).
        boundary: weight of the cross-entropy of boundaries (Ishikawa et al. 2021); 0: the network has no head for them.
        boundary_weights: of steps with a boundary, shape (labels,).
    """

    weights: Tensor
    boundary_weights: Tensor

    def __init__(
        self, task: Task, weights: np.ndarray, smoothing: float, boundary: float, boundary_weights: np.ndarray
    ) -> None:
        super().__init__()
        self.task, self.smoothing, self.boundary = task, smoothing, boundary
        self.register_buffer("weights", torch.from_numpy(weights))
        self.register_buffer("boundary_weights", torch.from_numpy(boundary_weights))

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Return the scalar loss, the mean over stages.

        Args:
            logits: of the last stage, shape (n, steps, labels), or of all, (n, stages, steps, labels), those of
                boundaries last where there are any.
            targets: shape (n, steps, labels), nan where not annotated.
        """
        logits = logits.float()
        stages = logits[:, None] if logits.ndim == 3 else logits
        edges = stages[:, -1] if self.boundary and logits.ndim == 4 else None
        stages = stages[:, :-1] if edges is not None else stages
        known = ~torch.isnan(targets)
        filled = torch.nan_to_num(targets)
        loss = torch.stack([self._stage(one, filled, known) for one in stages.unbind(1)]).mean()
        if edges is not None:
            begun, known_edges = boundaries(targets)
            entries = nn.functional.binary_cross_entropy_with_logits(
                edges, begun, pos_weight=self.boundary_weights, reduction="none"
            )
            loss = loss + self.boundary * (entries * known_edges).mean()
        return loss

    def _stage(self, logits: Tensor, targets: Tensor, known: Tensor) -> Tensor:
        if self.task == "multi-label":
            entries = nn.functional.binary_cross_entropy_with_logits(
                logits, targets, pos_weight=self.weights, reduction="none"
            )
            sides = [nn.functional.logsigmoid(logits), nn.functional.logsigmoid(-logits)]
            loss = (entries * known).mean()
        else:
            sides = [logits.log_softmax(-1)]
            loss = -(sides[0] * targets * self.weights).sum(-1).mean()
        both = known[:, 1:] & known[:, :-1]
        return loss + self.smoothing * torch.stack([_jumps(side, both) for side in sides]).mean()


def _jumps(logs: Tensor, both: Tensor) -> Tensor:
    """Return the truncated mean square of changes from step to step; the earlier step of two does not learn from it."""
    if logs.shape[1] < 2:
        return logs.new_zeros(())
    change = (logs[:, 1:] - logs[:, :-1].detach()).abs().clamp(max=MOST_JUMP)
    return (change.square() * both).mean()


def boundaries(targets: Tensor) -> tuple[Tensor, Tensor]:
    """Return where a bout of a label begins or ends, 0 or 1, and where that is known, both shape (n, steps, labels).

    The last step before a change counts and the first after it (ours: which of the two holds the moment of an
    annotation is chance).

    Args:
        targets: shape (n, steps, labels), nan where not annotated.
    """
    filled, known = torch.nan_to_num(targets), ~torch.isnan(targets)
    change = ((filled[:, 1:] != filled[:, :-1]) & known[:, 1:] & known[:, :-1]).to(filled)
    none = torch.zeros_like(filled[:, :1])
    return torch.maximum(torch.cat([none, change], 1), torch.cat([change, none], 1)), known.to(filled)


def sequence_loss(
    task: Task, targets: np.ndarray, changes: np.ndarray, most: float, smoothing: float, boundary: float
) -> SequenceLoss:
    """Return the loss with the weights that training targets give.

    Args:
        task: of the labels.
        targets: of all steps of training, shape (steps, labels), nan where not annotated.
        changes: of the same steps, 1 where there is a boundary, nan where that is not known.
        most: largest weight of a positive; 1: all weigh the same.
        smoothing, boundary: see `SequenceLoss`.
    """
    weigh = positive_weights if task == "multi-label" else class_weights
    return SequenceLoss(task, weigh(targets, most), smoothing, boundary, positive_weights(changes, most))
