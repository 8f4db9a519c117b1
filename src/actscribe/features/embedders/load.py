"""From the name of an encoder to an embedder, never over the network."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn
from transformers import AutoConfig, XCLIPModel

from actscribe.data.input_spec import InputSpec
from actscribe.errors import ActScribeError
from actscribe.features.embedder import Embedder, Encoder
from actscribe.features.embedders import imagenet, pictures, videos, vlm_moments
from actscribe.features.embedders.network import NetworkEmbedder, described
from actscribe.files import content_hash
from actscribe.models.catalog import checkpoint_folder, find, weights_digest
from actscribe.models.device import clips_at_once, use_bfloat16
from actscribe.models.dual_encoder.loading import load_backbone, visual_config
from actscribe.models.dual_encoder.xclip import XclipBackbone
from actscribe.models.loading import load_part, read_config
from actscribe.models.pixels import Pixels, read_pixels
from actscribe.models.quiet import quiet
from actscribe.models.video_classifier import check_frames, encoder_configuration, picture_size
from actscribe.models.video_families import FAMILIES as CLASSIFIERS
from actscribe.models.vlm.families import FAMILIES as VLMS
from actscribe.settings.encoder import EncoderChoice
from actscribe.settings.named_models import EMBEDDED, IMAGENET, XCLIP

#: Frames that are shown to an encoder at once (ours).
FRAMES_AT_ONCE = 16
#: Part of every key; raise it when vectors are made in another way.
VERSION = 1
KNOWN = (*pictures.FAMILIES, *CLASSIFIERS, *videos.PERCEPTION, "xclip")


class JointEncoder(nn.Module):
    """The video tower of X-CLIP: one vector a clip, in the space that texts share.

    Args:
        backbone: an adapter of `models.dual_encoder`.
    """

    def __init__(self, backbone: Any) -> None:
        super().__init__()
        self.backbone = backbone

    def forward(self, pixels: Tensor) -> Tensor:
        """Return the vectors of clips, (n, frames, 3, side, side), shape (n, 1, D)."""
        video: Tensor = self.backbone.visual(pixels).video
        return video[:, None]


def load_embedder(settings: EncoderChoice, frames: int) -> Embedder:
    """Return the embedder of the settings.

    Args:
        settings: which encoder.
        frames: of a clip.

    Raises:
        ActScribeError: it is not on this machine or is not a known encoder, takes other numbers of frames, or its
            weights do not fit.
    """
    if is_vlm(settings.model):
        return vlm_moments.load(settings, frames)
    bfloat16 = use_bfloat16(settings.precision)
    with quiet():
        network, pixels, per = _network(settings, frames)
    batch = FRAMES_AT_ONCE * clips_at_once() if per == "frame" else clips_at_once()
    key = {
        "version": VERSION,
        "made_by": _library(settings),
        "weights": encoder_weights(settings),
        "configuration": _configuration(settings),
        "above": settings.above_layers,
        "pixels": [pixels.size, pixels.mean, pixels.std, pixels.resize_mode, pixels.crop_pct],
        "bfloat16": bfloat16,
    }
    with torch.device("meta"), quiet():
        empty, _, _ = unfilled(settings, frames)
    encoder = described(empty, per, frames, pixels.size, batch, **key)
    return NetworkEmbedder(network, pixels, encoder, bfloat16)


def encoder_input_spec(settings: EncoderChoice, frames: int) -> InputSpec:
    """Return the study's frames at the size from which the encoder's pictures are made; no weight is read.

    Raises:
        ActScribeError: as `load_embedder`, as far as the configuration tells.
    """
    if is_vlm(settings.model):
        return vlm_moments.input_spec(settings, frames)
    above = settings.above_layers
    if settings.model == IMAGENET:
        imagenet.weights_file()
        pictures.check_layer("EfficientNet-Lite0", 0, above)
        return InputSpec(frames, imagenet.SIDE)
    config = _config(settings.model)
    kind = config.model_type
    _check_layer(config, above)
    if kind in CLASSIFIERS:
        check_frames(config, frames)
        return InputSpec(frames, picture_size(config))
    if kind == "xclip":
        return InputSpec(frames, int(config.vision_config.image_size))
    return InputSpec(frames, _perception_side(config) if kind in videos.PERCEPTION else pictures.side(config))


def is_vlm(model: str) -> bool:
    """Tell whether a model is a vision-language model; only its configuration is read.

    Raises:
        ActScribeError: it is neither known nor on this machine.
    """
    entry = find(model)
    if entry is not None or model == EMBEDDED:
        return entry is not None and entry.kind == "vlm"
    return read_config(_folder(model), model, (), able=True).get("model_type") in VLMS


def described_encoder(settings: EncoderChoice, frames: int) -> Encoder:
    """Return what is known of an encoder from its configuration alone; its key is that of no weights."""
    if is_vlm(settings.model):
        return vlm_moments.encoder(settings, frames)
    with torch.device("meta"), quiet():
        network, per, side = unfilled(settings, frames)
        return described(network, per, frames, side, 1)


def unfilled(settings: EncoderChoice, frames: int) -> tuple[nn.Module, Literal["frame", "clip"], int]:
    """Return an encoder without values, what it sees at once, and the side of its pictures in pixels.

    Vision-language models have no such network. To be called under `torch.device("meta")`. Arguments and errors as in
    `load_embedder`.
    """
    side = encoder_input_spec(settings, frames).short_side
    if settings.model == IMAGENET:
        return imagenet.unfilled(), "frame", side
    config = _config(settings.model)
    kind = config.model_type
    if kind in pictures.FAMILIES:
        return pictures.unfilled(config, settings.above_layers), "frame", side
    if kind == "xclip":
        config.vision_config.num_frames = frames
        return JointEncoder(XclipBackbone(XCLIPModel(config))), "clip", side
    return videos.unfilled(config, frames, settings.above_layers), "clip", side


def encoder_weights(settings: EncoderChoice) -> str:
    """Return the digest of the encoder's weights."""
    if settings.model == IMAGENET:
        return content_hash(imagenet.weights_file())
    return weights_digest(_folder(settings.model))


def _library(settings: EncoderChoice) -> str:
    """Return whose code runs the network, with its version: another one may compute something else."""
    library = "timm" if settings.model == IMAGENET else "transformers"
    return f"{library} {importlib.metadata.version(library)}"


def _configuration(settings: EncoderChoice) -> str:
    """Return the digest of what says how the weights are used: heads and activations show in no tensor's shape."""
    return "" if settings.model == IMAGENET else content_hash(_folder(settings.model) / "config.json")


def _network(settings: EncoderChoice, frames: int) -> tuple[nn.Module, Pixels, Any]:
    above = settings.above_layers
    if settings.model == IMAGENET:
        return imagenet.load(), imagenet.pixels(settings.resize_mode), "frame"
    folder, config = _folder(settings.model), _config(settings.model)
    kind = config.model_type
    side = encoder_input_spec(settings, frames).short_side
    pixels = read_pixels(str(folder), settings.model, side, settings.resize_mode)
    if kind in pictures.FAMILIES:
        return pictures.load(folder, settings.model, config, above), pixels, "frame"
    if kind == "xclip":
        return JointEncoder(load_backbone(XCLIP, settings.model, frames).backbone), pixels, "clip"
    return videos.load(folder, settings.model, config, frames, above), pixels, "clip"


def _check_layer(config: Any, above: int) -> None:
    if config.model_type == "xclip":
        pictures.check_layer("X-CLIP", 0, above)
    else:
        family = pictures if config.model_type in pictures.FAMILIES else videos
        family.check_layer_of(config, above)


def _folder(model: str) -> Path:
    entry = find(model)
    if entry is not None and entry.kind == "llm":
        raise ActScribeError(f"'{model}' is a {entry.family}, which is not a supported encoder.", _known())
    return checkpoint_folder(model, "timesformer" if model == EMBEDDED or entry is None else entry.kind)


def _config(model: str) -> Any:
    """Return the configuration of a model, checked as far as its own room checks it."""
    folder = _folder(model)
    kind = read_config(folder, model, ()).get("model_type")
    if kind not in KNOWN:
        raise ActScribeError(f"'{model}' is a {kind}, which is not a supported encoder.", _known())
    if kind in CLASSIFIERS:
        return encoder_configuration(folder, model)
    if kind == "xclip":
        visual_config(XCLIP, model)
    return load_part(AutoConfig, folder, model, "config.json")


def _known() -> str:
    """Return which checkpoints are encoders, by the kinds that their config.json states."""
    return f"Known: {', '.join(sorted(KNOWN))}; vision-language models: {', '.join(sorted(VLMS))}."


def _perception_side(config: Any) -> int:
    """Return the side of PE-Video's pictures, in pixels, as timm knows it."""
    own = getattr(config, "video_config", config).vision_config
    given = (own.model_args or {}).get("img_size")
    if given:
        return int(given)
    import timm

    known: Any = timm.get_pretrained_cfg(own.architecture)
    return int(known.input_size[-1])
