"""Whether a recognizer fits into the memory of this machine, from an estimate, before any weight is loaded."""

from __future__ import annotations

from typing import Any

import psutil
import torch

from actscribe.models.device import device, use_bfloat16
from actscribe.models.vlm import plan as planning
from actscribe.recognizers.planning import PLANNED
from actscribe.recognizers.planning import plan as planned
from actscribe.recognizers.registry import kind
from actscribe.study import Study, parse_settings

#: Bytes that Python and PyTorch take themselves (measured; ours).
BASE = 700 * 10**6
GIB = 2**30


def too_large(study: Study, recognizer: str, labels: int) -> str:
    """Say that a recognizer will hardly fit; empty where it does, or runs on a server.

    The estimate is that of `actscribe models plan`. It is no refusal: what is swapped out may still end.

    Args:
        study: whose recognizer it is; its model must be here.
        recognizer: its name.
        labels: of the study.
    """
    settings: Any = parse_settings(recognizer, study.recognizers.get(recognizer, {}))
    if getattr(settings, "server", ""):
        return ""
    needed, held = BASE + _bytes(settings, recognizer, study.windows.frames, labels), _memory()
    if needed <= held:
        return ""
    return (
        f"{settings.model} takes about {needed / GIB:.1f} GiB, and this machine has {held / GIB:.1f} GiB: choose a"
        " smaller model, fewer frames or a smaller batch; actscribe models plan tells what each takes."
    )


def _bytes(settings: Any, recognizer: str, frames: int, labels: int) -> int:
    trains = kind(recognizer).trains(settings)
    if recognizer in PLANNED:
        cost, _ = planned(recognizer, settings.model, frames, labels, settings.batch)
        return cost.weights + max(cost.working, cost.training if trains else 0)
    half = getattr(settings, "dtype", "") == "bfloat16" or (trains and use_bfloat16(settings.precision))
    use = planning.Use(
        recognizer,
        dtype="bfloat16" if half else "float32",
        labels=labels,
        batch=settings.batch if recognizer == "vlm-lora" else 1,
    )
    return planning.plan(settings.model, frames, use, speed=1.0).memory


def _memory() -> int:
    """Return the bytes of the GPU where there is one, else of the machine."""
    if device().type == "cuda":
        return int(torch.cuda.get_device_properties(0).total_memory)
    return int(psutil.virtual_memory().total)
