"""Loading and saving dual encoders: folders, what is refused and how, the same logits after a reload."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny_dual_encoders import MEAN, PROMPTS, SIDE, STD, clip_model, videos, write, xclip_model

from actscribe.errors import ActScribeError
from actscribe.models.dual_encoder.heads import LabelHead
from actscribe.models.dual_encoder.loading import load_backbone, load_network, save_network, visual_config
from actscribe.models.dual_encoder.network import DualEncoder
from actscribe.settings.vghif import VghifConfig

VGHIF = VghifConfig(bottleneck=8, heads=2, tokens="class+pooled", time="learned")


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    clip, xclip = tmp_path_factory.mktemp("clip"), tmp_path_factory.mktemp("xclip")
    return {"clip": write(clip_model(), clip), "vifi-clip": clip, "x-clip": write(xclip_model(4), xclip)}


@pytest.mark.parametrize("name", ["clip", "vifi-clip", "x-clip"])
def test_a_folder_gives_network_tokenizer_and_its_own_statistics(folders: dict[str, Path], name: str) -> None:
    loaded = load_backbone(name, str(folders[name]), frames=4)
    assert (list(loaded.pixels.mean), list(loaded.pixels.std)) == (MEAN, STD)
    assert (loaded.pixels.size, loaded.pixels.resize_mode) == (SIDE, "crop")
    assert not any(parameter.requires_grad for parameter in loaded.backbone.parameters())
    assert not loaded.backbone.training
    original = xclip_model(4) if name == "x-clip" else clip_model()
    for key, value in original.state_dict().items():
        assert torch.equal(value, loaded.backbone.model.state_dict()[key])
    assert loaded.tokens(PROMPTS).prompts == PROMPTS


@pytest.mark.parametrize("name", ["clip", "x-clip"])
@pytest.mark.parametrize("task", ["multi-class", "multi-label"])
@pytest.mark.parametrize("vghif", [None, VGHIF])
def test_a_saved_network_scores_the_same(
    folders: dict[str, Path], tmp_path: Path, name: str, task: str, vghif: VghifConfig | None
) -> None:
    loaded = load_backbone(name, str(folders[name]), frames=6, resize_mode="stretch")
    torch.manual_seed(0)
    head = LabelHead(task, 2 if task == "multi-label" else 3, neutral=task == "multi-label")
    network = DualEncoder(loaded.backbone, loaded.tokens(PROMPTS), head, vghif, "both")
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.05)
    network.freeze()
    save_network(network, loaded, name, tmp_path)
    again, belongs = load_network(tmp_path)
    assert torch.equal(again(videos(2, 6)), network(videos(2, 6)))
    assert belongs.pixels == loaded.pixels
    assert again.prompts == PROMPTS
    assert not any(parameter.requires_grad for parameter in again.parameters())
    assert {file.suffix for file in tmp_path.rglob("*") if file.is_file()} <= {".safetensors", ".json"}


def test_a_network_that_does_not_fit_its_description_is_refused(folders: dict[str, Path], tmp_path: Path) -> None:
    loaded = load_backbone("clip", str(folders["clip"]), 4)
    head = LabelHead("multi-label", 3)
    save_network(DualEncoder(loaded.backbone, loaded.tokens(PROMPTS), head, VGHIF), loaded, "clip", tmp_path)
    path, whole = tmp_path / "added.safetensors", load_file(tmp_path / "added.safetensors")
    save_file({name: value for name, value in whole.items() if name != "head.bias"}, path)
    with pytest.raises(ActScribeError, match=r"added.safetensors: does not fit: 1 weight is missing, first head.bias"):
        load_network(tmp_path)
    save_file(whole | {"head.bias": torch.zeros(5)}, path)
    with pytest.raises(ActScribeError, match=r"of another shape, first head.bias of shape \[5\] in place of \[3\]"):
        load_network(tmp_path)
    (tmp_path / "dual_encoder.json").unlink()
    with pytest.raises(ActScribeError, match=r"dual_encoder.json: is missing"):
        load_network(tmp_path)


def test_x_clip_is_set_to_the_frames_that_are_asked_for(folders: dict[str, Path]) -> None:
    loaded = load_backbone("x-clip", str(folders["x-clip"]), frames=7)
    assert loaded.backbone.visual(videos(2, 7)).video.shape == (2, 24)
    with pytest.raises(ActScribeError, match="takes 7 frames of each video, found 4"):
        loaded.backbone.visual(videos(2, 4))


def test_another_kind_of_model_is_named(folders: dict[str, Path]) -> None:
    with pytest.raises(ActScribeError, match="is a xclip, expected a clip"):
        load_backbone("clip", str(folders["x-clip"]), 4)
    with pytest.raises(ActScribeError, match="is a clip, expected a xclip"):
        load_backbone("x-clip", str(folders["clip"]), 4)
    with pytest.raises(ActScribeError, match="Did you mean 'x-clip'"):
        load_backbone("xclip", str(folders["x-clip"]), 4)


def test_a_missing_checkpoint_names_the_command_that_gets_it() -> None:
    with pytest.raises(ActScribeError, match="actscribe models pull xclip-b16"):
        load_backbone("x-clip", "xclip-b16", 8)


def test_incomplete_folders_are_refused(tmp_path: Path) -> None:
    folder = write(clip_model(), tmp_path)
    weights = load_file(folder / "model.safetensors")
    save_file({k: v for k, v in weights.items() if k != "visual_projection.weight"}, folder / "model.safetensors")
    with pytest.raises(ActScribeError, match=r"1 weight is missing, first visual_projection.weight"):
        load_backbone("clip", str(folder), 4)
    (folder / "model.safetensors").write_bytes(b"\x00" * 40)
    with pytest.raises(ActScribeError, match=r"model.safetensors: is not a safetensors file \(40 bytes\)"):
        load_backbone("clip", str(folder), 4)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "preprocessor_config.json").unlink()
    with pytest.raises(ActScribeError, match="mean and std are unknown"):
        load_backbone("clip", str(folder), 4)
    (folder / "config.json").write_text(json.dumps([]))
    with pytest.raises(ActScribeError, match="cannot be read"):
        load_backbone("clip", str(folder), 4)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"image_mean": [0.5, 0.5', "cannot be read"),
        ("[]", "cannot be read: expected a JSON object"),
        ('{"image_mean": ["0.5", "0.5", "0.5"], "image_std": [0.2, 0.2, 0.2]}', "3 numbers each, found .*'0.5'"),
        ('{"image_mean": [0.5, 0.5, 0.5], "image_std": ["0.2", "0.2", "0.2"]}', "3 numbers each, found .*'0.2'"),
        ('{"image_mean": [0.5, 0.5, NaN], "image_std": [0.2, 0.2, 0.2]}', "NaN is not a number"),
        ('{"image_mean": 0.5, "image_std": [0.2, 0.2, 0.2]}', "3 numbers each, found 0.5"),
        ('{"image_mean": [0.5, 0.5, 0.5], "image_std": [0.2, 0.2, 0]}', "positive image_std"),
        ('{"image_mean": [0.5, 0.5, 0.5]}', "3 numbers each, found .*None"),
        ('{"image_mean": [123.7, 116.3, 103.5], "image_std": [58.4, 57.1, 57.4]}', "of values in .0, 1., found .*123"),
        ('{"image_mean": [0.5, 0.5, 1e308], "image_std": [0.2, 0.2, 0.2]}', "of values in .0, 1., found"),
    ],
)
def test_damaged_statistics_name_their_file(tmp_path: Path, text: str, message: str) -> None:
    folder = write(clip_model(), tmp_path)
    (folder / "preprocessor_config.json").write_text(text)
    with pytest.raises(ActScribeError, match=f"preprocessor_config.json: .*{message}") as caught:
        load_backbone("clip", str(folder), 4)
    assert "Copy " in caught.value.hint
    assert " again" in caught.value.hint


@pytest.mark.parametrize("name", ["clip", "x-clip"])
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"hidden_size": "40"}, "'hidden_size' expected int, got str"),
        ({"image_size": None}, "image_size"),
        ({"image_size": [32, 32]}, "vision_config.image_size to be a whole number above 0, found .*32"),
        ({"patch_size": 0}, "vision_config.patch_size to be a whole number above 0, found 0"),
        ({"num_attention_heads": 0}, "ZeroDivisionError|num_attention_heads to be a whole number above 0"),
        ({"num_hidden_layers": 0}, "num_hidden_layers to be a whole number above 0, found 0"),
    ],
)
def test_a_bad_field_of_the_configuration_names_its_file(
    folders: dict[str, Path], tmp_path: Path, name: str, changes: dict, message: str
) -> None:
    folder = Path(shutil.copytree(folders[name], tmp_path / "copy"))
    values = json.loads((folder / "config.json").read_text())
    values["vision_config"] |= changes
    (folder / "config.json").write_text(json.dumps(values))
    for read in (lambda: load_backbone(name, str(folder), 4), lambda: visual_config(name, str(folder))):
        with pytest.raises(ActScribeError, match=rf"config.json.*({message})") as caught:
            read()
        assert "Copy the folder again" in caught.value.hint


def test_damage_beyond_the_configuration_is_no_traceback_either(folders: dict[str, Path], tmp_path: Path) -> None:
    folder = Path(shutil.copytree(folders["clip"], tmp_path / "copy"))
    whole = (folder / "config.json").read_text()
    values = json.loads(whole)
    values["vision_config"]["hidden_act"] = "no_such"
    (folder / "config.json").write_text(json.dumps(values))
    with pytest.raises(ActScribeError, match=r"cannot be loaded as its config.json says: KeyError: 'no_such'"):
        load_backbone("clip", str(folder), 4)
    (folder / "config.json").write_text(whole)
    (folder / "tokenizer.json").write_text('{"version": "1.0"}')
    with pytest.raises(ActScribeError, match=r"tokenizer of .* cannot be loaded"):
        load_backbone("clip", str(folder), 4)
    (tmp_path / "dual_encoder.json").write_text("[]")
    with pytest.raises(ActScribeError, match=r"dual_encoder.json: cannot be read"):
        load_network(tmp_path)


def test_a_prompt_that_would_be_cut_is_refused(folders: dict[str, Path]) -> None:
    loaded = load_backbone("clip", str(folders["clip"]), 4)
    fits = " ".join(["cup"] * 10)
    assert loaded.tokens([fits]).ids.shape == (1, 12)
    with pytest.raises(ActScribeError, match="longer than the 12 tokens"):
        loaded.tokens(["push cup", f"{fits} cup"])


def test_settings_are_read_without_loading_a_network() -> None:
    code = "import sys, actscribe.settings.vghif; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
