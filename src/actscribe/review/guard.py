"""Guards against trusting suggestions too much: test recordings are annotated blind, and what was seen is noted."""

from __future__ import annotations

from dataclasses import dataclass

from actscribe.journal import Journal, Looked

TEST = "test"


@dataclass(frozen=True, slots=True)
class Looks:
    """What one annotator was shown of one recording.

    Args:
        journal: of the study.
        annotator: who.
    """

    journal: Journal
    annotator: str

    def insisted(self, content: str) -> bool:
        """Tell whether this person ever insisted on seeing predictions of a recording: that cannot be unseen."""
        return any(one.insisted for one in self._of(content))

    def note(self, content: str, run: str, insisted: bool) -> None:
        """Write down that a recording was shown, with whose predictions, unless the same stands there last."""
        now, before = Looked(run=run, insisted=insisted), self._of(content)
        if not before or before[-1] != now:
            self.journal.append(self.annotator, content, "looked", now)

    def _of(self, content: str) -> list[Looked]:
        entries = self.journal.entries(content, self.annotator)
        return [Looked.model_validate_json(one.body) for one in entries if one.kind == "looked"]
