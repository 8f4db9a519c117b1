"""Computing what a run suggests for a recording. This brings PyTorch, which the server does without."""

from __future__ import annotations

from pathlib import Path

from actscribe.annotations.interval import Interval
from actscribe.files import write_text
from actscribe.journal import Suggestion
from actscribe.review.doubtful import doubt, doubtful, nearness
from actscribe.review.suggestions import Suggested, SuggestionFiles
from actscribe.runs.one_video import Loaded, annotate_video, probe_video
from actscribe.timeline.score_file import write_scores


def suggest(loaded: Loaded, kept: SuggestionFiles, video: Path, name: str) -> None:
    """Score a video and keep what the run suggests; where that is done already, nothing is.

    Args:
        loaded: the run, of the digest that `kept` has.
        kept: where.
        video: the file.
        name: of the recording.

    Raises:
        UnreadableVideo: it cannot be decoded to its end.
        ActScribeError: nothing can be written.
    """
    if kept.read() is not None:
        return
    kept.folder.mkdir(parents=True, exist_ok=True)
    made, scores = annotate_video(loaded, probe_video(video), name, kept.stem, (), kept_in=kept.folder)
    labels = loaded.run.labels.names
    suggestions = tuple(
        Suggestion(label=one.label, start=one.start, end=one.end, run=kept.run, score=_sure(one))
        for one in made.intervals
    )
    near = nearness(made.scores, loaded.settings, loaded.run.labels, loaded.run.operating_point.confidence)
    doubts = tuple(doubtful(suggestions, near, made.scores, labels))
    suggested = Suggested(run=kept.run, suggestions=suggestions, doubts=doubts, doubt=doubt(near, made.scores))
    write_scores(kept.scores, made.scores, labels)
    write_text(kept.timeline, suggested.model_dump_json())
    scores.remove()


def _sure(one: Interval) -> float | None:
    return one.raw_score if one.score is None else one.score
