"""The recognizers that a study can name. Light: neither networks nor other packages are loaded until one is used.

A package outside this one adds a recognizer by an entry point of the group `actscribe.recognizers` that names a
`RecognizerSpec`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, Protocol

from pydantic import BaseModel

from actscribe.errors import ActScribeError, did_you_mean
from actscribe.settings.dual_encoder import ClipSettings, DualEncoderSettings, VificlipSettings, XclipSettings
from actscribe.settings.frozen_encoder import FrozenEncoderSettings
from actscribe.settings.named_models import IMAGENET, IMAGENET_PACKAGE, JUDGE_PACKAGE, PACKAGED_JUDGE
from actscribe.settings.other_packages import careful, entries, load, wrong
from actscribe.settings.probe import ProbeSettings
from actscribe.settings.temporal import TemporalSettings
from actscribe.settings.training import Training
from actscribe.settings.video_classifier import TimesformerSettings, VideoClassifierSettings
from actscribe.settings.vlm import (
    VlmGroundSettings,
    VlmHeadSettings,
    VlmJudgeSettings,
    VlmListSettings,
    VlmLoraSettings,
    VlmYesnoSettings,
    ZeroShot,
)

#: Group of the entry points by which other packages add recognizers.
ENTRY_POINTS = "actscribe.recognizers"
#: What is trained where nobody says: it needs no optional package.
DEFAULT = "timesformer"
#: What to begin with on real video: its encoder has seen photographs.
REAL_VIDEO = "probe"


class _Named(Protocol):
    """Settings that name a model."""

    @property
    def model(self) -> str:
        """As a study file spells it."""
        ...


def nothing(settings: Any) -> tuple[str, ...]:
    """Answer `packages` or `splits` of a recognizer that needs none."""
    return ()


def no_model(settings: Any) -> str:
    """Answer `model` of a recognizer that takes none."""
    return ""


def at_once(settings: Any) -> str:
    """Answer `looks_ahead` of a recognizer that scores a clip by itself."""
    return ""


@dataclass(frozen=True, slots=True)
class RecognizerSpec:
    """What is known of a recognizer before its code is loaded.

    Args:
        summary: one line for lists of recognizers.
        settings: the pydantic class of its settings; unknown keys are refused if it is so configured.
        code: "package.module:NAME" of its `recognizers.base.Implementation`.
        splits: settings -> the splits that it cannot do without, of "train" and "validation"; one that needs "train"
            is trained, any other one draws nothing and looks at no training clip.
        packages: settings -> optional modules that must be importable, see `packages.COMMANDS`.
        models: kinds of the catalog's models that this recognizer is the usual one for, see `models.catalog.Entry`.
        prompted: compares videos with prompts, and so has scores for classes that it never learned.
        embeds: looks at each clip once and keeps vectors of it, so that no decoded frames have to be kept.
        merges_into: the recognizer as which a run goes on whose adapters are folded into the model; empty: has none.
        model: settings -> the model that they name, see `models.catalog`; empty: they name none.
        looks_ahead: settings -> why it cannot score what has just happened, as part of a sentence; empty: it can.
        learnable: value of the setting `learns` -> parts of the network that learn then, in the words of published
            recipes, see `training.recipes.Part`; empty: there is no such setting.
    """

    summary: str
    settings: type[BaseModel]
    code: str
    splits: Callable[[Any], tuple[str, ...]]
    packages: Callable[[Any], tuple[str, ...]] = nothing
    models: tuple[str, ...] = ()
    prompted: bool = False
    embeds: bool = False
    merges_into: str = ""
    model: Callable[[Any], str] = no_model
    looks_ahead: Callable[[Any], str] = at_once
    learnable: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def trains(self, settings: BaseModel) -> bool:
        """Tell whether anything learns from the training clips."""
        return "train" in self.splits(settings)


def _trained(settings: Training) -> tuple[str, ...]:
    return ("train", "validation") if settings.keep == "best" else ("train",)


def _asked(settings: ZeroShot) -> tuple[str, ...]:
    return ("validation",) if settings.quantize else ()  # where the smaller weights are compared with the full ones


def _dual(settings: DualEncoderSettings) -> tuple[str, ...]:
    return _trained(settings) if settings.trains else ()


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


def _encoder(settings: FrozenEncoderSettings) -> tuple[str, ...]:
    return ("timm", IMAGENET_PACKAGE) if settings.model == IMAGENET else ()


def _around(settings: TemporalSettings) -> str:
    return "" if settings.causal else "scores each step with what comes after it, too (causal: false)"


def _minutes(settings: VlmGroundSettings) -> str:
    return "is asked about windows of minutes"


def _model(settings: _Named) -> str:
    return settings.model


_CLIP_PARTS = {
    "image": frozenset({"vision"}),
    "text": frozenset({"text"}),
    "both": frozenset({"vision", "text", "logit_scale"}),
}
_XCLIP_PARTS = {"image": frozenset({"vision", "message", "mit", "video_prompts"})}

#: Those of this package.
BUILT_IN: dict[str, RecognizerSpec] = {
    "timesformer": RecognizerSpec(
        "supervised TimeSformer: divided space-time attention, fine-tuned on the study's clips",
        TimesformerSettings,
        "actscribe.recognizers.video_classifier:VIDEO_CLASSIFIER",
        _trained,
        models=("timesformer",),
        model=_model,
    ),
    "video-classifier": RecognizerSpec(
        "supervised TimeSformer, VideoMAE, ViViT, V-JEPA 2 or VideoPrism, fine-tuned on the study's clips",
        VideoClassifierSettings,
        "actscribe.recognizers.video_classifier:VIDEO_CLASSIFIER",
        _trained,
        model=_model,
    ),
    "probe": RecognizerSpec(
        "linear or attentive head on a frozen encoder: ImageNet, CLIP, SigLIP, DINO, V-JEPA 2, VideoMAE and others",
        ProbeSettings,
        "actscribe.recognizers.probe:PROBE",
        _trained,
        _encoder,
        models=("encoder",),
        embeds=True,
        model=_model,
    ),
    "temporal": RecognizerSpec(
        "network over a whole recording's features of a frozen encoder: dilated convolutions or windowed attention",
        TemporalSettings,
        "actscribe.recognizers.temporal:TEMPORAL",
        _trained,
        _encoder,
        embeds=True,
        model=_model,
        looks_ahead=_around,
    ),
    "vlm-list": RecognizerSpec(
        "zero-shot: a vision-language model lists the activities that occur",
        VlmListSettings,
        "actscribe.recognizers.vlm_list:VLM_LIST",
        _asked,
        _quantized,
        model=_model,
    ),
    "vlm-yesno": RecognizerSpec(
        "zero-shot: a vision-language model answers one yes/no question per label",
        VlmYesnoSettings,
        "actscribe.recognizers.vlm_yesno:VLM_YESNO",
        _asked,
        _quantized,
        models=("vlm", "llm"),
        model=_model,
    ),
    "vlm-judge": RecognizerSpec(
        "zero-shot: a vision-language model writes a caption, a text-only model judges each label from it",
        VlmJudgeSettings,
        "actscribe.recognizers.vlm_judge:VLM_JUDGE",
        _asked,
        _judged,
        model=_model,
    ),
    "vlm-ground": RecognizerSpec(
        "zero-shot: a vision-language model says from when to when each label happens, in windows of minutes",
        VlmGroundSettings,
        "actscribe.recognizers.vlm_ground:VLM_GROUND",
        _asked,
        _quantized,
        model=_model,
        looks_ahead=_minutes,
    ),
    "vlm-head": RecognizerSpec(
        "frozen vision-language model with a trained head on its pooled hidden states",
        VlmHeadSettings,
        "actscribe.recognizers.vlm_head:VLM_HEAD",
        _trained,
        embeds=True,
        model=_model,
    ),
    "vlm-lora": RecognizerSpec(
        "vision-language model fine-tuned through low-rank adapters, with a trained head",
        VlmLoraSettings,
        "actscribe.recognizers.vlm_lora:VLM_LORA",
        _trained,
        _adapted,
        merges_into="vlm-head",
        model=_model,
    ),
    "clip": RecognizerSpec(
        "CLIP on frames against prompts of the labels: zero-shot, linear probe, or with towers trained; VgHIF if asked",
        ClipSettings,
        "actscribe.recognizers.dual_encoder.recognizer:DUAL",
        _dual,
        models=("clip",),
        prompted=True,
        model=_model,
        learnable=_CLIP_PARTS,
    ),
    "vifi-clip": RecognizerSpec(
        "ViFi-CLIP: both towers of CLIP fine-tuned on the study's clips; VgHIF if asked",
        VificlipSettings,
        "actscribe.recognizers.dual_encoder.recognizer:DUAL",
        _dual,
        prompted=True,
        model=_model,
        learnable=_CLIP_PARTS,
    ),
    "x-clip": RecognizerSpec(
        "X-CLIP: attention between frames and video-specific prompts, its text tower frozen; VgHIF if asked",
        XclipSettings,
        "actscribe.recognizers.dual_encoder.recognizer:DUAL",
        _dual,
        models=("xclip",),
        prompted=True,
        model=_model,
        learnable=_XCLIP_PARTS,
    ),
}


@cache
def added() -> dict[str, list[metadata.EntryPoint]]:
    """Return the entry points of other packages by the name of their recognizer; nothing of theirs is loaded."""
    return {name: points for name, points in entries(ENTRY_POINTS).items() if name not in BUILT_IN}


def names() -> list[str]:
    """Return the names of all recognizers: those of this package, then those that other packages add."""
    return [*BUILT_IN, *sorted(added())]


def recognizer(name: str) -> RecognizerSpec:
    """Return what is known of a recognizer.

    Raises:
        ActScribeError: no such recognizer, with the one probably meant; or the package that adds it does not load.
    """
    if name in BUILT_IN:
        return BUILT_IN[name]
    if name not in added():
        raise ActScribeError(f"no recognizer is called '{name}'.", did_you_mean(name, names()))
    return _loaded(name)


def check_installed(name: str, where: Path) -> None:
    """Prove that the recognizer is here that a run or comparison was made with.

    Raises:
        ActScribeError: it is not, or the package that adds it does not load.
    """
    if name not in names():
        raise ActScribeError(
            f"{where}: was made with the recognizer '{name}', which no installed package has.",
            f"Install the package that adds '{name}', then type the same again: pip install PACKAGE",
        )
    recognizer(name)


def is_installed(name: str) -> bool:
    """Tell whether a recognizer is known, and the package that adds it loads."""
    try:
        recognizer(name)
    except ActScribeError:
        return False
    return True


def usual_for(kind: str) -> str:
    """Return the recognizer that takes models of a kind of the catalog, where the user names none."""
    return next(name for name, spec in BUILT_IN.items() if kind in spec.models)


@cache
def _loaded(name: str) -> RecognizerSpec:
    point, spec = added()[name][0], load(added()[name], "recognizer")
    if not isinstance(spec, RecognizerSpec):
        message = f" is a {type(spec).__name__}; expected a RecognizerSpec at {point.value}."
        raise wrong(point, "recognizer", message)
    if not (isinstance(spec.settings, type) and issubclass(spec.settings, BaseModel)):
        message = f" has the settings {spec.settings!r}; expected a class made from pydantic's BaseModel."
        raise wrong(point, "recognizer", message)
    return replace(
        spec,
        splits=careful(spec.splits, tuple, point, "recognizer", "splits"),
        model=careful(spec.model, str, point, "recognizer", "model"),
        looks_ahead=careful(spec.looks_ahead, str, point, "recognizer", "looks_ahead"),
        packages=careful(spec.packages, tuple, point, "recognizer", "packages"),
    )
