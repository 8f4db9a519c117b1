"""A small training as its own process: `python small_fit.py FOLDER`, with options as in `main`."""

from __future__ import annotations

import argparse
import hashlib
import os
import signal
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import tiny_dual_encoders
import torch
from dual_encoder_inputs import sides
from torch import nn
from transformers import TrainerCallback

from actscribe.models.dual_encoder.heads import LabelHead
from actscribe.models.dual_encoder.network import DualEncoder
from actscribe.settings.training import Training
from actscribe.settings.vghif import VghifConfig
from actscribe.training import fit as fit_module
from actscribe.training.augment import augment, clip_rng
from actscribe.training.fit import Examples, Fit, fit
from actscribe.training.freezing import Unfreezing
from actscribe.training.losses import ClipLoss, positive_weights

CLIPS, LABELS, SEED = 24, 2, 3


class Net(nn.Module):
    """Pixels to logits: a part that unfreezes late, and a head."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Flatten(), nn.Linear(2 * 3 * 8 * 8, 16), nn.Tanh())
        self.head = nn.Linear(16, LABELS)

    def forward(self, video: torch.Tensor) -> torch.Tensor:
        return self.head(self.body(video / 255))


class Die(TrainerCallback):
    """Kills this process the hard way."""

    def __init__(self, step: int) -> None:
        self.step = step

    def on_step_end(self, args, state, control, **kwargs):
        if state.global_step == self.step:
            os.kill(os.getpid(), signal.SIGKILL)


def work(folder: Path, resume: bool) -> Fit:
    torch.manual_seed(SEED)
    net = Net()
    rng = np.random.default_rng(SEED)
    videos = torch.from_numpy(rng.uniform(0, 255, (CLIPS, 2, 3, 8, 8)).astype(np.float32))
    targets = (videos.mean(dim=(1, 2, 3, 4)).numpy()[:, None] > np.array([[127, 128]])).astype(np.float32)
    targets[0, 0] = np.nan

    def example(epoch: int | None, index: int) -> dict[str, torch.Tensor]:
        video = videos[index]
        return {"video": video if epoch is None else augment(video, clip_rng(SEED, epoch, index), True)}

    return Fit(
        network=net,
        groups=[(list(net.body.parameters()), 1e-2), (list(net.head.parameters()), 1e-2)],
        loss=ClipLoss("multi-label", positive_weights(targets, 20)),
        train=Examples(example, targets),
        validation=Examples(example, targets),
        task="multi-label",
        settings=Training(epochs=4, batch_size=8, precision="float32", patience=10),
        folder=folder,
        seed=SEED,
        resume=resume,
        unfreezing=Unfreezing([net.body], frozen_epochs=1, per_epoch=1),
    )


def dual_encoder_work(folder: Path, name: str) -> Fit:
    """A dual encoder of random weights with VgHIF: clips red on the left or blue on the right."""
    adapter = tiny_dual_encoders.backbone(name)
    head = LabelHead("multi-label", LABELS)
    torch.manual_seed(SEED)
    vghif = VghifConfig(bottleneck=16, heads=2)
    network = DualEncoder(adapter, tiny_dual_encoders.tokens(tiny_dual_encoders.PROMPTS[:LABELS]), head, vghif, "both")
    clips, targets = sides("training", 8, SEED, "multi-label")
    videos = [torch.from_numpy(clip.frames).permute(0, 3, 1, 2) / 128 - 1 for clip in clips]
    examples = Examples(lambda _, index: {"pixel_values": videos[index]}, targets)
    return Fit(
        network=network,
        groups=[(group, 1e-3) for group in network.groups().values() if group],
        loss=ClipLoss("multi-label", positive_weights(targets, 20)),
        train=examples,
        validation=examples,
        task="multi-label",
        settings=Training(epochs=3, batch_size=4, precision="float32", keep="last", min_lr_ratio=0.1),
        folder=folder,
        seed=SEED,
    )


def noted(examples: Examples, folder: Path) -> Examples:
    """Return examples that leave a file with the number of the process that made them."""

    def example(epoch: int | None, index: int) -> Mapping[str, torch.Tensor]:
        (folder / f"made-by-{os.getpid()}").touch()
        return examples.example(epoch, index)

    return replace(examples, example=example)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--dual-encoder", choices=("clip", "x-clip"))
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--die-after", type=int)
    parser.add_argument("--readers", type=int, default=0)
    options = parser.parse_args()
    inputs = (
        dual_encoder_work(options.folder, options.dual_encoder)
        if options.dual_encoder
        else work(options.folder, options.resume)
    )
    inputs = replace(inputs, readers=options.readers, train=noted(inputs.train, options.folder))
    if options.die_after:
        callbacks = fit_module._callbacks
        fit_module._callbacks = lambda fit_work: [*callbacks(fit_work), Die(options.die_after)]
    fit(inputs)
    weights = torch.cat([parameter.detach().flatten() for parameter in inputs.network.parameters()])
    if int(os.environ.get("RANK", "0")) == 0:
        np.save(options.folder / "weights.npy", weights.numpy())
        print(hashlib.sha256(weights.numpy().tobytes()).hexdigest())


if __name__ == "__main__":
    main()
