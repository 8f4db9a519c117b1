"""Published recipes as typed values, and how many clips and passes one device needs to take the same steps."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from actscribe.errors import ActScribeError, did_you_mean
from actscribe.settings.registry import BUILT_IN
from actscribe.settings.training import Augmentation
from actscribe.yaml_file import load_model

FOLDER = "recipes"
#: Parts of a network that a recipe may train; the last three of these are what X-CLIP adds to CLIP, then prompt tokens.
Part = Literal["vision", "text", "logit_scale", "message", "mit", "video_prompts", "prompts"]


class Layout(BaseModel):
    """How a published run spreads a batch over devices.

    Args:
        devices: graphics cards.
        per_device: clips that one card takes at a time.
        gradient_accumulation_steps: such passes per optimiser step.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    devices: int = Field(ge=1)
    per_device: int = Field(ge=1)
    gradient_accumulation_steps: int = Field(1, ge=1)

    @property
    def batch_size(self) -> int:
        """Clips of one optimiser step."""
        return self.devices * self.per_device * self.gradient_accumulation_steps

    def steps_per_epoch(self, clips: int) -> int:
        """Return the optimiser steps that the published code takes in an epoch of so many training clips.

        Each card gets an equal share, the clips repeated to fill it; an incomplete pass is dropped, and so are the
        gradients of passes that do not fill an accumulation.
        """
        share = -(-clips // self.devices)
        return share // self.per_device // self.gradient_accumulation_steps


class Passes(BaseModel):
    """What one device does in the place of several; the fields of `training.fit.Fit` have the same names.

    Args:
        batch_size: clips of one optimiser step.
        per_pass: clips in memory at a time.
        gradient_accumulation_steps: passes per optimiser step.
        steps_per_epoch: as published.
        clips_per_epoch: batch size times steps; what is left of an epoch's order is not used, as published.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    batch_size: int
    per_pass: int
    gradient_accumulation_steps: int
    steps_per_epoch: int
    clips_per_epoch: int


def one_device(layout: Layout, clips: int, fit: int) -> Passes:
    """Return how one device takes the published number of optimiser steps of the published batch.

    Args:
        layout: of the published run.
        clips: training clips of this run.
        fit: clips that fit into memory at a time.

    Raises:
        ActScribeError: an epoch of so few clips has not one published step.
    """
    steps = layout.steps_per_epoch(clips)
    if not steps:
        raise ActScribeError(
            f"{clips} clips do not fill one step of {layout.batch_size} clips on {layout.devices} devices.",
            f"Take smaller steps than published: --set batch_size={min(clips, fit)}",
        )
    per_pass = max(size for size in range(1, min(fit, layout.batch_size) + 1) if layout.batch_size % size == 0)
    return Passes(
        batch_size=layout.batch_size,
        per_pass=per_pass,
        gradient_accumulation_steps=layout.batch_size // per_pass,
        steps_per_epoch=steps,
        clips_per_epoch=steps * layout.batch_size,
    )


class Optimizer(BaseModel):
    """AdamW and its schedule: linear warm-up from 0, then a cosine to a share of the rate, step by step.

    Args:
        learning_rate: of the pretrained parts that learn.
        new_factor: times that for modules that start from nothing.
        betas, eps, weight_decay: of AdamW.
        decay_vectors: whether weight decay acts on biases and norms too; on positions it always does (ours).
        warmup_epochs: of all `epochs`.
        min_lr_ratio: of the learning rate, at the end.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    learning_rate: float = Field(gt=0)
    new_factor: float = Field(1.0, gt=0)
    betas: tuple[float, float] = (0.9, 0.98)
    eps: float = Field(1e-8, gt=0)
    weight_decay: float = Field(0.001, ge=0)
    decay_vectors: bool
    warmup_epochs: float = Field(5, ge=0)
    min_lr_ratio: float = Field(0.01, ge=0, le=1)


class Pictures(BaseModel):
    """How frames become the network's input.

    Args:
        short_side: of a frame before it is cropped; `three_crop_short_side` where a test takes three crops.
        size: of the square input.
        mean, std: per channel, of values in [0, 255].
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    short_side: int = Field(256, ge=1)
    three_crop_short_side: int = Field(224, ge=1)
    size: int = Field(224, ge=1)
    mean: tuple[float, float, float]
    std: tuple[float, float, float]


class ViewCount(BaseModel):
    """Views of a clip whose scores are averaged; `data.views.Views` has the same fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    clips: int = Field(1, ge=1)
    crops: Literal[1, 3] = 1


class Prompts(BaseModel):
    """Learned prompt tokens in both towers; all else stays frozen.

    Args:
        vision, text: tokens.
        vision_depth, text_depth: layers that get tokens of their own, from the input.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    vision: int = Field(ge=1)
    text: int = Field(ge=1)
    vision_depth: int = Field(ge=1)
    text_depth: int = Field(ge=1)


class Published(BaseModel):
    """A number to compare with.

    Args:
        dataset: and setting, such as "hmdb51 base".
        shots: of a class; None: all clips, or zero-shot.
        top1, top5: in percent.
        source: where it stands.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    dataset: str
    shots: int | None = None
    top1: float
    top5: float | None = None
    source: str


class Recipe(BaseModel):
    """One published training.

    Args:
        name: of the recipe.
        summary: one sentence.
        paper: and code it is from.
        backbone: a recognizer of which parts can learn, see `RecognizerSpec.learnable`.
        architecture: of the image tower.
        start: weights that training begins with.
        frames: of a clip.
        epochs: all of them; the published code stops at none.
        layout: of the published run.
        optimizer: and schedule.
        learns: parts that learn.
        prompts: learned tokens, or None.
        template: of a class prompt, {name} filled in.
        flip: mirror clips; ours leaves out classes that mean a direction.
        augmentation: of training clips.
        pictures: how frames become input.
        test: views at test.
        seed: of the published run, to which it adds the device's number.
        published: results.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    summary: str
    paper: str
    backbone: str
    architecture: str
    start: str
    frames: int = Field(ge=1)
    epochs: int = Field(ge=1)
    layout: Layout
    optimizer: Optimizer
    learns: tuple[Part, ...] = Field(min_length=1)
    prompts: Prompts | None = None
    template: str
    flip: bool = True
    augmentation: Augmentation
    pictures: Pictures
    test: ViewCount = ViewCount()
    seed: int = Field(1024, ge=0)
    published: tuple[Published, ...] = ()

    @field_validator("backbone")
    @classmethod
    def _has_parts(cls, value: str) -> str:
        able = [name for name, spec in BUILT_IN.items() if spec.learnable]
        if value not in able:
            raise ValueError(f"expected one of {', '.join(able)}, found {value}")
        return value


def recipes() -> tuple[str, ...]:
    """Return the names of the recipes that come with the package."""
    folder = resources.files("actscribe") / "presets" / FOLDER
    return tuple(sorted(entry.name[:-5] for entry in folder.iterdir() if entry.name.endswith(".yaml")))


def load_recipe(source: str | Path) -> Recipe:
    """Return a recipe of the package by name, or the one in a YAML file.

    Raises:
        ActScribeError: neither, or a file that is not a recipe (line and reason named).
    """
    if str(source) in recipes():
        with resources.as_file(resources.files("actscribe") / "presets" / FOLDER / f"{source}.yaml") as path:
            return load_model(path, Recipe)
    path = Path(source)
    if not path.is_file():
        raise ActScribeError(f"'{source}' is neither a recipe nor a file.", did_you_mean(str(source), recipes()))
    return load_model(path, Recipe)
