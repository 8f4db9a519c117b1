"""Train a TimeSformer on what the embedded vision-language model has seen: tabletop actions, and no resuscitation.

    OMP_NUM_THREADS=1 python pretraining/timesformer/tabletop.py --cache CACHE --out OUT

It starts from the vision tower of that model and learns to name the action of scenes that the model learned from, both
ways round where both are actions: the same frames, so only their order tells the two apart. Nothing else of it differs
from the embedded TimeSformer. The same arguments on the same version of PyTorch and kind of processor give the same
weights; a killed run goes on.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from network import SIZE, new_model, save
from shared import ROUND, SHIFT, TEST_SEEDS, Row, digest, make, read_truths, render, vary
from torch import Tensor
from torch.nn import functional as F
from transformers import SmolVLMForConditionalGeneration

from actscribe.models.catalog import checkpoint_folder
from actscribe.training.optimizers import optimizer
from actscribe_sim.tabletop.actions import ACTIONS

COMMAND = "python pretraining/timesformer/tabletop.py --cache CACHE --out OUT"
THREADS = 1  # sums are split by threads, so their number is part of the recipe
#: The last one is of scenes in which things just lie there.
CLASSES = (*ACTIONS, "lying things")
NUMBERS = {name: number for number, name in enumerate(CLASSES)}


@dataclass(frozen=True)
class Recipe:
    """What the weights depend on besides the code and the tower that it starts from.

    Args:
        seed: of new weights and of the order.
        rows: scenes, the first of those that the vision-language model learned from.
        steps: of the optimizer; 0: the tower's weights alone, and nothing is rendered.
        rows_per_step: scenes of a step; most are seen in both directions.
        rate: learning rate after the warm-up, before it falls as a cosine.
        warmup: steps.
        weight_decay: of matrices.
        tested: rounds of held-out scenes that are scored at the end.
    """

    seed: int = 0
    rows: int = 40 * ROUND
    steps: int = 120
    rows_per_step: int = 12
    rate: float = 1e-3
    warmup: int = 12
    weight_decay: float = 0.1
    tested: int = 4


def visible(shown: Row) -> list[str]:
    """Return what a row shows in the order of its frames, and in the other order where that is an action too."""
    if shown.action is None:
        return [CLASSES[-1]]
    return [shown.action] if shown.reverse is None else [shown.action, shown.reverse]


def batch(frames: np.ndarray, rows: list[Row], rng: np.random.Generator | None) -> tuple[Tensor, Tensor]:
    """Return pixels, (clips, FRAMES, 3, SIZE, SIZE), and numbers of classes of scenes; moved and lit with `rng`."""
    pixels, wanted = [], []
    for own, shown in zip(frames, rows, strict=True):
        if rng is None:
            made = own.astype(np.float32) / 127.5 - 1
        else:
            made = vary(own, rng.integers(-SHIFT, SHIFT + 1, 2), rng)
        for way, name in enumerate(visible(shown)):
            pixels.append(made[::-1] if way else made)
            wanted.append(NUMBERS[name])
    return torch.from_numpy(np.stack(pixels)).permute(0, 1, 4, 2, 3), torch.tensor(wanted)


def train(recipe: Recipe, cache: Path, out: Path, stop: int | None = None) -> None:
    """Train and write the checkpoint folder `out` with its scores; a state beside it lets a killed run go on.

    Args:
        recipe: what to do.
        cache: folder of the scenes, rendered where they are missing.
        out: checkpoint folder.
        stop: end after this many steps of the recipe.
    """
    torch.set_num_threads(THREADS)
    torch.use_deterministic_algorithms(True)
    began = time.monotonic()
    last = min(stop or recipe.steps, recipe.steps)
    learner = Learner(recipe, out.with_name(out.name + ".state.pt"))
    if not last:
        save(learner.model, out, {"command": f"{COMMAND} --steps 0", "torch": torch.__version__})
        print(f"digest of the weights after 0 steps: {digest(learner.model)}")
        return
    if not (cache / "frames.npy").is_file():
        render(cache, recipe.rows, workers=1, side=SIZE)
    shown = [truth.shown for truth in read_truths(cache)[: recipe.rows]]
    frames = np.load(cache / "frames.npy", mmap_mode="r")
    for step in range(learner.taken, last):
        rng = np.random.default_rng([recipe.seed, 1, step])
        rows = np.sort(rng.choice(recipe.rows, recipe.rows_per_step, replace=False))
        pixels, wanted = batch(frames[rows], [shown[row] for row in rows], rng)
        loss, right = learner.step(pixels, wanted)
        if (step + 1) % 25 == 0:
            print(f"{step + 1} loss {loss:.3f} right {right:.2f} {time.monotonic() - began:.0f} s", flush=True)
        if (step + 1) % 100 == 0 or step + 1 == last:
            learner.keep()
    facts = {
        "command": COMMAND,
        "recipe": asdict(recipe),
        **score(learner.model.eval(), recipe.tested),
        "threads": THREADS,
        "torch": torch.__version__,
    }
    save(learner.model, out, facts)
    print(f"digest of the weights after {last} steps: {digest(learner.model)}")


class Learner:
    """The network with its optimizer and the state that lets a killed run go on.

    Args:
        recipe: what to do.
        state: file.
    """

    def __init__(self, recipe: Recipe, state: Path) -> None:
        folder = checkpoint_folder("embedded", "vlm")
        vlm = SmolVLMForConditionalGeneration.from_pretrained(folder, dtype=torch.float32, local_files_only=True)
        self.recipe, self.state, self.taken = recipe, state, 0
        self.model: Any = new_model(vlm.model.vision_model, recipe.seed, CLASSES).train()
        self.optimizer = optimizer([(list(self.model.parameters()), 1.0)], recipe.weight_decay, "muon")
        if state.is_file():
            known = torch.load(state, weights_only=True)
            self.model.load_state_dict(known["model"])
            self.optimizer.load_state_dict(known["optimizer"])
            self.taken = known["taken"]

    def step(self, pixels: Tensor, wanted: Tensor) -> tuple[float, float]:
        """Take a step of the optimizer; return the loss and the share of clips that were named right."""
        made = self.model(pixel_values=pixels).logits
        loss = F.cross_entropy(made, wanted)
        recipe, step = self.recipe, self.taken
        share = min((step + 1) / recipe.warmup, 0.5 + 0.5 * float(np.cos(np.pi * step / recipe.steps)))
        for group in self.optimizer.param_groups:
            group["lr"] = recipe.rate * share
        self.optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.taken += 1
        return float(loss.detach()), float((made.argmax(1) == wanted).float().mean())

    def keep(self) -> None:
        """Write the state."""
        known = {"model": self.model.state_dict(), "optimizer": self.optimizer.state_dict(), "taken": self.taken}
        torch.save(known, self.state)


@torch.no_grad()
def score(model: Any, rounds: int) -> dict[str, Any]:
    """Return how often the network names the action of held-out scenes, and an action before its reverse."""
    right, ordered = [], []
    for number in range(rounds * ROUND):
        frames, truth = make(number, TEST_SEEDS, side=SIZE)
        pixels, wanted = batch(frames[None], [truth.shown], None)
        made = model(pixel_values=pixels).logits
        right += (made.argmax(1) == wanted).tolist()
        if len(wanted) == 2:
            ordered += [bool(made[way, wanted[way]] > made[way, wanted[1 - way]]) for way in range(2)]
    return {"clips": len(right), "right": sum(right), "of pairs": len(ordered), "order told": sum(ordered)}


def main() -> None:
    """Train from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="checkpoint folder to write")
    parser.add_argument("--cache", type=Path, required=True, help="folder for the rendered scenes (0.4 GB)")
    parser.add_argument("--seed", type=int, default=Recipe.seed)
    parser.add_argument("--rows", type=int, default=Recipe.rows)
    parser.add_argument("--steps", type=int, default=Recipe.steps)
    parser.add_argument("--stop", type=int, help="end after this many steps of the recipe")
    parser.add_argument("--quick", action="store_true", help="two steps on a few scenes, to see that it runs")
    args = parser.parse_args()
    recipe = Recipe(seed=args.seed, rows=args.rows, steps=args.steps)
    if args.quick:
        recipe = Recipe(seed=args.seed, rows=ROUND, steps=2, rows_per_step=2, tested=0)
    print(recipe, f"torch {torch.__version__}", flush=True)
    train(recipe, args.cache, args.out, args.stop)


if __name__ == "__main__":
    main()
