"""AdamW, or Muon for the matrices of a network and AdamW for the rest, as one optimiser."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import torch
from torch import nn

Name = Literal["adamw", "muon"]


def optimizer(
    groups: Sequence[tuple[Sequence[nn.Parameter], float]],
    weight_decay: float,
    name: Name,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    decay_vectors: bool = False,
) -> torch.optim.Optimizer:
    """Return the optimiser of parameter groups, each with its learning rate.

    Args:
        groups: parameters with their learning rate.
        weight_decay: of matrices, and of all else too with `decay_vectors`.
        name: see `Training.optimizer`.
        betas, eps: of AdamW.
        decay_vectors: whether biases, norms and scalars decay.
    """
    parts = []
    for parameters, rate in groups:
        matrices = [p for p in parameters if p.ndim > 1]
        vectors = [p for p in parameters if p.ndim <= 1]
        parts += [{"params": matrices, "lr": rate, "weight_decay": weight_decay}] if matrices else []
        parts += [{"params": vectors, "lr": rate, "weight_decay": weight_decay * decay_vectors}] if vectors else []
    if name == "adamw":
        return torch.optim.AdamW(parts, betas=betas, eps=eps)
    return MuonAdamW(parts, betas, eps)


class MuonAdamW(torch.optim.Optimizer):
    """Muon (Jordan et al., 2024) for 2-D weights, its step scaled to AdamW's (Liu et al., 2025); AdamW for all else.

    On the tiny networks that this project trains from little, Muon learns from several times fewer clips (ours; see
    training/). Both halves are PyTorch's own; this class makes them look like one to schedulers and checkpoints.

    Args:
        groups: with the keys params, lr and weight_decay.
        betas, eps: of AdamW.
    """

    def __init__(
        self, groups: Sequence[dict[str, Any]], betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8
    ) -> None:
        flat, other = [], []
        for group in groups:
            flat.append({**group, "params": [p for p in group["params"] if p.ndim == 2]})
            other.append({**group, "params": [p for p in group["params"] if p.ndim != 2]})
        flat, other = ([g for g in part if g["params"]] for part in (flat, other))
        self._halves: list[torch.optim.Optimizer] = []
        if flat:
            self._halves.append(torch.optim.Muon(flat, momentum=0.95, adjust_lr_fn="match_rms_adamw"))
        if other:
            self._halves.append(torch.optim.AdamW(other, betas=betas, eps=eps))
        super().__init__([{"params": [p for group in groups for p in group["params"]]}], {})
        # The halves' own group dicts, so that a schedule that sets "lr" here sets it there.
        self.param_groups = [group for half in self._halves for group in half.param_groups]

    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Update all parameters."""
        for half in self._halves:
            half.step()

    def state_dict(self) -> dict[str, Any]:
        """Return the states of both halves."""
        return {"halves": [half.state_dict() for half in self._halves]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from what `state_dict` returned."""
        for half, state in zip(self._halves, state_dict["halves"], strict=True):
            half.load_state_dict(state)
        self.param_groups = [group for half in self._halves for group in half.param_groups]
