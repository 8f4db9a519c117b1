"""What varies between teams and between recordings: doll, hands, tools, table, light, camera, sensor."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import cast

import numpy as np

from actscribe_sim.canvas.canvas import Camera, Canvas, Colour, Light, Paint, Projection, Sensor, make_sensor
from actscribe_sim.canvas.hand import HandLook
from actscribe_sim.canvas.shapes import limb, rectangle
from actscribe_sim.canvas.textures import Surface, cloud, table, weave
from actscribe_sim.resuscitation.doll import DollLook, darker
from actscribe_sim.resuscitation.tools import ToolLook

TABLE_HALF = (0.88, 1.2)  # half width and half length of the mattress
EXTENT = 1.9  # the background spans -EXTENT to EXTENT
SKINS: tuple[Colour, ...] = (
    (236, 188, 165), (226, 172, 145), (214, 158, 128), (196, 140, 110), (160, 108, 80), (122, 80, 60), (92, 60, 46),
)  # fmt: skip
GLOVES: tuple[Colour | None, ...] = (
    (110, 140, 215), (130, 110, 200), (232, 230, 222), (90, 175, 190), (60, 90, 170), (70, 70, 80), None,
)  # fmt: skip
SLEEVES: tuple[Colour | None, ...] = (
    (60, 130, 115), (70, 110, 170), (225, 228, 230), (50, 70, 110), (150, 70, 90), None,
)  # fmt: skip
CLOTHS: tuple[Colour, ...] = (
    (215, 218, 220), (150, 190, 205), (175, 205, 180), (225, 205, 170), (205, 175, 190), (120, 150, 180),
    (235, 225, 205),
)  # fmt: skip
BRIGHT: tuple[Colour, ...] = (
    (60, 150, 205), (80, 180, 130), (220, 90, 90), (235, 195, 70), (150, 110, 200), (245, 245, 245), (235, 150, 80),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class TeamLook:
    """What a team's recordings share.

    Args:
        doll: the manikin.
        workers: how the hands of the one at the head, the one at the side and a colleague look.
        tools: mask, bag and catheter.
        background: the table with its towels from above, uint8 RGB, shape (n, n, 3), for `Canvas`.
        light: of the room.
        side: 1 where the bag lies to the right of the head, -1 to the left.
        turn: of the camera, radians.
    """

    doll: DollLook
    workers: tuple[HandLook, HandLook, HandLook]
    tools: ToolLook
    background: np.ndarray
    light: Light
    side: int
    turn: float


@dataclass(frozen=True, slots=True)
class FilmLook:
    """What changes from one recording of a team to the next.

    Args:
        camera: where it hangs.
        light: the room's light on that day.
        sensor: noise and blur.
        crf: x264's quality of the file.
        bumps: times in seconds at which somebody knocks against the table.
    """

    camera: Camera
    light: Light
    sensor: Sensor
    crf: int
    bumps: tuple[float, ...]


def _pick(rng: np.random.Generator, choices: tuple[Colour | None, ...]) -> Colour | None:
    chosen = choices[int(rng.integers(len(choices)))]
    return None if chosen is None else _vary(rng, chosen)


def _vary(rng: np.random.Generator, colour: Colour, by: float = 10.0) -> Colour:
    red, green, blue = (min(max(c + float(rng.normal(0, by)), 0.06 * c), 250.0) for c in colour)
    return red, green, blue


def _colour(rng: np.random.Generator, choices: tuple[Colour, ...]) -> Colour:
    return cast(Colour, _pick(rng, choices))


def make_team(rng: np.random.Generator, size: int) -> TeamLook:
    """Return the look of one team; `size` of the frames in pixels sets the detail of the background."""
    light = Light(
        colour=_vary(rng, (1.0, 1.0, 1.0), 0.035),
        level=float(rng.uniform(0.85, 1.1)),
        angle=float(rng.uniform(-math.pi, math.pi)),
        slope=float(rng.uniform(0.35, 0.75)),
        shadow=float(rng.uniform(0.4, 0.65)),
        softness=float(rng.uniform(0.2, 0.45)),
        vignette=float(rng.uniform(0.05, 0.3)),
    )
    workers = tuple(_worker(rng) for _ in range(3))
    return TeamLook(
        doll=_doll(rng),
        workers=workers,  # type: ignore[arg-type]
        tools=_tools(rng),
        background=_background(rng, light, size),
        light=light,
        side=1 if rng.random() < 0.5 else -1,
        turn=float(rng.normal(0, 0.14)),
    )


def make_film(rng: np.random.Generator, team: TeamLook, size: int, duration: float) -> FilmLook:
    """Return what is special about one recording of a team."""
    camera = Camera(
        centre=(float(rng.uniform(-0.06, 0.06)), float(rng.uniform(-0.11, 0.0))),
        angle=team.turn + float(rng.normal(0, 0.06)),
        zoom=float(rng.uniform(0.94, 1.1)),
        tilt=(float(rng.uniform(-0.07, 0.07)), float(rng.uniform(-0.07, 0.07))),
        height=float(rng.uniform(3.2, 5.0)),
        drift=float(rng.uniform(0.0, 0.012)),
        period=float(rng.uniform(9, 20)),
        phase=float(rng.uniform(0, 2 * math.pi)),
    )
    light = Light(
        colour=team.light.colour,
        level=team.light.level * float(rng.uniform(0.88, 1.12)),
        angle=team.light.angle,
        slope=team.light.slope,
        shadow=team.light.shadow,
        softness=team.light.softness,
        vignette=team.light.vignette,
    )
    sensor = make_sensor(rng, (size, size), float(rng.uniform(1.5, 6.0)), float(rng.uniform(0.0, 0.45)))
    bumps = tuple(float(t) for t in rng.uniform(0, duration, int(rng.poisson(duration / 60))))
    return FilmLook(camera, light, sensor, int(rng.integers(20, 33)), bumps)


def _doll(rng: np.random.Generator) -> DollLook:
    skin = _vary(rng, SKINS[int(rng.integers(len(SKINS)))], 6)
    cap = _colour(rng, CLOTHS + BRIGHT) if rng.random() < 0.45 else None
    return DollLook(
        skin=skin,
        diaper=_vary(rng, (235, 237, 238) if rng.random() < 0.7 else CLOTHS[1], 6) if rng.random() < 0.8 else None,
        cap=cap,
        hair=darker(skin, 0.45) if rng.random() < 0.6 else None,
        cloth=weave(rng, 64, 10, 0.16),
        clamp=_colour(rng, BRIGHT) if rng.random() < 0.6 else None,
        eyes="open" if rng.random() < 0.5 else "closed",
        arms=(float(rng.uniform(-1, 1)), float(rng.uniform(-1, 1))),
        legs=(float(rng.uniform(-1, 1)), float(rng.uniform(-1, 1))),
        size=float(rng.uniform(0.94, 1.08)),
    )


def _worker(rng: np.random.Generator) -> HandLook:
    skin = _vary(rng, SKINS[int(rng.integers(len(SKINS)))], 6)
    return HandLook(skin, _pick(rng, GLOVES), _pick(rng, SLEEVES), weave(rng, 64, 12, 0.12))


def _tools(rng: np.random.Generator) -> ToolLook:
    bags: tuple[Colour, ...] = ((165, 195, 215), (90, 150, 200), (215, 215, 205), (60, 70, 85), (120, 190, 160))
    cushions: tuple[Colour, ...] = ((190, 215, 235), (225, 190, 200), (120, 180, 220), (235, 235, 225), (150, 205, 175))
    valves: tuple[Colour, ...] = ((235, 238, 240), (70, 120, 190), (225, 200, 90), (200, 80, 80))
    tubes: tuple[Colour, ...] = ((120, 190, 120), (235, 240, 240), (90, 150, 215), (240, 190, 90))
    return ToolLook(
        bag="self-inflating" if rng.random() < 0.7 else "flow-inflating",
        bag_colour=_colour(rng, bags),
        cushion=_colour(rng, cushions),
        valve=_colour(rng, valves),
        catheter=_colour(rng, tubes),
        clear=float(rng.uniform(0.25, 0.6)),
    )


def _background(rng: np.random.Generator, light: Light, size: int) -> np.ndarray:
    """The floor, the table, its mattress, towels and small things, seen straight from above."""
    side = int(1.15 * EXTENT * size)
    per_unit = side / (2 * EXTENT)
    pixels = np.array([[per_unit, 0, EXTENT * per_unit], [0, per_unit, EXTENT * per_unit], [0, 0, 1]])
    floor = table(rng, _surface(rng, ("plain", "tiles", "speckled")), _vary(rng, (95, 100, 105), 15), side)
    canvas = Canvas(Projection(pixels, np.eye(3), per_unit, 1e6, (side, side)), light, (0.0, 0.0, 0.0))
    canvas.pixels[:] = floor
    half_width, half_length = TABLE_HALF
    frame = rectangle((0, 0), 2 * half_width + 0.14, 2 * half_length + 0.14, 0.0, 0.08)
    canvas.shadow(frame, 0.5, 0.0)
    canvas.fill(frame, Paint(_vary(rng, (200, 204, 208)), volume=0.5, bevel=0.05))
    mattress = rectangle((0, 0), 2 * half_width, 2 * half_length, 0.0, 0.1)
    cloth = weave(rng, 64, 16, 0.05) * (1 + 0.06 * cloud(rng, 64, 3, 2))
    canvas.fill(mattress, Paint(_colour(rng, CLOTHS), volume=0.35, bevel=0.09, texture=cloth, grain=0.5))
    _creases(rng, canvas, (0.0, 0.0), half_width, half_length)
    if rng.random() < 0.85:
        _towel(
            rng,
            canvas,
            (float(rng.uniform(-0.08, 0.08)), 0.1),
            float(rng.uniform(1.0, 1.45)),
            float(rng.uniform(1.5, 2.0)),
        )
    for _ in range(int(rng.integers(0, 3))):  # folded cloths at the rim
        where = (float(rng.choice([-1, 1]) * rng.uniform(0.6, 0.8)), float(rng.uniform(0.3, 1.0)))
        _towel(rng, canvas, where, float(rng.uniform(0.25, 0.45)), float(rng.uniform(0.3, 0.5)), folded=True)
    return np.round(np.clip(canvas.pixels, 0, 255)).astype(np.uint8)


def _surface(rng: np.random.Generator, kinds: tuple[Surface, ...]) -> Surface:
    return kinds[int(rng.integers(len(kinds)))]


def _towel(
    rng: np.random.Generator,
    canvas: Canvas,
    centre: tuple[float, float],
    width: float,
    length: float,
    folded: bool = False,
) -> None:
    angle = float(rng.normal(0, 0.08 if not folded else 0.4))
    colour = _colour(rng, CLOTHS)
    cloth = weave(rng, 64, int(rng.integers(8, 18)), 0.1) * (1 + 0.1 * cloud(rng, 64, 4, 2))
    outline = rectangle(centre, width, length, angle, 0.06)
    canvas.shadow(outline, 0.08 if folded else 0.03)
    canvas.fill(
        outline, Paint(colour, volume=0.5, bevel=0.08 if folded else 0.04, texture=cloth, grain=0.4), 0.0, angle
    )
    if rng.random() < 0.5 and not folded:  # a woven stripe along two sides
        for sign in (-1, 1):
            x, y = centre[0], centre[1] + sign * (length / 2 - 0.12)
            stripe = rectangle((x - math.sin(angle) * (y - centre[1]), y), width * 0.99, 0.05, angle)
            canvas.fill(stripe, Paint(_colour(rng, BRIGHT), opacity=0.6, texture=cloth, grain=0.4))
    _creases(rng, canvas, centre, width / 2.3, length / 2.3)


def _creases(
    rng: np.random.Generator, canvas: Canvas, centre: tuple[float, float], half_width: float, half_length: float
) -> None:
    """Soft folds: a dark line with a light one beside it."""
    for _ in range(int(rng.integers(3, 8))):
        start = np.array(centre) + rng.uniform(-1, 1, 2) * (half_width, half_length) * 0.8
        along = rng.normal(0, 1, 2)
        along *= rng.uniform(0.15, 0.45) * half_width / np.hypot(*along)
        line = [start, start + along * 0.5 + rng.normal(0, 0.03, 2), start + along]
        canvas.glow(limb(line, [0.008, 0.012, 0.006]), (70.0, 75.0, 85.0), 0.025, 0.28)
        offset = -0.03 * canvas.light.falls
        canvas.glow(limb([p + offset for p in line], [0.008, 0.012, 0.006]), (255.0, 255.0, 255.0), 0.025, 0.22)
