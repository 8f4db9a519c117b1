"""The one way from a checkpoint folder to transformers' objects: never over the network, a pickle or foreign code.

What goes wrong is one sentence that names the folder: transformers stumbles over damaged files in every way there is.
"""

from __future__ import annotations

import io
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, nullcontext, redirect_stderr
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors.torch import load_file
from torch import Tensor

from actscribe.counts import counted
from actscribe.errors import ActScribeError, in_one_line
from actscribe.models.checkpoint_files import check_quantizer, damage, is_pointer, not_fetched, read_json, shards
from actscribe.models.loading_report import LoadingReport, check_filled, check_finite
from actscribe.models.quiet import quiet

#: Letters of another library's words that a message carries.
MOST_WORDS = 400
#: Layers of a network; the deepest today have fewer than two hundred.
MOST_LAYERS = 2000
_ALONE = {"local_files_only": True, "trust_remote_code": False}


def again(name: str) -> str:
    """Return what to do about a damaged checkpoint."""
    pull = "" if Path(name).exists() else f", or type: actscribe models pull {name}"
    return f"Copy the folder again from where the checkpoint came from{pull}"


def read_config(folder: Path, name: str, kinds: Collection[str], able: bool = False) -> dict[str, Any]:
    """Return the values of config.json.

    Args:
        folder: of the checkpoint.
        name: as the user named it.
        kinds: values of `model_type` that will do; empty: any.
        able: whether quantized weights will do.

    Raises:
        ActScribeError: it is not there, damaged, of another kind, or of weights that cannot be read here.
    """
    path = folder / "config.json"
    values = read_json(path, again(name))
    kind = values.get("model_type")
    if kinds and kind not in kinds:
        raise ActScribeError(f"'{name}' is a {kind}, expected a {' or '.join(sorted(kinds))}.", f"See {path}.")
    check_quantizer(values, path, able)
    return values


def load_weights(build: Any, folder: Path, name: str, fresh: Collection[str] = (), **options: Any) -> Any:
    """Return transformers' model with every weight from the folder.

    Args:
        build: a class of transformers with `from_pretrained`.
        folder: of the checkpoint.
        name: as the user named it.
        fresh: beginnings of the names of weights that the caller replaces: they may be missing or of another shape.
        options: for `from_pretrained`.

    Raises:
        ActScribeError: the weights cannot be read, do not fit, or are not numbers; see `LoadingReport.require`.
    """
    hint = again(name)
    if "gguf_file" not in options:
        _check_scale(build, folder, hint)
    reading = options if "gguf_file" in options else {"use_safetensors": True, **options}
    try:
        with _silent("gguf_file" in options):
            model, info = build.from_pretrained(
                folder, output_loading_info=True, ignore_mismatched_sizes=True, **_ALONE, **reading
            )
    except BaseException as error:
        _reraise_orders(error)
        raise ActScribeError(
            f"{folder}: the weights of '{name}' cannot be loaded as its config.json says: {error_text(error)}", hint
        ) from error
    LoadingReport.of(info).require(f"{folder}: the weights do not fit config.json", hint, fresh)
    held = {key: value for key, value in model.named_parameters() if not key.startswith(tuple(fresh))}
    check_finite(held, str(folder), hint)
    check_filled(held, str(folder), hint)
    return model


def load_part(build: Any, folder: Path, name: str, what: str, **options: Any) -> Any:
    """Return a tokenizer, processor or configuration of a checkpoint.

    Args:
        build: a class of transformers with `from_pretrained`.
        folder: of the checkpoint.
        name: as the user named it.
        what: what the message calls it: "tokenizer", "processor", "config.json".
        options: for `from_pretrained`.

    Raises:
        ActScribeError: a file of it is missing or damaged.
    """
    try:
        with _silent("gguf_file" in options):
            part = build.from_pretrained(folder, **_ALONE, **options)
            _try_words(part)
            return part
    except BaseException as error:
        _reraise_orders(error)
        raise ActScribeError(
            f"{folder}: the {what} of '{name}' cannot be loaded: {error_text(error)}", again(name)
        ) from error


def fill(wanted: Mapping[str, Tensor], path: Path) -> None:
    """Load a safetensors file of ours into tensors, in place: every one, and no other.

    Args:
        wanted: by name, such as a module's `state_dict`.
        path: of the file.

    Raises:
        ActScribeError: the file is missing or damaged, does not fit, or holds what is not a number.
    """
    hint = "Copy the folder again, or train again."
    if is_pointer(path):
        raise not_fetched(path)
    try:
        problem = damage(path)
        tensors = {} if problem else load_file(path)
    except Exception as error:
        problem = f"cannot be read: {error_text(error)}"
    if problem:
        raise ActScribeError(f"{path}: {problem}", hint)
    LoadingReport.between(tensors, wanted).require(f"{path}: does not fit", hint)
    check_finite(tensors, str(path), hint)
    with torch.no_grad():
        for name, value in tensors.items():
            wanted[name].copy_(value)


@contextmanager
def _silent(gguf: bool) -> Iterator[None]:
    """Keep transformers' words from the terminal, and the bar that reading GGUF draws, which no setting turns off."""
    with quiet(), redirect_stderr(io.StringIO()) if gguf else nullcontext():
        yield


def _check_scale(build: Any, folder: Path, hint: str) -> None:
    """Refuse a configuration of a network beyond what the files can hold, before memory is taken for it.

    No weight takes less than two bits. A configuration that cannot be built is left to who loads it to explain.
    """
    path = folder / "config.json"
    deep = next(((key, count) for key, count in _numbers(read_json(path, hint)) if count > MOST_LAYERS), None)
    if deep:
        raise ActScribeError(f"{path}: {deep[0]} is {deep[1]}, expected at most {MOST_LAYERS}.", hint)
    try:
        with quiet(), torch.device("meta"):
            if hasattr(build, "from_config"):
                model = build.from_config(transformers.AutoConfig.from_pretrained(folder, **_ALONE))
            else:
                model = build(build.config_class.from_pretrained(folder, **_ALONE))
    except BaseException as error:
        _reraise_orders(error)
        return
    wanted, held = model.num_parameters(), sum((folder / file).stat().st_size for file in shards(folder))
    if wanted > 4 * held:
        raise ActScribeError(f"{path}: lists {wanted} weights, and the files hold only {counted(held, 'byte')}.", hint)


def _numbers(values: Any) -> Iterator[tuple[str, float]]:
    """Yield the numbers of layers anywhere in a configuration, with their keys."""
    for key, value in values.items() if isinstance(values, dict) else ():
        if isinstance(value, dict):
            yield from _numbers(value)
        elif ("layers" in key or key == "depth") and isinstance(value, (int, float)):
            yield key, value


def _try_words(part: Any) -> None:
    """Take a tokenizer, or that of a processor, through a few words: some damage shows only then."""
    tokenizer = getattr(part, "tokenizer", part)
    if hasattr(tokenizer, "encode"):
        tokenizer.decode(tokenizer.encode("Is the baby visible? Yes."))


def _reraise_orders(error: BaseException) -> None:
    """Let through what stops the program; a panic of the tokenizers' Rust is, like it, no `Exception`."""
    if isinstance(error, (KeyboardInterrupt, SystemExit, GeneratorExit)):
        raise error


def error_text(error: BaseException) -> str:
    """Return an error of another library in one line, with its kind where its words alone say little."""
    text = in_one_line(error)
    text = text if len(text) <= MOST_WORDS else f"{text[:MOST_WORDS]} ..."
    return f"{type(error).__name__}: {text}" if isinstance(error, (KeyError, ArithmeticError)) or not text else text
