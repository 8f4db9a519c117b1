"""Train the tiny CLIP on captioned frames and clips, and the tiny X-CLIP, which starts from it, on captioned clips."""

from __future__ import annotations

import argparse
import hashlib
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import build
import numpy as np
import torch
import transformers as hf
from material import (
    COLOUR_NAMES,
    FRAMES,
    KIND_NAMES,
    PHRASES,
    Clip,
    Material,
    caption,
    frame_targets,
    patch_targets,
    thing_loss,
    word_salad,
)
from torch import Tensor, nn
from torch.nn import functional as F

from actscribe.models.dual_encoder.clip import ClipBackbone
from actscribe.models.dual_encoder.interface import Tokens
from actscribe.models.dual_encoder.xclip import XclipBackbone
from actscribe.training.optimizers import optimizer

THREADS = 1  # sums are split by threads, so their number is part of the recipe
NEW = 10.0  # times the rate, for what X-CLIP adds to CLIP, as published
MOST_SCALE = 100.0  # of the cosines, as in CLIP


@dataclass(frozen=True)
class Recipe:
    """What the weights depend on besides the code.

    Args:
        seed: of weights, order and wording.
        rows: of the rendered material.
        steps, video_steps: of CLIP and of X-CLIP.
        clips, stills: of a step of CLIP; of a still scene one frame is seen.
        rows_per_step: of X-CLIP, most of them in both directions.
        rate, video_rate: learning rates after the warm-up and before the cosine falls.
        weight_decay: of matrices.
        salads: pairs of sentences of random words in a step, so that unseen words are told apart too.
        patches, tokens, phrases, words: weights of the losses beside the captions'.
    """

    seed: int = 0
    rows: int = 5400
    steps: int = 1500
    video_steps: int = 600
    clips: int = 22
    stills: int = 24
    rows_per_step: int = 20
    rate: float = 3e-3
    video_rate: float = 1e-3
    weight_decay: float = 0.05
    salads: int = 48
    patches: float = 0.5
    tokens: float = 1.0
    phrases: float = 0.5
    words: float = 0.3


class Helper(nn.Module):
    """Tells from each patch what thing and hand is there, and where; thrown away after training."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.sizes = (len(KIND_NAMES) + 1, len(COLOUR_NAMES) + 1, 2, 2, 2)
        self.out = nn.Linear(width, sum(self.sizes))

    def forward(self, patches: Tensor, wanted: dict[str, Tensor]) -> Tensor:
        """Return the loss on patches, shape (frames, patches, width)."""
        kind, colour, offset, hand, hand_offset = self.out(patches).flatten(0, 1).split(self.sizes, -1)
        flat = {name: value.flatten(0, 1) for name, value in wanted.items()}
        held = flat["hands"] > 0
        things = thing_loss(kind, colour, offset, flat)
        hands = F.cross_entropy(hand, flat["hands"]) + F.smooth_l1_loss(hand_offset[held], flat["hand_offsets"][held])
        return things + hands


class FrameHelper(nn.Module):
    """Tells from the class token where the first hand is and the thing that takes part; thrown away after training."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.out = nn.Linear(width, 2 + 3 + 4)

    def forward(self, tokens: Tensor, wanted: dict[str, Tensor]) -> Tensor:
        """Return the loss on class tokens, shape (frames, width)."""
        presence, hand, thing = self.out(tokens).split((2, 3, 4), -1)
        there, acts = wanted["hand_seen"] > 0, wanted["thing_acts"] > 0
        places = F.smooth_l1_loss(hand[there], wanted["hand"][there], beta=0.1)
        things = F.smooth_l1_loss(thing[acts], wanted["thing"][acts], beta=0.1)
        return F.cross_entropy(presence, wanted["hand_seen"]) + 4 * (places + things)


class Trainer:
    """What both trainings share: material, words, optimizer, schedule and saving.

    Args:
        model: transformers' own.
        words: its tokenizer.
        rate: learning rate.
        steps: of the optimizer.
        weight_decay: of matrices.
        more: modules that learn beside it.
        new: parts of names whose weights start from nothing, at NEW times the rate.
    """

    def __init__(
        self,
        model: Any,
        words: Any,
        rate: float,
        steps: int,
        weight_decay: float,
        more: tuple[nn.Module, ...] = (),
        new: tuple[str, ...] = (),
    ) -> None:
        self.model, self.words = model, words
        learned = [(n, p) for module in (model, *more) for n, p in module.named_parameters() if p.requires_grad]
        fresh = [weight for name, weight in learned if any(part in name for part in new)]
        known = [weight for name, weight in learned if not any(part in name for part in new)]
        self.weights = [*known, *fresh]
        self.optimizer = optimizer([(known, rate), (fresh, NEW * rate)], weight_decay, "muon")
        self.first = [group["lr"] for group in self.optimizer.param_groups]
        warm = max(1, steps // 20)
        self.shares = [min((s + 1) / warm, 0.5 + 0.5 * float(np.cos(np.pi * s / steps))) for s in range(steps)]

    def step(self, number: int, loss: Tensor) -> None:
        """Take an optimizer step."""
        for group, rate in zip(self.optimizer.param_groups, self.first, strict=True):
            group["lr"] = rate * self.shares[number]
        self.optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.weights, 1.0)
        self.optimizer.step()
        with torch.no_grad():
            self.model.logit_scale.clamp_(max=float(np.log(MOST_SCALE)))

    def texts(self, texts: list[str]) -> Tensor:
        """Return text features, shape (texts, D)."""
        made = self.words(texts, return_tensors="pt", padding=True, truncation=True)
        return ClipBackbone(self.model).text(Tokens(tuple(texts), made["input_ids"], made["attention_mask"]))

    def salads(self, pairs: tuple[list[str], list[str]]) -> Tensor:
        """Return scaled cosines of the first and the second wordings."""
        first, second = self.texts([*pairs[0], *pairs[1]]).chunk(2)
        return cosines(first, second, self.model)


def contrast(logits: Tensor) -> Tensor:
    """Return the symmetric loss of matching each row with the column of its own number."""
    own = torch.arange(len(logits))
    return (F.cross_entropy(logits, own) + F.cross_entropy(logits.t(), own)) / 2


def cosines(images: Tensor, texts: Tensor, model: Any) -> Tensor:
    """Return scaled cosines of all images and texts."""
    return F.normalize(images, dim=-1) @ F.normalize(texts, dim=-1).t() * model.logit_scale.exp()


def script_loss(logits: Tensor, clips: list[Clip]) -> Tensor:
    """Return the loss of naming the action among the trained ones, either way round: a mean sees no order."""
    names = list(PHRASES)
    own = torch.zeros(len(clips), len(names), dtype=torch.bool)
    for row, clip in enumerate(clips):
        own[row, [names.index(name) for name in clip.actions]] = True
    return (logits.logsumexp(1) - logits.masked_fill(~own, -torch.inf).logsumexp(1)).mean()


def train_clip(recipe: Recipe, material: Material, words: Any, out: Path) -> Any:
    """Train CLIP: each frame with what is where in it, each clip's mean with what happens; write and return it."""
    model = build.clip(words, recipe.seed)
    width = build.VISION["hidden_size"]
    patches, tokens = Helper(width), FrameHelper(width)
    trainer = Trainer(model, words, recipe.rate, recipe.steps, recipe.weight_decay, (patches, tokens))
    log = Log()
    for step in range(recipe.steps):
        rng = np.random.default_rng([recipe.seed, 1, step])
        clips = [material.clip(int(n), rng) for n in rng.choice(material.actions, recipe.clips, replace=False)]
        lying = [int(number) for number in rng.choice(material.stills, recipe.stills, replace=False)]
        shown = [*clips, *(material.clip(number, rng, rng.integers(FRAMES, size=1)) for number in lying)]
        hidden = model.vision_model(pixel_values=torch.cat([one.pixels for one in shown]))
        features = model.visual_projection(hidden.pooler_output)
        means = features[: len(clips) * FRAMES].unflatten(0, (-1, FRAMES)).mean(1)
        captions = [caption(one.states, f, rng) for one in shown for f in range(len(one.pixels))]
        states = [one.states for one in shown]
        phrases = trainer.texts(list(PHRASES.values()))
        parts = {
            "frames": contrast(cosines(features, trainer.texts(captions), model)),
            "clips": contrast(cosines(means, trainer.texts([_drawn(one, rng) for one in clips]), model)),
            "phrases": recipe.phrases * script_loss(cosines(means, phrases, model), clips),
            "words": recipe.words * contrast(trainer.salads(word_salad(recipe.salads, rng))),
            "patches": recipe.patches * patches(hidden.last_hidden_state[:, 1:], patch_targets(states)),
            "tokens": recipe.tokens * tokens(hidden.pooler_output, frame_targets(states)),
        }
        trainer.step(step, torch.stack(list(parts.values())).sum())
        log.add(step, **parts)
        if (step + 1) % 200 == 0 or step + 1 == recipe.steps:
            build.save(model, words, out)
    return model


def train_xclip(recipe: Recipe, material: Material, words: Any, start: Any, out: Path) -> Any:
    """Train X-CLIP, all but the text tower, on clips in both directions: only the order of frames tells them apart."""
    model = build.xclip(words, start, FRAMES, recipe.seed)
    backbone = XclipBackbone(model)
    backbone.tune("image")
    trainer = Trainer(
        model, words, recipe.video_rate, recipe.video_steps, recipe.weight_decay, new=XclipBackbone.new_parts
    )
    log = Log()
    for step in range(recipe.video_steps):
        rng = np.random.default_rng([recipe.seed, 2, step])
        rows = [material.clip(int(n), rng) for n in rng.choice(material.actions, recipe.rows_per_step, replace=False)]
        shown = [
            (one.pixels.flip(0) if backwards else one.pixels, one.sentences[backwards], name)
            for one in rows
            for backwards, name in enumerate(one.actions)
        ]
        visual = backbone.visual(torch.stack([pixels for pixels, _, _ in shown]))
        with torch.no_grad():
            captions = trainer.texts([str(rng.choice(sentences)) for _, sentences, _ in shown])
            phrases = trainer.texts(list(PHRASES.values()))
        logits = backbone.logits(visual.video, backbone.condition(phrases, visual))
        own = torch.tensor([list(PHRASES).index(name) for _, _, name in shown])
        named = F.cross_entropy(logits, own)
        loss = contrast(backbone.logits(visual.video, backbone.condition(captions, visual))) + named
        trainer.step(step, loss)
        log.add(step, clips=loss, named=named, right=(logits.argmax(1) == own).float().mean())
        if (step + 1) % 100 == 0 or step + 1 == recipe.video_steps:
            build.save(model, words, out)
    return model


class Log:
    """Prints means of what happened every 25 steps."""

    def __init__(self) -> None:
        self.began, self.sums = time.monotonic(), dict[str, float]()

    def add(self, step: int, **values: Tensor) -> None:
        """Take the values of a step."""
        for name, value in values.items():
            self.sums[name] = self.sums.get(name, 0.0) + float(value.detach())
        if (step + 1) % 25 == 0:
            text = " ".join(f"{name} {value / 25:.3f}" for name, value in self.sums.items())
            print(f"{step + 1} {text} {time.monotonic() - self.began:.0f} s", flush=True)
            self.sums = {}


def _drawn(one: Clip, rng: np.random.Generator) -> str:
    sentences = one.sentences[int(rng.integers(len(one.sentences)))]
    return str(rng.choice(sentences))


def corpus(material: Material, seed: int) -> list[str]:
    """Return the texts that the tokenizer is trained on."""
    rng = np.random.default_rng([seed, 3])
    texts = []
    for number in (*material.actions[:600], *material.stills[:200]):
        one = material.clip(int(number), rng)
        texts += [sentence for wordings in one.sentences for sentence in wordings]
        texts += [caption(one.states, frame, rng) for frame in range(FRAMES)]
    return texts


def digest(model: nn.Module) -> str:
    """Return a digest of the weights as they are saved."""
    state = hashlib.blake2b(digest_size=16)
    for name, weight in sorted(model.state_dict().items()):
        state.update(name.encode() + weight.detach().half().numpy().tobytes())
    return state.hexdigest()


def train(recipe: Recipe, cache: Path, out: Path) -> None:
    """Train both and write `out`/clip and `out`/xclip."""
    torch.set_num_threads(THREADS)
    torch.use_deterministic_algorithms(True)
    material = Material(cache, recipe.rows)
    words = build.tokenizer(corpus(material, recipe.seed))
    words, clip = build.renumbered(words, train_clip(recipe, material, words, out / "clip"))
    build.save(clip, words, out / "clip")
    clip = hf.CLIPModel.from_pretrained(out / "clip", dtype=torch.float32)  # X-CLIP starts from what is shipped
    print(f"digest of CLIP: {digest(clip)}", flush=True)
    xclip = train_xclip(recipe, material, words, clip, out / "xclip")
    print(f"digest of X-CLIP: {digest(xclip)}", flush=True)


def main() -> None:
    """Train from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, required=True, help="folder that pretraining/vlm/render.py wrote")
    parser.add_argument("--out", type=Path, required=True, help="folder for the checkpoint folders clip and xclip")
    parser.add_argument("--seed", type=int, default=Recipe.seed)
    parser.add_argument("--quick", action="store_true", help="two steps each on a few scenes, to see that it runs")
    args = parser.parse_args()
    recipe = Recipe(seed=args.seed)
    if args.quick:
        recipe = Recipe(seed=args.seed, rows=27, steps=2, video_steps=2, clips=4, stills=3, rows_per_step=2)
    print(recipe, f"torch {torch.__version__}", flush=True)
    train(recipe, args.cache, args.out)


if __name__ == "__main__":
    main()
