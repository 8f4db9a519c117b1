"""Scoring recordings as a whole, step by step: memory holds the channels of their features, and no frames."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np
from torch import Tensor

from actscribe.data.clips import SAME_S, Clip
from actscribe.data.input_spec import InputSpec
from actscribe.data.recording import Recording
from actscribe.features.embedding import Embedding, check_one_by_one, embedded
from actscribe.features.store import default_store
from actscribe.progress import track
from actscribe.recognizers.abilities import ScoresSteps
from actscribe.run_folder.scored_clips import ScoredClips
from actscribe.timeline.scores import StepScores

Cut = tuple[Recording, Sequence[Clip]]


def score_by_steps(recognizer: ScoresSteps, cuts: Sequence[Cut], input_spec: InputSpec, what: str) -> ScoredClips:
    """Score recordings step by step, each from its first clip's start to its last one's end, and thereby their clips.

    A clip's score is the mean over the steps whose middles it holds: of what covers half of a clip, about half of the
    steps are sure (ours). Vectors come from the feature store, where those that are missing are added.

    Args:
        recognizer: that scores.
        cuts: recordings with their clips in order of time.
        input_spec: of the clips.
        what: progress is shown under this name.

    Raises:
        ActScribeError: an unreadable video, or no room for the features.
    """
    cuts = [(recording, own) for recording, own in cuts if own]
    spans = [step_spans(recognizer, recording, own) for recording, own in cuts]
    frame_times: list[np.ndarray] = []
    features = track(_features(recognizer, cuts, spans, input_spec, frame_times), what, total=sum(map(len, spans)))
    clips: list[Clip] = []
    times: list[np.ndarray] = []
    rows: list[np.ndarray] = []
    steps: dict[str, StepScores] = {}
    for (recording, own), its in zip(cuts, spans, strict=True):
        frame_times.clear()
        scores = recognizer.score_steps(islice(features, len(its))).astype(np.float64)
        middles = its.mean(axis=1)
        steps[recording.name] = StepScores(middles, scores, recognizer.stepping.step)
        for clip in own:
            inside = held(clip, middles)
            clips.append(clip)
            times.append(_frames_of(clip, frame_times[inside]))
            rows.append(scores[inside].mean(axis=0))
    next(features, None)  # lets the last reader close its file and report damage
    return ScoredClips(clips, times, np.stack(rows) if rows else np.zeros((0, len(recognizer.labels))), steps)


def held(clip: Clip, middles: np.ndarray) -> slice:
    """Return the steps whose middles a clip holds, or the one nearest to its own middle.

    Args:
        clip: of the recording.
        middles: of the recording's steps, in seconds, ascending.
    """
    first, last = np.searchsorted(middles, [clip.start - SAME_S, clip.end - SAME_S])
    if first == last:
        first = int(np.abs(middles - (clip.start + clip.end) / 2).argmin())
        last = first + 1
    return slice(int(first), int(last))


def shown_clips(
    recognizer: ScoresSteps, cuts: Sequence[Cut], spans: Sequence[np.ndarray], input_spec: InputSpec
) -> tuple[Embedding, list[list[Clip]]]:
    """Return what is embedded of each recording, and by what.

    Args:
        recognizer: that scores.
        cuts: recordings with their clips.
        spans: of the steps of each, see `step_spans`.
        input_spec: of the clips.
    """
    stepping = recognizer.stepping
    clips = [
        stepping.clips(recording.name, its, recording.duration) for (recording, _), its in zip(cuts, spans, strict=True)
    ]
    return Embedding(recognizer.embedder, stepping.input_spec(input_spec), default_store()), clips


def step_spans(recognizer: ScoresSteps, recording: Recording, clips: Sequence[Clip]) -> np.ndarray:
    """Return the spans of a recording's steps, from its first clip's start to its last one's end, shape (steps, 2)."""
    end = max(clip.end for clip in clips)
    return recognizer.stepping.spans(min(clip.start for clip in clips), end, recording.duration)


def _features(
    recognizer: ScoresSteps,
    cuts: Sequence[Cut],
    spans: Sequence[np.ndarray],
    input_spec: InputSpec,
    frame_times: list[np.ndarray],
) -> Iterator[Tensor]:
    """Yield the features of all steps; the times of the frames behind them are appended to `frame_times`."""
    stepping = recognizer.stepping
    embedding, clips = shown_clips(recognizer, cuts, spans, input_spec)
    check_one_by_one(embedding, clips, "one recording")
    for (recording, _), its, shown in zip(cuts, spans, clips, strict=True):
        rows = embedded(embedding, recording, shown)
        for vector, times in stepping.vectors(rows, its):
            frame_times.append(times)
            yield vector


def _frames_of(clip: Clip, frame_times: Sequence[np.ndarray]) -> np.ndarray:
    """Return the times of the frames behind a clip's steps that lie in the clip, or else all of them."""
    times = np.unique(np.concatenate(frame_times))
    inside = times[(times >= clip.start - SAME_S) & (times <= clip.end + SAME_S)]
    return inside if len(inside) else times
