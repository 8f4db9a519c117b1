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


class ZeroShot(BaseModel):
    """Settings that every zero-shot recognizer shares: which vision-language model is asked, and where it runs.

    Args:
        model: "embedded" (the tiny one in the package), a name of `actscribe models list`, or a local folder.
        dtype: of the weights; "auto" takes bf16 on a GPU that has it.
        quantize: "4bit" or "8bit", on a GPU with bitsandbytes.
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


#: Every recognizer a study file may name, with its settings.
SETTINGS: dict[str, type[BaseModel]] = {
    "timesformer": TimesformerSettings,
}
