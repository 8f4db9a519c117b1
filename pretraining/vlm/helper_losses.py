"""The part of the helper losses that all tiny models share: what thing lies at each patch, and where."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def thing_loss(kind: Tensor, colour: Tensor, offset: Tensor, wanted: dict[str, Tensor]) -> Tensor:
    """Return the loss of kind, colour and offset of the thing at each patch; patches without one weigh a tenth.

    Args:
        kind, colour: logits, shape (patches, kinds + 1) and (patches, colours + 1); 0 is none.
        offset: of the thing within its patch, shape (patches, 2).
        wanted: `kinds`, `colours` and `offsets` of the same patches.
    """
    there = wanted["kinds"] > 0
    rare = torch.where(there, 1.0, 0.1)
    kinds = (F.cross_entropy(kind, wanted["kinds"], reduction="none") * rare).sum() / rare.sum()
    colours = F.cross_entropy(colour[there], wanted["colours"][there])
    offsets = F.smooth_l1_loss(offset[there], wanted["offsets"][there])
    return kinds + 0.5 * colours + offsets
