"""Which tiers of a file are read, chosen by name, for the formats that have tiers."""

from __future__ import annotations

import fnmatch
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from actscribe.errors import ActScribeError

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TierChoice:
    """Patterns of tier names.

    Args:
        patterns: with * and ? as in file names, case apart; one that begins with ! leaves tiers out. Without any that
            takes tiers in, all are taken that have times of their own.
    """

    patterns: tuple[str, ...] = ()

    def pick(self, path: Path, tiers: Sequence[str], hanging: Sequence[str] = ()) -> list[str]:
        """Return the names of the tiers that are read; those that nobody chose and are not read are named in the log.

        Args:
            path: of the annotation file, for messages.
            tiers: all names, in the order of the file.
            hanging: those without times of their own, taken in only by a pattern.

        Raises:
            ActScribeError: a file with tiers of which none is taken.
        """
        taken = [pattern for pattern in self.patterns if not pattern.startswith("!")]
        left_out = [pattern[1:] for pattern in self.patterns if pattern.startswith("!")]
        apart = set(hanging)
        candidates = [name for name in tiers if _fits(name, taken)] if taken else [n for n in tiers if n not in apart]
        chosen = [name for name in candidates if not _fits(name, left_out)]
        if self.patterns and tiers and not chosen:
            raise ActScribeError(
                f"{path}: of its tiers, none is chosen by {', '.join(self.patterns)}. It has {', '.join(tiers)}.",
                "Correct 'tiers:' in the study file, or --tiers on the command line.",
            )
        idle = [pattern for pattern in taken if not any(_fits(name, [pattern]) for name in tiers)]
        if idle:
            logger.warning("%s: no tier is called %s.", path, ", ".join(idle))
        read = set(chosen)
        rest = [name for name in tiers if name not in read and not _fits(name, left_out)]
        if rest and not taken:
            logger.warning("%s: tiers not read, without times of their own: %s.", path, ", ".join(rest))
        return chosen


def _fits(name: str, patterns: Sequence[str]) -> bool:
    spelled = [(name.casefold(), pattern.casefold()) for pattern in patterns]
    return any(one == other or fnmatch.fnmatchcase(one, other) for one, other in spelled)
