"""Things that are drawn once per recording and stamped into every frame, moved, turned, stretched and at any height.

Drawing a shaded hand from its outlines takes several times as long as moving a picture of it
(`benchmarks/simulate.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from actscribe_sim.canvas.canvas import SHADOW_TINT, Canvas, Light, Projection
from actscribe_sim.canvas.shapes import rotation

FINE = 1.3  # pixels of a sprite per pixel of the picture
SHADOW_PIXELS = 1.5  # sigma of a shadow's blur on the smaller picture that it is made on


@dataclass(frozen=True, slots=True)
class Sprite:
    """A picture with transparency in its own coordinates.

    Args:
        pixels: uint8, shape (h, w, 4): colour multiplied with opacity, and opacity.
        to_local: from its pixels to its own coordinates, shape (3, 3).
    """

    pixels: np.ndarray
    to_local: np.ndarray


def bake(draw: Callable[[Canvas], None], box: tuple[float, float, float, float], light: Light, scale: float) -> Sprite:
    """Return a sprite of what `draw` paints inside `box` = (x0, y0, x1, y1).

    Args:
        draw: paints on a canvas in the sprite's own coordinates; called once on black and once on white, whose
            difference is the opacity.
        box: in the sprite's own coordinates, world units.
        light: shades as if the sprite were never turned.
        scale: pixels per world unit of the frames it will be stamped into.
    """
    x0, y0, x1, y1 = box
    fine = scale * FINE
    size = (max(round((y1 - y0) * fine), 1), max(round((x1 - x0) * fine), 1))
    pixels = np.array([[fine, 0, -x0 * fine], [0, fine, -y0 * fine], [0, 0, 1]])
    projection = Projection(pixels, np.eye(3), fine, 1e6, size)
    shown = []
    for level in (0.0, 255.0):
        canvas = Canvas(projection, light, (level, level, level))
        draw(canvas)
        shown.append(canvas.pixels)
    black, white = shown
    alpha = 255 - (white - black).mean(axis=2)
    picture = np.dstack([np.minimum(black, alpha[..., None]), alpha])
    full = np.round(np.clip(picture, 0, 255)).astype(np.uint8)
    rows, columns = np.flatnonzero(full[..., 3].any(axis=1)), np.flatnonzero(full[..., 3].any(axis=0))
    if not rows.size:
        raise ValueError(f"nothing was drawn inside {box}")
    top, left = int(rows[0]), int(columns[0])
    corner = np.array([[1, 0, left], [0, 1, top], [0, 0, 1]])
    trimmed = full[top : rows[-1] + 1, left : columns[-1] + 1]
    return Sprite(np.ascontiguousarray(trimmed), np.linalg.inv(pixels) @ corner)


def placed(
    position: tuple[float, float] | np.ndarray,
    angle: float = 0.0,
    stretch: tuple[float, float] = (1.0, 1.0),
    pivot: tuple[float, float] = (0.0, 0.0),
) -> np.ndarray:
    """Return the matrix that stretches and turns about `pivot` and then moves `pivot` to `position`, shape (3, 3)."""
    matrix = np.eye(3)
    matrix[:2, :2] = rotation(angle) * np.array(stretch)
    matrix[:2, 2] = np.asarray(position) - matrix[:2, :2] @ np.asarray(pivot)
    return matrix


def stamp(canvas: Canvas, sprite: Sprite, matrix: np.ndarray, height: float = 0.0) -> None:
    """Draw a sprite whose own coordinates `matrix` takes to the world, at `height` above the table."""
    full = _to_pixels(canvas.projection, height) @ matrix @ sprite.to_local
    box = _box(full, sprite.pixels.shape, canvas.projection.size, 1)
    if box is None:
        return
    x0, y0, x1, y1 = box
    moved = np.array([[1, 0, -x0], [0, 1, -y0], [0, 0, 1]]) @ full
    warped = cv2.warpPerspective(sprite.pixels, moved, (x1 - x0, y1 - y0))
    through = cv2.cvtColor(255 - cv2.extractChannel(warped, 3), cv2.COLOR_GRAY2RGB)
    region = canvas.pixels[y0:y1, x0:x1]
    cv2.multiply(region, through, dst=region, scale=1 / 255, dtype=cv2.CV_32F)
    cv2.add(region, cv2.cvtColor(warped, cv2.COLOR_RGBA2RGB), dst=region, dtype=cv2.CV_32F)


def stamp_shadow(
    canvas: Canvas, sprite: Sprite, matrix: np.ndarray, height: float, ground: float = 0.0, strength: float = 1.0
) -> None:
    """Darken what lies at `ground` under a sprite at `height`, as `Canvas.shadow` does for outlines."""
    light, projection, above = canvas.light, canvas.projection, max(height - ground, 0.0)
    moved = np.eye(3)
    moved[:2, 2] = light.falls * light.slope * above
    sigma = (0.02 + light.softness * above * 0.5) * projection.scale
    full = _to_pixels(projection, ground) @ moved @ matrix @ sprite.to_local
    box = _box(full, sprite.pixels.shape, projection.size, int(3 * sigma) + 2)
    if box is None:
        return
    x0, y0, x1, y1 = box
    factor = max(sigma / SHADOW_PIXELS, 1.0)
    width, depth = max(round((x1 - x0) / factor), 1), max(round((y1 - y0) / factor), 1)
    shrink = np.array([[width / (x1 - x0), 0, 0], [0, depth / (y1 - y0), 0], [0, 0, 1]])
    small = shrink @ np.array([[1, 0, -x0], [0, 1, -y0], [0, 0, 1]]) @ full
    cover = cv2.warpPerspective(sprite.pixels[..., 3], small, (width, depth))
    soft = cv2.GaussianBlur(cover, (0, 0), sigma / factor, borderType=cv2.BORDER_REPLICATE).astype(np.float32)
    darkness = light.shadow * strength / (1 + 0.8 * above)
    tone = 1 + soft[..., None] * ((1 - darkness) * SHADOW_TINT - 1) * np.float32(1 / 255)
    canvas.pixels[y0:y1, x0:x1] *= cv2.resize(tone, (x1 - x0, y1 - y0), interpolation=cv2.INTER_LINEAR)


def _to_pixels(projection: Projection, height: float) -> np.ndarray:
    closer = projection.camera_height / max(projection.camera_height - height, 0.1)
    return np.asarray(projection.pixels @ np.diag([closer, closer, 1.0]) @ projection.plane)


def _box(full: np.ndarray, shape: tuple[int, ...], size: tuple[int, int], pad: int) -> tuple[int, int, int, int] | None:
    """Return (x0, y0, x1, y1) of the frame's pixels that a sprite touches, or None outside the picture."""
    corners = np.array([(0, 0, 1), (shape[1], 0, 1), (shape[1], shape[0], 1), (0, shape[0], 1)]) @ full.T
    projected = corners[:, :2] / corners[:, 2:]
    low, high = projected.min(axis=0), projected.max(axis=0)
    x0, y0 = max(int(low[0]) - pad, 0), max(int(low[1]) - pad, 0)
    x1, y1 = min(int(high[0]) + pad + 2, size[1]), min(int(high[1]) + pad + 2, size[0])
    return (x0, y0, x1, y1) if x0 < x1 and y0 < y1 else None
