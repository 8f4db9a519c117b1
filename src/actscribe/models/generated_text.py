"""What a model wrote, and how sure it was of each part of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

#: Of a token that arithmetic in single precision called impossible.
LEAST = 1e-9


@dataclass(frozen=True, slots=True)
class GeneratedText:
    """An answer with the probabilities of its tokens.

    Args:
        text: as it was written.
        ends: where each token ends in `text`, in characters, ascending.
        probabilities: of each token, given all before it; empty where nobody tells them.
        whole: whether the model ended it; else it was cut off.
    """

    text: str
    ends: tuple[int, ...] = ()
    probabilities: tuple[float, ...] = ()
    whole: bool = True

    @classmethod
    def of(cls, values: dict[str, Any]) -> GeneratedText:
        """Return what `dataclasses.asdict` gave, as read back from JSON."""
        lists = {name: tuple(values[name]) for name in ("ends", "probabilities")}
        return cls(**{**values, **lists})

    def probability(self, start: int, end: int) -> float | None:
        """Return the geometric mean of the probabilities of the tokens that write `text[start:end]` (ours).

        The product would be smaller the more digits a time has. None where nothing is known.
        """
        begins = (0, *self.ends)[: len(self.ends)]
        chances = [
            max(chance, LEAST)
            for begin, stop, chance in zip(begins, self.ends, self.probabilities, strict=True)
            if begin < end and stop > start
        ]
        return math.exp(sum(map(math.log, chances)) / len(chances)) if chances else None
