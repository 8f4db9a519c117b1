"""Versions of the review journal that runs, comparisons and exports of a study noted: who rewrote it is found so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from actscribe.journal import Journal, Version
from actscribe.review.exported import NOTE

#: Files in which a version is noted under the key "review".
_FILES = ("run.json", "provenance.json", NOTE)
#: Folders below the study's in which they are looked for.
_DEEPEST = 4


def noted(folder: Path) -> Iterator[Version]:
    """Yield every version that is noted below a study's folder; what cannot be read notes none.

    What lies in the folder of another study that was reviewed, too, is about that one's journal.
    """
    for depth in range(1, _DEEPEST + 1):
        for name in _FILES:
            for path in sorted(folder.glob("*/" * depth + name)):
                version = None if _of_another(folder, path) else _noted_in(path)
                if version is not None:
                    yield version


def _of_another(folder: Path, path: Path) -> bool:
    between = (parent for parent in path.parents if parent != folder and parent.is_relative_to(folder))
    return any(Journal.of(parent).exists for parent in between)


def _noted_in(path: Path) -> Version | None:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        return Version.model_validate(values["review"]) if values.get("review") else None
    except (OSError, ValueError, AttributeError, KeyError, ValidationError):
        return None
