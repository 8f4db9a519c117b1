"""Ask a vision-language model about the recordings that the training held out, through the code that users run.

    OMP_NUM_THREADS=1 python pretraining/resuscitation/evaluate.py OUT --cache CACHE

Thresholds come from the 16 recordings of the validation split; F1 is of the 16 of the test split, 8 other teams.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from film import SECONDS, STEP, Material, material
from recordings import LABELS, Film
from shared import FRAMES
from sklearn.metrics import f1_score, roc_auc_score
from turns import HAPPENS

from actscribe.data.clips import Clip
from actscribe.data.input_spec import ClipFrames
from actscribe.models.vlm import Vlm, load_vlm
from actscribe.recognizers.prompts import prompts
from actscribe.video.sampling import sample_times

EVERY = 4  # windows: 1.5 s
SPOKEN = 8  # of the asked clips one in so many is also described and listed
TEXTS = prompts(LABELS)


def frames_of(made: Material, recording: int, window: int) -> ClipFrames:
    """Return a window as a recognizer gets it."""
    start = window * STEP
    span = Clip(str(recording), start, start + SECONDS)
    times = sample_times(span.start, span.end, FRAMES)
    return ClipFrames(span, str(recording), made.frames[recording, window : window + FRAMES], times)


def ask(vlm: Vlm, made: Material, split: str, speak: bool) -> tuple[np.ndarray, np.ndarray, list[dict[str, Any]]]:
    """Return log odds of yes and targets, shape (clips, labels), and what the model says of some clips."""
    yes, no = vlm.yes_no_tokens()
    windows = [(r, w) for r, w in made.of_split(split).tolist() if w % EVERY == 0]
    odds, targets, texts = [], [], []
    for number, (recording, window) in enumerate(windows):
        prefix = vlm.prefix(frames_of(made, recording, window), TEXTS.opening)
        logits = torch.log_softmax(vlm.branch(prefix, [f" {question}" for question in TEXTS.questions]), -1)
        odds.append((logits[:, yes].logsumexp(-1) - logits[:, no].logsumexp(-1)).numpy())
        targets.append(made.shares[recording, window, : len(LABELS)] >= HAPPENS)
        if speak and number % SPOKEN == 0:
            clip = frames_of(made, recording, window)
            answers = [vlm.generate(vlm.prefix(clip, text)) for text in (TEXTS.caption, TEXTS.listing)]
            true = [label.described() for label, on in zip(LABELS.labels, targets[-1], strict=True) if on]
            texts.append({"caption": answers[0], "listed": answers[1], "true": made.captions[recording][window][0],
                         "exact": answers[1].strip(" .") == (", ".join(true) or "none")})  # fmt: skip
    return np.stack(odds), np.stack(targets), texts


def thresholds(odds: np.ndarray, targets: np.ndarray) -> list[float]:
    """Return for each label the threshold with the best F1."""
    best = []
    for label in range(odds.shape[1]):
        tried = np.unique(odds[:, label])
        scores = [f1_score(targets[:, label], odds[:, label] >= one, zero_division=0.0) for one in tried]
        best.append(float(tried[int(np.argmax(scores))]))
    return best


def evaluate(vlm: Vlm, made: Material) -> dict[str, Any]:
    """Return the scores of a model."""
    odds, targets, _ = ask(vlm, made, "validation", speak=False)
    limits = thresholds(odds, targets)
    odds, targets, texts = ask(vlm, made, "test", speak=True)
    figures: dict[str, Any] = {}
    for label, name in enumerate(LABELS.names):
        own = odds[:, label], targets[:, label]
        share = own[1].mean()
        figures[name] = {
            "auc": round(float(roc_auc_score(own[1], own[0])), 3),
            "f1": round(float(f1_score(own[1], own[0] >= limits[label])), 3),
            "f1 of always yes": round(float(2 * share / (1 + share)), 3),
        }
    for key in ("auc", "f1", "f1 of always yes"):
        figures[f"mean {key}"] = round(float(np.mean([figures[name][key] for name in LABELS.names])), 3)
    right = [one["exact"] for one in texts]
    return {**figures, "clips": len(targets), "lists right": sum(right), "lists": len(right), "texts": texts}


def main() -> None:
    """Evaluate from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="checkpoint folder, or embedded")
    parser.add_argument("--cache", type=Path, required=True, help="folder of the filmed recordings")
    parser.add_argument("--side", type=int, default=128, help="at which they were filmed")
    parser.add_argument("--out", type=Path, help="JSON file for the scores and what was said")
    args = parser.parse_args()
    torch.set_num_threads(1)
    scores = evaluate(load_vlm(args.model, dtype="bfloat16"), material(args.cache, Film(), args.side))
    if args.out:
        args.out.write_text(json.dumps(scores, indent=1) + "\n", encoding="utf-8")
    texts = scores.pop("texts")
    for name, value in scores.items():
        print(name, value)
    for one in texts[:8]:
        print(f"- {one['caption']}  LIST {one['listed']}  (true: {one['true']})")


if __name__ == "__main__":
    main()
