"""Motion on the simulated table: states of things and hands as functions of time, built step by step."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from actscribe_sim.canvas.hand import GRASP_REACH, HandPose
from actscribe_sim.canvas.shapes import Point
from actscribe_sim.tabletop.things import ANGLE, Thing, X, Y, Z

#: Columns of a hand's state: X, Y (of what the fingertips touch), ANGLE and Z as for things, then these.
GRIP, CURL, SPREAD = 4, 5, 6
HAND_STATE = 7
KEYS_PER_S = 25  # enough for a hand that shakes six times a second
FOREARM = 2.8  # world units; longer than the picture is wide
OUT_OF_SIGHT = 1.75  # from the middle of the table, where nothing of a hand is seen

Path = Callable[[float], np.ndarray]  # progress in [0, 1] -> state


@dataclass(frozen=True, slots=True)
class Hand:
    """A hand of a scene, apart from its pose.

    Args:
        shoulder: world point far outside the picture from which the arm comes.
        right: a right hand.
        size: see `HandPose`.
        offset: angle of the hand against its forearm, radians.
    """

    shoulder: tuple[float, float]
    right: bool
    size: float
    offset: float

    def facing(self, point: Point) -> float:
        """Return the angle in which the fingers point when the hand reaches `point`."""
        return math.atan2(point[1] - self.shoulder[1], point[0] - self.shoulder[0]) + self.offset

    def pose(self, state: np.ndarray) -> HandPose:
        """Return the pose to draw for a hand state, shape (7,)."""
        angle = float(state[ANGLE])
        reach = GRASP_REACH * self.size
        knuckles = (state[X] - reach * math.cos(angle), state[Y] - reach * math.sin(angle))
        away = np.array(self.shoulder) - knuckles
        elbow = np.array(knuckles) + FOREARM * away / max(float(np.hypot(*away)), 1e-6)
        curl = float(state[CURL])
        return HandPose(
            (float(knuckles[0]), float(knuckles[1])),
            angle,
            (float(elbow[0]), float(elbow[1])),
            float(state[GRIP]),
            (0.0, curl, curl, curl),
            float(state[SPREAD]),
            self.right,
            self.size,
            float(state[Z]),
        )


@dataclass(frozen=True, slots=True)
class Film:
    """The true states of a scene over time.

    Args:
        times: seconds, ascending, shape (keys,).
        things: shape (keys, things, 6), columns of `things`.
        hands: shape (keys, hands, 7), columns of this module.
    """

    times: np.ndarray
    things: np.ndarray
    hands: np.ndarray

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return float(self.times[-1])

    def at(self, time: float) -> tuple[np.ndarray, np.ndarray]:
        """Return the states of the things, shape (things, 6), and of the hands, shape (hands, 7), at `time`."""
        after = int(np.clip(np.searchsorted(self.times, time), 1, len(self.times) - 1))
        start, end = self.times[after - 1], self.times[after]
        part = min(max((time - start) / max(end - start, 1e-9), 0.0), 1.0)
        things = (1 - part) * self.things[after - 1] + part * self.things[after]
        hands = (1 - part) * self.hands[after - 1] + part * self.hands[after]
        return things, hands

    def backwards(self) -> Film:
        """Return the same film run from its end to its start."""
        return Film(self.duration - self.times[::-1], self.things[::-1], self.hands[::-1])

    def lasting(self, seconds: float) -> Film:
        """Return the film slowed down or sped up to last `seconds`."""
        return Film(self.times * (seconds / self.duration), self.things, self.hands)


class Stage:
    """Builds a film: call its steps in order of time, then `film()`.

    Args:
        rng: source of small variations.
        things: on the table.
        states: of the things at the start, shape (things, 6).
        hands: in the scene.
    """

    def __init__(
        self, rng: np.random.Generator, things: Sequence[Thing], states: np.ndarray, hands: Sequence[Hand]
    ) -> None:
        self.rng = rng
        self.things = tuple(things)
        self.hands = tuple(hands)
        self.state = np.array(states, dtype=float)
        self.held = np.array([out_of_sight(hand) for hand in hands]).reshape(len(hands), HAND_STATE)
        self._times: list[float] = [0.0]
        self._things = [self.state.copy()]
        self._hands = [self.held.copy()]

    def step(
        self, seconds: float, things: Mapping[int, Path] | None = None, hands: Mapping[int, Path] | None = None
    ) -> None:
        """Let things and hands follow their paths for about `seconds`; all others keep still."""
        seconds *= float(self.rng.uniform(0.85, 1.15))
        start = self._times[-1]
        count = max(round(KEYS_PER_S * seconds), 4)
        for key in range(1, count + 1):
            part = key / count
            for index, path in (things or {}).items():
                self.state[index] = path(part)
            for index, path in (hands or {}).items():
                self.held[index] = path(part)
            self._times.append(start + part * seconds)
            self._things.append(self.state.copy())
            self._hands.append(self.held.copy())

    def begin(self, hand: int, state: np.ndarray) -> None:
        """Put a hand somewhere before the first step."""
        self.held[hand] = state
        self._hands[-1][hand] = state

    def film(self) -> Film:
        """Return what was built."""
        return Film(np.array(self._times), np.array(self._things), np.array(self._hands))

    # What hands do

    def enter(self, hand: int, point: Point, height: float, grip: float = 0.15, curl: float = 0.0) -> None:
        """Bring a hand to `point`: at the start of the film from outside or, in one clip of three, from close by."""
        there = reaching(self.hands[hand], point, height, grip, curl)
        if len(self._times) == 1 and self.rng.random() < 0.35:
            self.begin(hand, self.nearby(hand, there))
        self.step(0.55, hands={hand: glide(self.held[hand], there)})

    def leave(self, *hands: int) -> None:
        """Take hands out of sight together, or, in one clip of three, only a little away."""
        paths = {}
        for hand in hands:
            opened = self.held[hand].copy()
            opened[[GRIP, Z]] = 0.15, opened[Z] + 0.1
            stays = self.rng.random() < 0.35
            goal = self.nearby(hand, opened) if stays else out_of_sight(self.hands[hand])
            paths[hand] = glide(self.held[hand], goal)
        self.step(0.55, hands=paths)

    def grip(self, *hands: int, to: float = 0.9) -> None:
        """Close hands, or open them with a smaller `to`."""
        self.step(0.15, hands={hand: glide(self.held[hand], changed(self.held[hand], GRIP, to)) for hand in hands})

    def carry(
        self, loads: Mapping[int, int], to: Mapping[int, np.ndarray], seconds: float, lift: float = 0.0,
        bulge: float = 0.0,
    ) -> None:  # fmt: skip
        """Let hands move the things they hold.

        Args:
            loads: hand -> thing.
            to: thing -> its state at the end.
            seconds: about how long.
            lift: how far the way rises above the straight line.
            bulge: how far it swings sideways, to the right of its direction when positive.
        """
        things: dict[int, Path] = {}
        hands: dict[int, Path] = {}
        for hand, thing in loads.items():
            path = glide(self.state[thing], to[thing], lift, bulge)
            things[thing] = path
            hands[hand] = following(self.held[hand].copy(), self.state[thing].copy(), path)
        self.step(seconds, things, hands)

    def hold_point(self, hand: int, thing: int) -> np.ndarray:
        """Return where a hand takes hold of a thing: the side that is nearer to the hand, so that it stays visible."""
        middle = self.state[thing, :2]
        towards = np.array(self.hands[hand].shoulder) - middle
        return np.asarray(middle + 0.55 * self.things[thing].radius * towards / np.hypot(*towards))

    def top(self, thing: int) -> float:
        """Return the height at which a hand holds a thing."""
        return float(self.state[thing, Z]) + 0.7 * self.things[thing].height + 0.04

    def take(self, hand: int, thing: int, grip: float = 0.9) -> None:
        """Bring a hand to a thing and close it."""
        self.enter(hand, self.hold_point(hand, thing), self.top(thing))
        self.grip(hand, to=grip)

    def nearby(self, hand: int, there: np.ndarray) -> np.ndarray:
        """Return a state a little back towards the arm and higher up."""
        back = np.array(self.hands[hand].shoulder) - there[:2]
        near = there.copy()
        near[:2] += back / np.hypot(*back) * self.rng.uniform(0.3, 0.5)
        near[Z] += 0.15
        return near


def reaching(hand: Hand, point: Point, height: float, grip: float = 0.15, curl: float = 0.0) -> np.ndarray:
    """Return the state of a hand whose fingertips are at `point`, shape (7,)."""
    return np.array([point[0], point[1], hand.facing(point), height, grip, curl, 0.3])


def out_of_sight(hand: Hand) -> np.ndarray:
    """Return the state of a hand that is not in the picture, shape (7,)."""
    shoulder = np.array(hand.shoulder)
    return reaching(hand, shoulder * (OUT_OF_SIGHT / float(np.hypot(*shoulder))), 0.2)


def changed(state: np.ndarray, column: int, value: float) -> np.ndarray:
    """Return a state with one column replaced."""
    other = state.copy()
    other[column] = value
    return other


def glide(start: np.ndarray, end: np.ndarray, lift: float = 0.0, bulge: float = 0.0) -> Path:
    """Return the smooth path from one state to another, risen by `lift` and swung out by `bulge` in its middle."""
    start, end = np.array(start, dtype=float), np.array(end, dtype=float)
    end[ANGLE] = start[ANGLE] + (end[ANGLE] - start[ANGLE] + math.pi) % (2 * math.pi) - math.pi  # the short way round
    along = end[:2] - start[:2]
    length = float(np.hypot(*along))
    aside = np.array([-along[1], along[0]]) / length if length > 1e-6 else np.zeros(2)

    def path(part: float) -> np.ndarray:
        eased = part * part * (3 - 2 * part)
        state = start + eased * (end - start)
        arch = math.sin(math.pi * eased)
        state[Z] += lift * arch
        state[:2] += bulge * arch * aside
        return np.asarray(state)

    return path


def shuttle(state: np.ndarray, by: np.ndarray, cycles: float, back: bool = True) -> Path:
    """Return a path that swings by `by`, of the state's shape, and ends where it began; `back`: to both sides."""

    def path(part: float) -> np.ndarray:
        wave = math.sin(2 * math.pi * cycles * part) if back else math.sin(math.pi * cycles * part) ** 2
        return state + min(1.0, 6 * part, 6 * (1 - part)) * wave * by

    return path


def following(hand: np.ndarray, thing: np.ndarray, path: Path) -> Path:
    """Return the path of a hand that keeps hold of a thing on `path`, turning with it."""
    offset = hand[:2] - thing[:2]

    def follow(part: float) -> np.ndarray:
        now = path(part)
        turn = now[ANGLE] - thing[ANGLE]
        cos, sin = math.cos(turn), math.sin(turn)
        state = hand.copy()
        state[X] = now[X] + cos * offset[0] - sin * offset[1]
        state[Y] = now[Y] + sin * offset[0] + cos * offset[1]
        state[ANGLE] += turn
        state[Z] += now[Z] - thing[Z]
        return state

    return follow
