"""Checkpoint folders: writing one, and the digest that tells two trainings apart."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import torch
from torch import nn


def save(model: Any, processor: Any, out: Path) -> None:
    """Write the checkpoint folder."""
    model.eval().save_pretrained(out)
    processor.save_pretrained(out)
    model.train()


def digest(model: nn.Module) -> str:
    """Return a digest of the weights."""
    state = hashlib.blake2b(digest_size=16)
    for name, weight in sorted(model.state_dict().items()):
        state.update(name.encode() + weight.contiguous().view(torch.uint8).numpy().tobytes())
    return state.hexdigest()
