"""What differs between the families of video networks that transformers has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

#: How the names of the head's weights begin, in every family.
HEAD = "classifier."


@dataclass(frozen=True, slots=True)
class Family:
    """What differs between the families of video classifiers that transformers has.

    Args:
        name: as people call it.
        frames, side: keys of the configuration for the frames of a clip and the side of its square pictures.
        inputs: the argument of `forward` that takes the pixels, shape (clips, frames, 3, side, side).
        parts: modules from the input to the output, without the head; of a list each entry is a part.
        positions: learned positions of time, shape (1, frames or more, width); empty where they are computed, and the
            network is built for the study's frames.
        joint: whether `positions` are those of time and space together, behind that of a class token.
        body: the module without what only the classifier adds to it.
        added: beginnings of the names of weights that only a classifier has, or only pretraining.
        class_tokens: tokens of the body's output before those of patches.
        space_first: whether all moments of a patch follow one another, rather than all patches of a moment.
        options: for the body's `forward`.
    """

    name: str
    frames: str
    side: str
    inputs: str
    parts: tuple[str, ...]
    positions: str = ""
    joint: bool = False
    body: str = ""
    added: tuple[str, ...] = (HEAD,)
    class_tokens: int = 0
    space_first: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)


#: `model_type` of a checkpoint's config.json -> its family.
FAMILIES: dict[str, Family] = {
    "timesformer": Family(
        "TimeSformer",
        "num_frames",
        "image_size",
        "pixel_values",
        ("timesformer.embeddings", "timesformer.encoder.layer"),
        "timesformer.embeddings.time_embeddings",
        body="timesformer",
        class_tokens=1,
        space_first=True,
    ),
    "videomae": Family(
        "VideoMAE",
        "num_frames",
        "image_size",
        "pixel_values",
        ("videomae.embeddings", "videomae.encoder.layer"),
        body="videomae",
        added=(HEAD, "fc_norm.", "decoder.", "encoder_to_decoder.", "mask_token", "position_embeddings"),
    ),
    "vivit": Family(
        "ViViT",
        "num_frames",
        "image_size",
        "pixel_values",
        ("vivit.embeddings", "vivit.layers"),
        "vivit.embeddings.position_embeddings",
        joint=True,
        body="vivit",
        added=(HEAD, "vivit.pooler.", "pooler."),
        class_tokens=1,
    ),
    "vjepa2": Family(
        "V-JEPA 2",
        "frames_per_clip",
        "crop_size",
        "pixel_values_videos",
        ("vjepa2.encoder.embeddings", "vjepa2.encoder.layer", "pooler"),
        body="vjepa2",
        added=(HEAD, "pooler."),
        options={"skip_predictor": True},
    ),
    "videoprism_vision_model": Family(
        "VideoPrism",
        "num_frames",
        "image_size",
        "pixel_values_videos",
        (
            "vision_model.spatial_embeddings",
            "vision_model.spatial_layers",
            "vision_model.temporal_embeddings",
            "vision_model.temporal_layers",
            "head",
        ),
        "vision_model.temporal_embeddings.position_embeddings",
        body="vision_model",
        added=(HEAD, "head.", "head_layernorm."),
    ),
}
