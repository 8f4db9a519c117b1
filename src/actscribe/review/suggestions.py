"""What is kept of a run's suggestions for one recording: its timeline, the doubtful moments, the scores behind."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from actscribe.journal import Suggestion
from actscribe.run_folder.run import Run

#: Files of a run that its timelines depend on, beside those of its model; scores of splits come and go.
DECIDING = ("labels.yaml", "operating-point.json")


class Doubt(BaseModel):
    """A moment that is worth a look.

    Args:
        label: that may be there or not.
        start, end: seconds.
        why: in words.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    label: str
    start: float
    end: float
    why: str


class Suggested(BaseModel):
    """What is kept of a recording.

    Args:
        run: digest of the run.
        suggestions: in order of time.
        doubts: in order of time.
        doubt: how doubtful the whole is, 0 to 1; None: not known.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    run: str
    suggestions: tuple[Suggestion, ...]
    doubts: tuple[Doubt, ...]
    doubt: float | None = None


@dataclass(frozen=True, slots=True)
class SuggestionFiles:
    """Where the suggestions of a run for a recording are kept, and the scores behind them.

    Args:
        folder: of what is prepared.
        run: digest of the run.
        content: digest of the video's bytes.
    """

    folder: Path
    run: str
    content: str

    @property
    def stem(self) -> Path:
        """Path of the files without their endings."""
        return self.folder / f"{self.content}-{self.run[:16]}"

    @property
    def timeline(self) -> Path:
        """File of the suggestions; it is written last, so where it is all is."""
        return self.stem.with_name(f"{self.stem.name}.suggestions.json")

    @property
    def scores(self) -> Path:
        """File of the scores over time, see `timeline.score_file`."""
        return self.stem.with_name(f"{self.stem.name}.scores.parquet")

    def read(self) -> Suggested | None:
        """Return what is kept; None where nothing is, or nothing whole."""
        try:
            return Suggested.model_validate_json(self.timeline.read_bytes())
        except (OSError, ValidationError):
            return None


def run_digest(run: Run) -> str:
    """Return 32 hex digits that a run's files have alone: its model, its settings, how it decides."""
    held = {name: one for name, one in run.info.digests.items() if name.startswith("model/") or name in DECIDING}
    facts = [run.info.recognizer, run.info.settings, run.info.seed, held]
    return hashlib.blake2b(json.dumps(facts, sort_keys=True, default=str).encode(), digest_size=16).hexdigest()
