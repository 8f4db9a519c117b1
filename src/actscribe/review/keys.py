"""Which key does what on the page: a person's own keys, then those of ELAN or BORIS where asked for, then the usual."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import ascii_uppercase
from typing import Annotated

from pydantic import BeforeValidator, RootModel
from pydantic_core import PydanticCustomError

from actscribe.errors import ActScribeError, did_you_mean
from actscribe.review.commands import COMMANDS
from actscribe.typed_words import typed
from actscribe.yaml_file import ENDINGS, EXPLAINED, load_model

#: Programs whose keys the page can have, each a file of `key_maps`.
PROGRAMS = ("elan", "boris")
#: Keys of labels in their order: digits, then the letters with Shift that no command has.
LABEL_KEYS = "1234567890" + ascii_uppercase
#: Held with another key, in the order in which they are written.
MODIFIERS = ("Ctrl", "Alt", "Shift")
#: Keys that make no sign, as browsers call them; pedals and buttons of players send some of them, too.
_WORDS = (
    *("ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End", "PageUp", "PageDown", "Insert", "Delete"),
    *(
        "Backspace",
        "Enter",
        "Escape",
        "Space",
        "Tab",
        "Pause",
        "ContextMenu",
        *(f"F{number}" for number in range(1, 25)),
    ),
    *("MediaPlayPause", "MediaPlay", "MediaPause", "MediaStop", "MediaTrackNext", "MediaTrackPrevious"),
    *("MediaFastForward", "MediaRewind"),
)
_NAMED = {word.lower(): word for word in _WORDS}
#: What browsers do themselves, whatever a page says: windows and tabs opened, closed and changed.
_OF_BROWSERS = frozenset(
    {*(f"Ctrl+{shift}{key}" for shift in ("", "Shift+") for key in ("N", "T", "W", "Tab", "PageUp", "PageDown"))}
    | {"Alt+F4", "Ctrl+F4", "Ctrl+Shift+Q"}
)
_HOW = (
    "Write keys as j, ?, Space, ArrowLeft or F1, with Ctrl+, Alt+ or Shift+ before it; a sign that needs Shift to be"
    " typed stands alone."
)
#: Name of a command or a label -> its keys.
KeysByName = Mapping[str, tuple[str, ...]]


def _as_keys(value: object) -> tuple[str, ...]:
    """Return a key or a list of them, as YAML reads what a person typed, as the page calls them."""
    try:
        keys = tuple(named(_typed(one)) for one in (value if isinstance(value, list) else [value]))
        twice = next((key for key in keys if keys.count(key) > 1), "")
        if twice:
            raise ValueError(f"{twice} occurs twice.")
    except ValueError as error:
        raise PydanticCustomError(EXPLAINED, "{text}", {"text": str(error)}) from None
    return keys


def _typed(value: object) -> str:
    """Return a key as it was typed: YAML reads a digit without quotes as a number."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 9:
        return str(value)
    if isinstance(value, str):
        return value
    raise ValueError(f"YAML reads {'an empty text' if value is None else repr(value)} here; put the key into quotes.")


class Keys(RootModel[dict[str, Annotated[tuple[str, ...], BeforeValidator(_as_keys)]]]):
    """Command, or name of a label -> a key or several, as browsers call them: 'ArrowLeft', 'j', 'Ctrl+Z', ' '."""


@dataclass(frozen=True, slots=True)
class KeyMap:
    """What the page is told.

    Args:
        labels: name -> keys, as `named` writes them; none where none is left.
        commands: name -> keys that reach it.
        lost: command that no key is left for -> the labels or commands that have what it had.
    """

    labels: KeysByName
    commands: KeysByName
    lost: KeysByName

    def sentences(self) -> list[str]:
        """Say which commands have no key any more."""
        return [
            f"No key is left for '{name}' ({COMMANDS[name].title}): what it had is given to {', '.join(map(repr, by))}."
            for name, by in self.lost.items()
        ]


def key_map(path: Path, labels: Sequence[str], program: str = "") -> KeyMap:
    """Return which key does what.

    Args:
        path: of a person's own keys, if the file is there.
        labels: names of the study's.
        program: one of `PROGRAMS`, whose keys are wanted; empty: none.

    Raises:
        ActScribeError: there is no such program, or the file cannot be read, lies there under another ending, names
            what is neither a command nor a label, something that is not a key, or one key twice.
    """
    if program and program not in PROGRAMS:
        raise ActScribeError(
            f"--keys {program}: the keys of '{program}' are not known.", did_you_mean(program, PROGRAMS)
        )
    _check_name(path)
    own = _checked(path, _read(path), labels) if path.exists() or path.is_symlink() else {}
    theirs = _read(Path(__file__).with_name("key_maps") / f"{program}.yaml") if program else {}
    of_labels = {name: keys for name, keys in own.items() if name in labels}
    mine = {name: keys for name, keys in own.items() if name not in labels}
    usual = {name: command.keys for name, command in COMMANDS.items()}
    wanted = usual | theirs | mine
    reached: dict[str, str] = {}
    for level in (usual, theirs, mine):  # what comes later wins
        reached |= {key: name for name in level for key in wanted[name]}
    reached |= {key: name for name, keys in of_labels.items() for key in keys}
    left = iter([key for one in LABEL_KEYS if (key := named(one)) not in reached])
    of_all = {name: of_labels[name] if name in of_labels else tuple(filter(None, [next(left, "")])) for name in labels}
    commands = {name: tuple(key for key in keys if reached[key] == name) for name, keys in wanted.items()}
    lost = {
        name: tuple(dict.fromkeys(reached[key] for key in keys))
        for name, keys in wanted.items()
        if keys and not commands[name]
    }
    return KeyMap(of_all, commands, lost)


def named(key: str) -> str:
    """Return a key, as a person or a browser names it, in the one way of the page: Shift+A, Space, Ctrl+Z, ?.

    Raises:
        ValueError: it is none, or one that no page is given.
    """
    composed = unicodedata.normalize("NFC", key)
    last = "+" if composed.endswith("+") else composed.rpartition("+")[2]
    held = composed.removesuffix(last).casefold().split("+")[:-1]
    shown = _shown(last, held)
    by_sign = "shift" in held and len(shown) == 1 and not _is_letter(shown)
    if not shown or by_sign or len({*held}) < len(held) or {*held} - {one.casefold() for one in MODIFIERS}:
        raise ValueError(f"{key!r} is not a key. {_HOW}")
    if _is_letter(last) and last == last.upper() and not held:
        held.append("shift")
    full = "+".join([*(one for one in MODIFIERS if one.casefold() in held), shown])
    if full in _OF_BROWSERS:
        raise ValueError(f"{full} is a key that browsers keep for themselves.")
    return full


def _shown(key: str, held: Sequence[str]) -> str:
    """Return a key without what is held; empty: there is none of that name."""
    if key == " ":
        return "Space"
    if _is_letter(key):
        return key.upper() if held or key == key.upper() else key
    if len(key) == 1:
        return key if unicodedata.category(key)[0] in "LMNPS" else ""
    return _NAMED.get(key.casefold(), "")


def _is_letter(key: str) -> bool:
    """Tell whether a sign is another one with Shift, and the first one again without: not so ß, İ, ς or a digit."""
    lower, upper = key.lower(), key.upper()
    return (
        len(key) == 1 and key in (lower, upper) and lower != upper and (lower.upper(), upper.lower()) == (upper, lower)
    )


def _read(path: Path) -> dict[str, tuple[str, ...]]:
    return load_model(path, Keys).root


def _check_name(path: Path) -> None:
    """Refuse a file that somebody meant to be this one: keys.yml, Keys.yaml, or keys.yaml.txt as editors save it."""
    for other in sorted(path.parent.glob("*")):
        meant = Path(other.name.casefold().removesuffix(".txt"))
        if other.name == path.name or meant.stem != path.stem or meant.suffix not in ENDINGS:
            continue
        if not path.exists():
            raise ActScribeError(
                f"{other}: keys are read from {path.name} alone.",
                f"Type: mv {typed(other, path)}",
            )
        if not other.samefile(path):  # it is on disks that do not tell capitals apart
            raise ActScribeError(
                f"{other}: keys are read from {path.name}, which lies beside it.", "Remove one of the two."
            )


def _checked(path: Path, own: dict[str, tuple[str, ...]], labels: Sequence[str]) -> dict[str, tuple[str, ...]]:
    given: dict[str, str] = {}
    for name, keys in own.items():
        if name in labels and name in COMMANDS:
            raise ActScribeError(
                f"{path}: '{name}' is an action as well as a label of the study, so its key could be of either.",
                "Leave the line out: the label has one of the digits, the action its usual key.",
            )
        if name not in labels and name not in COMMANDS:
            raise ActScribeError(
                f"{path}: '{name}' is neither an action nor a label of the study.",
                did_you_mean(name, [*COMMANDS, *labels]),
            )
        for key in keys:
            if given.setdefault(key, name) != name:
                raise ActScribeError(
                    f"{path}: {key} is given to '{given[key]}' and to '{name}'.", "Give it to one of them."
                )
    return own
