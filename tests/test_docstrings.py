"""What the public names say of themselves: every parameter, and what comes back."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any

import pytest
from pydantic import BaseModel

import actscribe

#: An entry of a docstring's section of arguments: one name, or several that share their words.
ENTRY = re.compile(r"^    (\w+(?:, \w+)*):", re.MULTILINE)


def _public() -> Iterator[Any]:
    """Each public name as pytest's parameter: functions, classes, and the methods of classes."""
    for name in actscribe.__all__:
        found = getattr(actscribe, name)
        yield pytest.param(found, id=name)
        for own, kept in vars(found).items() if inspect.isclass(found) else ():
            method = getattr(kept, "__func__", kept)  # a class method is kept in a wrapper
            if inspect.isfunction(method) and not own.startswith("_"):
                yield pytest.param(method, id=f"{name}.{own}")


PUBLIC = list(_public())


def parameters(found: Callable[..., Any]) -> set[str]:
    """Return what a caller can give; of classes their fields, or what `__init__` takes."""
    if inspect.isclass(found) and issubclass(found, BaseModel):
        return set(found.model_fields)
    if inspect.isclass(found) and dataclasses.is_dataclass(found):
        return {field.name for field in dataclasses.fields(found)}
    return set(inspect.signature(found).parameters) - {"self", "cls"}


def documented(found: Callable[..., Any]) -> set[str]:
    """Return the names in the docstring's section of arguments."""
    _, _, section = (inspect.getdoc(found) or "").partition("\nArgs:\n")
    return {name for names in ENTRY.findall(section.split("\n\n")[0]) for name in names.split(", ")}


@pytest.mark.parametrize("found", PUBLIC)
def test_every_parameter_is_documented_and_nothing_else(found: Callable[..., Any]) -> None:
    assert documented(found) == parameters(found)


@pytest.mark.parametrize("found", PUBLIC)
def test_what_comes_back_is_said(found: Callable[..., Any]) -> None:
    if not inspect.isclass(found) and inspect.signature(found).return_annotation != "None":
        first = (inspect.getdoc(found) or "").split("\n\n")[0].lower()
        assert re.search(r"\b(return|tell whether)\b", first), first


def test_properties_are_documented() -> None:
    for name in actscribe.__all__:
        for own, kept in vars(getattr(actscribe, name)).items():
            if isinstance(kept, (property, cached_property)) and not own.startswith("_"):
                assert inspect.getdoc(kept), f"{name}.{own}"


def test_undocumented_ones_would_be_seen() -> None:
    def cut(video: str, start: float, end: float) -> None:
        """Cut.

        Args:
            start, end: in seconds.
            rest: is gone.
        """

    assert documented(cut) ^ parameters(cut) == {"video", "rest"}
