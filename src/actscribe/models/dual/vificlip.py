"""ViFi-CLIP's published checkpoints: read without running code, written once as a folder like any other CLIP's.

The published file is a pickle of training state. Its tensors have OpenAI's names, below `module.image_encoder`,
`module.text_encoder` and `module.logit_scale`; token embeddings were never trained and are not in it, so they come
from the CLIP that training started from, together with tokenizer and sizes. Pictures are normalised with ImageNet's
mean and std, as in training, not with CLIP's.
"""

from __future__ import annotations

import json
import pickle
import re
import warnings
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from filelock import FileLock
from torch import Tensor
from transformers import AutoTokenizer, CLIPModel

from actscribe.errors import ActScribeError
from actscribe.files import content_hash, explain_os_error, folder_beside, write_text
from actscribe.models.catalog import checkpoint_folder
from actscribe.models.loading import load_part, load_weights, read_config
from actscribe.models.quiet import quiet
from actscribe.ownership import check_replaceable

#: ImageNet's mean and std, of values in [0, 1]: 123.675, 116.28, 103.53 and 58.395, 57.12, 57.375 over 255.
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
#: The CLIP that the published runs started from.
BASE = "clip-b16"
#: What a converted folder tells of its origin.
ORIGIN = "converted_from.json"
#: Kept in published files beside the weights: embeddings of the class names of that run, and sizes.
_IGNORED = ("prompt_learner.complete_text_embeddings", "input_resolution", "context_length", "vocab_size")
#: Names of runs that learned prompts in front of the tokens: another network.
_PROMPTED = ("prompt_learner.ctx", "VPT", "prompt_learner.token_")
_TOKEN_EMBEDDING = "text_model.embeddings.token_embedding.weight"
_NAMES = {
    "image_encoder.class_embedding": "vision_model.embeddings.class_embedding",
    "image_encoder.positional_embedding": "vision_model.embeddings.position_embedding.weight",
    "image_encoder.conv1.weight": "vision_model.embeddings.patch_embedding.weight",
    "text_encoder.positional_embedding": "text_model.embeddings.position_embedding.weight",
    "logit_scale": "logit_scale",
}
#: Stored as inputs x outputs, the other way round than a linear layer's weight.
_TURNED = {"image_encoder.proj": "visual_projection.weight", "text_encoder.text_projection": "text_projection.weight"}
_PARTS = {
    "image_encoder.ln_pre.": "vision_model.pre_layrnorm.",
    "image_encoder.ln_post.": "vision_model.post_layernorm.",
    "image_encoder.transformer.resblocks.": "vision_model.encoder.layers.",
    "text_encoder.ln_final.": "text_model.final_layer_norm.",
    "text_encoder.transformer.resblocks.": "text_model.encoder.layers.",
}
_IN_BLOCK = {
    ".attn.out_proj.": ".self_attn.out_proj.",
    ".ln_1.": ".layer_norm1.",
    ".ln_2.": ".layer_norm2.",
    ".mlp.c_fc.": ".mlp.fc1.",
    ".mlp.c_proj.": ".mlp.fc2.",
}


def converted(path: Path, base: str = BASE) -> Path:
    """Return the folder of a published file, converting it on first use into a folder of its name beside it.

    Processes that ask at once, as in a training on several, wait for the first to convert.

    Args:
        path: of the .pth file.
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
        return folder if _is_from(origin, folder) else convert(path, base, folder)


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


def convert(path: Path, base: str, folder: Path) -> Path:
    """Write a published ViFi-CLIP file as a folder that loads like any CLIP: safetensors, tokenizer, normalisation.

    Args:
        path: of the .pth file.
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
    model = load_weights(CLIPModel, start, base, dtype=torch.float32)
    tokenizer = load_part(AutoTokenizer, start, base, "tokenizer")
    model.load_state_dict(to_transformers(state, model, path))
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
    """Return the tensors of a published file by OpenAI's names, without `module.`; no code of the file is run.

    Raises:
        ActScribeError: it is no such file, or holds an object other than tensors and plain values.
    """
    try:
        # The run's settings lie beside the weights as a yacs node; they are read as a plain dictionary.
        with torch.serialization.safe_globals([(OrderedDict, "yacs.config.CfgNode")]), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # PyTorch's own on odd pickles; what is wrong is said below
            content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged file makes the restricted reader stumble in any way
        foreign = re.search(r"GLOBAL (\S+)", str(error)) if isinstance(error, pickle.UnpicklingError) else None
        if foreign:
            raise ActScribeError(
                f"{path}: holds more than tensors and plain values ({foreign.group(1)}), so it is not read.",
                "Load it where you trust it, and save only its weights: torch.save({'model': state_dict}, file)",
            ) from error
        told = str(error).strip().partition("\n")[0] or type(error).__name__
        if isinstance(error, pickle.UnpicklingError):  # PyTorch's own words say how to run the file's code
            told = "it is no pickle of tensors and plain values, and nothing else is read."
        raise ActScribeError(f"{path}: cannot be read as a PyTorch checkpoint: {told}", "Copy it again.") from error
    state = content.get("model", content) if isinstance(content, dict) else None
    if not isinstance(state, dict) or not state or not all(map(_is_named_tensor, state.items())):
        raise ActScribeError(f"{path}: expected a dictionary of tensors, or one under 'model', found none.")
    return {name.removeprefix("module."): value for name, value in state.items()}


def _is_named_tensor(entry: tuple[object, object]) -> bool:
    return isinstance(entry[0], str) and isinstance(entry[1], Tensor)


def to_transformers(state: dict[str, Tensor], base: CLIPModel, path: Path) -> dict[str, Tensor]:
    """Return published tensors under transformers' names, float32, with the base's token embeddings.

    Args:
        state: as `read_published` gives it.
        base: the CLIP that training started from.
        path: of the file, for messages.

    Raises:
        ActScribeError: prompts were learned, or a tensor is missing, unknown or of another size.
    """
    prompted = [name for name in state if any(part in name for part in _PROMPTED)]
    if prompted:
        raise ActScribeError(
            f"{path}: this run learned prompts ({prompted[0]}), which is another network than ViFi-CLIP fine-tuned.",
            "Use a checkpoint of full fine-tuning.",
        )
    found = {_TOKEN_EMBEDDING: base.get_parameter(_TOKEN_EMBEDDING).detach()}
    for name, value in state.items():
        if name not in _IGNORED:
            found.update(_renamed(name, value.float(), path))
    wanted = base.state_dict()
    missing, unknown = sorted(wanted.keys() - found.keys()), sorted(found.keys() - wanted.keys())
    if missing or unknown:
        words = [f"{len(missing)} tensors are missing, first {missing[0]}"] if missing else []
        words += [f"{len(unknown)} are unknown, first {unknown[0]}"] if unknown else []
        raise ActScribeError(f"{path}: {'; '.join(words)}.", "Is it a ViFi-CLIP of the same CLIP as the base?")
    for name, value in found.items():
        if value.shape != wanted[name].shape:
            raise ActScribeError(
                f"{path}: {name} has shape {tuple(value.shape)}, the base's has {tuple(wanted[name].shape)}.",
                "Choose the CLIP that training started from as the base.",
            )
    return found


def _renamed(name: str, value: Tensor, path: Path) -> dict[str, Tensor]:
    if name in _NAMES:
        return {_NAMES[name]: value}
    if name in _TURNED and value.ndim == 2:
        return {_TURNED[name]: value.t().contiguous()}
    part = next((part for part in _PARTS if name.startswith(part)), None)
    if part is None:
        shape = f" of shape {tuple(value.shape)}" if name in _TURNED else ""
        raise ActScribeError(
            f"{path}: {name}{shape} is no tensor of a ViFi-CLIP.", "Use a published ViFi-CLIP checkpoint."
        )
    renamed = _PARTS[part] + name.removeprefix(part)
    for old, new in _IN_BLOCK.items():
        renamed = renamed.replace(old, new)
    whole, joined, kind = renamed.partition(".attn.in_proj_")
    if not joined:
        return {renamed: value}
    if not value.ndim or len(value) % 3:
        raise ActScribeError(
            f"{path}: {name} has shape {tuple(value.shape)}, expected queries, keys and values in one."
        )
    names = [f"{whole}.self_attn.{which}_proj.{kind}" for which in "qkv"]
    return dict(zip(names, (third.clone() for third in value.chunk(3)), strict=True))
