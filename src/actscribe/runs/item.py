"""One video as an annotation file, a timeline or a run has it, to be measured."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from actscribe.evaluation.audit.presence import Observed


@dataclass(frozen=True, slots=True)
class Item:
    """One video as one source has it.

    Args:
        name: of the video.
        source: ANNOTATED or PREDICTED.
        observed: what is said of it.
        file: that says it; None: a run.
        is_guessed: whether the video's length is a guess.
    """

    name: str
    source: str
    observed: Observed
    file: Path | None = None
    is_guessed: bool = False
