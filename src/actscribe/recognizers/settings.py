"""Settings of each recognizer as a study file spells them. Light to import: no network is loaded here."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Training(BaseModel):
    """Settings that every trained recognizer shares.

    Args:
        epochs: at most; early stopping may end sooner.
        batch: clips per optimiser step, over all processes together.
        learning_rate: of the pretrained part.
        head_learning_rate: of what starts from nothing.
        weight_decay: AdamW; not on biases and norms.
        warmup: share of all steps.
        patience: epochs without a better validation score before training stops.
        precision: "auto" takes bf16 where the processor or GPU has it.
        augment: random crops, brightness and contrast in training; the same for all frames of a clip.
        flip: mirror clips at random; off by default, since it swaps left and right.
        positive_weight: weigh positives by negatives / positives per label (paper 1), at most `most_weight`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    epochs: int = Field(12, ge=1)
    batch: int = Field(16, ge=1)
    learning_rate: float = Field(3e-4, gt=0)
    head_learning_rate: float = Field(1e-3, gt=0)
    weight_decay: float = Field(0.05, ge=0)
    warmup: float = Field(0.1, ge=0, lt=1)
    patience: int = Field(4, ge=1)
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    augment: bool = True
    flip: bool = False
    positive_weight: bool = True
    most_weight: float = Field(20.0, ge=1)


class TimesformerSettings(Training):
    """Supervised TimeSformer (paper 1, system 1).

    Args:
        checkpoint: "embedded" (the tiny one in the package), a local folder, or a name in the Hugging Face cache such
            as facebook/timesformer-base-finetuned-ssv2 or -k400.
        fit: "stretch" keeps the whole picture; "crop" takes the centre square, as published.
        frozen_epochs: epochs in which only the head learns (gradual unfreezing).
        unfreeze_blocks: blocks that join from the top in each epoch after that; 0 unfreezes all at once.
    """

    checkpoint: str = "embedded"
    fit: Literal["stretch", "crop"] = "stretch"
    frozen_epochs: int = Field(1, ge=0)
    unfreeze_blocks: int = Field(2, ge=0)


#: Every recognizer a study file may name, with its settings.
SETTINGS: dict[str, type[BaseModel]] = {
    "timesformer": TimesformerSettings,
}
