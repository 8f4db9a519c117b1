"""Which key does what on the page: a person's own keys, then those of ELAN or BORIS where asked for, then the usual."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import ascii_uppercase

from pydantic import RootModel

from actscribe.errors import ActScribeError, did_you_mean
from actscribe.review.commands import COMMANDS
from actscribe.yaml_file import load_model

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
Said = Mapping[str, tuple[str, ...]]


class Keys(RootModel[dict[str, str | tuple[str, ...]]]):
    """Command, or name of a label -> a key or several, as browsers call them: 'ArrowLeft', 'j', 'Ctrl+Z', ' '."""


@dataclass(frozen=True, slots=True)
class KeyMap:
    """What the page is told.

    Args:
        labels: name -> keys, as `named` writes them; none where none is left.
        commands: name -> keys that reach it.
    """

    labels: Said
    commands: Said


def key_map(path: Path, labels: Sequence[str], program: str = "") -> KeyMap:
    """Return which key does what.

    Args:
        path: of a person's own keys, if the file is there.
        labels: names of the study's.
        program: one of `PROGRAMS`, whose keys are wanted; empty: none.

    Raises:
        ActScribeError: there is no such program, or the file cannot be read, names what is neither a command nor a
            label, something that is no key, or one key twice.
    """
    if program and program not in PROGRAMS:
        raise ActScribeError(
            f"--keys {program}: the keys of '{program}' are not known.", did_you_mean(program, PROGRAMS)
        )
    own = _checked(path, _read(path), labels) if path.is_file() else {}
    theirs = _read(Path(__file__).with_name("key_maps") / f"{program}.yaml") if program else {}
    of_labels = {name: keys for name, keys in own.items() if name in labels}
    mine = {name: keys for name, keys in own.items() if name not in labels}
    usual = {name: command.keys for name, command in COMMANDS.items()}
    said = usual | theirs | mine
    reached: dict[str, str] = {}
    for level in (usual, theirs, mine):  # what is said later wins
        reached |= {key: name for name in level for key in said[name]}
    taken = {key for keys in of_labels.values() for key in keys}
    left = iter([key for one in LABEL_KEYS if (key := named(one)) not in {*taken, *reached}])
    given = {name: of_labels.get(name) or tuple(filter(None, [next(left, "")])) for name in labels}
    return KeyMap(
        given, {name: tuple(k for k in keys if reached[k] == name and k not in taken) for name, keys in said.items()}
    )


def named(key: str) -> str:
    """Return a key, as a person or a browser names it, in the one way of the page: Shift+A, Space, Ctrl+Z, ?.

    Raises:
        ValueError: it is none.
    """
    last = "+" if key.endswith("+") else key.rpartition("+")[2]
    held = {one.lower() for one in key.removesuffix(last).split("+") if one}
    if key == last and key != key.lower() and _is_letter(key):
        held.add("shift")
    last = _shown(last, held)
    by_sign = "shift" in held and len(last) == 1 and not _is_letter(last)
    if not last or by_sign or held - {one.lower() for one in MODIFIERS}:
        raise ValueError(f"'{key}' is no key.")
    return "+".join([*(one for one in MODIFIERS if one.lower() in held), last])


def _shown(key: str, held: Collection[str]) -> str:
    """Return a key without what is held; empty: there is none of that name."""
    if key == " ":
        return "Space"
    if len(key) == 1:
        return key.upper() if held and _is_letter(key) else key.lower()
    return _NAMED.get(key.lower(), "")


def _is_letter(key: str) -> bool:
    return len(key) == 1 and key.lower() != key.upper()


def _read(path: Path) -> dict[str, tuple[str, ...]]:
    found = load_model(path, Keys).root
    try:
        return {
            name: tuple(named(key) for key in ((keys,) if isinstance(keys, str) else keys))
            for name, keys in found.items()
        }
    except ValueError as error:
        raise ActScribeError(
            f"{path}: {error}",
            "Write keys as j, ?, Space, ArrowLeft or F1, with Ctrl+, Alt+ or Shift+ before it; a sign that needs Shift"
            " to be typed stands alone.",
        ) from None


def _checked(path: Path, own: dict[str, tuple[str, ...]], labels: Sequence[str]) -> dict[str, tuple[str, ...]]:
    given: dict[str, str] = {}
    for name, keys in own.items():
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
