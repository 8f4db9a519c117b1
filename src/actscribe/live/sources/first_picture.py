"""By what a recording is told from another that took its name: the first picture, which no recorder changes later."""

from __future__ import annotations

import hashlib
from pathlib import Path

import av
import av.error

from actscribe.live.sources.packets import LIVE, prepare
from actscribe.video.opening import picture_stream


def first_picture(path: Path) -> str:
    """Return a digest of a file's first picture; empty where there is none yet, or none that can be compared."""
    try:
        with av.open(str(path), "r", options=LIVE, metadata_errors="replace") as container:
            stream = picture_stream(container)
            if stream is None:
                return ""
            prepare(stream)
            stream.codec_context.thread_count = 1  # several conceal damage in another way each time
            frame = next(container.decode(stream), None)
            return "" if frame is None else hashlib.blake2b(frame.to_ndarray().tobytes(), digest_size=16).hexdigest()
    except (av.error.FFmpegError, OSError, ValueError):
        return ""
