"""Training progress: one line an epoch, about how long the rest will take, and why it ended."""

from __future__ import annotations

import time

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from actscribe.progress import LINE_EVERY_S, Progress, say


class ProgressCallback(TrainerCallback):
    """Says on standard error how training goes: after each epoch, and within long ones every few seconds.

    Args:
        whole_from: epoch, from 0, from which on all of the network learns; those before it take less time.
        validation: the most that a validation can take, as a share of an epoch's steps: until one was seen.
    """

    def __init__(self, whole_from: int = 0, validation: float = 0.0) -> None:
        self._whole_from, self._validation = whole_from, validation
        self._last = self._mark = self._spent = 0.0  # of the last line and of the last step; seconds in steps
        self._between: float | None = None  # an epoch's last step and the next one's first: validation, saving
        self._steps = self._epoch = 0

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: object
    ) -> None:
        """Start the clock."""
        self._last = self._mark = time.monotonic()

    def on_epoch_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: object
    ) -> None:
        """Restart the clock while epochs get longer, for more of the network learns in each."""
        now = time.monotonic()
        if self._steps:
            self._between = now - self._mark
        self._mark, self._epoch = now, round(state.epoch or 0)
        if self._epoch <= self._whole_from:
            self._spent, self._steps = 0.0, 0
        if self._epoch == self._whole_from:
            self._between = None

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: object
    ) -> None:
        """Say why training ended before its last epoch, if it did, and where its curves are."""
        if not state.is_world_process_zero:
            return
        epoch, epochs = round(state.epoch or 0), round(args.num_train_epochs)
        if epoch < epochs:
            best = round((state.best_global_step or 0) / state.max_steps * epochs)
            say(f"Training: ended after epoch {epoch} of {epochs}: no better on validation since epoch {best}.")

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: object
    ) -> None:
        """Say how far training is if the last line is old."""
        now = time.monotonic()
        self._spent, self._steps, self._mark = self._spent + now - self._mark, self._steps + 1, now
        if now - self._last >= LINE_EVERY_S:
            self._say(args, state, f"step {state.global_step}/{state.max_steps}")

    def on_epoch_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: object
    ) -> None:
        """Say that an epoch is done, where no validation will."""
        if args.eval_strategy == "no":
            self._say(args, state, f"epoch {round(state.epoch or 0)}/{round(args.num_train_epochs)}")

    def on_evaluate(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        metrics: dict[str, float] | None = None,
        **kwargs: object,
    ) -> None:
        """Say what the epoch gave on validation, short enough for 80 columns behind the name of a recognizer."""
        values = metrics or {}
        self._between = time.monotonic() - self._mark
        self._say(
            args,
            state,
            f"epoch {round(state.epoch or 0)}/{round(args.num_train_epochs)},"
            f" val loss {values.get('eval_loss', float('nan')):.3f},"
            f" score {values.get('eval_score', float('nan')):.3f}",
        )

    def _say(self, args: TrainingArguments, state: TrainerState, reached: str) -> None:
        if not state.is_world_process_zero:
            return
        self._last = time.monotonic()
        say(Progress("Training", reached, self._left(args, state), self._epoch < self._whole_from))

    def _left(self, args: TrainingArguments, state: TrainerState) -> float:
        """Return how many seconds are left at the present pace, validations included."""
        step, epochs = self._spent / max(self._steps, 1), args.num_train_epochs
        between = self._between
        if between is None:
            between = 0.0 if self._epoch < self._whole_from else step * state.max_steps / epochs * self._validation
        return step * (state.max_steps - state.global_step) + between * (epochs - int(state.epoch or 0))
