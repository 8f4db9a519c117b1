"""Every weight finds its place or the load is refused: for every loader, every kind of checkpoint that does not fit."""

from __future__ import annotations

import json
import re
import resource
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import tiny_dual_encoders
import tiny_vlms
import torch
from safetensors.torch import load_file, save_file
from tiny_judge import tiny_judge
from tiny_models import tiny_timesformer
from torch import Tensor
from transformers import TimesformerForVideoClassification

from actscribe.errors import ActScribeError
from actscribe.models import checkpoint_files
from actscribe.models.dual_encoder.loading import changes as dual_changes
from actscribe.models.dual_encoder.loading import load_backbone
from actscribe.models.judge import load_judge
from actscribe.models.loading import fill, load_part, load_weights
from actscribe.models.loading_report import LoadingReport
from actscribe.models.video_classifier import changes, load_classifier, load_saved
from actscribe.models.vlm import load_vlm

Weights = dict[str, Tensor]
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a21\nsize 12345\n"

BUILD: dict[str, Callable[[Path], Path]] = {
    "timesformer": tiny_timesformer,
    "clip": lambda folder: tiny_dual_encoders.write(tiny_dual_encoders.clip_model(), folder),
    "x-clip": lambda folder: tiny_dual_encoders.write(tiny_dual_encoders.xclip_model(4), folder),
    "judge": tiny_judge,
    **{family: lambda folder, family=family: tiny_vlms.build(family, folder) for family in tiny_vlms.FAMILIES},
}
LOADERS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "timesformer": ("timesformer", lambda folder: load_classifier(folder, ("A", "B"), 4)),
    "saved timesformer": ("timesformer", lambda folder: load_saved(Path(folder))),
    "clip": ("clip", lambda folder: load_backbone("clip", folder, 4)),
    "vifi-clip": ("clip", lambda folder: load_backbone("vifi-clip", folder, 4)),
    "x-clip": ("x-clip", lambda folder: load_backbone("x-clip", folder, 4)),
    "judge": ("judge", load_judge),
    **{family: (family, load_vlm) for family in tiny_vlms.FAMILIES},
}


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {name: build(tmp_path_factory.mktemp("made") / name) for name, build in BUILD.items()}


@pytest.fixture(params=list(LOADERS))
def loader(
    request: pytest.FixtureRequest, originals: dict[str, Path], tmp_path: Path
) -> tuple[Path, Callable[[str], Any]]:
    kind, load = LOADERS[request.param]
    return Path(shutil.copytree(originals[kind], tmp_path / "copy")), load


def change(folder: Path, changed: Callable[[Weights], Weights]) -> None:
    path = folder / "model.safetensors"
    save_file(changed(load_file(path)), path, metadata={"format": "pt"})


def edit(path: Path, **values: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def body(weights: Weights) -> str:
    """Return the name of a matrix in the middle of the network."""
    return next(name for name, value in weights.items() if value.ndim == 2 and re.search("mlp|intermediate", name))


def test_weights_by_other_names_are_refused(loader: tuple[Path, Callable[[str], Any]]) -> None:
    folder, load = loader
    load(str(folder))  # whole, it loads
    change(
        folder, lambda weights: {name.replace(".layer", ".block").replace("_", "-"): v for name, v in weights.items()}
    )
    with pytest.raises(
        ActScribeError, match=r"weights are missing, first .*; \d+ weights are unexpected, first "
    ) as caught:
        load(str(folder))
    assert "saved by another library" in caught.value.message
    assert "Copy the folder again" in caught.value.hint


def test_one_missing_one_unknown_and_one_of_another_shape_are_refused(
    loader: tuple[Path, Callable[[str], Any]],
) -> None:
    folder, load = loader
    whole = load_file(folder / "model.safetensors")
    name = body(whole)
    for weights, message in (
        ({key: value for key, value in whole.items() if key != name}, "1 weight is missing, first "),
        (whole | {"more.weight": torch.ones(2)}, "1 weight is unexpected, first "),
        (whole | {name: whole[name][:-1].contiguous()}, "1 weight is of another shape, first "),
    ):
        save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
        with pytest.raises(ActScribeError, match=message):
            load(str(folder))


def test_weights_that_are_no_numbers_are_refused(loader: tuple[Path, Callable[[str], Any]]) -> None:
    folder, load = loader
    whole = load_file(folder / "model.safetensors")
    name = body(whole)
    for value in (float("nan"), float("inf"), -float("inf")):
        bad = whole[name].clone()
        bad[0, 0] = value
        save_file(whole | {name: bad}, folder / "model.safetensors", metadata={"format": "pt"})
        with pytest.raises(ActScribeError, match="1 weight is NaN or infinite somewhere"):
            load(str(folder))
    empty = {key: torch.zeros_like(value) for key, value in whole.items()}
    save_file(empty, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ActScribeError, match="matrices hold nothing but zeros"):
        load(str(folder))


def test_files_that_are_not_what_they_seem_are_refused(loader: tuple[Path, Callable[[str], Any]]) -> None:
    folder, load = loader
    weights, config = folder / "model.safetensors", folder / "config.json"
    whole, values = weights.read_bytes(), config.read_text()

    def refused(match: str) -> None:
        with pytest.raises(ActScribeError, match=match):
            load(str(folder))
        weights.write_bytes(whole)
        config.write_text(values)

    for kept, message in (
        (0, "not a safetensors file"),
        (5, "not a safetensors file"),
        (30, "cut short"),
        (len(whole) - 1, "cut short"),
    ):
        weights.write_bytes(whole[:kept])
        refused(rf"model\.safetensors: is {message}")
    weights.write_bytes(whole + b"\0")
    refused(r"model\.safetensors: is damaged: [\d\u202f]+ bytes where its header lists [\d\u202f]+ bytes")
    weights.write_bytes(whole[:8] + b"\xff" + whole[9:])
    refused(r"model\.safetensors: is damaged: its header cannot be read")
    weights.write_text(POINTER)
    refused(r"model\.safetensors: is a Git LFS pointer")
    config.write_text(POINTER)
    refused(r"config\.json: is a Git LFS pointer")
    for text in ("", "[]", "null", "3", '{"rms_norm_eps": NaN}', '{"model_type"', "\udcff", "[" * 100_000):
        config.write_text(text, errors="surrogateescape")
        refused(r"config\.json: cannot be read")
    edit(config, auto_map={"AutoModel": "modeling_own.OwnModel"})
    refused(r"config\.json: asks to run code of its own \(auto_map")
    for method in ("gptq", "no-such-method"):
        edit(config, quantization_config={"quant_method": method, "bits": 4})
        refused(r"config\.json: the weights are quantized")
    edit(config, quantization_config="all of them")
    refused(r"config\.json: the weights are quantized")
    edit(config, model_type="bert")
    refused("is a bert|does not fit|do not fit|cannot be loaded")
    weights.rename(folder / "pytorch_model.bin")
    with pytest.raises(
        ActScribeError, match=r"pytorch_model\.bin: a pickle can run code and is never loaded"
    ) as caught:
        load(str(folder))
    assert "save_pretrained" in caught.value.hint


def split(folder: Path) -> dict[str, str]:
    """Make two shards with an index of a folder's weights."""
    whole = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    names = sorted(whole)
    halves = (names[: len(names) // 2], names[len(names) // 2 :])
    files = {name: f"model-0000{n + 1}-of-00002.safetensors" for n, half in enumerate(halves) for name in half}
    for half in halves:
        save_file({name: whole[name] for name in half}, folder / files[half[0]], metadata={"format": "pt"})
    size = sum(value.nbytes for value in whole.values())
    (folder / "model.safetensors.index.json").write_text(
        json.dumps({"metadata": {"total_size": size}, "weight_map": files})
    )
    return files


def test_shards_are_all_there_or_the_load_is_refused(loader: tuple[Path, Callable[[str], Any]]) -> None:
    folder, load = loader
    files = split(folder)
    load(str(folder))
    index, second = folder / "model.safetensors.index.json", folder / "model-00002-of-00002.safetensors"
    whole = index.read_text()
    for text in (
        "",
        "[]",
        '{"weight_map": []}',
        '{"weight_map": {"a": "../b.safetensors"}}',
        '{"weight_map": {"a": 3}}',
    ):
        index.write_text(text)
        with pytest.raises(
            ActScribeError, match=r"model\.safetensors\.index\.json: (cannot be read|expected weight_map)"
        ):
            load(str(folder))
    index.write_text(
        json.dumps({"metadata": {}, "weight_map": dict.fromkeys(files, "model-00001-of-00002.safetensors")})
    )
    with pytest.raises(ActScribeError):  # the index hides a shard
        load(str(folder))
    index.write_text(whole)
    bytes_of_second = second.read_bytes()
    second.write_bytes(bytes_of_second[:-3])
    with pytest.raises(ActScribeError, match=r"model-00002-of-00002\.safetensors: is cut short"):
        load(str(folder))
    second.unlink()
    with pytest.raises(ActScribeError, match=r"missing model-00002-of-00002\.safetensors"):
        load(str(folder))


def test_what_a_checkpoint_seems_to_be_is_said(tmp_path: Path) -> None:
    def message_of(changed: Callable[[Weights], Weights] = dict, **config: object) -> str:
        folder = tiny_timesformer(tmp_path)
        edit(folder / "config.json", **config)
        change(folder, changed)
        with pytest.raises(ActScribeError) as caught:
            load_classifier(str(folder), ("A", "B"), 4)
        return caught.value.message

    def wrapped(weights: Weights) -> Weights:
        return {f"module.backbone.{name}": value for name, value in weights.items()}

    def shallow(weights: Weights) -> Weights:
        return {name: value for name, value in weights.items() if "layer.1." not in name}

    assert "names all begin with 'module.backbone.'" in message_of(wrapped)
    assert "All of them are of layer 1: config.json describes a deeper network" in message_of(shallow)
    assert "All of them are of layer 1: config.json describes a shallower network" in message_of(num_hidden_layers=1)
    assert "It was made for 4 frames, config.json says 8." in message_of(num_frames=8)
    assert "It was made for 5 places in a picture: another picture size, config.json says 17." in message_of(
        image_size=64
    )
    assert "Its size is not that of config.json" in message_of(intermediate_size=32)


def test_a_published_timesformer_gets_a_new_head_which_is_no_news_and_resized_positions_are(tmp_path: Path) -> None:
    folder = tiny_timesformer(tmp_path, labels=400)
    original = TimesformerForVideoClassification.from_pretrained(folder).state_dict()
    model, _ = load_classifier(str(folder), ("A", "B"), 4)
    for name, value in model.model.state_dict().items():
        assert name.startswith("classifier.") or torch.equal(value, original[name])
    assert changes(str(folder), 4) == []
    assert changes(str(folder), 8) == [f"the positions of '{folder}' for 4 frames were resized to 8"]
    change(folder, lambda weights: {name: v for name, v in weights.items() if not name.startswith("classifier")})
    load_classifier(str(folder), ("A", "B"), 4)  # a body alone
    with pytest.raises(ActScribeError, match=r"2 weights are missing, first classifier.bias, classifier.weight"):
        load_saved(folder)


def test_resized_positions_of_x_clip_are_said(originals: dict[str, Path]) -> None:
    folder = str(originals["x-clip"])
    assert dual_changes("x-clip", folder, 4) == []
    assert dual_changes("x-clip", folder, 6) == [f"the positions of '{folder}' for 4 frames were resized to 6"]
    assert dual_changes("clip", str(originals["clip"]), 6) == []


def test_a_missing_quantizer_names_its_package(originals: dict[str, Path], tmp_path: Path, monkeypatch: Any) -> None:
    folder = Path(shutil.copytree(originals["smolvlm"], tmp_path / "copy"))
    edit(folder / "config.json", quantization_config={"quant_method": "bitsandbytes", "load_in_4bit": True})
    monkeypatch.setattr(checkpoint_files.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ActScribeError, match="quantized by bitsandbytes, which cannot be read here") as caught:
        load_vlm(folder)
    assert "pip install bitsandbytes" in caught.value.hint


@pytest.mark.parametrize(
    ("kind", "part", "changes", "message"),
    [
        ("timesformer", "", {"num_hidden_layers": 10**9}, r"num_hidden_layers is 1000000000, expected at most 2000"),
        ("timesformer", "", {"intermediate_size": 10**9}, r"config\.json: lists \d+ weights"),
        ("smolvlm", "text_config", {"vocab_size": 10**9}, r"config\.json: lists \d+ weights"),
        ("qwen3_vl", "vision_config", {"depth": 10**9}, r"depth is 1000000000"),
        ("judge", "", {"intermediate_size": 10**8}, r"config\.json: lists \d+ weights"),
        ("clip", "vision_config", {"intermediate_size": 10**9}, r"config\.json: lists \d+ weights"),
        ("smolvlm", "", {"image_token_id": 3}, r"config\.json puts token 3 where the image goes, the processor \d+"),
        ("timesformer", "", {"architectures": True}, r"its config\.json says True"),
    ],
)
def test_configurations_beyond_their_files_take_no_memory(
    originals: dict[str, Path], tmp_path: Path, kind: str, part: str, changes: dict[str, Any], message: str
) -> None:
    folder = Path(shutil.copytree(originals[kind], tmp_path / "copy"))
    values = json.loads((folder / "config.json").read_text())
    (values[part] if part else values).update(changes)
    (folder / "config.json").write_text(json.dumps(values))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ActScribeError, match=message):
        LOADERS[kind][1](str(folder))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 2**19  # KiB


def test_a_panic_of_another_library_is_a_sentence(
    originals: dict[str, Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    class Panic(BaseException):
        pass

    class Broken:
        @classmethod
        def from_pretrained(cls, folder: Path, **options: object) -> object:
            raise Panic("range end index 9 out of range")

    for call in (
        lambda: load_part(Broken, tmp_path, "made", "tokenizer"),
        lambda: load_weights(Broken, tmp_path, "made"),
    ):
        (tmp_path / "config.json").write_text("{}")
        with pytest.raises(ActScribeError, match="range end index 9"):
            call()


def test_tables_that_are_computed_today_may_be_in_a_file(originals: dict[str, Path], tmp_path: Path) -> None:
    folder = Path(shutil.copytree(originals["clip"], tmp_path / "copy"))
    table = torch.arange(17)[None]
    change(folder, lambda weights: weights | {"vision_model.embeddings.position_ids": table})
    load_backbone("clip", str(folder), 4)


@pytest.mark.parametrize("name", ["tokenizer.json", "tokenizer_config.json", "processor_config.json"])
@pytest.mark.parametrize(
    "text", ["", "[]", "null", '{"a"', '{"version": "1.0"}', '{"model": {"type": "BPE"}}', POINTER]
)
def test_broken_tokenizers_and_processors_are_sentences(
    originals: dict[str, Path], tmp_path: Path, name: str, text: str
) -> None:
    for kind, load in (("smolvlm", load_vlm), ("judge", load_judge)):
        folder = Path(shutil.copytree(originals[kind], tmp_path / kind))
        if not (folder / name).is_file():
            continue
        (folder / name).write_text(text)
        with suppress(ActScribeError):  # what a file leaves open has a default in transformers
            load(str(folder))


def test_files_of_ours_hold_every_tensor_and_no_other(tmp_path: Path) -> None:
    module, path = torch.nn.Linear(3, 2), tmp_path / "head.safetensors"
    good = {"weight": torch.ones(2, 3), "bias": torch.zeros(2)}
    save_file(good, path)
    fill(module.state_dict(), path)
    assert torch.equal(module.weight.detach(), good["weight"])
    whole = path.read_bytes()
    for wrong, message in (
        ({"weight": good["weight"]}, "1 weight is missing, first bias"),
        (good | {"more": torch.ones(1)}, "1 weight is unexpected, first more"),
        (good | {"bias": torch.ones(3)}, r"first bias of shape \[3\] in place of \[2\]"),
        (good | {"bias": torch.tensor([0.0, float("nan")])}, "NaN or infinite"),
    ):
        save_file(wrong, path)
        with pytest.raises(ActScribeError, match=rf"head\.safetensors: .*{message}"):
            fill(module.state_dict(), path)
    for content in (whole[:-1], b"", POINTER.encode(), whole[:20]):
        path.write_bytes(content)
        with pytest.raises(ActScribeError, match=r"head\.safetensors: is "):
            fill(module.state_dict(), path)
    path.unlink()
    for _ in range(2):
        with pytest.raises(ActScribeError, match=r"head\.safetensors: cannot be read"):
            fill(module.state_dict(), path)
        path.mkdir(exist_ok=True)
    assert torch.equal(module.weight.detach(), good["weight"])


def test_a_report_counts_what_is_left() -> None:
    info = {
        "missing_keys": {"head.weight", "b", "a"},
        "unexpected_keys": {"x.position_ids"},
        "mismatched_keys": {("head.bias", (3,), (2,))},
        "error_msgs": [],
    }
    report = LoadingReport.of(info)
    LoadingReport.of(info | {"missing_keys": set()}).require("here", "do", ("head.",))
    with pytest.raises(
        ActScribeError, match=r"here: 2 weights are missing, first a, b. It holds only a part"
    ) as caught:
        report.require("here", "do", ("head.",))
    assert caught.value.hint == "do"
