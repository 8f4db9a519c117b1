"""Several short recordings in one pass of a recognizer, so that its batches are full across them.

A batch of other clips is another matrix, whose products a processor or GPU may add up in another order. So scores are
those that each recording has by itself, but for rounding (1e-6 in float32); where a network takes one clip at a time,
they are the same to the last digit.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress

import numpy as np

from actscribe.batching import ahead
from actscribe.data.clips import Window, cut
from actscribe.data.frames import stream
from actscribe.data.input_spec import ClipFrames
from actscribe.data.recording import Recording
from actscribe.errors import ActScribeError
from actscribe.features.embedding import Embedding
from actscribe.features.store import default_store
from actscribe.features.together import embed_together
from actscribe.labels import LabelSet
from actscribe.recognizers.abilities import ScoresFeatures, ScoresSteps, ScoresWindows
from actscribe.recognizers.base import Recognizer
from actscribe.run_folder.scored_clips import ScoredClips
from actscribe.runs.scoring import CLIPS_AHEAD, FrameTimes, clip_input_spec, sound
from actscribe.runs.stepping import Cut, shown_clips, step_spans
from actscribe.settings.study import Windows


def score_together(
    recognizer: Recognizer, recordings: Sequence[Recording], labels: LabelSet, windows: Windows
) -> list[ScoredClips | None]:
    """Score the clips of several recordings in one pass, and deal the scores back; see `scoring.score_recordings`.

    None for a recording that has to be scored by itself: one that cannot be decoded to its end, which takes no other
    with it; all of a recognizer on a frozen encoder, whose features are in the store then, computed in full batches;
    all of one that looks at windows of minutes, and so at one recording at a time.

    Raises:
        ActScribeError: scores that are none; no room for the features of all.
    """
    window = Window(windows.length, windows.stride)
    cuts: list[Cut] = [(recording, cut(recording, labels, window)) for recording in recordings]
    input_spec = clip_input_spec(recognizer, windows)
    if isinstance(recognizer, ScoresFeatures):
        embed_together(Embedding(recognizer.embedder, input_spec, default_store()), cuts)
    elif isinstance(recognizer, ScoresSteps):
        spans = [step_spans(recognizer, *one) for one in cuts]
        embedding, clips = shown_clips(recognizer, cuts, spans, input_spec)
        embed_together(embedding, [(recording, own) for (recording, _), own in zip(cuts, clips, strict=True)])
    elif not isinstance(recognizer, ScoresWindows):
        return _Dealt(recognizer, cuts, windows).scores(labels)
    return [None] * len(cuts)


class _Dealt:
    """One pass over the clips of several recordings.

    Args:
        recognizer: that scores.
        cuts: recordings with their clips.
        windows: of the study.
    """

    def __init__(self, recognizer: Recognizer, cuts: Sequence[Cut], windows: Windows) -> None:
        self._recognizer, self._cuts, self._input_spec = recognizer, cuts, clip_input_spec(recognizer, windows)
        #: Whose clips they are that were shown and are not scored yet, in their order.
        self._owners: deque[int] = deque()
        self._times = [FrameTimes() for _ in cuts]
        self._is_whole = [False] * len(cuts)

    def scores(self, labels: LabelSet) -> list[ScoredClips | None]:
        """Return the scores of each recording; None where its video could not be decoded to its end."""
        rows: list[list[np.ndarray]] = [[] for _ in self._cuts]
        with closing(ahead(self._shown(), CLIPS_AHEAD)) as frames:
            for row in self._recognizer.score(frames):
                rows[self._owners.popleft()].append(sound(row, len(labels)))
        return [
            ScoredClips(list(clips), times.apart(), np.array(own, dtype=float))
            if is_whole and len(own) == len(clips)
            else None
            for (_, clips), times, own, is_whole in zip(self._cuts, self._times, rows, self._is_whole, strict=True)
        ]

    def _shown(self) -> Iterator[ClipFrames]:
        for index, (recording, clips) in enumerate(self._cuts):
            with suppress(ActScribeError, OSError):  # told when it is scored by itself
                for shown in stream(recording, clips, self._input_spec):
                    self._owners.append(index)
                    self._times[index].append(shown.times)
                    yield shown
                self._is_whole[index] = True
