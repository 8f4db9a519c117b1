"""Which settings may be paths, beside their type: `model: Annotated[str, Located()]`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from actscribe.settings.named_models import EMBEDDED


@dataclass(frozen=True, slots=True)
class Located:
    """A setting that is a name, or the path of a model where there is one, relative to the study file then."""


def placed(kind: type[BaseModel], settings: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return settings with paths that are relative to `folder` made absolute; names of models stay names.

    Args:
        kind: class of the settings.
        settings: as written; what is not a path at all is left for the class to refuse.
        folder: of the study file.
    """
    changed = dict(settings)
    for key in _located(kind):
        value = settings.get(key)
        if not isinstance(value, str) or not value or value == EMBEDDED:
            continue
        if (folder / value).exists():
            changed[key] = str((folder / value).absolute())
    return changed


def unplaced(kind: type[BaseModel], settings: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return settings with paths that lie in `folder` made relative to it: what `placed` did, undone."""
    folder = folder.absolute()
    inside = {
        key: Path(value).relative_to(folder).as_posix()
        for key in _located(kind)
        if isinstance(value := settings.get(key), str) and Path(value).is_relative_to(folder)
    }
    return {**settings, **inside}


def _located(kind: type[BaseModel]) -> set[str]:
    """Return the keys of a class that may be paths."""
    return {key for key, field in kind.model_fields.items() for mark in field.metadata if isinstance(mark, Located)}
