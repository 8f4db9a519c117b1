"""The last line of a command: what to type next, with the paths that it was given and made."""

from __future__ import annotations

import os
from pathlib import Path

from actscribe.files import free_path
from actscribe.stored_path import real_path
from actscribe.typed_words import typed


def print_next(*words: str | Path, first: str = "") -> None:
    """Print the command that is to be typed next, on one line, so that it can be copied.

    Args:
        words: of the command, without the program's name.
        first: what a person does before.
    """
    command = typed("actscribe", *words)
    print(f"Next: {first}, then type: {command}" if first else f"Next: {command}")


def short(path: Path) -> Path:
    """Return a path as a person would type it: from the working folder where it lies in it, else from the root."""
    whole = real_path(path.parent) / path.name
    home = real_path(Path())
    return Path(os.path.relpath(whole, home)) if whole.is_relative_to(home) else whole


def plot_of(timeline: Path) -> list[str | Path]:
    """Return the words of the command that draws a timeline beside itself."""
    return ["plot", timeline, "--out", free_path(timeline.with_suffix(".svg"))]
