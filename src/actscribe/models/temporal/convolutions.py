"""Dilated convolutions over time (Farha and Gall, CVPR 2019; Li et al., TPAMI 2020)."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

#: Steps that a convolution looks at.
KERNEL = 3


class Dilated(nn.Module):
    """A convolution over three steps, some steps apart from each other; without a look ahead where causal.

    Args:
        channels: of what comes in and goes out.
        dilation: steps from one looked at to the next.
        causal: looks at a step and two before it, instead of one before and one after it.
    """

    def __init__(self, channels: int, dilation: int, causal: bool) -> None:
        super().__init__()
        self._around = (2 * dilation, 0) if causal else (dilation, dilation)
        self.look = nn.Conv1d(channels, channels, KERNEL, dilation=dilation)

    def forward(self, states: Tensor) -> Tensor:
        """Return what is seen of states (n, channels, steps), same shape; zeros stand beyond both ends."""
        return cast(Tensor, self.look(nn.functional.pad(states, self._around)))


class DilatedLayer(nn.Module):
    """A dilated convolution with what came in added to it (Farha and Gall 2019, 3.1).

    Args:
        channels, dilation, causal: see `Dilated`.
    """

    def __init__(self, channels: int, dilation: int, causal: bool) -> None:
        super().__init__()
        self.look = Dilated(channels, dilation, causal)
        self.mix = nn.Conv1d(channels, channels, 1)

    def forward(self, states: Tensor, real: Tensor, keep: Tensor) -> Tensor:
        """Return the states of the next layer, shape (n, channels, steps).

        Args:
            states: shape (n, channels, steps).
            real: 1 at steps of the sequence, 0 at those that only pad it, shape (n, 1, steps).
            keep: by what the layer's own channels are multiplied, shape (n, channels, 1).
        """
        hidden: Tensor = self.mix(self.look(states).relu())
        return (states + hidden * keep) * real


class DualDilatedLayer(nn.Module):
    """Two dilated convolutions side by side, one looking near where the other looks far (Li et al. 2020, 3.3).

    Args:
        channels, causal: see `Dilated`.
        near, far: dilations of the two.
    """

    def __init__(self, channels: int, near: int, far: int, causal: bool) -> None:
        super().__init__()
        self.near, self.far = Dilated(channels, near, causal), Dilated(channels, far, causal)
        self.mix = nn.Conv1d(2 * channels, channels, 1)

    def forward(self, states: Tensor, real: Tensor, keep: Tensor) -> Tensor:
        """Return the states of the next layer; see `DilatedLayer.forward`."""
        hidden: Tensor = self.mix(torch.cat([self.near(states), self.far(states)], 1)).relu()
        return (states + hidden * keep) * real


def layers(count: int, channels: int, causal: bool, dual: bool) -> nn.ModuleList:
    """Return layers whose dilations double from one to the next, from 1 on.

    Args:
        count: of layers.
        channels, causal: see `Dilated`.
        dual: whether each also looks as far as its counterpart from the other end does.
    """
    if dual:
        return nn.ModuleList(DualDilatedLayer(channels, 2**k, 2 ** (count - 1 - k), causal) for k in range(count))
    return nn.ModuleList(DilatedLayer(channels, 2**k, causal) for k in range(count))
