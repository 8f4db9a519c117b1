"""Score a trained tiny CLIP and X-CLIP on scenes that they were not trained on; prints JSON."""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np
import torch
from material import FRAMES, TESTED, Clip, Material, caption
from render import ROUND, TEST_SEEDS, render
from torch.nn import functional as F

from actscribe.models.dual_encoder.loading import Loaded, load_backbone
from actscribe_sim.tabletop.actions import ACTIONS, CLASSES

#: Frames that a caption is chosen among.
CHOICE = 64
TRAINED = tuple(action for action in CLASSES if action.name not in TESTED)


def frames_by_caption(loaded: Loaded, clips: list[Clip], rng: np.random.Generator) -> float:
    """Return the share of frames, one of each scene, for which the right caption of CHOICE is nearest."""
    right = []
    for start in range(0, len(clips) - CHOICE + 1, CHOICE):
        some = clips[start : start + CHOICE]
        chosen = rng.integers(FRAMES, size=CHOICE)
        pixels = torch.stack([one.pixels[f] for one, f in zip(some, chosen, strict=True)])
        captions = [caption(one.states, int(f), rng) for one, f in zip(some, chosen, strict=True)]
        images = loaded.backbone.visual(pixels.unsqueeze(1)).video
        texts = loaded.backbone.text(loaded.tokens(captions))
        near = (F.normalize(images, dim=-1) @ F.normalize(texts, dim=-1).t()).argmax(1)
        right.append(float((near == torch.arange(CHOICE)).float().mean()))
    return float(np.mean(right))


def actions(loaded: Loaded, material: Material, rng: np.random.Generator) -> dict[str, float]:
    """Return top-1 among the trained actions, asked by their phrases, and how often an action beats its reverse."""
    prompts = [f"{action.phrase}." for action in TRAINED]
    names = [action.name for action in TRAINED]
    texts = loaded.backbone.text(loaded.tokens(prompts))
    right, order = [], []
    for number in material.actions:
        pixels = material.clip(int(number), rng).pixels
        shown = material.truths[number].shown
        ways = [(shown.action, pixels)] + ([(shown.reverse, pixels.flip(0))] if shown.reverse else [])
        for name, frames in ways:
            visual = loaded.backbone.visual(frames.unsqueeze(0))
            scores = loaded.backbone.logits(visual.video, loaded.backbone.condition(texts, visual))[0]
            own = names.index(str(name))
            right.append(int(scores.argmax()) == own)
            reverse = ACTIONS[str(name)].reverse_of
            if reverse:
                order.append(bool(scores[own] > scores[names.index(reverse)]))
    return {"top1_of_20": float(np.mean(right)), "right_order": float(np.mean(order))}


@torch.inference_mode()
def evaluate(folder: Path, rows: int) -> dict[str, dict[str, float]]:
    """Return the scores of `folder`/clip and `folder`/xclip on newly rendered scenes."""
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as made:
        render(Path(made), rows, TEST_SEEDS, plain=True)
        material = Material(Path(made), rows)
        clips = [material.clip(int(number), rng) for number in material.actions]
        clip = load_backbone("clip", str(folder / "clip"), FRAMES, "stretch")
        xclip = load_backbone("x-clip", str(folder / "xclip"), FRAMES, "stretch")
        return {
            "clip": {"caption_of_64": frames_by_caption(clip, clips, rng), **actions(clip, material, rng)},
            "xclip": actions(xclip, material, rng),
        }


def main() -> None:
    """Evaluate from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="that train.py wrote")
    parser.add_argument("--rounds", type=int, default=20, help="scenes of each action")
    args = parser.parse_args()
    by_model = evaluate(args.folder, args.rounds * ROUND)
    print(json.dumps({model: {k: round(v, 3) for k, v in scores.items()} for model, scores in by_model.items()}))


if __name__ == "__main__":
    main()
