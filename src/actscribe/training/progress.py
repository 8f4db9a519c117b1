"""Training progress: one line an epoch, about how long the rest will take, and why it ended."""

from __future__ import annotations

import time

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from actscribe.progress import LINE_EVERY_S, Progress, say


class ProgressCallback(TrainerCallback):
    """Says on standard error how training goes: after each epoch, and within long ones every few seconds."""

    def __init__(self) -> None:
        self._start = self._last = 0.0
        self._first_step = 0

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: object
    ) -> None:
        """Start the clock; a resumed training counts from where it goes on."""
        self._start = self._last = time.monotonic()
        self._first_step = state.global_step

    def on_epoch_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: object
    ) -> None:
        """Restart the clock: epochs get longer as more of the network learns."""
        self._start, self._first_step = time.monotonic(), state.global_step

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
        if time.monotonic() - self._last >= LINE_EVERY_S:
            self._say(state, f"step {state.global_step}/{state.max_steps}")

    def on_epoch_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: object
    ) -> None:
        """Say that an epoch is done, where no validation will."""
        if args.eval_strategy == "no":
            self._say(state, f"epoch {round(state.epoch or 0)}/{round(args.num_train_epochs)}")

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
        self._say(
            state,
            f"epoch {round(state.epoch or 0)}/{round(args.num_train_epochs)},"
            f" val loss {values.get('eval_loss', float('nan')):.3f},"
            f" score {values.get('eval_score', float('nan')):.3f}",
        )

    def _say(self, state: TrainerState, reached: str) -> None:
        if not state.is_world_process_zero:
            return
        self._last = time.monotonic()
        done = state.global_step - self._first_step
        left = (self._last - self._start) / max(done, 1) * (state.max_steps - state.global_step)
        say(Progress("Training", reached, left))
