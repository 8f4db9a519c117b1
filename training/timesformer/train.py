"""Pretrain the embedded TimeSformer on simulated tabletop actions.

    python training/timesformer/train.py --out src/actscribe/models/embedded/timesformer

About 25 minutes on two cores with AVX-512 bf16; `--quick` is a smoke run of a minute. Clips are rendered once into a
scratch file (`--scratch`), 0.3 MB each. The same seed gives the same weights on the same machine and versions; scores
are on seeds that training never sees, and go into the model card beside the weights.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from transformers import TimesformerConfig, TimesformerForVideoClassification

from actscribe.files import folder_beside, write_text
from actscribe.progress import clock, track
from actscribe.recognizers.settings import Training
from actscribe.simulation.tabletop_actions import CLASSES
from actscribe.simulation.tabletop_clips import tabletop_clip
from actscribe.training.augment import augment, clip_rng
from actscribe.training.device import autocast
from actscribe.training.fit import Examples, Fit, fit
from actscribe.training.losses import ClipLoss

FRAMES, SIZE, PATCH, HIDDEN, LAYERS = 8, 112, 16, 128, 6
MEAN, STD = (0.45,) * 3, (0.225,) * 3
#: Held-out scenes begin here; training seeds lie below.
VALIDATION_SEED, TEST_SEED = 10_000_000, 20_000_000
NAMES = tuple(action.name for action in CLASSES)


def main() -> None:
    """Render, train, measure, save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder of the checkpoint")
    parser.add_argument("--clips", type=int, default=38 * 150, help="training clips")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--scratch", type=Path, default=Path(tempfile.gettempdir()) / "actscribe-tabletop")
    parser.add_argument("--quick", action="store_true", help="a smoke run: few clips, one epoch")
    options = parser.parse_args()
    if options.quick:
        options.clips, options.epochs = len(NAMES) * 4, 1
    held_out = len(NAMES) * (2 if options.quick else 20)
    start = time.monotonic()
    train = rendered(options.scratch, 0, options.clips)
    validation = rendered(options.scratch, VALIDATION_SEED, held_out // 2)
    test = rendered(options.scratch, TEST_SEED, held_out)
    model = new_model(options.seed)
    with tempfile.TemporaryDirectory() as scratch:
        learn(model, train, validation, options, Path(scratch))
    facts = {
        "command": f"python training/timesformer/train.py --clips {options.clips} --epochs {options.epochs} --out OUT",
        "threads": torch.get_num_threads(),
        "seed": options.seed,
        "training_clips": options.clips,
        "epochs": options.epochs,
        "classes": len(NAMES),
        "test_clips": held_out,
        **measure(model, test),
        "torch": torch.__version__,
        "wall_clock": clock(time.monotonic() - start),
    }
    save(model, options.out, facts)
    print(json.dumps(facts))


def new_model(seed: int) -> TimesformerForVideoClassification:
    """Return an untrained TimeSformer whose temporal projections are zero: it starts as an image transformer."""
    config = TimesformerConfig(
        image_size=SIZE,
        patch_size=PATCH,
        num_frames=FRAMES,
        hidden_size=HIDDEN,
        num_hidden_layers=LAYERS,
        num_attention_heads=HIDDEN // 32,
        intermediate_size=4 * HIDDEN,
        id2label=dict(enumerate(NAMES)),
        label2id={name: place for place, name in enumerate(NAMES)},
    )
    torch.manual_seed(seed)
    model = TimesformerForVideoClassification(config)
    torch.nn.init.trunc_normal_(model.timesformer.embeddings.position_embeddings, std=0.02)
    torch.nn.init.trunc_normal_(model.timesformer.embeddings.time_embeddings, std=0.02)
    for layer in model.timesformer.encoder.layer:
        torch.nn.init.zeros_(layer.temporal_dense.weight)
        torch.nn.init.zeros_(layer.temporal_dense.bias)
    return model


def learn(
    model: TimesformerForVideoClassification,
    train: np.ndarray,
    validation: np.ndarray,
    options: argparse.Namespace,
    folder: Path,
) -> None:
    """Fine-tune all weights by cross-entropy over the action classes."""

    def example(videos: np.ndarray, epoch: int | None, index: int) -> dict[str, torch.Tensor]:
        video = torch.from_numpy(videos[index]).permute(0, 3, 1, 2).float()
        if epoch is not None:
            video = augment(video, clip_rng(options.seed, epoch, index), flip=False)
        return {"pixel_values": normalise(video)}

    head = list(model.classifier.parameters())
    body = [p for p in model.parameters() if all(p is not other for other in head)]
    fit(
        Fit(
            network=_Logits(model),
            groups=[(body, options.rate), (head, options.rate)],
            loss=ClipLoss("multi-class", np.ones(len(NAMES), dtype=np.float32)),
            train=Examples(lambda epoch, index: example(train, epoch, index), goals(len(train))),
            validation=Examples(lambda epoch, index: example(validation, None, index), goals(len(validation))),
            task="multi-class",
            settings=Training(epochs=options.epochs, batch=32, warmup=0.1, weight_decay=0.05, patience=99),
            folder=folder,
            seed=options.seed,
        )
    )


def measure(model: TimesformerForVideoClassification, videos: np.ndarray) -> dict[str, float]:
    """Return accuracy over all classes, over actions against their reverse, and with the frames in reverse order."""
    forward, backward = scores(model, videos), scores(model, videos[:, ::-1])
    truth = goals(len(videos)).argmax(axis=1)
    reverse = np.array([NAMES.index(a.reverse_of) if a.reverse_of else -1 for a in CLASSES])
    paired = np.flatnonzero(reverse[truth] >= 0)
    own, other = truth[paired], reverse[truth[paired]]
    return {
        "top1": float((forward.argmax(axis=1) == truth).mean()),
        "paired_clips": len(paired),
        "right_direction_of_pair": float((forward[paired, own] > forward[paired, other]).mean()),
        "right_direction_with_reversed_frames": float((backward[paired, own] > backward[paired, other]).mean()),
    }


def scores(model: TimesformerForVideoClassification, videos: np.ndarray) -> np.ndarray:
    """Return logits, shape (clips, classes)."""
    model.eval()
    rows = []
    for first in range(0, len(videos), 16):
        batch = torch.from_numpy(np.ascontiguousarray(videos[first : first + 16])).permute(0, 1, 4, 2, 3).float()
        with torch.inference_mode(), autocast(True):
            rows.append(model(pixel_values=normalise(batch)).logits.float().numpy())
    return np.concatenate(rows)


def normalise(video: torch.Tensor) -> torch.Tensor:
    """Return values in [0, 255] as the model takes them."""
    return (video / 255 - MEAN[0]) / STD[0]


def goals(count: int) -> np.ndarray:
    """Return one-hot targets; successive seeds take the classes in turn."""
    return np.eye(len(NAMES), dtype=np.float32)[np.arange(count) % len(NAMES)]


def rendered(scratch: Path, first_seed: int, count: int) -> np.ndarray:
    """Return uint8 clips, shape (count, frames, size, size, 3), rendered once into a file below `scratch`."""
    scratch.mkdir(parents=True, exist_ok=True)
    path = scratch / f"tabletop-{first_seed}-{count}-{FRAMES}x{SIZE}.npy"
    if not path.is_file():
        beside = path.with_suffix(".part")
        shape = (count, FRAMES, SIZE, SIZE, 3)
        videos = np.lib.format.open_memmap(beside, mode="w+", dtype=np.uint8, shape=shape)
        with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
            seeds = range(first_seed, first_seed + count)
            clips = pool.map(_render, seeds, chunksize=16)
            for place, clip in enumerate(track(clips, "Rendering tabletop clips", total=count)):
                videos[place] = clip
        videos.flush()
        beside.rename(path)
    return np.load(path, mmap_mode="r")


def _render(seed: int) -> np.ndarray:
    import cv2

    cv2.setNumThreads(1)
    first = VALIDATION_SEED if seed >= VALIDATION_SEED else 0
    first = TEST_SEED if seed >= TEST_SEED else first
    return tabletop_clip(seed, NAMES[(seed - first) % len(NAMES)], frames=FRAMES, size=SIZE).frames


def save(model: TimesformerForVideoClassification, out: Path, facts: dict[str, object]) -> None:
    """Write the checkpoint in bf16 with its preprocessing file and scores."""
    with folder_beside(out) as beside:
        model.to(torch.bfloat16).save_pretrained(beside)
        preprocessing = {"image_mean": MEAN, "image_std": STD, "size": {"height": SIZE, "width": SIZE}}
        write_text(beside / "preprocessor_config.json", json.dumps(preprocessing, indent=1))
        write_text(beside / "scores.json", json.dumps(facts, indent=1))


class _Logits(torch.nn.Module):
    def __init__(self, model: TimesformerForVideoClassification) -> None:
        super().__init__()
        self.model = model

    def forward(self, pixel_values: torch.Tensor) -> torch.Tensor:
        return self.model(pixel_values=pixel_values).logits


if __name__ == "__main__":
    main()
