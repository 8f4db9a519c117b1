"""Running a recognizer over recordings: one pass over each video, bounded memory."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import islice

import numpy as np
from torch import Tensor

from actscribe.batching import ahead, batched, begun
from actscribe.data.clips import Clip, Window, cut
from actscribe.data.frames import stream
from actscribe.data.input_spec import ClipFrames, InputSpec
from actscribe.data.recording import Recording
from actscribe.data.views import ONE_VIEW, Views, mean_of_views, stream_views
from actscribe.data.within import clips_of_part
from actscribe.errors import ActScribeError, UnreadableVideo
from actscribe.features.embedding import Embedding, check_one_by_one, embedded
from actscribe.features.store import default_store
from actscribe.labels import LabelSet
from actscribe.progress import track
from actscribe.recognizers.abilities import ScoresFeatures, ScoresSteps, ScoresWindows
from actscribe.recognizers.base import Recognizer
from actscribe.run_folder.scored_clips import ScoredClips
from actscribe.runs.whole import score_wholes
from actscribe.settings.study import Windows

#: Clips that are decoded while the network computes: a batch (ours).
CLIPS_AHEAD = 8
#: By how much arithmetic in single precision may leave [0, 1].
ROUNDING = 1e-5
_DEFECT = "This is a defect of the recognizer; report it to its author."


def score_recordings(
    recognizer: Recognizer,
    recordings: Sequence[Recording],
    labels: LabelSet,
    windows: Windows,
    what: str,
    views: Views = ONE_VIEW,
    within: bool = False,
    shown: Generator[ClipFrames, None, None] | None = None,
) -> ScoredClips:
    """Cut recordings into clips and score every one, in order; progress is shown under the name `what`.

    A clip's scores are the mean over its views, and its frame times are those of all of them. A recognizer that looks
    at a recording as a whole scores it step by step, where a clip has one view. Where recordings are parts of a split
    `within` recordings, only clips of their part are scored, see `clips_of_part`. Frames that `show_ahead` began to
    decode are taken from `shown`.

    Raises:
        ActScribeError: a video that is gone or changed, or scores that are none, see `sound`.
    """
    window = Window(windows.length, windows.stride)
    cuts = [(recording, cut(recording, labels, window)) for recording in recordings]
    if within:
        cuts = [(recording, clips_of_part(own, recording)) for recording, own in cuts]
    scored = score_wholes(recognizer, cuts, clip_input_spec(recognizer, windows), what) if views == ONE_VIEW else None
    if scored is not None:
        for row in scored.scores:
            sound(row, len(labels))
        return scored
    clips = [clip for _, own in cuts for clip in own]
    times = FrameTimes()

    def timed(frames: Iterable[ClipFrames]) -> Iterator[ClipFrames]:
        for clip_frames in frames:
            times.append(clip_frames.times)
            yield clip_frames

    expected = len(clips) * len(views)
    if isinstance(recognizer, ScoresFeatures) and views == ONE_VIEW:
        rows = _from_features(recognizer, cuts, clip_input_spec(recognizer, windows), times)
        scores = _gathered(track(rows, what, total=expected), expected, len(labels))
    else:
        # The reader does not outlive this, whatever happens.
        shown = shown or ahead(_frames(cuts, clip_input_spec(recognizer, windows), views), CLIPS_AHEAD)
        with closing(shown):
            scores = _gathered(track(recognizer.score(timed(shown)), what, total=expected), expected, len(labels))
    of_clips = times.apart()
    if len(views) > 1:
        of_clips = [np.unique(np.concatenate(group)) for group in batched(of_clips, len(views))]
    return ScoredClips(clips, of_clips, mean_of_views(scores, views))


def show_ahead(
    recognizer: Recognizer, recording: Recording, labels: LabelSet, windows: Windows
) -> Generator[ClipFrames, None, None] | None:
    """Return the frames of a recording's clips, the first of which are decoded before they are asked for.

    For `score_recordings`, in one view; None for a recognizer that asks for other frames than those of each clip.

    Raises:
        UnreadableVideo: nothing of it can be decoded.
    """
    if isinstance(recognizer, ScoresFeatures | ScoresSteps | ScoresWindows):
        return None
    clips = cut(recording, labels, Window(windows.length, windows.stride))
    input_spec = clip_input_spec(recognizer, windows)
    return begun(_twice_at_most(lambda: ahead(stream(recording, clips, input_spec), CLIPS_AHEAD)))


def _twice_at_most(decode: Callable[[], Generator[ClipFrames, None, None]]) -> Generator[ClipFrames, None, None]:
    """Yield all frames; what failed while it was decoded ahead is decoded once more: its error may have passed."""
    taken = 0
    try:
        with closing(decode()) as frames:
            for one in frames:
                taken += 1
                yield one
        return
    except UnreadableVideo:
        if not 0 < taken <= CLIPS_AHEAD:
            raise
    with closing(decode()) as frames:
        yield from islice(frames, taken, None)


class FrameTimes:
    """Times of the frames of clips, in one piece: see `_gathered`."""

    def __init__(self) -> None:
        self._all, self._counts = array("d"), array("q")

    def append(self, times: np.ndarray) -> None:
        """Add those of a clip."""
        self._all.extend(times.tolist())
        self._counts.append(len(times))

    def apart(self) -> list[np.ndarray]:
        """Return those of each clip."""
        return np.split(np.array(self._all), np.cumsum(self._counts)[:-1]) if self._counts else []


def _gathered(rows: Iterable[object], expected: int, labels: int) -> np.ndarray:
    """Return scores of clips as one array, shape (expected, labels).

    Arrays that outlive their clip one by one lie between the large ones that come and go, and keep the memory of those
    from being used again: three hours of video took a gigabyte (glibc).

    Raises:
        ActScribeError: they are of another number of clips, or none, see `sound`.
    """
    scores = np.empty((expected, labels))
    count = 0
    for row in rows:
        if count < expected:
            scores[count] = sound(row, labels)
        count += 1
    if count != expected:
        raise ActScribeError(f"The recognizer gave scores of {count} clips, expected those of {expected}.", _DEFECT)
    return scores


def _from_features(
    recognizer: ScoresFeatures,
    cuts: Sequence[tuple[Recording, Sequence[Clip]]],
    input_spec: InputSpec,
    times: FrameTimes,
) -> Iterator[np.ndarray]:
    """Yield scores from vectors of the feature store, where those of the encoder's that are missing are added.

    The times of each clip's frames are appended to `times`.

    Raises:
        ActScribeError: the store has no room for the vectors of a recording.
    """
    embedding = Embedding(recognizer.embedder, input_spec, default_store())
    check_one_by_one(embedding, (own for _, own in cuts), "the features of one recording")

    def vectors() -> Iterator[Tensor]:
        for recording, own in cuts:
            for row in embedded(embedding, recording, own):
                times.append(row.times.numpy())
                yield row.vectors

    return recognizer.score_features(vectors())


def sound(row: object, labels: int) -> np.ndarray:
    """Return scores of a clip, shape (labels,).

    Raises:
        ActScribeError: they are not an array of as many numbers, or one is not a number in [0, 1]: thresholds and
            means of it would be nothing either.
    """
    if not (isinstance(row, np.ndarray) and row.shape == (labels,) and row.dtype.kind in "fiu"):
        description = f"an array of {row.dtype}, shape {row.shape}" if isinstance(row, np.ndarray) else repr(row)
        raise ActScribeError(
            f"The recognizer's scores of a clip are {description}, expected a NumPy array of {labels} numbers.", _DEFECT
        )
    if not (np.abs(row - 0.5) <= 0.5 + ROUNDING).all():  # also of NaN
        raise ActScribeError(
            f"The recognizer's scores of a clip are {[float(score) for score in row]}, expected numbers in [0, 1].",
            "Its training diverged, or numbers of its checkpoint's configuration are damaged. Set precision to float32,"
            " a smaller learning rate, or copy the checkpoint again.",
        )
    return row


def clip_input_spec(recognizer: Recognizer, windows: Windows) -> InputSpec:
    """Return what a recognizer sees of a study's clips."""
    return replace(recognizer.input_spec, square_pixels=windows.square_pixels)


def _frames(
    cuts: Iterable[tuple[Recording, Sequence[Clip]]], input_spec: InputSpec, views: Views
) -> Iterator[ClipFrames]:
    for recording, own in cuts:
        yield from stream_views(recording, own, input_spec, views)
