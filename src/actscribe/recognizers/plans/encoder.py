"""What a head on a frozen encoder will cost, before any weight is loaded."""

from __future__ import annotations

import time

import torch

from actscribe.features.embedders import imagenet
from actscribe.features.embedders.load import is_vlm, unfilled
from actscribe.models.cost import MB, cost
from actscribe.models.device import use_bfloat16
from actscribe.models.vlm.plan import EFFICIENCY, matmul_speed
from actscribe.recognizers.base import Plan
from actscribe.recognizers.plans.minute import minute_text
from actscribe.recognizers.plans.vlm import plan_head
from actscribe.settings.frozen_encoder import FrozenEncoderSettings
from actscribe.settings.named_models import IMAGENET
from actscribe.tables import bytes_text, seconds_text

#: Bytes of a number as vectors are kept.
STORED_BYTES = 2


def measured_seconds() -> float:
    """Return what EfficientNet takes for a frame on this machine: its convolutions are not matrix products."""
    network, frames = imagenet.unfilled().eval(), torch.zeros(1, 4, 3, imagenet.SIDE, imagenet.SIDE)
    with torch.inference_mode():
        network(frames)
        begun = time.perf_counter()
        network(frames)
    return (time.perf_counter() - begun) / frames.shape[1]


def plan_encoder(settings: FrozenEncoderSettings, frames: int, labels: int) -> Plan:
    """Answer `Implementation.plan` of what learns on a frozen encoder."""
    if is_vlm(settings.model):
        return plan_head(settings, frames, labels)
    with torch.device("meta"):
        network, per, side = unfilled(settings.encoder(), frames)
        shown = torch.zeros(1, 1 if per == "frame" else frames, 3, side, side)
        costs = cost(network.requires_grad_(False), {"pixels": shown})
        with torch.no_grad():
            tokens, width = network.eval()(shown).shape[1:]
    kept = bytes_text(int(tokens * width * STORED_BYTES))
    each = "a frame" if per == "frame" else "a clip"
    once = ", once for all clips that share it" if per == "frame" else ", once"
    if settings.model == IMAGENET:
        seconds = measured_seconds()
    else:
        speed = EFFICIENCY * matmul_speed("bfloat16" if use_bfloat16(settings.precision) else "float32")
        seconds = costs.scoring / speed
    lines = {
        "model": f"{settings.model}: {costs.parameters / 1e6:,.1f} M parameters, none of which learns",
        "weights": f"{costs.weights / MB:,.0f} MB",
        "working": f"{costs.working / MB:,.0f} MB, {each} at a time",
        "kept": f"{kept} {each}, in the feature store",
        "time": f"about {seconds_text(seconds)} {each}{once}",
        "minute of video": minute_text(0.0, seconds, frames) if per == "frame" else minute_text(seconds, 0.0, frames),
    }
    return Plan(settings.model, costs.weights + costs.working, lines)
