"""From a name or folder to a frozen model, never over the network."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import torch
import transformers

from actscribe.errors import ActScribeError
from actscribe.models import device as devices
from actscribe.models.catalog import checkpoint_folder, weight_files
from actscribe.models.loading import load_part, load_weights, read_config
from actscribe.models.vlm.families import FAMILIES
from actscribe.models.vlm.family import Family
from actscribe.models.vlm.vlm import Identity, Vlm
from actscribe.packages import require

#: Weight files up to this size enter the digest whole, larger ones by their header and samples.
WHOLE_BYTES = 2**28
_SAMPLES = 64
_SAMPLE_BYTES = 2**16


def load_vlm(name: str | Path, dtype: str = "auto", device: str = "auto", quantize: str | None = None) -> Vlm:
    """Return a frozen model in evaluation mode.

    Args:
        name: "embedded", a name of `actscribe models list`, a hub id in the local Hugging Face cache, or a folder.
        dtype: "float32", "bfloat16", or "auto": bfloat16 on a GPU or processor that has it, else float32.
        device: "cpu", "cuda", "cuda:1", "mps", or "auto": a GPU where there is one.
        quantize: None, "4bit" or "8bit"; needs a CUDA GPU and bitsandbytes.

    Raises:
        ActScribeError: it is not on this machine, holds no safetensors, is of a family that is not supported, damaged,
            or of weights that do not fit; a setting that is unknown or needs a GPU.
    """
    folder = checkpoint_folder(str(name), "vlm")
    family = FAMILIES[model_type(folder, str(name))]
    where = _device(device)
    options = _quantization(quantize, where) if quantize else {}
    processor = load_processor(folder, str(name))
    build, placed = transformers.AutoModelForImageTextToText, {"device_map": {"": where}, **options}
    model = load_weights(build, folder, str(name), dtype=weight_dtype(dtype, where), **placed)
    model.eval().requires_grad_(False)
    _check_placeholder(model.config, processor, family, folder)
    side = family.short_side(model.config, processor.video_processor)
    tokens = family.tokens(model.config, processor.video_processor, 8, side, side * 16 // 9)
    identity = Identity(
        family=family.name,
        source=str(name),
        parameters=model.num_parameters(),
        digest=digest(folder),
        tokens_per_frame=tokens / 8,
        dtype=quantize or str(model.dtype).removeprefix("torch."),
    )
    return Vlm(model, processor, family, identity)


def _check_placeholder(config: Any, processor: Any, family: Family, folder: Path) -> None:
    """Refuse a model that waits for another token than its processor writes where the video stands."""
    kinds = (f"{family.modality}_token_id", f"{family.modality}_token_index")
    wanted = next((getattr(config, kind) for kind in kinds if hasattr(config, kind)), None)
    written = getattr(processor, f"{family.modality}_token_id", None)
    if family.placeholder:
        written = processor.tokenizer.convert_tokens_to_ids(family.placeholder)
    if wanted != written:
        raise ActScribeError(
            f"{folder}: config.json puts token {wanted} where the {family.modality} goes, the processor {written}.",
            "Copy the folder again: its files are of two checkpoints.",
        )


def load_processor(folder: Path, name: str) -> Any:
    """Return the processor of a checkpoint folder.

    Raises:
        ActScribeError: a file of it is missing or damaged.
    """
    return load_part(transformers.AutoProcessor, folder, name, "processor")


def model_type(folder: Path, name: str) -> str:
    """Return the family key of a checkpoint folder.

    Raises:
        ActScribeError: config.json is damaged, or not one of a supported family.
    """
    kind = read_config(folder, name, (), able=True).get("model_type")
    if kind not in FAMILIES:
        known = ", ".join(f"{family.name} ({key})" for key, family in FAMILIES.items())
        raise ActScribeError(f"'{name}' is a {kind}, which is not a supported family.", f"Supported: {known}.")
    return str(kind)


def digest(folder: Path) -> str:
    """Return the hex digest that identifies a checkpoint: names, sizes and content of its files.

    Configuration, tokenizer and small weight files enter whole; of a weight file above 256 MiB its size and 64 evenly
    spaced samples of 64 KiB, the first of which holds the header, so that a large model is identified in a second.
    """
    state = hashlib.blake2b(digest_size=16)
    texts = [path for path in folder.iterdir() if path.suffix in (".json", ".jinja", ".txt", ".model")]
    for path in sorted({*texts, *weight_files(folder)}):
        size = path.stat().st_size
        state.update(f"{path.name} {size}\n".encode())
        with path.open("rb") as file:
            if size <= WHOLE_BYTES:
                while block := file.read(2**20):
                    state.update(block)
            else:
                for index in range(_SAMPLES):
                    file.seek(index * (size - _SAMPLE_BYTES) // (_SAMPLES - 1))
                    state.update(file.read(_SAMPLE_BYTES))
    return state.hexdigest()


def _device(device: str) -> torch.device:
    return devices.device() if device == "auto" else devices.named_device(device)


def weight_dtype(dtype: str, where: torch.device) -> torch.dtype:
    """Return the number format of a model's weights on a device.

    Args:
        dtype: "float32", "bfloat16", or "auto": bf16 where the device has it, see `device.bfloat16_pays`.
        where: the device.

    Raises:
        ActScribeError: another word.
    """
    if dtype == "auto":
        return torch.bfloat16 if devices.bfloat16_pays(where)[0] else torch.float32
    if dtype not in ("float32", "bfloat16"):
        raise ActScribeError(f"Unknown dtype '{dtype}'.", "Use auto, float32 or bfloat16.")
    return torch.bfloat16 if dtype == "bfloat16" else torch.float32


def _quantization(quantize: str, where: torch.device) -> dict[str, Any]:
    if quantize not in ("4bit", "8bit"):
        raise ActScribeError(f"Unknown quantization '{quantize}'.", "Use 4bit or 8bit, or leave it out.")
    if where.type != "cuda":
        raise ActScribeError(
            f"Quantization to {quantize} needs a CUDA GPU, found {where.type}.",
            "Leave it out, or use dtype: bfloat16 to halve the memory.",
        )
    require("bitsandbytes", f"Quantization to {quantize}")
    if quantize == "8bit":
        return {"quantization_config": transformers.BitsAndBytesConfig(load_in_8bit=True)}
    settings = transformers.BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=torch.bfloat16
    )
    return {"quantization_config": settings}
