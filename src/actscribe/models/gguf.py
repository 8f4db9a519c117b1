"""A causal language model of a GGUF file, kept in the user's cache as a checkpoint that loads in two seconds.

transformers parses such a file in Python, once each for tokenizer, configuration and weights: 20 s for 135 M weights.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
from contextlib import redirect_stderr, suppress
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors import SafetensorError

from actscribe.caches import cache_folder
from actscribe.errors import ActScribeError
from actscribe.files import content_hash, folder_beside
from actscribe.models.loading import load_part, load_weights
from actscribe.models.quiet import quiet
from actscribe.ownership import MARKER

#: In a kept checkpoint: the digest of each of its files.
SUMS = "sums.json"


def load_gguf(path: Path, name: str, dtype: torch.dtype) -> tuple[Any, Any]:
    """Return tokenizer and model, with weights of `dtype` on the CPU; a cache that cannot be written is not an error.

    Args:
        path: of the file.
        name: as the user named it.
        dtype: of the weights, which are dequantized.

    Raises:
        ActScribeError: the file is damaged or no causal language model.
    """
    parts = f"{content_hash(path)} {dtype} transformers {transformers.__version__}"
    kept = cache_folder() / "gguf" / hashlib.blake2b(parts.encode(), digest_size=16).hexdigest()
    if kept.is_dir():
        with suppress(ActScribeError, OSError, ValueError):  # damaged, or not ours to read
            if json.loads((kept / SUMS).read_text(encoding="utf-8")) == _sums(kept):
                return _load(kept, name, dtype)
        shutil.rmtree(kept, ignore_errors=True)
    tokenizer, model = _parsed(path, name, dtype)
    with suppress(ActScribeError, OSError, SafetensorError), folder_beside(kept) as beside:
        with quiet(), redirect_stderr(io.StringIO()):  # transformers draws a bar
            model.save_pretrained(beside)
            tokenizer.save_pretrained(beside)
        (beside / SUMS).write_text(json.dumps(_sums(beside)), encoding="utf-8")
    return tokenizer, model


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
