"""The things that lie on the simulated table: kinds, colours, sizes."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from actscribe_sim.canvas.canvas import Colour
from actscribe_sim.canvas.textures import grain, weave

#: Columns of a thing's state. `amount` is the lid's opening, the cloth's folding, the ball's or lying can's roll angle
#: (radians) or a bottle's, can's or cup's tilt (0 stands, 1 lies); `squeeze` is 0 to 1.
X, Y, ANGLE, Z, AMOUNT, SQUEEZE = range(6)
STATE = 6


@dataclass(frozen=True, slots=True)
class ThingKind:
    """A kind of thing.

    Args:
        name: in captions.
        radius: of the circle that it fills on the table, world units.
        height: of its top above what it stands on.
        inside: radius of the room inside, for containers; 0 otherwise.
    """

    name: str
    radius: float
    height: float
    inside: float = 0.0


KINDS = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            ThingKind("cup", 0.15, 0.24),
            ThingKind("ball", 0.15, 0.3),
            ThingKind("block", 0.16, 0.22),
            ThingKind("can", 0.13, 0.26),
            ThingKind("bottle", 0.2, 0.22),
            ThingKind("sponge", 0.17, 0.1),
            ThingKind("pen", 0.21, 0.04),
            ThingKind("book", 0.27, 0.07),
            ThingKind("plate", 0.25, 0.04),
            ThingKind("bowl", 0.26, 0.14, inside=0.19),
            ThingKind("box", 0.31, 0.2, inside=0.2),
            ThingKind("lidded box", 0.29, 0.2),
            ThingKind("cloth", 0.36, 0.02),
        )
    }
)

COLOURS: MappingProxyType[str, Colour] = MappingProxyType(
    {
        "red": (200, 36, 36),
        "orange": (238, 128, 24),
        "yellow": (236, 206, 40),
        "green": (44, 148, 62),
        "blue": (38, 82, 190),
        "purple": (122, 56, 160),
        "pink": (240, 140, 178),
        "white": (236, 236, 230),
        "black": (38, 38, 42),
    }
)


@dataclass(frozen=True, slots=True)
class Thing:
    """One thing of a scene.

    Args:
        kind: a key of KINDS.
        colour: a key of COLOURS.
        rgb: its actual paint, near that colour.
        accent: RGB of its pattern.
        size: factor on the kind's dimensions.
        texture: brightness factors of its surface, or None.
    """

    kind: str
    colour: str
    rgb: Colour
    accent: Colour
    size: float
    texture: np.ndarray | None = None

    @property
    def name(self) -> str:
        """Colour and kind, as in "red cup"."""
        return f"{self.colour} {self.kind}"

    @property
    def radius(self) -> float:
        """Of the circle that it fills on the table."""
        return KINDS[self.kind].radius * self.size

    @property
    def height(self) -> float:
        """Of its top above what it stands on."""
        return KINDS[self.kind].height * self.size

    @property
    def inside(self) -> float:
        """Radius of the room inside, 0 for what is not a container."""
        return KINDS[self.kind].inside * self.size


def make_thing(rng: np.random.Generator, kind: str, colour: str, size: float | None = None) -> Thing:
    """Return a thing of the given kind and colour with its own shade, pattern and size."""
    hue, light, strength = colorsys.rgb_to_hls(*(channel / 255 for channel in COLOURS[colour]))
    hue, light = hue + rng.uniform(-0.012, 0.012), light * rng.uniform(0.92, 1.08)
    red, green, blue = colorsys.hls_to_rgb(hue % 1, min(light, 0.96), strength * rng.uniform(0.9, 1.0))
    pale = light < 0.6
    red_2, green_2, blue_2 = colorsys.hls_to_rgb(hue % 1, light + 0.25 if pale else light - 0.25, strength * 0.6)
    texture = None
    if kind == "cloth":
        texture = weave(rng, threads=int(rng.integers(8, 16)), strength=0.16)
    elif kind == "sponge":
        texture = grain(rng, strength=0.22, cells=16)
    return Thing(
        kind,
        colour,
        (255 * red, 255 * green, 255 * blue),
        (255 * red_2, 255 * green_2, 255 * blue_2),
        float(rng.uniform(1.1, 1.35)) if size is None else size,
        texture,
    )
