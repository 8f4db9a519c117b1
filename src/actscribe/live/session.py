"""Watching: what comes is scored, decided, shown and written, window by window, until the source ends or is left."""

from __future__ import annotations

import secrets
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from actscribe.data.clips import SAME_S, Clip
from actscribe.data.input_spec import PASSING, PLAYED, ClipFrames
from actscribe.errors import ActScribeError
from actscribe.live import lines
from actscribe.live.arrivals import Event
from actscribe.live.buffer import Buffer
from actscribe.live.capture import Capture
from actscribe.live.causal.timeline import Bar, CausalTimeline, Change
from actscribe.live.lines import Line
from actscribe.live.log import Earlier, LiveLog
from actscribe.live.pace import MOST_S, Pace
from actscribe.live.scorers import Scorer
from actscribe.live.sources.choose import Chosen
from actscribe.live.windows import LiveWindows
from actscribe.runs.one_video import Loaded
from actscribe.runs.scoring import clip_input_spec

#: Seconds of pictures that are held beside those of a window, for whoever is late.
LATE_S = 10.0
#: Windows of which the latency is told, the newest.
LATENCIES = 1000
#: Seconds between two looks at the screen while nothing is scored.
LOOK_S = 0.25
#: Sentences about the source that stay on the screen.
SENTENCES = 3


@dataclass(frozen=True, slots=True)
class State:
    """What there is to be seen at a moment.

    Args:
        at: second of the recording up to which it was seen.
        decided: second up to which it is decided.
        bars: of the last minutes.
        unseen: spans of the last minutes that are not annotated.
        scores: of the newest window, by label.
        stride: seconds from one scored window to the next.
        asked_stride: what the study asks for.
        latency: (median, 95th percentile) in seconds; None: nothing was scored yet.
        sentences: about the source, the newest last.
    """

    at: float
    decided: float
    bars: tuple[Bar, ...]
    unseen: tuple[tuple[float, float], ...]
    scores: dict[str, float]
    stride: float
    asked_stride: float
    latency: tuple[float, float] | None
    sentences: tuple[str, ...]


class Shown(Protocol):
    """Where a session is shown."""

    def line(self, line: Line) -> None:
        """Show what happened."""
        ...

    def draw(self, state: State) -> None:
        """Show how it stands."""
        ...


@dataclass(frozen=True, slots=True)
class Ended:
    """How a session ended.

    Args:
        at: second of the recording.
        why: a sentence.
        whole: whether a file was seen to its end.
        scored, passed_over: windows.
        latencies: of the newest windows, in seconds.
    """

    at: float
    why: str
    whole: bool
    scored: int
    passed_over: int
    latencies: tuple[float, ...]


def begin_of(chosen: Chosen, windows: LiveWindows, earlier: Earlier | None) -> float:
    """Return the second of the recording with which a session begins.

    What passes by goes on at the second that it is by now; a file where its next window begins: nothing is missing.
    """
    if earlier is None:
        return 0.0
    if chosen.passes:
        return max(time.time() - earlier.began, earlier.at)
    return max(0.0, earlier.scored - windows.length + windows.stride) if earlier.scored else 0.0


class Session:
    """One session of watching.

    Args:
        chosen: the source.
        loaded: the run.
        scorer: of the run.
        kept: the file that all is written to, open.
        earlier: what it held.
        shown: where it is shown.

    Attributes:
        scored: windows, so far.
    """

    def __init__(
        self, chosen: Chosen, loaded: Loaded, scorer: Scorer, kept: LiveLog, earlier: Earlier | None, shown: Shown
    ) -> None:
        self._chosen, self._loaded, self._scorer, self._kept, self._shown = chosen, loaded, scorer, kept, shown
        self._windows = windows = scorer.windows
        self._labels = loaded.run.labels
        self._content = f"{PASSING if chosen.video is None else PLAYED}{secrets.token_hex(8)}"
        self._begin = begin_of(chosen, windows, earlier)
        source, held = chosen.source, int(LATE_S * max(1.0, chosen.source.speed) / windows.stride)
        most = 1 if scorer.steps else int(MOST_S / windows.stride)  # steps follow on each other
        self._pace = Pace(windows.stride / source.speed, source.waits, most, held)
        keep_s = windows.length + LATE_S * max(1.0, source.speed) + windows.stride
        self._buffer = Buffer(keep_s, source.waits, source.speed)
        self._last = windows.first(self._begin) - 1
        self._scored_to = max(self._begin, earlier.scored if earlier is not None else 0.0)
        self.scored = 0
        decided = _decided(earlier, windows)
        begin = self._begin if chosen.passes else decided
        self._timeline = CausalTimeline(self._labels, loaded.settings, begin, scorer.steps)
        self._unseen: deque[tuple[float, float]] = deque(maxlen=100)
        self._hole: _Hole | None = None
        self._at = self._begin
        self._latencies: deque[float] = deque(maxlen=LATENCIES)
        self._scores: dict[str, float] = {}
        self._sentences: deque[str] = deque(maxlen=SENTENCES)
        self._ending, self._end = "", float("inf")
        self._start(earlier)

    def run(self, lasting_s: float | None = None) -> Ended:
        """Watch until the source ends, for so many seconds of the recording, or until Ctrl-C.

        Raises:
            ActScribeError: the source cannot be read, or the disk not be written to; what came before is kept.
        """
        input_spec = replace(
            clip_input_spec(self._loaded.recognizer, self._loaded.run.study.windows), temporal_jitter=1
        )
        moments = self._windows.every_moment(self._begin)
        capture = Capture(self._chosen.source, self._begin, moments, input_spec, self._buffer)
        capture.start()
        whole = False
        try:
            self._watch(lasting_s)
            whole = bool(self._ending)
        except KeyboardInterrupt:
            self._ending = "stopped"
        except ActScribeError as error:
            self._ending = error.message
            raise
        finally:
            capture.stop()
            self._tell(self._timeline.pause())
            if self._chosen.video is None or not whole:  # a file that was seen whole is annotated to its end
                self._unseen_until(self._at)
            self._say(lines.end(self._at, self._ending or "long enough"))
            self._draw()
        ended = self._ending or "long enough"
        return Ended(self._at, ended, whole, self.scored, self._pace.passed_over, tuple(self._latencies))

    def _start(self, earlier: Earlier | None) -> None:
        run, source = self._loaded.run, self._chosen.source
        if earlier is not None:
            for label, start in earlier.open.items():
                bar = Bar(label, start, max(start, _decided(earlier, self._windows)), open=False, appeared=earlier.at)
                self._say(lines.change(Change("ends", bar), earlier.at))
            if self._begin > max(earlier.scored, earlier.gap_end):
                self._gap(max(earlier.scored, earlier.gap_end), self._begin)
        step, picture = self._loaded.settings.step, self._chosen.picture
        self._say(lines.session(run, source.media, picture, self._windows, step, self._begin))

    def _watch(self, lasting_s: float | None) -> None:
        limit = float("inf") if lasting_s is None else self._begin + lasting_s
        while True:
            self._buffer.wait(LOOK_S, self._known_beyond())
            reached, ended = self._buffer.state()  # before the events: what led up to it is among them
            for event in self._buffer.events():
                if event.time <= limit:  # a file is read ahead of what is watched
                    self._happened(event)
            reached = min(reached, limit)
            self._at = max(self._at, min(reached, self._end))
            number = self._next(reached)
            if number is not None:
                self._score(number)
            elif reached >= limit:
                return
            elif ended and not self._buffer.pending():
                self._buffer.check()
                return
            else:
                self._draw()

    def _known_beyond(self) -> float:
        """Return the second beyond which something is to be done."""
        return self._windows.known_from(max(0, self._pace.following(self._last)))

    def _next(self, reached: float) -> int | None:
        newest = self._windows.newest(reached)
        hole = self._hole
        if hole is None:
            return self._pace.next(self._last, newest)
        number = self._pace.next(self._last, min(newest, hole.before))
        if number is not None:
            return number
        if not hole.paused:
            self._tell(self._timeline.pause())
            hole.paused = True
        if hole.after is None:
            return None
        self._scorer.forget()
        self._unseen_until(hole.after)
        self._last, self._hole = self._windows.first(hole.after) - 1, None
        self._buffer.need(hole.after)
        return self._pace.next(self._last, newest)

    def _happened(self, event: Event) -> None:
        self._say(lines.event(event))
        self._sentences.append(event.sentence)
        if event.what == "lost":
            self._hole = _Hole(self._windows.newest(event.time))
        elif event.what == "back" and self._hole is not None:
            self._hole.after = event.time
        elif event.what == "end":
            self._ending, self._end = event.sentence, event.time

    def _score(self, number: int) -> None:
        start, end = self._windows.span(number)
        self._last = number
        buffered = self._buffer.frames(self._windows.moments(number))
        self._buffer.need(self._windows.span(number + 1)[0])
        if buffered is None:
            return
        if start > self._scored_to + SAME_S:
            self._broken(start)
        images, times = buffered
        began = time.monotonic()
        clip = ClipFrames(Clip(self._chosen.name, start, end), self._content, images, times)
        scores = self._scorer.score(clip)
        self._scored_to = end
        stride_changed = self._pace.took(time.monotonic() - began)
        self.scored += 1
        newest = scores[-1] if self._scorer.steps else scores
        self._scores = dict(zip(self._labels.names, newest.tolist(), strict=True))
        self._tell(self._timeline.add(start, end, scores))
        if stride_changed:
            seconds = self._pace.every * self._windows.stride
            self._say(lines.stride(seconds, self._at))
        self._draw()
        latency = time.monotonic() - self._buffer.due(end)
        self._latencies.append(latency)
        self._say(lines.window(start, end, scores, latency))

    def _broken(self, start: float) -> None:
        """Start over at a moment before which no window looked at what was to be seen."""
        self._tell(self._timeline.pause())
        self._scorer.forget()
        self._unseen_until(start)

    def _tell(self, changes: Sequence[Change]) -> None:
        for change in changes:
            self._say(lines.change(change, self._at))

    def _unseen_until(self, moment: float) -> None:
        """Say that no window looked at what lies between the newest one, or what was told before, and a moment."""
        if moment > self._scored_to + SAME_S:
            self._gap(self._scored_to, moment)
            self._scored_to = moment

    def _gap(self, start: float, end: float) -> None:
        touching = self._unseen and abs(self._unseen[-1][1] - start) <= SAME_S
        self._unseen.append((self._unseen.pop()[0] if touching else start, end))
        self._say(lines.gap(start, end))

    def _say(self, line: Line) -> None:
        self._kept.add(line)
        self._shown.line(line)

    def _draw(self) -> None:
        latency = None
        if self._latencies:
            median, most = np.percentile(list(self._latencies), [50, 95])
            latency = float(median), float(most)
        stride = self._windows.stride
        bars, unseen = tuple(self._timeline.bars()), tuple(self._unseen)
        self._shown.draw(
            State(
                self._at,
                self._timeline.decided,
                bars,
                unseen,
                self._scores,
                self._pace.every * stride,
                stride,
                latency,
                tuple(self._sentences),
            )
        )


def _decided(earlier: Earlier | None, windows: LiveWindows) -> float:
    """Return up to where an earlier session decided: to its end, or where it was killed to its last window's middle."""
    if earlier is None or not earlier.scored:
        return 0.0
    return earlier.scored if earlier.stopped else earlier.scored - windows.length / 2


@dataclass(slots=True)
class _Hole:
    """Where the source was lost.

    Args:
        before: number of the newest window before it.
        after: second at which it was back; None: it is not yet.
        paused: whether what came before is decided to its end.
    """

    before: int
    after: float | None = None
    paused: bool = False


def warm_up(loaded: Loaded, scorer: Scorer) -> None:
    """Score a grey window, so that the first true one does not wait for what is made once."""
    side, moments = loaded.recognizer.input_spec.short_side, scorer.windows.moments(0)
    images = np.full((len(moments), side, side, 3), 127, dtype=np.uint8)
    scorer.score(ClipFrames(Clip("warm-up", *scorer.windows.span(0)), f"{PASSING}grey", images, moments))
    scorer.forget()
