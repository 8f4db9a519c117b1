"""A video's own pictures in another file, as they are, with its sound as AAC: for browsers that play pictures alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np

from actscribe.errors import UnreadableVideo
from actscribe.video import contained
from actscribe.video.frame_times import frame_times
from actscribe.video.opening import open_video
from actscribe.video.packets import ReadErrors, demuxed
from actscribe.video.probe import measure
from actscribe.video.sound_track import SoundTrack

#: What must be the same of a copy, beside the times of its frames.
_SAME = ("codec", "pixel_format", "width", "height", "rotation", "frames", "mended", "open_groups")


def copied(path: Path, target: Path, end: float, done: Callable[[float], None]) -> str | None:
    """Write a video once more, as MP4: its pictures copied, its sound as AAC on the same clock.

    What was written is read again, and is no use unless the same frames are shown at the same times, to the
    microsecond. Inside `contained.contained` another process does all of this.

    Args:
        path: of the video.
        target: to write.
        end: of its pictures, in seconds; sound after it is left out.
        done: is told which part is written, 0 to 1.

    Returns:
        A sentence on sound that is not in it, empty where all is; None: it is no use.

    Raises:
        UnreadableVideo: the process that did it crashed or hung.
    """
    keeper = contained.current()
    return copy_in_process(path, target, end, done) if keeper is None else keeper.copy(path, target, end, done)


def copy_in_process(path: Path, target: Path, end: float, done: Callable[[float], None]) -> str | None:
    """Do in this process what `copied` says."""
    try:
        left_out = _write(path, target, end, done)
        return left_out if _shows_the_same(path, target) else None
    except (UnreadableVideo, OSError, ValueError):  # MP4 does not hold it, or a stream that cannot be copied
        return None


def _write(path: Path, target: Path, end: float, done: Callable[[float], None]) -> str:
    options = {"fflags": "+bitexact"}
    with open_video(path) as (container, stream), av.open(str(target), "w", format="mp4", options=options) as out:
        pictures = out.add_stream_from_template(stream, opaque=True)  # else an encoder of the decoder's name is sought
        sound, tick = SoundTrack(out, path, end), float(stream.time_base or 1)
        for packet in demuxed(container, stream, ReadErrors()):
            ticks = packet.dts if packet.dts is not None else packet.pts
            time = (ticks or 0) * tick
            sound.until(time)
            packet.stream = pictures
            out.mux(packet)
            done(min(max(time / end, 0.0), 1.0))
        sound.finish()
    return sound.left_out


def _shows_the_same(path: Path, target: Path) -> bool:
    one, other = measure(path), measure(target)
    if any(getattr(one, name) != getattr(other, name) for name in _SAME):
        return False
    return bool(np.allclose(frame_times(path)[0], frame_times(target)[0], rtol=0, atol=1e-6))
