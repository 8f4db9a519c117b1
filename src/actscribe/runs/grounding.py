"""Scoring recordings by what a model says of windows of minutes: from when to when each label happens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing

import numpy as np

from actscribe.annotations.interval import Annotations
from actscribe.batching import ahead
from actscribe.data.clips import Clip, annotated_by
from actscribe.data.frames import stream
from actscribe.data.input_spec import ClipFrames, InputSpec
from actscribe.data.recording import Recording
from actscribe.progress import track
from actscribe.recognizers.abilities import ScoresWindows
from actscribe.recognizers.grounded import STEP_S, Grounded, on_steps, step_edges
from actscribe.run_folder.scored_clips import ScoredClips
from actscribe.runs.stepping import Cut, held
from actscribe.timeline.scores import StepScores


def score_by_windows(recognizer: ScoresWindows, cuts: Sequence[Cut], input_spec: InputSpec, what: str) -> ScoredClips:
    """Ask about windows from each recording's first clip's start to its last one's end, and score its clips by that.

    A clip's score is the mean over the steps whose middles it holds, as in `stepping.score_by_steps`.

    Args:
        recognizer: that is asked.
        cuts: recordings with their clips in order of time.
        input_spec: of a window.
        what: progress is shown under this name.

    Raises:
        ActScribeError: an unreadable video, or a model that does not answer.
    """
    cuts = [(recording, own) for recording, own in cuts if own]
    every = [_windows(recognizer, recording, own) for recording, own in cuts]
    clips: list[Clip] = []
    times: list[np.ndarray] = []
    rows: list[np.ndarray] = []
    step_scores: dict[str, StepScores] = {}
    with closing(ahead(_frames(cuts, every, input_spec), 1)) as frames:
        asked = track(_asked(recognizer, frames), what, total=sum(map(len, every)))
        for (recording, own), its in zip(cuts, every, strict=True):
            answers, frame_times = zip(*(next(asked) for _ in its), strict=True)
            edges = step_edges(its[0].start, its[-1].end)
            scores = on_steps(answers, edges, recognizer.labels.task)
            steps = step_scores[recording.name] = StepScores((edges[:-1] + edges[1:]) / 2, scores, STEP_S)
            clips += own
            times += [_shown(clip, np.unique(np.concatenate(frame_times))) for clip in own]
            rows += [scores[held(clip, steps.times)].mean(axis=0) for clip in own]
        next(asked, None)  # lets the last reader close its file and report damage
    return ScoredClips(clips, times, np.stack(rows) if rows else np.zeros((0, len(recognizer.labels))), step_scores)


def _shown(clip: Clip, times: np.ndarray) -> np.ndarray:
    """Return the times of the frames that lie in a clip, or else that of the nearest one."""
    inside = times[(times >= clip.start) & (times <= clip.end)]
    return inside if len(inside) else times[[np.abs(times - (clip.start + clip.end) / 2).argmin()]]


def _windows(recognizer: ScoresWindows, recording: Recording, clips: Sequence[Clip]) -> list[Clip]:
    """Return the windows of a recording, with what is annotated in them."""
    own_windows = recognizer.windows(clips)
    if recording.intervals is None:
        return own_windows
    return annotated_by(own_windows, Annotations(recording.intervals, recording.gaps), recognizer.labels)


def _frames(cuts: Sequence[Cut], every: Sequence[Sequence[Clip]], input_spec: InputSpec) -> Iterator[ClipFrames]:
    for (recording, _), its in zip(cuts, every, strict=True):
        yield from stream(recording, its, input_spec)


def _asked(recognizer: ScoresWindows, frames: Iterator[ClipFrames]) -> Iterator[tuple[Grounded, np.ndarray]]:
    for window in frames:
        yield recognizer.ask(window), window.times
