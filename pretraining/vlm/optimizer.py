"""The optimizer: Muon for the matrices of the layers, Adam for all else, with float32 masters of bfloat16 weights.

Muon: K. Jordan et al., "Muon: an optimizer for hidden layers", 2024; its update is scaled to Adam's as in Liu et al.,
"Muon is scalable for LLM training", 2025. Matrices of one shape are orthogonalised together.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

MOMENTUM = 0.95
BETAS = (0.9, 0.98)
STEPS = 5  # Newton-Schulz
COEFFICIENTS = (3.4445, -4.7750, 2.0315)


class Optimizer:
    """Updates weights from their gradients.

    Args:
        named: weights with their names; matrices of layers, by the name's parts, go to Muon.
        decay: weight decay of Muon's matrices.
        inside: number format in which matrices are orthogonalised.
    """

    def __init__(self, named: Iterable[tuple[str, Tensor]], decay: float, inside: torch.dtype = torch.bfloat16) -> None:
        self.decay = decay
        self.inside = inside
        self.step_count = 0
        matrices: dict[tuple[int, ...], list[Tensor]] = {}
        self.others: list[Tensor] = []
        for name, weight in named:
            inner = weight.ndim == 2 and (".layers." in name or "connector" in name)
            if inner:
                matrices.setdefault(tuple(weight.shape), []).append(weight)
            else:
                self.others.append(weight)
        self.groups = list(matrices.values())
        self.masters = [torch.stack([w.detach().float() for w in group]) for group in self.groups]
        self.momenta = [torch.zeros_like(master) for master in self.masters]
        self.plain = [w.detach().float().clone() for w in self.others]
        self.first = [torch.zeros_like(w) for w in self.plain]
        self.second = [torch.zeros_like(w) for w in self.plain]

    def state(self) -> dict[str, object]:
        """Return all that `load` needs to go on."""
        return {name: getattr(self, name) for name in ("step_count", "masters", "momenta", "plain", "first", "second")}

    def load(self, state: dict[str, object]) -> None:
        """Go on from a state, the weights included."""
        for name, value in state.items():
            setattr(self, name, value)
        self._write()

    @torch.no_grad()
    def step(self, rate: float, most: float = 1.0) -> float:
        """Update the weights, forget the gradients and return their norm; gradients are clipped to a norm of `most`."""
        weights = [w for group in self.groups for w in group] + self.others
        norm = torch.stack([w.grad.float().norm() for w in weights if w.grad is not None]).norm()
        scale = float((most / (norm + 1e-6)).clamp(max=1.0))
        self.step_count += 1
        self._muon(rate, scale)
        self._adam(rate, scale)
        self._write()
        for weight in weights:
            weight.grad = None
        return float(norm)

    def _muon(self, rate: float, scale: float) -> None:
        for group, master, momentum in zip(self.groups, self.masters, self.momenta, strict=True):
            grad = torch.stack([_grad(w) for w in group]) * scale
            momentum.lerp_(grad, 1 - MOMENTUM)
            update = _orthogonal(grad.lerp(momentum, MOMENTUM), self.inside)
            master.mul_(1 - rate * self.decay)
            master.add_(update, alpha=-rate * 0.2 * max(master.shape[1:]) ** 0.5)

    def _adam(self, rate: float, scale: float) -> None:
        one, two = BETAS
        debias = (1 - one**self.step_count, 1 - two**self.step_count)
        for weight, plain, first, second in zip(self.others, self.plain, self.first, self.second, strict=True):
            grad = _grad(weight) * scale
            first.lerp_(grad, 1 - one)
            second.lerp_(grad.square(), 1 - two)
            plain.sub_(rate * (first / debias[0]) / ((second / debias[1]).sqrt() + 1e-8))

    @torch.no_grad()
    def _write(self) -> None:
        for group, master in zip(self.groups, self.masters, strict=True):
            for weight, value in zip(group, master, strict=True):
                weight.copy_(value)
        for weight, value in zip(self.others, self.plain, strict=True):
            weight.copy_(value)


def _grad(weight: Tensor) -> Tensor:
    return torch.zeros_like(weight, dtype=torch.float32) if weight.grad is None else weight.grad.float()


def _orthogonal(update: Tensor, inside: torch.dtype) -> Tensor:
    """Return the nearest semi-orthogonal matrices, roughly, by Newton-Schulz steps."""
    a, b, c = COEFFICIENTS
    x = update.to(inside)
    tall = x.shape[1] > x.shape[2]
    x = x.mT if tall else x
    x = x / (x.flatten(1).float().norm(dim=1)[:, None, None].to(x.dtype) + 1e-7)
    for _ in range(STEPS):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return (x.mT if tall else x).float()
