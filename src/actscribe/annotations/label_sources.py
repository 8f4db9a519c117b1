"""Under what a file keeps a label: the tier that it is written on, or its category."""

from __future__ import annotations

from collections.abc import Iterable

_SHOWN = 3


def label_sources(what: str, pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return label -> where it stands, such as "tier 'Notes'" or "tiers 'Notes', 'Nurse'".

    Args:
        what: the format's word for it, in the singular: "tier", "category".
        pairs: (label, name of the tier or category), in the order of the file; an empty name says nothing.
    """
    names: dict[str, dict[str, None]] = {}
    for label, name in pairs:
        if name.strip():
            names.setdefault(label, {})[name] = None
    return {label: _in_words(what, list(own)) for label, own in names.items()}


def _in_words(what: str, names: list[str]) -> str:
    if len(names) == 1:
        return f"{what} '{names[0]}'"
    several = f"{what.removesuffix('y')}ies" if what.endswith("y") else f"{what}s"
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    shown = ", ".join(f"'{name}'" for name in names[:_SHOWN])
    return f"{several} {shown}{more}"
