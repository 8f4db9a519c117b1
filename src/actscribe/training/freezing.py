"""Gradual unfreezing (Guerriero et al. 2026): the head first, then the blocks from the top, a few an epoch (ours)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import nn
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments


@dataclass(frozen=True, slots=True)
class Unfreezing:
    """When which part of a network learns.

    Args:
        parts: of the pretrained network, from the input to the output; the head is none of them and always learns.
        frozen_epochs: epochs in which no part learns.
        per_epoch: parts that join from the output end in each epoch after that; 0: all at once.
    """

    parts: Sequence[nn.Module]
    frozen_epochs: int
    per_epoch: int

    def learning(self, epoch: int) -> int:
        """Return how many parts, counted from the output end, learn in `epoch` (from 0)."""
        if epoch < self.frozen_epochs:
            return 0
        if self.per_epoch == 0:
            return len(self.parts)
        return min(len(self.parts), (epoch - self.frozen_epochs + 1) * self.per_epoch)

    def whole_from(self) -> int:
        """Return the first epoch (from 0) in which all parts learn."""
        more = -(-len(self.parts) // self.per_epoch) - 1 if self.per_epoch else 0
        return self.frozen_epochs + max(more, 0)

    def apply(self, epoch: int) -> None:
        """Set `requires_grad` of every part as `epoch` asks."""
        first = len(self.parts) - self.learning(epoch)
        for index, part in enumerate(self.parts):
            part.requires_grad_(index >= first)


class UnfreezingCallback(TrainerCallback):
    """Applies the schedule at the start of each epoch, also of the epoch that a resumed training begins with.

    Freezing starts only here, after the optimiser and the distributed wrapper have seen every parameter.
    """

    def __init__(self, schedule: Unfreezing) -> None:
        self.schedule = schedule

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: object
    ) -> None:
        """Set the parts for the epoch that training begins or goes on in."""
        self.schedule.apply(int(state.epoch or 0))

    def on_step_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: object
    ) -> None:
        """Set the parts for the epoch that this step belongs to."""
        self.schedule.apply(int((state.epoch or 0) + 1e-6))
