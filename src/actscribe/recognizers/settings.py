"""Settings of each recognizer as a study file spells them. Light to import: no network is loaded here."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from actscribe.recognizers.settings_dual import (
    ClipSettings,
    ClipVghifSettings,
    VificlipSettings,
    VificlipVghifSettings,
    XclipSettings,
    XclipVghifSettings,
)
from actscribe.recognizers.settings_training import Augmentation, Training

__all__ = [
    "SETTINGS",
    "Augmentation",
    "ClipSettings",
    "TimesformerSettings",
    "Training",
    "VificlipSettings",
    "VlmHeadSettings",
    "VlmJudgeSettings",
    "VlmListSettings",
    "VlmLoraSettings",
    "VlmYesnoSettings",
    "XclipSettings",
    "ZeroShot",
]


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


class ZeroShot(BaseModel):
    """Settings that every zero-shot recognizer shares: which vision-language model is asked, and where it runs.

    Args:
        model: "embedded" (the tiny one in the package), a name of `actscribe models list`, or a local folder.
        dtype: of the weights; "auto" takes bf16 on a GPU that has it, and for a judge also on a processor that has it.
        quantize: "4bit" or "8bit", on a GPU with bitsandbytes; compared with the full model on 20 validation clips.
        server: address of an OpenAI-compatible server such as http://127.0.0.1:11434/v1; empty loads `model` here.
        server_model: the server's name for the model; empty where it offers only one.
        server_short_side: of the frames sent to a server, in pixels.
        allow_remote: whether `server` may be another machine. Frames of the videos are sent to it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str = "embedded"
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"
    quantize: Literal["4bit", "8bit"] | None = None
    server: str = ""
    server_model: str = ""
    server_short_side: int = Field(384, ge=16)
    allow_remote: bool = False


class VlmListSettings(ZeroShot):
    """One prompt; the answer lists the activities that occur (paper 1, ZSC).

    Args:
        list_prompt: instead of our own; {setting} and {labels} are filled in.
        most_tokens: of the answer.
    """

    list_prompt: str = ""
    most_tokens: int = Field(96, ge=1)


class VlmYesnoSettings(ZeroShot):
    """One yes/no question per label (paper 1, ZSC).

    Args:
        question_template: instead of our own; {question} is filled in with each label's question.
        mode: "probability" reads P(yes) / (P(yes) + P(no)) from the next-token distribution; "text" reads the written
            answer.
        calibrate: divide by what the model answers about a grey video (contextual calibration, Zhao et al. 2021).
        caption_share: share of the evaluated clips for which the model also writes a caption, so that the report can
            compare the two.
        caption_prompt: instead of our own; {setting} is filled in.
        caption_tokens: of a caption, at most.
    """

    question_template: str = ""
    mode: Literal["probability", "text"] = "probability"
    calibrate: bool = False
    caption_share: float = Field(0.1, ge=0, le=1)
    caption_prompt: str = ""
    caption_tokens: int = Field(64, ge=1)


class VlmJudgeSettings(ZeroShot):
    """A caption, and a text-only language model that answers one question per label from it (paper 1, ZSC-J).

    Args:
        caption_prompt: instead of our own; {setting} is filled in.
        caption_tokens: of a caption, at most.
        judge: "smollm2" (of the extra actscribe[judge]), a name of `actscribe models list`, or a folder or .gguf file.
        judge_server: address of a server that runs the judge instead; `allow_remote` holds for it too.
        judge_server_model: the server's name for the judge.
        judge_template: instead of our own; {caption} and {question} are filled in.
    """

    caption_prompt: str = ""
    caption_tokens: int = Field(96, ge=1)
    judge: str = "smollm2"
    judge_server: str = ""
    judge_server_model: str = ""
    judge_template: str = ""


class VlmHeadSettings(Training):
    """A frozen vision-language model with a trained head (paper 1, FT-LC). `learning_rate` has no part to act on.

    Args:
        model: "embedded" (the tiny one in the package), a name of `actscribe models list`, or a local folder.
        prompt: instead of our own; {setting} and {labels} are filled in.
        pooling: "mean" over the video-token positions, or "attention" over the whole sequence.
        hidden: units of a hidden layer; 0: a linear head.
        dropout: of the head.
        batch_tokens: of a padded batch that runs through the model.
        features: a folder in which features are kept for other runs, such as of another head; empty keeps them in the
            run until it is complete.
    """

    model: str = "embedded"
    prompt: str = ""
    pooling: Literal["mean", "attention"] = "mean"
    hidden: int = Field(0, ge=0)
    dropout: float = Field(0.1, ge=0, lt=1)
    batch_tokens: int = Field(4096, ge=1)
    features: str = ""
    epochs: int = Field(40, ge=1)
    head_learning_rate: float = Field(5e-3, gt=0)
    patience: int = Field(10, ge=1)
    augment: Literal[False] = False
    flip: Literal[False] = False
    candidates: Literal[1] = 1


class VlmLoraSettings(Training):
    """A vision-language model fine-tuned through low-rank adapters, with a trained head (paper 1, FT-C-LoRA).

    Args:
        model: "embedded" (the tiny one in the package), a name of `actscribe models list`, or a local folder.
        prompt: instead of our own; {setting} and {labels} are filled in.
        pooling: "mean" over the video-token positions, or "attention" over the whole sequence.
        hidden: units of a hidden layer; 0: a linear head.
        dropout: of the head.
        batch_tokens: of a padded batch that is scored.
        tower: whose query and value projections are adapted: "language", "vision" or "both".
        rank, alpha, adapter_dropout: of the adapters; their product is scaled by alpha / rank.
        checkpointing: compute activations again in the backward pass; less memory, about a third more time.
        probe_first: train the head alone on kept features, then adapters and head together (Kumar et al. 2022).
        probe_epochs: of the head alone, at most.
    """

    model: str = "embedded"
    prompt: str = ""
    pooling: Literal["mean", "attention"] = "mean"
    hidden: int = Field(0, ge=0)
    dropout: float = Field(0.1, ge=0, lt=1)
    batch_tokens: int = Field(4096, ge=1)
    tower: Literal["language", "vision", "both"] = "language"
    rank: int = Field(16, ge=1)
    alpha: int = Field(32, ge=1)
    adapter_dropout: float = Field(0.1, ge=0, lt=1)
    checkpointing: bool = False
    probe_first: bool = False
    probe_epochs: int = Field(20, ge=1)
    weight_decay: float = Field(0.01, ge=0)
    augment: bool = False

    @model_validator(mode="after")
    def _nothing_is_mixed(self) -> Self:
        if self.augmentation.mixes() or self.augmentation.smoothing:
            raise ValueError("mixup, cutmix and smoothing are not made for vlm-lora, whose clips become tokens")
        return self


#: Every recognizer a study file may name, with its settings.
SETTINGS: dict[str, type[BaseModel]] = {
    "timesformer": TimesformerSettings,
    "vlm-list": VlmListSettings,
    "vlm-yesno": VlmYesnoSettings,
    "vlm-judge": VlmJudgeSettings,
    "vlm-head": VlmHeadSettings,
    "vlm-lora": VlmLoraSettings,
    "clip": ClipSettings,
    "vifi-clip": VificlipSettings,
    "x-clip": XclipSettings,
    "clip-vghif": ClipVghifSettings,
    "vifi-clip-vghif": VificlipVghifSettings,
    "x-clip-vghif": XclipVghifSettings,
}
