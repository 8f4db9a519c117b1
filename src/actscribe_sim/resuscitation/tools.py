"""Mask with bag, suction catheter and gloved hands of the simulated resuscitations.

The mask's own coordinates: the origin in the middle of the mask, x towards the bag.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import numpy as np

from actscribe_sim.canvas.canvas import Canvas, Colour, Light, Paint
from actscribe_sim.canvas.hand import HandLook, HandPose, draw_hand
from actscribe_sim.canvas.shapes import capsule, ellipse, limb, smooth
from actscribe_sim.canvas.sprite import Sprite, bake
from actscribe_sim.resuscitation.doll import darker

BagKind = Literal["self-inflating", "flow-inflating"]
Grip = Literal["flat", "mask", "bag", "catheter", "cradle"]
LEVELS = 5  # pictures from a loose to a squeezed bag
MASK_RADIUS = 0.14
BAG_MIDDLE = 0.40  # from the middle of the mask to the middle of the bag
BAG_END = 0.60
HAND_SIZE = 0.5
ARM = 2.6  # length of a forearm: it always leaves the picture
MASK_BOX = (-0.2, -0.2, 0.95, 0.2)


@dataclass(frozen=True, slots=True)
class ToolLook:
    """How the tools of one team look.

    Args:
        bag: kind of bag.
        bag_colour, cushion, valve, catheter: RGB; the catheter's is that of its handle end too.
        clear: opacity of the mask's dome, 0 to 1.
    """

    bag: BagKind
    bag_colour: Colour
    cushion: Colour
    valve: Colour
    catheter: Colour
    clear: float


@dataclass(frozen=True, slots=True)
class ToolSprites:
    """The mask and the bag at LEVELS degrees of squeeze."""

    mask: Sprite
    bags: tuple[Sprite, ...]


def bake_tools(look: ToolLook, light: Light, scale: float) -> ToolSprites:
    """Draw the mask and the bags once, lit as if the bag lay to the upper right."""
    turned = replace(light, angle=light.angle + 0.9)
    mask = bake(lambda canvas: _mask(canvas, look), MASK_BOX, turned, scale)
    levels = np.linspace(0, 1, LEVELS)
    bags = tuple(bake(partial(_bag, look=look, squeeze=float(s)), MASK_BOX, turned, scale) for s in levels)
    return ToolSprites(mask, bags)


def _mask(canvas: Canvas, look: ToolLook) -> None:
    """A round newborn mask: a soft cushion, a clear dome, the port in the middle."""
    ring, dome = ellipse((0, 0), MASK_RADIUS, MASK_RADIUS * 0.93), ellipse((0, 0), 0.1, 0.093)
    canvas.fill(ring, Paint(look.cushion, volume=0.7, bevel=0.045, opacity=0.88))
    canvas.fill(dome, Paint((225, 235, 240), volume=0.8, bevel=0.08, opacity=look.clear))
    canvas.glow(_arc(0.118, 0.11, 3.3, 4.6), (255, 255, 255), 0.008, 0.65)
    canvas.glow(_arc(0.1, 0.093, 0.3, 2.6), darker(look.cushion, 0.5), 0.008, 0.55)
    canvas.fill(ellipse((0, 0), 0.052, 0.052), Paint(look.valve, volume=0.8, bevel=0.03))
    canvas.fill(ellipse((0, 0), 0.034, 0.034), Paint(darker(look.valve, 0.8), volume=0.5, bevel=0.02))


def _arc(rx: float, ry: float, start: float, end: float) -> list[np.ndarray]:
    turn = np.linspace(start, end, 7)
    return limb(list(np.stack([rx * np.cos(turn), ry * np.sin(turn)], axis=1)), [0.006] * 7)


def _bag(canvas: Canvas, look: ToolLook, squeeze: float) -> None:
    """Valve, bag and tail. A squeezed bag has a waist where the fingers are."""
    x = np.linspace(0, 1, 13)
    fat = 0.135 if look.bag == "self-inflating" else 0.12
    half = fat * np.sin(np.pi * np.clip(x, 0.0, 1.0)) ** (0.55 if look.bag == "self-inflating" else 0.8)
    half = np.maximum(half * (1 - 0.62 * squeeze * np.exp(-(((x - 0.5) / 0.26) ** 2))), 0.03)
    along = 0.17 + x * (BAG_END - 0.17)
    tail: list[np.ndarray] = [capsule((BAG_END - 0.02, 0), (0.7, 0), 0.032, 0.028)]
    if look.bag == "self-inflating":
        reservoir = np.array(
            [(0.68, -0.04), (0.75, -0.075), (0.9, -0.06), (0.93, 0.0), (0.9, 0.06), (0.75, 0.075), (0.68, 0.04)]
        )
        canvas.fill(smooth(reservoir), Paint((215, 225, 230), volume=0.7, bevel=0.06, opacity=0.6))
        canvas.glow(limb([(0.74, -0.03), (0.82, 0.01), (0.9, -0.02)], [0.004] * 3), (255, 255, 255), 0.006, 0.6)
    canvas.fill(tail, Paint(look.valve, volume=0.7, bevel=0.03))
    canvas.fill(capsule((0.0, 0), (0.19, 0), 0.034), Paint(darker(look.valve, 0.85), volume=0.8, bevel=0.03))
    canvas.fill(ellipse((0.11, 0), 0.052, 0.058), Paint(look.valve, volume=0.8, bevel=0.04))
    outline = smooth(np.concatenate([np.stack([along, -half], 1), np.stack([along, half], 1)[::-1]]), 3)
    canvas.fill(outline, Paint(look.bag_colour, volume=0.95, bevel=0.1, opacity=0.94))
    shade = darker(look.bag_colour, 0.6)
    if look.bag == "self-inflating":
        for share in (0.22, 0.36, 0.5, 0.64, 0.78):
            position, width = 0.17 + share * (BAG_END - 0.17), float(np.interp(share, x, half)) * 0.86
            canvas.glow(capsule((position, -width), (position, width), 0.004), shade, 0.007, 0.45)
    for sign in (-1, 1):
        fold = [(0.385 - 0.06, sign * 0.05), (0.385, sign * 0.02), (0.385 + 0.06, sign * 0.05)]
        canvas.glow(limb(fold, [0.007] * 3), darker(look.bag_colour, 0.45), 0.01, 0.8 * squeeze)
    canvas.glow(
        limb([(0.26, -0.05), (0.36, -0.07 + 0.045 * squeeze), (0.47, -0.05)], [0.01] * 3), (255, 255, 255), 0.016, 0.45
    )


def tube(joints: Sequence[np.ndarray], pieces: int = 9) -> list[np.ndarray]:
    """Return pieces + 1 points along a smooth (Bezier) curve that starts and ends at the outer joints."""
    points = np.asarray(joints, dtype=float)
    t = np.linspace(0, 1, pieces + 1)[:, None]
    order = len(points) - 1
    curve = np.zeros((pieces + 1, 2))
    for k, point in enumerate(points):
        curve += math.comb(order, k) * t**k * (1 - t) ** (order - k) * point
    return list(curve)


@dataclass(frozen=True, slots=True)
class HandSprites:
    """One worker's hand in the grips it uses.

    Args:
        grips: from a grip to its pictures; "bag" has LEVELS of them, the others one.
        angle: the direction of the fingers at which the pictures are not turned, radians.
    """

    grips: dict[Grip, tuple[Sprite, ...]]
    angle: float


def bake_hand(
    look: HandLook, light: Light, scale: float, angle: float, elbow: float, right: bool, grips: Sequence[Grip]
) -> HandSprites:
    """Draw one worker's hand once for each grip, around the point that the hand acts on.

    Args:
        look: of the hand.
        light: as in the scene.
        scale: as in `canvas.sprite.bake`.
        angle: the direction in which the fingers point, radians.
        elbow: the direction from the hand to the elbow, radians.
        right: a right hand.
        grips: those that the worker uses.
    """
    faint = replace(light, shadow=0.22)  # between the fingers; the shadow on the ground is drawn in every frame

    def baked(grip: Grip, level: float) -> Sprite:
        pose = _pose(grip, level, angle, elbow, right)
        outer = [(0.0, 0.0), pose.elbow or (0.0, 0.0)]
        low, high = np.min(outer, axis=0) - 0.6, np.max(outer, axis=0) + 0.6
        box = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
        return bake(lambda canvas: draw_hand(canvas, pose, look, pose.height + 0.05), box, faint, scale)

    levels = {grip: np.linspace(0, 1, LEVELS) if grip == "bag" else [0.5] for grip in grips}
    return HandSprites({g: tuple(baked(g, float(level)) for level in levels[g]) for g in grips}, angle)


def _pose(grip: Grip, level: float, angle: float, elbow: float, right: bool) -> HandPose:
    """Return the hand whose acting point is the origin: the grasp of a grip, the middle of a flat hand."""
    elbow_at = (ARM * math.cos(elbow), ARM * math.sin(elbow))
    base = HandPose((0.0, 0.0), angle, elbow_at, right=right, size=HAND_SIZE, height=0.0)
    reach = {"flat": 0.0, "cradle": 0.02, "mask": 0.19, "bag": 0.07, "catheter": 0.13}[grip]
    position = (-reach * math.cos(angle), -reach * math.sin(angle))
    if grip == "flat":
        return replace(base, position=position, grip=0.05, spread=0.25)
    if grip == "cradle":
        return replace(base, position=position, grip=0.1, spread=0.7)
    if grip == "mask":  # thumb and index hold the dome, the others hook the jaw
        return replace(base, position=position, grip=0.32, curl=(0.0, 0.1, 0.25, 0.35), spread=0.9)
    if grip == "bag":
        return replace(base, position=position, grip=0.3 + 0.6 * level, spread=0.5 - 0.4 * level)
    return replace(base, position=position, grip=0.75, curl=(0.25, 0.4, 0.8, 0.9), spread=0.1)
