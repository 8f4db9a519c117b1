"""The reference of every key of a study file, made from the classes that read it, so that it says what they do.

Names, defaults and ranges are those that pydantic checks; meanings are the `Args:` of the classes, units their `Unit`.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from actscribe.counts import counted
from actscribe.errors import ActScribeError, did_you_mean
from actscribe.labels import LabelSet
from actscribe.settings.registry import names, recognizer
from actscribe.settings.study import Study
from actscribe.settings.unit import Unit

#: What may be asked for besides a recognizer: the keys of a study file, and those of its labels.
PAGES: dict[str, type[BaseModel]] = {"study": Study, "labels": LabelSet}
REQUIRED = "must be given"
_KINDS = {str: "text", float: "number", int: "whole number", bool: "true or false"}
_PLURALS = {"text": "texts", "number": "numbers", "whole number": "whole numbers"}
_BOUNDS = ((Gt, "gt", "above"), (Ge, "ge", "at least"), (Le, "le", "at most"), (Lt, "lt", "below"))
#: `name: meaning` or `one, two: meaning`, of an Args section whose further lines are indented deeper.
_ARGUMENT = re.compile(r"^    (\w+(?:, \w+)*): (.*(?:\n     .*)*)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Setting:
    """One key.

    Args:
        name: as a study file spells it; keys within a key stand behind a dot, those of each entry of a list behind [].
        meaning: what it does.
        default: as YAML spells it, or `REQUIRED`.
        unit: of its number; empty where it has none.
        range: the values that are taken.
        acts_with: the setting without which it does not act; empty: it always acts; None: it never does.
    """

    name: str
    meaning: str
    default: str
    unit: str
    range: str
    acts_with: str | None = ""

    @property
    def is_fixed(self) -> bool:
        """Whether it takes its default alone."""
        return self.range == self.default


def model_of(name: str) -> type[BaseModel]:
    """Return the class behind a page: "study", "labels" or a recognizer.

    Raises:
        ActScribeError: there is no such page, with the one probably meant.
    """
    if name in PAGES:
        return PAGES[name]
    if name not in names():
        raise ActScribeError(f"no recognizer is called '{name}'.", did_you_mean(name, [*PAGES, *names()]))
    return recognizer(name).settings


def summary(model: type[BaseModel]) -> str:
    """Return what a class says of itself before its `Args:`."""
    return " ".join((inspect.getdoc(model) or "").partition("\nArgs:")[0].split())


def settings_of(model: type[BaseModel], before: str = "") -> list[Setting]:
    """Return every key of a class in its order, each followed by those within it unless it acts on nothing.

    Args:
        model: pydantic's.
        before: put before every name, such as "windows.".
    """
    meanings, acting, settings = _meanings(model), conditions(model), []
    for name, field in model.model_fields.items():
        if field.exclude:
            continue
        units = [one.name for one in field.metadata if isinstance(one, Unit)]
        settings.append(
            Setting(
                before + name,
                meanings.get(name, "") + _sentence(acting.get(name, "")),
                REQUIRED if field.is_required() else _value(field.get_default(call_default_factory=True)),
                units[0] if units else "",
                _range(field),
                acting.get(name, ""),
            )
        )
        inner, each = _model_within(field.annotation)
        if inner is not None and inner is not LabelSet and acting.get(name, "") is not None:
            settings += settings_of(inner, f"{before}{name}{'[]' if each else ''}.")
    return settings


def own_settings(model: type[BaseModel]) -> list[Setting]:
    """Return the keys of a class that its first base class has not, or has with another default, range or meaning.

    Those that the class itself declares come first.
    """
    inherited = settings_of(base) if (base := base_of(model)) else []
    declared = inspect.get_annotations(model)
    settings = [one for one in settings_of(model) if one not in inherited]
    return sorted(settings, key=lambda one: one.name.partition(".")[0].removesuffix("[]") not in declared)


def own_first(model: type[BaseModel]) -> list[Setting]:
    """Return every key of a class: its own, then those of the class that it is made from, and so on."""
    wanted = {setting.name for setting in settings_of(model)}  # a base class may hold more within a key
    by_name: dict[str, Setting] = {}
    one: type[BaseModel] | None = model
    while one is not None:
        for setting in own_settings(one):
            if setting.name in wanted:
                by_name.setdefault(setting.name, setting)
        one = base_of(one)
    return list(by_name.values())


def by_effect(model: type[BaseModel], settings: Sequence[Setting]) -> dict[str | None, list[Setting]]:
    """Return settings by when they act, those within a key beside it.

    Args:
        model: the class that they are of, whose defaults decide.
        settings: in their order; a model's name is put before the others.

    Returns:
        Under "" those that act by default, under a setting such as "head: attentive" those that act with it, and under
        None those that cannot be changed, or act on nothing. A key without settings is left out.
    """
    all_of_model = {one.name: one for one in settings_of(model)}
    groups: dict[str | None, list[Setting]] = {"": []}
    for one in sorted(settings, key=lambda one: one.name != "model"):
        root = all_of_model[one.name.partition(".")[0].removesuffix("[]")]
        groups.setdefault(_when(root, all_of_model), []).append(one)
    never = groups.pop(None, [])
    return {when: group for when, group in {**groups, None: never}.items() if group}


def _when(one: Setting, settings: Mapping[str, Setting]) -> str | None:
    """Return with what a setting acts, where defaults are as they are: "" for with these, None for never."""
    if one.is_fixed or one.acts_with is None:
        return None
    key, _, value = one.acts_with.partition(": ")
    if key not in settings or settings[key].default == value:
        return ""
    return None if settings[key].is_fixed else one.acts_with


def base_of(model: type[BaseModel]) -> type[BaseModel] | None:
    """Return the settings class that a settings class is made from, or None."""
    base = model.__bases__[0]
    return base if base is not BaseModel else None


def _meanings(model: type[BaseModel]) -> dict[str, str]:
    """Return the Args of a class and of those it is made from; its own words come before theirs."""
    meanings: dict[str, str] = {}
    for one in reversed(model.__mro__):
        if issubclass(one, BaseModel) and one is not BaseModel:
            args = inspect.cleandoc(one.__doc__ or "").partition("\nArgs:\n")[2]
            for names, words in _ARGUMENT.findall(args):
                meanings |= dict.fromkeys(names.split(", "), " ".join(words.split()))
    return meanings


def conditions(model: type[BaseModel]) -> dict[str, str | None]:
    """Return for each key that does not always act the setting with which it does, or None, from `acts_with`."""
    acting: dict[str, str] = {}
    for one in reversed(model.__mro__):
        acting |= vars(one).get("acts_with", {})
    return {name: when or None for name, when in acting.items() if name in model.model_fields}


def _sentence(acts_with: str | None) -> str:
    """Return a sentence on when a key acts; empty for one that always does."""
    if acts_with is None:
        return " Acts on nothing here."
    return f" Acts with `{acts_with}` alone." if acts_with else ""


def _value(value: object) -> str:
    """Return a default as YAML spells it."""
    if isinstance(value, BaseModel):
        return "the defaults within"
    if value == {}:
        return "{}"
    if isinstance(value, tuple):
        return f"[{', '.join(map(_value, value))}]"
    return value if isinstance(value, str) and value else json.dumps(value)


def _range(field: FieldInfo) -> str:
    return _taken(field.annotation, field.metadata)


def _taken(kind: Any, checks: list[Any]) -> str:
    """Return the values that a type and its checks let through, in words."""
    origin, inside = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _taken(inside[0], [*_unfolded(inside[1:]), *checks])
    if origin is Literal:
        return ", ".join(map(_value, inside))
    if origin in (Union, UnionType):
        kinds = [_taken(one, checks) for one in inside if one is not NoneType]
        kinds += ["null"] if NoneType in inside else []
        return (", or " if "," in kinds[0] else " or ").join(kinds)
    if origin is tuple:
        return _list(inside, checks)
    if origin is dict:
        return "keys and their values"
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return "keys as below"
    return ", ".join([_KINDS[kind], *_bounds(checks)])


def _list(inside: tuple[Any, ...], checks: list[Any]) -> str:
    each = _taken(inside[0], [])
    what, _, bounds = each.partition(", ")
    many = f"{_PLURALS.get(what, 'entries')}{f', each {bounds}' if bounds else ''}"
    if inside[-1] is not Ellipsis:
        return f"list of {len(inside)} {many}"
    least = [one.min_length for one in checks if isinstance(one, MinLen)]
    return f"list of {f'{least[0]} or more ' if least else ''}{many}"


def _bounds(checks: list[Any]) -> list[str]:
    words = [
        f"{word} {getattr(one, key):.10g}" for kind, key, word in _BOUNDS for one in checks if isinstance(one, kind)
    ]
    words += ["not empty" for one in checks if isinstance(one, MinLen)]
    return words + [f"at most {counted(one.max_length, 'character')}" for one in checks if isinstance(one, MaxLen)]


def _unfolded(checks: tuple[Any, ...]) -> list[Any]:
    """Return checks with those that a `Field` holds."""
    return [inner for one in checks for inner in (one.metadata if isinstance(one, FieldInfo) else [one])]


def _model_within(kind: Any) -> tuple[type[BaseModel] | None, bool]:
    """Return the class of the keys within a value, and whether there is a list of them."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return kind, False
    for inner in get_args(kind):
        nested, each = _model_within(inner)
        if nested is not None:
            return nested, each or get_origin(kind) is tuple
    return None, False
