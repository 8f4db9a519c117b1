"""What a recognizer on clips of pixels will cost with a model, before any weight is loaded: the video classifiers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from transformers import AutoModelForVideoClassification, CLIPConfig, TimesformerConfig, XCLIPConfig

from actscribe.counts import counted
from actscribe.errors import ActScribeError
from actscribe.models.catalog import find
from actscribe.models.cost import MB, Cost, cost
from actscribe.models.device import use_bfloat16
from actscribe.models.video_classifier import VideoClassifier, check_frames, picture_size
from actscribe.models.video_classifier import configuration as classifier_configuration
from actscribe.models.video_families import FAMILIES
from actscribe.models.vlm.plan import EFFICIENCY, matmul_speed
from actscribe.recognizers.base import Plan
from actscribe.recognizers.plans.minute import minute_text
from actscribe.settings.recognizers.video_classifier import VideoClassifierSettings
from actscribe.tables import seconds_text

#: Settings, frames and labels -> the network and the side of its pictures.
Build = Callable[[Any, int, int], tuple[nn.Module, int]]
_PATCH_16 = {"patch_size": 16}
#: Class and values of the configurations of known models, which need not be here.
_KNOWN: dict[str, tuple[Any, dict[str, Any]]] = {
    "timesformer-k400": (TimesformerConfig, {}),
    "timesformer-ssv2": (TimesformerConfig, {}),
    "clip-b16": (CLIPConfig, {"vision_config": _PATCH_16, "text_config": {}}),
    "clip-b32": (CLIPConfig, {"vision_config": {}, "text_config": {}}),
    "xclip-b16": (XCLIPConfig, {"vision_config": _PATCH_16, "text_config": {}}),
    "xclip-b32": (XCLIPConfig, {"vision_config": {}, "text_config": {}}),
}


def plan(build: Build, settings: Any, frames: int, labels: int, per_frame: bool) -> Plan:
    """Return what a recognizer on clips of pixels will cost.

    Args:
        build: makes its network and says the side of its pictures.
        settings: with `model`, a known name of which need not be downloaded, and `batch`.
        frames: of a clip.
        labels: of the study.
        per_frame: whether each frame is encoded by itself, once for all clips that share it.

    Raises:
        ActScribeError: the model is neither known nor here, or is of another kind.
    """
    with torch.device("meta"):
        network, side = build(settings, frames, labels)
        costs = cost(network, {"pixel_values": torch.zeros(settings.batch_size, frames, 3, side, side)})
    memory = costs.weights + max(costs.working, costs.training)
    return Plan(settings.model, memory, _lines(costs, settings, frames, per_frame))


def _lines(costs: Cost, settings: Any, frames: int, per_frame: bool) -> dict[str, str]:
    clips = settings.batch_size
    speed = EFFICIENCY * matmul_speed("bfloat16" if use_bfloat16(settings.precision) else "float32")
    lines = {
        "model": f"{settings.model}: {costs.parameters / 1e6:,.1f} M parameters in float32",
        "weights": f"{costs.weights / MB:,.0f} MB",
        "working": f"{costs.working / MB:,.0f} MB, to score {counted(clips, 'clip')} of {frames} frames at once",
    }
    if costs.training:
        lines["training"] = (
            f"{costs.training / MB:,.0f} MB, a step of {counted(clips, 'clip')} with gradients and optimizer"
        )
        lines["learns"] = f"{costs.learned / 1e6:,.1f} M parameters"
    clip = costs.scoring / clips / speed
    lines["time"] = f"about {seconds_text(clip)} a clip on this machine"
    if costs.training:
        lines["time"] += f", and {seconds_text(costs.step / clips / speed)} in a training step"
    lines["minute of video"] = minute_text(0.0, clip / frames, frames) if per_frame else minute_text(clip, 0.0, frames)
    return lines


def plan_classifier(settings: VideoClassifierSettings, frames: int, labels: int) -> Plan:
    """Answer `Implementation.plan` of the video classifiers."""
    return plan(_classifier, settings, frames, labels, per_frame=False)


def _classifier(settings: VideoClassifierSettings, frames: int, labels: int) -> tuple[nn.Module, int]:
    wanted = TimesformerConfig if settings.families == ("timesformer",) else None
    config = known_configuration(
        settings.model, lambda: classifier_configuration(settings.model, settings.families), wanted
    )
    check_frames(config, frames)
    setattr(config, FAMILIES[config.model_type].frames, frames)
    config.num_labels = labels
    return VideoClassifier(AutoModelForVideoClassification.from_config(config, dtype=torch.float32)), picture_size(
        config
    )


def known_configuration(model: str, read_local: Any, wanted: Any) -> Any:
    """Return the configuration of a model on this machine, or of a known one of the wanted class, if any.

    Raises:
        ActScribeError: the model is neither on this machine nor known, or is of another kind.
    """
    try:
        return read_local()
    except ActScribeError:
        entry = find(model)
        if entry is None or not entry.hub:
            raise
        made, values = _KNOWN.get(entry.name, (None, {}))
        if made is None or wanted not in (None, made):
            message = f"'{model}' is a {entry.family}, which is not a model of this recognizer."
            raise ActScribeError(message, "Choose another one: actscribe models list") from None
        return made(**values)
