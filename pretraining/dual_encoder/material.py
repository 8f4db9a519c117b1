"""The training material of the tiny CLIP and X-CLIP: frames of tabletop scenes, what is where in each, and captions.

Frames, states and sentences are those that `pretraining/vlm/render.py` made; here they become pictures of this model's
size, a caption of every frame, and a target for every patch.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

sys.path.insert(0, str(Path(__file__).parents[1] / "vlm"))

from bpe import byte_level_bpe as byte_level_bpe  # what is shared with pretraining/vlm passes through this module
from helper_losses import thing_loss as thing_loss
from render import Truth, read_truths
from scenes import States
from sizes import FRAMES
from sizes import SIDE as RENDERED
from templates import COMMON

from actscribe_sim.tabletop.actions import CLASSES
from actscribe_sim.tabletop.things import COLOURS, KINDS

SIDE, PATCH = 64, 16
GRID = SIDE // PATCH
#: Least side of a random crop of a rendered frame, in pixels.
LEAST = 84
#: Actions on which the models are tested; no scene of them, nor of their reverse, is trained on.
TESTED = frozenset(
    {"push_left", "push_right", "push_away", "push_towards", "roll_left", "roll_right", "put_into", "take_out"}
    | {"open_lid", "close_lid", "cover", "uncover", "wave_hand", "tap", "shake", "squeeze", "wipe", "point_at"}
)
#: The words for the actions that are trained on.
PHRASES = {action.name: f"{action.phrase}." for action in CLASSES if action.name not in TESTED}
COLUMNS = ("far left", "left", "middle", "right", "far right")
ROWS = ("top", "upper", "middle", "lower", "bottom")
KIND_NAMES, COLOUR_NAMES = tuple(KINDS), tuple(COLOURS)
#: Ways to say a few words.
PLACED = ("a video of {}.", "a photo of a {}.", "{}.", "this shows {}.", "a person who does {}.", "an example of {}.")
ABOVE = 0.4  # world units; higher is in the air
NEAR = 0.16  # picture units


@dataclass(frozen=True, slots=True)
class Clip:
    """One row, cropped and lit at random.

    Args:
        pixels: normalised, shape (frames, 3, SIDE, SIDE).
        states: of the frames, in the coordinates of the crop.
        sentences: that are true of the frames in this order, and where that is an action too, in the other order.
        actions: that the frames show in these orders; none for a still scene.
    """

    pixels: Tensor
    states: States
    sentences: tuple[tuple[str, ...], ...]
    actions: tuple[str, ...]


class Material:
    """Rows of `pretraining/vlm/render.py` that show none of the tested actions.

    Args:
        folder: that it wrote.
        rows: of its first rows.
    """

    def __init__(self, folder: Path, rows: int) -> None:
        self.frames = np.load(folder / "frames.npy", mmap_mode="r")
        self.truths = read_truths(folder)[:rows]
        shown = [(number, truth.shown.action) for number, truth in enumerate(self.truths)]
        self.actions = np.array([number for number, action in shown if action and action not in TESTED])
        self.stills = np.array([number for number, action in shown if action is None])

    def clip(self, number: int, rng: np.random.Generator, frames: np.ndarray | None = None) -> Clip:
        """Return a row, or some of its frames."""
        truth = self.truths[number]
        chosen = np.arange(FRAMES) if frames is None else frames
        side = int(rng.integers(LEAST, RENDERED + 1))
        left, top = (int(rng.integers(RENDERED - side + 1)) for _ in range(2))
        pictures = self.frames[number][chosen][:, top : top + side, left : left + side]
        states = _moved(truth.states, chosen, left, top, side)
        actions = tuple(name for name in (truth.shown.action, truth.shown.reverse) if name)
        return Clip(_varied(pictures, rng), states, _sentences(truth), actions)


def _varied(pictures: np.ndarray, rng: np.random.Generator) -> Tensor:
    video = torch.from_numpy(np.ascontiguousarray(pictures)).permute(0, 3, 1, 2).float()
    if video.shape[-1] != SIDE:
        video = nn.functional.interpolate(video, size=(SIDE, SIDE), mode="bilinear", antialias=True)
    gain = torch.from_numpy((rng.uniform(0.85, 1.15) * rng.uniform(0.94, 1.06, 3)).astype(np.float32)).view(3, 1, 1)
    return (video * gain / 127.5 - 1 + float(rng.uniform(-0.06, 0.06))).clamp(-1, 1)


def _moved(states: States, frames: np.ndarray, left: int, top: int, side: int) -> States:
    things, hands = states.things[frames].copy(), states.hands[frames].copy()
    for columns in (things, hands):
        pixels = (columns[..., :2] + 1) / 2 * RENDERED - np.array([left, top], np.float32)
        columns[..., :2] = pixels / side * 2 - 1
    return States(things, states.kinds[frames], states.colours[frames], hands, states.roles)


def _sentences(truth: Truth) -> tuple[tuple[str, ...], ...]:
    if truth.shown.action is None:
        return (tuple(truth.pools[0].lies),)
    return tuple((*pool.happens, *pool.full) for pool in truth.pools)


def caption(states: States, frame: int, rng: np.random.Generator) -> str:
    """Return what is where in one frame: two or three facts in random order."""
    facts = _of_hands(states, frame) + _of_things(states, frame)
    order = rng.permutation(len(facts))[: int(rng.integers(2, 4))]
    return f"{', '.join(facts[index] for index in order)}."


def _of_things(states: States, frame: int) -> list[str]:
    facts = []
    things, kinds = states.things[frame], states.kinds[frame]
    visible = [index for index in np.flatnonzero(kinds) if np.abs(things[index, :2]).max() < 1]
    for index in visible:
        kind, name = KIND_NAMES[kinds[index] - 1], _name(states, frame, index)
        turned = things[index, 3] > 0.5
        words = {"lidded box": "open", "cloth": "folded", "cup": "lying", "can": "lying", "bottle": "lying"}
        state = f"{words[kind]} " if turned and kind in words else ""
        facts.append(f"{state}{name} at the {_position(things[index])}")
        if things[index, 2] > ABOVE:
            facts.append(f"{name} in the air")
        for other in visible:
            apart = np.hypot(*(things[index, :2] - things[other, :2]))
            if other != index and apart < NEAR and things[index, 2] > things[other, 2] + 0.01:
                facts.append(f"{name} on {_name(states, frame, other)}")
    return facts


def _of_hands(states: States, frame: int) -> list[str]:
    facts = []
    hands, things = states.hands[frame], states.things[frame]
    visible = [hand for hand in hands if np.abs(hand[:2]).max() < 1]
    for hand in visible:
        facts += [f"{'raised ' if hand[2] > ABOVE else ''}hand at the {_position(hand)}"] * 2
        for index in np.flatnonzero(states.kinds[frame]):
            if np.hypot(*(things[index, :2] - hand[:2])) < NEAR and hand[2] < things[index, 2] + ABOVE:
                facts.append(f"hand on {_name(states, frame, index)}")
    return facts or ["no hand"]


def _name(states: States, frame: int, index: int) -> str:
    return f"{COLOUR_NAMES[states.colours[frame, index] - 1]} {KIND_NAMES[states.kinds[frame, index] - 1]}"


def _position(columns: np.ndarray) -> str:
    x, y = (min(int((float(value) + 1) / 2 * 5), 4) for value in columns[:2])
    return ROWS[y] if COLUMNS[x] == ROWS[y] else f"{ROWS[y]} {COLUMNS[x]}"


def patch_targets(states: list[States]) -> dict[str, Tensor]:
    """Return for each patch of all frames in turn: kind and colour (0 none), offset in the cell, the same of a hand.

    Shapes (frames, GRID * GRID), of offsets with 2 more columns.
    """
    whole = [np.concatenate([getattr(one, name) for one in states]) for name in ("things", "kinds", "colours", "hands")]
    things, kinds, colours, hands = whole
    count = len(things)
    targets = {name: np.zeros((count, GRID * GRID), np.int64) for name in ("kinds", "colours", "hands")}
    targets |= {name: np.zeros((count, GRID * GRID, 2), np.float32) for name in ("offsets", "hand_offsets")}
    for thing in reversed(range(kinds.shape[1])):  # those that take part come first, and win
        row, cell, offset = _cells(things[:, thing, :2], kinds[:, thing] > 0)
        targets["kinds"][row, cell], targets["colours"][row, cell] = kinds[row, thing], colours[row, thing]
        targets["offsets"][row, cell] = offset
    for hand in range(hands.shape[1]):
        row, cell, offset = _cells(hands[:, hand, :2], np.ones(count, bool))
        targets["hands"][row, cell], targets["hand_offsets"][row, cell] = 1, offset
    return {name: torch.from_numpy(value) for name, value in targets.items()}


def _cells(points: np.ndarray, there: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return frame, cell and offset within it (-1 to 1) of the points that lie in the picture."""
    scaled = (points + 1) / 2 * GRID
    whole = np.floor(scaled).astype(int)
    row = np.flatnonzero(there & ((whole >= 0) & (whole < GRID)).all(axis=1))
    return row, whole[row, 1] * GRID + whole[row, 0], ((scaled - whole - 0.5) * 2)[row]


def frame_targets(states: list[States]) -> dict[str, Tensor]:
    """Return for each frame whether a hand is seen and where (x, y, height), and the same of the thing that takes part.

    The thing's fourth column is its amount: how far open, folded or tipped.
    """
    hands = np.concatenate([one.hands[:, 0, :3] for one in states])
    things = np.concatenate([one.things[:, 0, :4] for one in states])
    acts = np.concatenate([np.full(len(one.kinds), one.roles > 0) for one in states])
    near = np.abs(things[:, :2]).max(axis=1) < 1.1
    targets = {
        "hand_seen": (np.abs(hands[:, :2]).max(axis=1) < 1).astype(np.int64),
        "hand": hands,
        "thing_acts": (acts & near).astype(np.int64),
        "thing": np.clip(things, -1.5, 1.5),
    }
    return {name: torch.from_numpy(value) for name, value in targets.items()}


def word_salad(count: int, rng: np.random.Generator) -> tuple[list[str], list[str]]:
    """Return sentences of random common words, each bare and within other words."""
    phrases = [" ".join(rng.choice(COMMON, int(rng.integers(1, 5)))) for _ in range(count)]
    return phrases, [PLACED[int(rng.integers(len(PLACED)))].format(words) for words in phrases]
