"""Drawing for simulated scenes seen from above: outlines, camera, light, shading, soft shadows, sensor.

World coordinates lie in the plane of the table: x to the right, y down the image, and the short side of the picture
spans about -1 to 1. `height` is the distance above the table in the same unit.

The library is OpenCV: its headless wheel carries everything it needs. skia-python would have true paths and gradients,
but its wheel links to libGL and libEGL, which a fresh server does not have. Volume therefore comes from one trick
(ours): a shape's mask is blurred to a dome, whose slope towards the light brightens or darkens the paint.

Nothing here is global or random on its own: the same arguments give the same pixels in any process. The number of
OpenCV's threads is left to the caller (`cv2.setNumThreads(1)` is fastest for small frames).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from actscribe_sim.canvas.shapes import rotation

Colour = tuple[float, float, float]
SHIFT = 4  # bits below the pixel that OpenCV's anti-aliased polygons take
COARSE = 2.5  # pixels; a wider blur is done on a smaller picture
SHADOW_TINT = np.array([1.0, 0.97, 0.92], dtype=np.float32)  # shadows are a little bluer than what they fall on


# Camera and light


@dataclass(frozen=True, slots=True)
class Camera:
    """Where the camera hangs and how it drifts.

    Args:
        centre: world point in the middle of the picture.
        angle: turn about the optical axis, radians.
        zoom: 1 shows -1 to 1 along the short side; larger is closer.
        tilt: how much (x, y) recede per world unit; a few hundredths up to 0.15.
        height: of the camera above the table; things above the table look larger and further out (parallax).
        drift: largest sway of the centre in world units; the angle sways by as many radians.
        period: of the slowest sway, seconds.
        phase: of the sway, radians.
    """

    centre: tuple[float, float] = (0.0, 0.0)
    angle: float = 0.0
    zoom: float = 1.0
    tilt: tuple[float, float] = (0.0, 0.0)
    height: float = 4.0
    drift: float = 0.0
    period: float = 7.0
    phase: float = 0.0

    def at(self, time: float, height: int, width: int) -> Projection:
        """Return the projection at `time` seconds onto a picture of `height` x `width` pixels."""
        turn = 2 * np.pi * time / self.period + self.phase
        sway = self.drift * np.array([math.sin(turn), math.sin(1.7 * turn + 1), 0.5 * math.sin(0.8 * turn + 2)])
        scale = self.zoom * min(height, width) / 2
        move = np.eye(3)
        move[:2, 2] = -(np.array(self.centre) + sway[:2])
        turned = np.eye(3)
        turned[:2, :2] = rotation(self.angle + sway[2])
        tilted = np.array([[1, 0, 0], [0, 1, 0], [self.tilt[0], self.tilt[1], 1]])
        pixels = np.array([[scale, 0, (width - 1) / 2], [0, scale, (height - 1) / 2], [0, 0, 1]])
        return Projection(pixels @ tilted, turned @ move, scale, self.height, (height, width))


@dataclass(frozen=True, slots=True)
class Projection:
    """A camera's projection at one moment: world to camera plane, then to pixels.

    Args:
        pixels, plane: shape (3, 3).
        scale: pixels per world unit in the middle of the picture.
        camera_height: above the table, world units.
        size: (height, width) of the picture in pixels.
    """

    pixels: np.ndarray
    plane: np.ndarray
    scale: float
    camera_height: float
    size: tuple[int, int]

    def project(self, points: np.ndarray, height: float | np.ndarray = 0.0) -> np.ndarray:
        """Return the pixel coordinates (x, y) of world points at `height` above the table, shape (points, 2).

        `height` is one number for all or, shape (points,), one per point.
        """
        closer = self.camera_height / np.maximum(self.camera_height - height, 0.1)
        if isinstance(height, np.ndarray):
            closer = closer[:, None]
        flat = (points @ self.plane[:2, :2].T + self.plane[:2, 2]) * closer
        homogeneous = flat @ self.pixels[:, :2].T + self.pixels[:, 2]
        return np.asarray(homogeneous[:, :2] / homogeneous[:, 2:])

    def matrix(self) -> np.ndarray:
        """Return the homography from the table plane to pixels, shape (3, 3)."""
        return np.asarray(self.pixels @ self.plane)


@dataclass(frozen=True, slots=True)
class Light:
    """One lamp and the room's light.

    Args:
        colour: per channel, about 1.
        level: brightness factor of the whole picture, about 1.
        angle: radians; the direction in the table plane in which shadows fall.
        slope: shadow length per unit of height.
        shadow: darkness of a contact shadow, 0 to 1.
        softness: blur of a shadow per unit of height.
        vignette: how much darker the corners are, 0 to 1.
    """

    colour: Colour = (1.0, 1.0, 1.0)
    level: float = 1.0
    angle: float = 0.8
    slope: float = 0.6
    shadow: float = 0.5
    softness: float = 0.35
    vignette: float = 0.15

    @property
    def falls(self) -> np.ndarray:
        """Unit vector in which shadows fall, shape (2,)."""
        return np.array([math.cos(self.angle), math.sin(self.angle)])


@dataclass(frozen=True, slots=True)
class Sensor:
    """What the camera's sensor adds.

    Args:
        noise: float32, shape (side, side, 3), larger than the picture; see `make_sensor`. Frames take random windows.
        blur: sigma in pixels of a 128-pixel picture; wider pictures are blurred in proportion.
    """

    noise: np.ndarray = field(default_factory=lambda: np.zeros((0, 0, 3), dtype=np.float32))
    blur: float = 0.0


def make_sensor(rng: np.random.Generator, size: tuple[int, int], sigma: float = 4.0, blur: float = 0.0) -> Sensor:
    """Return a sensor with noise of standard deviation `sigma` grey levels, half of it shared by the channels."""
    side = max(size) + 32
    grey = rng.standard_normal((side, side, 1), dtype=np.float32)
    chroma = rng.standard_normal((side, side, 3), dtype=np.float32)
    return Sensor((0.8 * grey + 0.6 * chroma) * np.float32(sigma), blur)


# Paint and canvas


@dataclass(frozen=True, slots=True)
class Paint:
    """How a shape's surface looks.

    Args:
        colour: RGB, 0 to 255.
        volume: strength of the round shading, 0 (flat) to about 1; negative for a hollow (a bowl's inside).
        bevel: width of the rounding in world units: half the width for a ball or a finger, little for a box.
        opacity: 0 to 1.
        texture: brightness factors about 1, float32, shape (n, n), repeated every `grain` world units; or None.
        grain: world units that one repetition of the texture spans.
    """

    colour: Colour
    volume: float = 0.0
    bevel: float = 0.05
    opacity: float = 1.0
    texture: np.ndarray | None = None
    grain: float = 0.5


class Canvas:
    """One frame while it is drawn, far things first.

    Args:
        projection: of the camera at this moment.
        light: of the scene.
        background: uint8 or float32 picture of the table plane, shape (n, n, 3), or one colour.
        extent: the background picture spans -extent to extent in both world axes.
    """

    def __init__(
        self, projection: Projection, light: Light, background: np.ndarray | Colour, extent: float = 2.0
    ) -> None:
        self.projection = projection
        self.light = light
        height, width = projection.size
        if isinstance(background, np.ndarray):
            per_unit = 2 * extent / background.shape[0]
            to_world = np.array([[per_unit, 0, -extent], [0, per_unit, -extent], [0, 0, 1]])
            table = cv2.warpPerspective(
                background, projection.matrix() @ to_world, (width, height), flags=cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_REFLECT_101,
            )  # fmt: skip
            self.pixels = table.astype(np.float32)
        else:
            self.pixels = np.full((height, width, 3), background, dtype=np.float32)

    def fill(
        self,
        outlines: np.ndarray | Sequence[np.ndarray],
        paint: Paint,
        height: float | np.ndarray = 0.0,
        angle: float = 0.0,
    ) -> None:
        """Paint the union of `outlines` at `height`, or at one height per point; `angle` turns the texture."""
        self._fill(self._projected(outlines, height), paint, angle)

    def solid(self, points: np.ndarray, heights: np.ndarray, paint: Paint, angle: float = 0.0) -> None:
        """Paint the silhouette of the convex body around `points` at `heights`, shapes (n, 2) and (n,)."""
        projected = self.projection.project(points, heights).astype(np.float32)
        self._fill([cv2.convexHull(projected)[:, 0]], paint, angle)

    def _fill(self, outlines: list[np.ndarray], paint: Paint, angle: float) -> None:
        box = self._box(outlines, 2)
        if box is None:
            return
        x0, y0, x1, y1 = box
        mask = _mask(outlines, box)
        alpha = mask.astype(np.float32)
        alpha *= np.float32(paint.opacity / 255)
        colour = np.array(paint.colour, dtype=np.float32)
        region = self.pixels[y0:y1, x0:x1]
        tone = self._tone(mask, paint)
        if paint.texture is not None:
            grain = self._texture(paint, box, np.asarray(outlines[0]).mean(axis=0), angle)
            tone = grain if tone is None else tone * grain
        if tone is None:
            region += (colour - region) * alpha[..., None]
        else:
            region *= (1 - alpha)[..., None]
            region += (tone * alpha)[..., None] * colour

    def shadow(
        self,
        outlines: np.ndarray | Sequence[np.ndarray],
        height: float,
        ground: float = 0.0,
        strength: float = 1.0,
    ) -> None:
        """Darken what lies at `ground` under a thing whose top is at `height`; higher means softer and further."""
        light, above = self.light, max(height - ground, 0.0)
        moved = light.falls * light.slope * above
        sigma = (0.02 + light.softness * above * 0.5) * self.projection.scale
        darkness = light.shadow * strength / (1 + 0.8 * above)
        self._soften(outlines, moved, ground, sigma, (1 - darkness) * SHADOW_TINT, multiply=True)

    def glow(
        self,
        outlines: np.ndarray | Sequence[np.ndarray],
        colour: Colour,
        blur: float,
        opacity: float = 1.0,
        height: float = 0.0,
    ) -> None:
        """Blend in a shape with soft edges: `blur` in world units. Highlights, smudges, liquid, dark openings."""
        sigma = blur * self.projection.scale
        self._soften(
            outlines, np.zeros(2), height, sigma, np.array(colour, dtype=np.float32), multiply=False, opacity=opacity
        )

    def finish(self, sensor: Sensor | None = None, rng: np.random.Generator | None = None) -> np.ndarray:
        """Return the picture as uint8 RGB, shape (height, width, 3), after light, vignette, blur and sensor noise.

        `rng` chooses this frame's window of the noise; without it every frame has the same.
        """
        height, width = self.projection.size
        y = np.linspace(-1, 1, height, dtype=np.float32)[:, None] ** 2
        x = np.linspace(-1, 1, width, dtype=np.float32)[None, :] ** 2
        falloff = 1 - np.float32(self.light.vignette / 2) * (x + y)
        out = self.pixels
        if sensor is not None and sensor.blur > 0:
            out = np.asarray(cv2.GaussianBlur(out, (0, 0), sensor.blur * min(height, width) / 128))
        out = out * (falloff[..., None] * np.array(self.light.colour, dtype=np.float32) * np.float32(self.light.level))
        if sensor is not None and sensor.noise.size:
            spare = sensor.noise.shape[0] - max(height, width)
            top, left = rng.integers(0, spare + 1, 2) if rng is not None else (0, 0)
            out += sensor.noise[top : top + height, left : left + width]
        return cv2.convertScaleAbs(np.maximum(out, 0, out=out))

    def _projected(
        self, outlines: np.ndarray | Sequence[np.ndarray], height: float | np.ndarray, moved: np.ndarray | None = None
    ) -> list[np.ndarray]:
        """Return the outlines in pixels, views of one array: small arrays cost mostly the calls."""
        listed = [outlines] if isinstance(outlines, np.ndarray) else outlines
        points = listed[0] if len(listed) == 1 else np.concatenate(listed)
        projected = self.projection.project(points if moved is None else points + moved, height)
        if len(listed) == 1:
            return [projected]
        parts, start = [], 0
        for outline in listed:
            parts.append(projected[start : start + len(outline)])
            start += len(outline)
        return parts

    def _box(self, outlines: list[np.ndarray], pad: int) -> tuple[int, int, int, int] | None:
        """Return (x0, y0, x1, y1) of the pixels that the outlines touch, or None outside the picture."""
        points = outlines[0] if len(outlines) == 1 else np.concatenate(outlines)
        left, top, wide, high = cv2.boundingRect(points.astype(np.float32))
        height, width = self.projection.size
        x0, y0 = max(left - pad, 0), max(top - pad, 0)
        x1, y1 = min(left + wide + pad, width), min(top + high + pad, height)
        return (x0, y0, x1, y1) if x0 < x1 and y0 < y1 else None

    def _tone(self, mask: np.ndarray, paint: Paint) -> np.ndarray | None:
        """Return brightness factors of a rounded surface under the light, or None for a flat one."""
        if paint.volume == 0:
            return None
        sigma = max(paint.bevel * 0.6 * self.projection.scale, 0.7)
        small, factor = _coarse(mask, sigma)
        dome = cv2.GaussianBlur(small, (0, 0), sigma / factor, borderType=cv2.BORDER_REPLICATE)
        turned = self.projection.plane[:2, :2] @ self.light.falls
        across = cv2.Sobel(dome, cv2.CV_32F, 1, 0, borderType=cv2.BORDER_REPLICATE)
        down = cv2.Sobel(dome, cv2.CV_32F, 0, 1, borderType=cv2.BORDER_REPLICATE)
        gain = paint.volume * sigma / factor * 1.3 / (8 * 255)
        tone = across * np.float32(gain * turned[0]) + down * np.float32(gain * turned[1])
        rim = abs(paint.volume)
        tone += dome * np.float32(0.3 * rim / 255) + np.float32(1 - 0.22 * rim)
        if factor > 1:
            tone = cv2.resize(tone, mask.shape[::-1], interpolation=cv2.INTER_LINEAR)
        return tone

    def _texture(self, paint: Paint, box: tuple[int, int, int, int], origin: np.ndarray, angle: float) -> np.ndarray:
        """Return the paint's texture over `box`, turned with the object about its projected middle."""
        assert paint.texture is not None
        x0, y0, x1, y1 = box
        turned = math.atan2(self.projection.plane[1, 0], self.projection.plane[0, 0]) + angle
        back = rotation(-turned) * (paint.texture.shape[0] / (paint.grain * self.projection.scale))
        to_tile = np.column_stack([back, back @ (np.array([x0, y0]) - origin)])
        return cv2.warpAffine(
            paint.texture, to_tile, (x1 - x0, y1 - y0), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_WRAP,
        )  # fmt: skip

    def _soften(
        self,
        outlines: np.ndarray | Sequence[np.ndarray],
        moved: np.ndarray,
        height: float,
        sigma: float,
        colour: np.ndarray,
        multiply: bool,
        opacity: float = 1.0,
    ) -> None:
        projected = self._projected(outlines, height, moved)
        box = self._box(projected, int(3 * sigma) + 2)
        if box is None:
            return
        x0, y0, x1, y1 = box
        factor = max(int(sigma / COARSE), 1)
        shape = (-(-(y1 - y0) // factor), -(-(x1 - x0) // factor))
        centred = [(outline - (x0 - 0.5, y0 - 0.5)) / factor - 0.5 for outline in projected]
        small = _mask(centred, (0, 0, shape[1], shape[0]))
        soft = cv2.GaussianBlur(small, (0, 0), max(sigma / factor, 0.5), borderType=cv2.BORDER_REPLICATE)
        full = cv2.resize(soft, (factor * shape[1], factor * shape[0]))[: y1 - y0, : x1 - x0]
        amount = full.astype(np.float32)[..., None] * np.float32(opacity / 255)
        region = self.pixels[y0:y1, x0:x1]
        if multiply:
            region *= 1 + amount * (colour - 1)
        else:
            region += amount * (colour - region)


def _mask(outlines: list[np.ndarray], box: tuple[int, int, int, int]) -> np.ndarray:
    """Return the anti-aliased union of pixel outlines over `box`, uint8; OpenCV's comes out half a pixel wider."""
    x0, y0, x1, y1 = box
    mask = np.zeros((y1 - y0, x1 - x0), dtype=np.uint8)
    for outline in outlines:
        fixed = np.round((outline - (x0, y0)) * 2**SHIFT).astype(np.int32)
        cv2.fillPoly(mask, [fixed], 255, cv2.LINE_AA, SHIFT)
    return mask


def _coarse(mask: np.ndarray, sigma: float) -> tuple[np.ndarray, int]:
    """Return the mask, smaller by a whole factor where a blur of `sigma` pixels allows it, and the factor."""
    factor = max(int(sigma / COARSE), 1)
    if factor == 1:
        return mask, 1
    height, width = mask.shape
    shape = (max(width // factor, 1), max(height // factor, 1))
    return cv2.resize(mask, shape, interpolation=cv2.INTER_AREA), factor
