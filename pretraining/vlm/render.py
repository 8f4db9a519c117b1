"""Make the training material of the tiny vision-language model: frames, what is true of them, what can be said.

One row per scene, rendered once, the slow part. An action and the same action run backwards are the same frames in the
other order, so a row serves both. Rows depend on their number alone: more workers, or a second call, give the same
bytes.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from scenes import States, read_states
from sizes import FRAMES, SIDE
from texts import Pool, make_pool

from actscribe_sim.tabletop.actions import ACTIONS
from actscribe_sim.tabletop.clips import TabletopClip, tabletop_clip, tabletop_scene
from actscribe_sim.tabletop.scene import SCRIPTS

#: Scene seeds of training and of evaluation; no data set of `actscribe simulate` or demo uses either range.
TRAIN_SEEDS = 7_000_000_000
TEST_SEEDS = 8_000_000_000
#: Rows come in rounds: each action's script once, then scenes in which things just lie there.
FORWARD = tuple(SCRIPTS)
STILLS = 3
ROUND = len(FORWARD) + STILLS
#: Fields of States that are arrays, in their order.
ARRAYS = ("things", "kinds", "colours", "hands")


@dataclass(frozen=True, slots=True)
class Row:
    """One rendered scene.

    Args:
        seed: of the scene.
        action: that the frames show in their order, or None.
        reverse: that they show in the other order, or None.
    """

    seed: int
    action: str | None
    reverse: str | None


def row(number: int, first_seed: int = TRAIN_SEEDS) -> Row:
    """Return what row `number` shows."""
    index = number % ROUND
    action = FORWARD[index] if index < len(FORWARD) else None
    return Row(first_seed + number, action, None if action is None else ACTIONS[action].reverse_of)


@dataclass(frozen=True, slots=True)
class Truth:
    """What is known of a row.

    Args:
        shown: what it shows.
        states: of things and hands, in the order of the frames.
        pools: what can be said of the frames in their order, and in the other order where that is an action too.
    """

    shown: Row
    states: States
    pools: tuple[Pool, ...]


def clip(seed: int, action: str | None, plain: bool = False, side: int = SIDE) -> TabletopClip:
    """Return the clip of a seed in the size of the model."""
    if action is None:
        return tabletop_scene(seed, FRAMES, side, plain)
    return tabletop_clip(seed, action, FRAMES, side, plain)


def make(number: int, first_seed: int = TRAIN_SEEDS, plain: bool = False, side: int = SIDE) -> tuple[np.ndarray, Truth]:
    """Return the frames of a row, uint8, shape (FRAMES, side, side, 3), and what is known of it."""
    shown = row(number, first_seed)
    made = clip(shown.seed, shown.action, plain, side)
    pools = [make_pool(made)]
    if shown.reverse is not None:  # the same scene run backwards: no need to lay it out again
        pools.append(make_pool(replace(made, action=shown.reverse, scene=replace(made.scene, backwards=True))))
    return made.frames, Truth(shown, read_states(made), tuple(pools))


def render(
    folder: Path,
    rows: int,
    first_seed: int = TRAIN_SEEDS,
    workers: int = 2,
    plain: bool = False,
    side: int = SIDE,
) -> None:
    """Write `rows` rows to a folder: frames.npy, uint8, shape (rows, FRAMES, side, side, 3), and the truth."""
    folder.mkdir(parents=True, exist_ok=True)
    beside = folder / "frames.part.npy"
    np.lib.format.open_memmap(beside, "w+", np.uint8, (rows, FRAMES, side, side, 3)).flush()
    jobs = [(beside, start, min(start + ROUND, rows), first_seed, plain, side) for start in range(0, rows, ROUND)]
    truths: list[Truth] = []
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        for some in pool.imap(_render_some, jobs):
            truths += some
            if len(truths) % (20 * ROUND) == 0:
                print(f"rendered {len(truths)} of {rows}", flush=True)
    write_truths(folder, truths)
    beside.replace(folder / "frames.npy")


def write_truths(folder: Path, truths: list[Truth]) -> None:
    """Write what is known of the rows: arrays to states.npz, the rest to truth.json."""
    states = {name: np.stack([getattr(truth.states, name) for truth in truths]) for name in ARRAYS}
    np.savez(folder / "states.npz", roles=np.array([truth.states.roles for truth in truths]), **states)
    texts = [{"shown": asdict(truth.shown), "pools": [asdict(pool) for pool in truth.pools]} for truth in truths]
    (folder / "truth.json").write_text(json.dumps(texts), encoding="utf-8")


def read_truths(folder: Path) -> list[Truth]:
    """Read what `write_truths` wrote."""
    texts = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    with np.load(folder / "states.npz", allow_pickle=False) as file:
        arrays = [file[name] for name in (*ARRAYS, "roles")]
    truths = []
    for text, *values, roles in zip(texts, *arrays, strict=True):
        pools = tuple(_pool(pool) for pool in text["pools"])
        truths.append(Truth(Row(**text["shown"]), States(*values, int(roles)), pools))
    return truths


def _pool(values: dict[str, Any]) -> Pool:
    questions = [(question, answer) for question, answer in values.pop("questions")]
    lists = [(question, tuple(items)) for question, items in values.pop("lists")]
    return Pool(**{**values, "objects": tuple(values["objects"])}, questions=questions, lists=lists)


def _render_some(job: tuple[Path, int, int, int, bool, int]) -> list[Truth]:
    path, start, end, first_seed, plain, side = job
    frames = np.lib.format.open_memmap(path, "r+")
    truths = []
    for number in range(start, end):
        frames[number], truth = make(number, first_seed, plain, side)
        truths.append(truth)
    frames.flush()
    return truths


def main() -> None:
    """Render from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument("--rows", type=int, default=400 * ROUND)
    parser.add_argument("--first-seed", type=int, default=TRAIN_SEEDS)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--plain", action="store_true", help="one table, light and hand; nothing without a part")
    args = parser.parse_args()
    render(args.out, args.rows, args.first_seed, args.workers, args.plain)


if __name__ == "__main__":
    import render as module  # by its own name, so that worker processes and this one mean the same

    module.main()
