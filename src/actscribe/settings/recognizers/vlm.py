"""Settings of the recognizers on vision-language models. Light to import: no network is loaded here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from actscribe.settings.located import Located
from actscribe.settings.named_models import EMBEDDED, JUDGE_PACKAGE, PACKAGED_JUDGE
from actscribe.settings.spec import TRAINED_FORMATS, RecognizerSpec, named_model, training_splits
from actscribe.settings.training import Training
from actscribe.settings.unit import Unit

#: In a run's folder: how a quantized model answers beside the full one.
QUANTIZATION_FILE = "quantization.json"
#: Of a window that a model is asked about: a day, and more frames than any of the models takes (ours).
LONGEST_WINDOW_S, MOST_WINDOW_FRAMES = 86_400, 2048


class ZeroShot(BaseModel):
    """Settings that every zero-shot recognizer shares: which vision-language model is asked, and where it runs.

    Args:
        model: "embedded" (the tiny one in the package), a name of `actscribe models list`, or a local folder.
        dtype: number format of the weights; "auto" takes bf16 on a GPU or processor that has it, and the run says so;
            scores of the embedded model moved by at most 0.016.
        quantize: hold the weights in 4 or 8 bits, on a GPU with bitsandbytes; compared with the full model on 20
            validation clips.
        server: address of a server such as Ollama's http://127.0.0.1:11434/v1; empty loads `model` here.
        server_model: the server's name for the model; empty where it offers only one.
        server_short_side: to which frames are reduced before they are sent to a server.
        server_frames: how a clip is sent: "images", each with its time, "video", or "auto", which is video where the
            server makes fewer tokens of one (vLLM).
        server_parallel: requests at the same time, where that does not let the server read a clip several times.
        server_timeout: for one answer.
        server_thinking_tokens: room for thinking, for models that cannot be kept from it.
        server_context: tokens of a prompt with its answer, at most; only Ollama has to be told.
        allow_remote: whether `server` may be another machine. Frames of the videos are sent to it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    model: Annotated[str, Located()] = EMBEDDED
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"
    quantize: Literal["4bit", "8bit"] | None = None
    server: str = ""
    server_model: str = ""
    server_short_side: Annotated[int, Unit("pixels")] = Field(384, ge=16)
    server_frames: Literal["auto", "images", "video"] = "auto"
    server_parallel: Annotated[int, Unit("requests")] = Field(4, ge=1, le=64)
    server_timeout: Annotated[float, Unit("s")] = Field(600.0, gt=0)
    server_thinking_tokens: Annotated[int, Unit("tokens")] = Field(2048, ge=1)
    server_context: Annotated[int, Unit("tokens")] = Field(16384, ge=512)
    allow_remote: bool = False


class VlmListSettings(ZeroShot):
    """One prompt; the answer lists the activities that occur (Guerriero et al. 2026, ZSC).

    Args:
        list_prompt: the prompt, instead of our own; {setting} and {labels} are filled in.
        max_new_tokens: length of the answer, at most.
    """

    list_prompt: str = ""
    max_new_tokens: Annotated[int, Unit("tokens")] = Field(96, ge=1)


class VlmYesnoSettings(ZeroShot):
    """One yes/no question per label (Guerriero et al. 2026, ZSC).

    Args:
        question_template: the prompt, instead of our own; {question} is filled in with each label's question.
        mode: how an answer is read: "probability" takes P(yes) / (P(yes) + P(no)) from the next-token distribution;
            "text" the written answer.
        calibrate: divide by what the model answers about a grey video (contextual calibration, Zhao et al. 2021).
        caption_share: share of the evaluated clips for which the model also writes a caption, so that the report can
            compare the two.
        caption_prompt: the prompt that asks for a caption, instead of our own; {setting} is filled in.
        caption_tokens: length of a caption, at most.
    """

    question_template: str = ""
    mode: Literal["probability", "text"] = "probability"
    calibrate: bool = False
    caption_share: Annotated[float, Unit("share of clips")] = Field(0.1, ge=0, le=1)
    caption_prompt: str = ""
    caption_tokens: Annotated[int, Unit("tokens")] = Field(64, ge=1)


class VlmJudgeSettings(ZeroShot):
    """A caption, and a text-only language model that answers one question per label from it (Guerriero et al., ZSC-J).

    Args:
        caption_prompt: the prompt that asks for a caption, instead of our own; {setting} is filled in.
        caption_tokens: length of a caption, at most.
        judge: the text-only model: "smollm2" (of the extra actscribe[judge]), a name of `actscribe models list`, or a
            folder or .gguf file.
        judge_server: address of a server that runs the judge instead; `allow_remote` holds for it too.
        judge_server_model: the server's name for the judge.
        judge_template: the prompt of the judge, instead of our own; {caption} and {question} are filled in.
    """

    caption_prompt: str = ""
    caption_tokens: Annotated[int, Unit("tokens")] = Field(96, ge=1)
    judge: Annotated[str, Located()] = PACKAGED_JUDGE
    judge_server: str = ""
    judge_server_model: str = ""
    judge_template: str = ""


class VlmGroundSettings(ZeroShot):
    """The intervals of each label, asked for in windows of minutes whose frames carry their times (ours).

    Args:
        window: of the video that the model sees at once.
        stride: from one window's start to the next one's; where windows overlap, their answers are averaged.
        frames: of a window.
        when_template: the prompt, instead of our own; {label} is filled in with each label's words.
        mode: how sure an interval is: "probability" takes the geometric mean of the probabilities of the tokens that
            write it, "text" 1, as it is where a server tells no probabilities.
        max_new_tokens: length of the answer on a label, at most; one that is cut off counts as not read.
    """

    window: Annotated[float, Unit("s")] = Field(120.0, gt=0, le=LONGEST_WINDOW_S)
    stride: Annotated[float, Unit("s")] = Field(60.0, gt=0)
    frames: Annotated[int, Unit("frames")] = Field(60, ge=2, le=MOST_WINDOW_FRAMES)
    when_template: str = ""
    mode: Literal["probability", "text"] = "probability"
    max_new_tokens: Annotated[int, Unit("tokens")] = Field(128, ge=1)

    @model_validator(mode="after")
    def _nothing_is_skipped(self) -> Self:
        if self.stride > self.window:
            raise ValueError(
                f"a stride of {self.stride:g} s skips what lies between windows of {self.window:g} s; expected a stride"
                f" of at most {self.window:g}"
            )
        return self


class VlmHeadSettings(Training):
    """A frozen vision-language model with a trained head (Guerriero et al., FT-LC).

    Args:
        model: "embedded" (the tiny one in the package), a name of `actscribe models list`, or a local folder.
        prompt: that follows the video, instead of our own; {setting} and {labels} are filled in.
        pooling: how the states of all tokens become one: "mean" over the video-token positions, or "attention" over the
            whole sequence.
        hidden: width of a hidden layer in the head; 0: a linear head.
        dropout: share of the head's inputs that are dropped in training.
        batch_tokens: size of a padded batch that runs through the model, at most.
    """

    acts_with: ClassVar[Mapping[str, str]] = {"learning_rate": "", "augmentation": ""}

    model: Annotated[str, Located()] = EMBEDDED
    prompt: str = ""
    pooling: Literal["mean", "attention"] = "mean"
    hidden: Annotated[int, Unit("units")] = Field(0, ge=0)
    dropout: float = Field(0.1, ge=0, lt=1)
    batch_tokens: Annotated[int, Unit("tokens")] = Field(4096, ge=1)
    epochs: Annotated[int, Unit("epochs")] = Field(40, ge=1)
    head_learning_rate: float = Field(5e-3, gt=0)
    patience: Annotated[int, Unit("epochs")] = Field(10, ge=1)
    augment: Literal[False] = False
    flip: Literal[False] = False
    temporal_jitter: Annotated[Literal[1], Unit("moments")] = 1


class VlmLoraSettings(Training):
    """A vision-language model fine-tuned through low-rank adapters, with a trained head (Guerriero et al., FT-C-LoRA).

    Args:
        model: "embedded" (the tiny one in the package), a name of `actscribe models list`, or a local folder.
        prompt: that follows the video, instead of our own; {setting} and {labels} are filled in.
        pooling: how the states of all tokens become one: "mean" over the video-token positions, or "attention" over the
            whole sequence.
        hidden: width of a hidden layer in the head; 0: a linear head.
        dropout: share of the head's inputs that are dropped in training.
        batch_tokens: size of a padded batch that is scored, at most.
        tower: whose layers are adapted: "language", "vision" or "both".
        targets: which of them, one name or several: "query-value", "attention", "mlp", "all-linear" (attention and
            mlp), or names of the model's own layers such as k_proj, which are checked before anything is decoded.
        rank: of the adapters' matrices: how much they can learn.
        alpha: the adapters' product is scaled by alpha / rank.
        adapter_dropout: share of the adapters' inputs that are dropped in training.
        checkpointing: compute activations again in the backward pass; less memory, about a third more time.
        fsdp: of several processes each holds a part of the language model's frozen weights (PyTorch's FSDP 2); less
            memory, and weights travel at every step.
        probe_first: train the head alone on kept features, then adapters and head together (Kumar et al. 2022).
        probe_epochs: epochs of the head alone, at most.
    """

    model: Annotated[str, Located()] = EMBEDDED
    prompt: str = ""
    pooling: Literal["mean", "attention"] = "mean"
    hidden: Annotated[int, Unit("units")] = Field(0, ge=0)
    dropout: float = Field(0.1, ge=0, lt=1)
    batch_tokens: Annotated[int, Unit("tokens")] = Field(4096, ge=1)
    tower: Literal["language", "vision", "both"] = "language"
    targets: tuple[str, ...] = Field(("query-value",), min_length=1)
    rank: int = Field(16, ge=1)
    alpha: int = Field(32, ge=1)
    adapter_dropout: float = Field(0.1, ge=0, lt=1)
    checkpointing: bool = False
    fsdp: bool = False
    probe_first: bool = False
    probe_epochs: Annotated[int, Unit("epochs")] = Field(20, ge=1)
    weight_decay: float = Field(0.01, ge=0)
    augment: bool = False

    @field_validator("targets", mode="before")
    @classmethod
    def _one_or_several(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _nothing_is_mixed(self) -> Self:
        if self.augmentation.mixes() or self.augmentation.smoothing:
            raise ValueError("mixup, cutmix and smoothing are not supported by vlm-lora, whose clips become tokens")
        return self


def _server(settings: ZeroShot) -> str:
    return settings.server


def _asked(settings: ZeroShot) -> tuple[str, ...]:
    return ("validation",) if settings.quantize else ()  # where the smaller weights are compared with the full ones


def _quantized(settings: ZeroShot) -> tuple[str, ...]:
    return ("bitsandbytes",) if settings.quantize and not settings.server else ()


def _judged(settings: VlmJudgeSettings) -> tuple[str, ...]:
    if settings.judge_server:
        return _quantized(settings)
    if settings.judge == PACKAGED_JUDGE:
        return (*_quantized(settings), "gguf", JUDGE_PACKAGE)
    return (*_quantized(settings), *(("gguf",) if settings.judge.endswith(".gguf") else ()))


def _adapted(settings: VlmLoraSettings) -> tuple[str, ...]:
    return ("peft",)


def _minutes(settings: VlmGroundSettings) -> str:
    return "is asked about windows of minutes"


_FORMATS: Mapping[str, Mapping[str, object]] = {
    "float32": {"dtype": "float32"},
    "bfloat16": {"dtype": "bfloat16"},
    "8bit": {"quantize": "8bit"},
    "4bit": {"quantize": "4bit"},
}
#: What the registry takes from here.
RECOGNIZERS = {
    "vlm-list": RecognizerSpec(
        "zero-shot: a vision-language model lists the activities that occur",
        VlmListSettings,
        "actscribe.recognizers.vlm_list:VLM_LIST",
        _asked,
        _quantized,
        shares_features=True,
        model=named_model,
        server=_server,
        answers=True,
        number_formats=_FORMATS,
    ),
    "vlm-yesno": RecognizerSpec(
        "zero-shot: a vision-language model answers one yes/no question per label",
        VlmYesnoSettings,
        "actscribe.recognizers.vlm_yesno:VLM_YESNO",
        _asked,
        _quantized,
        models=("vlm",),
        shares_features=True,
        model=named_model,
        server=_server,
        answers=True,
        number_formats=_FORMATS,
    ),
    "vlm-judge": RecognizerSpec(
        "zero-shot: a vision-language model writes a caption, a text-only model judges each label from it",
        VlmJudgeSettings,
        "actscribe.recognizers.vlm_judge:VLM_JUDGE",
        _asked,
        _judged,
        models=("llm",),
        shares_features=True,
        model=named_model,
        server=_server,
        answers=True,
        number_formats=_FORMATS,
    ),
    "vlm-ground": RecognizerSpec(
        "zero-shot: a vision-language model says from when to when each label happens, in windows of minutes",
        VlmGroundSettings,
        "actscribe.recognizers.vlm_ground:VLM_GROUND",
        _asked,
        _quantized,
        model=named_model,
        server=_server,
        answers=True,
        number_formats=_FORMATS,
        looks_ahead=_minutes,
    ),
    "vlm-head": RecognizerSpec(
        "frozen vision-language model with a trained head on its pooled hidden states",
        VlmHeadSettings,
        "actscribe.recognizers.vlm_head:VLM_HEAD",
        training_splits,
        models=("vlm states",),
        embeds=True,
        model=named_model,
        number_formats=TRAINED_FORMATS,
    ),
    "vlm-lora": RecognizerSpec(
        "vision-language model fine-tuned through low-rank adapters, with a trained head",
        VlmLoraSettings,
        "actscribe.recognizers.vlm_lora:VLM_LORA",
        training_splits,
        _adapted,
        merges_into="vlm-head",
        shares_features=True,
        model=named_model,
        number_formats=TRAINED_FORMATS,
    ),
}
