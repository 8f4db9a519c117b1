"""What a campaign is: a name, how often, and a case that a number and a seed reproduce."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

#: No case may take longer, in seconds, and none more memory, in bytes.
SECONDS, MEMORY = 20.0, 2 * 2**30


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the oracle says of one case.

    Args:
        group: row of the table: a format, a container, a kind of fault.
        outcome: column of the table, such as "read" or "refused"; of a violation, its kind.
        broken: whether the oracle is violated.
        detail: what is worth knowing of a violation.
    """

    group: str
    outcome: str
    broken: bool = False
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """One case, to be tried in a process of its own.

    Args:
        number: of the case, from 0.
        rng: all of its randomness, made from the campaign's seed and the number.
        folder: empty; what lies in it is kept when the oracle is violated.
        sources: the folder that the campaign's `prepare` filled.
    """

    number: int
    rng: np.random.Generator
    folder: Path
    sources: Path


@dataclass(frozen=True, slots=True)
class Campaign:
    """A long attempt to break one side of the tool.

    Args:
        name: on the command line.
        about: one line: what is done to what.
        oracle: one line: what must hold in every case.
        short, full: number of cases in CI, and of the figures in docs/explanation/reliability.md.
        prepare: fills a folder with what the cases start from; runs in a process of its own.
        attempt: tries one case.
        modules: imported before the cases' processes are forked, so that each starts at once.
        seconds: limit of one case; several commands of 20 s make a longer one.
        fresh: every case gets a process of its own.
    """

    name: str
    about: str
    oracle: str
    short: int
    full: int
    prepare: Callable[[Path], None]
    attempt: Callable[[Case], Verdict]
    modules: tuple[str, ...] = ()
    seconds: float = SECONDS
    fresh: bool = False
