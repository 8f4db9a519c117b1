"""A causal language model of a GGUF file, kept in the user's cache as a checkpoint that loads in two seconds.

transformers parses such a file in Python, once each for tokenizer, configuration and weights: 20 s for 135 M weights.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
from contextlib import redirect_stderr, suppress
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors import SafetensorError

from actscribe.caches import cache_folder, disk_free, limit_bytes
from actscribe.errors import ActScribeError
from actscribe.files import content_hash, folder_beside
from actscribe.leftovers import sweep
from actscribe.models.loading import load_part, load_weights
from actscribe.models.quiet import quiet
from actscribe.ownership import MARKER, check_replaceable
from actscribe.packages import require

#: In a kept checkpoint: the digest of each of its files.
SUMS = "sums.json"
#: The environment variable that sets the size of all kept checkpoints in GiB, and the size without it.
SIZE_VARIABLE, USUAL_GIB = "ACTSCRIBE_GGUF_GIB", 20.0
#: How they are called, so that nothing else in the folder is taken for one and removed.
OURS = re.compile(r"[0-9a-f]{32}")


def gguf_weights(path: Path, name: str) -> int:
    """Return the number of weights in a file, of which only the index is read.

    Args:
        path: of the file.
        name: as the user named it.

    Raises:
        ActScribeError: the extra is not installed, or the file is damaged.
    """
    require("gguf", f"The judge '{name}'")
    from gguf import GGUFReader

    try:
        return sum(int(tensor.n_elements) for tensor in GGUFReader(path).tensors)
    except (ValueError, OSError, IndexError, KeyError) as error:
        raise ActScribeError(f"{path}: cannot be read as a GGUF file: {error}", "Copy it again.") from error


def load_gguf(path: Path, name: str, dtype: torch.dtype) -> tuple[Any, Any]:
    """Return tokenizer and model, with weights of `dtype` on the CPU; a cache that cannot be written is not an error.

    What was used longest ago goes first where the cache grows above its size; a model that is larger is not kept.

    Args:
        path: of the file.
        name: as the user named it.
        dtype: of the weights, which are dequantized.

    Raises:
        ActScribeError: the file is damaged or no causal language model, or the size of the cache is no number.
    """
    limit = limit_bytes(SIZE_VARIABLE, USUAL_GIB)
    parts = f"{content_hash(path)} {dtype} transformers {transformers.__version__}"
    kept = cache_folder() / "gguf" / hashlib.blake2b(parts.encode(), digest_size=16).hexdigest()
    sweep(kept.parent)
    if kept.is_dir():
        loaded = _kept(kept, name, dtype)
        if loaded is not None:
            with suppress(OSError):  # not ours to write
                os.utime(kept)  # used now
            _has_room(kept.parent, 0, limit)
            return loaded
        _remove(kept)
    tokenizer, model = _parsed(path, name, dtype)
    if not _has_room(kept.parent, model.get_memory_footprint(), limit):
        return tokenizer, model
    with suppress(ActScribeError, OSError, SafetensorError), folder_beside(kept) as beside:
        with quiet(), redirect_stderr(io.StringIO()):  # transformers draws a bar
            model.save_pretrained(beside)
            tokenizer.save_pretrained(beside)
        (beside / SUMS).write_text(json.dumps(_sums(beside)), encoding="utf-8")
    _has_room(kept.parent, 0, limit)  # another process may have kept one meanwhile
    return tokenizer, model


def _kept(folder: Path, name: str, dtype: torch.dtype) -> tuple[Any, Any] | None:
    """Return tokenizer and model of a kept checkpoint; None where it is damaged or not ours to read."""
    with suppress(ActScribeError, OSError, ValueError):
        if json.loads((folder / SUMS).read_text(encoding="utf-8")) == _sums(folder):
            return _load(folder, name, dtype)
    return None


def _has_room(cache: Path, needed: int, limit: int) -> bool:
    """Remove kept checkpoints, those used longest ago first, until so many bytes fit; tell whether they do."""
    kept = [(folder, _size(folder)) for folder in cache.glob("*") if OURS.fullmatch(folder.name)]
    total = sum(size for _, (size, _) in kept)
    most = limit - needed if needed <= limit else limit  # what is not kept anyway displaces nothing
    for folder, (size, _) in sorted(kept, key=lambda one: one[1][1]):
        if total <= most:
            break
        _remove(folder)
        total -= size - _size(folder)[0]
    return total + needed <= limit and needed < disk_free(cache)


def _remove(folder: Path) -> None:
    """Remove a kept checkpoint, unless something else lies in it."""
    with suppress(ActScribeError):
        check_replaceable(folder)
        shutil.rmtree(folder, ignore_errors=True)  # Windows: another process may have it mapped


def _size(folder: Path) -> tuple[int, int]:
    """Return the bytes of a folder's files, and when it was last used; nothing and never where it is gone."""
    try:
        return sum(path.stat().st_size for path in folder.iterdir()), folder.stat().st_mtime_ns
    except OSError:  # another process removes it
        return 0, 0


def _sums(folder: Path) -> dict[str, str]:
    """Return the digest of each file that transformers wrote."""
    ours = {SUMS, MARKER}
    return {path.name: content_hash(path) for path in sorted(folder.iterdir()) if path.name not in ours}


def _parsed(path: Path, name: str, dtype: torch.dtype) -> tuple[Any, Any]:
    dense = transformers.GgufConfig(dequantize=True)  # else transformers asks a hub for a kernel where it can
    tokenizer, model = _load(path.parent, name, dtype, {"gguf_file": path.name}, {"quantization_config": dense})
    model.hf_quantizer = None  # which would not let the dense weights be saved
    return tokenizer, model


def _load(
    folder: Path, name: str, dtype: torch.dtype, file: dict[str, str] | None = None, how: dict[str, Any] | None = None
) -> tuple[Any, Any]:
    file, how = file or {}, how or {}
    tokenizer = load_part(transformers.AutoTokenizer, folder, name, "tokenizer of the judge", **file)
    model = load_weights(transformers.AutoModelForCausalLM, folder, name, dtype=torch.float32, **file, **how)
    return tokenizer, model.to(dtype)
