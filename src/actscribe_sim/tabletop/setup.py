"""What a script of a tabletop action starts from: things, free spots and hands, drawn from one random generator."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from actscribe_sim.canvas.shapes import Point, rotation
from actscribe_sim.tabletop.motion import Film, Hand
from actscribe_sim.tabletop.things import AMOUNT, ANGLE, COLOURS, KINDS, STATE, Thing, X, Y, make_thing

SMALL = ("ball", "block", "cup", "can", "sponge")
ANYTHING = tuple(kind for kind in KINDS if kind != "cloth")
SHOULDER = 3.0  # distance of a shoulder from the middle of the table
SIDES = {"near": math.pi / 2, "left": math.pi, "right": 0.0, "far": -math.pi / 2}
SIDE_ODDS = (0.46, 0.2, 0.2, 0.14)


@dataclass(frozen=True, slots=True)
class Play:
    """One action acted out, run in its forward direction.

    Args:
        things: on the table; the roles come first.
        hands: in the scene.
        film: the states of both.
        roles: how many of the things take part; the rest just lie there.
    """

    things: tuple[Thing, ...]
    hands: tuple[Hand, ...]
    film: Film
    roles: int


class Setup:
    """Draws the parts of one play.

    Args:
        rng: source of randomness.
        turn: the camera's angle; directions and spots are meant as they look in the picture.
    """

    def __init__(self, rng: np.random.Generator, turn: float) -> None:
        self.rng = rng
        self.to_world = rotation(-turn)
        self._taken: set[tuple[str, str]] = set()

    def thing(self, kinds: Sequence[str], size: float | None = None) -> Thing:
        """Return a thing of one of `kinds` in a colour that no thing of that kind has yet."""
        kind = kinds[int(self.rng.integers(len(kinds)))]
        free = [colour for colour in COLOURS if (kind, colour) not in self._taken]
        colour = free[int(self.rng.integers(len(free)))]
        self._taken.add((kind, colour))
        return make_thing(self.rng, kind, colour, size)

    def spot(self, reach: float = 0.5) -> np.ndarray:
        """Return a world point whose picture coordinates lie within `reach` of the middle, shape (2,)."""
        return self.to_world @ self.rng.uniform(-reach, reach, 2)

    def around(self, middle: np.ndarray, near: float, far: float, reach: float = 0.66) -> np.ndarray:
        """Return a world point at a distance of `near` to `far` from `middle`, in the picture where possible."""
        for _ in range(30):
            angle, distance = self.rng.uniform(-np.pi, np.pi), self.rng.uniform(near, far)
            point = middle + distance * np.array([math.cos(angle), math.sin(angle)])
            if np.abs(self.to_world.T @ point).max() < reach:
                return point
        return middle - near * middle / max(float(np.hypot(*middle)), 1e-6)

    def way(self, direction: Point, shortest: float, longest: float) -> tuple[np.ndarray, np.ndarray]:
        """Return two world points that lie apart along about `direction` as seen in the picture."""
        angle = math.atan2(direction[1], direction[0]) + self.rng.uniform(-0.22, 0.22)
        half = 0.5 * self.rng.uniform(shortest, longest) * np.array([math.cos(angle), math.sin(angle)])
        middle = self.rng.uniform(-1, 1, 2) * np.maximum(0.66 - np.abs(half), 0.1)
        return self.to_world @ (middle - half), self.to_world @ (middle + half)

    def state(self, thing: Thing, point: Point, height: float = 0.0) -> np.ndarray:
        """Return the state of a thing at rest: any angle, lying or standing, open or closed, shape (6,)."""
        state = np.zeros(STATE)
        state[[X, Y, ANGLE]] = point[0], point[1], self.rng.uniform(-np.pi, np.pi)
        state[3] = height
        if thing.kind in ("bottle", "can", "lidded box", "cloth"):
            state[AMOUNT] = float(self.rng.random() < 0.5)
        elif thing.kind == "ball":
            state[AMOUNT] = self.rng.uniform(-np.pi, np.pi)
        elif thing.kind == "box":
            state[ANGLE] *= 0.25
        return state

    def hand(self, towards: Point | None = None) -> Hand:
        """Return a hand from any side, or from about the direction `towards` in the picture."""
        if towards is None:
            angle = list(SIDES.values())[int(self.rng.choice(len(SIDES), p=SIDE_ODDS))]
        else:
            angle = math.atan2(towards[1], towards[0])
        angle += self.rng.uniform(-0.3, 0.3)
        shoulder = self.to_world @ (SHOULDER * np.array([math.cos(angle), math.sin(angle)]))
        right = bool(self.rng.random() < 0.5)
        size, offset = float(self.rng.uniform(0.6, 0.76)), float(self.rng.uniform(-0.3, 0.3))
        return Hand((float(shoulder[0]), float(shoulder[1])), right, size, offset)
