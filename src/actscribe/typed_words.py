"""Words of a command as a person types them into a shell."""

from __future__ import annotations

import shlex
from pathlib import Path


def typed(*words: str | Path) -> str:
    """Return words for a shell, quoted where they must be; a path that begins like an option begins with its folder.

    Args:
        words: those that are paths as `Path`, for only of these can it be told.
    """
    return shlex.join(map(_word, words))


def _word(word: str | Path) -> str:
    return f"./{word}" if isinstance(word, Path) and str(word).startswith("-") else str(word)
