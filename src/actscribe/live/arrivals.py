"""What comes from a source while it is watched: pictures with their time, and what happened to it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

import av

What = Literal["lost", "back", "jump", "black", "frozen", "picture", "no video", "end"]


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as it passes.

    Args:
        time: from which it is shown, in seconds of the recording.
        frame: decoded.
        due: when it was to be seen or came, as `time.monotonic` counts.
        aspect: width of a pixel over its height.
    """

    time: float
    frame: av.VideoFrame
    due: float
    aspect: float = 1.0


@dataclass(frozen=True, slots=True)
class Event:
    """What happened to a source.

    Args:
        what: "lost" and "back" again, "jump": its clock was reset, "black", "frozen", "picture": neither any more, "no
            video": sound alone; "end": nothing more will come.
        time: in seconds of the recording.
        sentence: for people.
    """

    what: What
    time: float
    sentence: str


Arrival = Picture | Event


class Source(Protocol):
    """Where pictures come from.

    Args:
        media: what the timeline says that it is of: a path, an address, a camera.
        speed: seconds of the recording that pass in a second.
        waits: whether it can be made to wait for whoever is too slow: nothing of a file is lost by that.
        hold_s: how long a picture stands for what follows, in seconds.
    """

    @property
    def media(self) -> str:
        """See the class."""
        ...

    @property
    def speed(self) -> float:
        """See the class."""
        ...

    @property
    def waits(self) -> bool:
        """See the class."""
        ...

    @property
    def hold_s(self) -> float:
        """See the class."""
        ...

    def arrivals(self, begin: float, stop: threading.Event) -> Iterator[Arrival]:
        """Yield pictures in order of time, and events between them, until the end or until `stop` is set.

        Args:
            begin: second of the recording that the first picture is of; of a file, from which it is read.
            stop: ends waiting, too.

        Raises:
            ActScribeError: there is nothing to be seen.
        """
        ...
