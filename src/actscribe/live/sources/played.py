"""A video file, played at its own pace."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from actscribe.live.arrivals import Arrival, Event, Picture
from actscribe.names import printable
from actscribe.video.decoding import Pictures
from actscribe.video.opening import open_video


@dataclass(frozen=True, slots=True)
class Played:
    """A file whose pictures come when they would be seen; the same pictures at the same times as offline.

    Args:
        path: of the video.
        duration: in seconds, see `video.probe`.
        speed: seconds of it that pass in a second.
    """

    path: Path
    duration: float
    speed: float = 1.0

    waits = False
    hold_s = math.inf

    @property
    def media(self) -> str:
        """The file's full path."""
        return printable(str(self.path.absolute()))

    def arrivals(self, begin: float, stop: threading.Event) -> Iterator[Arrival]:
        """See `Source.arrivals`; what is shown at `begin` comes first, where it was read from the keyframe before."""
        with open_video(self.path) as (container, stream):
            aspect = float(stream.sample_aspect_ratio or 1)
            pictures = Pictures(self.path, container, stream)
            if begin > 0:
                pictures.jump(begin)
            began = None
            while (picture := pictures.read()) is not None and not stop.is_set():
                if began is None:
                    began = time.monotonic()
                due = began + max(0.0, picture.time - begin) / self.speed
                stop.wait(max(0.0, due - time.monotonic()))
                yield Picture(picture.time, picture.frame, due, aspect)
            pictures.report()
        if began is not None:
            stop.wait(max(0.0, began + max(0.0, self.duration - begin) / self.speed - time.monotonic()))
        if not stop.is_set():
            yield Event("end", self.duration, "the file has ended")
