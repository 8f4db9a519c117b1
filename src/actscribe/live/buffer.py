"""Between whoever captures and whoever scores: the pictures of the last seconds, and nothing older."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence

import numpy as np

from actscribe.live.arrivals import Event
from actscribe.live.sampler import EDGE_S, Sample
from actscribe.video.sampling import TIME_DECIMALS


class Buffer:
    """Samples in order of time. What is older than `keep_s` is dropped, or where the source waits, not read yet.

    Args:
        keep_s: seconds of pictures that are held.
        waits: whether the source is made to wait where nobody has looked at the oldest of them.
        speed: seconds of the recording that pass in a second.
    """

    def __init__(self, keep_s: float, waits: bool, speed: float) -> None:
        self._keep_s, self._waits, self._speed = keep_s, waits, speed
        self._samples: deque[Sample] = deque()
        self._events: deque[Event] = deque()
        self._changed = threading.Condition()
        self._reached, self._due = 0.0, 0.0
        self._needed = float("-inf")
        self._ended = False
        self._error: BaseException | None = None

    def put(self, samples: Sequence[Sample], reached: float, due: float, stop: threading.Event) -> None:
        """Add samples, and say up to which second all is known, which was to be seen when `time.monotonic` was `due`.

        Where the source waits, this does.
        """
        with self._changed:
            self._samples.extend(samples)
            self._reached, self._due = reached, due
            self._changed.notify_all()
            while self._waits and not stop.is_set() and self._samples and self._is_full():
                self._changed.wait(0.1)
            while self._samples and self._samples[0].moment < self._oldest():
                self._samples.popleft()

    def ended_at(self, samples: Sequence[Sample], end: float, stop: threading.Event) -> None:
        """Add the last samples of a source that ended at a second of the recording."""
        with self._changed:
            due = self._due + (end - self._reached) / self._speed
        self.put(samples, end + EDGE_S, due, stop)

    def say(self, event: Event) -> None:
        """Add an event."""
        with self._changed:
            self._events.append(event)
            self._changed.notify_all()

    def end(self, error: BaseException | None = None) -> None:
        """Say that nothing more comes, and why if that is not an end but a failure."""
        with self._changed:
            self._ended, self._error = True, error
            self._changed.notify_all()

    def wait(self, seconds: float, beyond: float) -> None:
        """Wait until more than `beyond` seconds of the recording are known, something happened, or time is up."""
        with self._changed:
            self._changed.wait_for(lambda: self._reached > beyond or self._events or self._ended, seconds)

    def events(self) -> list[Event]:
        """Return what happened since this was asked last."""
        with self._changed:
            events = list(self._events)
            self._events.clear()
            return events

    def pending(self) -> bool:
        """Tell whether something happened that was not asked for yet."""
        with self._changed:
            return bool(self._events)

    def state(self) -> tuple[float, bool]:
        """Return up to which second all is known, and whether nothing more comes."""
        with self._changed:
            return self._reached, self._ended

    def check(self) -> None:
        """Raise what the capture failed with, if it did."""
        with self._changed:
            if self._error is not None:
                raise self._error

    def due(self, moment: float) -> float:
        """Return when a second of the recording was to be seen, as `time.monotonic` counts."""
        with self._changed:
            return self._due - (self._reached - moment) / self._speed

    def need(self, moment: float) -> None:
        """Say that nothing before `moment` is looked at any more."""
        with self._changed:
            self._needed = moment
            self._changed.notify_all()

    def frames(self, moments: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
        """Return what was shown at moments, as of `windows.clip_frames`; None where any of them is missing.

        Args:
            moments: seconds, ascending, as `sampling.sample_times` rounds them.
        """
        with self._changed:
            wanted = {round(float(moment), TIME_DECIMALS) for moment in moments}
            samples = [sample for sample in self._samples if round(sample.moment, TIME_DECIMALS) in wanted]
        if len(samples) != len(moments) or len({sample.image.shape for sample in samples}) != 1:
            return None
        return np.stack([sample.image for sample in samples]), np.array([sample.time for sample in samples])

    def held(self) -> int:
        """Return how many samples are held."""
        with self._changed:
            return len(self._samples)

    def _is_full(self) -> bool:
        oldest = self._samples[0].moment
        return self._reached - oldest > self._keep_s and self._needed < self._oldest()

    def _oldest(self) -> float:
        return self._reached - self._keep_s
