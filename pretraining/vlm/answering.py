"""What the language model makes of a batch of sequences, and the losses that every training of it has."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import torch
from sequences import Packed
from texts import YES_NO_WEIGHT
from torch import Tensor, nn
from torch.nn import functional as F


@dataclass(frozen=True, slots=True)
class Reading:
    """States of the language model.

    Args:
        last: above its last layer, (clips, tokens, width).
        inner: halfway up and normalised, where the layers above can still read what helpers ask for; of that shape.
    """

    last: Tensor
    inner: Tensor


def read(model: Any, text: Packed, visual: list[Tensor]) -> Reading:
    """Return the states of sequences whose videos look like `visual`, (tokens, width) a clip."""
    made = model.model(
        input_ids=text.ids,
        attention_mask=text.mask,
        position_ids=text.positions,
        mm_encoder_outputs={"image": SimpleNamespace(pooler_output=visual)},
        use_cache=False,
        output_hidden_states=True,
    )
    states = made.hidden_states[model.config.text_config.num_hidden_layers // 2]
    return Reading(made.last_hidden_state, F.rms_norm(states, states.shape[-1:]))


def answer_losses(model: Any, text: Packed, reading: Reading) -> dict[str, Tensor]:
    """Return the loss of the answers' tokens, and to look at, that of yes and no alone."""
    logits = model.lm_head(reading.last.flatten(0, 1)[text.asked]).float()
    answers = F.cross_entropy(logits, text.answers, reduction="none")
    return {
        "yes_no": answers[text.weights == YES_NO_WEIGHT].mean().detach(),
        "answers": (answers * text.weights).sum() / text.weights.sum(),
    }


def motion_loss(head: nn.Module, text: Packed, reading: Reading, motion: tuple[Tensor, Tensor], image: int) -> Tensor:
    """Return how wrong a head is about what moved at each visual token.

    Args:
        head: from an inner state to what moved.
        text, reading: of the batch.
        motion: what moved, and where that is known, (clips, visual tokens, columns) each.
        image: id of a visual token.
    """
    target, known = motion
    moved = head(reading.inner[text.ids == image].view(*target.shape[:2], -1)).float()
    change = F.smooth_l1_loss(moved, target, reduction="none", beta=0.1) * known
    return torch.as_tensor(change.sum() / known.sum().clamp(min=1))


def last_seen(text: Packed, reading: Reading) -> Tensor:
    """Return the inner state of each video's last token, (clips, width)."""
    return reading.inner[torch.arange(len(text.ids)), text.ends]
