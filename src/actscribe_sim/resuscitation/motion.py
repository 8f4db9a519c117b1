"""From the times of a script to movements: where baby, tools and hands are at any moment.

Everything is a function of time, so frames can be asked for in any order. A movement reaches its place exactly when its
bout starts and leaves exactly when it ends: between the two the drawn state holds, which makes the annotations exact.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from actscribe_sim.canvas.shapes import rotation
from actscribe_sim.resuscitation.script import CARRY, FETCH, REACH, Bout, Episode, Span
from actscribe_sim.resuscitation.state import Baby, Point

TABLE_EDGE = 0.88  # world units; the baby's trunk crosses it in the middle of CARRY
AWAY = 1.7  # world units from where a hand works to where it is out of sight
ON_BABY = 0.17  # height of what lies on the baby, world units


def ease(part: float) -> float:
    """Return the smooth step from 0 to 1, with slope 0 at both ends."""
    part = min(max(part, 0.0), 1.0)
    return part * part * (3 - 2 * part)


@dataclass(frozen=True, slots=True)
class Track:
    """Values that move smoothly from key to key and stand still before the first and after the last.

    Args:
        times: seconds, ascending.
        values: shape (keys, n).
    """

    times: tuple[float, ...]
    values: np.ndarray

    @classmethod
    def of(cls, keys: Sequence[tuple[float, Sequence[float]]]) -> Track:
        """Make a track from (time, values) pairs; of two keys at one time the later counts from then on."""
        return cls(tuple(time for time, _ in keys), np.array([list(values) for _, values in keys], dtype=float))

    def at(self, time: float) -> np.ndarray:
        """Return the values at `time`, shape (n,)."""
        after = bisect.bisect_right(self.times, time)
        if after == 0:
            return np.asarray(self.values[0])
        if after == len(self.times):
            return np.asarray(self.values[-1])
        start, end = self.times[after - 1], self.times[after]
        part = ease((time - start) / (end - start))
        return np.asarray((1 - part) * self.values[after - 1] + part * self.values[after])


@dataclass(frozen=True, slots=True)
class Swing:
    """A movement to and fro whose rate wanders, so that evenly sampled frames never all catch the same phase.

    Args:
        start, end: seconds; it begins and ends in the middle position.
        rate: Hz, on average.
        reach: largest distance from the middle, any unit.
        wander: how far the rate wanders, as a fraction of it.
        every: seconds of one wandering.
    """

    start: float
    end: float
    rate: float
    reach: float
    wander: float = 0.2
    every: float = 2.3

    def phase(self, time: float) -> float:
        """Return the phase in radians: 0 at the start, a multiple of pi at the end."""
        whole = self._raw(self.end - self.start)
        fitted = max(round(whole / math.pi), 1) * math.pi / whole
        return self._raw(min(max(time, self.start), self.end) - self.start) * fitted

    def at(self, time: float) -> float:
        """Return the distance from the middle; 0 outside the span."""
        return self.reach * math.sin(self.phase(time)) if self.start <= time <= self.end else 0.0

    def _raw(self, since: float) -> float:
        turn = 2 * math.pi / self.every
        return 2 * math.pi * self.rate * (since + self.wander * (1 - math.cos(turn * since)) / turn)


@dataclass(frozen=True, slots=True)
class Breaths:
    """The squeezes of a bag in one bout: rhythmic (PPV) or steady (CPAP).

    Args:
        start, end: seconds.
        rate: breaths per second, 0 for a steady squeeze.
        depth: of a squeeze, 0 to 1.
        blows: chest and face take part; not when the bag is only tried.
    """

    start: float
    end: float
    rate: float
    depth: float
    blows: bool

    def at(self, time: float) -> float:
        """Return the squeeze in [0, 1]."""
        if self.rate == 0:
            steady = ease((time - self.start + 0.3) / 0.3) * ease((self.end + 0.3 - time) / 0.3)
            return self.depth * steady * (1 + 0.06 * math.sin(2.1 * time))
        if not self.start <= time <= self.end:
            return 0.0
        length = self.end - self.start
        breath = (time - self.start) / length * max(round(self.rate * length), 1) % 1
        return self.depth * max(math.sin(math.pi * breath / 0.5), 0.0) ** 0.8 if breath < 0.5 else 0.0


@dataclass(frozen=True, slots=True)
class Places:
    """Where things lie in one visible span.

    Args:
        baby: position and angle of the lying doll.
        size: of the doll.
        side: 1: the bag lies to the right of the head.
        aside: 1: the one at the baby's side stands to the right.
    """

    baby: tuple[float, float, float]
    size: float
    side: int
    aside: int

    def world(self, point: Sequence[float]) -> Point:
        """Return the world point of one given in the doll's own coordinates."""
        x, y, angle = self.baby
        moved = rotation(angle) @ (self.size * np.asarray(point, dtype=float))
        return float(x + moved[0]), float(y + moved[1])


@dataclass(frozen=True, slots=True)
class Carry:
    """The baby's way onto the table and off it again in one visible span."""

    span: Span
    places: Places
    come: int
    go: int
    starts: bool
    ends: bool

    def begin(self) -> float:
        """Seconds; before this the baby is out of the picture."""
        return self.span[0] - CARRY / 2 if self.starts else self.span[0]

    def finish(self) -> float:
        """Seconds; after this the baby is out of the picture."""
        return self.span[1] + CARRY / 2 if self.ends else self.span[1]

    def away(self, time: float) -> tuple[float, int]:
        """Return how far the baby is from its place, 0 to 1, and to which side."""
        if self.starts and time < self.span[0] + CARRY / 2:
            return 1 - ease((time - self.begin()) / CARRY), self.come
        if self.ends and time > self.span[1] - CARRY / 2:
            return ease((time - self.span[1] + CARRY / 2) / CARRY), self.go
        return 0.0, self.come

    def baby(self, time: float) -> Baby:
        """Return the doll at a time between `begin` and `finish`."""
        away, side = self.away(time)
        x, y, angle = self.places.baby
        far = 2 * TABLE_EDGE * side - x  # half way there is the edge of the table
        return Baby((x + away * (far - x), y - 0.1 * away), angle + 0.5 * away * side, 0.25 * ease(4 * away))


def lies_at(rng: np.random.Generator, size: float, side: int, aside: int) -> Places:
    """Return where the baby is put down this time."""
    where = (float(rng.normal(0, 0.03)), float(0.13 + rng.normal(0, 0.03)), float(rng.normal(0, 0.07)))
    return Places(where, size, side, aside)


def mask_seat(rng: np.random.Generator, places: Places, seat: Point) -> tuple[float, float, float, float]:
    """Return (x, y, angle, height) of the sealed mask; the bag points up and to its side."""
    x, y = places.world(seat)
    return x, y, -math.pi / 2 + places.side * float(rng.uniform(0.45, 0.85)), ON_BABY


def mask_rest(rng: np.random.Generator, side: int) -> tuple[float, float, float, float]:
    """Return (x, y, angle, height) of the mask lying beside the head."""
    x, y = side * float(rng.uniform(0.42, 0.52)), float(rng.uniform(-0.5, -0.2))
    return x, y, -math.pi / 2 + side * float(rng.uniform(0.4, 1.5)), 0.03


def mask_off(
    rng: np.random.Generator, kind: str, seat: tuple[float, float, float, float], side: int
) -> tuple[float, float, float, float]:
    """Return (x, y, angle, height) of a mask held near the face (hover) or away from it (test)."""
    x, y, angle, height = seat
    if kind == "test":
        return x + side * float(rng.uniform(0.26, 0.36)), y - float(rng.uniform(-0.1, 0.12)), angle + 0.2 * side, 0.28
    direction, distance = float(rng.uniform(-math.pi, 0)), float(rng.uniform(0.03, 0.22))
    dx, dy = distance * math.cos(direction), distance * math.sin(direction)
    return x + dx + 0.06 * side, y + dy, angle + float(rng.normal(0, 0.2)), height + float(rng.uniform(0.2, 0.36))


def mask_track(
    rng: np.random.Generator, episodes: Sequence[Episode], seats: Sequence[tuple[float, float, float, float]], side: int
) -> Track:
    """Return (x, y, angle, height) of the mask over the whole recording; one seat for each episode."""
    lying = mask_rest(rng, side)
    keys: list[tuple[float, Sequence[float]]] = [(0.0, lying)]
    for episode, seat in zip(episodes, seats, strict=True):
        keys.append((episode.bouts[0].start - FETCH, lying))
        for before, bout in zip((None, *episode.bouts), episode.bouts, strict=False):
            if before is not None:  # lifted between two bouts on the face: the seal is broken at once
                keys.append(((before.end + bout.start) / 2, mask_off(rng, "hover", seat, side)))
            pose = seat if bout.kind in ("ppv", "cpap") else mask_off(rng, bout.kind, seat, side)
            keys += [(bout.start, pose), (bout.end, pose)]
        lying = mask_rest(rng, side)
        keys.append((episode.bouts[-1].end + FETCH, lying))
    return Track.of(keys)


def catheter_rest(rng: np.random.Generator, side: int) -> tuple[float, ...]:
    """Return (tip x, tip y, handle x, handle y, height) of the catheter lying on the table, away from the bag."""
    tip = np.array([-side * rng.uniform(0.36, 0.46), rng.uniform(-0.45, -0.1)])
    angle = math.pi / 2 + side * rng.uniform(-0.2, 0.9)
    handle = tip + 0.3 * np.array([math.cos(angle), math.sin(angle)])
    return float(tip[0]), float(tip[1]), float(handle[0]), float(handle[1]), 0.02


def catheter_track(rng: np.random.Generator, episodes: Sequence[Episode], mouths: Sequence[Point], side: int) -> Track:
    """Return the catheter's values as in `catheter_rest` over the whole recording; one mouth for each episode."""
    lying = catheter_rest(rng, side)
    keys: list[tuple[float, Sequence[float]]] = [(0.0, lying)]
    for episode, mouth in zip(episodes, mouths, strict=True):
        keys.append((episode.bouts[0].start - FETCH, lying))
        out = np.array([-side, float(rng.uniform(-0.5, 0.35))])
        out /= np.hypot(*out)
        for before, bout in zip((None, *episode.bouts), episode.bouts, strict=False):
            if before is not None:  # drawn out between two bouts in the mouth
                keys.append(((before.end + bout.start) / 2, _catheter_at(mouth, out, 0.12)))
            pose = _catheter_at(mouth, out, 0.0 if bout.kind == "suction" else float(rng.uniform(0.12, 0.24)))
            keys += [(bout.start, pose), (bout.end, pose)]
        lying = catheter_rest(rng, side)
        keys.append((episode.bouts[-1].end + FETCH, lying))
    return Track.of(keys)


def _catheter_at(mouth: Point, out: np.ndarray, gap: float) -> tuple[float, ...]:
    """The catheter with its tip `gap` from the mouth, in the direction `out`."""
    (x, y), (dx, dy) = mouth, map(float, out)
    height = ON_BABY if gap == 0 else ON_BABY + 0.15
    return x + gap * dx, y + gap * dy, x + (gap + 0.3) * dx, y + (gap + 0.3) * dy, height


@dataclass(frozen=True, slots=True)
class Rub:
    """What the hand at the baby's side does in one bout.

    Args:
        bout: kind and times.
        swing: to and fro; its reach is 0 for a resting hand.
        along: unit vector of the swing, world.
        limb: the limb that moves with it (index into `Baby.limbs`), or -1.
    """

    bout: Bout
    swing: Swing
    along: Point
    limb: int = -1

    def offset(self, time: float) -> Point:
        """Return how far the hand is from its middle position, world units."""
        distance = self.swing.at(time)
        return distance * self.along[0], distance * self.along[1]


def rub_position(rng: np.random.Generator, bout: Bout, places: Places | None, aside: int) -> tuple[Point, Rub, float]:
    """Return where a hand works in a bout, its swing, and its height above the table."""
    rate, reach = float(rng.uniform(2.0, 3.2)), float(rng.uniform(0.09, 0.125))
    limb, lean, height = -1, float(rng.normal(0, 0.25)), ON_BABY
    if bout.kind == "wipe" or places is None:
        spot = (aside * float(rng.uniform(0.52, 0.6)), float(rng.uniform(0.2, 0.6)))
        where = spot if places is not None else (aside * float(rng.uniform(0.0, 0.4)), float(rng.uniform(-0.3, 0.5)))
        height = 0.04
    elif bout.kind == "extremities":
        leg = rng.random() < 0.65
        limb = (2 if leg else 0) + (aside > 0)
        where = places.world((aside * 0.2, 0.53) if leg else (aside * 0.33, -0.16))
        reach = float(rng.uniform(0.08, 0.1))
    elif bout.kind == "steady":
        where, reach = places.world((aside * 0.12, float(rng.uniform(0.4, 0.5)))), 0.0
    elif bout.kind == "back":
        where = places.world((aside * 0.02, float(rng.choice([-0.05, 0.16]))))
    else:
        where = places.world((aside * float(rng.uniform(-0.02, 0.06)), float(rng.uniform(-0.07, 0.05))))
    if bout.kind == "rest":
        reach = 0.0
    turned = (places.baby[2] if places else 0.0) + math.pi / 2 + lean
    along = (math.cos(turned), math.sin(turned))
    return where, Rub(bout, Swing(bout.start, bout.end, rate, reach), along, limb), height


def rub_track(
    rng: np.random.Generator, episode: Episode, places: Places | None, aside: int
) -> tuple[Track, tuple[Rub, ...]]:
    """Return (x, y, height) of the middle position of a hand at the baby's side, and its bouts."""
    keys: list[tuple[float, Sequence[float]]] = []
    rubs = []
    for bout in episode.bouts:
        (x, y), rub, height = rub_position(rng, bout, places, aside)
        slide = float(rng.uniform(-0.05, 0.05)) if rub.swing.reach else 0.0
        keys += [(bout.start, (x, y, height)), (bout.end, (x + slide * rub.along[0], y + slide * rub.along[1], height))]
        rubs.append(rub)
    return Track.of(keys), tuple(rubs)


def approach(time: float, begin: float, finish: float) -> float:
    """Return how far a hand is from its place, 0 (there) to 1 (out of sight)."""
    return 1 - ease((time - begin) / REACH) * ease((finish - time) / REACH)
