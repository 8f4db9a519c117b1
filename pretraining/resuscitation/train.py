"""Go on training the embedded vision-language model on the resuscitations that the embedded TimeSformer has seen.

    OMP_NUM_THREADS=1 python pretraining/resuscitation/train.py --cache CACHE --out OUT

The same arguments on the same version of PyTorch and kind of processor give the same weights; a killed run goes on.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers as hf
from clips import COLUMNS, KINDS, Batch, Clips
from film import material
from recordings import Film
from shared import (
    FRAMES,
    PATCH,
    Descent,
    answer_losses,
    build,
    exactly,
    last_seen,
    motion_loss,
    read,
    resized,
    save,
    tokens,
    use_plain,
)
from topics import NAMES
from torch import Tensor, nn
from torch.nn import functional as F

from actscribe.models.catalog import checkpoint_folder

DTYPE = torch.bfloat16  # while it learns and as it is shipped, like the first model
RARE = 8.0  # weight of a patch where a point is, against one where none is


@dataclass(frozen=True)
class Recipe:
    """What the weights depend on besides the code and the weights that it starts from.

    Args:
        seed: of order and wording.
        side: of the pictures in pixels; positions of patches are interpolated where it is not the first model's.
        steps: of the optimizer.
        clips: of a step.
        turns: per clip.
        rate: learning rate after the warm-up and before the decay.
        warmup, decay: steps at the start in which the rate rises, and at the end in which it falls to nothing.
        weight_decay: of matrices.
    """

    seed: int = 0
    side: int = 128
    steps: int = 1500
    clips: int = 16
    turns: int = 2
    rate: float = 2e-3
    warmup: int = 20
    decay: int = 900
    weight_decay: float = 0.05


class Helpers(nn.Module):
    """Heads of the helper losses; thrown away after training."""

    def __init__(self, vision: int, text: int) -> None:
        super().__init__()
        self.patch = nn.Linear(vision, 3 * KINDS)
        self.motion = nn.Linear(text, COLUMNS)
        self.topic = nn.Linear(text, len(NAMES))


def start(side: int) -> tuple[Any, Any]:
    """Return the embedded model in float32 and its processor, for pictures of `side` pixels."""
    folder = checkpoint_folder("embedded", "vlm")
    processor = build.processor(hf.SmolVLMProcessor.from_pretrained(folder).tokenizer, side)
    first = hf.SmolVLMForConditionalGeneration.from_pretrained(folder, dtype=torch.float32, local_files_only=True)
    if side == first.config.vision_config.image_size:
        return first, processor
    config = hf.SmolVLMConfig.from_pretrained(folder)
    config.vision_config.image_size = side
    model = hf.SmolVLMForConditionalGeneration(config)
    model.generation_config = first.generation_config
    weights = first.state_dict()
    name = "model.vision_model.embeddings.position_embedding.weight"
    weights[name] = resized(weights[name], side // PATCH)
    model.load_state_dict(weights)
    return model, processor


def losses(model: Any, helpers: Helpers, batch: Batch, image: int) -> dict[str, Tensor]:
    """Return the loss of the answers and the helper losses of a batch, as `pretraining/vlm` has them.

    The helpers read the language model halfway up; the same head tells what happens and what a question asks for.
    """
    out = model.get_image_features(batch.pixels)
    text, width = batch.text, model.config.text_config.hidden_size
    reading = read(model, text, list(torch.cat(list(out.pooler_output)).view(len(text.ids), -1, width)))
    logits = helpers.topic(last_seen(text, reading)).float()
    clear = batch.topics >= 0
    topic_loss = F.binary_cross_entropy_with_logits(logits[clear], batch.topics[clear])
    places, numbers = batch.questions
    topic_loss = topic_loss + 0.3 * F.cross_entropy(helpers.topic(reading.inner.flatten(0, 1)[places]).float(), numbers)
    return answer_losses(model, text, reading) | {
        "patches": _patch_loss(helpers, out.last_hidden_state, batch),
        "motion": motion_loss(helpers.motion, text, reading, batch.motion, image),
        "topics": topic_loss,
    }


def _patch_loss(helpers: Helpers, states: Tensor, batch: Batch) -> Tensor:
    there, offsets = batch.there.flatten(0, 1), batch.offsets.flatten(0, 1)
    logits, where = helpers.patch(states).float().split((KINDS, 2 * KINDS), -1)
    weight = 1 + (RARE - 1) * there
    presence_loss = F.binary_cross_entropy_with_logits(logits, there, weight=weight, reduction="sum") / weight.sum()
    held = there > 0
    return 4 * presence_loss + F.smooth_l1_loss(where.unflatten(-1, (KINDS, 2))[held], offsets[held])


#: Of the parts in what is minimised; "yes_no" is a part of "answers", to look at.
WEIGHTS = {"yes_no": 0.0, "answers": 1.0, "patches": 0.5, "motion": 2.0, "topics": 1.0}


def rate(recipe: Recipe, step: int) -> float:
    """Return the learning rate of a step: up, level, down to nothing."""
    return recipe.rate * min((step + 1) / recipe.warmup, (recipe.steps - step) / recipe.decay, 1.0)


def train(recipe: Recipe, film: Film, cache: Path, out: Path, stop: int | None = None) -> None:
    """Train and write the checkpoint folder `out`; a state beside it lets a killed run go on.

    Args:
        recipe: what to do.
        film: which recordings.
        cache: folder of the material, made where it is missing.
        out: checkpoint folder.
        stop: end after this many steps of the recipe.
    """
    exactly()
    made = material(cache, film, recipe.side)
    torch.manual_seed(recipe.seed)
    model, processor = start(recipe.side)
    model = model.to(DTYPE).train()
    use_plain(model)
    helpers = Helpers(model.config.vision_config.hidden_size, model.config.text_config.hidden_size).to(DTYPE)
    descent = Descent(model, helpers, processor, recipe.weight_decay, DTYPE, out)
    clips = Clips(processor, made)

    def parts(step: int) -> dict[str, Tensor]:
        batch = clips.batch(recipe.clips, recipe.turns, np.random.default_rng([recipe.seed, 3, step]), DTYPE)
        return losses(model, helpers, batch, clips.image)

    last = min(stop or recipe.steps, recipe.steps)
    descent.go(last, parts, WEIGHTS, lambda step: rate(recipe, step))
    save(model, processor, out)
    descent.tell_digest(last)


def main() -> None:
    """Train from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="checkpoint folder to write")
    parser.add_argument("--cache", type=Path, required=True, help="folder for the filmed recordings (0.7 GB)")
    parser.add_argument("--seed", type=int, default=Recipe.seed)
    parser.add_argument("--steps", type=int, default=Recipe.steps)
    parser.add_argument("--decay", type=int, default=Recipe.decay)
    parser.add_argument("--side", type=int, default=Recipe.side, help="of the pictures in pixels, a multiple of 32")
    parser.add_argument("--stop", type=int, help="end after this many steps of the recipe")
    parser.add_argument("--quick", action="store_true", help="two steps on a few seconds, to see that it runs")
    args = parser.parse_args()
    recipe, film = Recipe(seed=args.seed, side=args.side, steps=args.steps, decay=args.decay), Film()
    if args.quick:
        recipe = Recipe(seed=args.seed, side=args.side, steps=2, clips=3, decay=1)
        film = Film(recordings=6, minutes=0.15, size=64)
    print(recipe, film, f"torch {torch.__version__}, {FRAMES} frames, {tokens(recipe.side)} tokens each", flush=True)
    train(recipe, film, args.cache, args.out, args.stop)


if __name__ == "__main__":
    main()
