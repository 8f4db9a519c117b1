"""Settings of each recognizer as a study file spells them. Light to import: no network is loaded here."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator


class Augmentation(BaseModel):
    """How training clips are changed. What is drawn, is drawn once for all frames of a clip, so that motion stays.

    The defaults are ours; recipes hold the published values.

    Args:
        crop: "random" keeps the picture's shape and at least 3/4 of its sides; "multi-scale" takes one of `scales`,
            of its height and width, at a corner or the centre (Wang et al., ECCV 2016); "none" keeps the picture.
        scales: of a multi-scale crop, as shares of the short side; height and width differ by one place at most.
        colour: "light" draws brightness, contrast and tint; "jitter" draws brightness, contrast, saturation and hue
            with the probability `jitter`; "none" keeps colours.
        jitter: share of clips whose colours are jittered.
        brightness, contrast, saturation, hue: largest change of jittered colours; hue as a share of the circle.
        per_frame: jitter each frame anew, which adds flicker, as published.
        grey: share of clips that lose their colour.
        mixup, cutmix: parameter of the beta distribution of how two clips are mixed; 0: never. Pixels only.
        cutmix_share: share of mixed clips that are cut, where both are on.
        smoothing: of training targets (Szegedy et al., CVPR 2016).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    crop: Literal["random", "multi-scale", "none"] = "random"
    scales: tuple[float, ...] = Field((1.0, 0.875, 0.75, 0.66), min_length=1)
    colour: Literal["light", "jitter", "none"] = "light"
    jitter: float = Field(0.8, ge=0, le=1)
    brightness: float = Field(0.4, ge=0, le=1)
    contrast: float = Field(0.4, ge=0, le=1)
    saturation: float = Field(0.2, ge=0, le=1)
    hue: float = Field(0.1, ge=0, le=0.5)
    per_frame: bool = False
    grey: float = Field(0.15, ge=0, le=1)
    mixup: float = Field(0.0, ge=0)
    cutmix: float = Field(0.0, ge=0)
    cutmix_share: float = Field(0.5, ge=0, le=1)
    smoothing: float = Field(0.0, ge=0, lt=1)

    @field_validator("scales")
    @classmethod
    def _shares(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if not all(0 < scale <= 1 for scale in value):
            raise ValueError("scales are shares of the short side, above 0 and at most 1")
        return value

    def mixes(self) -> bool:
        """Tell whether clips are mixed with one another."""
        return self.mixup > 0 or self.cutmix > 0


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
        optimizer: "adamw", or "muon" for the matrices, which suits small networks that learn much from little.
        precision: "auto" takes bf16 where the processor or GPU has it.
        augment: random crops, brightness and contrast in training; the same for all frames of a clip.
        augmentation: what `augment` does.
        flip: mirror clips at random, but none of a label that means a direction (see `LabelSet.directional`); off by
            default, since left and right may matter in ways that names do not tell.
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
    optimizer: Literal["adamw", "muon"] = "adamw"
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    augment: bool = True
    augmentation: Augmentation = Augmentation()
    flip: bool = False
    positive_weight: bool = True
    most_weight: float = Field(20.0, ge=1)

    @model_validator(mode="after")
    def _augmentation_is_used(self) -> Self:
        if not self.augment and self.augmentation != Augmentation():
            raise ValueError("augmentation has no effect while augment is off")
        return self


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
        accumulation: forward passes per optimiser step; more of them take less memory.
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
    accumulation: int = Field(1, ge=1)
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
}
