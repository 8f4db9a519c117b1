"""What is true of a tabletop scene, read off the states: where things are, inside what, on what, and what changed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from actscribe_sim.tabletop.drawing import CLOTH_HALF
from actscribe_sim.tabletop.motion import Film
from actscribe_sim.tabletop.scene import Scene
from actscribe_sim.tabletop.things import AMOUNT, ANGLE, SQUEEZE, Thing, Z

MOVED = 0.06  # world units; the least way of a thing that moves, above a resting hand's tremor
CLEARLY = 0.25  # picture units; less is not asked about
IN_THE_AIR = 0.4  # world units


def inside(things: tuple[Thing, ...], states: np.ndarray, thing: int) -> int | None:
    """Return the container that a thing lies in, or None."""
    for other, holder in enumerate(things):
        apart = np.hypot(*(states[other, :2] - states[thing, :2]))
        low = states[other, Z] < states[thing, Z] < states[other, Z] + 0.1
        if other != thing and holder.inside and apart < holder.inside and low:
            return other
    return None


def on_top_of(things: tuple[Thing, ...], states: np.ndarray, thing: int) -> int | None:
    """Return the thing that another one lies on, or None."""
    if things[thing].kind == "cloth":
        return None
    for other, base in enumerate(things):
        apart = np.hypot(*(states[other, :2] - states[thing, :2]))
        level = abs(states[other, Z] + base.height - states[thing, Z]) < 0.02
        if other != thing and not base.inside and base.kind != "cloth" and apart < base.radius and level:
            return other
    return None


def covered(things: tuple[Thing, ...], states: np.ndarray, thing: int) -> int | None:
    """Return the cloth that hides a thing, or None."""
    for other, cloth in enumerate(things):
        apart = np.hypot(*(states[other, :2] - states[thing, :2]))
        low = states[thing, Z] < states[other, Z] <= states[thing, Z] + things[thing].height
        if cloth.kind == "cloth" and other != thing and apart < 0.5 * CLOTH_HALF * cloth.size and low:
            return other
    return None


@dataclass(frozen=True, slots=True)
class Facts:
    """What is true of a scene, in the order in which it is shown.

    Args:
        things: of the scene.
        start, end: their states, shape (things, 6).
        start_positions, end_positions: their positions in the picture, shape (things, 2); x right, y down, -1 to 1.
        moves: per thing, whether it moves, turns, opens, folds or is squeezed.
        hands: largest number of hands in the picture at one time.
        visible: indices of the things that can be seen at some time, from left to right at the start.
    """

    things: tuple[Thing, ...]
    start: np.ndarray
    end: np.ndarray
    start_positions: np.ndarray
    end_positions: np.ndarray
    moves: tuple[bool, ...]
    hands: int
    visible: tuple[int, ...]


def facts_of(scene: Scene) -> Facts:
    """Read the facts off a scene's states."""
    film, things = scene.film, scene.play.things
    start, end = film.things[0], film.things[-1]
    start_positions, end_positions = scene.in_picture(start[:, :2]), scene.in_picture(end[:, :2])
    keys = film.things[:: max(len(film.times) // 12, 1)]
    shown = [
        index
        for index in range(len(things))
        if any(covered(things, states, index) is None for states in keys)
        and min(np.abs(scene.in_picture(keys[:, index, :2])).max(axis=1)) < 1
    ]
    return Facts(
        things,
        start,
        end,
        start_positions,
        end_positions,
        tuple(bool(moving) for moving in _moving(film)),
        _most_hands(scene, film),
        tuple(sorted(shown, key=lambda index: float(start_positions[index, 0]))),
    )


def _moving(film: Film) -> np.ndarray:
    span = np.ptp(film.things, axis=0)
    ways = span[:, [0, 1, Z]].max(axis=1, initial=0)
    return np.asarray((ways > MOVED) | (span[:, [ANGLE, AMOUNT, SQUEEZE]].max(axis=1, initial=0) > 0.3))


def _most_hands(scene: Scene, film: Film) -> int:
    """Count the hands whose fingertips come into the picture, most at one time."""
    if film.hands.shape[1] == 0:
        return 0
    positions = scene.in_picture(film.hands[:, :, :2].reshape(-1, 2)).reshape(*film.hands.shape[:2], 2)
    return int((np.abs(positions).max(axis=2) < 1.05).sum(axis=1).max())
