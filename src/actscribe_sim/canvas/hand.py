"""A hand and forearm seen from above, posed by a few numbers: bare or gloved, open, gripping, pointing or a fist."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from actscribe_sim.canvas.canvas import Canvas, Colour, Paint
from actscribe_sim.canvas.shapes import Point, capsule, limb, smooth, transformed

#: From the hand's position (the middle of its knuckles) to what a closed grip holds, in hand lengths.
GRASP_REACH = 0.2
KNUCKLES = ((0.0, -0.17), (0.03, -0.06), (0.01, 0.06), (-0.04, 0.165))  # index to little finger, hand lengths
LENGTHS = (0.40, 0.46, 0.42, 0.32)
RADII = (0.066, 0.068, 0.065, 0.056)
WRIST = (-0.56, 0.0)
PALM_CORNERS = np.array(
    [(-0.56, -0.12), (-0.36, -0.2), (-0.12, -0.235), (0.04, -0.2), (0.07, -0.05), (0.05, 0.08), (0.0, 0.2),
     (-0.12, 0.235), (-0.36, 0.19), (-0.56, 0.12)]
)  # fmt: skip
PALM = smooth(PALM_CORNERS, 4)


@dataclass(frozen=True, slots=True)
class HandPose:
    """Where a hand is and what its fingers do.

    Args:
        position: of the middle of the knuckles, world units.
        angle: the direction in which the fingers point, radians (0: right, pi/2: down the image).
        elbow: world point towards which the forearm runs, usually outside the picture; None: no forearm.
        grip: 0 open and flat, 1 closed around something (fingertips and thumb meet at GRASP_REACH).
        curl: bend of each finger on top of the grip, index to little, 0 to 1; (0, 1, 1, 1) points, all 1 is a fist.
        spread: 0 fingers together, 1 fanned out.
        right: a right hand (thumb on its left side when seen from above, fingers away from the viewer).
        size: hand length from wrist to middle fingertip is about this, world units.
        height: above the table, world units.
    """

    position: tuple[float, float]
    angle: float = -math.pi / 2
    elbow: tuple[float, float] | None = None
    grip: float = 0.0
    curl: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    spread: float = 0.3
    right: bool = True
    size: float = 0.62
    height: float = 0.12

    def grasp(self) -> np.ndarray:
        """Return the world point that a closed grip holds, shape (2,)."""
        reach = GRASP_REACH * self.size
        return np.array(self.position) + reach * np.array([math.cos(self.angle), math.sin(self.angle)])


@dataclass(frozen=True, slots=True)
class HandLook:
    """What a hand is covered with.

    Args:
        skin: RGB of the forearm, and of the hand unless it is gloved.
        glove: RGB of a glove up to the wrist, or None.
        sleeve: RGB of a sleeve over the forearm, or None.
        cloth: texture of the sleeve, see `canvas.textures.weave`, or None.
    """

    skin: Colour = (205.0, 160.0, 130.0)
    glove: Colour | None = None
    sleeve: Colour | None = None
    cloth: np.ndarray | None = None


def hand_outlines(pose: HandPose) -> list[np.ndarray]:
    """Return the outlines whose union is the whole hand with its forearm, for shadows and contact, world units."""
    fingers = [outline for finger in _fingers(pose) for outline in finger]
    return [*_forearm(pose, 0.0), *_thumb(pose), *fingers, _world(pose, PALM)]


def draw_hand(canvas: Canvas, pose: HandPose, look: HandLook, ground: float = 0.0) -> None:
    """Draw the hand with its shadow on what lies at height `ground`."""
    shown = Paint(look.glove or look.skin, volume=0.75, bevel=0.07 * pose.size)
    canvas.shadow(hand_outlines(pose), pose.height + 0.05, ground)
    _draw_forearm(canvas, pose, look)
    canvas.fill(_thumb(pose), shown, pose.height)
    for finger in _fingers(pose):
        canvas.fill(finger, shown, pose.height)
    palm = Paint(shown.colour, volume=0.45, bevel=0.14 * pose.size)
    canvas.fill(_world(pose, PALM), palm, pose.height + 0.02)
    red, green, blue = (0.8 * channel for channel in shown.colour)
    marks = [_world(pose, capsule((x - 0.05, y), (x - 0.03, y), 0.018)) for x, y in KNUCKLES]
    canvas.glow(marks, (red, green, blue), 0.02 * pose.size, 0.5, pose.height + 0.02)


def _draw_forearm(canvas: Canvas, pose: HandPose, look: HandLook) -> None:
    if pose.elbow is None:
        return
    canvas.fill(_forearm(pose, 0.0), Paint(look.skin, volume=0.6, bevel=0.13 * pose.size), pose.height)
    if look.sleeve is not None:
        cloth = Paint(look.sleeve, volume=0.6, bevel=0.16 * pose.size, texture=look.cloth, grain=0.3)
        canvas.fill(_forearm(pose, 0.34, 1.25), cloth, pose.height + 0.01, pose.angle)
    if look.glove is not None:
        canvas.fill(_cuff(pose), Paint(look.glove, volume=0.5, bevel=0.1 * pose.size), pose.height + 0.01)


def _forearm(pose: HandPose, skip: float, wider: float = 1.0) -> list[np.ndarray]:
    """Return the forearm from `skip` hand lengths behind the wrist on."""
    if pose.elbow is None:
        return []
    wrist = _world(pose, np.array([WRIST]))[0]
    towards = np.array(pose.elbow) - wrist
    length = float(np.hypot(*towards))
    if length < 1e-6:
        return []
    start = wrist + towards / length * min(skip * pose.size, length)
    near, far = 0.135 * wider * pose.size, 0.2 * wider * pose.size
    return limb([start, pose.elbow], [near, far])


def _cuff(pose: HandPose) -> list[np.ndarray]:
    wrist = _world(pose, np.array([WRIST]))[0]
    towards = np.array(pose.elbow) - wrist
    length = float(np.hypot(*towards)) or 1.0
    end = wrist + towards / length * 0.16 * pose.size
    return [capsule(wrist, end, 0.14 * pose.size, 0.155 * pose.size)]


def _fingers(pose: HandPose) -> list[list[np.ndarray]]:
    """Return each finger's outlines, index to little. A bent finger is foreshortened: its tip comes down and back."""
    fingers = []
    for (x, y), length, radius, curl in zip(KNUCKLES, LENGTHS, RADII, pose.curl, strict=True):
        bend = max(0.62 * pose.grip, curl)
        first, second = math.radians(15 + 60 * bend), math.radians(15 + 165 * bend)
        along = 0.52 * length * math.cos(first), 0.48 * length * math.cos(second)
        fan = y * (0.5 * pose.spread + 0.15) * (1 - pose.grip) * (1 - curl) * 2
        inward = -y * 0.45 * pose.grip * (1 - curl)
        middle = (x + along[0], y + 0.5 * (fan + inward))
        tip = (middle[0] + along[1], y + fan + inward)
        fingers.append(_tube(pose, [(x - 0.03, y), middle, tip], [radius * 1.05, radius, radius * 0.8]))
    return fingers


def _thumb(pose: HandPose) -> list[np.ndarray]:
    """Return the thumb's outlines: out to the side when open, towards the index fingertip when gripping."""
    grip = max(pose.grip, 0.8 * min(pose.curl[1], pose.curl[2]))
    out = 0.14 * pose.spread
    middle = np.array([-0.1, -0.33 - out]) * (1 - grip) + np.array([-0.02, -0.27]) * grip
    tip = np.array([0.08, -0.4 - 1.4 * out]) * (1 - grip) + np.array([0.2, -0.14]) * grip
    return _tube(pose, [(-0.32, -0.15), tuple(middle), tuple(tip)], [0.1, 0.075, 0.055])


def _tube(pose: HandPose, joints: Sequence[Point], radii: Sequence[float]) -> list[np.ndarray]:
    return [_world(pose, outline) for outline in limb(joints, radii)]


def _world(pose: HandPose, outline: np.ndarray) -> np.ndarray:
    """Return an outline given in hand lengths, for a right hand with fingers along +x, in world units."""
    mirrored = outline if pose.right else outline * (1, -1)
    return transformed(mirrored, pose.position, pose.angle, pose.size)
