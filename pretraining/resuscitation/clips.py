"""From windows to tensors: pixels, prompts with answers in one sequence per clip, and targets of the helper losses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from film import AWAY, FACTS, POINTS, SECONDS, Material
from shared import FRAMES, PATCH, SHIFT, SHUFFLE, Packed, Sequences, asked_for, cell_of, packed, tokens, vary
from topics import NUMBERS
from torch import Tensor
from turns import HAPPENS, UNCLEAR, Turns

#: Kinds of points that a patch is asked for: POINTS, and a hand.
KINDS = len(POINTS) + 1
MASK, BAG, TIP = (POINTS.index(name) for name in ("mask", "bag", "tip"))
SQUEEZE, MASK_HEIGHT, SEALED, TIP_HEIGHT, INSIDE, TURNED = range(len(FACTS))
#: What is told of a visual token: see `_motion`.
COLUMNS = 9


@dataclass(slots=True)
class Batch:
    """Clips as tensors.

    Args:
        pixels: (clips, FRAMES, 3, side, side), normalised.
        text: the prompts and answers of each clip.
        there: whether a point of each kind is in each patch, (clips, FRAMES, patches, KINDS).
        offsets: of those points within their patches, (clips, FRAMES, patches, KINDS, 2).
        motion: what is known at each visual token, and where, (clips, FRAMES * tokens, COLUMNS) each.
        topics: 1 for those that happen, 0 for those that do not, -1 for unclear ones, (clips, topics).
        questions: flat indices of the last tokens of yes/no questions, and the number of the topic.
    """

    pixels: Tensor
    text: Packed
    there: Tensor
    offsets: Tensor
    motion: tuple[Tensor, Tensor]
    topics: Tensor
    questions: tuple[Tensor, Tensor]


class Clips:
    """Draws clips of the training recordings and makes batches of them.

    Args:
        processor: of the model.
        made: the recordings.
    """

    def __init__(self, processor: Any, made: Material) -> None:
        self.made = made
        self.side = made.frames.shape[2]
        self.image = int(processor.tokenizer.convert_tokens_to_ids("<image>"))
        self.sequences = Sequences(processor.tokenizer, tokens(self.side))
        self.windows = made.of_split("train")
        shares = made.shares[self.windows[:, 0], self.windows[:, 1]]
        self.odds = odds(shares)
        self.turns = Turns(shares, self.odds)

    def batch(self, count: int, turns: int, rng: np.random.Generator, dtype: torch.dtype) -> Batch:
        """Return `count` clips with `turns` turns each, moved and lit at random."""
        chosen = self.windows[rng.choice(len(self.windows), count, p=self.odds)]
        pixels, places, facts, shares, drawn = [], [], [], [], []
        for recording, window in chosen:
            span = slice(window, window + FRAMES)
            shift = rng.integers(-SHIFT, SHIFT + 1, 2)
            pixels.append(vary(self.made.frames[recording, span], shift, rng))
            places.append(self.made.places[recording, span] + np.asarray(shift, np.float32) * 2 / self.side)
            facts.append(self.made.facts[recording, span])
            shares.append(self.made.shares[recording, window])
            captions = self.made.captions[recording][window]
            drawn.append(self.turns.draw(shares[-1], captions, rng, turns))
        texts = [self.sequences.text(SECONDS, some) for some in drawn]
        text = packed(texts, dtype)
        there, offsets = _patches(np.stack(places), self.side // PATCH)
        known = _motion(np.stack(places), np.stack(facts), self.side // PATCH // SHUFFLE)
        share = np.stack(shares)
        happens = np.where((share > UNCLEAR[0]) & (share < UNCLEAR[1]), -1.0, share >= HAPPENS)
        return Batch(
            torch.from_numpy(np.stack(pixels)).permute(0, 1, 4, 2, 3).to(dtype),
            text,
            torch.from_numpy(there),
            torch.from_numpy(offsets),
            (torch.from_numpy(known[0]), torch.from_numpy(known[1])),
            torch.from_numpy(happens.astype(np.float32)),
            asked_for(drawn, texts, text.ids.shape[1], NUMBERS),
        )


def odds(shares: np.ndarray) -> np.ndarray:
    """Return how likely each window is drawn: half by any, half by a topic and then a window in which it happens.

    Args:
        shares: of each topic, shape (windows, topics).
    """
    happens = shares >= HAPPENS
    counts = happens.sum(axis=0)
    present = counts > 0
    by_topic = (
        (happens[:, present] / counts[present]).mean(axis=1) if present.any() else np.full(len(shares), 1 / len(shares))
    )
    return 0.5 / len(shares) + 0.5 * by_topic


def _kind(point: int) -> int:
    return min(point, len(POINTS))


def _patches(places: np.ndarray, grid: int) -> tuple[np.ndarray, np.ndarray]:
    """Return `Batch.there` and `Batch.offsets` of places, shape (clips, frames, points, 2)."""
    clips, frames, points = places.shape[:3]
    there = np.zeros((clips, frames, grid * grid, KINDS), np.float32)
    offsets = np.zeros((*there.shape, 2), np.float32)
    clip, frame = np.indices((clips, frames))
    for point in range(points):
        cell, offset = cell_of(places[:, :, point], grid)
        inside = cell >= 0
        where = clip[inside], frame[inside], cell[inside], _kind(point)
        there[where] = 1.0
        offsets[where] = offset[inside]
    return there, offsets


def _motion(places: np.ndarray, facts: np.ndarray, cells: int) -> tuple[np.ndarray, np.ndarray]:
    """Return what is to be told at visual tokens, and where it is known, shape (clips, frames * tokens, COLUMNS) each.

    Columns: x and y of the hand there since the frame before; squeeze of the bag there and its change; height of the
    mask there and whether it is sealed; height of the catheter's tip there and whether it is inside; whether the baby
    lies on its front, at its trunk.
    """
    clips, frames, points = places.shape[:3]
    target = np.zeros((clips, frames, cells * cells, COLUMNS), np.float32)
    known = np.zeros_like(target)
    clip, frame = np.indices((clips, frames))
    before = np.diff(places, axis=1, prepend=places[:, :1])
    squeezed = np.diff(facts[..., SQUEEZE], axis=1, prepend=facts[:, :1, SQUEEZE])
    motions = {
        MASK: (4, np.stack([facts[..., MASK_HEIGHT], facts[..., SEALED]], axis=-1)),
        BAG: (2, np.stack([facts[..., SQUEEZE], squeezed], axis=-1)),
        TIP: (6, np.stack([facts[..., TIP_HEIGHT], facts[..., INSIDE]], axis=-1)),
        POINTS.index("trunk"): (8, facts[..., TURNED, None]),
    }
    motions |= {point: (0, 2 * before[:, :, point]) for point in range(len(POINTS), points)}
    for point, (column, values) in motions.items():
        cell, _ = cell_of(places[:, :, point], cells)
        stayed = (np.abs(before[:, :, point]) < AWAY / 2).all(axis=-1)
        inside = (cell >= 0) & (stayed if point >= len(POINTS) else True)
        columns = slice(column, column + values.shape[-1])
        target[clip[inside], frame[inside], cell[inside], columns] = values[inside]
        known[clip[inside], frame[inside], cell[inside], columns] = 1.0
    return target.reshape(clips, -1, COLUMNS), known.reshape(clips, -1, COLUMNS)
