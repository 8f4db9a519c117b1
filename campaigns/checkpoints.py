"""Hostile checkpoint folders: configurations, tokenizers, chat templates, weights that lie, code that wants to run."""

from __future__ import annotations

import json
import shutil
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from campaigns import kit
from campaigns.campaign import Campaign, Case, Verdict
from campaigns.commands import MODULES, actscribe
from campaigns.jobs import LIMIT
from campaigns.worker import note_group

#: Recognizer -> folder of its checkpoint in the study.
RECOGNIZERS = {"timesformer": "tiny", "clip": "clip", "vlm-yesno": "vlm"}
#: A file that code in a checkpoint makes when it runs.
PWNED = "pwned"
VALUES: tuple[Any, ...] = (
    *(0, -1, 1, 3, 7, 10**9, 10**12, 2**63, 1e308, float("nan"), float("inf"), 0.5, "", "x", "1", None, True, False),
    *([], {}, [1, 2], [0] * 100, {"a": 1}, "../../../etc/passwd", "http://192.0.2.1/model", "a" * 10000),
)


@dataclass(frozen=True, slots=True)
class Hostility:
    """A change to a checkpoint.

    Args:
        change: makes it in a folder, and says what it was; the second path is the file that code must not make.
        must: "refuse"; "refuse or be the same"; "be sound", where the change may be another honest model.
    """

    change: Callable[[Path, Path, np.random.Generator], str]
    must: str


def prepare(sources: Path) -> None:
    """Make a study with three checkpoints and note the scores of each."""
    kit.study(sources / "study", ("timesformer", "vlm-yesno", "clip"))
    for name in RECOGNIZERS:
        words = ("train", "study", "--recognizer", name, "--out", f"run-{name}")
        ended = actscribe(words, sources / "log", folder=sources, cache=sources / "cache", seconds=60)
        if ended.code != 0:
            raise SystemExit(f"{name}: {ended.last_words}")


def attempt(case: Case) -> Verdict:
    """Change a checkpoint and train or set up a recognizer from it."""
    name = list(RECOGNIZERS)[case.number % len(RECOGNIZERS)]
    kind = list(KINDS)[case.number // len(RECOGNIZERS) % len(KINDS)]
    hostility = KINDS[kind]
    group = note_group(case, f"{name}: {kind}")
    for folder in ("study", "cache"):
        shutil.copytree(case.sources / folder, case.folder / folder)
    checkpoint = case.folder / "study" / RECOGNIZERS[name]
    change = hostility.change(checkpoint, case.folder / PWNED, case.rng)
    words = ("train", "study", "--recognizer", name, "--out", "run")
    ended = actscribe(words, case.folder / "log", folder=case.folder, cache=case.folder / "cache", seconds=LIMIT)
    if (case.folder / PWNED).exists():
        return Verdict(group, "code ran", True, change)
    if ended.problem or (ended.code and "Error: " not in ended.text):
        return Verdict(group, ended.problem or "no sentence", True, f"{change}: {ended.last_words}")
    if ended.code:
        return Verdict(group, "refused", detail=f"{change}: {ended.last_words}")
    same = _scores(case.folder / "run") == _scores(case.sources / f"run-{name}")
    if hostility.must == "refuse" or (hostility.must == "refuse or be the same" and not same):
        return Verdict(group, "silently wrong" if not same else "accepted", True, f"{change}: {ended.last_words}")
    if not all(np.isfinite(value) and 0 <= value <= 1 for value in _scores(case.folder / "run")):
        return Verdict(group, "unsound scores", True, change)
    return Verdict(group, "the same scores" if same else "other scores", detail=change)


def value(folder: Path, pwned: Path, rng: np.random.Generator) -> str:
    """Another value for one key of a JSON file, or none."""
    file = _json_file(folder, rng)
    whole = json.loads(file.read_text(encoding="utf-8"))
    holder, key = _some_entry(whole, rng)
    if rng.random() < 0.2:
        del holder[key]
        new_value = "gone"
    else:
        holder[key] = VALUES[rng.integers(len(VALUES))]
        new_value = repr(holder[key])[:40]
    file.write_text(json.dumps(whole), encoding="utf-8")
    return f"{file.name} {key}: {new_value}"


def template(folder: Path, pwned: Path, rng: np.random.Generator) -> str:
    """A chat template that never ends, breaks out, or is none."""
    templates = (
        "{% for i in range(100000000000) %}{% endfor %}",
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ cycler.__init__.__globals__.os.system('touch " + str(pwned) + "') }}",
        "{% for m in messages %}{{ m.content }}",
        "{{ 1 / 0 }}",
        "",
        "{{ 'x' * 10000000000 }}",
        "{{ raise_exception('no') }}",
        "{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}",
    )
    chosen = templates[rng.integers(len(templates))]
    for file in folder.glob("*chat_template*"):
        file.unlink()
    (folder / "chat_template.jinja").write_text(chosen, encoding="utf-8")
    return f"chat template {chosen[:50]!r}"


def names(folder: Path, pwned: Path, rng: np.random.Generator) -> str:
    """Weights under other names."""
    header, data = _weights(folder)
    some = _some_of(header, rng)
    for key in some:
        header[("model.", "net.", "x")[rng.integers(3)] + key] = header.pop(key)
    _write_weights(folder, header, data)
    return f"{len(some)} of {len(header)} weights renamed"


def lost(folder: Path, pwned: Path, rng: np.random.Generator) -> str:
    """Weights that are not there."""
    header, data = _weights(folder)
    some = _some_of(header, rng)
    for key in some:
        del header[key]
    _write_weights(folder, header, data)
    return f"{len(some)} weights gone, such as {some[0]}"


def shapes(folder: Path, pwned: Path, rng: np.random.Generator) -> str:
    """A weight of another shape."""
    header, data = _weights(folder)
    wide = [key for key in _body(header) if len(header[key]["shape"]) > 1]
    key = wide[rng.integers(len(wide))]
    one = header[key]
    one["shape"] = [1, int(np.prod(one["shape"]))]
    _write_weights(folder, header, data)
    return f"{key} of shape {one['shape']}"


def header_lies(folder: Path, pwned: Path, rng: np.random.Generator) -> str:
    """A safetensors header that claims terabytes, points elsewhere, or is none."""
    file = folder / "model.safetensors"
    whole = file.read_bytes()
    header, data = _weights(folder)
    key = list(header)[rng.integers(len(header))]
    lies: dict[str, bytes] = {
        "a header of terabytes": struct.pack("<Q", 2**42) + whole[8:],
        "a header of minus one": b"\xff" * 8 + whole[8:],
        "a tensor of terabytes": _packed({**header, key: {**header[key], "shape": [2**42]}}, data),
        "offsets of terabytes": _packed({**header, key: {**header[key], "data_offsets": [0, 2**42]}}, data),
        "offsets that overlap": _packed({**header, key: {**header[key], "data_offsets": [0, 4]}}, data),
        "an unknown number type": _packed({**header, key: {**header[key], "dtype": "F3"}}, data),
        "no JSON": struct.pack("<Q", 100) + b"{" * 100 + data,
        "deep JSON": struct.pack("<Q", 200_000) + b'{"a":' * 40_000 + data,
        "cut": whole[: int(rng.integers(1, len(whole)))],
        "empty": b"",
        "a pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 999\n",
    }
    what = list(lies)[rng.integers(len(lies))]
    file.write_bytes(lies[what])
    return what


def code(folder: Path, pwned: Path, rng: np.random.Generator) -> str:
    """Python that a configuration names, and pickled weights that run a command."""
    if rng.random() < 0.5:
        body = f"open({str(pwned)!r}, 'w')\nclass Made: pass\n"
        (folder / "modeling_made.py").write_text(body, encoding="utf-8")
        file = folder / "config.json"
        whole = json.loads(file.read_text(encoding="utf-8"))
        whole["auto_map"] = dict.fromkeys(("AutoConfig", "AutoModel", "AutoProcessor"), "modeling_made.Made")
        if rng.random() < 0.5:
            whole["model_type"] = "made"
        file.write_text(json.dumps(whole), encoding="utf-8")
        return f"auto_map, model type {whole['model_type']}"
    command = f"touch {pwned}"
    pickled = b"cposix\nsystem\n(V" + command.encode() + b"\ntR."
    ending = ("pytorch_model.bin", "model.pth", "pytorch_model.bin.index.json")[rng.integers(3)]
    (folder / ending).write_bytes(pickled)
    if rng.random() < 0.7:
        (folder / "model.safetensors").unlink()
        return f"{ending} alone"
    return f"{ending} beside"


def quantizer(folder: Path, pwned: Path, rng: np.random.Generator) -> str:
    """A quantization that is not installed."""
    file = folder / "config.json"
    whole = json.loads(file.read_text(encoding="utf-8"))
    method = str(rng.choice(["gptq", "awq", "bitsandbytes", "aqlm", "made"]))
    whole["quantization_config"] = {"quant_method": method, "bits": 4, "load_in_4bit": True}
    file.write_text(json.dumps(whole), encoding="utf-8")
    return f"quantized by {method}"


def half_copied(folder: Path, pwned: Path, rng: np.random.Generator) -> str:
    """A folder of which a file is missing, or another thing."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    file = files[rng.integers(len(files))]
    file.unlink()
    if rng.random() < 0.3:
        file.mkdir()
    return f"without {file.name}"


def index(folder: Path, pwned: Path, rng: np.random.Generator) -> str:
    """Weights in pieces, of which the index names others."""
    header, _ = _weights(folder)
    places = ("../../../../etc/passwd", "gone.safetensors", "/dev/zero", "model.safetensors.index.json")
    target = str(rng.choice(places))
    (folder / "model.safetensors").unlink()
    whole = {"metadata": {"total_size": 2**42}, "weight_map": dict.fromkeys(header, target)}
    (folder / "model.safetensors.index.json").write_text(json.dumps(whole), encoding="utf-8")
    return f"an index that names {target}"


KINDS = {
    "values": Hostility(value, "be sound"),
    "more values": Hostility(value, "be sound"),
    "chat template": Hostility(template, "be sound"),
    "renamed weights": Hostility(names, "refuse or be the same"),
    "lost weights": Hostility(lost, "refuse"),
    "other shapes": Hostility(shapes, "refuse"),
    "lying header": Hostility(header_lies, "refuse"),
    "code": Hostility(code, "refuse or be the same"),
    "quantized": Hostility(quantizer, "refuse"),
    "half copied": Hostility(half_copied, "refuse or be the same"),
    "lying index": Hostility(index, "refuse"),
}


def _scores(run: Path) -> list[float]:
    import pandas as pd

    table = pd.read_parquet(run / "scores-validation.parquet")
    return [float(one) for name in table if name.startswith("score: ") for one in table[name]]


def _json_file(folder: Path, rng: np.random.Generator) -> Path:
    files = sorted(path for path in folder.glob("*.json") if "vocab" not in path.name)
    configs = [path for path in files if path.name in ("config.json", "preprocessor_config.json")]
    chosen = configs if rng.random() < 0.7 else files
    return chosen[rng.integers(len(chosen))]


def _some_entry(whole: Any, rng: np.random.Generator) -> tuple[Any, Any]:
    """Return a list or dict anywhere in a JSON value, and a key of it."""
    places: list[tuple[Any, Any]] = []
    waiting = [whole]
    while waiting and len(places) < 2000:
        holder = waiting.pop(0)
        for key in list(holder) if isinstance(holder, dict) else range(len(holder)):
            places.append((holder, key))
            if isinstance(holder[key], (dict, list)) and holder[key]:
                waiting.append(holder[key])
    return places[rng.integers(len(places))]


def _weights(folder: Path) -> tuple[dict[str, Any], bytes]:
    data = (folder / "model.safetensors").read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + size])
    header.pop("__metadata__", None)
    return header, data[8 + size :]


def _packed(header: dict[str, Any], data: bytes) -> bytes:
    text = json.dumps({"__metadata__": {"format": "pt"}, **header}).encode()
    return struct.pack("<Q", len(text)) + text + data


def _write_weights(folder: Path, header: dict[str, Any], data: bytes) -> None:
    """Write weights, with their bytes repacked: the format allows no holes."""
    packed, body = {}, b""
    for key, one in header.items():
        first, last = one["data_offsets"]
        packed[key] = {**one, "data_offsets": [len(body), len(body) + last - first]}
        body += data[first:last]
    (folder / "model.safetensors").write_bytes(_packed(packed, body))


def _body(header: dict[str, Any]) -> list[str]:
    """Return the weights that are not head's, whose absence is usual."""
    return [key for key in header if "classifier" not in key and "lm_head" not in key and "position_ids" not in key]


def _some_of(header: dict[str, Any], rng: np.random.Generator) -> list[str]:
    keys = _body(header)
    count = int(rng.choice([1, 2, len(keys) // 2, len(keys)]))
    return [str(key) for key in rng.choice(keys, count, replace=False)]


CAMPAIGN = Campaign(
    name="checkpoints",
    about="Checkpoint folders of TimeSformer, CLIP and a vision-language model with other values, templates, weights"
    " and headers, and with code in them.",
    oracle="a sentence, or sound scores where the change may be an honest model; never random weights, never foreign"
    " code, within the bounds of time and memory.",
    short=33,
    full=330,
    prepare=prepare,
    attempt=attempt,
    modules=MODULES,
    seconds=2 * LIMIT,
)
