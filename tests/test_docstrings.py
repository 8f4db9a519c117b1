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
        item = getattr(actscribe, name)
        yield pytest.param(item, id=name)
        for own, kept in vars(item).items() if inspect.isclass(item) else ():
            method = getattr(kept, "__func__", kept)  # a class method is kept in a wrapper
            if inspect.isfunction(method) and not own.startswith("_"):
                yield pytest.param(method, id=f"{name}.{own}")


PUBLIC = list(_public())


def parameters(item: Callable[..., Any]) -> set[str]:
    """Return what a caller can give; of classes their fields, or what `__init__` takes."""
    if inspect.isclass(item) and issubclass(item, BaseModel):
        return set(item.model_fields)
    if inspect.isclass(item) and dataclasses.is_dataclass(item):
        return {field.name for field in dataclasses.fields(item)}
    return set(inspect.signature(item).parameters) - {"self", "cls"}


def documented(item: Callable[..., Any]) -> set[str]:
    """Return the names in the docstring's section of arguments."""
    _, _, section = (inspect.getdoc(item) or "").partition("\nArgs:\n")
    return {name for names in ENTRY.findall(section.split("\n\n")[0]) for name in names.split(", ")}


@pytest.mark.parametrize("item", PUBLIC)
def test_every_parameter_is_documented_and_nothing_else(item: Callable[..., Any]) -> None:
    assert documented(item) == parameters(item)


@pytest.mark.parametrize("item", PUBLIC)
def test_what_comes_back_is_said(item: Callable[..., Any]) -> None:
    if not inspect.isclass(item) and inspect.signature(item).return_annotation != "None":
        first = (inspect.getdoc(item) or "").split("\n\n")[0].lower()
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
