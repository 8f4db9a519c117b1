"""Frozen image encoders of transformers, which see a frame at a time: CLIP, SigLIP 1 and 2, DINOv2, DINOv3."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn
from transformers import AutoModel

from actscribe.errors import ActScribeError
from actscribe.models.loading import load_weights


@dataclass(frozen=True, slots=True)
class Family:
    """What differs between the families of image encoders.

    Args:
        name: as people call it.
        run: encoder, pixels (n, 3, side, side), blocks left out from the top -> vectors (n, D).
        part: the image encoder inside the checkpoint's model; empty: the model itself.
        settings: where the sizes stand in the configuration; empty: at its top.
        blocks: key of the configuration for the number of blocks; empty: layers cannot be chosen.
    """

    name: str
    run: Callable[[Any, Tensor, int], Tensor]
    part: str = ""
    settings: str = ""
    blocks: str = "num_hidden_layers"


def class_token(model: Any, pixels: Tensor, above: int) -> Tensor:
    """Return the pooled vector, or the class token of a lower block, shape (n, D)."""
    if not above:
        return cast(Tensor, model(pixel_values=pixels).pooler_output)
    return cast(Tensor, model(pixel_values=pixels, output_hidden_states=True).hidden_states[-1 - above][:, 0])


def mean_of_patches(model: Any, pixels: Tensor, above: int) -> Tensor:
    """Return the pooled vector, or the mean over the patches of a lower block, shape (n, D)."""
    if not above:
        return cast(Tensor, model(pixel_values=pixels).pooler_output)
    return cast(Tensor, model(pixel_values=pixels, output_hidden_states=True).hidden_states[-1 - above].mean(1))


def in_patches(model: Any, pixels: Tensor, above: int) -> Tensor:
    """Answer for SigLIP 2 with pictures of any shape, which takes patches in rows, each with its channels last."""
    patch = int(model.config.patch_size)
    rows = nn.functional.unfold(pixels, patch, stride=patch).unflatten(1, (3, patch * patch))
    values = rows.permute(0, 3, 2, 1).flatten(2)
    side = pixels.shape[-1] // patch
    # What the network reads must have values in a plan, too; a picture has no padding to be masked.
    shapes = torch.full((len(pixels), 2), side, device="cpu" if pixels.is_meta else pixels.device)
    out = model(pixel_values=values, pixel_attention_mask=None, spatial_shapes=shapes, output_hidden_states=bool(above))
    return cast(Tensor, out.hidden_states[-1 - above].mean(1) if above else out.pooler_output)


#: `model_type` of a checkpoint's config.json -> its family.
FAMILIES: dict[str, Family] = {
    "clip": Family("CLIP", class_token, "vision_model", "vision_config"),
    "clip_vision_model": Family("CLIP", class_token),
    "siglip": Family("SigLIP", mean_of_patches, "vision_model", "vision_config"),
    "siglip_vision_model": Family("SigLIP", mean_of_patches),
    "siglip2": Family("SigLIP 2", in_patches, "vision_model", "vision_config"),
    "siglip2_vision_model": Family("SigLIP 2", in_patches),
    "dinov2": Family("DINOv2", class_token),
    "dinov2_with_registers": Family("DINOv2", class_token),
    "dinov3_vit": Family("DINOv3", class_token),
    "dinov3_convnext": Family("DINOv3", class_token, blocks=""),
}
#: Beginnings of the names of weights that only training needs, or another task.
ELSEWHERE = ("classifier.", "mask_token", "embeddings.mask_token")


class PictureEncoder(nn.Module):
    """An image encoder of any family behind one call, on all frames of clips at once.

    Args:
        model: transformers' image encoder.
        family: of it.
        above: blocks left out from the top.
    """

    def __init__(self, model: Any, family: Family, above: int) -> None:
        super().__init__()
        self.model, self._family, self._above = model, family, above

    def forward(self, pixels: Tensor) -> Tensor:
        """Return the vectors of clips, (n, frames, 3, side, side), shape (n, frames, D)."""
        features = self._family.run(self.model, pixels.flatten(0, 1), self._above)
        return cast(Tensor, features.unflatten(0, pixels.shape[:2]))


def load(folder: Path, name: str, config: Any, above: int) -> PictureEncoder:
    """Return the image encoder of a checkpoint.

    Args:
        folder: of the checkpoint.
        name: as the user named it.
        config: of transformers.
        above: blocks left out from the top.

    Raises:
        ActScribeError: weights that do not fit.
    """
    family = FAMILIES[config.model_type]
    model = load_weights(AutoModel, folder, name, ELSEWHERE, dtype=torch.float32)
    return PictureEncoder(model.get_submodule(family.part), family, above)


def unfilled(config: Any, above: int) -> PictureEncoder:
    """Return the image encoder of a configuration without values; to be called under `torch.device("meta")`."""
    family = FAMILIES[config.model_type]
    return PictureEncoder(AutoModel.from_config(config).get_submodule(family.part), family, above)


def side(config: Any) -> int:
    """Return the side of the square pictures that an encoder takes, in pixels."""
    family = FAMILIES[config.model_type]
    own = getattr(config, family.settings) if family.settings else config
    if family.run is in_patches:
        return int(round(int(own.num_patches) ** 0.5) * int(own.patch_size))
    return int(own.image_size)


def check_layer_of(config: Any, above: int) -> None:
    """Refuse a block that the encoder of a configuration does not have; see `check_layer`."""
    family = FAMILIES[config.model_type]
    own = getattr(config, family.settings) if family.settings else config
    check_layer(family.name, getattr(own, family.blocks) if family.blocks else 0, above)


def check_layer(name: str, blocks: int, above: int) -> None:
    """Refuse a block that an encoder does not have.

    Raises:
        ActScribeError: `above` is not below the number of blocks.
    """
    if above and above >= blocks:
        most = f"0 to {blocks - 1}" if blocks else "0: its layers cannot be chosen"
        raise ActScribeError(f"above_layers is {above}; this {name} allows {most}.", "Set above_layers to 0.")
