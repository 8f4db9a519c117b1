"""Heads on the vectors of a frozen encoder over time: linear, and attentive."""

from __future__ import annotations

from typing import Literal, cast

import torch
from torch import Tensor, nn

ProbePooling = Literal["mean", "statistics"]


class LinearHead(nn.Module):
    """Standardises what pooling makes of a clip, and scores the labels. Starts at zero.

    Args:
        width: D of a vector.
        labels: how many.
        pooling: see `pool`.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, width: int, labels: int, pooling: ProbePooling) -> None:
        super().__init__()
        self.pooling: ProbePooling = pooling
        in_features = width * (3 if pooling == "statistics" else 1)
        self.register_buffer("mean", torch.zeros(in_features))
        self.register_buffer("scale", torch.ones(in_features))
        self.out = nn.Linear(in_features, labels)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """Return the logits of vectors (n, tokens, D) where `mask` (n, tokens) is True, shape (n, labels)."""
        return cast(Tensor, self.out((pool(states, mask, self.pooling) - self.mean) / self.scale))


class AttentiveHead(nn.Module):
    """One learned query attends over a clip's vectors, a small network follows (Assran et al. 2025, attentive probe).

    Moments are told apart by sines and cosines (Vaswani et al. 2017): frame encoders do not say when.

    Args:
        width: D of a vector.
        labels: how many.
        heads: of the attention; D is divided evenly.
        dropout: share of the inputs that are dropped in training.
    """

    def __init__(self, width: int, labels: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.before = nn.LayerNorm(width)
        self.query = nn.Parameter(torch.randn(1, 1, width) * 0.02)
        self.attention = nn.MultiheadAttention(width, heads, dropout=dropout, batch_first=True)
        self.body = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, width), nn.GELU(), nn.Linear(width, width))
        self.out = nn.Sequential(nn.LayerNorm(width), nn.Dropout(dropout), nn.Linear(width, labels))

    @property
    def last(self) -> nn.Linear:
        """The layer with an output per label."""
        return cast(nn.Linear, self.out[-1])

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """Return the logits of vectors (n, tokens, D) where `mask` (n, tokens) is True, shape (n, labels)."""
        states = self.before(states) + moments(states.shape[1], states.shape[2]).to(states)
        attended, _ = self.attention(self.query.expand(len(states), -1, -1), states, states, key_padding_mask=~mask)
        clip = attended[:, 0]
        return cast(Tensor, self.out(clip + self.body(clip)))


def pool(states: Tensor, mask: Tensor, pooling: ProbePooling) -> Tensor:
    """Return what is seen of vectors over time, shape (n, D), or (n, 3 D) of "statistics".

    Args:
        states: shape (n, tokens, D), in order of time.
        mask: True at real vectors, which come first, shape (n, tokens).
        pooling: "mean"; "statistics": mean, standard deviation, mean absolute change from one vector to the next.
    """
    real = mask.unsqueeze(-1).to(states.dtype)
    count = real.sum(1).clamp(min=1)
    mean = (states * real).sum(1) / count
    if pooling == "mean":
        return mean
    deviation = (((states - mean.unsqueeze(1)) * real).square().sum(1) / count).sqrt()
    both = real[:, 1:] * real[:, :-1]
    change = ((states[:, 1:] - states[:, :-1]).abs() * both).sum(1) / both.sum(1).clamp(min=1)
    return torch.cat([mean, deviation, change], dim=-1)


def moments(tokens: int, width: int) -> Tensor:
    """Return sines and cosines of the places in time, shape (tokens, width)."""
    position = torch.arange(tokens, dtype=torch.float32)[:, None]
    rate = torch.exp(torch.arange(0, width, 2, dtype=torch.float32) * (-torch.log(torch.tensor(1e4)) / width))
    waves = torch.stack([(position * rate).sin(), (position * rate).cos()], dim=-1).flatten(1)
    return waves[:, :width]
