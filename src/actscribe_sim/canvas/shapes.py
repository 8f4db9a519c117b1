"""Outlines of the things that `canvas` paints: float arrays of shape (points, 2), world units."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

Point = Sequence[float] | np.ndarray  # (x, y)

HALF_TURN = np.stack(
    [np.cos(np.linspace(np.pi / 2, 1.5 * np.pi, 8)), np.sin(np.linspace(np.pi / 2, 1.5 * np.pi, 8))], 1
)


def ellipse(centre: Point, rx: float, ry: float, angle: float = 0.0, points: int = 28) -> np.ndarray:
    """Return the outline of an ellipse turned by `angle` radians."""
    return transformed(_circle(points) * (rx, ry), centre, angle)


def rectangle(centre: Point, width: float, depth: float, angle: float = 0.0, corner: float = 0.0) -> np.ndarray:
    """Return the outline of a rectangle with round corners of radius `corner`."""
    corner = min(corner, width / 2, depth / 2)
    x, y = width / 2 - corner, depth / 2 - corner
    if corner <= 0:
        return transformed(np.array([[-x, -y], [x, -y], [x, y], [-x, y]]), centre, angle)
    arc = np.linspace(0, np.pi / 2, 5)
    quarter = corner * np.stack([np.cos(arc), np.sin(arc)], axis=1)
    corners = [
        (np.array([cx, cy]) + quarter @ rotation(k * np.pi / 2).T)
        for k, (cx, cy) in enumerate([(x, y), (-x, y), (-x, -y), (x, -y)])
    ]
    return transformed(np.concatenate(corners), centre, angle)


def smooth(points: np.ndarray, steps: int = 6) -> np.ndarray:
    """Return a closed Catmull-Rom curve through `points`, shape (len(points) * steps, 2)."""
    before, knots = np.roll(points, 1, axis=0), np.asarray(points, dtype=float)
    after, beyond = np.roll(points, -1, axis=0), np.roll(points, -2, axis=0)
    t = (np.arange(steps) / steps)[None, :, None]
    a, b, c, d = before[:, None], knots[:, None], after[:, None], beyond[:, None]
    curve = 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
    return np.asarray(curve.reshape(-1, 2))


def limb(joints: Sequence[Point], radii: Sequence[float]) -> list[np.ndarray]:
    """Return the outlines whose union is a tube with round ends through `joints`; a radius per joint."""
    line = np.asarray(joints, dtype=float)
    return [capsule(a, b, ra, rb) for a, b, ra, rb in zip(line, line[1:], radii, radii[1:], strict=False)]


def capsule(start: Point, end: Point, radius: float, end_radius: float | None = None) -> np.ndarray:
    """Return the outline of a line from `start` to `end` thickened to `radius`, round at both ends."""
    end_radius = radius if end_radius is None else end_radius
    back = HALF_TURN @ rotation(math.atan2(end[1] - start[1], end[0] - start[0])).T
    return np.concatenate([np.asarray(start) + radius * back, np.asarray(end) - end_radius * back])


def transformed(outline: np.ndarray, centre: Point, angle: float = 0.0, scale: float = 1.0) -> np.ndarray:
    """Return `outline`, given about the origin, scaled, turned by `angle` radians and moved to `centre`."""
    return np.asarray(outline @ (scale * rotation(angle)).T + np.asarray(centre, dtype=float))


@lru_cache(maxsize=8)
def _circle(points: int) -> np.ndarray:
    turn = np.linspace(0, 2 * np.pi, points, endpoint=False)
    return np.stack([np.cos(turn), np.sin(turn)], axis=1)


def rotation(angle: float) -> np.ndarray:
    """Return the matrix that turns column vectors by `angle` radians (clockwise on the screen, where y is down)."""
    cos, sin = math.cos(angle), math.sin(angle)
    return np.array([[cos, -sin], [sin, cos]])
