"""Networks compiled for this machine while they score, where somebody asked for it."""

from __future__ import annotations

import importlib.util
import os
import shutil
from typing import TypeVar

import torch
from torch import nn

from actscribe.errors import ActScribeError

N = TypeVar("N", bound=nn.Module)
#: What torch.compile hands its graphs to. CUDA graphs are left out: they write each batch's results over those of the
#: one before, which `VisionStore` still holds.
BACKEND = "inductor"


def check_compiles(where: torch.device) -> None:
    """Prove that a network can be compiled for a device, before anything long begins.

    Raises:
        ActScribeError: what writes the device's code is not on this machine.
    """
    if where.type == "cuda" and importlib.util.find_spec("triton") is None:
        raise ActScribeError(
            "--compile needs Triton, which this PyTorch came without.",
            "Leave --compile out, or type: pip install triton",
        )
    if where.type == "cpu" and not _has_compiler():
        raise ActScribeError(
            "--compile needs a C++ compiler on a processor, and none is on the PATH.",
            "Leave --compile out, or install one (Debian: apt install g++).",
        )
    if where.type == "mps":
        raise ActScribeError("--compile is for GPUs of CUDA and for processors, not for Apple's.", "Leave it out.")


def compiled(network: N) -> N:
    """Return a network whose calls are compiled, for each new number of clips once; it is changed in place."""
    network.compile(backend=BACKEND)
    return network


def _has_compiler() -> bool:
    return any(shutil.which(name) for name in (os.environ.get("CXX", ""), "g++", "clang++", "cl") if name)
