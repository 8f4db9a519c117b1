"""Frozen video encoders: those of the video classifiers, PE-Video, and X-CLIP's. They see a clip as a whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn
from transformers import AutoModel

from actscribe.features.embedders.pictures import check_layer
from actscribe.models.loading import load_weights
from actscribe.models.video_classifier import Body, load_body, unfilled_body
from actscribe.models.video_families import FAMILIES

#: `model_type` of PE-Video's checkpoints -> where in the model its video encoder lies.
PERCEPTION = {"pe_video": "video_encoder", "pe_video_encoder": ""}


class VideoEncoder(nn.Module):
    """The body of a video classifier as vectors over time: patches of the same moment are averaged.

    Args:
        body: of transformers' network, with its family.
        above: blocks left out from the top.
    """

    def __init__(self, body: Body, above: int) -> None:
        super().__init__()
        self.body, self._family, self._above = body.network, body.family, above
        self._steps = body.steps

    def forward(self, pixels: Tensor) -> Tensor:
        """Return the vectors of clips, (n, frames, 3, side, side), shape (n, steps of time, D)."""
        family = self._family
        out = self.body(**{family.inputs: pixels}, output_hidden_states=bool(self._above), **family.options)
        states = out.hidden_states[-1 - self._above] if self._above else out.last_hidden_state
        patches = states[:, family.class_tokens :]
        if family.space_first:
            return cast(Tensor, patches.unflatten(1, (-1, self._steps)).mean(1))
        return cast(Tensor, patches.unflatten(1, (self._steps, -1)).mean(2))


class PerceptionEncoder(nn.Module):
    """PE-Video: one vector a frame, each of which has seen all frames.

    Args:
        model: transformers' PeVideoEncoder.
    """

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, pixels: Tensor) -> Tensor:
        """Return the vectors of clips, (n, frames, 3, side, side), shape (n, frames, D)."""
        return cast(Tensor, self.model(pixel_values_videos=pixels).last_hidden_state)


def load(folder: Path, name: str, config: Any, frames: int, above: int) -> nn.Module:
    """Return the video encoder of a checkpoint.

    Args:
        folder: of the checkpoint.
        name: as the user named it.
        config: of transformers.
        frames: of a clip.
        above: blocks left out from the top.

    Raises:
        ActScribeError: another number of frames than the network can take, or weights that do not fit.
    """
    if config.model_type in PERCEPTION:
        model = load_weights(AutoModel, folder, name, dtype=torch.float32)
        return PerceptionEncoder(model.get_submodule(PERCEPTION[config.model_type]))
    return VideoEncoder(load_body(folder, name, config, frames), above)


def check_layer_of(config: Any, above: int) -> None:
    """Refuse a block that the encoder of a configuration does not have; see `pictures.check_layer`."""
    if config.model_type in PERCEPTION:
        check_layer("PE-Video", 0, above)
    else:
        check_layer(FAMILIES[config.model_type].name, getattr(config, "num_hidden_layers", 0) or 0, above)


def unfilled(config: Any, frames: int, above: int) -> nn.Module:
    """Return the video encoder of a configuration without values; to be called under `torch.device("meta")`."""
    if config.model_type in PERCEPTION:
        return PerceptionEncoder(AutoModel.from_config(config).get_submodule(PERCEPTION[config.model_type]))
    return VideoEncoder(unfilled_body(config, frames), above)
