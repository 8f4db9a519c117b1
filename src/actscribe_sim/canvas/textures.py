"""Surfaces for simulated scenes, made once per scene: tables as colour pictures, cloth and wear as brightness tiles."""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np

Surface = Literal["wood", "cloth", "speckled", "tiles", "plain"]
SURFACES: tuple[Surface, ...] = ("wood", "cloth", "speckled", "tiles", "plain")


def cloud(rng: np.random.Generator, side: int, cells: int, octaves: int = 3) -> np.ndarray:
    """Return smooth noise in about [-1, 1] that repeats without a seam, float32, shape (side, side).

    Args:
        rng: source of randomness.
        side: of the picture in pixels.
        cells: bumps along a side in the coarsest octave.
        octaves: each with twice the bumps and half the strength of the one before.
    """
    total = np.zeros((side, side), dtype=np.float32)
    for octave in range(octaves):
        count = min(cells * 2**octave, side)
        grid = rng.uniform(-1, 1, (count, count)).astype(np.float32)
        wrapped = np.pad(grid, 2, mode="wrap")
        step = side / count
        full = cv2.resize(wrapped, None, fx=step, fy=step, interpolation=cv2.INTER_CUBIC)
        pad = round(2 * step)
        total += full[pad : pad + side, pad : pad + side] / 2**octave
    return total


def weave(rng: np.random.Generator, side: int = 64, threads: int = 12, strength: float = 0.12) -> np.ndarray:
    """Return the brightness factors of woven cloth with slight unevenness, float32 about 1, shape (side, side)."""
    turn = np.linspace(0, 2 * np.pi * threads, side, endpoint=False, dtype=np.float32)
    over, under = np.sin(turn)[None, :], np.sin(turn)[:, None]
    return 1 + strength * (0.5 * over * under + 0.5 * np.maximum(over, under) + 0.5 * cloud(rng, side, 4, 2))


def grain(rng: np.random.Generator, side: int = 64, strength: float = 0.08, cells: int = 6) -> np.ndarray:
    """Return uneven brightness factors (foam, worn plastic, skin), float32 about 1, shape (side, side)."""
    return 1 + np.float32(strength) * cloud(rng, side, cells, 3)


def table(rng: np.random.Generator, kind: Surface, colour: tuple[float, float, float], side: int = 256) -> np.ndarray:
    """Return a picture of a table top, uint8 RGB, shape (side, side, 3), for `Canvas(background=...)`.

    Args:
        rng: source of randomness.
        kind: of surface.
        colour: RGB, 0 to 255, its mean colour.
        side: in pixels; about twice the frame's, since it covers about twice the view.
    """
    tone = {"wood": _wood, "cloth": _cloth, "speckled": _speckled, "tiles": _tiles, "plain": _plain}[kind](rng, side)
    picture = np.array(colour, dtype=np.float32) * (tone * (1 + 0.04 * cloud(rng, side, 3, 1)))[..., None]
    return cv2.convertScaleAbs(np.maximum(picture, 0))


def _wood(rng: np.random.Generator, side: int) -> np.ndarray:
    """Planks with long fibres; the planks run along x or along y."""
    small = max(side // 8, 8)
    fibre = cv2.resize(rng.uniform(-1, 1, (side // 2, small)).astype(np.float32), (side, side))
    rings = np.sin(
        8 * cloud(rng, side, 3, 1) * 0.5 + np.linspace(0, rng.uniform(20, 60), side, dtype=np.float32)[:, None]
    )
    planks = int(rng.integers(3, 8))
    which = (np.arange(side) * planks // side).astype(int)
    tone = 1 + 0.06 * fibre + 0.05 * rings + (rng.uniform(-0.08, 0.08, planks)[which])[:, None]
    edges = np.flatnonzero(np.diff(which))
    tone[edges] *= 0.75
    return np.asarray((tone.T if rng.random() < 0.5 else tone).astype(np.float32))


def _cloth(rng: np.random.Generator, side: int) -> np.ndarray:
    """A table cloth: weave, and wide soft creases."""
    tile = weave(rng, 32, 8, 0.08)
    repeats = -(-side // 32)
    creases = np.abs(cloud(rng, side, 3, 1))
    stripes = np.ones(side, dtype=np.float32)
    if rng.random() < 0.5:
        width = int(rng.integers(8, 24))
        stripes[(np.arange(side) // width) % 2 == 0] = rng.uniform(0.85, 1.1)
    return np.asarray(np.tile(tile, (repeats, repeats))[:side, :side] * (1.05 - 0.12 * creases) * stripes)


def _speckled(rng: np.random.Generator, side: int) -> np.ndarray:
    """Stone or laminate: fine dark and light spots."""
    return 1 + 0.06 * cloud(rng, side, side // 4, 2) + 0.04 * cloud(rng, side, 8, 2)


def _tiles(rng: np.random.Generator, side: int) -> np.ndarray:
    """Square tiles with thin darker joints."""
    width = int(rng.integers(side // 10, side // 5))
    count = side // width + 1
    shades = rng.uniform(0.94, 1.06, (count, count)).astype(np.float32)
    tone = np.repeat(np.repeat(shades, width, axis=0), width, axis=1)[:side, :side].copy()
    tone[::width] *= 0.8
    tone[:, ::width] *= 0.8
    return tone


def _plain(rng: np.random.Generator, side: int) -> np.ndarray:
    """Painted board: nearly even."""
    return 1 + 0.03 * cloud(rng, side, 6, 3)
