"""What a benchmark runs: a set, shots, seeds, and the settings of each training, from a published recipe or not."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel

from actscribe.counts import counted
from actscribe.data.benchmarks.base import Source
from actscribe.data.views import Views
from actscribe.errors import ActScribeError
from actscribe.evaluation.seeds import MOST_PAIRS
from actscribe.settings.located import placed
from actscribe.settings.registry import BUILT_IN, recognizer
from actscribe.settings.spec import Learning
from actscribe.settings.study import MOST_FRAMES, parse_settings
from actscribe.settings.training import Training
from actscribe.training.recipes import Recipe, load_recipe, one_device
from actscribe.typed_words import typed

#: Frames of a clip where neither the user nor a recipe says.
FRAMES = 8
#: Moments a segment of which training with a recipe draws one; published: every frame of the segment.
TEMPORAL_JITTER = 5
VGHIF, VGHIF_RATE, LEARNS = "vghif", "vghif_learning_rate", "learns"
#: Settings that are text whatever YAML would make of it: `{name}` alone is a published template.
TEXTS = ("template", "neutral")


@dataclass(frozen=True, slots=True)
class Plan:
    """One benchmark: `actscribe benchmark` with its options.

    Args:
        dataset: name of the set.
        source: where it lies.
        backbone: name of a recognizer.
        shots: training clips a class; 0: zero-shot; None: all training clips, or those of `shots_list`.
        shots_list: a split list of training clips, see `lists.read_list`.
        vghif: also with VgHIF, on the same seeds, shots and settings.
        seeds: how many, from 0 on; zero-shot has one.
        recipe: name or file of a published training; empty: the recognizer's own settings.
        overrides: settings instead of those, from `parse_overrides`; `vghif` holds those of VgHIF.
        frames: of a clip; None: the recipe's, or FRAMES.
        clips, crops: views of a test clip, see `Views`; None: the recipe's, or 1.
        base_to_novel: learn the base half of the classes, test on both halves.
        halves: label files of the base and of the novel classes; None: see `few_shot.base_and_novel`.
        shots_labels: the label file that says what the ids of `shots_list` mean; None: they are the set's own.
        published: the recipe, loaded.

    Raises:
        ActScribeError: choices that contradict each other, or a setting that the recognizer does not have.
    """

    dataset: str
    source: Source
    backbone: str
    shots: int | None
    shots_list: Path | None = None
    vghif: bool = False
    seeds: int = 5
    recipe: str = ""
    overrides: Mapping[str, Any] = field(default_factory=dict)
    frames: int | None = None
    clips: int | None = None
    crops: int | None = None
    base_to_novel: bool = False
    halves: tuple[Path, Path] | None = None
    shots_labels: Path | None = None
    published: Recipe | None = field(init=False)

    def __post_init__(self) -> None:
        recognizer(self.backbone)  # refuses a name that is none
        object.__setattr__(self, "published", load_recipe(self.recipe) if self.recipe else None)
        _check_numbers(self)
        _check_vghif(self)
        if self.published is not None:
            _check_recipe(self.published, self.backbone)
        _check_learning(self)

    @property
    def clip_frames(self) -> int:
        """Frames of a clip."""
        return self.frames or (self.published.frames if self.published else FRAMES)

    @property
    def views(self) -> Views:
        """Views of a test clip."""
        test = self.published.test if self.published else None
        clips = self.clips or (test.clips if test else 1)
        return Views(clips, self.crops or (test.crops if test else 1))

    @property
    def keeps_last(self) -> bool:
        """Whether training ends with its last epoch's weights and looks at no validation clip."""
        settings = self.settings(False)
        return isinstance(settings, Training) and settings.keep == "last"

    @property
    def name(self) -> str:
        """Name of the folder with its tables: backbone and shots."""
        return self._stem(self.vghif)

    def run_name(self, vghif: bool, seed: int) -> str:
        """Return the folder of one run.

        Args:
            vghif: with it.
            seed: of the run.
        """
        return f"{self._stem(vghif)}-seed{seed}"

    def settings(self, vghif: bool, clips: int = 0) -> BaseModel:
        """Return the settings of the trainings with or without VgHIF.

        Args:
            vghif: with it.
            clips: training clips, from which a recipe's batches follow; 0: not known yet, or none.

        Raises:
            ActScribeError: a setting that does not exist or is out of range, or too few clips for a recipe's step.
        """
        chosen: dict[str, Any] = {}
        if self.published is not None:
            own_batch = "batch_size" in self.overrides
            chosen = recipe_settings(self.published, 0 if own_batch else clips, self.views.crops)
            if (
                "gradient_accumulation_steps" in self.overrides
            ):  # must divide it, also where the clips are not known yet
                chosen.setdefault("batch_size", self.published.layout.batch_size)
        if self.shots == 0:
            chosen |= recognizer(self.backbone).zero_shot
        chosen = merge(chosen, {key: value for key, value in self.overrides.items() if key not in (VGHIF, VGHIF_RATE)})
        if vghif:
            chosen[VGHIF] = self.overrides.get(VGHIF) or True
            chosen |= {key: value for key, value in self.overrides.items() if key == VGHIF_RATE}
        try:
            return parse_settings(self.backbone, placed(recognizer(self.backbone).settings, chosen, Path()))
        except ValueError as error:
            raise ActScribeError(str(error), "Settings are given as: --set KEY=VALUE") from None

    def trains(self, vghif: bool) -> bool:
        """Tell whether anything learns from the training clips: nothing does in a zero-shot dual encoder.

        Args:
            vghif: with it.
        """
        return recognizer(self.backbone).trains(self.settings(vghif))

    def command(self) -> str:
        """Return the equivalent command line."""
        source = self.source
        words: list[str | Path] = ["actscribe", "benchmark", self.dataset, "--videos", Path(source.videos)]
        words += ["--lists", Path(source.lists)] if source.lists else []
        words += ["--split", str(source.split)] if source.split != 1 else []
        words += ["--as-published"] if source.mode == "as_published" else []
        words += ["--groups", source.groups] if source.groups else []
        words += ["--backbone", self.backbone, *(["--vghif"] if self.vghif else [])]
        if self.shots_list:
            words += ["--shots-list", self.shots_list]
            words += ["--shots-labels", self.shots_labels] if self.shots_labels else []
        else:
            words += ["--shots", "full" if self.shots is None else str(self.shots)]
        words += ["--seeds", str(self.seeds)]
        words += ["--recipe", self.recipe] if self.recipe else []
        words += [word for one in spell_overrides(self.overrides) for word in ("--set", one)]
        words += ["--frames", str(self.clip_frames)]
        words += ["--clips", str(self.views.clips), "--crops", str(self.views.crops)]
        words += ["--base-to-novel"] if self.base_to_novel else []
        words += ["--halves", *self.halves] if self.halves else []
        return typed(*words)

    def _stem(self, vghif: bool) -> str:
        shots = self.shots_list.stem if self.shots_list else "full" if self.shots is None else str(self.shots)
        return f"{self.backbone}{'-vghif' * vghif}-{shots}{'-base' * self.base_to_novel}"


def recipe_settings(recipe: Recipe, clips: int, crops: int) -> dict[str, Any]:
    """Return a published recipe as settings of a dual encoder.

    Args:
        recipe: without learned prompts.
        clips: training clips, for batch_size, gradient_accumulation_steps and clips_per_epoch; 0: leave these out.
        crops: of a test clip; three come from pictures that are no larger than the network's input.

    Raises:
        ActScribeError: too few clips for one published optimiser step.
    """
    steps, pictures = recipe.optimizer, recipe.pictures
    batch: dict[str, Any] = {}
    if clips:
        passes = one_device(recipe.layout, clips, recipe.layout.per_device)
        batch = {
            "batch_size": passes.batch_size,
            "gradient_accumulation_steps": passes.gradient_accumulation_steps,
            "clips_per_epoch": passes.clips_per_epoch,
        }
    return batch | {
        "epochs": recipe.epochs,
        "learning_rate": steps.learning_rate,
        "new_factor": steps.new_factor,
        "betas": steps.betas,
        "eps": steps.eps,
        "weight_decay": steps.weight_decay,
        "decay_vectors": steps.decay_vectors,
        "warmup": steps.warmup_epochs / recipe.epochs,
        "min_lr_ratio": steps.min_lr_ratio,
        "keep": "last",
        "positive_weight": False,  # published: plain soft cross-entropy, however uneven the classes
        "temporal_jitter": TEMPORAL_JITTER,
        LEARNS: _learns(recipe),
        "template": recipe.template,
        "flip": recipe.flip,
        "augment": True,
        "augmentation": recipe.augmentation.model_dump(),
        "resize_mode": "crop",
        "crop_pct": pictures.size / (pictures.three_crop_short_side if crops == 3 else pictures.short_side),
        "mean": tuple(value / 255 for value in pictures.mean),
        "std": tuple(value / 255 for value in pictures.std),
    }


def parse_overrides(texts: Iterable[str]) -> dict[str, Any]:
    """Return `KEY=VALUE` texts as nested settings: values are YAML, dots go down (`augmentation.mixup=0`).

    The value of a key in `TEXTS` is the text itself, or what YAML reads between its quotes.

    Raises:
        ActScribeError: not of this form, not YAML, or a key both with a value of its own and with parts.
    """
    overrides: dict[str, Any] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        path = key.strip().split(".")
        if not equals or not all(path):
            raise ActScribeError(f"--set {text}: expected KEY=VALUE.", "Example: --set learning_rate=1e-5")
        try:
            is_text = len(path) == 1 and path[0] in TEXTS and not value.lstrip().startswith(("'", '"'))
            parsed = value.strip() if is_text else yaml.safe_load(value)
        except (yaml.YAMLError, ValueError):  # the latter: a date that does not exist
            raise ActScribeError(f"--set {text}: '{value}' is not a YAML value.") from None
        inner = overrides
        for index, part in enumerate(path[:-1]):
            inner = inner.setdefault(part, {})
            if not isinstance(inner, dict):
                raise ActScribeError(f"--set {text}: '{'.'.join(path[: index + 1])}' has a value already.")
        if path[-1] in inner:
            raise ActScribeError(f"--set {text}: '{key.strip()}' is set twice.")
        inner[path[-1]] = parsed
    return overrides


def spell_overrides(overrides: Mapping[str, Any], above: str = "") -> list[str]:
    """Return nested settings as the texts that `parse_overrides` reads."""
    texts = []
    for key, value in overrides.items():
        if isinstance(value, Mapping) and value:
            texts += spell_overrides(value, f"{above}{key}.")
        else:
            texts.append(f"{above}{key}={json.dumps(value, ensure_ascii=False)}")
    return texts


def merge(settings: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return `settings` with `changes`, part by part where both hold parts."""
    merged = dict(settings)
    for key, value in changes.items():
        inner = merged.get(key)
        merged[key] = merge(inner, value) if isinstance(inner, Mapping) and isinstance(value, Mapping) else value
    return merged


def _learns(recipe: Recipe) -> str:
    """Return which towers learn; the modules that X-CLIP adds learn with its image tower.

    Raises:
        ActScribeError: the recognizer cannot learn these parts together.
    """
    if recipe.prompts is not None or "prompts" in recipe.learns:
        raise ActScribeError(
            f"recipe {recipe.name} learns prompt tokens, which no recognizer here has.",
            "Take a recipe that fine-tunes, such as vifi_clip_few_shot.",
        )
    able = recognizer(recipe.backbone).learnable
    for learns, one in able.items():
        if one.parts == set(recipe.learns):
            return learns
    known = " or ".join(f"[{', '.join(sorted(one.parts))}]" for one in able.values() if one.parts)
    raise ActScribeError(
        f"recipe {recipe.name} learns [{', '.join(recipe.learns)}], which {recipe.backbone} cannot learn"
        " together and without the rest.",
        f"Set the recipe's learns to {known}.",
    )


def _check_numbers(plan: Plan) -> None:
    if plan.shots is not None and plan.shots < 0:
        raise ActScribeError(f"{counted(plan.shots, 'shot')} cannot be drawn.")
    if plan.shots_list and plan.shots is not None:
        raise ActScribeError("--shots and --shots-list exclude each other.", "The list says how many shots there are.")
    if plan.shots_list and plan.base_to_novel:
        raise ActScribeError("--base-to-novel draws its own shots.", "Leave out --shots-list and give --shots.")
    if plan.shots_labels and not plan.shots_list:
        raise ActScribeError("--shots-labels says what the ids of a list mean.", "Give --shots-list as well.")
    if plan.halves and not plan.base_to_novel:
        raise ActScribeError("--halves names base and novel classes.", "Give --base-to-novel as well, or leave it out.")
    if not 1 <= plan.seeds <= MOST_PAIRS:
        raise ActScribeError(f"expected 1 to {MOST_PAIRS} seeds, found {plan.seeds}.")
    if plan.crops not in (None, 1, 3):
        raise ActScribeError(f"expected 1 or 3 crops of a test clip, found {plan.crops}.")
    if plan.clips == 0 or plan.frames == 0:
        raise ActScribeError("A test clip needs at least 1 view of at least 1 frame.")
    if plan.clip_frames > MOST_FRAMES:
        raise ActScribeError(f"expected at most {MOST_FRAMES} frames of a clip, found {plan.clip_frames}.")


def _check_vghif(plan: Plan) -> None:
    if plan.vghif and not recognizer(plan.backbone).prompted:
        able = ", ".join(name for name, spec in BUILT_IN.items() if spec.prompted)
        raise ActScribeError(f"{plan.backbone} has no text tower that VgHIF could refine.", f"These have one: {able}.")
    if plan.vghif and plan.shots == 0:
        raise ActScribeError(
            "An untrained VgHIF gives the scores of its backbone.", "Leave out --vghif, or give --shots 2 or more."
        )
    if VGHIF in plan.overrides and not (plan.vghif and isinstance(plan.overrides[VGHIF], Mapping)):
        raise ActScribeError(
            "It is the option --vghif that adds VgHIF.",
            "Type --vghif, and --set vghif.KEY=VALUE to change its settings.",
        )
    if VGHIF_RATE in plan.overrides and not plan.vghif:
        raise ActScribeError(
            f"{VGHIF_RATE} is the rate of VgHIF, which this benchmark is without.", "Type --vghif, or leave it out."
        )


def _check_learning(plan: Plan) -> None:
    spec = recognizer(plan.backbone)
    learns = spec.learns(plan.settings(plan.vghif))
    trains = plan.trains(plan.vghif)
    if plan.shots == 0 and trains:
        what = f"learns: {learns} needs" if learns else f"{plan.backbone} needs"
        raise ActScribeError(f"{what} training clips.", "Give --shots 2 or more, or --shots full.")
    if plan.shots != 0 and not trains:
        how = f", or let it learn with --set learns={_learnable(plan.backbone)}" if learns else ""
        raise ActScribeError(f"{plan.backbone} learns nothing from shots.", f"Give --shots 0{how}.")
    if plan.base_to_novel and not (spec.prompted and spec.learnable.get(learns, Learning()).compares_prompts):
        raise ActScribeError(
            f"{plan.backbone} has no scores for classes that it has not learned.",
            "Base-to-novel needs a backbone that compares videos with prompts, not a probe.",
        )


def _learnable(backbone: str) -> str:
    """Return in words what a recognizer takes for `learns`, where anything learns then."""
    able = [value for value, one in recognizer(backbone).learnable.items() if one != Learning()]
    return f"{', '.join(able[:-1])} or {able[-1]}"


def _check_recipe(recipe: Recipe, backbone: str) -> None:
    own = recipe.backbone
    if own != backbone:
        raise ActScribeError(f"recipe {recipe.name} is for {own}, not for {backbone}.", f"Type --backbone {own}")
    _learns(recipe)
