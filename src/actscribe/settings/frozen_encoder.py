"""Settings that all recognizers on a frozen encoder share. Light to import: no network is loaded here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from actscribe.settings.encoder import EncoderChoice
from actscribe.settings.located import Located
from actscribe.settings.named_models import IMAGENET, IMAGENET_PACKAGE
from actscribe.settings.training import Training
from actscribe.settings.unit import Unit


class FrozenEncoderSettings(Training):
    """What learns on vectors of a frozen encoder, which are computed once and kept.

    Args:
        model: "imagenet" (EfficientNet-Lite0, of the extra actscribe[imagenet]), a name of `actscribe models list`, a
            hub id in the local Hugging Face cache, or a folder: CLIP, SigLIP, SigLIP 2, DINOv2 or DINOv3 on frames;
            X-CLIP, V-JEPA 2, VideoMAE, VideoPrism, PE-Video, TimeSformer or ViViT on clips, or a vision-language model,
            of whose hidden states each moment's mean is taken; "embedded" is the tiny TimeSformer of the package, which
            has seen nothing but drawings.
        resize_mode: how a picture becomes square: "stretch" keeps the whole picture; "crop" takes the centre square, as
            published. A vision-language model's processor decides for itself.
        above_layers: blocks left out from the top of the encoder; 0: its last output. Not of a vision-language model.
    """

    acts_with: ClassVar[Mapping[str, str]] = {"learning_rate": "", "augmentation": ""}

    model: Annotated[str, Located()] = IMAGENET
    resize_mode: Literal["stretch", "crop"] = "stretch"
    above_layers: Annotated[int, Unit("blocks")] = Field(0, ge=0)
    augment: Literal[False] = False
    flip: Literal[False] = False
    temporal_jitter: Annotated[Literal[1], Unit("moments")] = 1

    def encoder(self) -> EncoderChoice:
        """Return the encoder that they name."""
        return EncoderChoice(self.model, self.resize_mode, self.above_layers, self.precision)


def frozen_encoder(settings: FrozenEncoderSettings) -> EncoderChoice:
    """Answer `RecognizerSpec.encoder`."""
    return settings.encoder()


def encoder_packages(settings: FrozenEncoderSettings) -> tuple[str, ...]:
    """Answer `RecognizerSpec.packages`: what an encoder's weights come with."""
    return ("timm", IMAGENET_PACKAGE) if settings.model == IMAGENET else ()
