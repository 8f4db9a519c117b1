"""The settings reference as people read it: one recognizer at 80 columns, or all as a page of Markdown."""

from __future__ import annotations

from textwrap import fill

from pydantic import BaseModel

from actscribe.settings.frozen_encoder import FrozenEncoderSettings
from actscribe.settings.recognizers.dual_encoder import DualEncoderSettings
from actscribe.settings.recognizers.vlm import ZeroShot
from actscribe.settings.reference import (
    PAGES,
    REQUIRED,
    Setting,
    base_of,
    by_effect,
    model_of,
    own_first,
    own_settings,
    settings_of,
    summary,
)
from actscribe.settings.registry import BUILT_IN, names
from actscribe.settings.training import Training

WIDTH, INDENT = 80, "    "


def _made_from(base: type[BaseModel]) -> str:
    """Return in words which recognizers have the settings of a class."""
    own = [name for name, spec in BUILT_IN.items() if issubclass(spec.settings, base)]
    return f"{', '.join(own[:-1])} and {own[-1]}"


#: Classes that no recognizer is alone, but several are made from.
SHARED: dict[type[BaseModel], str] = {
    Training: "every trained recognizer",
    FrozenEncoderSettings: _made_from(FrozenEncoderSettings),
    ZeroShot: "every zero-shot vision-language model",
    DualEncoderSettings: _made_from(DualEncoderSettings),
}
HEAD = """# Settings

Every key of a study file, made from the classes that read it: `actscribe settings --markdown`. One recognizer at a
time: `actscribe settings RECOGNIZER`; `actscribe benchmark` takes the same names behind `--set`. A key within a key
stands behind a dot: `windows.length` is `windows: {length: 3}`. An unknown key or a value out of range is refused with
its line. Guerriero et al. 2026 and Zhang et al. 2024: see [What the papers left open](../explanation/papers.md).
"""


def text(name: str) -> str:
    """Return one page for a terminal of 80 columns, or what the pages have on one key.

    Args:
        name: a recognizer, "study", "labels", or a key as a page spells it, such as "windows.length".

    Raises:
        ActScribeError: there is no such page or key.
    """
    if name not in (*PAGES, *names()) and (entries := _entries(name)):
        return entries
    model = model_of(name)
    blocks = [fill(f"{name}: {summary(model)}", WIDTH)]
    for when, settings in by_effect(model, own_first(model)).items():
        blocks += _blocks_of(when, settings)
    others = [one for one in (*PAGES, *names()) if one != name]
    pages = f"Other pages: {', '.join(others)}."
    blocks.append(fill(pages, WIDTH, break_on_hyphens=False))
    return "\n\n".join(blocks) + "\n"


def _entries(key: str) -> str:
    """Return every different entry of one key with the pages that it stands on; empty where no page has it."""
    pages: dict[str, list[str]] = {}
    for page in (*PAGES, *BUILT_IN):
        for one in settings_of(model_of(page)):
            if one.name == key:
                pages.setdefault(_block(one), []).append(page)
    blocks = (f"{entry}\n{_filled('On the page of: ' + ', '.join(own) + '.')}" for entry, own in pages.items())
    return "\n\n".join(blocks) + "\n" if pages else ""


def _blocks_of(when: str | None, settings: list[Setting]) -> list[str]:
    """Return a group of settings with the heading that says when they act."""
    if when is None:
        fixed = [f"{one.name}: {one.default}" for one in settings if one.is_fixed]
        idle = [one.name for one in settings if not one.is_fixed]
        return [
            fill(f"{head}: {', '.join(names)}.", WIDTH, break_on_hyphens=False)
            for head, names in (("Cannot be changed here", fixed), ("No effect here", idle))
            if names
        ]
    heading = [f"With `{when}` alone:"] if when else []
    return heading + [_block(one) for one in settings]


def markdown() -> str:
    """Return all pages as one of Markdown; what recognizers share stands once."""
    parts = [HEAD]
    for name, model in PAGES.items():
        parts += [f"## {name.capitalize()}\n", f"{summary(model)}\n", _table(model, settings_of(model))]
    for model, who in SHARED.items():
        parts += [f"## Shared by {who}\n", f"{_from(model) or summary(model)}\n", _table(model, own_settings(model))]
    for name, spec in BUILT_IN.items():
        model = spec.settings
        parts += [f"## {name}\n", f"{summary(model)} {_from(model)}".rstrip() + "\n"]
        if own := own_settings(model):
            parts += [_table(model, own)]
    return "\n".join(parts)


def _from(model: type[BaseModel]) -> str:
    """Return which settings a class takes over from another section; empty where it has its own alone."""
    base = base_of(model)
    if base is None:
        return ""
    names = [name for name, spec in BUILT_IN.items() if spec.settings is base]
    besides = ", and these, or these with other defaults:" if own_settings(model) else "."
    return f"It has the settings of {names[0] if names else SHARED[base]}{besides}"


def _block(one: Setting) -> str:
    facts = [one.default.capitalize() if one.default == REQUIRED else f"Default: {one.default}", one.range]
    facts += [f"unit: {one.unit}"] if one.unit else []
    return "\n".join([one.name, _filled(one.meaning), _filled("; ".join(facts) + ".")])


def _filled(words: str) -> str:
    return fill(words, WIDTH, initial_indent=INDENT, subsequent_indent=INDENT, break_on_hyphens=False)


def _table(model: type[BaseModel], settings: list[Setting]) -> str:
    """Return a table in which what acts by default stands first, and what never does last."""
    rows = [("setting", "meaning", "default", "unit", "range"), ("---",) * 5]
    rows += [
        (f"`{one.name}`", one.meaning, _code(one.default), one.unit, _range(one))
        for group in by_effect(model, settings).values()
        for one in group
    ]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows) + "\n"


def _range(one: Setting) -> str:
    if one.acts_with is None:
        return "of no effect"
    return "nothing else" if one.is_fixed else one.range


def _code(default: str) -> str:
    return default if " " in default and not default.startswith("[") else f"`{default}`"
