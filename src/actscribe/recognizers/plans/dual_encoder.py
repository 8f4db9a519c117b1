"""What the dual encoders will cost with a model, before any weight is loaded.

Apart from the video classifiers, whose plan does without the seconds that these networks take to import.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from actscribe.models.dual_encoder.clip import ClipBackbone
from actscribe.models.dual_encoder.heads import LabelHead
from actscribe.models.dual_encoder.interface import Tokens
from actscribe.models.dual_encoder.loading import BACKBONES, configuration
from actscribe.models.dual_encoder.network import DualEncoder
from actscribe.recognizers.base import Plan
from actscribe.recognizers.plans.clips import known_configuration, plan
from actscribe.settings.recognizers.dual_encoder import DualEncoderSettings


class Embedded(nn.Module):
    """What a probe runs of a dual encoder, which is all that costs anything.

    Args:
        backbone: an adapter of `models.dual_encoder`.
    """

    def __init__(self, backbone: Any) -> None:
        super().__init__()
        self.backbone = backbone

    def forward(self, pixel_values: Tensor) -> Tensor:
        """Return the embeddings of videos, (n, frames, 3, side, side), shape (n, D)."""
        video: Tensor = self.backbone.visual(pixel_values).video
        return video


def plan_dual_encoder(settings: DualEncoderSettings, frames: int, labels: int) -> Plan:
    """Answer `Implementation.plan` of the dual encoders."""
    return plan(_dual_encoder, settings, frames, labels, per_frame=BACKBONES[settings.backbone].adapter is ClipBackbone)


def _dual_encoder(settings: DualEncoderSettings, frames: int, labels: int) -> tuple[nn.Module, int]:
    choice = BACKBONES[settings.backbone]
    config = known_configuration(
        settings.model,
        lambda: configuration(settings.backbone, settings.model, *settings.published_base),
        choice.model.config_class,
    )
    config.text_config._attn_implementation = "eager"  # the other looks at the mask's values, which are not there
    if choice.fit is not None:
        config.vision_config.num_frames = frames
    backbone, side = choice.adapter(choice.model(config)), int(config.vision_config.image_size)
    if settings.learns == "probe":  # its classifier learns from kept vectors, and never beside the backbone
        return Embedded(backbone).requires_grad_(False), side
    ids = torch.zeros(labels, config.text_config.max_position_embeddings, dtype=torch.long)
    tokens = Tokens(("",) * labels, ids, torch.ones_like(ids))
    towers: Any = settings.learns
    network = DualEncoder(backbone, tokens, LabelHead("multi-class", labels), settings.vghif, towers)
    return network, side
