"""Learned positions of a picture's patches, for pictures of another size."""

from __future__ import annotations

import torch


def resized(positions: torch.Tensor, side: int) -> torch.Tensor:
    """Return position embeddings of a square of patches, shape (patches, D), for `side` x `side` patches."""
    before = int(positions.shape[0] ** 0.5)
    grid = positions.T.reshape(1, -1, before, before)
    return torch.nn.functional.interpolate(grid, size=(side, side), mode="bicubic")[0].flatten(1).T
