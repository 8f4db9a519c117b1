"""Settings that every trained recognizer shares. Light to import: no network is loaded here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from actscribe.settings.unit import Unit

_Share = Annotated[float, Field(gt=0, le=1)]
_SHORT_SIDE = Unit("share of the short side")
_Decay = Annotated[float, Field(ge=0, lt=1)]


class Augmentation(BaseModel):
    """How training clips are changed. What is drawn, is drawn once for all frames of a clip, so that motion stays.

    The defaults are ours; recipes hold the published values.

    Args:
        crop: which part of the picture is shown: "random" keeps the picture's shape and at least 3/4 of its sides;
            "multi-scale" takes one of `scales`, of its height and width, at a corner or the centre (Wang et al., ECCV
            2016); "none" keeps the picture.
        scales: sides of a multi-scale crop; height and width differ by one place at most.
        colour: how colours change: "light" draws brightness, contrast and tint; "jitter" draws brightness, contrast,
            saturation and hue with the probability `jitter`; "none" keeps colours.
        jitter: share of clips whose colours are jittered.
        brightness, contrast, saturation: largest change of it in jittered colours, as a factor above or below 1.
        hue: largest turn of jittered colours.
        per_frame: jitter each frame separately, which adds flicker, as published.
        grey: share of clips that lose their colour.
        mixup, cutmix: parameter of the beta distribution of how two clips are mixed; 0: never. Pixels only.
        cutmix_share: share of mixed clips that are cut rather than blended, where mixup and cutmix are both on.
        smoothing: how far training targets are drawn from 0 and 1 towards the middle (Szegedy et al., CVPR 2016).
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    crop: Literal["random", "multi-scale", "none"] = "random"
    scales: Annotated[tuple[_Share, ...], _SHORT_SIDE] = (1.0, 0.875, 0.75, 0.66)
    colour: Literal["light", "jitter", "none"] = "light"
    jitter: Annotated[float, Unit("share of clips")] = Field(0.8, ge=0, le=1)
    brightness: float = Field(0.4, ge=0, le=1)
    contrast: float = Field(0.4, ge=0, le=1)
    saturation: float = Field(0.2, ge=0, le=1)
    hue: Annotated[float, Unit("share of the circle")] = Field(0.1, ge=0, le=0.5)
    per_frame: bool = False
    grey: Annotated[float, Unit("share of clips")] = Field(0.15, ge=0, le=1)
    mixup: float = Field(0.0, ge=0)
    cutmix: float = Field(0.0, ge=0)
    cutmix_share: Annotated[float, Unit("share of mixed clips")] = Field(0.5, ge=0, le=1)
    smoothing: float = Field(0.0, ge=0, lt=1)

    @field_validator("scales")
    @classmethod
    def _one_at_least(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if not value:  # as a constraint of the type it would be broken by any wrong entry too
            raise ValueError("expected at least one scale")
        return value

    def mixes(self) -> bool:
        """Tell whether clips are mixed with one another."""
        return self.mixup > 0 or self.cutmix > 0


class Training(BaseModel):
    """Settings that every trained recognizer shares.

    Args:
        epochs: passes over the training clips, at most; early stopping may end sooner.
        batch_size: clips per optimiser step, over all processes together.
        learning_rate: largest learning rate of the pretrained part.
        head_learning_rate: largest learning rate of what starts from nothing, such as a head.
        weight_decay: decoupled decay of weight matrices; see `decay_vectors` for the rest.
        warmup: how long the learning rates rise before they fall along a cosine.
        min_lr_ratio: what is left of the learning rates at the end of the cosine.
        keep: which weights are kept: "best" takes those of the epoch with the best validation score; "last" looks at
            validation in no epoch, never stops early, and needs no validation clips. Where it is left out and the study
            has no validation split, "last".
        patience: epochs without a better validation score before training stops.
        optimizer: what takes the steps: "adamw", or "muon" for the matrices, which suits small networks that learn much
            from little.
        betas: decay rates of the two running averages of AdamW.
        eps: what AdamW adds to its denominator.
        decay_vectors: whether weight decay acts on biases, norms and scalars too.
        gradient_accumulation_steps: forward passes per optimiser step, which share its clips evenly; more of them take
            less memory.
        clips_per_epoch: how many clips an epoch uses, in an order redrawn each time; more than there are: in rounds;
            null: each clip once.
        temporal_jitter: moments in each segment of a clip of which training draws one, an odd number; 1: the centre.
        precision: of the arithmetic in training; "auto" takes bf16 where the processor or GPU has it.
        augment: random crops, brightness and contrast in training; the same for all frames of a clip.
        augmentation: how `augment` changes clips.
        flip: mirror clips at random, but none of a label that means a direction (see `directional` of the labels); off
            by default, since left and right may matter in ways that names do not show.
        positive_weight: weigh positives by negatives / positives per label (Guerriero et al.), at most `most_weight`.
        most_weight: largest weight that `positive_weight` gives.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
    #: Key that does not always act -> the setting with which it does; empty: with none.
    acts_with: ClassVar[Mapping[str, str]] = {
        "patience": "keep: best",
        "augmentation": "augment: true",
        "flip": "augment: true",
        "most_weight": "positive_weight: true",
    }

    epochs: Annotated[int, Unit("epochs")] = Field(12, ge=1)
    batch_size: Annotated[int, Unit("clips")] = Field(16, ge=1)
    learning_rate: float = Field(3e-4, gt=0)
    head_learning_rate: float = Field(1e-3, gt=0)
    weight_decay: float = Field(0.05, ge=0)
    warmup: Annotated[float, Unit("share of the steps")] = Field(0.1, ge=0, lt=1)
    min_lr_ratio: Annotated[float, Unit("share of the learning rate")] = Field(0.0, ge=0, le=1)
    keep: Literal["best", "last"] = "best"
    patience: Annotated[int, Unit("epochs")] = Field(4, ge=1)
    optimizer: Literal["adamw", "muon"] = "adamw"
    betas: tuple[_Decay, _Decay] = (0.9, 0.999)
    eps: float = Field(1e-8, gt=0)
    decay_vectors: bool = False
    gradient_accumulation_steps: Annotated[int, Unit("passes")] = Field(1, ge=1)
    clips_per_epoch: Annotated[int | None, Unit("clips")] = Field(None, ge=1)
    temporal_jitter: Annotated[int, Unit("moments")] = Field(1, ge=1)
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    augment: bool = True
    augmentation: Augmentation = Augmentation()
    flip: bool = False
    positive_weight: bool = True
    most_weight: float = Field(20.0, ge=1)

    @field_validator("temporal_jitter")
    @classmethod
    def _one_is_the_centre(cls, value: int) -> int:
        if value % 2 == 0:
            raise ValueError("expected an odd number, so that one moment is the segment's centre")
        return value

    @model_validator(mode="after")
    def _augmentation_is_used(self) -> Self:
        if not self.augment and self.augmentation != Augmentation():
            raise ValueError("augmentation has no effect while augment is off")
        if not self.augment and self.flip:
            raise ValueError("flip has no effect while augment is off")
        return self

    @model_validator(mode="after")
    def _passes_share_a_step(self) -> Self:
        clips = min(self.batch_size, self.clips_per_epoch or self.batch_size)
        if clips % self.gradient_accumulation_steps:
            fitting = ", ".join(str(number) for number in range(1, clips + 1) if clips % number == 0)
            passes = self.gradient_accumulation_steps
            raise ValueError(
                f"gradient_accumulation_steps {passes} does not divide the {clips} clips of an optimiser step"
                f" (batch_size, or clips_per_epoch where that is less); expected one of {fitting}, or another one"
            )
        return self
