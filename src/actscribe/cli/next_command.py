"""The last line of a command: what to type next, with the paths that it was given and made."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from actscribe.files import free_path
from actscribe.stored_path import real_path


def print_next(*words: str | Path, first: str = "") -> None:
    """Print the command that is to be typed next, on one line, so that it can be copied.

    Args:
        words: of the command, without the program's name.
        first: what a person does before.
    """
    command = shlex.join(["actscribe", *map(_word, words)])
    print(f"Next: {first}, then type: {command}" if first else f"Next: {command}")


def _word(word: str | Path) -> str:
    """Return a word of a command; a path that begins like an option begins with its folder."""
    return f"./{word}" if isinstance(word, Path) and str(word).startswith("-") else str(word)


def short(path: Path) -> Path:
    """Return a path as a person would type it: from the working folder where it lies in it, else from the root."""
    whole = real_path(path.parent) / path.name
    home = real_path(Path())
    return Path(os.path.relpath(whole, home)) if whole.is_relative_to(home) else whole


def plot_of(timeline: Path) -> list[str | Path]:
    """Return the words of the command that draws a timeline beside itself."""
    return ["plot", timeline, "--out", free_path(timeline.with_suffix(".svg"))]
