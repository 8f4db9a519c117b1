"""From hidden states to one logit per label: pooling and heads (Guerriero et al. 2026: FT-LC and FT-C-LoRA)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, cast

import torch
from torch import Tensor, nn

Pooling = Literal["mean", "attention"]

#: A label that never or always occurs in training still gets a finite bias: its prior is kept this far from 0 and 1.
LEAST_PRIOR = 1e-3


class VlmHead(nn.Module):
    """Pools a sequence of hidden states and scores the labels. Runs in float32.

    Guerriero et al. pool either by the mean over the video-token positions or by attention over the sequence. The
    pooled vector is layer-normalised without weights (ours: hidden states differ in scale between families). The output
    layer starts at zero, so an untrained head answers the label prior for every clip.

    Args:
        width: D of a hidden state.
        priors: share of training clips with each label, in [0, 1]; for "multi-class" they sum to 1.
        pooling: "mean" or "attention".
        hidden: units of a hidden layer; 0: linear.
        dropout: before the output layer and, with a hidden layer, after it.
        task: "multi-label" (logits of independent sigmoids) or "multi-class" (logits of one softmax).
    """

    def __init__(
        self,
        width: int,
        priors: Sequence[float],
        pooling: Pooling = "mean",
        hidden: int = 0,
        dropout: float = 0.0,
        task: str = "multi-label",
    ) -> None:
        super().__init__()
        self.attention = AttentionPooling(width) if pooling == "attention" else None
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.body = nn.Sequential(nn.Dropout(dropout), *_hidden_layer(width, hidden, dropout))
        self.out = nn.Linear(hidden or width, len(priors))
        nn.init.zeros_(self.out.weight)
        with torch.no_grad():
            self.out.bias.copy_(prior_logits(priors, task))

    def pool(self, states: Tensor, mask: Tensor, video: Tensor) -> Tensor:
        """Return one vector per row, float32, shape (batch, D).

        Args:
            states: shape (batch, tokens, D).
            mask: True at real tokens, shape (batch, tokens); attention pooling looks at them.
            video: True at visual tokens, shape (batch, tokens); mean pooling looks at them.
        """
        if self.attention is None:
            return mean_pool(states, video)
        return cast(Tensor, self.attention(states, mask))

    def score(self, pooled: Tensor) -> Tensor:
        """Return the logits of pooled vectors, shape (batch, labels); with mean pooling the vectors can be cached."""
        return cast(Tensor, self.out(self.body(self.norm(pooled))))

    def forward(self, states: Tensor, mask: Tensor, video: Tensor) -> Tensor:
        """Return the logits, shape (batch, labels); see `pool` for the arguments."""
        return self.score(self.pool(states, mask, video))


class AttentionPooling(nn.Module):
    """One learned query attends over the sequence; it starts at zero, which is the mean over all real tokens (ours).

    Args:
        width: D of a hidden state.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.query = nn.Parameter(torch.zeros(width))
        self.norm = nn.LayerNorm(width, elementwise_affine=False)

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """Return the weighted mean of `states` (batch, tokens, D) over `mask` (batch, tokens), shape (batch, D)."""
        states = states.float()
        scores = self.norm(states) @ self.query / states.shape[-1] ** 0.5
        weights = scores.masked_fill(~mask, float("-inf")).softmax(-1)
        return torch.einsum("bt,btd->bd", weights, states.masked_fill(~mask.unsqueeze(-1), 0))


def mean_pool(states: Tensor, chosen: Tensor) -> Tensor:
    """Return the mean of `states` (batch, tokens, D) where `chosen` (batch, tokens) is True, float32, (batch, D)."""
    kept = states.float().masked_fill(~chosen.unsqueeze(-1), 0)
    return kept.sum(1) / chosen.sum(1, keepdim=True).clamp(min=1)


def prior_logits(priors: Sequence[float], task: str = "multi-label") -> Tensor:
    """Return the biases whose scores are the label priors, float32, shape (labels,)."""
    share = torch.tensor(priors, dtype=torch.float64).clamp(LEAST_PRIOR, 1 - LEAST_PRIOR)
    return (share.log() if task == "multi-class" else share.logit()).float()


def _hidden_layer(width: int, hidden: int, dropout: float) -> list[nn.Module]:
    return [nn.Linear(width, hidden), nn.GELU(), nn.Dropout(dropout)] if hidden else []
