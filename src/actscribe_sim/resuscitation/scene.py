"""One simulated resuscitation: its course, its look, and its frames."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from actscribe_sim.canvas.canvas import Camera, Canvas, Paint
from actscribe_sim.canvas.shapes import capsule, limb
from actscribe_sim.canvas.sprite import placed, stamp, stamp_shadow
from actscribe_sim.resuscitation.course import Course, homes, make_course
from actscribe_sim.resuscitation.doll import HEAD, HIPS, SHOULDERS, DollSprites, bake_doll, darker
from actscribe_sim.resuscitation.look import EXTENT, FilmLook, TeamLook, make_film, make_team
from actscribe_sim.resuscitation.script import Script, make_script
from actscribe_sim.resuscitation.state import Baby, Catheter, Hand, HandName, Mask, State
from actscribe_sim.resuscitation.tools import (
    LEVELS,
    Grip,
    HandSprites,
    ToolSprites,
    bake_hand,
    bake_tools,
    tube,
)

PER_TEAM = 2  # recordings that share a team, and so a group
TEAM, COURSE, FILM, FRAME, CAPTION = range(5)  # streams of random numbers under one seed
GRIPS: dict[HandName, tuple[Grip, ...]] = {
    "mask": ("mask",),
    "bag": ("bag",),
    "catheter": ("catheter",),
    "body": ("flat",),
    "helper": ("flat",),
    "passer": ("flat",),
    "under head": ("cradle",),
    "under hips": ("cradle",),
}
BABY_TOP = 0.12  # height of what hands and tools throw their shadow on


@dataclass(frozen=True, slots=True)
class Scene:
    """A recording before it is filmed.

    Args:
        seed, index: they, the duration and the size determine everything.
        size: side of the square frames in pixels.
        fps: frames per second; chooses the noise of each frame, nothing else.
        team, film: the look.
        course: the movements.
        doll, tools, hands: the pictures of the parts.
    """

    seed: int
    index: int
    size: int
    fps: float
    team: TeamLook
    film: FilmLook
    course: Course
    doll: DollSprites = field(repr=False)
    tools: ToolSprites = field(repr=False)
    hands: dict[HandName, HandSprites] = field(repr=False)

    @property
    def script(self) -> Script:
        """What happens when."""
        return self.course.script

    @property
    def group(self) -> str:
        """Name of the team."""
        return group_of(self.index)

    def at(self, time: float) -> State:
        """Return the true state at `time` seconds."""
        return self.course.at(time)


def group_of(index: int) -> str:
    """Return the name of the team of recording `index`."""
    return f"team{index // PER_TEAM + 1:02d}"


def make_scene(seed: int, index: int, duration: float, size: int = 256, fps: float = 15.0) -> Scene:
    """Return recording `index` of `seed`, whatever the number of recordings.

    Args:
        seed: of the whole study, >= 0.
        index: of the recording, >= 0; PER_TEAM recordings in a row share a team.
        duration: seconds.
        size: side of the frames in pixels.
        fps: frames per second.
    """
    team = make_team(_rng(seed, TEAM, index // PER_TEAM), size)
    rng = _rng(seed, COURSE, index)
    script = make_script(rng, duration, int(rng.choice(4, p=[0.15, 0.3, 0.35, 0.2])) + 1)
    course = make_course(rng, script, team.doll.size, team.side)
    film = make_film(_rng(seed, FILM, index), team, size, duration)
    scale = film.camera.zoom * size / 2
    aside = course.carries[0].places.aside
    return Scene(
        seed=seed,
        index=index,
        size=size,
        fps=fps,
        team=team,
        film=film,
        course=course,
        doll=bake_doll(team.doll, film.light, scale),
        tools=bake_tools(team.tools, film.light, scale),
        hands=_bake_hands(team, film, script, team.side, aside, scale),
    )


def _rng(seed: int, *stream: int) -> np.random.Generator:
    return np.random.default_rng([seed, *stream])


def _bake_hands(
    team: TeamLook, film: FilmLook, script: Script, side: int, aside: int, scale: float
) -> dict[HandName, HandSprites]:
    """Draw the hands that this recording needs."""
    who: dict[HandName, int] = {"mask": 0, "bag": 0, "catheter": 1, "body": 1, "helper": 2, "passer": 2,
                                "under head": 1, "under hips": 1}  # fmt: skip
    right = {"mask": side > 0, "bag": side < 0, "catheter": side > 0, "body": aside < 0, "helper": aside > 0,
             "passer": aside < 0, "under head": aside > 0, "under hips": aside < 0}  # fmt: skip
    sprites = {}
    for name, elbow in homes(side, aside).items():
        worker = 0 if script.hands == 1 else who[name]
        bend = {"mask": 0.25 * side, "body": -0.15 * aside}.get(name, 0.0)
        sprites[name] = bake_hand(
            team.workers[worker], film.light, scale, elbow + math.pi + bend, elbow, right[name], GRIPS[name]
        )
    return sprites


def render_frame(scene: Scene, time: float) -> np.ndarray:
    """Return the frame at `time` seconds, uint8 RGB, shape (size, size, 3)."""
    return draw_state(scene, scene.at(time))


def render_frames(scene: Scene, start: float = 0.0, end: float | None = None) -> Iterator[np.ndarray]:
    """Yield the frames k / fps that lie in [start, end), as `render_frame`; by default the whole recording."""
    last = scene.script.duration if end is None else end
    first = math.ceil(round(start * scene.fps, 6))
    for k in range(first, math.ceil(round(last * scene.fps, 6))):
        yield render_frame(scene, k / scene.fps)


def draw_state(scene: Scene, state: State) -> np.ndarray:
    """Return a picture of any state in the scene's look, uint8 RGB, shape (size, size, 3)."""
    projection = _camera(scene, state.time).at(state.time, scene.size, scene.size)
    canvas = Canvas(projection, scene.film.light, scene.team.background, EXTENT)
    low = [hand for hand in state.hands if hand.name.startswith("under")]
    over = state.baby is not None
    if state.mask.height < 0.1:
        _draw_mask(canvas, scene, state.mask, 0.0)
    if state.catheter.height < 0.1:
        _draw_catheter(canvas, scene, state.catheter, 0.0)
    for hand in low:
        _draw_hand(canvas, scene, hand, 0.0)
    if state.baby is not None:
        _draw_baby(canvas, scene, state.baby)
    if state.mask.height >= 0.1:
        _draw_mask(canvas, scene, state.mask, BABY_TOP * over)
    if state.catheter.height >= 0.1:
        _draw_catheter(canvas, scene, state.catheter, BABY_TOP * over)
    for hand in state.hands:
        if hand not in low:
            _draw_hand(canvas, scene, hand, _ground(hand, state.baby))
    frame = _rng(scene.seed, FRAME, scene.index, round(state.time * scene.fps))
    return canvas.finish(scene.film.sensor, frame)


def _camera(scene: Scene, time: float) -> Camera:
    """The camera with the knocks against the table it has not yet come to rest from."""
    camera = scene.film.camera
    shake = sum(
        0.02 * math.exp(-(time - bump) / 0.3) * math.sin(30 * (time - bump))
        for bump in scene.film.bumps
        if bump <= time
    )
    return replace(camera, centre=(camera.centre[0] + shake, camera.centre[1] - 0.6 * shake))


def _ground(hand: Hand, baby: Baby | None) -> float:
    """Height of what lies under a hand."""
    if baby is None:
        return 0.0
    distance = math.hypot(hand.position[0] - baby.position[0], 0.5 * (hand.position[1] - baby.position[1]))
    return BABY_TOP * min(max((0.45 - distance) / 0.2, 0.0), 1.0)


def _draw_hand(canvas: Canvas, scene: Scene, hand: Hand, ground: float) -> None:
    pictures = scene.hands[hand.name].grips[hand.grip]
    sprite = pictures[min(round(hand.level * (len(pictures) - 1)), len(pictures) - 1)]
    matrix = placed(hand.position, hand.turn)
    stamp_shadow(canvas, sprite, matrix, hand.height, ground)
    stamp(canvas, sprite, matrix, hand.height)


def _draw_mask(canvas: Canvas, scene: Scene, mask: Mask, ground: float) -> None:
    bag = scene.tools.bags[min(round(mask.squeeze * (LEVELS - 1)), LEVELS - 1)]
    matrix = placed(mask.position, mask.angle)
    stamp_shadow(canvas, bag, matrix, mask.height + 0.06, 0.0)
    stamp_shadow(canvas, scene.tools.mask, matrix, mask.height, ground)
    stamp(canvas, scene.tools.mask, matrix, mask.height)
    stamp(canvas, bag, matrix, mask.height + 0.03)


def _draw_catheter(canvas: Canvas, scene: Scene, catheter: Catheter, ground: float) -> None:
    tip, handle = np.array(catheter.tip), np.array(catheter.handle)
    side = -scene.team.side
    along = handle - tip
    across = np.array([-along[1], along[0]])
    end = handle + np.array([side * 1.5, 0.45])
    hose = tube([handle, handle + 1.2 * along, handle + np.array([side * 0.4, 0.5]), end])
    thin = tube([tip, tip + 0.35 * along + 0.12 * side * across, handle], 5)
    height, colour = catheter.height + 0.03, scene.team.tools.catheter
    shapes = limb(hose, [0.02] * len(hose)), limb(thin, [0.011] * len(thin))
    canvas.shadow([*shapes[0], *shapes[1]], height, ground, 0.7)
    canvas.fill(shapes[0], Paint((222, 228, 228), volume=0.7, bevel=0.015, opacity=0.85), height)
    pale = tuple(0.5 * channel + 120 for channel in colour)
    canvas.fill(shapes[1], Paint(pale, volume=0.5, bevel=0.01, opacity=0.95), height)  # type: ignore[arg-type]
    canvas.fill(capsule(handle, handle - 0.3 * along, 0.026, 0.016), Paint(colour, volume=0.8, bevel=0.02), height)
    if not catheter.inside:
        canvas.fill(capsule(tip, tip + 0.16 * along, 0.012), Paint(darker(colour, 0.9), volume=0.6, bevel=0.01), height)


def _draw_baby(canvas: Canvas, scene: Scene, baby: Baby) -> None:
    size = scene.team.doll.size
    narrow = 1 - 0.3 * math.sin(math.pi * baby.turned)
    whole = placed(baby.position, baby.angle, (size * narrow, size))
    stamp_shadow(canvas, scene.doll.back if baby.turned > 0.5 else scene.doll.front, whole, 0.14 + baby.lift, 0.0)
    height = 0.06 + baby.lift
    if baby.turned > 0.5:
        moved = whole @ placed(baby.shove)
        stamp(canvas, scene.doll.back, moved, height)
        return
    pushed = whole @ placed(baby.shove)
    joints = (*SHOULDERS, *HIPS)
    for sprite, joint, turn in zip((*scene.doll.arms, *scene.doll.legs), joints, baby.limbs, strict=True):
        stamp(canvas, sprite, pushed @ placed(joint, turn, pivot=joint), height)
    rise = 1 + 0.035 * baby.chest
    stamp(canvas, scene.doll.trunk, pushed @ placed((0.0, 0.0), 0.0, (rise, 1 + 0.01 * baby.chest)), height)
    nod = whole @ placed(HEAD, 0.3 * baby.shove[1], pivot=HEAD) @ placed((0.3 * baby.shove[0], 0.3 * baby.shove[1]))
    stamp(canvas, scene.doll.gaping if baby.gaping else scene.doll.face, nod, height)
