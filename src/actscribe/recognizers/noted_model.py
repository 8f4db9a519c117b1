"""Which model a saved recognizer belongs to: noted with its digest, found again after a move, refused when changed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from actscribe.errors import ActScribeError
from actscribe.settings.named_models import EMBEDDED
from actscribe.stored_path import StoredPath


def noted(model: str, digest: str, folder: Path) -> dict[str, Any]:
    """Return what a file in `folder` notes of a model: its name or path, where it lies from there, and its digest."""
    local = model != EMBEDDED and Path(model).is_dir()
    return {
        "model": str(Path(model).absolute()) if local else model,
        "place": StoredPath.of(Path(model), folder).model_dump() if local else None,
        "digest": digest,
    }


def model_of(values: Mapping[str, Any], folder: Path) -> str:
    """Return the name or path of the model that a file in `folder` notes, wherever both lie now.

    Raises:
        ActScribeError: it was a folder, which is gone.
    """
    if not values["place"]:
        return str(values["model"])
    location = StoredPath.model_validate(values["place"]).find(folder)
    if not location.is_dir():
        raise ActScribeError(
            f"{folder}: was trained on the model '{values['model']}', which is not there any more.",
            "Put its folder back there, or train again.",
        )
    return str(location)


def check_same(values: Mapping[str, Any], digest: str, folder: Path) -> None:
    """Refuse another version of the model than the one that was noted.

    Raises:
        ActScribeError: the digests differ.
    """
    if digest != values["digest"]:
        raise ActScribeError(
            f"{folder}: was trained on another version of '{values['model']}': expected digest {values['digest']},"
            f" found {digest}.",
            "Put back the files of that version, or train again.",
        )
