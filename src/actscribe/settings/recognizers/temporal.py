"""Settings of the network over a recording's features. Light to import: no network is loaded here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from actscribe.settings.frozen_encoder import FrozenEncoderSettings, encoder_packages, frozen_encoder
from actscribe.settings.spec import TRAINED_FORMATS, RecognizerSpec, named_model, training_splits
from actscribe.settings.unit import Unit

#: Seconds from one step to the next, where a study says nothing: of encoders of frames, and of clips (ours).
FRAME_STEP, CLIP_STEP = 0.25, 0.5
#: How far back and ahead a network looks at most, and the longest piece: a day, in seconds (ours).
DAY_S = 86_400
_Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class TemporalSettings(FrozenEncoderSettings):
    """A network over the features of a whole recording, made once by a frozen encoder.

    It scores each step of time with what lies before and after it, so that a timeline needs no windows. A clip's score
    is the mean over its steps.

    Args:
        step: from one score to the next; null: 0.25 s of an encoder of frames, 0.5 s of one of clips.
        clip_lengths: of the clips that an encoder of clips sees around each step; of several the vectors stand side by
            side. An encoder of frames sees the frame in the middle of a step.
        network: "convolutions" are dilated ones in stages (MS-TCN++, Li et al. 2020); "attention" looks within a window
            between them (after ASFormer, Yi et al. 2021).
        causal: whether a score depends on the past alone, as live use needs it.
        stages: each but the first refines the probabilities of the one before.
        layers: of a stage; each looks twice as far as the one before.
        channels: of a layer.
        attention_heads: of attention; the channels are divided evenly.
        attention_window: how far attention looks, before and after.
        dropout: share of a layer's channels that are dropped in training.
        feature_dropout: share of the features' numbers that are dropped in training.
        stride_jitter: in training recordings are played up to this many times as fast or as slow.
        cuts: share of the pieces that training cuts shorter.
        piece: longest stretch of a recording that training sees at once.
        smoothing_loss: weight of the truncated squared change of log-probabilities from step to step (Farha and Gall
            2019, who take 0.15).
        boundary_loss: weight of telling where bouts begin and end, which nothing but training asks; 0: not asked.
        batch_size: pieces of recordings per optimiser step, over all processes together.
        epochs: passes over the pieces, at most.
        clips_per_epoch: how many pieces an epoch uses; null: each once.
    """

    acts_with: ClassVar[Mapping[str, str]] = {
        "attention_heads": "network: attention",
        "attention_window": "network: attention",
    }

    step: Annotated[float | None, Unit("s")] = Field(None, gt=0, le=10)
    clip_lengths: Annotated[tuple[_Seconds, ...], Unit("s"), Field(min_length=1)] = (3.0,)
    network: Literal["convolutions", "attention"] = "convolutions"
    causal: bool = False
    stages: int = Field(3, ge=1, le=10)
    layers: int = Field(8, ge=1, le=14)
    channels: int = Field(48, ge=1, le=4096)
    attention_heads: int = Field(4, ge=1)
    attention_window: Annotated[float, Unit("s")] = Field(15.0, gt=0, le=DAY_S)
    dropout: float = Field(0.3, ge=0, lt=1)
    feature_dropout: float = Field(0.2, ge=0, lt=1)
    stride_jitter: float = Field(1.2, ge=1, le=4)
    cuts: Annotated[float, Unit("share of the pieces")] = Field(0.5, ge=0, le=1)
    piece: Annotated[float, Unit("s")] = Field(300.0, gt=0, le=DAY_S)
    smoothing_loss: float = Field(0.15, ge=0)
    boundary_loss: float = Field(0.0, ge=0)
    batch_size: Annotated[int, Unit("pieces")] = Field(4, ge=1)
    epochs: Annotated[int, Unit("epochs")] = Field(60, ge=1)
    patience: Annotated[int, Unit("epochs")] = Field(20, ge=1)
    clips_per_epoch: Annotated[int | None, Unit("pieces")] = Field(None, ge=1)

    @model_validator(mode="after")
    def _heads_divide(self) -> Self:
        if self.network == "attention" and self.channels % self.attention_heads:
            least = -(-self.channels // self.attention_heads) * self.attention_heads
            raise ValueError(
                f"attention_heads {self.attention_heads} does not divide the {self.channels} channels; expected"
                f" channels such as {least}, or other attention_heads"
            )
        return self


def _around(settings: TemporalSettings) -> str:
    return "" if settings.causal else "scores each step with what comes after it, too (causal: false)"


#: What the registry takes from here.
RECOGNIZERS = {
    "temporal": RecognizerSpec(
        "network over a whole recording's features of a frozen encoder: dilated convolutions or windowed attention",
        TemporalSettings,
        "actscribe.recognizers.temporal:TEMPORAL",
        training_splits,
        encoder_packages,
        embeds=True,
        encoder=frozen_encoder,
        model=named_model,
        number_formats=TRAINED_FORMATS,
        looks_ahead=_around,
        past_alone={"causal": True},
    ),
}
