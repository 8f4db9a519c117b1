"""Published training files of ViFi-CLIP and X-CLIP: read without running code, written once as a folder like any other.

Such a file is a pickle of training state, or its weights saved as safetensors. Its tensors have OpenAI's names for the
parts of CLIP, and it carries no tokenizer and no configuration: those come from the CLIP that training started from.
Pictures are normalised with ImageNet's mean and std, as in training, not with CLIP's. This is the one place where a
pickle is opened, and only by PyTorch's restricted reader (weights_only), which builds tensors and plain values.
"""

from __future__ import annotations

import json
import pickle
import re
import warnings
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock
from safetensors.torch import load_file
from torch import Tensor
from transformers import AutoTokenizer, CLIPModel

from actscribe.errors import ActScribeError
from actscribe.files import content_hash, explain_os_error, folder_beside, write_text
from actscribe.models.catalog import checkpoint_folder
from actscribe.models.checkpoint_files import damage, is_pointer, not_fetched
from actscribe.models.loading import error_text, load_part, load_weights, read_config
from actscribe.models.loading_report import LoadingReport, check_filled, check_finite
from actscribe.models.quiet import quiet
from actscribe.ownership import check_replaceable

#: ImageNet's mean and std, of values in [0, 1]: 123.675, 116.28, 103.53 and 58.395, 57.12, 57.375 over 255.
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
#: The CLIP that most published runs started from.
BASE = "clip-b16"
#: What a converted folder tells of its origin.
ORIGIN = "converted_from.json"
#: From published tensors, the CLIP that training started from, and the file's path: transformers' model of them.
Build = Callable[[dict[str, Tensor], CLIPModel, Path], Any]

_IN_BLOCK = {
    ".ln_1.": ".layer_norm1.",
    ".ln_2.": ".layer_norm2.",
    ".mlp.c_fc.": ".mlp.fc1.",
    ".mlp.c_proj.": ".mlp.fc2.",
}
#: Attention that OpenAI calls attn; X-CLIP's second one, between frames, keeps its name.
_ATTENTION = re.compile(r"\.(message_attn|attn)\.(in_proj_|out_proj\.)(weight|bias)$")


@dataclass(frozen=True, slots=True)
class Names:
    """How published names become transformers'.

    Args:
        network: as people call it.
        whole: names that change as a whole.
        turned: likewise, of matrices stored as inputs x outputs, the other way round than a linear layer's weight.
        parts: beginnings of names; what follows within a block is the same everywhere.
        ignored: kept beside the weights, and no weights.
    """

    network: str
    whole: Mapping[str, str]
    turned: Mapping[str, str]
    parts: Mapping[str, str]
    ignored: tuple[str, ...]


def converted(path: Path, build: Build, base: str = BASE) -> Path:
    """Return the folder of a published file, converting it on first use into a folder of its name beside it.

    Processes that ask at once, as in a training on several, wait for the first to convert.

    Args:
        path: of the .pth or .safetensors file.
        build: of the network that it is of.
        base: a CLIP folder, or a name of `actscribe models list`; see `convert`.

    Raises:
        ActScribeError: see `convert`.
    """
    folder = path.with_suffix("")
    origin = {"file": path.name, "content": content_hash(path), "base": base}
    if _is_from(origin, folder):
        return folder
    check_replaceable(folder)
    with _alone(path):
        return folder if _is_from(origin, folder) else convert(path, build, base, folder)


def _is_from(origin: dict[str, str], folder: Path) -> bool:
    """Tell whether a folder was converted from that file; one whose origin cannot be read was not."""
    try:
        return bool(json.loads((folder / ORIGIN).read_text(encoding="utf-8")) == origin)
    except (OSError, ValueError):
        return False


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    beside = path.with_name(f".actscribe-{path.name}.lock")
    try:
        lock = FileLock(beside).acquire()
    except OSError as error:
        raise explain_os_error(error, beside) from error
    with lock:
        try:
            yield
        finally:
            beside.unlink(missing_ok=True)  # who waited for it finds the work done


def convert(path: Path, build: Build, base: str, folder: Path) -> Path:
    """Write a published file as a folder that loads like any other: safetensors, tokenizer, normalisation.

    Args:
        path: of the .pth or .safetensors file.
        build: of the network that it is of.
        base: the CLIP that training started from: a folder, or a name of `actscribe models list`.
        folder: to write; what a former conversion left there is replaced, and nothing else.

    Returns:
        `folder`.

    Raises:
        ActScribeError: the file holds anything but tensors and plain values, is of another network or size, or the
            base is not on this machine.
    """
    start = checkpoint_folder(base, "clip")
    state = read_published(path)
    read_config(start, base, ("clip",))
    clip = load_weights(CLIPModel, start, base, dtype=torch.float32)
    tokenizer = load_part(AutoTokenizer, start, base, "tokenizer")
    model = build(state, clip, path)
    side = model.vision_model.embeddings.image_size
    values = {"image_mean": MEAN, "image_std": STD, "size": {"shortest_edge": side}}
    with quiet(), folder_beside(folder) as beside:
        model.save_pretrained(beside)
        tokenizer.save_pretrained(beside)
        write_text(beside / "preprocessor_config.json", json.dumps(values, indent=1))
        origin = {"file": path.name, "content": content_hash(path), "base": base}
        write_text(beside / ORIGIN, json.dumps(origin, indent=1))
    return folder


def read_published(path: Path) -> dict[str, Tensor]:
    """Return the tensors of a published file by their names, without `module.`, float32; no code of it is run.

    Raises:
        ActScribeError: it is no such file, or holds an object other than tensors and plain values.
    """
    if is_pointer(path):
        raise not_fetched(path)
    if path.suffix.lower() == ".safetensors":
        content = _read_safetensors(path)
    else:
        content = _read_pickle(path)
    state = content.get("model", content) if isinstance(content, dict) else None
    if not isinstance(state, dict) or not state or not all(map(_is_named_tensor, state.items())):
        raise ActScribeError(f"{path}: expected a dictionary of tensors, or one under 'model', found none.")
    tensors = {name.removeprefix("module."): value.float() for name, value in state.items()}
    check_finite(tensors, str(path), "Copy it again, or use another checkpoint of that training.")
    check_filled(tensors, str(path), "Copy it again.")
    return tensors


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    try:
        problem = damage(path)
        content = {} if problem else load_file(path)
    except Exception as error:
        problem = f"cannot be read: {error_text(error)}"
    if problem:
        raise ActScribeError(f"{path}: {problem}", "Copy it again.")
    return content


def _read_pickle(path: Path) -> Any:
    try:
        # The run's settings lie beside the weights as a yacs node; they are read as a plain dictionary.
        with torch.serialization.safe_globals([(OrderedDict, "yacs.config.CfgNode")]), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # PyTorch's own on odd pickles; what is wrong is reported below
            return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged file makes the restricted reader stumble in any way
        foreign = re.search(r"GLOBAL (\S+)", str(error)) if isinstance(error, pickle.UnpicklingError) else None
        if foreign:
            raise ActScribeError(
                f"{path}: holds more than tensors and plain values ({foreign.group(1)}), so it is not read.",
                "Load it where you trust it, and save only its weights: torch.save({'model': state_dict}, file)",
            ) from error
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        if isinstance(error, pickle.UnpicklingError):  # PyTorch's own words say how to run the file's code
            reason = "it is not a pickle of tensors and plain values, and nothing else is read."
        raise ActScribeError(f"{path}: cannot be read as a PyTorch checkpoint: {reason}", "Copy it again.") from error


def _is_named_tensor(entry: tuple[object, object]) -> bool:
    return isinstance(entry[0], str) and isinstance(entry[1], Tensor)


def translated(state: Mapping[str, Tensor], names: Names, path: Path) -> dict[str, Tensor]:
    """Return published tensors under transformers' names: joined projections parted, turned matrices turned.

    Args:
        state: as `read_published` gives it.
        names: of the network.
        path: of the file, for messages.

    Raises:
        ActScribeError: a tensor is none of this network.
    """
    tensors: dict[str, Tensor] = {}
    for name, value in state.items():
        if name not in names.ignored:
            tensors.update(_renamed(name, value, names, path))
    return tensors


def fitted(tensors: Mapping[str, Tensor], model: Any, path: Path) -> Any:
    """Return `model` with exactly those tensors.

    Raises:
        ActScribeError: a tensor is missing, unknown or of another shape.
    """
    hint = f"Set base to the CLIP that training started from. (Is it a {type(model).__name__.removesuffix('Model')}?)"
    LoadingReport.between(tensors, model.state_dict()).require(f"{path}: does not fit the base", hint)
    model.load_state_dict(tensors)
    return model


def _renamed(name: str, value: Tensor, names: Names, path: Path) -> dict[str, Tensor]:
    if name in names.whole:
        return {names.whole[name]: value}
    if name in names.turned and value.ndim == 2:
        return {names.turned[name]: value.t().contiguous()}
    part = next((part for part in names.parts if name.startswith(part)), None)
    if part is None:
        shape = f" of shape {tuple(value.shape)}" if name in names.turned else ""
        raise ActScribeError(
            f"{path}: {name}{shape} is not a tensor of {names.network}.",
            f"Use a published checkpoint of {names.network}.",
        )
    renamed = names.parts[part] + name.removeprefix(part)
    for old, new in _IN_BLOCK.items():
        renamed = renamed.replace(old, new)
    attention = _ATTENTION.search(renamed)
    if attention is None:
        return {renamed: value}
    which, what, kind = attention.groups()
    inside = f"{renamed[: attention.start()]}.{'self_attn' if which == 'attn' else which}"
    if what == "out_proj.":
        return {f"{inside}.out_proj.{kind}": value}
    if not value.ndim or len(value) % 3:
        raise ActScribeError(
            f"{path}: {name} has shape {tuple(value.shape)}, expected queries, keys and values in one."
        )
    thirds = zip("qkv", value.chunk(3), strict=True)
    return {f"{inside}.{letter}_proj.{kind}": third.clone() for letter, third in thirds}
