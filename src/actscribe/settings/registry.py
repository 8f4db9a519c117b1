"""The recognizers that a study can name. Light: neither networks nor other packages are loaded until one is used.

Each file of `settings/recognizers/` declares some of this package's, with the classes of their settings. A package
outside this one adds a recognizer by an entry point of the group `actscribe.recognizers` that names a `RecognizerSpec`.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from importlib import import_module, metadata
from pathlib import Path
from pkgutil import iter_modules

from pydantic import BaseModel

from actscribe.errors import ActScribeError, did_you_mean
from actscribe.settings import recognizers
from actscribe.settings.other_packages import careful, entries, load, wrong
from actscribe.settings.spec import RecognizerSpec, no_encoder

#: Group of the entry points by which other packages add recognizers.
ENTRY_POINTS = "actscribe.recognizers"
#: What is trained where nobody says: it needs no optional package.
DEFAULT = "timesformer"
#: What to begin with on real video: its encoder has seen photographs.
REAL_VIDEO = "probe"


def _declared() -> dict[str, RecognizerSpec]:
    """Return what the files of `settings/recognizers/` declare, in the order of their names."""
    specs: dict[str, RecognizerSpec] = {}
    for module in sorted(one.name for one in iter_modules(recognizers.__path__, f"{recognizers.__name__}.")):
        specs |= import_module(module).RECOGNIZERS
    return specs


#: Those of this package.
BUILT_IN = _declared()


@cache
def added() -> dict[str, list[metadata.EntryPoint]]:
    """Return the entry points of other packages by the name of their recognizer; nothing of theirs is loaded."""
    return {name: points for name, points in entries(ENTRY_POINTS).items() if name not in BUILT_IN}


def names() -> list[str]:
    """Return the names of all recognizers: those of this package, then those that other packages add."""
    return [*BUILT_IN, *sorted(added())]


def recognizer(name: str) -> RecognizerSpec:
    """Return what is known of a recognizer.

    Raises:
        ActScribeError: no such recognizer, with the one probably meant; or the package that adds it does not load.
    """
    if name in BUILT_IN:
        return BUILT_IN[name]
    if name not in added():
        raise ActScribeError(f"no recognizer is called '{name}'.", did_you_mean(name, names()))
    return _loaded(name)


def check_installed(name: str, where: Path) -> None:
    """Prove that the recognizer is here that a run or comparison was made with.

    Raises:
        ActScribeError: it is not, or the package that adds it does not load.
    """
    if name not in names():
        raise ActScribeError(
            f"{where}: was made with the recognizer '{name}', which no installed package has.",
            f"Install the package that adds '{name}', then type the same again: pip install PACKAGE",
        )
    recognizer(name)


def is_installed(name: str) -> bool:
    """Tell whether a recognizer is known, and the package that adds it loads."""
    try:
        recognizer(name)
    except ActScribeError:
        return False
    return True


def on_encoders() -> list[str]:
    """Return the recognizers of this package that look through a frozen encoder, the simplest first."""
    return [name for name, spec in BUILT_IN.items() if spec.encoder is not no_encoder]


def merging() -> list[str]:
    """Return the recognizers of this package whose adapters can be folded into the model."""
    return [name for name, spec in BUILT_IN.items() if spec.merges_into]


def usual_for(kind: str) -> str:
    """Return the recognizer that takes models of a kind of the catalog, where the user names none."""
    return next(name for name, spec in BUILT_IN.items() if kind in spec.models)


@cache
def _loaded(name: str) -> RecognizerSpec:
    point, spec = added()[name][0], load(added()[name], "recognizer")
    if not isinstance(spec, RecognizerSpec):
        message = f" is a {type(spec).__name__}; expected a RecognizerSpec at {point.value}."
        raise wrong(point, "recognizer", message)
    if not (isinstance(spec.settings, type) and issubclass(spec.settings, BaseModel)):
        message = f" has the settings {spec.settings!r}; expected a class made from pydantic's BaseModel."
        raise wrong(point, "recognizer", message)
    return replace(
        spec,
        splits=careful(spec.splits, tuple, point, "recognizer", "splits"),
        model=careful(spec.model, str, point, "recognizer", "model"),
        encoder=careful(spec.encoder, object, point, "recognizer", "encoder"),
        learns=careful(spec.learns, str, point, "recognizer", "learns"),
        server=careful(spec.server, str, point, "recognizer", "server"),
        looks_ahead=careful(spec.looks_ahead, str, point, "recognizer", "looks_ahead"),
        packages=careful(spec.packages, tuple, point, "recognizer", "packages"),
    )
