"""How long a minute of video takes, in the usual windows."""

from __future__ import annotations

import numpy as np

from actscribe.data.clips import Window, spans
from actscribe.tables import seconds_text
from actscribe.video.sampling import sample_times

MINUTE = 60.0


def minute_text(clip: float, frame: float, frames: int) -> str:
    """Return in words what a minute of video costs in windows of 3 s every second.

    Args:
        clip: seconds that each clip takes by itself.
        frame: seconds that each frame takes, once for all clips that share it.
        frames: of a clip.
    """
    window = Window()
    cut = spans(MINUTE, window)
    shown = np.unique(np.concatenate([sample_times(start, end, frames) for start, end in cut]).round(6))
    seconds = len(cut) * clip + len(shown) * frame
    return f"about {seconds_text(seconds)} in windows of {window.length:g} s every {window.stride:g} s"
