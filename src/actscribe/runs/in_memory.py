"""A run inside another program: frames that are in memory already, scores that are somebody else's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from actscribe.annotations.interval import Interval
from actscribe.data.clips import Clip
from actscribe.data.input_spec import ClipFrames
from actscribe.errors import ActScribeError
from actscribe.recognizers.base import Recognizer
from actscribe.run_folder.run import Run
from actscribe.runs.scoring import sound
from actscribe.timeline.confidence import with_confidence
from actscribe.timeline.scores import merge_windows
from actscribe.timeline.segments import build
from actscribe.video.sampling import nominal_times

#: What a clip lasts where the study's clips are whole videos; the times of its frames are given to some models.
WHOLE_S = 1.0


def score_clips(run: Run | str | Path, clips: Iterable[np.ndarray], recognizer: Recognizer | None = None) -> np.ndarray:
    """Return the scores of clips whose frames are in memory, in [0, 1], shape (clips, labels of the run).

    Args:
        run: complete, or its folder.
        clips: of each its frames, uint8 RGB, shape (frames, height, width, 3), evenly spaced in time from the middle of
            the first to the middle of the last segment; as many as the recognizer looks at. Read one after another.
        recognizer: the run's own, from `Run.recognizer`, where the caller has loaded it.

    Raises:
        ActScribeError: not a complete run, or frames of another shape, type or number.
    """
    run = run if isinstance(run, Run) else Run.open(run)
    run.require_complete()
    loaded = recognizer or run.recognizer()
    length = run.study.windows.length or WHOLE_S
    shown = frames_in_memory(clips, loaded.input_spec.frames, length, len(run.labels))
    rows = [sound(row, len(run.labels)) for row in loaded.score(shown)]
    return np.stack(rows) if rows else np.zeros((0, len(run.labels)))


def build_timeline(
    run: Run | str | Path, starts: np.ndarray, ends: np.ndarray, scores: np.ndarray, duration: float
) -> list[Interval]:
    """Return the timeline of a recording from scores of clips, as the run decides it: thresholds, smoothing, rules.

    How clips become a timeline is ours (see `timeline.scores` and `timeline.segments`): Guerriero et al. 2026 report
    clips.

    Args:
        run: complete, or its folder; its calibration turns scores into confidences.
        starts, ends: of the clips in seconds, shape (clips,), in any order; they may overlap.
        scores: in [0, 1], shape (clips, labels of the run).
        duration: of the recording in seconds.

    Raises:
        ActScribeError: shapes that do not belong together, scores outside [0, 1], or times outside the recording.
    """
    run = run if isinstance(run, Run) else Run.open(run)
    run.require_complete()
    try:
        starts, ends, scores = (np.asarray(values, dtype=float) for values in (starts, ends, scores))
    except ValueError:
        raise ActScribeError("expected starts, ends and scores as arrays of numbers, each row as long.") from None
    _check_scores(starts, ends, scores, duration, len(run.labels))
    point = run.operating_point
    over_time = merge_windows(starts, ends, scores, duration, point.timeline.step)
    made = build(over_time, point.timeline, run.labels)
    return list(with_confidence(made, over_time, point.confidence, run.labels))


def frames_in_memory(
    clips: Iterable[np.ndarray], frames: int, length: float = WHOLE_S, labels: int = 0
) -> Iterator[ClipFrames]:
    """Yield frames as a recognizer or an encoder takes them.

    Args:
        clips: uint8 RGB, shape (frames, height, width, 3) each.
        frames: how many of each are expected.
        length: of a clip in seconds.
        labels: of the run, if any.

    Raises:
        ActScribeError: frames of another shape, type or number.
    """
    for index, clip in enumerate(clips):
        is_array = isinstance(clip, np.ndarray)
        if not (is_array and clip.dtype == np.uint8 and clip.ndim == 4 and clip.shape[-1] == 3 and len(clip) == frames):
            what = f"{clip.dtype} of shape {clip.shape}" if is_array else f"a {type(clip).__name__}"
            raise ActScribeError(
                f"clip {index}: found {what}; expected uint8 RGB of shape ({frames}, height, width, 3).",
                "Sample as many frames of each as the recognizer looks at, Run.recognizer().input_spec.frames.",
            )
        span = Clip("in memory", index * length, (index + 1) * length, (float("nan"),) * labels)
        # Without a digest of its content nothing of the clip is kept or taken for another one's.
        yield ClipFrames(span, "", clip, span.start + nominal_times(span.start, span.end, frames))


def _check_scores(starts: np.ndarray, ends: np.ndarray, scores: np.ndarray, duration: float, labels: int) -> None:
    if not (starts.ndim == 1 and starts.shape == ends.shape and scores.shape == (len(starts), labels)):
        raise ActScribeError(
            f"found starts {starts.shape}, ends {ends.shape}, scores {scores.shape}; expected (clips,), (clips,) and"
            f" (clips, {labels})."
        )
    if not ((scores >= 0) & (scores <= 1)).all():
        raise ActScribeError("expected scores in [0, 1], found others.")
    if not (np.isfinite(duration) and duration > 0 and (starts >= 0).all() and (starts < ends).all()):
        raise ActScribeError("expected clips from 0 s on that end after they begin, in a duration above 0.")
    if not ((starts < duration).all() and np.isfinite(ends).all()):
        raise ActScribeError(f"expected clips that begin before the recording ends, at {duration:g} s; found others.")
