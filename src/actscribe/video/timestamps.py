"""Time stamps that cannot be true: single damaged ones, clocks that restart or wrap round; found and put right."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from av.packet import Packet

#: Packets that are looked at before one is handed on: as many as H.264 can put out of order.
LOOK_AHEAD = 16
#: A step between packets, in seconds, is looked into when it is longer than this, or goes back by more (ours).
FORWARD_S, BACK_S = 1.0, 0.5
#: A lasting step of more seconds is a clock that was reset, not a hole: where the file does not state its end,
#: and beyond the end that it states (ours).
HOLE_S, HOLE_BEYOND_END_S = 3600.0, 5.0
#: Packets that must bear out a lasting step (ours).
WITNESSES = 3


@dataclass(slots=True)
class Repairs:
    """When the packets are shown at which something was put right, in ticks of the stream after the repair.

    Args:
        damaged: their time stamps were replaced.
        restarts: where the clock was reset; what follows counts on from there.
    """

    damaged: list[int] = field(default_factory=list)
    restarts: list[int] = field(default_factory=list)


class Mender:
    """Packets of one stream with time stamps that can be true (ours).

    A packet's decoding time is compared with the last one's. Where it steps back, or far forward, the packets after it
    decide. If one of them goes on where the old clock left off, those between are damaged and take the times between.
    If all follow the new time, it lasts: going forward that is a hole, and kept; going back, or further than a hole is
    long, the clock was reset, and what follows counts on from the last packet. A presentation time must lie between
    the decoding times around it; one that does not takes the first free place.

    Args:
        packets: as read.
        step: from one packet to the next, in ticks, on average.
        second: ticks in a second.
        wrap: the clock restarts after so many ticks; None: never.
        last: the latest end that the file's own words allow, in ticks; None: it has none of its own.
        repairs: takes note of what was put right.
    """

    def __init__(
        self,
        packets: Iterator[Packet[Any]],
        *,
        step: int,
        second: float,
        wrap: int | None,
        last: int | None,
        repairs: Repairs,
    ) -> None:
        self._source, self._usual, self._wrap, self._end, self._repairs = packets, step, wrap, last, repairs
        self._second = second
        self._forward, self._back = max(FORWARD_S * second, 3 * step), max(BACK_S * second, 3 * step)
        self._ahead: deque[Packet[Any]] = deque()
        self._shown: deque[int] = deque(maxlen=LOOK_AHEAD)
        self._decodes: bool | None = None  # whether the stream states decoding times
        self._shift = 0
        self._last: int | None = None
        self._note: list[int] | None = None  # where to note when the packet in work is shown
        self._left = 0  # damaged packets that are still to come before the clock goes on

    def __iter__(self) -> Iterator[Packet[Any]]:
        while self._fill():
            packet = self._ahead.popleft()
            self._mend(packet)
            yield packet

    def first(self) -> int | None:
        """Return when the earliest of the first packets is shown, in ticks, put right; nothing is taken yet."""
        self._fill()
        stated = [self._stated(packet) for packet in self._ahead]
        times = [time for time in stated if time is not None]
        if not times:
            return None
        begin = self._begin()
        near = [
            value
            for packet in self._ahead
            if (value := packet.pts if packet.pts is not None else packet.dts) is not None
            and abs(self._step_from(begin, value)) <= LOOK_AHEAD * self._forward
        ]
        return min((begin + self._step_from(begin, value) for value in near), default=begin)

    def _fill(self) -> bool:
        while len(self._ahead) <= LOOK_AHEAD:
            packet = next(self._source, None)
            if packet is None:
                break
            self._ahead.append(packet)
        return bool(self._ahead)

    def _mend(self, packet: Packet[Any]) -> None:
        stated = self._stated(packet)
        if stated is None:
            return
        if self._last is None:
            self._ahead.appendleft(packet)
            value = self._begin()
            self._ahead.popleft()
            if self._left:
                self._left -= 1
                self._note = self._repairs.damaged
        else:
            value = self._next(packet, stated, self._last)
        self._last = value
        if not self._decodes:
            if packet.pts != value:
                packet.pts = value
        else:
            if packet.dts != value:
                packet.dts = value
            self._mend_shown(packet, value)
        if self._note is not None:
            self._note.append(packet.pts if packet.pts is not None else value)
            self._note = None

    def _begin(self) -> int:
        """Return the decoding time of the first packet that is to come, and note how many before a good one are bad."""
        times = [time for packet in self._ahead if (time := self._stated(packet)) is not None]
        for index, (time, after) in enumerate(itertools.pairwise(times)):
            delta = self._step_from(time, after)
            # A single packet before a hole that a whole stream begins with is not a packet of it.
            hole = index == 0 and self._wrap is None and delta > 0 and self._is_hole(after, delta)
            if -self._back <= delta <= self._forward or hole:
                self._left = index
                return time - index * self._step()
        return times[0]

    def _step(self) -> int:
        """Return the median step from packet to packet nearby, in ticks; of the stream where too few are left."""
        times = [time for packet in self._ahead if (time := self._stated(packet)) is not None]
        steps = [step for one, other in itertools.pairwise(times) if 0 < (step := other - one) <= self._forward]
        return sorted(steps)[len(steps) // 2] if len(steps) >= WITNESSES else self._usual

    def _next(self, packet: Packet[Any], stated: int, last: int) -> int:
        """Return the decoding time of a packet, given that of the one before."""
        length = packet.duration or self._usual
        if self._left:
            self._left -= 1
            return self._damaged(last)
        delta = self._step_from(last, stated + self._shift)
        forward = max(self._forward, 3 * length)
        if -self._back <= delta <= forward:
            self._shift = last + delta - stated
            return last + delta
        returns = self._return(last, forward)
        if returns is not None:
            self._left = returns
            return self._damaged(last)
        borne_out = len(self._ahead) >= WITNESSES
        if delta > 0 and self._is_hole(last + delta, delta) and (borne_out or self._end is not None):
            self._shift = last + delta - stated
            return last + delta
        if not borne_out:
            return self._damaged(last)
        value = last + self._step()
        self._shift = value - stated
        self._note = self._repairs.restarts
        return value

    def _damaged(self, last: int) -> int:
        self._note = self._repairs.damaged
        return last + self._step()

    def _return(self, last: int, forward: float) -> int | None:
        """Return how many more packets come before one that goes on where the clock left off; None: there is none."""
        step = self._step()
        for index, packet in enumerate(self._ahead):
            stated = self._stated(packet)
            if stated is None:
                continue
            delta = self._step_from(last, stated + self._shift)
            if 0 < delta <= forward + (index + 1) * step:
                return index
        return None

    def _is_hole(self, value: int, delta: int) -> bool:
        """Tell whether a lasting step forward may be true."""
        if self._end is not None:
            return value <= self._end + self._second or delta <= HOLE_BEYOND_END_S * self._second
        return delta <= HOLE_S * self._second

    def _mend_shown(self, packet: Packet[Any], value: int) -> None:
        """Put a presentation time right, given the decoding time `value`."""
        if packet.pts is not None:
            shown = value + self._step_from(value, packet.pts + self._shift)
            if self._may_be_shown(shown, value):
                self._shown.append(shown)
                if packet.pts != shown:
                    packet.pts = shown
                return
            self._note = self._repairs.damaged
            packet.pts = self._free(value)

    def _may_be_shown(self, shown: int, value: int) -> bool:
        if shown < value - self._second:
            return False
        if shown <= value + self._forward or (self._end is not None and shown <= self._end + self._second):
            return True
        if not self._is_hole(shown, shown - value):
            return False
        # Across a freeze, a picture stored early is shown when the packets after it have caught up, and stay there.
        ahead = [time for packet in self._ahead if (time := self._stated(packet)) is not None][-LOOK_AHEAD // 2 :]
        later = sum(value + self._step_from(value, time + self._shift) >= shown - self._forward for time in ahead)
        return 2 * later > len(ahead)

    def _free(self, value: int) -> int:
        """Return the first time from `value` on at which no packet nearby is shown."""
        ahead = [packet.pts for packet in self._ahead if packet.pts is not None]
        taken = [*self._shown, *(value + self._step_from(value, time + self._shift) for time in ahead)]
        step = self._step()
        earliest = min((time for time in taken if time >= value), default=value)
        lowest = value + (earliest - value) % step
        if not self._shown:  # nothing is shown before the first picture
            lowest = max(value, earliest - step)
        elif len(self._shown) < LOOK_AHEAD:
            lowest = max(lowest, self._shown[0])
        places = (lowest + number * step for number in range(len(taken) + 1))
        free = next((one for one in places if all(abs(one - time) >= step / 2 for time in taken)), value)
        self._shown.append(free)
        return free

    def _step_from(self, before: int, after: int) -> int:
        """Return how far it is from one time to another, by the shorter way round a clock that wraps."""
        delta = after - before
        if self._wrap is None:
            return delta
        half = self._wrap // 2
        return (delta + half) % self._wrap - half

    def _stated(self, packet: Packet[Any]) -> int | None:
        """Return the time that a packet is judged by: of decoding, or of showing where the stream states no other.

        FFmpeg finds out the first decoding times of a Matroska file only with the third packet.
        """
        if self._decodes is None:
            self._decodes = packet.dts is not None or any(other.dts is not None for other in self._ahead)
        return packet.dts if self._decodes else packet.pts
