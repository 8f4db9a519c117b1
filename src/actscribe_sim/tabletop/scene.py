"""One simulated tabletop scene: the play, what lies around, camera, light and table, all from a seed."""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass, replace

import numpy as np

from actscribe_sim.canvas.canvas import Camera, Canvas, Colour, Light, Sensor, make_sensor
from actscribe_sim.canvas.hand import HandLook, draw_hand
from actscribe_sim.canvas.shapes import rotation
from actscribe_sim.canvas.textures import SURFACES, Surface, table, weave
from actscribe_sim.tabletop import gestures, moves
from actscribe_sim.tabletop.actions import ACTIONS
from actscribe_sim.tabletop.drawing import draw_things
from actscribe_sim.tabletop.motion import HAND_STATE, Film, reaching
from actscribe_sim.tabletop.setup import Play, Setup
from actscribe_sim.tabletop.things import KINDS, Thing, Z

#: action -> script; the other action of the pair is the same script run backwards.
SCRIPTS: dict[str, moves.Script] = {
    "push_right": moves.push((1, 0)),
    "push_towards": moves.push((0, 1)),
    "put_into": moves.put_into,
    "put_on": moves.put_on,
    "stack": moves.stack,
    "open_lid": moves.open_lid,
    "lift_up": moves.lift_up,
    "roll_right": moves.roll((1, 0)),
    "turn_clockwise": moves.turn_clockwise,
    "cover": moves.cover,
    "move_behind": moves.move_behind,
    "move_together": moves.move_together,
    "tip_over": moves.tip_over,
    "fold": moves.fold,
    "swap": moves.swap,
    "wave_hand": gestures.wave_hand,
    "rest_hand": gestures.rest_hand,
    "tap": gestures.tap,
    "shake": gestures.shake,
    "squeeze": gestures.squeeze,
    "wipe": gestures.wipe,
    "point_at": gestures.point_at,
    "pass_over": gestures.pass_over,
    "nothing": gestures.nothing,
}

SKINS: tuple[Colour, ...] = (
    (232, 190, 160), (214, 166, 134), (190, 138, 104), (156, 106, 76), (118, 78, 56), (84, 56, 42),
)  # fmt: skip
GLOVES: dict[str, Colour] = {
    "blue": (92, 148, 220), "purple": (136, 104, 190), "white": (228, 228, 226), "green": (110, 176, 140),
    "black": (52, 52, 56),
}  # fmt: skip
SLEEVES: tuple[Colour, ...] = (
    (60, 78, 116), (120, 124, 128), (222, 222, 218), (52, 96, 84), (120, 60, 60), (48, 48, 54), (168, 148, 116),
)  # fmt: skip
TABLES: dict[Surface, tuple[Colour, ...]] = {
    "wood": ((176, 130, 84), (140, 98, 62), (200, 164, 120)),
    "cloth": ((176, 186, 190), (150, 160, 138), (196, 180, 156)),
    "speckled": ((152, 152, 150), (182, 176, 164), (124, 130, 134)),
    "tiles": ((176, 178, 172), (140, 152, 160), (188, 170, 148)),
    "plain": ((168, 170, 172), (132, 146, 142), (196, 186, 168)),
}
#: What every plain scene is seen with.
PLAIN_CAMERA = Camera((0.0, 0.0), 0.0, 1.0, (0.0, 0.0), 3.6, 0.0, 6.0, 0.0)
PLAIN_LIGHT = Light((1.0, 1.0, 1.0), 1.0, 0.8, 0.4, 0.4, 0.3, 0.0)
SHORTEST, LONGEST = 2.0, 4.2  # seconds
LOW, HAND_ROOM = 0.2, 0.1  # a hand below this height touches what is within this radius of its fingertips
FREE = 0.82  # things lie within this distance of the middle, in picture coordinates


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything that is true of a clip.

    Args:
        play: the action, in its forward direction.
        backwards: it is shown from its end to its start.
        camera, light, surface, table_colour: how it is seen.
        looks: of the hands, one each.
        glove: the gloves' colour name, or "".
        seed: of textures and sensor noise.
        noise: standard deviation of the sensor noise, grey levels.
        blur: of the lens, see `Sensor`.
    """

    play: Play
    backwards: bool
    camera: Camera
    light: Light
    surface: Surface
    table_colour: Colour
    looks: tuple[HandLook, ...]
    glove: str
    seed: int
    noise: float
    blur: float

    @property
    def film(self) -> Film:
        """The states in the order in which they are shown."""
        return self.play.film.backwards() if self.backwards else self.play.film

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.play.film.duration

    def in_picture(self, points: np.ndarray) -> np.ndarray:
        """Return world points as the camera sees them, without sway and tilt: x right, y down, the picture -1 to 1."""
        return np.asarray((points - np.array(self.camera.centre)) @ rotation(self.camera.angle).T * self.camera.zoom)

    def render(self, times: np.ndarray, height: int, width: int) -> np.ndarray:
        """Return the frames at `times` (seconds), uint8 RGB, shape (len(times), height, width, 3).

        A scene shown backwards is its forward self, frame by frame, camera sway and sensor noise included.
        """
        rng = np.random.default_rng([self.seed, 1])
        background = table(rng, self.surface, self.table_colour, max(2 * max(height, width), 64))
        sensor = make_sensor(rng, (height, width), self.noise, self.blur)
        frames = np.empty((len(times), height, width, 3), dtype=np.uint8)
        for index, time in enumerate(times):
            shown = self.duration - float(time) if self.backwards else float(time)
            # Whole milliseconds, cut where no usual frame time lies, so that both directions meet the same moments.
            moment = math.floor(1000 * shown + 0.382) / 1000
            frames[index] = self._frame(moment, height, width, background, sensor)
        return frames

    def _frame(self, moment: float, height: int, width: int, background: np.ndarray, sensor: Sensor) -> np.ndarray:
        canvas = Canvas(self.camera.at(moment, height, width), self.light, background)
        things, hands = self.play.film.at(moment)
        draw_things(canvas, self.play.things, things)
        for index in np.argsort(hands[:, Z], kind="stable"):
            draw_hand(canvas, self.play.hands[index].pose(hands[index]), self.looks[index])
        return canvas.finish(sensor, np.random.default_rng([self.seed, 2, round(moment * 1000)]))


def make_scene(seed: int, action: str | None, plain: bool = False) -> Scene:
    """Return the scene of a seed; `action` None: things lie on the table, in half of the scenes beside a hand.

    Camera, light, table and hands depend on the seed alone; the two actions of a pair share the play as well. In a
    `plain` scene they are the same for all seeds, and nothing lies there that has no part in the action.
    """
    rng = np.random.default_rng([seed, 0])
    camera = Camera(
        centre=(rng.uniform(-0.06, 0.06), rng.uniform(-0.06, 0.06)),
        angle=rng.uniform(-0.2, 0.2),
        zoom=rng.uniform(0.94, 1.1),
        tilt=(rng.uniform(-0.07, 0.07), rng.uniform(-0.07, 0.07)),
        height=rng.uniform(3.0, 4.2),
        drift=rng.uniform(0, 0.012),
        period=rng.uniform(4, 9),
        phase=rng.uniform(0, 6.28),
    )
    light = _light(rng)
    surface = SURFACES[int(rng.integers(len(SURFACES)))]
    choices = TABLES[surface]
    table_colour = choices[int(rng.integers(len(choices)))]
    looks, glove = _looks(rng)
    noise, blur = rng.uniform(1.5, 6), rng.uniform(0.2, 0.7)
    if plain:
        camera, light, surface, table_colour = PLAIN_CAMERA, PLAIN_LIGHT, "plain", TABLES["plain"][0]
        looks, glove, noise, blur = (HandLook(SKINS[1], None, None, None),) * 3, "", 1.5, 0.2
    acted = action if action is None or action in SCRIPTS else ACTIONS[action].reverse_of
    own = np.random.default_rng([seed, zlib.crc32((acted or "").encode())])
    setup = Setup(own, camera.angle)
    if acted is None:
        play = _lying(setup)
    else:
        play = SCRIPTS[acted](setup)
        if not plain or acted in ("nothing", "rest_hand"):
            play = _with_others(setup, play, 0.0 if plain or acted == "nothing" else 0.12)
    seconds = play.film.duration * own.uniform(0.85, 1.2)
    film = play.film.lasting(round(float(np.clip(seconds, SHORTEST, LONGEST)), 2))
    return Scene(
        replace(play, film=film), acted != action, camera, light, surface, table_colour, looks, glove, seed, noise, blur
    )


def _light(rng: np.random.Generator) -> Light:
    warm = rng.uniform(-0.07, 0.07)
    return Light(
        colour=(1 + warm, 1.0, 1 - warm),
        level=rng.uniform(0.82, 1.12),
        angle=rng.uniform(-np.pi, np.pi),
        slope=rng.uniform(0.3, 0.8),
        shadow=rng.uniform(0.35, 0.65),
        softness=rng.uniform(0.2, 0.5),
        vignette=rng.uniform(0.0, 0.3),
    )


def _looks(rng: np.random.Generator) -> tuple[tuple[HandLook, ...], str]:
    """Return the looks of up to three hands of one person or two, and the gloves' colour or ""."""
    skin = SKINS[int(rng.integers(len(SKINS)))]
    glove = str(rng.choice(list(GLOVES))) if rng.random() < 0.5 else ""
    sleeve = SLEEVES[int(rng.integers(len(SLEEVES)))] if rng.random() < 0.5 else None
    look = HandLook(skin, GLOVES.get(glove), sleeve, weave(rng, threads=10) if sleeve else None)
    return (look, look, look), glove


def _lying(setup: Setup) -> Play:
    """Things lie about and nothing happens: one to six, sometimes with a hand at rest."""
    count = int(setup.rng.integers(1, 6))
    first = setup.thing(tuple(KINDS))
    states = np.array([setup.state(first, setup.spot(0.6))])
    film = Film(np.array([0.0, 2.5]), np.stack([states, states]), np.zeros((2, 0, HAND_STATE)))
    play = _with_things(setup, Play((first,), (), film, 0), count)
    return _with_idle_hand(setup, play) if setup.rng.random() < 0.5 else play


def _with_others(setup: Setup, play: Play, idle: float) -> Play:
    """Add things that have no part in the action and, with probability `idle`, a hand that does nothing."""
    play = _with_things(setup, play, int(setup.rng.integers(1, 5)))
    return _with_idle_hand(setup, play) if len(play.hands) < 2 and setup.rng.random() < idle else play


def _with_things(setup: Setup, play: Play, count: int) -> Play:
    """Add up to `count` things where no other thing and no low hand ever is."""
    step = max(len(play.film.times) // 24, 1)
    taken = [(play.film.things[::step, k, :2], _room(thing)) for k, thing in enumerate(play.things)]
    hands = play.film.hands[::step].reshape(-1, HAND_STATE)
    taken.append((hands[hands[:, Z] < LOW, :2], HAND_ROOM))
    kept: list[tuple[Thing, np.ndarray]] = []
    for _ in range(count):
        thing = setup.thing(tuple(KINDS), float(setup.rng.uniform(0.95, 1.2)))
        for _ in range(12):
            point = setup.spot(FREE)
            if all(np.hypot(*(others - point).T).min(initial=9) > room + _room(thing) for others, room in taken):
                kept.append((thing, setup.state(thing, point)))
                taken.append((point[None], _room(thing)))
                break
    if not kept:
        return play
    others = np.broadcast_to(
        np.array([state for _, state in kept]), (len(play.film.times), len(kept), play.film.things.shape[2])
    )
    film = replace(play.film, things=np.concatenate([play.film.things, others], axis=1))
    return replace(play, things=(*play.things, *(thing for thing, _ in kept)), film=film)


def _room(thing: Thing) -> float:
    """Return the radius that a thing needs with its lid open."""
    return thing.radius * (1.35 if thing.kind == "lidded box" else 1.0) + 0.02


def _with_idle_hand(setup: Setup, play: Play) -> Play:
    """Add a hand that rests near the edge, from a side where no other hand comes from."""
    hand = setup.hand()
    if play.hands:
        first = setup.to_world.T @ np.array(play.hands[0].shoulder)
        hand = setup.hand(np.array([-first[1], first[0]]) * setup.rng.choice([-1, 1]))
    edge = np.array(hand.shoulder) / math.hypot(*hand.shoulder) * setup.rng.uniform(0.72, 0.95)
    state = reaching(hand, edge, 0.08, setup.rng.uniform(0.0, 0.4))
    still = np.broadcast_to(state, (len(play.film.times), 1, HAND_STATE))
    film = replace(play.film, hands=np.concatenate([play.film.hands, still], axis=1))
    return replace(play, hands=(*play.hands, hand), film=film)
