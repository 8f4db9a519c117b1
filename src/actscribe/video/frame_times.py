"""When each frame of a video is shown, from its packets, for annotation formats that count frames."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from actscribe.annotations.frame_clock import FrameClock
from actscribe.video import contained
from actscribe.video.opening import open_video
from actscribe.video.scan import scan


def frame_clock(path: str | Path) -> FrameClock:
    """Return when each frame of a video is shown and when the last one ends; every packet is read, none decoded.

    Frames that an edit list cuts away are not counted, as no player and no annotation tool shows them. The end is the
    duration that `video.probe` measures. Inside `contained.contained` another process reads.

    Args:
        path: of the video.

    Raises:
        UnreadableVideo: an `ActScribeError`; no such file, not a video, no frame in it, times that cannot be true.
    """
    path = Path(path)
    keeper = contained.current()
    times, end = frame_times(path) if keeper is None else keeper.times(path)
    return FrameClock.of_frames(times, end)


def frame_times(path: Path) -> tuple[np.ndarray, float]:
    """Return when each frame is shown, ascending, shape (frames,), and when the last one ends, in seconds."""
    with open_video(path) as (container, stream):
        scanned = scan(path, container, stream, decode=False)
    return scanned.times, scanned.end
