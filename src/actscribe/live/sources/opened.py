"""Streams and cameras: what is gone is opened again, with waits that have a bound."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Protocol

import av
import av.error
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from actscribe.errors import ActScribeError, in_one_line
from actscribe.live.arrivals import Arrival, Event, Picture
from actscribe.live.clock import StreamClock
from actscribe.live.sources.packets import ANALYZED_S, LIVE, decoded, prepare
from actscribe.video.opening import picture_stream

#: Seconds that opening may take, and that may pass without a packet before a source counts as lost.
OPEN_S, SILENT_S = 10.0, 3.0
#: Seconds until the first and between later attempts to open what was lost (ours).
FIRST_WAIT_S, MOST_WAIT_S = 0.25, 10.0


class Recorder(Protocol):
    """Keeps what comes, where the user asked for it."""

    def begin(self, stream: VideoStream) -> None:
        """Begin with packets of another opening of the source."""
        ...

    def packet(self, packet: Packet[VideoStream]) -> None:
        """Keep a packet."""
        ...

    def close(self) -> None:
        """End with what was kept."""
        ...


@dataclass(frozen=True, slots=True)
class Opened:
    """A stream or a camera.

    Args:
        media: for people and for the timeline, without a password.
        target: what FFmpeg opens.
        format: FFmpeg's name of the device's kind; None: of a stream, which says itself what it is.
        options: of FFmpeg.
        give_up_s: seconds after which what is lost has ended; None: never.
        recorder: keeps what comes; None: nothing is kept.
        open: opens it, given the seconds that opening and reading may take.
    """

    media: str
    target: str
    format: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    give_up_s: float | None = None
    recorder: Recorder | None = None
    open: Callable[..., InputContainer] = av.open

    speed = 1.0
    waits = False
    hold_s = SILENT_S

    def arrivals(self, begin: float, stop: threading.Event) -> Iterator[Arrival]:
        """See `Source.arrivals`; of an event that repeats itself the first one is yielded."""
        try:
            yield from self._again_and_again(begin, stop)
        finally:
            if self.recorder is not None:
                self.recorder.close()

    def _again_and_again(self, begin: float, stop: threading.Event) -> Iterator[Arrival]:
        clock, last, wait = StreamClock(begin), "", FIRST_WAIT_S
        arrived_at: float | None = None
        while not stop.is_set():
            opening = time.monotonic()
            try:
                with closing(self._open()) as container:
                    why, began = "", max(opening, time.monotonic() - ANALYZED_S)
                    try:
                        for arrival in self._watched(container, clock, began, arrived_at is not None, stop):
                            if isinstance(arrival, Picture):
                                last, arrived_at, wait = "", time.monotonic(), FIRST_WAIT_S
                            elif arrival.what == last:
                                continue
                            else:
                                last = arrival.what
                            yield arrival
                    except (av.error.FFmpegError, OSError) as error:
                        if arrived_at is None:
                            raise
                        why = f" ({_words(error)})"
                    if arrived_at is not None and not last and not stop.is_set():  # before closing, which may hang, too
                        last, lost_at = "lost", clock.now(time.monotonic())
                        yield Event("lost", lost_at, f"{self.media} is gone{why}; it is looked for again and again")
            except (av.error.FFmpegError, OSError) as error:
                if arrived_at is None:
                    raise self._not_opened(error) from error
            now = time.monotonic()
            if stop.is_set() or arrived_at is None:
                return
            if self.give_up_s is not None and now - arrived_at > self.give_up_s:
                yield Event("end", clock.now(now), f"{self.media} did not come back within {self.give_up_s:g} s")
                return
            stop.wait(wait)
            wait = min(2 * wait, MOST_WAIT_S)

    def _open(self) -> InputContainer:
        return self.open(
            self.target,
            "r",
            format=self.format,
            options={**LIVE, **self.options},
            timeout=(OPEN_S, SILENT_S),
            metadata_errors="replace",
        )

    def _watched(
        self, container: InputContainer, clock: StreamClock, began: float, again: bool, stop: threading.Event
    ) -> Iterator[Arrival]:
        """Yield what comes of an open source; its first picture came at `began`, before FFmpeg had looked at enough."""
        stream = picture_stream(container)
        if stream is None or stream.codec_context is None:
            if not again:
                raise ActScribeError(f"{self.media}: no video in it, only sound.", "Name a source with a picture.")
            yield Event("no video", clock.now(time.monotonic()), f"{self.media} sends sound alone, no video")
            return
        prepare(stream)
        if self.recorder is not None:
            self.recorder.begin(stream)
        aspect = float(stream.sample_aspect_ratio or 1)
        if again:
            clock.restart()
        is_first = True
        for stated, frame in decoded(container, stream, self.recorder.packet if self.recorder else None, SILENT_S):
            if stop.is_set():
                return
            now = time.monotonic()
            if is_first and again:
                yield Event("back", clock.now(began), f"{self.media} is back")
            moment, jump = clock.at(stated, began if is_first else now)
            is_first = False
            if jump and moment is not None:
                yield Event("jump", moment, f"the clock of {self.media} jumped by {jump:+.1f} s; time goes on here")
            if moment is not None:
                yield Picture(moment, frame, now, aspect)

    def _not_opened(self, error: Exception) -> ActScribeError:
        return ActScribeError(
            f"{self.media}: cannot be opened ({_words(error)}).", "Check that it is switched on, and how it is spelled."
        )


def _words(error: Exception) -> str:
    if isinstance(error, av.error.ExitError):
        return f"nothing came for {SILENT_S:g} s"
    return str(getattr(error, "strerror", None) or in_one_line(error))
