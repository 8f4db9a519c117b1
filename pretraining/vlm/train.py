"""Train the tiny vision-language model on simulated tabletop scenes, and write it as a checkpoint folder.

The same arguments on the same version of PyTorch and kind of processor give the same weights.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import build
import numpy as np
import torch
from answering import answer_losses, last_seen, motion_loss, read
from attention import use_plain
from batches import NUMBERS, Batch, Batcher
from descent import Descent, exactly
from helper_losses import thing_loss
from render import ROUND, Truth, read_truths, render
from sizes import FRAMES, PATCH, SIDE, TOKENS
from texts import draw_turns
from torch import Tensor, nn
from torch.nn import functional as F

from actscribe_sim.tabletop.things import COLOURS, KINDS

DTYPE = torch.bfloat16


@dataclass(frozen=True)
class Recipe:
    """What the weights depend on besides the code.

    Args:
        seed: of weights, order and wording.
        rows: scenes; most are seen in both directions.
        steps: of the optimizer, on prompts of the tabletop.
        more: steps after those, at a third of the rate, in which any words may stand in a prompt.
        rows_per_step: scenes in a batch.
        rate: learning rate after the warm-up and before the decay.
        warmup, decay: steps at the start in which the rate rises, and at the end in which it falls to nothing.
        turns: per clip at the start, and from `ramp` steps on.
        ramp: steps.
        stills: more scenes per step of which two frames pass through the vision tower alone.
        weight_decay: of matrices.
    """

    seed: int = 0
    rows: int = 400 * ROUND
    steps: int = 3600
    more: int = 400
    rows_per_step: int = 12
    rate: float = 3e-3
    warmup: int = 40
    decay: int = 1200
    turns: tuple[int, int] = (2, 5)
    ramp: int = 600
    stills: int = 12
    weight_decay: float = 0.05


class Helpers(nn.Module):
    """Heads of the helper losses; thrown away after training."""

    def __init__(self, vision: int, text: int) -> None:
        super().__init__()
        self.sizes = (len(KINDS) + 1, len(COLOURS) + 1, 2, 1, 5)
        self.patch = nn.Linear(vision, sum(self.sizes))
        self.motion = nn.Linear(text, 9)
        self.action = nn.Linear(text, len(NUMBERS))


def losses(model: Any, helpers: Helpers, batch: Batch, image: int) -> dict[str, Tensor]:
    """Return the loss of the answers and the helper losses of a batch.

    The helpers read the language model halfway up, where the turns above can still read what the helpers ask for.
    """
    out = model.get_image_features(batch.pixels)
    units = torch.cat(out.pooler_output).view(-1, TOKENS, model.config.text_config.hidden_size)
    reading = read(model, batch.text, list(units[batch.order].flatten(1, 2)))
    action = helpers.action(last_seen(batch.text, reading)).float()
    action_loss = F.cross_entropy(action, batch.actions, ignore_index=-1)
    places, numbers = batch.questions
    # what is asked for is told apart by the same head as what is seen: to answer is to compare
    action_loss = action_loss + F.cross_entropy(helpers.action(reading.inner.flatten(0, 1)[places]).float(), numbers)
    return answer_losses(model, batch.text, reading) | {
        "patches": _patch_loss(helpers, out.last_hidden_state, batch.patches),
        "motion": motion_loss(helpers.motion, batch.text, reading, batch.motion, image),
        "action": action_loss,
    }


def _patch_loss(helpers: Helpers, states: Tensor, wanted: dict[str, Tensor]) -> Tensor:
    kind, colour, offset, hand, grip = helpers.patch(states).float().flatten(0, 1).split(helpers.sizes, -1)
    flat = {name: value.flatten(0, 2) for name, value in wanted.items()}
    held = flat["hands"] > 0
    things = thing_loss(kind, colour, offset, flat)
    hands = F.binary_cross_entropy_with_logits(hand[:, 0], flat["hands"])
    grips = F.smooth_l1_loss(grip[held], flat["grips"][held]) if bool(held.any()) else 0.0 * grip.sum()
    return things + 2 * hands + grips


#: Of the parts in what is minimised; "yes_no" is a part of "answers", to look at.
WEIGHTS = {"yes_no": 0.0, "answers": 1.0, "patches": 0.5, "motion": 4.0, "action": 0.3}


def rate(recipe: Recipe, step: int) -> float:
    """Return the learning rate of a step: up, level, down to nothing; then a smaller hill."""
    if step >= recipe.steps:
        left = recipe.steps + recipe.more - step
        return recipe.rate / 3 * min((step + 1 - recipe.steps) / recipe.warmup, left / recipe.more, 1.0)
    return recipe.rate * min((step + 1) / recipe.warmup, (recipe.steps - step) / recipe.decay, 1.0)


def rows_of(recipe: Recipe, step: int) -> np.ndarray:
    """Return the rows of a step: all rows in random order, then all again in another one."""
    per_pass = recipe.rows // recipe.rows_per_step
    order = np.random.default_rng([recipe.seed, 1, step // per_pass]).permutation(recipe.rows)
    start = step % per_pass * recipe.rows_per_step
    return order[start : start + recipe.rows_per_step]


def corpus(truths: list[Truth], seed: int) -> list[str]:
    """Return the texts that the tokenizer is trained on."""
    rng = np.random.default_rng([seed, 2])
    pools = [pool for truth in truths[: 40 * ROUND] for pool in truth.pools]
    turns = [turn for pool in pools for turn in draw_turns(pool, rng, 12)]
    return [text for turn in turns for text in (turn.prompt, f" {turn.answer}")]


def train(recipe: Recipe, cache: Path, out: Path, stop: int | None = None) -> None:
    """Train and write the checkpoint folder `out`; a state beside it lets a killed run go on.

    Args:
        recipe: what to do.
        cache: folder of `render`, made where it is missing.
        out: checkpoint folder.
        stop: end after this many steps of the recipe.
    """
    exactly()
    if not (cache / "frames.npy").is_file():
        render(cache, recipe.rows)
    truths = read_truths(cache)[: recipe.rows]
    frames = np.load(cache / "frames.npy", mmap_mode="r")
    processor = build.processor(build.tokenizer(corpus(truths, recipe.seed)))
    model = build.model(processor.tokenizer, recipe.seed).to(DTYPE).train()
    use_plain(model)
    helpers = Helpers(model.config.vision_config.hidden_size, model.config.text_config.hidden_size).to(DTYPE)
    descent = Descent(model, helpers, processor, recipe.weight_decay, DTYPE, out)
    batcher = Batcher(processor, frames, truths)

    def parts(step: int) -> dict[str, Tensor]:
        rng = np.random.default_rng([recipe.seed, 3, step])
        turns = round(np.interp(step, (0, recipe.ramp), recipe.turns))
        batch = batcher.batch(rows_of(recipe, step), turns, rng, DTYPE, strange=step >= recipe.steps)
        terms = losses(model, helpers, batch, batcher.image)
        pixels, wanted = batcher.stills(rng.integers(0, recipe.rows, recipe.stills), rng, DTYPE)
        hidden = model.get_image_features(pixels).last_hidden_state
        return terms | {"patches": terms["patches"] + _patch_loss(helpers, hidden, wanted)}

    last = min(stop or recipe.steps + recipe.more, recipe.steps + recipe.more)
    descent.go(last, parts, WEIGHTS, lambda step: rate(recipe, step))
    descent.tell_digest(last)


def main() -> None:
    """Train from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="checkpoint folder to write")
    parser.add_argument("--cache", type=Path, required=True, help="folder for the rendered material (4 GB)")
    parser.add_argument("--seed", type=int, default=Recipe.seed)
    parser.add_argument("--steps", type=int, default=Recipe.steps)
    parser.add_argument("--rows", type=int, default=Recipe.rows)
    parser.add_argument("--stop", type=int, help="end after this many steps of the recipe")
    parser.add_argument("--quick", action="store_true", help="a few steps on a few scenes, to see that it runs")
    args = parser.parse_args()
    recipe = Recipe(seed=args.seed, steps=args.steps, rows=args.rows)
    if args.quick:
        recipe = Recipe(seed=args.seed, steps=2, more=2, rows=ROUND, rows_per_step=6)
    print(recipe, f"torch {torch.__version__}, {FRAMES} frames of {SIDE} pixels, patches of {PATCH}", flush=True)
    train(recipe, args.cache, args.out, args.stop)


if __name__ == "__main__":
    import train as module  # by its own name, so that the workers of `render` find their modules

    module.main()
