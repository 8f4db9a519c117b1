"""From rows to tensors: pixels, prompts with answers in one sequence per clip, and targets of the helper losses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from render import Truth
from scenes import States
from sequences import Packed, Sequences, asked_for, packed
from sizes import FRAMES, PATCH, SHUFFLE, SIDE, TOKENS
from texts import draw_turns
from torch import Tensor

from actscribe_sim.tabletop.actions import ACTIONS

GRID = SIDE // PATCH
CELLS = GRID // SHUFFLE
SHIFT = 5  # pixels; how far the picture is moved at random
NUMBERS = {name: number for number, name in enumerate(ACTIONS)}


@dataclass(slots=True)
class Batch:
    """Rows and their clips as tensors.

    Args:
        pixels: (rows, FRAMES, 3, SIDE, SIDE), normalised.
        order: of each clip's frames among all rows' frames, (clips, FRAMES).
        text: the prompts and answers of each clip.
        patches: kind, colour, offsets and hands at each patch, see `_patches`.
        motion: what moved at each visual token, and where that is known, (clips, FRAMES * TOKENS, 9) each.
        actions: number of the action, -1 for none, (clips,).
        questions: flat indices of the last tokens of prompts that ask for one action, and the number of that action.
    """

    pixels: Tensor
    order: Tensor
    text: Packed
    patches: dict[str, Tensor]
    motion: tuple[Tensor, Tensor]
    actions: Tensor
    questions: tuple[Tensor, Tensor]


class Batcher:
    """Makes batches.

    Args:
        processor: of the model.
        frames: uint8, shape (rows, FRAMES, SIDE, SIDE, 3).
        truths: of the same rows.
    """

    def __init__(self, processor: Any, frames: np.ndarray, truths: list[Truth]) -> None:
        self.image = int(processor.tokenizer.convert_tokens_to_ids("<image>"))
        self.sequences = Sequences(processor.tokenizer, TOKENS)
        self.frames = frames
        self.truths = truths

    def batch(
        self, rows: np.ndarray, turns: int, rng: np.random.Generator, dtype: torch.dtype, strange: bool = False
    ) -> Batch:
        """Return the rows with every action they show, `turns` turns each, moved and lit at random.

        See `draw_turns` for `strange`.
        """
        pixels, states, clips, order = [], [], [], []
        for index, number in enumerate(rows):
            truth = self.truths[number]
            shift = rng.integers(-SHIFT, SHIFT + 1, 2)
            pixels.append(vary(self.frames[number], shift, rng))
            shown = _shifted(truth.states, shift)
            states.append(shown)
            ahead = np.arange(index * FRAMES, (index + 1) * FRAMES)
            for way, pool in enumerate(truth.pools):
                clips.append((pool, shown if way == 0 else shown.backwards()))
                order.append(ahead[::-1].copy() if way else ahead)
        drawn = [draw_turns(pool, rng, turns, strange) for pool, _ in clips]
        texts = [self.sequences.text(pool.seconds, some) for (pool, _), some in zip(clips, drawn, strict=True)]
        text = packed(texts, dtype)
        known = [_motion(shown) for _, shown in clips]
        return Batch(
            torch.from_numpy(np.stack(pixels)).permute(0, 1, 4, 2, 3).to(dtype),
            torch.from_numpy(np.stack(order)),
            text,
            _patches(states),
            (torch.from_numpy(np.stack([k[0] for k in known])), torch.from_numpy(np.stack([k[1] for k in known]))),
            torch.tensor([NUMBERS[pool.action] if pool.action else -1 for pool, _ in clips]),
            asked_for(drawn, texts, text.ids.shape[1], NUMBERS),
        )

    def stills(
        self, rows: np.ndarray, rng: np.random.Generator, dtype: torch.dtype
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return two frames of each row, for the vision tower alone, and what each patch shows."""
        pixels, states = [], []
        for number in rows:
            shift, chosen = rng.integers(-SHIFT, SHIFT + 1, 2), np.sort(rng.permutation(FRAMES)[:2])
            pixels.append(vary(self.frames[number][chosen], shift, rng))
            shown = _shifted(self.truths[number].states, shift)
            kept = (shown.things[chosen], shown.kinds[chosen], shown.colours[chosen], shown.hands[chosen])
            states.append(States(*kept, shown.roles))
        return torch.from_numpy(np.stack(pixels)).permute(0, 1, 4, 2, 3).to(dtype), _patches(states)


def vary(frames: np.ndarray, shift: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a row's square frames moved by `shift` pixels (x, y), at most SHIFT, and relit, normalised, float32."""
    side = frames.shape[1]
    wide = np.pad(frames, ((0, 0), (SHIFT, SHIFT), (SHIFT, SHIFT), (0, 0)), mode="edge")
    left, top = SHIFT - int(shift[0]), SHIFT - int(shift[1])
    moved = wide[:, top : top + side, left : left + side].astype(np.float32)
    gain = (rng.uniform(0.88, 1.12) * rng.uniform(0.95, 1.05, 3)).astype(np.float32)
    return np.clip(moved * (gain / 127.5) + np.float32(rng.uniform(-0.06, 0.06) - 1.0), -1.0, 1.0)


def _shifted(states: States, shift: np.ndarray) -> States:
    things, hands = states.things.copy(), states.hands.copy()
    way = np.asarray(shift, np.float32) * 2 / SIDE
    things[..., :2] += way
    hands[..., :2] += way
    return States(things, states.kinds, states.colours, hands, states.roles)


def cell_of(points: np.ndarray, cells: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the number of the cell that each point lies in, -1 outside the picture, and where in the cell, -1 to 1."""
    scaled = (points + 1) / 2 * cells
    whole = np.floor(scaled).astype(int)
    within = ((whole >= 0) & (whole < cells)).all(axis=-1)
    return np.where(within, whole[..., 1] * cells + whole[..., 0], -1), (scaled - whole - 0.5) * 2


def _patches(states: list[States]) -> dict[str, Tensor]:
    """Return per patch of every frame: kind and colour (0 none), the thing's offset, a hand's presence and state."""
    frame = np.arange(len(states[0].kinds))
    shape = (len(states), len(frame), GRID * GRID)
    kinds, colours = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    offsets = np.zeros((*shape, 2), np.float32)
    hands, grips = np.zeros(shape, np.float32), np.zeros((*shape, 5), np.float32)
    for row, shown in enumerate(states):
        for thing in reversed(range(shown.kinds.shape[1])):  # those that take part come first, and win
            cell, offset = cell_of(shown.things[:, thing, :2], GRID)
            inside = (cell >= 0) & (shown.kinds[:, thing] > 0)
            kinds[row, frame[inside], cell[inside]] = shown.kinds[inside, thing]
            colours[row, frame[inside], cell[inside]] = shown.colours[inside, thing]
            offsets[row, frame[inside], cell[inside]] = offset[inside]
        for hand in range(shown.hands.shape[1]):
            cell, offset = cell_of(shown.hands[:, hand, :2], GRID)
            inside = cell >= 0
            hands[row, frame[inside], cell[inside]] = 1
            grips[row, frame[inside], cell[inside]] = np.concatenate([offset, shown.hands[:, hand, 2:]], 1)[inside]
    arrays = {"kinds": kinds, "colours": colours, "offsets": offsets, "hands": hands, "grips": grips}
    return {name: torch.from_numpy(array) for name, array in arrays.items()}


def _motion(shown: States) -> tuple[np.ndarray, np.ndarray]:
    """Return per visual token how the thing there has changed since the first frame and the hand since the last one.

    Columns: x, y, height, amount and sine of the turn since the first frame, x and y since the frame before; x and y of
    the hand since the frame before. The second array tells where they are known.
    """
    target = np.zeros((FRAMES, TOKENS, 9), np.float32)
    known = np.zeros((FRAMES, TOKENS, 9), np.float32)
    frame = np.arange(FRAMES)
    for thing in reversed(range(shown.kinds.shape[1])):
        states = shown.things[:, thing]
        cell, _ = cell_of(states[:, :2], CELLS)
        inside = (cell >= 0) & (shown.kinds[:, thing] > 0)
        since = states - states[0]
        before = np.diff(states[:, :2], axis=0, prepend=states[:1, :2])
        columns = np.concatenate([since[:, :4], np.sin(since[:, 4:5]), before * 2], axis=1)
        target[frame[inside], cell[inside], :7] = columns[inside]
        known[frame[inside], cell[inside], :7] = 1.0 if thing < shown.roles else 0.2
    for hand in range(shown.hands.shape[1]):
        places = shown.hands[:, hand, :2]
        cell, _ = cell_of(places, CELLS)
        inside = (cell >= 0) & (np.roll(cell, 1) >= 0) & (frame > 0)
        before = np.diff(places, axis=0, prepend=places[:1])
        target[frame[inside], cell[inside], 7:] = before[inside] * 2
        known[frame[inside], cell[inside], 7:] = 1.0
    return target.reshape(-1, 9), known.reshape(-1, 9)
