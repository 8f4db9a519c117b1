"""Whether a recognizer fits into the memory of this machine, from an estimate, before any weight is loaded."""

from __future__ import annotations

import psutil
import torch

from actscribe.models.device import device
from actscribe.recognizers.base import implementation
from actscribe.settings.study import Study

#: Bytes that Python and PyTorch take themselves (measured; ours).
BASE = 700 * 10**6
GIB = 2**30


def too_large(study: Study, name: str, labels: int) -> str:
    """Say that a recognizer will hardly fit; empty where it does, runs elsewhere, or no estimate is known.

    The estimate is that of `actscribe models plan`. It is not a refusal: what is swapped out may still end.

    Args:
        study: whose recognizer it is; its model must be here.
        name: the study's, of the recognizer.
        labels: of the study.
    """
    chosen = study.chosen(name)
    estimate = implementation(chosen.recognizer).plan
    if estimate is None:
        return ""
    plan = estimate(chosen.settings, study.windows.frames, labels)
    needed, held = BASE + plan.memory, _memory()
    if needed <= held:
        return ""
    return (
        f"{plan.model} takes about {needed / GIB:.1f} GiB, and this machine has {held / GIB:.1f} GiB: choose a"
        " smaller model, fewer frames or a smaller batch; actscribe models plan says what each takes."
    )


def _memory() -> int:
    """Return the bytes of the GPU where there is one, else of the machine."""
    if device().type == "cuda":
        return int(torch.cuda.get_device_properties(0).total_memory)
    return int(psutil.virtual_memory().total)
