"""The thread that reads a source into the buffer; whoever scores never keeps it from reading."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

from actscribe.data.input_spec import InputSpec
from actscribe.live.arrivals import Event, Picture, Source
from actscribe.live.buffer import Buffer
from actscribe.live.sampler import TOLERANCE_S, Health, Sampler


class Capture:
    """Reads a source in a thread of its own, from `start` until `stop` or its end.

    Args:
        source: to read.
        begin: second of the recording that its first picture is of.
        moments: that windows look at, ascending from `begin`, without end.
        input_spec: of the pictures.
        buffer: that is filled.
    """

    def __init__(
        self, source: Source, begin: float, moments: Iterator[float], input_spec: InputSpec, buffer: Buffer
    ) -> None:
        self._source, self._begin, self._buffer = source, begin, buffer
        self._sampler, self._health = Sampler(moments, input_spec, source.hold_s), Health()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="capture", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def stop(self, patience_s: float = 5.0) -> None:
        """End reading; a source that hangs is left to itself after `patience_s`."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(patience_s)

    def _run(self) -> None:
        try:
            for arrival in self._source.arrivals(self._begin, self._stop):
                if isinstance(arrival, Picture):
                    self._pass(arrival)
                else:
                    self._note(arrival)
        except BaseException as error:
            self._buffer.end(error)
        else:
            self._buffer.end()

    def _pass(self, picture: Picture) -> None:
        samples = self._sampler.take(picture)
        self._buffer.put(samples, picture.time - TOLERANCE_S, picture.due, self._stop)
        for sample in samples:
            changed = self._health.look(sample)
            if changed is not None:
                self._buffer.say(changed)

    def _note(self, event: Event) -> None:
        if event.what == "end":
            self._buffer.say(event)  # first: whoever knows what reaches beyond the end knows of the end
            self._buffer.ended_at(self._sampler.finish(event.time), event.time, self._stop)
            return
        if event.what == "lost":
            self._buffer.put(
                [], event.time, time.monotonic(), self._stop
            )  # windows up to here are all that they will be
            self._sampler.broken()
            self._health.forget()
        self._buffer.say(event)
