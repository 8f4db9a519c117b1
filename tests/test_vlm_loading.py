"""Loading a checkpoint: from a folder, the cache or the package, never over the network, never a pickle."""

from __future__ import annotations

import json
import shutil
import socket
from pathlib import Path
from types import SimpleNamespace

import huggingface_hub
import pytest
import tiny_vlms
import torch
from huggingface_hub import constants
from huggingface_hub.utils import filter_repo_objects
from safetensors.torch import load_file, save_file

from actscribe.errors import ActScribeError
from actscribe.labels import load_label_set
from actscribe.models import catalog
from actscribe.models import device as devices
from actscribe.models.vlm import load_vlm
from actscribe.models.vlm.loading import digest, weight_dtype
from actscribe.recognizers import vlm_clients
from actscribe.recognizers.base import implementation
from actscribe.settings.recognizers.vlm import VlmYesnoSettings


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_vlms.build("smolvlm", tmp_path_factory.mktemp("smolvlm"))


@pytest.fixture
def folder(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / "copy"))


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


def into_cache(cache: Path, hub: str, folder: Path, revision: str = "abc123") -> Path:
    home = cache / f"models--{hub.replace('/', '--')}"
    (home / "refs").mkdir(parents=True, exist_ok=True)
    (home / "refs" / "main").write_text("abc123")
    return Path(shutil.copytree(folder, home / "snapshots" / revision))


def test_a_model_that_is_not_here_is_never_fetched(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, lambda self, address: asked.append(address))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *where, **more: asked.append(where))
    for name in ("nobody/nothing", "smolvlm2-500m", "no-such-model"):
        with pytest.raises(ActScribeError) as caught:
            load_vlm(name)
        assert f"Model '{name}' is neither a folder nor in the local Hugging Face cache." in caught.value.message
        way = "actscribe models list" if name == "no-such-model" else f"actscribe models pull {name}"
        assert way in caught.value.hint
    assert asked == []


def test_a_misspelt_name_gets_the_right_one(cache: Path) -> None:
    with pytest.raises(ActScribeError, match="Did you mean 'smolvlm2-500m'"):
        load_vlm("smolvlm-500m")


def test_a_pulled_model_loads_by_name_and_by_hub_id(cache: Path, original: Path) -> None:
    snapshot = into_cache(cache, "HuggingFaceTB/SmolVLM2-256M-Video-Instruct", original)
    entry = catalog.find("smolvlm2-256m")
    assert entry is not None
    assert catalog.location(entry) == "cache"
    for name in ("smolvlm2-256m", "HuggingFaceTB/SmolVLM2-256M-Video-Instruct"):
        assert catalog.checkpoint_folder(name, "vlm") == snapshot
        assert load_vlm(name).describe().digest == digest(original)


def test_a_half_downloaded_model_names_what_is_missing(cache: Path, original: Path) -> None:
    snapshot = into_cache(cache, "owner/half", original)
    (snapshot / "model.safetensors").unlink()
    weights = {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}
    (snapshot / "model.safetensors.index.json").write_text(json.dumps({"weight_map": weights}))
    (snapshot / "model-00001-of-00002.safetensors").write_bytes(b"")
    with pytest.raises(ActScribeError) as caught:
        load_vlm("owner/half")
    assert "missing model-00002-of-00002.safetensors." in caught.value.message
    assert caught.value.hint == "Type: actscribe models pull owner/half"


def test_a_pickle_is_named_and_not_loaded(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(ActScribeError, match=r"pytorch_model\.bin: a pickle can run code and is never loaded"):
        load_vlm(folder)


def test_another_kind_of_model_is_refused_with_the_families(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "model_type": "bert"}))
    with pytest.raises(ActScribeError, match="is a bert, which is not a supported family") as caught:
        load_vlm(folder)
    assert "Qwen2.5-VL (qwen2_5_vl)" in caught.value.hint


def test_a_missing_tokenizer_is_named(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()
    with pytest.raises(ActScribeError, match="the processor of"):
        load_vlm(folder)


def test_a_truncated_file_is_explained(folder: Path) -> None:
    whole = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ActScribeError, match=rf"is cut short: {len(whole) // 2} of {len(whole)} bytes"):
        load_vlm(folder)


def test_missing_weights_are_not_filled_with_random_ones(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    del weights["model.text_model.layers.1.self_attn.q_proj.weight"]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ActScribeError, match=r"1 weight is missing, first .*layers\.1\.self_attn\.q_proj"):
        load_vlm(folder)


def test_the_digest_is_of_the_content(folder: Path, original: Path) -> None:
    assert digest(folder) == digest(original)
    weights = load_file(folder / "model.safetensors")
    name = sorted(weights)[0]
    weights[name] = weights[name] + 0.5  # same names, same sizes, other values
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    assert digest(folder) != digest(original)


def test_the_digest_of_a_large_file_takes_samples_over_its_whole_length(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actscribe.models.vlm.loading.WHOLE_BYTES", 0)
    path = tmp_path / "model.safetensors"
    content = bytearray(2**21)
    path.write_bytes(content)
    before = digest(tmp_path)
    content[-1] = 1
    path.write_bytes(content)
    assert digest(tmp_path) != before


def test_weights_are_frozen_and_of_the_wanted_type(original: Path) -> None:
    vlm = load_vlm(original, dtype="bfloat16", device="cpu")
    assert {weight.dtype for weight in vlm.model.parameters()} == {torch.bfloat16}
    assert not any(weight.requires_grad for weight in vlm.model.parameters())
    assert not vlm.model.training
    assert vlm.describe().dtype == "bfloat16"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"dtype": "float8"}, "Unknown dtype 'float8'"),
        ({"device": "gpu"}, "Unknown device 'gpu'"),
        ({"quantize": "2bit"}, "Unknown quantization '2bit'"),
        ({"quantize": "4bit", "device": "cpu"}, "needs a CUDA GPU, found cpu"),
    ],
)
def test_settings_are_checked(original: Path, settings: dict[str, str], message: str) -> None:
    with pytest.raises(ActScribeError, match=message):
        load_vlm(original, **settings)


def test_pull_takes_no_pickle_and_no_code(cache: Path, original: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {}

    def fake(hub: str, **settings: object) -> str:
        asked.update(settings, hub=hub)
        return str(into_cache(cache, hub, original))

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fake)
    assert (catalog.pull("smolvlm2-500m") / "model.safetensors").is_file()
    assert asked["hub"] == "HuggingFaceTB/SmolVLM2-500M-Video-Instruct"
    offered = ["model.safetensors", "config.json", "pytorch_model.bin", "modeling.py", "model.pt", "onnx/model.json"]
    taken = filter_repo_objects(
        offered, allow_patterns=asked["allow_patterns"], ignore_patterns=asked["ignore_patterns"]
    )
    assert list(taken) == ["model.safetensors", "config.json"]


def test_pull_falls_back_to_the_hub_s_own_conversion(
    cache: Path, original: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "model.safetensors").unlink()

    def fake(hub: str, revision: str | None = None, **settings: object) -> str:
        source, name = (folder, "abc123") if revision is None else (original, "def456")
        assert revision in (None, "refs/pr/7")
        return str(into_cache(cache, hub, source, name))

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fake)
    offers = [SimpleNamespace(num=7)]
    monkeypatch.setattr(huggingface_hub, "get_repo_discussions", lambda hub, author, discussion_type: offers)
    assert catalog.pull("owner/old").name == "def456"
    assert catalog.checkpoint_folder("owner/old", "vlm").name == "def456"


def test_pull_refuses_what_exists_only_as_a_pickle(cache: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda hub, **s: str(into_cache(cache, hub, folder)))
    monkeypatch.setattr(huggingface_hub, "get_repo_discussions", lambda hub, **settings: [])
    with pytest.raises(ActScribeError, match="never loaded") as caught:
        catalog.pull("owner/pickled")
    assert "not offered as safetensors" in caught.value.hint


def test_pull_explains_a_failed_download(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(hub: str, **settings: object) -> str:
        raise OSError("connection reset")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fail)
    with pytest.raises(ActScribeError, match="could not be downloaded: connection reset"):
        catalog.pull("smolvlm2-500m")
    with pytest.raises(ActScribeError, match="neither a known model nor a hub id"):
        catalog.pull("smolvlm3")


def test_the_catalog_is_consistent(cache: Path) -> None:
    names = [entry.name for entry in catalog.ENTRIES]
    assert len(set(names)) == len(names)
    assert all(entry.licence for entry in catalog.ENTRIES)
    assert catalog.find("QWEN/qwen3-vl-2b-instruct") == catalog.find("qwen3-vl-2b")
    assert {catalog.location(entry) for entry in catalog.ENTRIES if entry.hub} == {"download"}


def test_auto_takes_bf16_where_the_device_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    labels = load_label_set("newborn_resuscitation")
    for able, expected in ((True, torch.bfloat16), (False, torch.float32)):
        for module in (devices, vlm_clients):
            monkeypatch.setattr(module, "bfloat16_pays", lambda where=None, able=able: (able, "the processor has AMX"))
        assert weight_dtype("auto", torch.device("cpu")) == expected
        notes = implementation("vlm-yesno").starting(VlmYesnoSettings(), labels, 8)  # what the run notes
        assert [("bf16" in note and "AMX" in note) for note in notes] == [True] * able
        assert implementation("vlm-yesno").starting(VlmYesnoSettings(dtype="float32"), labels, 8) == []
