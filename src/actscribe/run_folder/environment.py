"""What can change a number beside the data: versions of libraries, and the machine."""

from __future__ import annotations

import os
import platform
from functools import cache
from importlib import metadata

from actscribe import __version__

#: Packages whose versions can change a number.
TRACED = (
    "torch",
    "torchvision",
    "transformers",
    "accelerate",
    "peft",
    "av",
    "numpy",
    "pandas",
    "scikit-learn",
    "scipy",
)


def versions() -> dict[str, str]:
    """Return the versions that can change a number."""
    return dict(_installed())


@cache
def _installed() -> dict[str, str]:
    """Return them, looked up once: each takes milliseconds, and every key of kept scores asks for all."""
    installed = {"python": platform.python_version(), "actscribe": __version__}
    for package in TRACED:
        try:
            installed[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return installed


def machine() -> str:
    """Return processor, cores and system in words."""
    import torch

    where = torch.cuda.get_device_name() if torch.cuda.is_available() else platform.processor() or platform.machine()
    return f"{where}, {os.cpu_count()} cores, {platform.system()}"
