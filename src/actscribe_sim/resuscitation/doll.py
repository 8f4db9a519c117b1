"""The baby doll of the simulated resuscitations, drawn in parts that can move.

The doll's own coordinates: x to its right in the picture, y from the crown to the feet, the origin in the middle of the
trunk, about 1.3 units from crown to heels.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np

from actscribe_sim.canvas.canvas import Canvas, Colour, Light, Paint
from actscribe_sim.canvas.shapes import capsule, ellipse, limb, smooth, transformed
from actscribe_sim.canvas.sprite import Sprite, bake

#: Where masks and catheters go, and what hands rub, in the doll's own coordinates.
MOUTH = (0.0, -0.355)
MASK_SEAT = (0.0, -0.385)
SHOULDERS = ((-0.165, -0.17), (0.165, -0.17))
HIPS = ((-0.09, 0.26), (0.09, 0.26))
HEAD = (0.0, -0.45)
BOX = (-0.52, -0.75, 0.52, 0.8)

TRUNK = np.array(
    [(-0.07, -0.25), (0.07, -0.25), (0.15, -0.225), (0.185, -0.16), (0.165, -0.03), (0.185, 0.09), (0.175, 0.2),
     (0.14, 0.29), (0.0, 0.325), (-0.14, 0.29), (-0.175, 0.2), (-0.185, 0.09), (-0.165, -0.03), (-0.185, -0.16),
     (-0.15, -0.225)]
)  # fmt: skip
DIAPER = np.array(
    [(-0.192, 0.115), (0.0, 0.135), (0.192, 0.115), (0.188, 0.2), (0.155, 0.285), (0.06, 0.335), (-0.06, 0.335),
     (-0.155, 0.285), (-0.188, 0.2)]
)  # fmt: skip
SKULL = np.array(
    [(0.0, -0.665), (0.11, -0.64), (0.175, -0.55), (0.185, -0.455), (0.175, -0.365), (0.125, -0.285), (0.0, -0.25),
     (-0.125, -0.285), (-0.175, -0.365), (-0.185, -0.455), (-0.175, -0.55), (-0.11, -0.64)]
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class DollLook:
    """How one doll looks.

    Args:
        skin: RGB.
        diaper: RGB, or None for a doll without.
        cap: RGB of a knitted cap, or None.
        hair: RGB of thin hair where there is no cap, or None.
        cloth: texture of cap and diaper, see `canvas.textures.weave`.
        clamp: RGB of the clamp on the umbilical cord, or None.
        eyes: open or closed.
        arms, legs: bend of the left and the right one, -1 to 1.
        size: about 1.
    """

    skin: Colour
    diaper: Colour | None
    cap: Colour | None
    hair: Colour | None
    cloth: np.ndarray
    clamp: Colour | None
    eyes: Literal["open", "closed"]
    arms: tuple[float, float]
    legs: tuple[float, float]
    size: float = 1.0


@dataclass(frozen=True, slots=True)
class DollSprites:
    """The doll's parts lying on its back, and whole lying on its front.

    Args:
        arms, legs: left and right.
        trunk: with the diaper.
        face: the head, mouth closed.
        gaping: the head, mouth open.
        front: of the doll on its back, whole, for its shadow.
        back: of the doll on its front, whole.
    """

    arms: tuple[Sprite, Sprite]
    legs: tuple[Sprite, Sprite]
    trunk: Sprite
    face: Sprite
    gaping: Sprite
    front: Sprite
    back: Sprite


def bake_doll(look: DollLook, light: Light, scale: float) -> DollSprites:
    """Draw a doll's parts once; `scale` as in `canvas.sprite.bake`."""

    def baked(*steps: Callable[[Canvas], None]) -> Sprite:
        def draw(canvas: Canvas) -> None:
            for step in steps:
                step(canvas)

        return bake(draw, BOX, light, scale * look.size)

    left_arm, right_arm = partial(_arm, look=look, side=0), partial(_arm, look=look, side=1)
    left_leg, right_leg = partial(_leg, look=look, side=0), partial(_leg, look=look, side=1)
    limbs = (left_arm, right_arm, left_leg, right_leg)
    trunk, face = partial(_trunk, look=look, back=False), partial(_face, look=look, gape=0.0)
    return DollSprites(
        arms=(baked(left_arm), baked(right_arm)),
        legs=(baked(left_leg), baked(right_leg)),
        trunk=baked(trunk),
        face=baked(face),
        gaping=baked(partial(_face, look=look, gape=1.0)),
        front=baked(*limbs, trunk, face),
        back=baked(*limbs, partial(_trunk, look=look, back=True), partial(_nape, look=look)),
    )


def darker(colour: Colour, factor: float = 0.75) -> Colour:
    """Return a colour with every channel multiplied by `factor`."""
    return colour[0] * factor, colour[1] * factor, colour[2] * factor


def _mix(colour: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = ((1 - share) * a + share * b for a, b in zip(colour, other, strict=True))
    return red, green, blue


def _arm(canvas: Canvas, look: DollLook, side: int) -> None:
    """Upper arm out to the side, forearm up beside the head or down: a newborn's bent arms."""
    sign, bend = (-1, 1)[side], look.arms[side]
    shoulder, elbow = (sign * 0.155, -0.17), (sign * (0.30 + 0.03 * bend), -0.10 + 0.05 * bend)
    wrist = (sign * (0.345 - 0.03 * bend), -0.26 + 0.13 * (bend < -0.3) * 2.6 + 0.03 * bend)
    skin = Paint(look.skin, volume=0.75, bevel=0.05)
    canvas.fill(_hand(wrist, (wrist[0] - elbow[0], wrist[1] - elbow[1])), skin)
    canvas.fill(limb([elbow, wrist], [0.054, 0.04]), skin)
    canvas.fill(limb([shoulder, elbow], [0.064, 0.052]), skin)
    canvas.glow(capsule((wrist[0] - 0.03, wrist[1]), (wrist[0] + 0.03, wrist[1]), 0.006), darker(look.skin), 0.008, 0.5)


def _hand(wrist: Sequence[float], along: Sequence[float]) -> list[np.ndarray]:
    angle = float(np.arctan2(along[1], along[0]))
    shapes = [ellipse((0.045, 0.0), 0.045, 0.04)]
    shapes += [capsule((0.06, y), (0.105 - abs(y) * 0.5, y * 1.35), 0.0125) for y in (-0.028, -0.009, 0.01, 0.029)]
    shapes += [capsule((0.02, -0.03), (0.055, -0.06), 0.0135)]
    return [transformed(shape, wrist, angle) for shape in shapes]


def _leg(canvas: Canvas, look: DollLook, side: int) -> None:
    """Thighs apart, knees bent, feet in: how a newborn lies."""
    sign, bend = (-1, 1)[side], look.legs[side]
    hip, knee = (sign * 0.09, 0.25), (sign * (0.215 + 0.035 * bend), 0.43 - 0.03 * bend)
    ankle = (sign * (0.155 - 0.02 * bend), 0.615 - 0.04 * bend)
    skin = Paint(look.skin, volume=0.75, bevel=0.06)
    canvas.fill(_foot(ankle, sign), skin)
    canvas.fill(limb([knee, ankle], [0.07, 0.046]), skin)
    canvas.fill(limb([hip, knee], [0.088, 0.07]), Paint(look.skin, volume=0.75, bevel=0.075))
    crease = capsule((knee[0] - 0.05, knee[1] + 0.015), (knee[0] + 0.05, knee[1] + 0.015), 0.005)
    canvas.glow(crease, darker(look.skin), 0.01, 0.45)


def _foot(ankle: Sequence[float], sign: int) -> list[np.ndarray]:
    turn = np.pi / 2 - sign * 0.35
    shapes = [smooth(np.array([(-0.03, -0.032), (0.06, -0.035), (0.085, 0.0), (0.06, 0.035), (-0.03, 0.032)]))]
    shapes += [ellipse((0.088 - 0.006 * k, sign * (0.03 - 0.0145 * k)), 0.012, 0.01) for k in range(5)]
    return [transformed(shape, ankle, turn) for shape in shapes]


def _trunk(canvas: Canvas, look: DollLook, back: bool) -> None:
    canvas.fill(smooth(TRUNK), Paint(look.skin, volume=0.85, bevel=0.16))
    dark = darker(look.skin, 0.72)
    if back:
        canvas.glow(limb([(0, -0.2), (0.008, 0.0), (0, 0.13)], [0.008, 0.008, 0.008]), dark, 0.014, 0.6)
        blades = [limb([(s * 0.06, -0.14), (s * 0.085, -0.08), (s * 0.06, -0.04)], [0.006] * 3) for s in (-1, 1)]
        canvas.glow([outline for blade in blades for outline in blade], dark, 0.014, 0.45)
    else:
        nipples = [ellipse((s * 0.085, -0.085), 0.014, 0.012) for s in (-1, 1)]
        canvas.glow(nipples, _mix(look.skin, (170, 80, 75), 0.6), 0.008, 0.8)
        canvas.glow(limb([(-0.13, -0.005), (0, -0.03), (0.13, -0.005)], [0.004] * 3), dark, 0.016, 0.3)
        canvas.glow(ellipse((0.0, 0.07), 0.02, 0.022), dark, 0.012, 0.7)
    if look.diaper is not None:
        _diaper(canvas, look.diaper, look.cloth, back)
    elif back:
        canvas.glow(capsule((0, 0.2), (0, 0.3), 0.006), dark, 0.012, 0.8)
    if look.clamp is not None and not back:
        canvas.fill(limb([(0.0, 0.07), (0.03, 0.045)], [0.02, 0.016]), Paint((225, 205, 160), volume=0.7, bevel=0.015))
        canvas.fill(capsule((0.005, 0.03), (0.065, 0.055), 0.013), Paint(look.clamp, volume=0.5, bevel=0.012))


def _diaper(canvas: Canvas, colour: Colour, cloth: np.ndarray, back: bool) -> None:
    canvas.fill(smooth(DIAPER), Paint(colour, volume=0.7, bevel=0.12, texture=cloth, grain=0.16))
    shade = darker(colour, 0.72)
    canvas.glow(limb([(-0.185, 0.125), (0, 0.145), (0.185, 0.125)], [0.005] * 3), shade, 0.008, 0.7)
    for sign in (-1, 1):
        canvas.glow(
            limb([(sign * 0.18, 0.21), (sign * 0.11, 0.26), (sign * 0.06, 0.33)], [0.005] * 3), shade, 0.01, 0.7
        )
        if not back:
            canvas.fill(capsule((sign * 0.15, 0.155), (sign * 0.095, 0.165), 0.014), Paint(darker(colour, 0.86)))
    if back:
        canvas.glow(capsule((0, 0.2), (0, 0.31), 0.006), shade, 0.014, 0.7)


def _skull(canvas: Canvas, look: DollLook) -> None:
    ears = [ellipse((s * 0.185, -0.43), 0.024, 0.045) for s in (-1, 1)]
    canvas.glow(ellipse((0, -0.27), 0.12, 0.04), darker(look.skin, 0.5), 0.025, 0.55)
    canvas.fill(ears, Paint(_mix(look.skin, (200, 90, 80), 0.12), volume=0.6, bevel=0.025))
    canvas.fill(smooth(SKULL), Paint(look.skin, volume=0.9, bevel=0.17))


def _face(canvas: Canvas, look: DollLook, gape: float) -> None:
    _skull(canvas, look)
    blush, dark = _mix(look.skin, (215, 80, 80), 0.45), darker(look.skin, 0.45)
    canvas.glow([ellipse((s * 0.115, -0.37), 0.03, 0.025) for s in (-1, 1)], blush, 0.025, 0.5)
    sockets = [ellipse((s * 0.075, -0.455), 0.045, 0.028) for s in (-1, 1)]
    canvas.glow(sockets, darker(look.skin, 0.7), 0.016, 0.55)
    brow = np.array([(0.04, -0.505), (0.08, -0.517), (0.115, -0.5)])
    brows = [out for s in (-1, 1) for out in limb(list(brow * (s, 1)), [0.005] * 3)]
    canvas.glow(brows, darker(look.skin, 0.5), 0.006, 0.6)
    if look.eyes == "open":
        canvas.fill([ellipse((s * 0.075, -0.455), 0.036, 0.022) for s in (-1, 1)], Paint((240, 240, 238)))
        canvas.fill([ellipse((s * 0.075, -0.453), 0.019, 0.02) for s in (-1, 1)], Paint((55, 60, 80)))
        canvas.fill([ellipse((s * 0.075 - 0.006, -0.46), 0.006, 0.006) for s in (-1, 1)], Paint((250, 250, 250)))
    lid = np.array([(0.04, -0.452), (0.075, -0.436), (0.11, -0.452)])
    lids = [out for s in (-1, 1) for out in limb(list(lid * (s, 1)), [0.006] * 3)]
    canvas.fill(lids, Paint(dark, opacity=0.85 if look.eyes == "closed" else 0.45))
    canvas.glow(ellipse((0, -0.405), 0.03, 0.018), darker(look.skin, 0.65), 0.012, 0.6)
    canvas.fill(
        ellipse((0, -0.415), 0.024, 0.022), Paint(_mix(look.skin, (215, 110, 100), 0.12), volume=0.9, bevel=0.02)
    )
    canvas.fill([ellipse((s * 0.011, -0.399), 0.006, 0.004) for s in (-1, 1)], Paint(dark, opacity=0.8))
    lips = _mix(look.skin, (190, 60, 70), 0.55)
    canvas.fill(ellipse(MOUTH, 0.046, 0.018 + 0.016 * gape), Paint(lips, volume=0.5, bevel=0.015))
    canvas.fill(ellipse(MOUTH, 0.036, 0.004 + 0.019 * gape), Paint((70, 20, 25)))
    _cover(canvas, look)


def _cover(canvas: Canvas, look: DollLook) -> None:
    """A cap over the forehead, or thin hair, or the bare crown."""
    crown = np.array([(-0.178, -0.53), (-0.11, -0.565), (0, -0.578), (0.11, -0.565), (0.178, -0.53), (0.178, -0.57),
                      (0.12, -0.655), (0, -0.69), (-0.12, -0.655), (-0.178, -0.57)])  # fmt: skip
    if look.cap is not None:
        canvas.glow(
            limb([(-0.17, -0.525), (0, -0.57), (0.17, -0.525)], [0.012] * 3), darker(look.skin, 0.5), 0.014, 0.6
        )
        canvas.fill(smooth(crown), Paint(look.cap, volume=0.85, bevel=0.1, texture=look.cloth, grain=0.14))
        band = limb([(-0.176, -0.533), (-0.1, -0.567), (0, -0.578), (0.1, -0.567), (0.176, -0.533)], [0.018] * 5)
        canvas.fill(band, Paint(darker(look.cap, 0.88), volume=0.6, bevel=0.018))
    elif look.hair is not None:
        canvas.glow(ellipse((0, -0.625), 0.12, 0.035), look.hair, 0.03, 0.75)


def _nape(canvas: Canvas, look: DollLook) -> None:
    """The head from behind."""
    _skull(canvas, look)
    if look.cap is not None:
        hood = np.array([(-0.188, -0.44), (0, -0.375), (0.188, -0.44), (0.18, -0.56), (0.12, -0.655), (0, -0.69),
                         (-0.12, -0.655), (-0.18, -0.56)])  # fmt: skip
        canvas.fill(smooth(hood), Paint(look.cap, volume=0.9, bevel=0.16, texture=look.cloth, grain=0.14))
        band = limb([(-0.18, -0.445), (-0.09, -0.392), (0, -0.376), (0.09, -0.392), (0.18, -0.445)], [0.018] * 5)
        canvas.fill(band, Paint(darker(look.cap, 0.88), volume=0.6, bevel=0.018))
    elif look.hair is not None:
        canvas.glow(ellipse((0, -0.5), 0.13, 0.12), look.hair, 0.04, 0.7)
    canvas.glow(capsule((-0.07, -0.285), (0.07, -0.285), 0.006), darker(look.skin), 0.012, 0.6)
