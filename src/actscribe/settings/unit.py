"""The unit of a setting, beside its type: `length: Annotated[float, Unit("s")]`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Unit:
    """What a setting's number counts or measures.

    Args:
        name: in words that a table can hold: "s", "pixels", "clips".
    """

    name: str
