"""What this machine has, and what would need a download."""

from __future__ import annotations

import os
import sys
from importlib import metadata
from pathlib import Path

from actscribe import __version__
from actscribe.errors import ActScribeError
from actscribe.packages import COMMANDS, missing, package
from actscribe.settings.registry import BUILT_IN, added, recognizer
from actscribe.tables import bytes_text


def examine() -> dict[str, str]:
    """Return one finding per topic, in words; nothing is downloaded or changed."""
    findings = {"actscribe": __version__, "python": f"{sys.version.split()[0]} on {sys.platform}"}
    for name in ("torch", "torchvision", "transformers", "accelerate", "av", "numpy", "pandas"):
        findings[name] = metadata.version(name)
    for module in COMMANDS:
        findings[package(module)] = _optional(module)
    findings["video decoder"] = _decoder()
    findings["cores"] = str(os.cpu_count())
    findings |= _compute()
    findings["frame cache"] = _cache()
    findings["feature store"] = _features()
    findings["models"] = _models()
    findings["recognizers"] = ", ".join(BUILT_IN)
    for name, points in added().items():
        findings[f"recognizer {name}"] = _added(name, points[0])
    return findings


def _optional(module: str) -> str:
    if missing([module]):
        return f"not installed; for it type: {COMMANDS[module]}"
    try:
        return metadata.version(package(module))
    except metadata.PackageNotFoundError:  # OpenCV comes in several packages
        return f"not installed, but another package brings {module}"


def _added(name: str, point: metadata.EntryPoint) -> str:
    """Say which package adds a recognizer, or why it does not load."""
    try:
        summary = recognizer(name).summary
    except ActScribeError as error:
        return f"{error.message} {error.hint}"
    return f"{point.dist.name} {point.dist.version}: {summary}" if point.dist else summary


def _decoder() -> str:
    import av

    wanted = ("h264", "hevc", "vp9", "av1", "mpeg4")
    missing = [name for name in wanted if name not in av.codecs_available]
    return f"FFmpeg libraries in PyAV {av.__version__}; " + (f"lacks {', '.join(missing)}" if missing else "all codecs")


def _compute() -> dict[str, str]:
    import torch

    from actscribe.models.device import bfloat16_pays

    pays, reason = bfloat16_pays()
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "none"
    return {"gpu": gpu, "precision": f"{'bf16' if pays else 'float32'} ({reason})"}


def _features() -> str:
    from actscribe.features.store import SIZE_VARIABLE, default_store

    store = default_store()
    held, most = bytes_text(store.size()), bytes_text(store.limit_bytes)
    return f"{store.root}, {held} of at most {most}; {SIZE_VARIABLE} sets another limit, in GiB"


def _cache() -> str:
    from actscribe.video.cache import SIZE_VARIABLE, default_cache

    cache = default_cache()
    held, most = bytes_text(cache.size()), bytes_text(cache.limit_bytes)
    return f"{cache.root}, {held} of at most {most}; {SIZE_VARIABLE} sets another limit, in GiB"


def _models() -> str:
    from huggingface_hub import constants

    hub = Path(constants.HF_HUB_CACHE)
    cached = sorted(path.name.removeprefix("models--").replace("--", "/") for path in hub.glob("models--*"))
    return "embedded; in the Hugging Face cache: " + (", ".join(cached) or "none (others need: actscribe models pull)")
