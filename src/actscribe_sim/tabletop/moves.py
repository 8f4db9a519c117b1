"""Scripts of the paired tabletop actions: each acts out the first of a pair; run backwards it is the second."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from actscribe_sim.canvas.shapes import Point
from actscribe_sim.tabletop.drawing import BOX_SIDES, CLOTH_HALF, PROFILES
from actscribe_sim.tabletop.motion import Path, Stage, changed, glide, reaching
from actscribe_sim.tabletop.setup import ANYTHING, SMALL, Play, Setup
from actscribe_sim.tabletop.things import AMOUNT, ANGLE, Thing, X, Y, Z

Script = Callable[[Setup], Play]


def push(direction: Point) -> Script:
    """Return the script of a hand that slides a thing along the table towards a direction in the picture."""

    def script(setup: Setup) -> Play:
        thing = setup.thing(ANYTHING)
        start, end = setup.way(direction, 0.5, 0.8)
        stage = Stage(setup.rng, [thing], np.array([setup.state(thing, start)]), [setup.hand()])
        stage.take(0, 0, grip=0.5)
        goal = stage.state[0].copy()
        goal[:2] = end
        goal[ANGLE] += setup.rng.uniform(-0.2, 0.2)
        stage.carry({0: 0}, {0: goal}, 1.3)
        stage.leave(0)
        return _play(stage, 1)

    return script


def put_into(setup: Setup) -> Play:
    """A thing is carried into a box or bowl."""
    holder = setup.thing(("box", "bowl"))
    return _carry_onto(setup, holder, 0.04)


def put_on(setup: Setup) -> Play:
    """A thing is carried onto a flat one."""
    base = setup.thing(("book", "plate", "lidded box"))
    return _carry_onto(setup, base, base.height + 0.005)


def _carry_onto(setup: Setup, base: Thing, height: float) -> Play:
    thing = setup.thing(SMALL)
    middle = setup.spot(0.35)
    states = [setup.state(thing, setup.around(middle, 0.6, 0.9)), setup.state(base, middle)]
    if base.kind == "lidded box":
        states[1][AMOUNT] = 0.0
    if thing.kind == "can":
        states[0][AMOUNT] = 0.0
    stage = Stage(setup.rng, [thing, base], np.array(states), [setup.hand()])
    stage.take(0, 0)
    goal = stage.state[0].copy()
    goal[:2], goal[Z] = middle + setup.rng.uniform(-0.03, 0.03, 2), height
    stage.carry({0: 0}, {0: goal}, 1.3, lift=0.4)
    stage.leave(0)
    return _play(stage, 2)


def stack(setup: Setup) -> Play:
    """Two things of one kind are put one after the other onto a third."""
    kind = setup.rng.choice(["block", "can", "plate", "book"])
    things = [setup.thing((str(kind),), size) for size in (1.02, 1.12, 1.22)]
    middle = setup.spot(0.25)
    first = setup.rng.uniform(-np.pi, np.pi)
    points = [_polar(middle, first + turn, setup.rng.uniform(0.6, 0.7)) for turn in (0.0, setup.rng.uniform(1.3, 2.8))]
    states = [setup.state(thing, point) for thing, point in zip(things, [points[1], points[0], middle], strict=True)]
    for state in states:
        state[AMOUNT] = 0.0
    stage = Stage(setup.rng, things, np.array(states), [setup.hand()])
    height = things[2].height
    for moved in (1, 0):
        stage.take(0, moved)
        goal = stage.state[moved].copy()
        goal[:2], goal[Z] = middle + setup.rng.uniform(-0.02, 0.02, 2), height
        goal[ANGLE] = states[2][ANGLE] + setup.rng.uniform(-0.3, 0.3)
        stage.carry({0: moved}, {moved: goal}, 0.9, lift=0.3)
        stage.grip(0, to=0.2)
        height += things[moved].height
    stage.leave(0)
    return _play(stage, 3)


def open_lid(setup: Setup) -> Play:
    """The hinged lid of a box is turned open."""
    box = setup.thing(("lidded box",))
    state = changed(setup.state(box, setup.spot(0.35)), AMOUNT, 0.0)
    stage = Stage(setup.rng, [box], np.array([state]), [setup.hand()])
    depth = BOX_SIDES["lidded box"][1] * box.size

    def edge(amount: float) -> np.ndarray:
        turn = math.pi * 0.97 * amount
        point = _local(state, (0.0, depth * (math.cos(turn) - 0.5)))
        height = box.height + depth * math.sin(turn) + 0.04
        return changed(reaching(stage.hands[0], point, height, 0.8), ANGLE, stage.held[0, ANGLE])

    return _turning(stage, edge)


def fold(setup: Setup) -> Play:
    """One half of a cloth is laid over the other."""
    cloth = setup.thing(("cloth",))
    state = changed(setup.state(cloth, setup.spot(0.35)), AMOUNT, 0.0)
    stage = Stage(setup.rng, [cloth], np.array([state]), [setup.hand()])
    half = 0.9 * CLOTH_HALF * cloth.size

    def edge(amount: float) -> np.ndarray:
        turn = math.pi * amount
        point = _local(state, (half * math.cos(turn), 0.0))
        height = 0.06 + 0.8 * half * math.sin(turn)
        return changed(reaching(stage.hands[0], point, height, 0.8), ANGLE, stage.held[0, ANGLE])

    return _turning(stage, edge)


def tip_over(setup: Setup) -> Play:
    """A standing bottle, can or cup is laid on its side."""
    thing = setup.thing(("bottle", "can", "cup"))
    state = changed(setup.state(thing, setup.spot(0.4)), AMOUNT, 0.0)
    stage = Stage(setup.rng, [thing], np.array([state]), [setup.hand()])
    length = PROFILES[thing.kind][-1][0] * thing.size
    base = state[:2].copy()
    beside = 0.7 * (stage.hold_point(0, 0) - base)  # leaves some of the thing in view

    def laid(amount: float) -> np.ndarray:
        out = 0.5 * length * math.sin(math.pi / 2 * amount)
        return np.array([*_local(state, (out, 0.0)), state[ANGLE], 0.0, amount, 0.0])

    def top(amount: float) -> np.ndarray:
        turn = math.pi / 2 * amount
        point = base + 0.9 * length * math.sin(turn) * np.array([math.cos(state[ANGLE]), math.sin(state[ANGLE])])
        height = 0.9 * length * math.cos(turn) + 0.1
        return changed(reaching(stage.hands[0], point + beside, height, 0.8), ANGLE, stage.held[0, ANGLE])

    return _turning(stage, top, laid)


def _turning(stage: Stage, held: Path, turned: Path | None = None) -> Play:
    """Let hand 0 turn something about a hinge, its fingertips at `held(amount)`; thing 0 goes through `turned`."""
    turned = turned or (lambda amount: changed(stage.state[0], AMOUNT, amount))
    start = held(0.0)
    stage.enter(0, start[:2], float(start[Z]))
    stage.grip(0, to=0.8)
    stage.step(
        1.2,
        {0: lambda part: turned(part * part * (3 - 2 * part))},
        {0: lambda part: held(part * part * (3 - 2 * part))},
    )
    stage.leave(0)
    return _play(stage, 1)


def lift_up(setup: Setup) -> Play:
    """A thing is lifted high above the table and held there."""
    thing = setup.thing(tuple(kind for kind in ANYTHING if kind != "lidded box"))
    stage = Stage(setup.rng, [thing], np.array([setup.state(thing, setup.spot(0.4))]), [setup.hand()])
    stage.take(0, 0)
    goal = stage.state[0].copy()
    goal[Z] = setup.rng.uniform(0.9, 1.2)
    goal[:2] += setup.rng.uniform(-0.08, 0.08, 2)
    stage.carry({0: 0}, {0: goal}, 1.2)
    stage.step(float(setup.rng.uniform(0.2, 0.5)))
    return _play(stage, 1)


def roll(direction: Point) -> Script:
    """Return the script of a ball or can that rolls by itself; a hand may set it off or stop it."""

    def script(setup: Setup) -> Play:
        thing = setup.thing(("ball", "can"))
        start, end = setup.way(direction, 0.8, 1.15)
        along = math.atan2(end[1] - start[1], end[0] - start[0])
        state = setup.state(thing, start)
        state[ANGLE] = along if thing.kind == "ball" else along - math.pi / 2
        state[AMOUNT] = 0.0 if thing.kind == "ball" else 1.0
        goal = state.copy()
        goal[:2] = end
        goal[AMOUNT] += float(np.hypot(*(end - start))) / (0.15 if thing.kind == "ball" else 0.105) / thing.size
        help_ = setup.rng.choice(["none", "sets off", "stops"], p=[0.4, 0.3, 0.3])
        behind = setup.to_world.T @ (start - end)
        hands = [] if help_ == "none" else [setup.hand(behind if help_ == "sets off" else -behind)]
        stage = Stage(setup.rng, [thing], np.array([state]), hands)
        _roll(stage, str(help_), glide(state, goal), (end - start) / np.hypot(*(end - start)))
        return _play(stage, 1)

    return script


def _roll(stage: Stage, help_: str, rolling: Path, ahead: np.ndarray) -> None:
    rest = 0.3 * stage.rng.random() + 0.1
    gap = stage.things[0].radius * ahead
    if help_ == "sets off":
        stage.enter(0, stage.state[0, :2] - gap, 0.12)
        pushed = glide(stage.held[0], reaching(stage.hands[0], stage.held[0, :2] + 0.9 * gap, 0.12, 0.3))
        stage.step(1.5, {0: rolling}, {0: lambda part: pushed(min(3 * part, 1.0))})
    elif help_ == "stops":
        stage.begin(0, reaching(stage.hands[0], rolling(1.0)[:2] + 0.1 * gap, 0.12, 0.3))
        caught = glide(stage.held[0], reaching(stage.hands[0], rolling(1.0)[:2] + gap, 0.12))
        stage.step(1.5, {0: rolling}, {0: lambda part: caught(max(3 * part - 2, 0.0))})
        stage.leave(0)
    else:
        stage.step(rest)
        stage.step(1.5, {0: rolling})
        stage.step(rest)


def turn_clockwise(setup: Setup) -> Play:
    """A hand turns a thing on the spot, clockwise as seen."""
    thing = setup.thing(("book", "pen", "box", "sponge", "block", "bottle", "lidded box", "cup"))
    state = setup.state(thing, setup.spot(0.4))
    if thing.kind == "bottle":
        state[AMOUNT] = 1.0
    stage = Stage(setup.rng, [thing], np.array([state]), [setup.hand()])
    angle = setup.rng.uniform(1.3, 2.3)
    stage.enter(0, state[:2], stage.top(0))
    stage.step(0.2, hands={0: glide(stage.held[0], stage.held[0] + np.array([0, 0, -angle / 2, 0, 0.6, 0, 0]))})
    stage.carry({0: 0}, {0: changed(stage.state[0], ANGLE, state[ANGLE] + angle)}, 1.3)
    stage.leave(0)
    return _play(stage, 1)


def cover(setup: Setup) -> Play:
    """A cloth is drawn over a thing."""
    thing, cloth = setup.thing((*SMALL, "bottle")), setup.thing(("cloth",), 1.2)
    middle = setup.spot(0.35)
    states = [setup.state(thing, middle), setup.state(cloth, setup.around(middle, 0.65, 0.85))]
    states[1][AMOUNT] = 0.0
    stage = Stage(setup.rng, [thing, cloth], np.array(states), [setup.hand()])
    stage.take(0, 1)
    goal = stage.state[1].copy()
    goal[:2], goal[Z] = middle + setup.rng.uniform(-0.03, 0.03, 2), 0.5 * thing.height
    goal[ANGLE] += setup.rng.uniform(-0.3, 0.3)
    stage.carry({0: 1}, {1: goal}, 1.3, lift=0.3)
    stage.leave(0)
    return _play(stage, 2)


def move_behind(setup: Setup) -> Play:
    """A thing is moved round another one from the viewer's side to the far side."""
    thing = setup.thing((*SMALL, "pen"))
    other = setup.thing(("bottle", "can", "box", "bowl", "block", "cup", "book", "lidded box"))
    middle = setup.spot(0.18)
    apart = thing.radius + other.radius + 0.06
    offsets = setup.rng.uniform(-0.08, 0.08, 2)
    front, back = (middle + setup.to_world @ np.array(p) for p in ((offsets[0], apart), (offsets[1], -apart)))
    states = [setup.state(thing, front), setup.state(other, middle)]
    if other.kind == "lidded box":
        states[1][AMOUNT] = 0.0
    stage = Stage(setup.rng, [thing, other], np.array(states), [setup.hand()])
    stage.take(0, 0)
    goal = stage.state[0].copy()
    goal[:2] = back
    stage.carry({0: 0}, {0: goal}, 1.5, bulge=float(setup.rng.choice([-1, 1])) * (apart + 0.02))
    stage.leave(0)
    return _play(stage, 2)


def move_together(setup: Setup) -> Play:
    """Two hands move two things towards each other."""
    stage, axis = _two_held(setup, 0.2, 0.3, (*SMALL, "book", "plate", "bowl", "box"))
    apart = stage.things[0].radius + stage.things[1].radius + 0.02
    middle = stage.state[:2, :2].mean(axis=0)
    targets = {index: stage.state[index].copy() for index in (0, 1)}
    for index, side in ((0, -1), (1, 1)):
        targets[index][:2] = middle + side * axis * apart / 2
    stage.carry({0: 0, 1: 1}, targets, 1.2)
    stage.leave(0, 1)
    return _play(stage, 2)


def swap(setup: Setup) -> Play:
    """Two hands exchange the places of two things. Run backwards it is itself."""
    stage, _ = _two_held(setup, 0.14, 0.24, SMALL)
    targets = {index: stage.state[index].copy() for index in (0, 1)}
    for index in (0, 1):
        targets[index][:2] = stage.state[1 - index, :2]
    stage.carry({0: 0, 1: 1}, targets, 1.6, bulge=float(setup.rng.choice([-1, 1])) * 0.22)
    stage.leave(0, 1)
    return _play(stage, 2)


def _two_held(setup: Setup, near: float, far: float, kinds: Sequence[str]) -> tuple[Stage, np.ndarray]:
    """Return a stage where each of two hands holds a thing, and the unit vector from thing 0 to thing 1.

    The gap between the things is twice `near` to `far`.
    """
    things = [setup.thing(kinds), setup.thing(kinds)]
    angle = setup.rng.uniform(-np.pi, np.pi)
    direction = np.array([math.cos(angle), math.sin(angle)])
    axis, middle = setup.to_world @ direction, setup.spot(0.15)
    half = (things[0].radius + things[1].radius) / 2 + setup.rng.uniform(near, far)
    states = [setup.state(thing, middle + side * half * axis) for thing, side in zip(things, (-1, 1), strict=True)]
    hands = [setup.hand(side * direction + np.array([0, 0.4])) for side in (-1, 1)]
    stage = Stage(setup.rng, things, np.array(states), hands)
    targets = [reaching(hands[k], stage.hold_point(k, k), stage.top(k)) for k in (0, 1)]
    if setup.rng.random() < 0.35:
        for k in (0, 1):
            stage.begin(k, stage.nearby(k, targets[k]))
    stage.step(0.55, hands={k: glide(stage.held[k], targets[k]) for k in (0, 1)})
    stage.grip(0, 1)
    return stage, axis


def _play(stage: Stage, roles: int) -> Play:
    return Play(stage.things, stage.hands, stage.film(), roles)


def _polar(middle: np.ndarray, angle: float, distance: float) -> np.ndarray:
    return middle + distance * np.array([math.cos(angle), math.sin(angle)])


def _local(state: np.ndarray, point: Point) -> np.ndarray:
    """Return the world position of a point given in a thing's own axes."""
    cos, sin = math.cos(state[ANGLE]), math.sin(state[ANGLE])
    return np.array([state[X] + cos * point[0] - sin * point[1], state[Y] + sin * point[0] + cos * point[1]])
