"""Settings of the dual encoders: CLIP, ViFi-CLIP and X-CLIP, each with or without VgHIF. Light to import."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from actscribe.settings.located import Located
from actscribe.settings.named_models import CLIP, EMBEDDED, VIFI_CLIP, XCLIP
from actscribe.settings.spec import TRAINED_FORMATS, Learning, RecognizerSpec, named_model, training_splits
from actscribe.settings.training import Training
from actscribe.settings.unit import Unit
from actscribe.settings.vghif import VghifConfig

Learns = Literal["none", "probe", "image", "text", "both"]
#: What a linear probe takes where a study says nothing: its embeddings are computed once, so its epochs cost nothing.
PROBE: dict[str, Any] = {"augment": False, "epochs": 40, "patience": 10, "head_learning_rate": 5e-3}


class DualEncoderSettings(Training):
    """What the three dual encoders share. A multi-class study compares class prompts; a multi-label one has biases.

    Args:
        model: "embedded" (the tiny one in the package), a name of `actscribe models list`, a local folder, or for
            vifi-clip and x-clip a published .pth file or its weights as .safetensors.
        resize_mode: how a picture becomes square: "stretch" keeps the whole picture; "crop" takes the centre square, as
            published.
        crop_pct: side of the centre square that `resize_mode: crop` takes; published 224/256.
        mean, std: what pictures are normalized with, of values in [0, 1] per channel, in place of the checkpoint's own,
            as some recipes publish them.
        learns: what is trained: "image", "text" or "both" towers; "probe": a linear classifier on the frozen video
            embedding, with epochs 40, patience 10, head_learning_rate 0.005 and no augment unless said; "none":
            zero-shot, or with `vghif` only VgHIF and the biases learn.
        template: a label's prompt; {name} becomes the label's phrase, or its name in lower case.
        neutral: the prompt that every label is compared with in a multi-label zero-shot study.
        vghif: how text and video meet level by level (Zhang et al. 2024): true for the defaults, or its settings.
        learning_rate: largest learning rate of the pretrained towers.
        new_factor: how many times that rate is taken for what X-CLIP added to CLIP.
        vghif_learning_rate: largest learning rate of VgHIF, which starts from nothing.
        head_learning_rate: largest learning rate of the biases of a multi-label study, or of the probe.
    """

    #: Name in `models.dual_encoder.loading.BACKBONES`.
    backbone: ClassVar[str]

    model: Annotated[str, Located()] = EMBEDDED
    resize_mode: Literal["stretch", "crop"] = "stretch"
    crop_pct: Annotated[float, Unit("share of the short side")] = Field(1.0, gt=0, le=1)
    mean: tuple[float, float, float] | None = None
    std: tuple[float, float, float] | None = None
    learns: Learns = "none"
    template: str = "a video of {name}."
    neutral: str = Field("a video.", min_length=1)
    vghif: VghifConfig | None = None
    learning_rate: float = Field(1e-5, gt=0)
    new_factor: float = Field(10.0, gt=0)
    vghif_learning_rate: float = Field(1e-3, gt=0)
    head_learning_rate: float = Field(1e-2, gt=0)
    weight_decay: float = Field(1e-3, ge=0)

    @property
    def published_base(self) -> tuple[str, ...]:
        """The CLIP that a published file was trained from; none where no file is published."""
        return ()

    @property
    def trains(self) -> bool:
        """Whether anything learns from the training clips."""
        return self.learns != "none" or self.vghif is not None

    @model_validator(mode="before")
    @classmethod
    def _probe_defaults(cls, values: Any) -> Any:
        return PROBE | values if isinstance(values, dict) and values.get("learns") == "probe" else values

    @field_validator("vghif", mode="before")
    @classmethod
    def _yes_or_no(cls, value: object) -> object:
        return (VghifConfig() if value else None) if isinstance(value, bool) else value

    @field_validator("template")
    @classmethod
    def _names_the_label(cls, value: str) -> str:
        if "{name}" not in value:
            raise ValueError("expected {name} in it, where the label's words go")
        return value

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.crop_pct < 1 and self.resize_mode != "crop":
            raise ValueError("crop_pct has no effect while resize_mode is 'stretch', which shows the whole picture")
        if (self.mean is None) != (self.std is None):
            raise ValueError("mean and std belong together: give both or none")
        if self.mean and self.std and not (max(self.mean) <= 1 and min(self.std) > 0 and max(self.std) <= 1):
            raise ValueError("mean and std are of values in [0, 1], and std is above 0; divide by 255")
        if self.learns == "probe" and self.vghif:
            raise ValueError("vghif refines prompts, which a probe does not have")
        if self.learns == "probe" and (self.augment or self.temporal_jitter > 1):
            raise ValueError("a probe's embeddings are computed once, so augment and temporal_jitter have no effect")
        return self


class ClipSettings(DualEncoderSettings):
    """CLIP on frames, the mean over time (Radford et al., 2021). Zero-shot unless `learns` says what learns."""

    backbone = CLIP


class VificlipSettings(DualEncoderSettings):
    """ViFi-CLIP: CLIP with both towers fine-tuned on video (Rasheed et al., CVPR 2023).

    Args:
        base: the CLIP that a published file was trained from; a folder, or a name of `actscribe models list`.
    """

    backbone = VIFI_CLIP

    base: Annotated[str, Located()] = "clip-b16"
    learns: Learns = "both"

    @property
    def published_base(self) -> tuple[str, ...]:
        """See above."""
        return (self.base,)


class XclipSettings(DualEncoderSettings):
    """X-CLIP: attention between frames and video-specific prompts (Ni et al., ECCV 2022); its text tower is frozen.

    Args:
        base: the CLIP that a published file was trained from; a folder, or a name of `actscribe models list`.
    """

    backbone = XCLIP

    base: Annotated[str, Located()] = "clip-b16"
    learns: Literal["none", "probe", "image"] = "image"

    @property
    def published_base(self) -> tuple[str, ...]:
        """See above."""
        return (self.base,)

    @field_validator("learns", mode="before")
    @classmethod
    def _text_is_frozen(cls, value: object) -> object:
        if value in ("text", "both"):
            raise ValueError(f"X-CLIP never tunes its text tower; expected none, probe or image, found {value}")
        return value


def _splits(settings: DualEncoderSettings) -> tuple[str, ...]:
    return training_splits(settings) if settings.trains else ()


def _learns(settings: DualEncoderSettings) -> str:
    return settings.learns


_FROZEN = {"none": Learning(), "probe": Learning(compares_prompts=False)}
_CLIP_PARTS = _FROZEN | {
    "image": Learning(frozenset({"vision"})),
    "text": Learning(frozenset({"text"})),
    "both": Learning(frozenset({"vision", "text", "logit_scale"})),
}
_XCLIP_PARTS = _FROZEN | {"image": Learning(frozenset({"vision", "message", "mit", "video_prompts"}))}
_ZERO_SHOT = {"learns": "none", "keep": "last"}
#: What the registry takes from here.
RECOGNIZERS = {
    "clip": RecognizerSpec(
        "CLIP on frames against prompts of the labels: zero-shot, linear probe, or with towers trained; VgHIF if asked",
        ClipSettings,
        "actscribe.recognizers.dual_encoder.recognizer:DUAL_ENCODER",
        _splits,
        models=("clip",),
        prompted=True,
        model=named_model,
        number_formats=TRAINED_FORMATS,
        learnable=_CLIP_PARTS,
        learns=_learns,
        zero_shot=_ZERO_SHOT,
    ),
    "vifi-clip": RecognizerSpec(
        "ViFi-CLIP: both towers of CLIP fine-tuned on the study's clips; VgHIF if asked",
        VificlipSettings,
        "actscribe.recognizers.dual_encoder.recognizer:DUAL_ENCODER",
        _splits,
        prompted=True,
        model=named_model,
        number_formats=TRAINED_FORMATS,
        learnable=_CLIP_PARTS,
        learns=_learns,
        zero_shot=_ZERO_SHOT,
    ),
    "x-clip": RecognizerSpec(
        "X-CLIP: attention between frames and video-specific prompts, its text tower frozen; VgHIF if asked",
        XclipSettings,
        "actscribe.recognizers.dual_encoder.recognizer:DUAL_ENCODER",
        _splits,
        models=("xclip",),
        prompted=True,
        model=named_model,
        number_formats=TRAINED_FORMATS,
        learnable=_XCLIP_PARTS,
        learns=_learns,
        zero_shot=_ZERO_SHOT,
    ),
}
