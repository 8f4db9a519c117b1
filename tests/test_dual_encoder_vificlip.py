"""ViFi-CLIP's published layout: every key finds its place, the logits are those computed by hand, pickles stay shut."""

from __future__ import annotations

import io
import json
import os
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
import torch
from published_vificlip import logits_by_hand, published_state, save_published
from safetensors.torch import save_file
from tiny_dual_encoders import PROMPTS, clip_model, tokens, videos, write

from actscribe.errors import ActScribeError
from actscribe.files import content_hash
from actscribe.models.dual_encoder import published
from actscribe.models.dual_encoder.heads import LabelHead
from actscribe.models.dual_encoder.loading import load_backbone
from actscribe.models.dual_encoder.network import DualEncoder
from actscribe.models.dual_encoder.published import convert, read_published
from actscribe.models.dual_encoder.published import converted as converted_by
from actscribe.models.dual_encoder.vificlip import build


def converted(path: Path, base: str) -> Path:
    return converted_by(path, build, base)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(clip_model(), tmp_path_factory.mktemp("base"))


def test_no_key_is_missing_and_none_is_unknown(tmp_path: Path) -> None:
    path = save_published(tmp_path / "vifi.pth", published_state())
    before = clip_model().state_dict()
    state = build(read_published(path), clip_model(), path).state_dict()
    same = [name for name, value in state.items() if torch.equal(value, before[name])]
    assert same == ["text_model.embeddings.token_embedding.weight"]
    weights = published_state()
    block = "module.image_encoder.transformer.resblocks.2.attn.in_proj_weight"
    assert torch.equal(state["vision_model.encoder.layers.2.self_attn.k_proj.weight"], weights[block][40:80])
    assert torch.equal(state["text_projection.weight"], weights["module.text_encoder.text_projection"].t())


def test_the_logits_are_those_computed_by_hand(tmp_path: Path, base: Path) -> None:
    state = published_state()
    path = save_published(tmp_path / "vifi.pth", state)
    loaded = load_backbone("vifi-clip", str(path), frames=3, base=str(base))
    network = DualEncoder(loaded.backbone, loaded.tokens(PROMPTS), LabelHead("multi-class", 3))
    embedding = clip_model().text_model.embeddings.token_embedding.weight.detach()
    with torch.no_grad():
        logits, expected = network(videos(2, 3)), logits_by_hand(state, embedding, tokens().ids, videos(2, 3))
    torch.testing.assert_close(logits, expected, atol=1e-5, rtol=0)
    assert loaded.pixels.mean == (0.485, 0.456, 0.406)  # ImageNet's, as ViFi-CLIP was trained, not CLIP's
    assert loaded.pixels.std == (0.229, 0.224, 0.225)


def test_weights_alone_in_half_precision_are_read_too(tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    torch.save({name.removeprefix("module."): value.half() for name, value in published_state().items()}, path)
    model = build(read_published(path), clip_model(), path)
    assert {value.dtype for value in model.parameters()} == {torch.float32}
    assert model.logit_scale.item() == 2.5


def test_weights_alone_as_safetensors_are_read_too(tmp_path: Path, base: Path) -> None:
    path = tmp_path / "weights.safetensors"
    save_file({name.removeprefix("module."): value for name, value in published_state().items()}, path)
    assert load_backbone("vifi-clip", str(path), 2, base=str(base)).backbone.model.logit_scale.item() == 2.5
    whole = path.read_bytes()
    for content, message in ((whole[:-1], "is cut short"), (b"version https://git-lfs.github.com/spec/v1", "Git LFS")):
        path.write_bytes(content)
        with pytest.raises(ActScribeError, match=message):
            read_published(path)


def test_a_file_is_converted_once_into_safetensors(tmp_path: Path, base: Path) -> None:
    path = save_published(tmp_path / "vifi.pth", published_state())
    folder = converted(path, str(base))
    assert folder == tmp_path / "vifi"
    assert [file.suffix for file in folder.iterdir() if file.suffix in (".bin", ".pt", ".pth")] == []
    written = (folder / "model.safetensors").stat().st_mtime_ns
    assert (converted(path, str(base)) / "model.safetensors").stat().st_mtime_ns == written
    before = load_backbone("clip", str(folder), 2).backbone.model.logit_scale.item()
    other = published_state()
    other["module.logit_scale"] = torch.tensor(1.5)
    save_published(path, other)
    converted(path, str(base))
    after = load_backbone("clip", str(folder), 2).backbone.model.logit_scale.item()
    assert (before, after) == (2.5, 1.5)
    assert json.loads((folder / "converted_from.json").read_text())["file"] == "vifi.pth"


def test_a_damaged_origin_counts_as_not_converted(tmp_path: Path, base: Path) -> None:
    path = save_published(tmp_path / "vifi.pth", published_state())
    origin = converted(path, str(base)) / "converted_from.json"
    whole = origin.read_bytes()
    for damaged in (whole[:20], b"\xff\xfe", b""):
        origin.write_bytes(damaged)
        assert converted(path, str(base)) == tmp_path / "vifi"
        assert origin.read_bytes() == whole


def test_a_damaged_base_is_named(tmp_path: Path) -> None:
    path = save_published(tmp_path / "vifi.pth", published_state())
    base = write(clip_model(), tmp_path / "base")
    values = json.loads((base / "config.json").read_text())
    values["vision_config"]["hidden_size"] = "40"
    (base / "config.json").write_text(json.dumps(values))
    with pytest.raises(ActScribeError, match=r"base.* as its config.json says: .*hidden_size") as caught:
        converted(path, str(base))
    assert "Copy the folder again" in caught.value.hint


def test_processes_that_start_at_once_convert_a_file_once(
    tmp_path: Path, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save_published(tmp_path / "vifi.pth", published_state())
    both_asked = threading.Barrier(2)
    conversions = []

    def asked(file: Path) -> str:
        digest = content_hash(file)
        with suppress(threading.BrokenBarrierError):
            both_asked.wait(timeout=20)  # neither finds the other's folder
        return digest

    monkeypatch.setattr(published, "content_hash", asked)
    monkeypatch.setattr(published, "convert", lambda *given: conversions.append(given) or convert(*given))
    monkeypatch.setattr(published, "read_published", lambda file: both_asked.abort() or read_published(file))
    with ThreadPoolExecutor(2) as pool:
        folders = list(pool.map(lambda _: converted(path, str(base)), range(2)))
    assert folders == [tmp_path / "vifi"] * 2
    assert len(conversions) == 1
    assert sorted(file.name for file in tmp_path.iterdir()) == ["vifi", "vifi.pth"]


class Harmful:
    def __init__(self, target: Path) -> None:
        self.target = str(target)

    def __reduce__(self) -> tuple:
        return os.mkdir, (self.target,)


def test_a_pickle_that_would_run_code_is_refused_unread(tmp_path: Path, base: Path) -> None:
    path = tmp_path / "vifi.pth"
    torch.save({"model": published_state(), "config": Harmful(tmp_path / "harmed")}, path)
    with pytest.raises(ActScribeError, match=r"holds more than tensors.*mkdir") as caught:
        load_backbone("vifi-clip", str(path), 4, base=str(base))
    assert "save only its weights" in caught.value.hint
    assert not (tmp_path / "harmed").exists()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["vifi.pth"]
    for protocol in (2, 4):  # a bare pickle, not PyTorch's archive
        path.write_bytes(pickle.dumps(Harmful(tmp_path / "harmed"), protocol))
        with pytest.raises(ActScribeError) as caught:
            read_published(path)
        assert "weights_only" not in str(caught.value)  # PyTorch's advice how to run it all the same
        assert not (tmp_path / "harmed").exists()


def without(name: str) -> dict[str, torch.Tensor]:
    return {key: value for key, value in published_state().items() if key != name}


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (without("module.image_encoder.proj"), "1 weight is missing, first visual_projection.weight"),
        (
            published_state() | {"module.image_encoder.transformer.resblocks.9.ln_1.weight": torch.ones(40)},
            "1 weight is unexpected, first vision_model.encoder.layers.9.layer_norm1.weight",
        ),
        (published_state() | {"module.other": torch.ones(1)}, "other is not a tensor of ViFi-CLIP"),
        (
            published_state() | {"module.image_encoder.proj": torch.ones(40, 7)},
            r"first visual_projection.weight of shape \[7, 40\] in place of \[24, 40\]",
        ),
        (
            published_state() | {"module.image_encoder.proj": torch.ones(2, 3, 4)},
            r"proj of shape \(2, 3, 4\) is not a tensor",
        ),
        (
            published_state() | {"module.image_encoder.transformer.resblocks.0.attn.in_proj_bias": torch.tensor(1.0)},
            r"in_proj_bias has shape \(\), expected queries, keys and values",
        ),
        (published_state() | {"module.logit_scale": torch.tensor(float("nan"))}, "1 weight is NaN"),
        (published_state() | {"module.prompt_learner.ctx": torch.ones(4, 32)}, "learned prompts"),
    ],
)
def test_another_network_is_refused_by_name(tmp_path: Path, state: dict[str, torch.Tensor], message: str) -> None:
    path = save_published(tmp_path / "vifi.pth", state)
    with pytest.raises(ActScribeError, match=message):
        build(read_published(path), clip_model(), path)


def test_what_is_no_checkpoint_is_said_to_be_none(tmp_path: Path) -> None:
    path = tmp_path / "vifi.pth"
    for content in ([1, 2], {"model": {"epoch": 3}}, {}, {1: torch.ones(1)}):
        torch.save(content, path)
        with pytest.raises(ActScribeError, match="expected a dictionary of tensors"):
            read_published(path)
    save_published(path, published_state())
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(ActScribeError, match="cannot be read as a PyTorch checkpoint"):
        read_published(path)
    old = io.BytesIO()
    torch.save(published_state(), old, _use_new_zipfile_serialization=False)
    for content in (b"PK, not", b"", b"\x80\x02.", b"\x80", old.getvalue()[:1000], b"a text\n"):
        path.write_bytes(content)
        with pytest.raises(ActScribeError, match="cannot be read as a PyTorch checkpoint"):
            read_published(path)


def test_a_folder_of_that_name_is_never_overwritten(tmp_path: Path, base: Path) -> None:
    path = save_published(tmp_path / "vifi.pth", published_state())
    (tmp_path / "vifi").mkdir()
    (tmp_path / "vifi" / "notes.txt").write_text("mine")
    with pytest.raises(ActScribeError, match="vifi: was not written by ActScribe"):
        converted(path, str(base))
    assert (tmp_path / "vifi" / "notes.txt").read_text() == "mine"


def test_plain_clip_opens_no_such_file_and_it_names_the_base_it_needs(tmp_path: Path) -> None:
    path = save_published(tmp_path / "vifi.pth", published_state())
    with pytest.raises(ActScribeError, match="never loaded as clip"):
        load_backbone("clip", str(path), 4)
    with pytest.raises(ActScribeError, match="actscribe models pull clip-b16"):
        load_backbone("vifi-clip", str(path), 4)
