"""What TimeSformer and the dual encoders will cost with a model, before any weight is loaded."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from transformers import CLIPConfig, TimesformerConfig, TimesformerForVideoClassification, XCLIPConfig

from actscribe.errors import ActScribeError
from actscribe.models.catalog import find
from actscribe.models.cost import Cost, cost
from actscribe.models.dual.heads import LabelHead
from actscribe.models.dual.interface import Tokens
from actscribe.models.dual.loading import BACKBONES
from actscribe.models.dual.loading import configuration as dual_configuration
from actscribe.models.dual.network import DualEncoder
from actscribe.models.timesformer import configuration as timesformer_configuration
from actscribe.recognizers.settings import SETTINGS, DualSettings, TimesformerSettings, VificlipSettings, XclipSettings

#: Recognizers that this module plans.
PLANNED = tuple(name for name, made in SETTINGS.items() if issubclass(made, (TimesformerSettings, DualSettings)))
#: Kind of a model in the catalog -> the recognizer that takes it, where the user names none.
USUAL = {"vlm": "vlm-yesno", "llm": "vlm-yesno", "timesformer": "timesformer", "clip": "clip", "xclip": "x-clip"}
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


def plan(recognizer: str, model: str, frames: int, labels: int, batch: int | None = None) -> tuple[Cost, int]:
    """Return what a recognizer with its default settings costs, and the clips of a batch.

    Args:
        recognizer: one of `PLANNED`.
        model: as its setting says; a known name need not be downloaded.
        frames: of a clip.
        labels: of the study.
        batch: clips at once; None: as the recognizer's settings say.

    Raises:
        ActScribeError: the model is neither known nor here, or is of another kind.
    """
    settings: Any = SETTINGS[recognizer].model_validate({"model": model})
    build = _timesformer if isinstance(settings, TimesformerSettings) else _dual
    with torch.device("meta"):
        network, side = build(settings, frames, labels)
        clips = batch or settings.batch
        return cost(network, {"pixel_values": torch.zeros(clips, frames, 3, side, side)}), clips


def _timesformer(settings: TimesformerSettings, frames: int, labels: int) -> tuple[nn.Module, int]:
    config = _configuration(settings.model, lambda: timesformer_configuration(settings.model), TimesformerConfig)
    config.num_frames, config.num_labels = frames, labels
    return TimesformerForVideoClassification(config), int(config.image_size)


def _dual(settings: DualSettings, frames: int, labels: int) -> tuple[nn.Module, int]:
    choice = BACKBONES[settings.backbone]
    base = (settings.base,) if isinstance(settings, (VificlipSettings, XclipSettings)) else ()
    config = _configuration(
        settings.model,
        lambda: dual_configuration(settings.backbone, settings.model, *base),
        choice.model.config_class,
    )
    config.text_config._attn_implementation = "eager"  # the other looks at the mask's values, which are not there
    if settings.backbone == "x-clip":
        config.vision_config.num_frames = frames
    backbone = choice.adapter(choice.model(config))
    ids = torch.zeros(labels, config.text_config.max_position_embeddings, dtype=torch.long)
    tokens = Tokens(("",) * labels, ids, torch.ones_like(ids))
    towers: Any = settings.learns
    network = DualEncoder(backbone, tokens, LabelHead("multi-class", labels), settings.vghif, towers)
    return network, int(config.vision_config.image_size)


def _configuration(model: str, here: Any, wanted: Any) -> Any:
    """Return the configuration of a model on this machine, or of a known one of the wanted class that is not."""
    try:
        return here()
    except ActScribeError:
        entry = find(model)
        if entry is None or not entry.hub:
            raise
        made, values = _KNOWN.get(entry.name, (None, {}))
        if made is not wanted:
            message = f"'{model}' is a {entry.family}, which is no model of this recognizer."
            raise ActScribeError(message, "Choose another one: actscribe models list") from None
        return made(**values)
