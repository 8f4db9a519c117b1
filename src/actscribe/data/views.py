"""Several views of a clip at test: other moments, other parts of the picture; their scores are averaged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from actscribe.data.clips import Clip
from actscribe.data.frames import stream
from actscribe.data.input_spec import ClipFrames, InputSpec
from actscribe.data.recording import Recording
from actscribe.video.sampling import view_times
from actscribe.video.windows import clip_frames


@dataclass(frozen=True, slots=True)
class Views:
    """How many views a clip is scored from, clips x crops; 4 x 3 in the Kinetics tables of X-CLIP and ViFi-CLIP.

    Args:
        clips: temporal views, see `video.sampling.view_times`.
        crops: 1: the picture as the recognizer takes it; 3: the squares at both ends and in the middle.
    """

    clips: int = 1
    crops: int = 1

    def __post_init__(self) -> None:
        if self.clips < 1 or self.crops not in (1, 3):
            raise ValueError(f"expected at least 1 clip and 1 or 3 crops, found {self.clips} x {self.crops}")

    def __len__(self) -> int:
        return self.clips * self.crops


ONE_VIEW = Views()


def crop_boxes(height: int, width: int) -> tuple[tuple[int, int, int], ...]:
    """Return (top, left, side) of three squares of the short side: left or top, right or bottom, middle."""
    side = min(height, width)
    down, right = height - side, width - side
    return (0, 0, side), (down, right, side), (down // 2, right // 2, side)


def stream_views(
    recording: Recording, clips: Sequence[Clip], input_spec: InputSpec, views: Views
) -> Iterator[ClipFrames]:
    """Yield the views of each clip of one recording in order of time, crops fastest; each frame is decoded once."""
    if views == ONE_VIEW:
        yield from stream(recording, clips, input_spec)
        return
    for clip, frames in zip(clips, _dense(recording, clips, input_spec, views.clips), strict=True):
        for first in range(views.clips):
            moments = slice(first, None, views.clips)
            clip_frames = ClipFrames(clip, recording.content, frames.frames[moments], frames.times[moments])
            if views.crops == 1:
                yield clip_frames
                continue
            for top, left, side in crop_boxes(*clip_frames.frames.shape[1:3]):
                square = clip_frames.frames[:, top : top + side, left : left + side]
                # Whoever keeps features by content must tell the crops apart.
                content = f"{recording.content} {top},{left},{side}"
                yield replace(clip_frames, content=content, frames=np.ascontiguousarray(square))


def mean_of_views(scores: np.ndarray, views: Views) -> np.ndarray:
    """Return the mean scores of each clip, shape (clips, labels), from (clips x views, labels).

    Scores are averaged, after softmax or sigmoid, as X-CLIP and ViFi-CLIP do; not logits.
    """
    return np.asarray(scores.reshape(-1, len(views), scores.shape[-1]).mean(axis=1))


def _dense(recording: Recording, clips: Sequence[Clip], input_spec: InputSpec, views: int) -> Iterator[ClipFrames]:
    """Yield each clip with the frames of all its temporal views, in order of time."""
    times = [view_times(clip.start, clip.end, input_spec.frames, views).T.ravel() for clip in clips]
    decoded = clip_frames(recording.video, times, input_spec.short_side, input_spec.square_pixels)
    for clip, (images, moments) in zip(clips, decoded, strict=True):
        yield ClipFrames(clip, recording.content, images, moments)
