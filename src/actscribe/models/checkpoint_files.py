"""Whether the files of a checkpoint folder are what their names say, seen without loading any weight."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

from actscribe.counts import counted
from actscribe.errors import ActScribeError, in_one_line

#: How a file begins that Git LFS has not fetched (the specification of Git LFS pointers, version 1).
POINTER = b"version https://git-lfs.github.com/spec/"
INDEX = "model.safetensors.index.json"
#: Bytes of a safetensors file that give the length of its header, and the longest header that the format allows.
_LENGTH_BYTES, _LONGEST_HEADER = 8, 100_000_000
#: Keys of JSON files by which a checkpoint asks that Python code of its own is run.
_CODE_KEYS = ("auto_map", "trust_remote_code")
#: Files that may name such code.
_CODE_FILES = (
    "config.json",
    "tokenizer_config.json",
    "processor_config.json",
    "preprocessor_config.json",
    "video_preprocessor_config.json",
    "generation_config.json",
)
#: Package that reads weights of a quantization method, by the name that config.json gives it.
QUANTIZERS = {
    "bitsandbytes": "bitsandbytes",
    "gptq": "gptqmodel",
    "awq": "gptqmodel",
    "compressed-tensors": "compressed_tensors",
    "aqlm": "aqlm",
    "hqq": "hqq",
    "quanto": "optimum",
    "torchao": "torchao",
    "eetq": "eetq",
    "fbgemm_fp8": "fbgemm_gpu",
    "vptq": "vptq",
    "spqr": "spqr_quant",
}


def shards(folder: Path) -> set[str]:
    """Return the names of the weight files that a folder should hold: those of its index, or model.safetensors.

    Raises:
        ActScribeError: the index is there and cannot be read.
    """
    path = folder / INDEX
    if not path.is_file():
        return {"model.safetensors"}
    listed = read_json(path, "Copy it again from where the checkpoint came from.").get("weight_map")
    if not isinstance(listed, dict) or not listed or not all(map(_is_plain_name, listed.values())):
        raise ActScribeError(
            f"{path}: expected weight_map, a table from each weight to its file, found {_short(listed)}.",
            "Copy it again from where the checkpoint came from.",
        )
    return set(listed.values())


def missing_files(folder: Path) -> list[str]:
    """Return what a checkpoint folder lacks: config.json, or the safetensors that its index lists.

    Raises:
        ActScribeError: the index cannot be read.
    """
    missing = [] if (folder / "config.json").is_file() else ["config.json"]
    return missing + sorted(name for name in shards(folder) if not (folder / name).is_file())


def check_files(folder: Path, hint: str) -> None:
    """Refuse a folder whose weights are cut short or not fetched, or that wants code of its own to be run.

    Args:
        folder: nothing of it is missing.
        hint: what to do about a damaged file.

    Raises:
        ActScribeError: names the file and what is wrong with it.
    """
    for path in sorted(folder.glob("*.json")) + sorted(folder / name for name in shards(folder)):
        if is_pointer(path):
            raise not_fetched(path)
    for name in sorted(shards(folder)):
        problem = damage(folder / name)
        if problem:
            raise ActScribeError(f"{folder / name}: {problem}", hint)
    for name in _CODE_FILES:
        if (folder / name).is_file():
            _refuse_code(folder / name, read_json(folder / name, hint))


def read_json(path: Path, hint: str) -> dict[str, Any]:
    """Return the object of a JSON file.

    Raises:
        ActScribeError: it is not there, cannot be read, or holds no object.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"), parse_constant=_no_number)
    except FileNotFoundError:
        raise ActScribeError(f"{path}: is missing.", hint) from None
    except (OSError, ValueError, RecursionError) as error:
        raise ActScribeError(f"{path}: cannot be read: {in_one_line(error)}", hint) from error
    if not isinstance(values, dict):
        raise ActScribeError(f"{path}: cannot be read: expected a JSON object, found {_short(values)}.", hint)
    return values


def _no_number(word: str) -> None:
    raise ValueError(f"{word} is not a number")


def is_pointer(path: Path) -> bool:
    """Tell whether a file is a Git LFS pointer in place of what it points to."""
    try:
        with path.open("rb") as file:
            return file.read(len(POINTER)) == POINTER
    except OSError:
        return False


def not_fetched(path: Path) -> ActScribeError:
    """Return what to say of a pointer of Git LFS."""
    return ActScribeError(
        f"{path}: is a Git LFS pointer, {counted(path.stat().st_size, 'byte')} of text, not the file itself.",
        "Type in its folder: git lfs pull   or copy the file itself there.",
    )


def damage(path: Path) -> str:
    """Return what is wrong with the frame of a safetensors file, or nothing; its numbers are not looked at.

    The format: 8 bytes little-endian length of a JSON header, the header, then the tensors without holes.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(_LENGTH_BYTES), "little")
        if size < _LENGTH_BYTES or length > _LONGEST_HEADER or length < 2:
            return f"is not a safetensors file ({counted(size, 'byte')})."
        header = file.read(length)
    if len(header) < length:
        return f"is cut short: {counted(size, 'byte')}, and its header alone takes {length + _LENGTH_BYTES}."
    try:
        entries = json.loads(header)
        ends = [entry["data_offsets"][1] for name, entry in entries.items() if name != "__metadata__"]
        whole = _LENGTH_BYTES + length + max(ends, default=0)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError):
        return "is damaged: its header cannot be read."
    if size < whole:
        return f"is cut short: {size} of {whole} bytes."
    return (
        f"is damaged: {counted(size, 'byte')} where its header lists {counted(whole, 'byte')}." if size > whole else ""
    )


def check_quantizer(config: dict[str, Any], path: Path, able: bool) -> None:
    """Refuse quantized weights that cannot be read here.

    Args:
        config: values of config.json.
        path: of config.json.
        able: whether what loads the weights can do with quantized ones at all.

    Raises:
        ActScribeError: names the method, and the package that it needs.
    """
    settings = config.get("quantization_config")
    if settings is None:
        return
    method = settings.get("quant_method") if isinstance(settings, dict) else None
    if not able or not isinstance(method, str):
        raise ActScribeError(
            f"{path}: the weights are quantized ({method or _short(settings)}), expected float32, float16 or bfloat16.",
            "Take the checkpoint that is not quantized.",
        )
    package = QUANTIZERS.get(method)
    if package is None or importlib.util.find_spec(package) is None:
        wanted = f"Type: pip install {package.replace('_', '-')}   or take" if package else "Take"
        raise ActScribeError(
            f"{path}: the weights are quantized by {method}, which cannot be read here.",
            f"{wanted} the checkpoint that is not quantized.",
        )


def _refuse_code(path: Path, values: dict[str, Any]) -> None:
    code_key = next((key for key in _CODE_KEYS if values.get(key)), None)
    if code_key is not None:
        raise ActScribeError(
            f"{path}: asks to run code of its own ({code_key}: {_short(values[code_key])}), which is never done.",
            "Take the version of the checkpoint that transformers reads itself; its name often ends in -hf.",
        )


def _is_plain_name(name: object) -> bool:
    return isinstance(name, str) and Path(name).name == name and name.endswith(".safetensors")


def _short(value: object) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else f"{text[:57]}..."
