"""The keys of the page: those that a person set in STUDY/review/keys.yaml, and one for each label."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from string import ascii_uppercase

from pydantic import RootModel

from actscribe.yaml_file import load_model

#: Keys of labels in their order: digits, then letters with Shift, which the page leaves to labels.
LABEL_KEYS = "1234567890" + ascii_uppercase


class Keys(RootModel[dict[str, str | tuple[str, ...]]]):
    """Action, or name of a label -> a key or several, as browsers call them: 'ArrowLeft', 'j', ' '."""


def own_keys(path: Path) -> dict[str, tuple[str, ...]]:
    """Return a person's own keys; none where there is no file.

    Raises:
        ActScribeError: the file cannot be read, or says something else.
    """
    if not path.is_file():
        return {}
    found = load_model(path, Keys).root
    return {action: (keys,) if isinstance(keys, str) else keys for action, keys in found.items()}


def label_keys(labels: Sequence[str], own: dict[str, tuple[str, ...]]) -> dict[str, str]:
    """Return a key of one character for each label, empty for those that there is none left for."""
    chosen = {name: own[name][0] for name in labels if own.get(name)}
    taken = set(chosen.values()) | {key for action, keys in own.items() if action not in labels for key in keys}
    left = iter([key for key in LABEL_KEYS if key not in taken])
    return {name: chosen.get(name) or next(left, "") for name in labels}
