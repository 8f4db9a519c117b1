"""Guards against trusting suggestions too much: test recordings are annotated blind, and what was seen is noted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from actscribe.journal import Journal, Looked, Sheet
from actscribe.review.derived import corrected


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
        """Write down that a recording was shown, with whose predictions, unless the last entry is the same."""
        now, before = Looked(run=run, insisted=insisted), self._of(content)
        if not before or before[-1] != now:
            self.journal.append(self.annotator, content, "looked", now)

    def saw(self, content: str, run: str) -> bool:
        """Tell whether this person was ever shown what a run predicts of a recording."""
        return any(one.run == run for one in self._of(content))

    def _of(self, content: str) -> list[Looked]:
        return [one.read(Looked) for one in self.journal.entries(content, self.annotator, "looked")]


@dataclass(frozen=True, slots=True)
class Judged:
    """How suggestions were judged.

    Args:
        accepted, rejected: of all, those wrong on purpose among them.
        planted, planted_accepted: of those wrong on purpose: judged, and accepted; one that was accepted relabelled, or
            moved elsewhere, was seen through, and counts as rejected.
    """

    accepted: int
    rejected: int
    planted: int
    planted_accepted: int


def judged(sheets: Iterable[Sheet]) -> Judged:
    """Count the verdicts of an annotator's sheets."""
    sheets = list(sheets)
    judgements = [(one, accepted) for sheet in sheets for one, accepted in sheet.verdicts.items()]
    detected = {one for sheet in sheets for one in corrected(sheet)}
    return Judged(
        sum(accepted for _, accepted in judgements),
        sum(not accepted for _, accepted in judgements),
        sum(one.planted for one, _ in judgements),
        sum(one.planted and accepted and one not in detected for one, accepted in judgements),
    )
