"""The recording's time of a source whose own clock may jump, stop or restart (ours)."""

from __future__ import annotations

from dataclasses import dataclass

#: A step of a source's clock that goes back by more seconds than this, or this much farther forward than time passed
#: meanwhile, is no step but another clock.
JUMP_S = 2.0
#: From one picture to the next, in seconds, where a clock jumped and no time passed.
LEAST_S = 1e-3
#: A source that is ahead of this machine by more than this part of the time for which it was watched does not send as
#: it happens, but faster.
FASTER = 0.5


@dataclass(slots=True)
class StreamClock:
    """Turns a source's own times into seconds of the recording, which never go back.

    Between two pictures the source's own clock is believed, since pictures come in bursts. Where it jumps, as much time
    passed as did on this machine, and it is believed again from there. What comes after a loss lies where the clock of
    this machine says, counted from the very first picture: however often a source is lost, times do not drift. Of one
    that sends faster than it happens, as much time passed as the loss took.

    Args:
        begin: second of the recording that the first picture is of.
        farthest: seconds by which a clock may go forward while none pass here: infinite for a file, whose holes are
            true and which is read as fast as it may.
    """

    begin: float
    farthest: float = JUMP_S
    _shift: float | None = None
    _last: float | None = None
    _came: float = 0.0
    _first_came: float = 0.0
    _connected: float = 0.0

    def at(self, stated: float | None, came: float) -> tuple[float | None, float]:
        """Return the recording's time of a picture, None for one that comes out of order, and by how much it jumped.

        Args:
            stated: the source's own time of it, in seconds; None: it states none.
            came: when it came, as `time.monotonic` counts.
        """
        if self._last is None:
            self._first_came = came
        if self._shift is None or self._last is None:
            time = self.begin if self._last is None else max(self.now(came), self._last + LEAST_S)
            self._shift, self._connected = time - (stated or 0.0), came
            return self._go(time, came), 0.0
        passed = max(came - self._came, LEAST_S)
        if stated is None:
            return self._go(self._last + passed, came), 0.0
        step = stated + self._shift - self._last
        if -JUMP_S <= step <= 0:
            return None, 0.0
        if 0 < step <= passed + self.farthest:
            return self._go(self._last + step, came), 0.0
        self._shift += passed - step
        return self._go(self._last + passed, came), step - passed

    def now(self, came: float) -> float:
        """Return which second of the recording it is, as far as this machine's clock says."""
        if self._last is None:
            return self.begin
        ahead = self._last - (self.begin + self._came - self._first_came)
        if ahead > FASTER * (self._came - self._connected):
            return self._last + max(came - self._came, 0.0)
        return max(self.begin + came - self._first_came, self._last)

    def restart(self) -> None:
        """Begin with another clock of the source: its next picture is of the second that it will be when it comes."""
        self._shift = None

    def _go(self, time: float, came: float) -> float:
        self._last, self._came = time, came
        return time
