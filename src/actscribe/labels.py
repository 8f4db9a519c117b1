"""Labels: names, definitions, questions, aliases in annotation files, and the rules between them."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from actscribe.errors import ActScribeError, did_you_mean
from actscribe.indicator_settings import Indicator, Name, TimeBudget

Task = Literal["multi-label", "multi-class"]

#: Words in a label's name or phrase that a mirrored video contradicts.
DIRECTIONS = frozenset(
    {"left", "right", "leftward", "rightward", "leftwards", "rightwards", "lefthand", "righthand"}
    | {"clockwise", "anticlockwise", "counterclockwise"}
)

#: Measures that point events have.
_OF_POINTS = ("latency", "count", "rate per minute")


class Label(BaseModel):
    """One activity.

    Args:
        name: as tables, timelines and exports show it.
        definition: one sentence that tells a new annotator when it is present.
        question: the yes/no question that a vision-language model is asked about a clip.
        phrase: the words for it in running text, as in "a video of {phrase}".
        aliases: other spellings in annotation files; several aliases may fold into one label.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1)
    definition: str = ""
    question: str = ""
    phrase: str = ""
    aliases: tuple[str, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _bare_name(cls, value: object) -> object:
        return {"name": value} if isinstance(value, str) else value

    def yes_no_question(self) -> str:
        """Return the yes/no question, made from the name where the label set has none."""
        return self.question or f"Does this video show: {self.described()}?"

    def described(self) -> str:
        """Return the words for it in running text."""
        return self.phrase or self.name.replace("_", " ").lower()


class Rules(BaseModel):
    """What must hold between labels at one moment.

    Args:
        requires: label -> labels that are present whenever it is.
        excludes: pairs of labels that are never present together.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    requires: dict[str, tuple[str, ...]] = {}
    excludes: tuple[tuple[str, str], ...] = ()


class LabelSet(BaseModel):
    """The labels of a study in their fixed order, the task, and the rules.

    Args:
        name: of the label set.
        task: how many labels a clip has: "multi-label" (several at once, or none) or "multi-class" (exactly one a
            clip).
        labels: the activities, in the order of every score array's last axis.
        ignored: names in annotation files that are left out on purpose; any other unknown name is reported.
        rules: what must hold between labels at one moment.
        setting: one sentence on what the videos show; vision-language prompts begin with it.
        directional: labels that a mirrored video does not show; training mirrors no clip of them. Left out: those whose
            name or phrase says left, right or clockwise; an empty list: none.
        events: names of point events in annotation files that indicators count or count from; no recognizer looks for
            them.
        indicators: what an audit measures in every video, with its limits.
        time_budget: how the tables of a behaviour lab are made; left out: as the defaults of `TimeBudget`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    task: Task = "multi-label"
    setting: str = ""
    labels: tuple[Label, ...] = Field(min_length=1)
    ignored: tuple[str, ...] = ()
    rules: Rules = Rules()
    directional: tuple[str, ...] | None = None
    events: tuple[Name, ...] = ()
    indicators: tuple[Indicator, ...] = ()
    time_budget: TimeBudget = TimeBudget()

    @field_validator("indicators")
    @classmethod
    def _known_indicators(cls, value: tuple[Indicator, ...], info: ValidationInfo) -> tuple[Indicator, ...]:
        labels, events = [label.name for label in info.data.get("labels", ())], list(info.data.get("events", ()))
        problems = [
            InitErrorDetails(type=PydanticCustomError("value_error", "{text}", {"text": text}), loc=(index,), input="")
            for index, one in enumerate(value)
            if labels and (text := _wrong_names(one, labels, events))
        ]
        if problems:
            raise ValidationError.from_exception_data("LabelSet", problems)
        twice = [name for name, count in Counter(one.name for one in value).items() if count > 1]
        if twice:
            raise ValueError(f"two indicators are called '{twice[0]}'; rename one of them")
        return value

    @model_validator(mode="after")
    def _consistent(self) -> LabelSet:
        spellings: dict[str, Label] = {}
        for label in self.labels:
            for key, spelling in {_spelled(spelling): spelling for spelling in (*label.aliases, label.name)}.items():
                if not key:
                    raise ValueError(f"a name or alias of label '{label.name}' is empty")
                if key in spellings:
                    raise ValueError(_two_labels(spellings[key], label, spelling))
                spellings[key] = label
        twice = [name for name, count in Counter(map(_spelled, self.events)).items() if count > 1]
        if twice:
            raise ValueError(f"two events are called '{twice[0]}'; remove one of them")
        doubled = sorted(name for name in self.events if _spelled(name) in spellings or self.is_ignored(name))
        if doubled:
            raise ValueError(f"{', '.join(doubled)}: is both an event and a label, an alias of one, or ignored")
        left_out = sorted(name for name in self.ignored if _spelled(name) in spellings)
        if left_out:
            raise ValueError(f"{', '.join(left_out)}: is both ignored and a label or an alias of one")
        named = {name for name, needed in self.rules.requires.items() for name in (name, *needed)}
        named |= {name for pair in self.rules.excludes for name in pair}
        unknown = sorted(named - set(self.names))
        if unknown:
            raise ValueError(f"rules name {', '.join(unknown)}. {did_you_mean(unknown[0], self.names)}")
        unknown = sorted(set(self.directional or ()) - set(self.names))
        if unknown:
            raise ValueError(f"directional names {', '.join(unknown)}. {did_you_mean(unknown[0], self.names)}")
        unknown = sorted(set(self.time_budget.out_of_sight) - set(self.names))
        if unknown:
            raise ValueError(f"out_of_sight names {', '.join(unknown)}. {did_you_mean(unknown[0], self.names)}")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """Label names in score order."""
        return tuple(label.name for label in self.labels)

    def __len__(self) -> int:
        return len(self.labels)

    def index(self, name: str) -> int:
        """Return the position of a label on the last axis of scores.

        Args:
            name: of the label, as it is spelled in the set.

        Raises:
            ValueError: no label has that name.
        """
        return self.names.index(name)

    def mirror_sensitive(self) -> tuple[str, ...]:
        """Return the labels that a mirrored video does not show: `directional`, or by the words of name and phrase."""
        if self.directional is not None:
            return self.directional
        return tuple(label.name for label in self.labels if DIRECTIONS & _words(f"{label.name} {label.phrase}"))

    def resolve(self, spelling: str) -> str | None:
        """Return the label that a spelling in a file stands for, or None.

        Args:
            spelling: a name or alias. Case, outer spaces, and whether an accent is a character of its own do not
                matter.
        """
        return self._by_spelling.get(_spelled(spelling))

    def is_ignored(self, spelling: str) -> bool:
        """Tell whether a spelling is left out on purpose.

        Args:
            spelling: compared as in `resolve`.
        """
        return _spelled(spelling) in self._ignored

    def unknown(self, spellings: Iterable[str]) -> dict[str, int]:
        """Return each spelling that is neither a label, an event nor ignored, with how often it occurs.

        Args:
            spellings: for instance of intervals; compared as in `resolve`.
        """
        counts = Counter(spellings)
        known = {s for s in counts if self.resolve(s) is not None or self.is_ignored(s) or self.event(s) is not None}
        return {s: n for s, n in sorted(counts.items()) if s not in known}

    def event(self, spelling: str) -> str | None:
        """Return the point event that a spelling in a file stands for, or None.

        Args:
            spelling: compared as in `resolve`.
        """
        return next((name for name in self.events if _spelled(name) == _spelled(spelling)), None)

    def moments(self) -> tuple[str, ...]:
        """Return the columns of the manifest that indicators count from, each once."""
        return tuple(dict.fromkeys(column for one in self.indicators for column in one.columns()))

    @cached_property
    def _by_spelling(self) -> dict[str, str]:
        return {_spelled(spelling): label.name for label in self.labels for spelling in (label.name, *label.aliases)}

    @cached_property
    def _ignored(self) -> frozenset[str]:
        return frozenset(map(_spelled, self.ignored))


def _spelled(text: str) -> str:
    """Return a name as it is compared: macOS writes 'ü' as two characters, Windows as one."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", text.strip()).casefold())


def _two_labels(first: Label, second: Label, spelling: str) -> str:
    """Say that a spelling stands for two labels, and for which."""
    if _spelled(first.name) == _spelled(second.name):
        return f"two labels are called '{first.name}'; remove or rename one of them"
    return (
        f"'{spelling.strip()}' is a name or alias of both '{first.name}' and '{second.name}'; leave it to one of them"
    )


def _wrong_names(one: Indicator, labels: Sequence[str], events: Sequence[str]) -> str:
    """Say which name of an indicator the label set does not know, or where a point event cannot stand; or nothing."""
    known = [*labels, *events]
    wrong = next((name for name in one.names() if name not in known), None)
    if wrong is not None:
        return f"'{one.name}' names '{wrong}', which is not a label. {did_you_mean(wrong, known)}"
    timed = (*one.without, *one.overlap_with, *one.among, *one.inside, *(() if one.measure in _OF_POINTS else one.of))
    point = next((name for name in timed if name in events), None)
    if point is not None:
        return f"'{one.name}': '{point}' is a point event, which lasts no time; count it instead"
    ended = next((at.end_of for at in (one.after, one.until) if at and at.end_of in events), None)
    if ended is not None:
        return f"'{one.name}': '{ended}' is a point event, which has no end; write {{event: {ended}}}"
    if one.measure == "during pauses" and set(labels) == set(one.of):
        return f"'{one.name}': no other label is left that could run in the pauses"
    return ""


def _words(text: str) -> set[str]:
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)
    return set(re.findall(r"[a-z]+", parted.lower()))


def load_label_set(source: str | Path) -> LabelSet:
    """Return a preset by name, or the label set in a YAML file.

    Args:
        source: a preset's name, one of `labels.presets()`, or the path of a YAML file with the keys of `LabelSet`.

    Raises:
        ActScribeError: neither a preset nor a file, or a file that is not a label set (line and reason named).
    """
    from actscribe.yaml_file import load_model

    if str(source) in presets():
        with resources.as_file(resources.files("actscribe") / "presets" / f"{source}.yaml") as path:
            return load_model(path, LabelSet)
    path = Path(source)
    if path.is_dir():
        inside = path / "labels.yaml"
        hint = f"Name the file: {inside}" if inside.is_file() else f"Presets: {', '.join(presets())}."
        raise ActScribeError(f"{path}: is a folder, expected a label preset or a YAML file.", hint)
    if not path.is_file():
        raise ActScribeError(f"'{source}' is neither a label preset nor a file.", did_you_mean(str(source), presets()))
    return load_model(path, LabelSet)


def presets() -> tuple[str, ...]:
    """Names of the label sets that come with the package."""
    folder = resources.files("actscribe") / "presets"
    return tuple(sorted(entry.name[:-5] for entry in folder.iterdir() if entry.name.endswith(".yaml")))
