"""Step after step of a training of the vision-language model, told every 25 and kept every 50 of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from checkpoint import digest, save
from optimizer import Optimizer
from torch import Tensor, nn

THREADS = 1  # sums are split by threads, so their number is part of the recipe
REPORT_EVERY, SAVE_EVERY = 25, 50


def exactly() -> None:
    """Compute in the same order every time."""
    torch.set_num_threads(THREADS)
    torch.use_deterministic_algorithms(True)


class Descent:
    """A model with its helpers and their optimizer, whose state beside the checkpoint lets a killed training go on.

    Args:
        model: in training mode.
        helpers: heads that are thrown away.
        processor: of the model, written with it.
        weight_decay: of matrices.
        dtype: of the weights while they learn.
        out: checkpoint folder.
    """

    def __init__(
        self, model: Any, helpers: nn.Module, processor: Any, weight_decay: float, dtype: torch.dtype, out: Path
    ) -> None:
        named = [*model.named_parameters(), *((f"helpers.{name}", w) for name, w in helpers.named_parameters())]
        self.model, self.processor, self.out = model, processor, out
        self.optimizer = Optimizer(named, weight_decay, dtype)
        self._state = out.with_name(out.name + ".state.pt")
        if self._state.is_file():
            self.optimizer.load(torch.load(self._state, weights_only=True))

    def go(
        self,
        last: int,
        parts: Callable[[int], dict[str, Tensor]],
        weights: Mapping[str, float],
        rate: Callable[[int], float],
    ) -> None:
        """Take all steps that are left.

        Args:
            last: how many there are in all.
            parts: of a step: the parts of its loss.
            weights: of the parts in what is minimised.
            rate: of a step: its learning rate.
        """
        began, sums = time.monotonic(), dict.fromkeys(weights, 0.0)
        for step in range(self.optimizer.step_count, last):
            made = parts(step)
            sum(weights[name] * part for name, part in made.items()).backward()
            norm = self.optimizer.step(rate(step))
            sums = {name: sums[name] + float(part.detach()) for name, part in made.items()}
            if (step + 1) % REPORT_EVERY == 0:
                words = " ".join(f"{name} {value / REPORT_EVERY:.3f}" for name, value in sums.items())
                print(f"{step + 1} {words} norm {norm:.2f} {time.monotonic() - began:.0f} s", flush=True)
                sums = dict.fromkeys(weights, 0.0)
            if (step + 1) % SAVE_EVERY == 0 or step + 1 == last:
                save(self.model, self.processor, self.out)
                torch.save(self.optimizer.state(), self._state)

    def tell_digest(self, last: int) -> None:
        """Print what tells these weights from others."""
        print(f"digest of the weights after {last} steps: {digest(self.model)}")
