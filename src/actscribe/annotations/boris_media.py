"""Where the files that a BORIS observation plays lie in the observation's time.

BORIS counts time through the files of the first player, one after another. Each further player runs beside it, begun
by its offset later (negative: earlier), and what it shows before the first player begins or after it ends nobody saw.
(BORIS 8.27, functions getLaps and sync_time, read for the facts.)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

from actscribe.annotations.interval import GAP_LABEL, Annotations, Interval
from actscribe.errors import ActScribeError

#: Two cameras never end in the same instant: a shorter stretch at the edge was seen all the same (seconds, ours).
_BLINK = 0.1
FOREVER = float("inf")


@dataclass(frozen=True, slots=True)
class Player:
    """One of the players of an observation.

    Args:
        files: played one after another.
        lengths: of each in seconds, None where it is not known.
        offset: seconds of the observation's time at which the first file begins.
    """

    files: tuple[str, ...]
    lengths: tuple[float | None, ...]
    offset: float = 0.0


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of an observation's time and the files that show it.

    Args:
        files: one for each camera that shows exactly this stretch; empty for an observation without media.
        start: in seconds of the observation's time.
        end: the same, None where it is not known.
        is_last: whether what comes later belongs here too: it is then seen that it lies after the video's end.
        gaps: (start, end) of what nobody observed, in seconds from the part's beginning.
    """

    files: tuple[str, ...]
    start: float
    end: float | None
    is_last: bool
    gaps: tuple[tuple[float, float], ...] = ()

    @property
    def length(self) -> float | None:
        """Of the files, in seconds."""
        return None if self.end is None else round(self.end - self.start, 6)

    def of(self, intervals: Iterable[Interval]) -> Annotations:
        """Return what of an observation's intervals falls into this part, with times from its own beginning."""
        stop = FOREVER if self.is_last or self.end is None else self.end
        part_intervals = [_moved(interval, self.start, stop) for interval in intervals if self._holds(interval, stop)]
        part_intervals += [Interval(GAP_LABEL, start, end) for start, end in self.gaps]
        return Annotations.of(part_intervals, self.files, self.length)

    def _holds(self, interval: Interval, stop: float) -> bool:
        if interval.start == interval.end:
            return self.start <= interval.start < stop
        return interval.start < stop and interval.end > self.start


def parts(players: Sequence[Player], first: float = 0.0, last: float = FOREVER) -> list[Part]:
    """Return the parts of an observation.

    Args:
        players: in use, the one that BORIS counts by first; none for an observation without media.
        first, last: the seconds of the observation's time between which was observed.

    Raises:
        ActScribeError: a length that is needed is not known; the message says what for.
    """
    if not players:
        if (first, last) != (0.0, FOREVER):
            raise ActScribeError(
                f"was observed from {first:g} s to {last:g} s only, but its length is not in the file."
            )
        return [Part((), 0.0, None, is_last=True)]
    by_span: dict[tuple[float, float | None], Part] = {}
    total = None if None in players[0].lengths else sum(length or 0.0 for length in players[0].lengths)
    for number, player in enumerate(players):
        for index, (file, (start, end)) in enumerate(zip(player.files, _edges(player), strict=True), start=1):
            same = by_span.get((start, end))
            is_last = number == 0 and index == len(player.files)
            part = Part((file,), start, end, is_last, _gaps(file, start, end, (first, last), total))
            by_span[start, end] = part if same is None else replace(same, files=(*same.files, file))
    return list(by_span.values())


def _edges(player: Player) -> list[tuple[float, float | None]]:
    """Return where each file of a player begins and ends."""
    if len(player.files) == 1:
        length = player.lengths[0]
        return [(player.offset, None if length is None else player.offset + length)]
    if None in player.lengths:
        unknown = player.files[player.lengths.index(None)]
        raise ActScribeError(
            f"plays {len(player.files)} files one after another, but the length of '{unknown}' is not in the file, so"
            " the start of the next file is unknown."
        )
    if player.offset:
        raise ActScribeError(
            f"plays {len(player.files)} files one after another with an offset of {player.offset:g} s."
        )
    return list(pairwise(accumulate((length or 0.0 for length in player.lengths), initial=0.0)))


def _gaps(
    file: str, start: float, end: float | None, observed: tuple[float, float], total: float | None
) -> tuple[tuple[float, float], ...]:
    """Return what of a file nobody observed, in seconds from its beginning; `total`: when the first player ends."""
    first, last = observed
    if end is None and last < FOREVER:
        raise ActScribeError(f"was observed until {last:g} s only, but the length of '{file}' is not in the file.")
    if end is None:
        return ((0.0, first - start),) if first - start > _BLINK else ()
    begun = min(max(first, start), end)
    done = max(min(last, end if total is None else min(total, end)), begun)
    gaps = ((0.0, round(begun - start, 6)), (round(done - start, 6), round(end - start, 6)))
    return tuple(gap for gap in gaps if gap[1] - gap[0] > _BLINK)


def _moved(interval: Interval, start: float, stop: float) -> Interval:
    # BORIS keeps milliseconds; rounding takes the subtraction's noise off.
    first, last = (round(time - start, 6) for time in (max(interval.start, start), min(interval.end, stop)))
    return replace(interval, start=first, end=last)
