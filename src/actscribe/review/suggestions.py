"""What a run suggests for one recording: its timeline, the doubtful moments of it, and the scores behind."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from actscribe.annotations.interval import Interval
from actscribe.data import spans as sp
from actscribe.files import write_text
from actscribe.journal import Suggestion
from actscribe.labels import LabelSet
from actscribe.run_folder.run import Run
from actscribe.runs.one_video import Loaded, annotate_video, probe_video
from actscribe.timeline.score_file import write_scores
from actscribe.timeline.scores import TimeScores
from actscribe.timeline.segments import TimelineSettings

#: A bout of less confidence is doubtful, and time without a bout whose score is this near to the threshold (ours).
UNSURE, NEAR = 0.7, 0.15
#: Files of a run that its timelines depend on, beside those of its model; scores of splits come and go.
DECIDING = ("labels.yaml", "operating-point.json")
#: Seconds: shorter stretches near the threshold are passed over; and no more of them are listed (ours).
SHORTEST_DOUBT_S, MOST_DOUBTS = 0.5, 400


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
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    run: str
    suggestions: tuple[Suggestion, ...]
    doubts: tuple[Doubt, ...]


@dataclass(frozen=True, slots=True)
class Kept:
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


def suggest(loaded: Loaded, kept: Kept, video: Path, name: str) -> None:
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
    doubts = tuple(doubtful(suggestions, made.scores, loaded.settings, loaded.run.labels))
    write_scores(kept.scores, made.scores, labels)
    write_text(kept.timeline, Suggested(run=kept.run, suggestions=suggestions, doubts=doubts).model_dump_json())
    scores.remove()


def doubtful(
    suggestions: tuple[Suggestion, ...], scores: TimeScores, settings: TimelineSettings, labels: LabelSet
) -> list[Doubt]:
    """Return the doubtful moments of a timeline in order of time.

    Args:
        suggestions: the timeline.
        scores: that it was made of, columns in the order of `labels`.
        settings: by which it was made.
        labels: of the run; where exactly one holds at a time, none is almost there.
    """
    found = [
        Doubt(label=one.label, start=one.start, end=one.end, why=f"{one.score:.0%} sure")
        for one in suggestions
        if one.score is not None and one.score < UNSURE
    ]
    for place, name in enumerate(labels.names if labels.task == "multi-label" else ()):
        bouts = np.array([(one.start, one.end) for one in suggestions if one.label == name]).reshape(-1, 2)
        near = _near(scores, place, settings.of(name).on)
        for start, end in sp.subtract(near, bouts):
            if end - start >= SHORTEST_DOUBT_S:
                found.append(Doubt(label=name, start=float(start), end=float(end), why="almost there"))
    longest = sorted(found, key=lambda one: one.start - one.end)[:MOST_DOUBTS]
    return sorted(longest, key=lambda one: (one.start, one.end, one.label))


def _sure(one: Interval) -> float | None:
    return one.raw_score if one.score is None else one.score


def _near(scores: TimeScores, place: int, threshold: float) -> np.ndarray:
    """Return the spans in which a label's score comes near to a threshold from below or is above it."""
    values = scores.scores[:, place]
    high = np.isfinite(values) & (np.nan_to_num(values) >= threshold - NEAR)
    return np.array(list(_runs(high, scores.edges))).reshape(-1, 2)


def _runs(kept: np.ndarray, edges: np.ndarray) -> Iterator[tuple[float, float]]:
    change = np.flatnonzero(np.diff(np.concatenate([[False], kept, [False]]).astype(np.int8)))
    for first, last in change.reshape(-1, 2):
        yield float(edges[first]), float(edges[last])
