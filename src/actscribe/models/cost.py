"""What a network of videos will cost, from one pass over tensors without values: nothing is computed or allocated."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

MB = 10**6

#: Bytes of a value in float32, and of AdamW's two moments of a weight that learns.
VALUE_BYTES, MOMENTS_BYTES = 4, 8


@dataclass(frozen=True, slots=True)
class Cost:
    """What a batch of clips takes.

    Args:
        parameters, learned: number of weights, and of those that learn.
        weights: bytes of the weights in float32.
        working: bytes of the largest intermediate results while clips are scored.
        training: bytes of those in a training step, with gradients and the optimizer's moments; 0: nothing learns.
        scoring, step: floating-point operations of scoring the batch and of a training step.
    """

    parameters: int
    learned: int
    weights: int
    working: int
    training: int
    scoring: int
    step: int


def cost(network: nn.Module, inputs: Mapping[str, torch.Tensor]) -> Cost:
    """Return what a network on the device "meta" costs on inputs there; what learns are weights that take gradients."""
    weights = list(network.parameters())
    learned = sum(weight.numel() for weight in weights if weight.requires_grad)
    took = [weight.requires_grad for weight in weights]
    network.requires_grad_(False)  # a view of a weight that takes gradients would confuse the counter of operations
    working, scoring = _pass(network.eval(), inputs, learns=False)
    for weight, takes in zip(weights, took, strict=True):
        weight.requires_grad_(takes)
    held, step = _pass(network.train(), inputs, learns=True) if learned else (0, 0)
    number = sum(weight.numel() for weight in weights)
    training = held + MOMENTS_BYTES * learned
    return Cost(number, learned, VALUE_BYTES * number, working, training, scoring, step)


def _pass(network: nn.Module, inputs: Mapping[str, torch.Tensor], learns: bool) -> tuple[int, int]:
    """Return the most bytes held beside the weights, and the operations, of a pass forward, and back if it learns."""
    held, flops = _Held(network), FlopCounterMode(display=False)
    with flops, held, nullcontext() if learns else torch.no_grad():
        out = network(**inputs)
        if learns:
            getattr(out, "logits", out).sum().backward()
    network.zero_grad()
    return held.most + sum(one.nbytes for one in inputs.values()), flops.get_total_flops()


class _Held(TorchDispatchMode):
    """Counts the bytes of storages that operations made, while they live.

    Args:
        network: whose weights do not count.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.most = self._now = 0
        self._weights = [weight.untyped_storage() for weight in (*network.parameters(), *network.buffers())]
        self._sizes = {id(storage): 0 for storage in self._weights}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        for made in tree_leaves(out):
            if isinstance(made, torch.Tensor) and id(made.untyped_storage()) not in self._sizes:
                self._take(made.untyped_storage())
        return out

    def _take(self, storage: torch.UntypedStorage) -> None:
        self._sizes[id(storage)] = storage.nbytes()
        self._now += storage.nbytes()
        self.most = max(self.most, self._now)
        weakref.finalize(storage, self._drop, id(storage))

    def _drop(self, key: int) -> None:
        self._now -= self._sizes.pop(key)
