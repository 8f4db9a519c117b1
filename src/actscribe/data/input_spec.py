"""What a recognizer wants to see of a clip, and what it is shown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from actscribe.data.clips import Clip

#: What stands for a digest begins with where nobody took one. PASSING: a camera's pictures, which never come again, so
#: that nothing made of them is kept on disk. PLAYED: a file's, whose pixels alone tell what may be used again.
PASSING, PLAYED = "passing ", "played "


@dataclass(frozen=True, slots=True)
class InputSpec:
    """What a recognizer wants to see of a clip.

    Args:
        frames: how many, see `video.sampling.sample_times`.
        short_side: of a decoded frame, in pixels, aspect kept; a smaller video is not enlarged.
        temporal_jitter: moments in each of the `frames` segments that training draws from, an odd number; 1: the
            centres alone, in training too. So many times the frames are decoded and kept in the cache.
        square_pixels: see `video.reading.frames_at`.
    """

    frames: int
    short_side: int
    temporal_jitter: int = 1
    square_pixels: bool = True

    def __post_init__(self) -> None:
        if self.temporal_jitter < 1 or self.temporal_jitter % 2 == 0:
            raise ValueError(
                f"expected an odd number for temporal_jitter, so that one is the centre, found {self.temporal_jitter}"
            )


@dataclass(frozen=True, slots=True)
class ClipFrames:
    """The frames of one clip.

    Args:
        clip: the span.
        content: the recording's content digest; with `times` it identifies a frame anywhere.
        frames: uint8 RGB, shape (frames, height, width, 3).
        times: presentation times of the frames actually taken, in seconds, shape (frames,).
    """

    clip: Clip
    content: str
    frames: np.ndarray
    times: np.ndarray
