"""The frames of many clips of one video, overlapping or not, in one pass."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from actscribe.video.reading import Frame, frames_at

#: Windows that share a grid may differ by a microsecond, the rounding of their times (ours).
SLACK_S = 1e-5


def clip_frames(
    path: Path, clip_times: Sequence[np.ndarray], short_side: int | None = None, square_pixels: bool = True
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the frames of each clip and the times at which they are shown, in the order of the clips.

    The file is read once. A frame that several clips share is decoded and converted once, and kept only until the
    last clip that it may belong to has been yielded: memory holds the frames from the first of the current clip on.

    Args:
        path: of the video.
        clip_times: the wanted times of each clip in seconds, ascending, shape (frames,), at least one; the clips
            ascend in their first time.
        short_side, square_pixels: see `reading.frames_at`.

    Yields:
        images, uint8 RGB, shape (frames, height, width, 3), and presentation times in seconds, shape (frames,).

    Raises:
        ActScribeError: see `reading.frames_at`.
        ValueError: a clip is empty, or clips or times do not ascend.
    """
    clips = [np.asarray(times, dtype=np.float64) for times in clip_times]
    if any(times.ndim != 1 or not len(times) or (np.diff(times) < 0).any() for times in clips):
        raise ValueError("each clip needs at least one time, and its times must ascend")
    if any(before[0] > after[0] + SLACK_S for before, after in itertools.pairwise(clips)):
        raise ValueError("clips must ascend in their first time")
    return _clips(Path(path), clips, short_side, square_pixels)


def _clips(
    path: Path, clips: list[np.ndarray], short_side: int | None, square_pixels: bool
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    if not clips:
        return
    wanted = np.unique(np.concatenate(clips))
    incoming = zip(wanted.tolist(), frames_at(path, wanted, short_side, square_pixels), strict=True)
    held: deque[tuple[float, Frame]] = deque()
    for times in clips:
        while held and held[0][0] < times[0] - SLACK_S:
            held.popleft()
        while not held or held[-1][0] < times[-1]:
            held.append(next(incoming))
        by_time = dict(held)
        frames = [by_time[time] for time in times.tolist()]
        yield np.stack([frame.image for frame in frames]), np.array([frame.pts for frame in frames])
    next(incoming, None)  # lets the reader close the file and report damage
