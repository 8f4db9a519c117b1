"""Recognizers that look at a recording as a whole, and how each of them scores it."""

from __future__ import annotations

from collections.abc import Sequence

from actscribe.data.input_spec import InputSpec
from actscribe.recognizers.abilities import ScoresSteps, ScoresWindows
from actscribe.recognizers.base import Recognizer
from actscribe.run_folder.scored_clips import ScoredClips
from actscribe.runs.grounding import score_by_windows
from actscribe.runs.stepping import Cut, score_by_steps


def score_wholes(recognizer: Recognizer, cuts: Sequence[Cut], input_spec: InputSpec, what: str) -> ScoredClips | None:
    """Score recordings as wholes, and thereby their clips; None for a recognizer that looks at clips by themselves.

    Args:
        recognizer: that scores.
        cuts: recordings with their clips in order of time.
        input_spec: of what it looks at.
        what: progress is shown under this name.

    Raises:
        ActScribeError: see `stepping.score_by_steps` and `grounding.score_by_windows`.
    """
    if isinstance(recognizer, ScoresSteps):
        return score_by_steps(recognizer, cuts, input_spec, what)
    if isinstance(recognizer, ScoresWindows):
        return score_by_windows(recognizer, cuts, input_spec, what)
    return None
