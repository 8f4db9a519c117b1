"""How each kind of thing on the simulated table looks from above."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from actscribe_sim.canvas.canvas import Canvas, Colour, Paint
from actscribe_sim.canvas.shapes import capsule, ellipse, rectangle, smooth, transformed
from actscribe_sim.tabletop.things import AMOUNT, ANGLE, SQUEEZE, Thing, X, Y, Z

CLOTH_HALF = 0.3
SIDE = np.stack([np.linspace(-0.97, 0.5, 4), np.full(4, -1.0)], axis=1)
CLOTH_EDGE = np.concatenate([SIDE, SIDE[:, ::-1] * (-1, 1), -SIDE, SIDE[:, ::-1] * (1, -1)])
BOX_SIDES = {"box": (0.54, 0.46), "lidded box": (0.5, 0.4)}
BALL_SPOTS = np.array(
    [
        (1, 0, 0),
        (-0.5, 0.87, 0),
        (-0.5, -0.87, 0),
        (0, 0.3, 0.95),
        (0, 0.3, -0.95),
        (0.5, 0.6, -0.6),
        (-0.3, -0.6, 0.74),
    ]
)
#: Radius at each distance along the axis, from the bottom to the top.
PROFILES = {
    "bottle": ((0.0, 0.095), (0.25, 0.095), (0.33, 0.045), (0.42, 0.042)),
    "can": ((0.0, 0.105), (0.26, 0.105)),
    "cup": ((0.0, 0.1), (0.24, 0.135)),
}


def draw_things(canvas: Canvas, things: tuple[Thing, ...], states: np.ndarray) -> None:
    """Draw all things, states of shape (things, 6), the lowest first, each with its shadow on what lies beneath."""
    for index in np.argsort(states[:, Z], kind="stable"):
        ground = ground_under(int(index), things, states)
        PAINTERS[things[index].kind](canvas, things[index], states[index], ground)
        if things[index].kind == "cloth":
            _bumps(canvas, int(index), things, states)


def ground_under(index: int, things: tuple[Thing, ...], states: np.ndarray) -> float:
    """Return the height of the highest surface below the middle of a thing: the table's 0 or another thing's top."""
    ground = 0.0
    for other, (thing, state) in enumerate(zip(things, states, strict=True)):
        if other == index or state[Z] >= states[index, Z] or thing.kind in ("cloth", "lidded box"):
            continue
        near = math.hypot(*(state[:2] - states[index, :2])) < 0.8 * thing.radius
        top = float(state[Z] + (0.02 if thing.inside else thing.height))
        if near and top <= states[index, Z] + 0.03:
            ground = max(ground, top)
    return ground


def tilted(thing: Thing, state: np.ndarray) -> float:
    """Return the tilt in radians of a bottle, can or cup: 0 stands, pi/2 lies. A can's roll counts beyond lying."""
    return math.pi / 2 * min(max(float(state[AMOUNT]), 0.0), 1.0)


def _ball(canvas: Canvas, thing: Thing, state: np.ndarray, ground: float) -> None:
    radius, squeeze = 0.15 * thing.size, state[SQUEEZE]
    middle = state[Z] + radius
    outline = ellipse(state[:2], radius * (1 - 0.4 * squeeze), radius * (1 + 0.12 * squeeze), state[ANGLE])
    canvas.shadow(outline, middle, ground)
    canvas.fill(outline, Paint(thing.rgb, 0.95, radius), middle)
    cos, sin = math.cos(state[AMOUNT]), math.sin(state[AMOUNT])
    along, across, up = BALL_SPOTS.T / np.linalg.norm(BALL_SPOTS, axis=1)
    forward, high = along * cos + up * sin, up * cos - along * sin  # rolls towards its own x axis
    spots = [
        transformed(
            ellipse((0, 0), 0.3 * radius * h, 0.3 * radius, math.atan2(a, f), 12)
            + 0.93 * radius * np.array([f * (1 - 0.4 * squeeze), a]),
            state[:2],
            state[ANGLE],
        )
        for f, a, h in zip(forward, across, high, strict=True)
        if h > 0.2
    ]
    if spots:
        canvas.fill(spots, Paint(thing.accent, 0.0), middle)
    shine = state[:2] - canvas.light.falls * 0.4 * radius
    canvas.glow(ellipse(shine, 0.25 * radius, 0.25 * radius, 0, 10), (255, 255, 255), 0.12 * radius, 0.35, middle)


def _block(canvas: Canvas, thing: Thing, state: np.ndarray, ground: float) -> None:
    side = 0.25 * thing.size
    _slab(canvas, thing, state, ground, side, side, 0.22 * thing.size, corner=0.02)
    mark = rectangle(state[:2], 0.55 * side, 0.55 * side, state[ANGLE])
    canvas.fill(mark, Paint(thing.accent, 0.0), state[Z] + thing.height)


def _slab(
    canvas: Canvas,
    thing: Thing,
    state: np.ndarray,
    ground: float,
    width: float,
    depth: float,
    height: float,
    corner: float = 0.01,
    side: Colour | None = None,
) -> np.ndarray:
    """Draw a flat body with its sides, and return the outline of its top."""
    squeeze = state[SQUEEZE]
    outline = rectangle(state[:2], width * (1 - 0.42 * squeeze), depth * (1 + 0.1 * squeeze), state[ANGLE], corner)
    low, high = float(state[Z]), float(state[Z] + height)
    canvas.shadow(outline, high, ground)
    heights = np.repeat([low, high], len(outline))
    canvas.solid(np.concatenate([outline, outline]), heights, Paint(side or _shade(thing.rgb, 0.62)))
    top = Paint(thing.rgb, 0.35, 0.03, texture=thing.texture, grain=0.35)
    canvas.fill(outline, top, high, state[ANGLE])
    return outline


def _sponge(canvas: Canvas, thing: Thing, state: np.ndarray, ground: float) -> None:
    width, depth = 0.32 * thing.size, 0.2 * thing.size
    _slab(canvas, thing, state, ground, width, depth, thing.height, 0.05, _shade(thing.rgb, 0.7))


def _book(canvas: Canvas, thing: Thing, state: np.ndarray, ground: float) -> None:
    width, depth, top = 0.46 * thing.size, 0.34 * thing.size, float(state[Z] + thing.height)
    _slab(canvas, thing, state, ground, width, depth, thing.height, 0.005, (226, 220, 204))
    spine = _local(rectangle((-0.45 * width, 0), 0.1 * width, depth), state)
    canvas.fill(spine, Paint(_shade(thing.rgb, 0.7)), top)
    lines = [
        _local(rectangle((0.05 * width, y * depth), w * width, 0.09 * depth), state)
        for y, w in ((-0.2, 0.5), (0.0, 0.3))
    ]
    canvas.fill(lines, Paint(thing.accent), top)


def _pen(canvas: Canvas, thing: Thing, state: np.ndarray, ground: float) -> None:
    half, radius, height = 0.2 * thing.size, 0.023 * thing.size, float(state[Z] + 0.02)
    body = _local(capsule((-half, 0), (0.7 * half, 0), radius), state)
    tip = _local(capsule((0.7 * half, 0), (half, 0), radius, 0.2 * radius), state)
    canvas.shadow([body, tip], height + 0.02, ground)
    canvas.fill(tip, Paint((70, 68, 66), 0.5, radius), height)
    canvas.fill(body, Paint(thing.rgb, 0.8, radius), height)
    canvas.fill(_local(capsule((-half, 0), (-0.55 * half, 0), 0.5 * radius), state), Paint(thing.accent), height)


def _plate(canvas: Canvas, thing: Thing, state: np.ndarray, ground: float) -> None:
    radius, top = thing.radius, float(state[Z] + thing.height)
    outline = ellipse(state[:2], radius, radius, 0, 36)
    canvas.shadow(outline, top, ground)
    canvas.fill(outline, Paint(thing.rgb, 0.5, 0.03), top)
    canvas.fill(ellipse(state[:2], 0.86 * radius, 0.86 * radius, 0, 36), Paint(thing.accent), top)
    canvas.fill(ellipse(state[:2], 0.8 * radius, 0.8 * radius, 0, 36), Paint(thing.rgb), top)
    canvas.fill(
        ellipse(state[:2], 0.66 * radius, 0.66 * radius, 0, 36), Paint(_shade(thing.rgb, 0.93), -0.3, 0.06), top
    )


def _bowl(canvas: Canvas, thing: Thing, state: np.ndarray, ground: float) -> None:
    radius, top = thing.radius, float(state[Z] + thing.height)
    outline = ellipse(state[:2], radius, radius, 0, 36)
    canvas.shadow(outline, top, ground)
    canvas.fill(outline, Paint(thing.rgb, 0.5, 0.02), top)
    canvas.fill(ellipse(state[:2], 0.9 * radius, 0.9 * radius, 0, 36), Paint(_shade(thing.rgb, 0.72), -0.8, 0.2), top)
    bottom = ellipse(state[:2], 0.45 * radius, 0.45 * radius, 0, 24)
    canvas.glow(bottom, _shade(thing.rgb, 0.62), 0.05, 0.6, float(state[Z]) + 0.03)


def _box(canvas: Canvas, thing: Thing, state: np.ndarray, ground: float) -> None:
    width, depth = (side * thing.size for side in BOX_SIDES[thing.kind])
    top = float(state[Z] + thing.height)
    _slab(canvas, thing, state, ground, width, depth, thing.height)
    hole = rectangle(state[:2], width - 0.06, depth - 0.06, state[ANGLE])
    canvas.fill(hole, Paint(_shade(thing.rgb, 0.42)), top)
    floor = rectangle(state[:2], width - 0.1, depth - 0.1, state[ANGLE])
    canvas.fill(floor, Paint(_shade(thing.rgb, 0.6), -0.5, 0.1), float(state[Z]) + 0.04)


def _lidded_box(canvas: Canvas, thing: Thing, state: np.ndarray, ground: float) -> None:
    _box(canvas, thing, state, ground)
    width, depth = (side * thing.size for side in BOX_SIDES[thing.kind])
    turn = math.pi * 0.97 * min(max(float(state[AMOUNT]), 0.0), 1.0)
    top = float(state[Z] + thing.height)
    reach = np.array([0.0, depth])
    along = -depth / 2 + reach * math.cos(turn)
    heights = top + 0.01 + reach * math.sin(turn)
    corners = np.array([(-width / 2, along[0]), (width / 2, along[0]), (width / 2, along[1]), (-width / 2, along[1])])
    lid, height = _local(corners, state), heights[[0, 0, 1, 1]]
    if turn > 0.05:
        canvas.shadow(lid, top + 0.15 * math.sin(turn), 0.0 if turn > math.pi / 2 else top, 0.7)
    under = turn > math.pi / 2
    bright = 1.1 - 0.25 * math.sin(turn)
    canvas.fill(lid, Paint(_shade(thing.accent if under else thing.rgb, bright), 0.3, 0.03), height)
    if not under:
        edge = depth - 0.05
        latch = np.array([(-0.05, edge), (0.05, edge), (0.05, depth), (-0.05, depth)])
        flat = np.stack([latch[:, 0], -depth / 2 + latch[:, 1] * math.cos(turn)], axis=1)
        canvas.fill(_local(flat, state), Paint(thing.accent), top + 0.01 + latch[:, 1] * math.sin(turn))


def _lathe(canvas: Canvas, thing: Thing, state: np.ndarray, ground: float) -> None:
    """Draw a body of revolution, standing, leaning or lying along its own x axis; `state` gives its middle."""
    profile = np.array(PROFILES[thing.kind]) * thing.size
    tilt = tilted(thing, state)
    cos, sin = math.cos(tilt), math.sin(tilt)
    squeeze = 1 - 0.4 * state[SQUEEZE]
    turn = np.linspace(0, 2 * np.pi, 20, endpoint=False)
    rings, tops = [], []
    for far, radius in profile:
        along = (far - profile[-1, 0] / 2) * sin + radius * np.cos(turn) * cos
        rings.append(_local(np.stack([along, squeeze * radius * np.sin(turn)], axis=1), state))
        tops.append(state[Z] + far * cos + (profile[0, 1] - radius * np.cos(turn)) * sin)
    canvas.shadow([rings[0], rings[-1], np.concatenate([rings[0][:10], rings[-1][10:]])], float(max(tops[-1])), ground)
    for k in range(len(profile) - 1):
        colour = thing.accent if thing.kind == "bottle" and k == len(profile) - 2 else thing.rgb
        shown = _shade(colour, 0.75 + 0.25 * sin)
        body = np.concatenate([rings[k], rings[k + 1]])
        canvas.solid(body, np.concatenate([tops[k], tops[k + 1]]), Paint(shown, 0.8, profile[k, 1]))
    _lathe_marks(canvas, thing, state, rings[-1], tops[-1], cos)


def _lathe_marks(
    canvas: Canvas, thing: Thing, state: np.ndarray, ring: np.ndarray, top: np.ndarray, cos: float
) -> None:
    """Draw the upper end (a cup's opening, a can's or a bottle's lid) and the stripes of a lying can."""
    middle, height = ring.mean(axis=0), float(top.mean())
    inner = middle + 0.82 * (ring - middle)
    if thing.kind == "cup":
        if cos > 0.1:
            out = _local(np.array([(0.0, 0.12 * thing.size), (0.0, 0.2 * thing.size)]), state)
            canvas.fill(capsule(out[0], out[1], 0.03 * thing.size), Paint(thing.rgb, 0.5, 0.03), height - 0.08)
        canvas.fill(ring, Paint(_shade(thing.rgb, 1.08), 0.3, 0.02), top)
        canvas.fill(inner, Paint(_shade(thing.rgb, 0.45), -0.7, 0.1), top)
    elif thing.kind == "can":
        canvas.fill(ring, Paint(thing.rgb, 0.4, 0.02), top)
        canvas.fill(middle + 0.6 * (ring - middle), Paint((176, 176, 182), -0.3, 0.04), top)
    else:
        canvas.fill(ring, Paint(_shade(thing.accent, 1.05), 0.4, 0.03), top)
    if thing.kind == "can" and cos < 0.3:
        _stripes(canvas, thing, state)


def _stripes(canvas: Canvas, thing: Thing, state: np.ndarray) -> None:
    radius, half = 0.105 * thing.size, 0.115 * thing.size
    roll = max(float(state[AMOUNT]) - 1, 0.0)
    for turn in roll + np.arange(3) * 2 * np.pi / 3:
        if math.cos(turn) > 0.1:
            side, wide = radius * math.sin(turn), 0.25 * radius * math.cos(turn)
            band = _local(rectangle((0, side), 2 * half, 2 * wide), state)
            canvas.fill(band, Paint(thing.accent), float(state[Z]) + radius * (1 + math.cos(turn)))


def _cloth(canvas: Canvas, thing: Thing, state: np.ndarray, ground: float) -> None:
    half, fold = CLOTH_HALF * thing.size, min(max(float(state[AMOUNT]), 0.0), 1.0)
    height = float(state[Z]) + 0.015
    ring = smooth(half * CLOTH_EDGE * (1 + 0.05 * np.sin(np.arange(16) * 2.1 + 40 * thing.size))[:, None], 4)
    paint = Paint(thing.rgb, 0.3, 0.04, texture=thing.texture, grain=0.3)
    left = np.stack([np.minimum(ring[:, 0], 0.0), ring[:, 1]], axis=1)
    right = np.stack([np.maximum(ring[:, 0], 0.0), ring[:, 1]], axis=1)
    turn = math.pi * fold
    moved = np.stack([right[:, 0] * math.cos(turn), right[:, 1]], axis=1)
    lifted = height + 0.02 + 0.8 * right[:, 0] * math.sin(turn)
    canvas.shadow([_local(left, state), _local(moved, state)], height + 0.05, ground)
    if fold < 0.02:
        canvas.fill(_local(ring, state), paint, height, float(state[ANGLE]))
        return
    canvas.fill(_local(left, state), paint, height, float(state[ANGLE]))
    canvas.shadow(_local(moved, state), height + 0.06 + 0.2 * math.sin(turn), height)
    back = Paint(_shade(thing.rgb, 0.8), 0.4, 0.04, texture=thing.texture, grain=0.3)
    canvas.fill(_local(moved, state), back if fold > 0.5 else paint, lifted, float(state[ANGLE]))


def _bumps(canvas: Canvas, cloth: int, things: tuple[Thing, ...], states: np.ndarray) -> None:
    """Let what lies under a cloth show through as a rounded bump."""
    own, reach = states[cloth], CLOTH_HALF * things[cloth].size
    for index, (thing, state) in enumerate(zip(things, states, strict=True)):
        apart = math.hypot(*(state[:2] - own[:2]))
        if index == cloth or state[Z] >= own[Z] or thing.kind == "cloth" or apart > reach or own[Z] > thing.height:
            continue
        bump = ellipse(state[:2], 1.1 * thing.radius, 1.1 * thing.radius)
        paint = Paint(things[cloth].rgb, 1.0, 0.12, 0.8, things[cloth].texture, 0.3)
        canvas.shadow(bump, float(state[Z]) + thing.height, float(own[Z]), 0.5)
        canvas.fill(bump, paint, float(own[Z]) + 0.5 * thing.height, float(own[ANGLE]))


def _local(outline: np.ndarray, state: np.ndarray) -> np.ndarray:
    return transformed(outline, (state[X], state[Y]), state[ANGLE])


def _shade(colour: Colour, factor: float) -> Colour:
    red, green, blue = (min(channel * factor, 255.0) for channel in colour)
    return red, green, blue


PAINTERS: dict[str, Callable[[Canvas, Thing, np.ndarray, float], None]] = {
    "cup": _lathe,
    "ball": _ball,
    "block": _block,
    "can": _lathe,
    "bottle": _lathe,
    "sponge": _sponge,
    "pen": _pen,
    "book": _book,
    "plate": _plate,
    "bowl": _bowl,
    "box": _box,
    "lidded box": _lidded_box,
    "cloth": _cloth,
}
