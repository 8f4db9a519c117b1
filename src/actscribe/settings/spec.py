"""What is known of a recognizer before its code is loaded, and the usual answers to what it needs. Light to import."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from pydantic import BaseModel

from actscribe.settings.encoder import EncoderChoice
from actscribe.settings.training import Training


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


def no_encoder(settings: Any) -> EncoderChoice | None:
    """Answer `encoder` of a recognizer without a frozen backbone that others can look through."""
    return None


def no_server(settings: Any) -> str:
    """Answer `server` of a recognizer whose model is loaded by itself."""
    return ""


def no_choice(settings: Any) -> str:
    """Answer `learns` of a recognizer of which always the same learns."""
    return ""


def at_once(settings: Any) -> str:
    """Answer `looks_ahead` of a recognizer that scores a clip by itself."""
    return ""


def training_splits(settings: Training) -> tuple[str, ...]:
    """Answer `splits` of a recognizer that is always trained."""
    return ("train", "validation") if settings.keep == "best" else ("train",)


def named_model(settings: _Named) -> str:
    """Answer `model` of a recognizer with a setting of that name."""
    return settings.model


#: `number_formats` of a recognizer whose settings are made from `Training`.
TRAINED_FORMATS: Mapping[str, Mapping[str, object]] = {
    "float32": {"precision": "float32"},
    "bfloat16": {"precision": "bfloat16"},
}


@dataclass(frozen=True, slots=True)
class Learning:
    """What learns, as one value of a recognizer's setting `learns` has it.

    Args:
        parts: of the network, in the words of published recipes, see `training.recipes.Part`; empty: none of them.
        compares_prompts: whether videos are compared with prompts still.
    """

    parts: frozenset[str] = frozenset()
    compares_prompts: bool = True


@dataclass(frozen=True, slots=True)
class RecognizerSpec:
    """What is known of a recognizer before its code is loaded.

    Args:
        summary: one line for lists of recognizers.
        settings: the pydantic class of its settings; unknown keys are refused if it is so configured. Who makes it from
            `settings.training.Training` is trained in epochs with these: processes share its optimiser steps, and
            without a validation split its last weights are kept.
        code: "package.module:NAME" of its `recognizers.base.Implementation`.
        splits: settings -> the splits that it cannot do without, of "train" and "validation"; one that needs "train"
            is trained, any other one draws nothing and looks at no training clip.
        packages: settings -> optional modules that must be importable, see `packages.COMMANDS`.
        models: kinds of the catalog's models that this recognizer is the usual one for, see `models.catalog.Entry`;
            "vlm states" stands for what a head learns from a "vlm" that is frozen.
        prompted: compares videos with prompts, and so has scores for classes that it never learned.
        embeds: looks at each clip once and keeps vectors of it, so that no decoded frames have to be kept.
        shares_features: keeps what the frozen part of its model computes, for every recognizer on that model; one that
            embeds does so, too.
        merges_into: the recognizer as which a run goes on whose adapters are folded into the model; empty: has none.
        model: settings -> the model that they name, see `models.catalog`; empty: they name none.
        encoder: settings -> the frozen encoder that it looks through, which other questions can be put to; None: none.
        server: settings -> the address of the server that runs this model; empty: it is loaded here.
        answers: tells what its model answers, see `recognizers.base.Answering`; runs keep that beside their scores.
        number_formats: "float32", "bfloat16", "8bit" or "4bit" -> the settings that compute in it.
        looks_ahead: settings -> why it cannot score what has just happened, as part of a sentence; empty: it can.
        past_alone: settings with which a score depends on the past alone; empty: that is not a choice.
        learnable: value of the setting `learns` -> what learns then; empty: there is no such setting.
        learns: settings -> their value of it.
        zero_shot: settings with which nothing learns; empty: that is not a choice.
    """

    summary: str
    settings: type[BaseModel]
    code: str
    splits: Callable[[Any], tuple[str, ...]]
    packages: Callable[[Any], tuple[str, ...]] = nothing
    models: tuple[str, ...] = ()
    prompted: bool = False
    embeds: bool = False
    shares_features: bool = False
    merges_into: str = ""
    model: Callable[[Any], str] = no_model
    encoder: Callable[[Any], EncoderChoice | None] = no_encoder
    server: Callable[[Any], str] = no_server
    answers: bool = False
    number_formats: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    looks_ahead: Callable[[Any], str] = at_once
    past_alone: Mapping[str, object] = field(default_factory=dict)
    learnable: Mapping[str, Learning] = field(default_factory=dict)
    learns: Callable[[Any], str] = no_choice
    zero_shot: Mapping[str, object] = field(default_factory=dict)

    def trains(self, settings: BaseModel) -> bool:
        """Tell whether anything learns from the training clips."""
        return "train" in self.splits(settings)
