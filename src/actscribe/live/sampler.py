"""Takes from passing pictures those that windows will look at, and notes when the picture is black or stands still."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from actscribe.data.input_spec import InputSpec
from actscribe.live.arrivals import Event, Picture
from actscribe.video.reading import Converter

#: How far a picture's stated time may lie after a moment that it is shown at, at most, see `Pictures.tolerance`.
TOLERANCE_S = 5e-4 + 2e-6
#: A moment this far beyond the end is still at the end: moments are rounded.
EDGE_S = 1e-5


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """What is shown at a moment that windows look at.

    Args:
        moment: in seconds of the recording, rounded as `sampling.sample_times` rounds.
        time: from which the picture is shown.
        image: uint8 RGB, shape (height, width, 3).
    """

    moment: float
    time: float
    image: np.ndarray


class Sampler:
    """Finds what is shown at each of many moments as offline reading does: the last picture at or before it.

    A picture is turned into an array only if a moment falls on it, and once.

    Args:
        moments: that windows look at, ascending, without end.
        input_spec: size of the pictures.
        hold_s: how long a picture stands for what follows.
    """

    def __init__(self, moments: Iterator[float], input_spec: InputSpec, hold_s: float) -> None:
        self._moments, self._input_spec, self._hold_s = moments, input_spec, hold_s
        self._next = next(moments)
        self._shown: Picture | None = None
        self._image: np.ndarray | None = None
        self._converter: Converter | None = None
        self._fresh = False

    def take(self, picture: Picture) -> list[Sample]:
        """Return what was shown at moments that are over now that another picture is shown."""
        tick = float(picture.frame.time_base or 0)
        samples = self._until(picture.time - min(tick / 2 + 2e-6, TOLERANCE_S))
        if self._fresh:
            self._skip(picture.time)
            self._fresh = False
        self._shown, self._image = picture, None
        return samples

    def finish(self, end: float) -> list[Sample]:
        """Return what was shown at the moments up to the end of the last picture."""
        return self._until(end + EDGE_S)

    def broken(self) -> None:
        """Forget what was shown: what comes next has nothing to do with it, and may have another size."""
        self._shown, self._image, self._converter, self._fresh = None, None, None, True

    def _until(self, end: float) -> list[Sample]:
        samples: list[Sample] = []
        if self._shown is None:
            return samples
        until = min(end, self._shown.time + self._hold_s)
        while self._next < until:
            samples.append(Sample(self._next, self._shown.time, self._converted(self._shown)))
            self._next = next(self._moments)
        self._skip(end)
        return samples

    def _skip(self, until: float) -> None:
        while self._next < until:
            self._next = next(self._moments)

    def _converted(self, picture: Picture) -> np.ndarray:
        if self._converter is None:
            aspect = picture.aspect if self._input_spec.square_pixels else 1.0
            self._converter = Converter(self._input_spec.short_side, aspect)
        if self._image is None:
            self._image = self._converter(picture.frame)
        return self._image


#: A picture is black if its brightest part (of 99 in 100 pixels) is darker than this, of 255 (ours).
BLACK = 24
#: Seconds for which a picture must be black, or not change at all, before that is said: a fade is not a fault, and a
#: camera whose picture stands still to the last digit has no sensor noise (ours).
BLACK_S, FROZEN_S = 2.0, 5.0
#: How much two pictures may differ and be the same, in mean steps of 255: what compression makes of a still.
SAME = 0.02


class Health:
    """Says when pictures are black or stand still, and when they no longer do."""

    def __init__(self) -> None:
        self._state = "picture"
        self._last: np.ndarray | None = None
        self._dark_since: float | None = None
        self._still_since: float | None = None

    def look(self, sample: Sample) -> Event | None:
        """Return what has changed with this picture, if anything has."""
        small = sample.image[::4, ::4]
        dark = float(np.percentile(small, 99)) < BLACK
        still = self._last is not None and self._last.shape == small.shape and _apart(self._last, small) < SAME
        self._last = small.copy()
        self._dark_since = (self._dark_since if self._dark_since is not None else sample.moment) if dark else None
        self._still_since = (self._still_since if self._still_since is not None else sample.moment) if still else None
        return self._changed(sample.moment)

    def forget(self) -> None:
        """Start over after a loss; what was said of the picture before is no longer so."""
        self._state, self._last, self._dark_since, self._still_since = "picture", None, None, None

    def _changed(self, now: float) -> Event | None:
        if self._dark_since is not None and now - self._dark_since >= BLACK_S:
            return self._say("black", self._dark_since, "the picture is black")
        if self._still_since is not None and now - self._still_since >= FROZEN_S:
            return self._say("frozen", self._still_since, "the picture stands still")
        if self._dark_since is None and self._still_since is None:
            return self._say("picture", now, "the picture is alive again")
        return None

    def _say(self, state: str, since: float, words: str) -> Event | None:
        if state == self._state:
            return None
        self._state = state
        return Event(state, since, words)  # type: ignore[arg-type]  # one of `What`


def _apart(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one.astype(np.int16) - other).mean())
