"""What VgHIF costs on top of CLIP, ViFi-CLIP and X-CLIP at ViT-B/16: parameters, operations, time.

    python benchmarks/vghif.py [--quick]

Backbones have random weights in their published sizes; 8 and 32 frames, 51, 101 and 400 classes, VgHIF as it is by
default and, for operations, with all patch tokens too. CLIP and ViFi-CLIP are one network. The text tower is left
out: its features are computed once per label set. Expected on a default VgHIF: below 1 % each, but for latency_pct,
which is no surer than equal passes are equal: a few percent on an idle machine, anything beside other work.

params_pct   parameters of VgHIF against those of the whole backbone.
flops_pct    operations that it adds to the passes over a batch of 8 videos; counted by PyTorch on the meta device,
             where nothing is computed, and held against the number that the module itself states.
matching_pct time that it adds after the tower, against the whole pass.
latency_pct  time that it adds to a pass, tower included.

Both times: batch of 8 (1 with --quick), the least of rounds in which the ways take turns, since what else runs only
adds; in bfloat16 where the processor has it.

The last line is one JSON object with the worst case of each.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from typing import Any

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode
from transformers import CLIPConfig, CLIPModel, XCLIPConfig, XCLIPModel

from actscribe.models.device import use_bfloat16
from actscribe.models.dual_encoder.clip import ClipBackbone
from actscribe.models.dual_encoder.interface import Backbone
from actscribe.models.dual_encoder.network import match
from actscribe.models.dual_encoder.vghif import Vghif
from actscribe.models.dual_encoder.xclip import XclipBackbone
from actscribe.models.quiet import quiet
from actscribe.settings.vghif import VghifConfig

FRAMES, CLASSES, BATCH = (8, 32), (51, 101, 400), 8
TOWERS = {8: 12, 32: 6}  # rounds of the tower by frames: equal passes differ by a tenth, the least of many do not
MATCHES = 12  # rounds of the part that VgHIF changes
SIDE, PATCH = 224, 16
VISION = {"patch_size": PATCH, "image_size": SIDE}
NAMES = {"clip, vifi-clip": "clip", "x-clip": "x-clip"}
CHOICES = {"class tokens": VghifConfig(), "all patches": VghifConfig(tokens="patch")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="time one video, 8 frames, 2 rounds")
    quick = parser.parse_args().quick
    with quiet():
        figures = {**parameters(), **operations(), **latency(quick)}
    print(json.dumps({**figures, "quick": quick}))


def parameters() -> dict[str, float]:
    worst = 0.0
    for name, kind in NAMES.items():
        with torch.device("meta"):
            adapter = backbone(kind, 8)
            added = vghif(adapter, VghifConfig())
        whole, more = count(adapter), count(added)
        print(f"{name:<16} {whole / 1e6:7.1f} M parameters, VgHIF {more / 1e6:.2f} M: {100 * more / whole:.2f} %")
        worst = max(worst, 100 * more / whole)
    return {"params_pct": round(worst, 3)}


def operations() -> dict[str, float]:
    worst: dict[str, float] = {}
    print(f"{'operations':<16} {'tokens':<14} frames classes   backbone     VgHIF    added")
    for name, kind in NAMES.items():
        for frames in FRAMES:
            with torch.device("meta"):
                adapter = backbone(kind, frames)
                made = {choice: vghif(adapter, config) for choice, config in CHOICES.items()}
                pixels = torch.empty(BATCH, frames, 3, SIDE, SIDE)
            for classes in CLASSES:
                text = torch.empty(classes, adapter.joint, device="meta")
                plain = flops(adapter, None, pixels, text)
                for choice, module in made.items():
                    added = flops(adapter, module, pixels, text) - plain
                    stated = BATCH * module.flops(frames, (SIDE // PATCH) ** 2, classes)
                    assert added == stated, f"counted {added}, stated {stated}"
                    share = 100 * added / plain
                    row = f"{frames:6d} {classes:7d} {plain / 1e9:8.0f} G {added / 1e9:7.2f} G {share:6.2f} %"
                    print(f"{name:<16} {choice:<14} {row}")
                    worst[choice] = max(worst.get(choice, 0.0), share)
    return {"flops_pct": round(worst["class tokens"], 3), "flops_pct_all_patches": round(worst["all patches"], 3)}


def latency(quick: bool) -> dict[str, float]:
    """Time the visual tower, and what follows it with and without VgHIF."""
    batch = 1 if quick else BATCH
    dtype = torch.bfloat16 if use_bfloat16("auto") else torch.float32
    share_pairs: list[tuple[float, float]] = []
    for name, kind in NAMES.items():
        for frames in FRAMES[:1] if quick else FRAMES:
            torch.manual_seed(0)
            adapter = backbone(kind, frames).eval().to(dtype)
            module = vghif(adapter, VghifConfig()).eval().to(dtype)
            pixels = torch.randn(batch, frames, 3, SIDE, SIDE, dtype=dtype)
            texts = [torch.randn(classes, adapter.joint, dtype=dtype) for classes in CLASSES]
            shares = added_time(adapter, module, pixels, texts, 2 if quick else TOWERS[frames])
            for classes, (matching, whole) in zip(CLASSES, shares, strict=True):
                summary = f"{matching:+.2f} % time in matching, {whole:+.2f} % in all"
                print(f"{name:<16} batch {batch}, {frames:2d} frames, {classes:3d} classes: {summary}")
            share_pairs += shares
    worst = [round(max(column), 2) for column in zip(*share_pairs, strict=True)]
    return {"matching_pct": worst[0], "latency_pct": worst[1]}


@torch.inference_mode()
def added_time(
    adapter: Backbone, module: Vghif, pixels: torch.Tensor, texts: list[torch.Tensor], rounds: int
) -> list[tuple[float, float]]:
    """Return what VgHIF adds to a pass for each number of classes, in percent: matching alone, and the tower as well.

    Kept levels are outputs that the tower computes anyway, and its time varies by more than the module takes; so the
    matching is also told apart.
    """
    with_levels = adapter.visual(pixels, module.levels)  # the first pass warms up
    towers: dict[bool, list[float]] = {False: [], True: []}
    for turn in range(rounds):
        for kept in (False, True) if turn % 2 else (True, False):
            towers[kept].append(seconds(lambda: adapter.visual(pixels, module.levels if kept else ())))  # noqa: B023
    plain, keeping = min(towers[False]), min(towers[True])
    print(f"{'':<16} tower {plain:.2f} s; with levels kept {100 * (keeping / plain - 1):+.1f} %")
    shares = []
    for text in texts:
        spent: dict[bool, list[float]] = {False: [], True: []}
        for turn in range(MATCHES):
            for refined in (False, True) if turn % 2 else (True, False):
                used = module if refined else None
                spent[refined].append(seconds(lambda: match(adapter, used, with_levels, text)))  # noqa: B023
        whole, matching = plain + min(spent[False]), min(spent[True]) - min(spent[False])
        shares.append((100 * matching / whole, 100 * (matching + keeping - plain) / whole))
    return shares


def backbone(kind: str, frames: int) -> Backbone:
    """Return an adapter with random weights, of the sizes of clip-vit-base-patch16 or xclip-base-patch16."""
    if kind == "clip":
        return ClipBackbone(CLIPModel(CLIPConfig(vision_config=VISION)))
    return XclipBackbone(XCLIPModel(XCLIPConfig(vision_config={**VISION, "num_frames": frames})))


def vghif(adapter: Backbone, config: VghifConfig) -> Vghif:
    return Vghif(config, adapter.depth, adapter.width, adapter.joint)


def flops(adapter: Backbone, module: Vghif | None, pixels: torch.Tensor, text: torch.Tensor) -> int:
    """Return the operations of one pass from pixels to scores, as PyTorch counts them."""
    adapter.model.set_attn_implementation("eager")  # all its products are counted
    with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH), torch.no_grad():
        visual = adapter.visual(pixels, module.levels if module else ())
        match(adapter, module, visual, text)
    return int(counter.get_total_flops())


def count(module: Any) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
