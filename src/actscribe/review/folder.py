"""What lies in STUDY/review beside the journal: exports, a person's keys, and what can be computed again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ReviewFolder:
    """The folder `review` beside a study file.

    Args:
        root: of it; need not exist.
    """

    root: Path

    @classmethod
    def of(cls, study_folder: Path) -> ReviewFolder:
        """Return the folder of the study whose file lies in `study_folder`."""
        return cls(Path(study_folder) / "review")

    @property
    def export(self) -> Path:
        """Where exports go: a folder of ours, so that no file of a user is written over."""
        return self.root / "export"

    @property
    def keys(self) -> Path:
        """A person's own keys, if the file is there."""
        return self.root / "keys.yaml"

    @property
    def ports(self) -> Path:
        """At which port each annotator's pages were served last."""
        return self.root / "ports.json"

    @property
    def prepared(self) -> Path:
        """Converted videos, times of frames and suggestions; whoever deletes it loses time and nothing else."""
        return self.root / "prepared"
