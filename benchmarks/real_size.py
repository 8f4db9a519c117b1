"""How fast recognizers of published sizes score video, against what a competent user writes with plain transformers.

    python benchmarks/real_size.py [--full | --smoke] [--only NAME ...]

Random weights at the sizes of TimeSformer-base, CLIP ViT-B/16, X-CLIP-B/16 and SmolVLM2-256M, made here; nothing is
downloaded. Windows of 3 s, one every second, 8 frames each. Both ways begin at the video file and end at scores; they
take turns in one process, so that a busy moment hits both. Neighbours share frames, which ours encodes once: over few
windows that says too little of a recording, so of vision-language models ours scores more windows than the plain way,
of which a window costs the same however many there are, and up to half a minute.

The plain way: PyAV with one seek a window, the checkpoint's processor, batches of 8 (windows, or of vlm-yesno 8
prompts), bf16 autocast for the classifiers and bf16 weights for the vision-language model, as ours; where the machine
has no bf16, float32. lora_step: adapters on query and value of the language model, a head, a batch of 2 windows;
plain runs the frozen vision tower at every step, ours keeps what it made in the epoch before.

*_vs_plain      seconds of the plain way over ours, medians of rounds; above 1: ours is faster.
*_vs_plain_cpu  the same by the process' CPU seconds, the second witness on a busy machine.
*_apart         the largest difference between scores of the two ways.
mfu_*           operations that ours really ran a second, over those of a large matrix product on this machine; counted
                in rounds before, so not of lora_step, whose first epoch does what later ones leave out.

Scores of both ways have to be the same within 1e-3 in bf16 and, in networks of two layers, within 1e-5 in float32, or
the program ends with an error; `--full` compares whole networks in float32, too. vlm_yesno is let off at 5e-3 in bf16:
either way is that far from float32, since questions that share a prefix are added up in another order than whole
prompts. `--smoke` takes networks of two layers and says nothing about speed. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode
from two_ways.adapters import lora
from two_ways.classifiers import dual_encoder, timesformer
from two_ways.language import headed, yes_no
from two_ways.ways import FPS, Ways, scene

from actscribe.models.device import bfloat16_pays, device
from actscribe.models.quiet import quiet
from actscribe.models.vlm.plan import matmul_speed
from actscribe.video.writing import write_video

#: Layers of the networks on which both ways are compared in float32; those of the whole depth take minutes (`--full`).
SHALLOW = 2
#: How far scores of the two ways may lie apart in float32, in bf16, and in bf16 by name where that is not 1e-3.
SAME, SAME_BF16, LET_OFF = 1e-5, 1e-3, {"vlm_yesno": 5e-3}
#: How many times as fast ours is meant to be.
TARGETS = {"timesformer": 1.3, "clip": 2.5, "xclip": 1.0, "vlm_head": 2.4, "vlm_yesno": 8, "lora_step": 3}
#: Windows that are scored, see `operations`, and the first of them, which the plain way scores, if not all.
WINDOWS = {"timesformer": 8, "clip": 16, "xclip": 8, "vlm_head": 22, "vlm_yesno": 10, "lora_step": 4}
PLAIN = {"vlm_head": 8, "vlm_yesno": 2}
MAKE = {
    "timesformer": timesformer,
    "clip": partial(dual_encoder, "clip"),
    "xclip": partial(dual_encoder, "x-clip"),
    "vlm_head": headed,
    "vlm_yesno": yes_no,
    "lora_step": lora,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", action="store_true", help="more windows and rounds")
    parser.add_argument("--smoke", action="store_true", help="networks of two layers: does it run?")
    parser.add_argument("--only", nargs="+", choices=list(TARGETS), default=list(TARGETS))
    options = parser.parse_args()
    pays, reason = bfloat16_pays()
    print(f"{torch.get_num_threads()} threads on {device()}, {'bf16' if pays else 'float32'}: {reason}", flush=True)
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name, quiet():
        folder = Path(name)
        os.environ["ACTSCRIBE_CACHE"] = str(folder / "cache")
        video = folder / "scene.mp4"
        write_video(video, scene(50), FPS, gop=48)
        for one in options.only:
            figures |= measured(one, folder, video, options)
    print(json.dumps(figures | {"bf16": pays, "threads": torch.get_num_threads(), "smoke": options.smoke}))
    allowed = {one: LET_OFF.get(one, SAME_BF16) if pays else SAME for one in options.only}
    if far := [one for one, most in allowed.items() if figures[f"{one}_apart"] > most]:
        sys.exit(f"scores of both ways are too far apart: {', '.join(far)}")


def measured(name: str, folder: Path, video: Path, options: argparse.Namespace) -> dict[str, Any]:
    bf16, layers = bfloat16_pays()[0], SHALLOW if options.smoke else None
    make = MAKE[name]
    exact = make(folder / "shallow" / name, video, False, layers if options.full else SHALLOW)
    np.testing.assert_allclose(exact.ours(2), exact.plain(2), atol=SAME, err_msg=f"{name} in float32")
    del exact
    ways = make(folder / "deep" / name, video, bf16, layers)
    windows = WINDOWS[name] * (2 if options.full else 1)
    shared = PLAIN.get(name, WINDOWS[name]) * (2 if options.full else 1)
    if options.smoke:
        windows, shared = 4, 2
    heavy = name.startswith(("vlm", "lora"))
    rounds = 1 if options.smoke else (1 if heavy else 2) + 2 * options.full
    if name == "lora_step":
        ways.ours(windows)  # the epoch before, which alone runs the vision tower
    counted = float("nan") if name == "lora_step" else operations(ways, windows)
    (ours_wall, ours_cpu), (plain_wall, plain_cpu), apart = timed(ways, windows, shared, rounds)
    used = counted / windows / ours_wall / matmul_speed("bfloat16" if bf16 else "float32")
    figures = {
        f"{name}_vs_plain": round(plain_wall / ours_wall, 2),
        f"{name}_vs_plain_cpu": round(plain_cpu / ours_cpu, 2),
        **({} if np.isnan(used) else {f"mfu_{name}": round(used, 3)}),
        f"{name}_apart": round(apart, 6),
    }
    use = "" if np.isnan(used) else f" matmul use {used:.0%};"
    print(
        f"{name:<12} ours {ours_wall:7.2f} s a window ({ours_cpu:.2f} CPU), plain {plain_wall:7.2f} ({plain_cpu:.2f}):"
        f" {plain_wall / ours_wall:.2f} (CPU {plain_cpu / ours_cpu:.2f}), target {TARGETS[name]};{use}"
        f" scores apart by {apart:.1e}",
        flush=True,
    )
    return figures


def operations(ways: Ways, windows: int) -> float:
    """Return how many operations ours takes over so many windows, and leave it warm.

    Counting is slow, so one and four windows are counted: three more bring eight frames more, however many there are.
    """
    counted = []
    for few in (1, 4):
        with FlopCounterMode(display=False) as counter:
            ways.ours(few)
        counted.append(counter.get_total_flops())
    one, four = counted
    return one + (windows - 1) * (four - one) / 3


def timed(ways: Ways, windows: int, shared: int, rounds: int) -> tuple[tuple[float, ...], tuple[float, ...], float]:
    """Return the wall and CPU seconds a window of our way and of the plain one, and how far their scores lie apart.

    Args:
        windows: that ours scores.
        shared: the first so many of them, which the plain way scores, too.
    """
    spent: dict[str, list[tuple[float, float]]] = {"ours": [], "plain": []}
    scores: dict[str, np.ndarray] = {}
    for _ in range(rounds):
        for way, run, count in (("ours", ways.ours, windows), ("plain", ways.plain, shared)):
            wall, cpu = time.perf_counter(), time.process_time()
            scores[way] = run(count)
            spent[way].append(((time.perf_counter() - wall) / count, (time.process_time() - cpu) / count))
    ours, plain = (tuple(statistics.median(column) for column in zip(*spent[way], strict=True)) for way in spent)
    return ours, plain, float(np.abs(scores["ours"][:shared] - scores["plain"]).max())


if __name__ == "__main__":
    main()
