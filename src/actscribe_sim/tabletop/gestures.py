"""Scripts of the tabletop actions that have no partner: rhythmic ones, gestures, and nothing at all."""

from __future__ import annotations

import math

import numpy as np

from actscribe_sim.tabletop.motion import (
    GRIP,
    HAND_STATE,
    SPREAD,
    Film,
    Stage,
    changed,
    following,
    glide,
    reaching,
    shuttle,
)
from actscribe_sim.tabletop.moves import (
    Script,
    cover,
    fold,
    move_behind,
    move_together,
    open_lid,
    push,
    put_into,
    put_on,
    roll,
    stack,
    swap,
    tip_over,
    turn_clockwise,
)
from actscribe_sim.tabletop.setup import ANYTHING, SMALL, Play, Setup
from actscribe_sim.tabletop.things import AMOUNT, ANGLE, SQUEEZE, STATE, Z

#: Plays whose first or last moment is a scene in which nothing happens.
LAYOUTS: tuple[Script, ...] = (
    push((1, 0)), push((0, 1)), put_into, put_on, stack, open_lid, fold, tip_over, roll((1, 0)), turn_clockwise, cover,
    move_behind, move_together, swap,
)  # fmt: skip


def layout(setup: Setup) -> tuple[Play, np.ndarray]:
    """Return another action's play and the states of its things before or after it."""
    play = LAYOUTS[int(setup.rng.integers(len(LAYOUTS)))](setup)
    return play, play.film.things[0 if setup.rng.random() < 0.5 else -1].copy()


def nothing(setup: Setup) -> Play:
    """No hand, and nothing moves."""
    play, states = layout(setup)
    times = np.array([0.0, setup.rng.uniform(2.0, 3.6)])
    return Play(play.things, (), Film(times, np.stack([states, states]), np.zeros((2, 0, HAND_STATE))), 0)


def rest_hand(setup: Setup) -> Play:
    """A hand lies still."""
    stage = _gesturing(setup)
    pose = reaching(stage.hands[0], setup.spot(0.45), 0.08)
    pose[[GRIP, SPREAD]] = setup.rng.uniform(0, 0.3), setup.rng.uniform(0, 0.6)
    stage.begin(0, pose)
    tremor = np.array([0.006, 0.004, 0.01, 0, 0, 0, 0])
    stage.step(2.6, hands={0: shuttle(pose, tremor, setup.rng.uniform(0.5, 1.5))})
    return _play(stage, 0)


def wave_hand(setup: Setup) -> Play:
    """An open hand waves above the table."""
    stage = _gesturing(setup)
    pose = reaching(stage.hands[0], setup.spot(0.3), _above(stage), 0.0)
    pose[SPREAD] = 1.0
    side = np.array([-math.sin(pose[ANGLE]), math.cos(pose[ANGLE])]) * 0.16
    _come(stage, pose)
    by = np.array([*side, setup.rng.uniform(0.4, 0.6), 0, 0, 0, 0])
    stage.step(2.0, hands={0: shuttle(pose, by, setup.rng.uniform(2.5, 4.0))})
    stage.leave(0)
    return _play(stage, 0)


def pass_over(setup: Setup) -> Play:
    """A hand sweeps across the table above the things and touches none."""
    stage = _gesturing(setup)
    towards = np.array(stage.hands[0].shoulder) / np.hypot(*stage.hands[0].shoulder)
    aside = np.array([-towards[1], towards[0]]) * (1 if setup.rng.random() < 0.5 else -1)
    height = _above(stage)
    middle = setup.rng.uniform(-0.25, 0.15) * towards
    ends = [reaching(stage.hands[0], middle + side * 1.35 * aside, height) for side in (-1, 1)]
    stage.begin(0, ends[0])
    stage.step(2.3, hands={0: glide(ends[0], ends[1])})
    return _play(stage, 0)


def wipe(setup: Setup) -> Play:
    """A hand rubs to and fro over the table, with a sponge, a cloth or nothing in it."""
    tool = setup.rng.choice(["sponge", "cloth", "bare"])
    things = [] if tool == "bare" else [setup.thing((str(tool),))]
    point = setup.spot(0.25)
    states = np.array([setup.state(thing, point) for thing in things]).reshape(len(things), STATE)
    if tool == "cloth":
        states[0, AMOUNT] = 1.0
    hand = setup.hand()
    stage = Stage(setup.rng, things, states, [hand])
    pose = reaching(hand, stage.hold_point(0, 0) if things else point, 0.16 if things else 0.1)
    _come(stage, pose)
    angle, reach = setup.rng.uniform(-np.pi, np.pi), setup.rng.uniform(0.2, 0.32)
    along = reach * np.array([math.cos(angle), math.sin(angle)])
    cycles = setup.rng.uniform(2.5, 4.0)
    moves = shuttle(pose, np.array([*along, 0, 0, 0, 0, 0]), cycles)
    rubbed = {0: shuttle(states[0], np.array([*along, 0, 0, 0, 0]), cycles)} if things else None
    stage.step(2.2, rubbed, {0: moves})
    stage.leave(0)
    return _play(stage, len(things))


def tap(setup: Setup) -> Play:
    """A fingertip taps a thing several times."""
    thing = setup.thing(ANYTHING)
    stage = Stage(setup.rng, [thing], np.array([setup.state(thing, setup.spot(0.4))]), [setup.hand()])
    back = np.array(stage.hands[0].shoulder) - stage.state[0, :2]
    back = back / np.hypot(*back)
    touch = reaching(stage.hands[0], stage.state[0, :2] + 0.15 * back, thing.height + 0.04, 0.0, 1.0)
    _come(stage, touch)
    by = np.array([*(0.18 * back), 0, 0.35, 0, 0, 0])
    cycles = int(setup.rng.integers(3, 6))
    stage.step(2.0, hands={0: shuttle(touch, by, cycles, back=False)})
    stage.leave(0)
    return _play(stage, 1)


def point_at(setup: Setup) -> Play:
    """An index finger points at a thing without touching it."""
    thing = setup.thing(ANYTHING)
    hand = setup.hand()
    middle = setup.spot(0.3) - 0.3 * np.array(hand.shoulder) / np.hypot(*hand.shoulder)  # leaves room for the hand
    stage = Stage(setup.rng, [thing], np.array([setup.state(thing, middle)]), [hand])
    back = np.array(hand.shoulder) - middle
    gap = thing.radius + 0.05 + 0.2 * hand.size  # the fingertip lies ahead of the grasp point
    pose = reaching(hand, middle + gap * back / np.hypot(*back), 0.2, 0.0, 1.0)
    pose[ANGLE] = math.atan2(-back[1], -back[0])
    _come(stage, pose)
    tremor = np.array([0.008, 0.005, 0.015, 0, 0, 0, 0])
    stage.step(1.7, hands={0: shuttle(pose, tremor, setup.rng.uniform(1, 2))})
    stage.leave(0)
    return _play(stage, 1)


def shake(setup: Setup) -> Play:
    """A thing is picked up a little and shaken."""
    thing = setup.thing((*SMALL, "bottle", "pen"))
    stage = Stage(setup.rng, [thing], np.array([setup.state(thing, setup.spot(0.35))]), [setup.hand()])
    stage.take(0, 0)
    rest = stage.state[0].copy()
    stage.carry({0: 0}, {0: changed(rest, Z, 0.35)}, 0.3)
    angle, reach = setup.rng.uniform(-np.pi, np.pi), setup.rng.uniform(0.1, 0.15)
    by = np.array([reach * math.cos(angle), reach * math.sin(angle), 0.15, 0, 0, 0])
    path = shuttle(stage.state[0].copy(), by, setup.rng.uniform(5, 8))
    stage.step(1.5, {0: path}, {0: following(stage.held[0].copy(), stage.state[0].copy(), path)})
    stage.carry({0: 0}, {0: rest}, 0.3)
    stage.leave(0)
    return _play(stage, 1)


def squeeze(setup: Setup) -> Play:
    """A hand closes around something soft and lets go, again and again."""
    thing = setup.thing(("ball", "sponge", "bottle"))
    state = setup.state(thing, setup.spot(0.35))
    if thing.kind == "bottle":
        state[AMOUNT] = 1.0
    stage = Stage(setup.rng, [thing], np.array([state]), [setup.hand()])
    stage.enter(0, stage.hold_point(0, 0), stage.top(0))
    stage.grip(0, to=0.4)
    cycles = int(setup.rng.integers(2, 4))
    pressed, closed = np.zeros(STATE), np.zeros(HAND_STATE)
    pressed[SQUEEZE], closed[GRIP] = 1.0, 0.6
    soft = shuttle(stage.state[0].copy(), pressed, cycles, back=False)
    stage.step(2.0, {0: soft}, {0: shuttle(stage.held[0].copy(), closed, cycles, back=False)})
    stage.leave(0)
    return _play(stage, 1)


def _above(stage: Stage) -> float:
    """Return a height above all things at which a hand touches none."""
    tops = stage.state[:, Z] + [thing.height for thing in stage.things]
    return float(max(0.35, tops.max(initial=0.0)) + stage.rng.uniform(0.12, 0.35))


def _gesturing(setup: Setup) -> Stage:
    """Return a stage with another action's things at rest and one hand."""
    play, states = layout(setup)
    return Stage(setup.rng, play.things, states, [setup.hand()])


def _come(stage: Stage, pose: np.ndarray) -> None:
    """Bring hand 0 to a state, in one clip of three from where it hovers."""
    if stage.rng.random() < 0.35:
        stage.begin(0, stage.nearby(0, pose))
    stage.step(0.5, hands={0: glide(stage.held[0], pose)})


def _play(stage: Stage, roles: int) -> Play:
    return Play(stage.things, stage.hands, stage.film(), roles)
