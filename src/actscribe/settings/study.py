"""The study file: recordings, label set, windows, split, recognizers to compare."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

from actscribe.errors import ActScribeError, closest, did_you_mean, in_one_line
from actscribe.labels import LabelSet, load_label_set
from actscribe.names import is_safe_name, safe_name, same_name
from actscribe.settings.located import placed, unplaced
from actscribe.settings.other_packages import NAME
from actscribe.settings.registry import DEFAULT, is_installed, names, recognizer
from actscribe.settings.seed import MOST_SEED
from actscribe.settings.spec import RecognizerSpec
from actscribe.settings.unit import Unit
from actscribe.typed_words import typed
from actscribe.wrong_values import problem_in_words
from actscribe.yaml_file import ENDINGS, EXPLAINED, fields_at, load_model, unquoted

STUDY_FILE = "study.yaml"
#: Endings of tables that may be named in its place.
TABLES = (".csv", ".tsv")
#: The key of an entry of `recognizers` that says what it is, where its name does not.
RECOGNIZER = "recognizer"
#: Context in which a study is read that a run or comparison keeps: packages of its recognizers may be gone since.
SAVED = {"saved": True}
#: Of an entry of `recognizers`; it may be this long in characters, for other folders lie above and below (ours).
LONGEST_NAME = 64
_ANOTHER = "some systems take both for one folder. Give it another name."
#: Shares this close are equal, so that 0.7 + 0.2 + 0.1 is 1.
SAME_SHARE = 1e-6
#: Of one clip.
MOST_FRAMES = 256


class Windows(BaseModel):
    """How recordings are cut into clips (Guerriero et al.: 2-3 s, 1-2 s overlap, 8 frames, target at half coverage).

    Args:
        length: how long a clip is; null makes the whole video one clip (trimmed data sets).
        stride: time from one clip's start to the next one's.
        frames: how many are sampled from a clip, evenly in time.
        threshold: a label is present in a clip when at least this fraction of it is covered.
        square_pixels: show frames as a video player does. A video may say that its pixels are wider than high, as
            copies squeezed to one size do; false feeds its pictures as they are stored, as published code does.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    length: Annotated[float | None, Unit("s")] = Field(3.0, gt=0, allow_inf_nan=False)
    stride: Annotated[float, Unit("s")] = Field(1.0, gt=0, allow_inf_nan=False)
    frames: Annotated[int, Unit("frames")] = Field(8, ge=1, le=MOST_FRAMES)
    threshold: Annotated[float, Unit("share of the clip")] = Field(0.5, gt=0, le=1)
    square_pixels: bool = True

    @model_validator(mode="after")
    def _windows_leave_no_gap(self) -> Windows:
        if self.length is not None and self.stride > self.length:
            raise ValueError(f"stride {self.stride} s leaves gaps between windows of {self.length} s")
        return self


class Split(BaseModel):
    """Which share of the groups goes where; a split column in the manifest takes precedence.

    Args:
        train, validation, test: share of this split; the three sum to 1, and those that are left out share what is
            left. With validation 0 nothing is chosen on it.
        within: "groups" keeps whole groups apart; "recordings" splits every recording by time, which says nothing about
            other subjects, for studies that have too few of them.
        gap: between two parts of a recording, in seconds, at least a clip's length; null: a clip's length.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    train: Annotated[float, Unit("share of the groups")] = Field(0.6, gt=0)
    validation: Annotated[float, Unit("share of the groups")] = Field(0.2, ge=0)
    test: Annotated[float, Unit("share of the groups")] = Field(0.2, ge=0)
    within: Literal["groups", "recordings"] = "groups"
    gap: Annotated[float | None, Unit("seconds")] = Field(None, gt=0, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _left_out_shares_fill_up(cls, value: object) -> object:
        """Give shares that are left out what is left, in proportion to their defaults, unless nothing is."""
        if not isinstance(value, dict):
            return value
        defaults = {name: float(cls.model_fields[name].default) for name in ("train", "validation", "test")}
        given = [value[name] for name in defaults if name in value]
        lacking = {name: share for name, share in defaults.items() if name not in value}
        if not all(type(share) in (int, float) for share in given) or not lacking:
            return value
        left, total = 1 - sum(given), sum(lacking.values())
        if not left > SAME_SHARE or abs(left - total) <= SAME_SHARE:
            return value
        return {**value, **{name: round(left * share / total, 9) for name, share in lacking.items()}}

    @model_validator(mode="after")
    def _sums_to_one(self) -> Split:
        total = self.train + self.validation + self.test
        if abs(total - 1) > SAME_SHARE:
            raise ValueError(
                f"train, validation and test must sum to 1, found {total:g} ({self.train:g} + {self.validation:g} +"
                f" {self.test:g}); write all three, such as"
                " {train: 0.75, validation: 0, test: 0.25}"
            )
        if self.gap is not None and self.within == "groups":
            raise ValueError("'gap' goes with 'within: recordings': groups lie in different recordings")
        return self


class Study(BaseModel):
    """The keys of a study file.

    Args:
        name: of the study, as reports and tables call it.
        recordings: a manifest (CSV with video, annotations, group, split) or a folder of videos with annotation files
            of the same name beside them; relative to the study file.
        labels: a preset's name, a YAML file, or a label set written in place.
        tiers: patterns of the tiers that are read, of ELAN and Praat files: 'act*', '!notes'; none: all.
        windows: how recordings are cut into clips.
        split: which share of the groups is trained on, chosen by, and tested on.
        groups: "none" says on purpose that recordings have no groups, each showing another subject; null: the manifest
            or the sub-folders say which recordings belong together.
        seed: number from which all randomness flows; the same seed gives the same results.
        empty_labels: "error" refuses a label without a positive clip in train, validation or test; "allow" goes on.
        recognizers: those to compare; below each name, its settings. The name is that of a recognizer, or one of your
            own with `recognizer:` among the settings: 'qwen: {recognizer: vlm-yesno, model: qwen3-vl-4b}'.
        folder: where the study file lies; filled in by `load_study`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1)
    recordings: str
    labels: str | LabelSet
    tiers: tuple[str, ...] = ()
    windows: Windows = Windows()
    split: Split = Split()
    groups: Literal["none"] | None = None
    seed: int = Field(0, ge=0, le=MOST_SEED)
    empty_labels: Literal["error", "allow"] = "error"
    recognizers: dict[str, dict[str, Any]] = {DEFAULT: {}}
    folder: Path = Field(default=Path(), exclude=True)

    @field_validator("recognizers", mode="before")
    @classmethod
    def _settings_are_valid(cls, value: object, info: ValidationInfo) -> object:
        if not isinstance(value, dict):
            raise ValueError("expected 'name: {settings}' lines")
        if not value:
            raise ValueError(f"names no recognizer; write at least one, such as '{DEFAULT}: {{}}', or leave it out")
        present = {name: one for name, one in value.items() if info.context != SAVED or not _is_gone(name, one)}
        problems = [problem for name, settings in present.items() for problem in _at(name, settings)]
        problems = problems or _alike(list(value))
        if problems:
            raise ValidationError.from_exception_data("Study", problems)
        return {name: settings or {} for name, settings in value.items()}

    def recognizer_of(self, name: str) -> str:
        """Return the registry's name of a recognizer by the study's name for it; it need not be installed.

        Args:
            name: a key of `recognizers`, or a name of the registry.
        """
        return _entry(name, self.recognizers.get(name, {}))[0]

    def chosen(self, name: str) -> Chosen:
        """Return a recognizer by the study's name for it, or by its own with default settings.

        Args:
            name: a key of `recognizers`, or a name of the registry.

        Raises:
            ActScribeError: neither the study nor the registry has one of that name.
        """
        if name not in self.recognizers and name not in names():
            known = [*self.recognizers, *(one for one in names() if one not in self.recognizers)]
            raise ActScribeError(f"no recognizer is called '{name}'.", did_you_mean(name, known))
        what, settings = _entry(name, self.recognizers.get(name, {}))
        return Chosen(name, what, parse_settings(what, settings))

    def label_set(self) -> LabelSet:
        """Return the label set, loading the preset or file it names."""
        if isinstance(self.labels, LabelSet):
            return self.labels
        beside = self.folder / self.labels
        return load_label_set(beside if beside.is_file() else self.labels)


@dataclass(frozen=True, slots=True)
class Chosen:
    """A recognizer as a study has it.

    Args:
        name: the study's own.
        recognizer: its name in the registry.
        settings: its own, of the class that the registry says.
    """

    name: str
    recognizer: str
    settings: BaseModel

    @property
    def spec(self) -> RecognizerSpec:
        """What the registry knows of it."""
        return recognizer(self.recognizer)

    @property
    def trains(self) -> bool:
        """Whether anything learns from the training clips."""
        return self.spec.trains(self.settings)


def parse_settings(name: str, settings: Mapping[str, Any]) -> BaseModel:
    """Return settings of a recognizer of the registry as its pydantic model.

    Raises:
        ActScribeError: no such recognizer.
        ValueError: an unknown key (with the one probably meant) or a value out of range.
    """
    kind = recognizer(name).settings
    try:
        return kind.model_validate(settings)
    except ValidationError as error:
        raise ValueError(_in_words(name, kind, error.errors()[0])) from None


def _entry(name: str, entry: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return what an entry of `recognizers` is, and its settings."""
    return str(entry.get(RECOGNIZER, name)), {key: value for key, value in entry.items() if key != RECOGNIZER}


def _at(name: object, entry: object) -> list[InitErrorDetails]:
    """Return all problems of a recognizer's lines, each at its own key."""
    if not isinstance(name, str):
        words = f"expected a text as the name of a recognizer, found {_yaml(name)}. Put it into quotes, or fix it."
        return [_problem(words, (str(name),), entry)]
    named = entry[RECOGNIZER] if isinstance(entry, dict) and RECOGNIZER in entry else name
    if not isinstance(named, str) or not named:
        words = f"{name}.{RECOGNIZER}: expected the name of a recognizer, found {_yaml(named)}. {_known()}"
        return [_problem(words, (name, RECOGNIZER), entry)]
    what, settings = _entry(name, entry) if isinstance(entry, dict) else (name, entry)
    words = _unfit(name, what)
    if words:
        return [_problem(words, (name,), entry)]
    kind = recognizer(what).settings
    try:
        kind.model_validate(settings or {})
    except ValidationError as error:
        return [_problem(_in_words(name, kind, one), (name, *one["loc"]), one["input"]) for one in error.errors()]
    return []


def _is_gone(name: object, entry: object) -> bool:
    """Tell whether an entry is of a recognizer whose package is not here any more."""
    return isinstance(name, str) and isinstance(entry, dict) and not is_installed(_entry(name, entry)[0])


def _unfit(name: str, what: str) -> str:
    """Say why an entry cannot be called so, or be that; empty where it can."""
    try:
        recognizer(what)
    except ActScribeError as error:
        ways = f" Or say what '{name}' is: '{name}: {{recognizer: {DEFAULT}}}'." if what == name else ""
        return f"{in_one_line(error)}{ways}"
    if name != what and name in names():
        return f"'{name}' is not the same recognizer as {what}; give this one its own name."
    if not NAME.fullmatch(name):
        return f"'{name}' becomes the name of a folder; expected letters, digits, '.', '-' and '_', a letter first."
    if len(name) > LONGEST_NAME:
        return (
            f"'{name[:20]}…' becomes the name of a folder; expected up to {LONGEST_NAME} characters, found {len(name)}."
        )
    if not is_safe_name(name):
        return f"'{name}' becomes the name of a folder, which some systems do not allow; write '{safe_name(name)}'."
    like = next((one for one in names() if one != name and same_name(one) == same_name(name)), None)
    if like:
        return f"'{name}' differs from the recognizer '{like}' only in upper and lower case; {_ANOTHER}"
    return ""


def _alike(given: Sequence[str]) -> list[InitErrorDetails]:
    """Return a problem at each name that some file system takes for an earlier one."""
    first: dict[str, str] = {}
    pairs = [(first.setdefault(same_name(name), name), name) for name in given]
    return [
        _problem(f"'{name}' differs from '{known}' only in upper and lower case; {_ANOTHER}", (name,), name)
        for known, name in pairs
        if known != name
    ]


def _known() -> str:
    return f"Known: {', '.join(names())}."


def _yaml(value: object) -> str:
    """Return a value as a YAML file may spell it."""
    return json.dumps(value, default=str)


def _problem(words: str, where: tuple[int | str, ...], value: object) -> InitErrorDetails:
    # The words stand in the context, for braces in a template would be filled in.
    return {"type": PydanticCustomError(EXPLAINED, "{words}", {"words": words}), "loc": where, "input": value}


def _in_words(name: str, kind: type[BaseModel], problem: ErrorDetails) -> str:
    key = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        suggestion = did_you_mean(str(problem["loc"][-1]), fields_at(kind, problem["loc"][:-1]))
        return f"{name} has no setting '{key}'. {suggestion}"
    if problem["type"] == "value_error":
        return f"{f'{name}.{key}' if key else name}: {problem_in_words(problem)}"
    if not key:
        return f"{name}: expected 'setting: value' lines (found {problem['input']!r})"
    return f"{name}.{key}: {problem_in_words(problem)}{unquoted(problem['type'], problem['input'])}"


def load_study(path: str | Path) -> Study:
    """Return the study in a study file, or in the study.yaml of a folder. Only this file is read.

    Args:
        path: of the file or its folder; paths in it are relative to that folder.

    Raises:
        ActScribeError: missing or malformed; the message names the line and the key probably meant.
    """
    path = Path(path)
    file = path / STUDY_FILE if path.is_dir() else path
    if not file.is_file():
        raise _no_study(path)
    if file.suffix.lower() in TABLES:
        beside = file.parent / STUDY_FILE
        where = str(beside) if beside.is_file() else f"the {STUDY_FILE} that names it under 'recordings:'"
        raise ActScribeError(
            f"{file}: a table, such as a manifest; expected a study file.", f"Name the study in its place: {where}"
        )
    return placed_study(load_model(file, Study), file.parent)


def _no_study(path: Path) -> ActScribeError:
    """Return the error of a path at which no study is, with one beside it that may be meant."""
    folder = path.parent if path.suffix.lower() in ENDINGS else path
    beside = (folder / STUDY_FILE).with_suffix(".yml")
    if beside.is_file():
        return ActScribeError(f"{path}: no such study file.", f"Did you mean '{beside}'?")
    make = f"Make one with: actscribe new {typed(folder)}"
    if folder.exists() or not folder.parent.is_dir():
        return ActScribeError(f"{path}: no such study file.", make)
    like = closest(folder.name, (one.parent.name for one in folder.parent.glob(f"*/{STUDY_FILE}")))
    meant = f"Did you mean '{folder.parent / like}'? " if like else ""
    return ActScribeError(f"{path}: no such study file.", f"{meant}{make}")


def placed_study(study: Study, folder: Path) -> Study:
    """Return a study with paths in its recognizers' settings that are relative to `folder` made absolute."""
    chosen = {name: _moved(placed, name, entry, folder) for name, entry in study.recognizers.items()}
    return study.model_copy(update={"folder": folder, "recognizers": chosen})


def unplaced_study(study: Study) -> Study:
    """Return a study with paths in its recognizers' settings that lie in its folder made relative to it."""
    chosen = {name: _moved(unplaced, name, entry, study.folder) for name, entry in study.recognizers.items()}
    return study.model_copy(update={"recognizers": chosen})


def _moved(
    move: Callable[[type[BaseModel], Mapping[str, Any], Path], dict[str, Any]],
    name: str,
    entry: Mapping[str, Any],
    folder: Path,
) -> dict[str, Any]:
    what = _entry(name, entry)[0]
    return move(recognizer(what).settings, entry, folder) if is_installed(what) else dict(entry)
