"""X-CLIP's published layout (microsoft/VideoX): a random model's weights under its names give that model's logits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import transformers as hf
from published_vificlip import published_state, save_published
from safetensors.torch import save_file
from tiny_dual_encoders import MEAN, PROMPTS, SIDE, STD, TEXT, VISION, shaken, tokens, write

from actscribe.errors import ActScribeError
from actscribe.models.dual_encoder.heads import LabelHead
from actscribe.models.dual_encoder.loading import changes, load_backbone
from actscribe.models.dual_encoder.network import DualEncoder
from actscribe.settings.study import parse_settings

State = dict[str, torch.Tensor]
#: Joint embedding: two heads of 64, as the published code counts them.
JOINT, FRAMES = 128, 4


def model(seed: int = 5) -> hf.XCLIPModel:
    torch.manual_seed(seed)
    mit = {"mit_hidden_size": JOINT, "mit_intermediate_size": 4 * JOINT, "mit_num_attention_heads": 2}
    config = hf.XCLIPConfig(
        text_config=TEXT,
        vision_config={**VISION, **mit, "num_frames": FRAMES},
        projection_dim=JOINT,
        prompt_num_attention_heads=2,
    )
    return shaken(hf.XCLIPModel(config))


def base(folder: Path) -> str:
    torch.manual_seed(1)
    config = hf.CLIPConfig(text_config=TEXT, vision_config=VISION, projection_dim=JOINT)
    return str(write(shaken(hf.CLIPModel(config)), folder))


def published(model: hf.XCLIPModel) -> State:
    """Return the weights under VideoX' names, written down from cct.py, mit.py, prompt.py and xclip.py."""
    w = {name: value.detach().clone() for name, value in model.state_dict().items()}
    state: State = {
        "token_embedding.weight": w["text_model.embeddings.token_embedding.weight"],
        "positional_embedding": w["text_model.embeddings.position_embedding.weight"],
        "ln_final.weight": w["text_model.final_layer_norm.weight"],
        "ln_final.bias": w["text_model.final_layer_norm.bias"],
        "text_projection": w["text_projection.weight"].t(),
        "logit_scale": w["logit_scale"],
        "visual.class_embedding": w["vision_model.embeddings.class_embedding"],
        "visual.positional_embedding": w["vision_model.embeddings.position_embedding.weight"],
        "visual.conv1.weight": w["vision_model.embeddings.patch_embedding.weight"],
        "visual.ln_pre.weight": w["vision_model.pre_layernorm.weight"],
        "visual.ln_pre.bias": w["vision_model.pre_layernorm.bias"],
        "visual.ln_post.weight": w["vision_model.post_layernorm.weight"],
        "visual.ln_post.bias": w["vision_model.post_layernorm.bias"],
        "visual.proj": w["visual_projection.weight"].t(),
        "prompts_visual_ln.weight": w["prompts_visual_layernorm.weight"],
        "prompts_visual_ln.bias": w["prompts_visual_layernorm.bias"],
        "prompts_visual_proj": w["prompts_visual_projection"],
        "mit.positional_embedding": w["mit.position_embedding"],
        "prompts_generator.norm.weight": w["prompts_generator.layernorm.weight"],
        "prompts_generator.norm.bias": w["prompts_generator.layernorm.bias"],
        "prompts_generator.alpha": w["prompts_generator.alpha"],
    }
    towers = (
        ("transformer.resblocks", "text_model.encoder.layers", TEXT["num_hidden_layers"]),
        ("visual.transformer.resblocks", "vision_model.encoder.layers", VISION["num_hidden_layers"]),
        ("mit.resblocks", "mit.encoder.layers", 1),
    )
    for theirs, ours, count in towers:
        for n in range(count):
            state |= _block(w, f"{theirs}.{n}", f"{ours}.{n}", messages="visual" in theirs)
    for n in range(2):
        layer = f"prompts_generator.decoder.{n}"
        for letter in "qkv":
            state[f"{layer}.cross_attn.{letter}_proj.weight"] = w[f"{layer}.cross_attn.{letter}_proj.weight"]
        for name in ("cross_attn.proj", "norm1", "norm3", "mlp.0", "mlp.3"):
            for kind in ("weight", "bias"):
                state[f"{layer}.{name}.{kind}"] = w[f"{layer}.{name}.{kind}"]
    assert sum(value.numel() for value in state.values()) == sum(value.numel() for value in w.values())
    return {f"module.{name}": value.contiguous() for name, value in state.items()}


def _block(w: State, theirs: str, ours: str, messages: bool) -> State:
    made: State = {}
    for kind in ("weight", "bias"):
        pairs = [
            ("ln_1", "layer_norm1"),
            ("ln_2", "layer_norm2"),
            ("mlp.c_fc", "mlp.fc1"),
            ("mlp.c_proj", "mlp.fc2"),
            ("attn.out_proj", "self_attn.out_proj"),
        ]
        joined = [("attn", "self_attn")]
        if messages:
            pairs += [(f"message_{n}", f"message_{n}") for n in ("fc", "ln", "attn.out_proj")]
            joined += [("message_attn", "message_attn")]
        for name, other in pairs:
            made[f"{theirs}.{name}.{kind}"] = w[f"{ours}.{other}.{kind}"]
        for name, other in joined:
            parts = [w[f"{ours}.{other}.{letter}_proj.{kind}"] for letter in "qkv"]
            made[f"{theirs}.{name}.in_proj_{kind}"] = torch.cat(parts)
    return made


def clips(seed: int = 0) -> torch.Tensor:
    return torch.randn(2, FRAMES, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("ending", [".pth", ".safetensors"])
def test_the_logits_are_those_of_the_model_itself(tmp_path: Path, ending: str) -> None:
    original, path = model(), tmp_path / f"k400_16_8{ending}"
    if ending == ".pth":
        save_published(path, published(original))
    else:
        save_file({name.removeprefix("module."): value for name, value in published(original).items()}, path)
    loaded = load_backbone("x-clip", str(path), FRAMES, base=base(tmp_path / "clip"))
    network = DualEncoder(loaded.backbone, loaded.tokens(PROMPTS), LabelHead("multi-class", 3))
    ids = tokens()
    with torch.no_grad():
        expected = original(input_ids=ids.ids, attention_mask=ids.mask, pixel_values=clips()).logits_per_video
        logits = network(clips())
    torch.testing.assert_close(logits, expected, atol=1e-5, rtol=0)
    assert float(expected.std()) > 0.1  # else the comparison would say nothing
    for name, value in original.state_dict().items():
        assert torch.equal(value, loaded.backbone.model.state_dict()[name])
    assert loaded.pixels.mean == (0.485, 0.456, 0.406)  # ImageNet's, as X-CLIP was trained, not the base's
    assert (list(loaded.pixels.mean), list(loaded.pixels.std)) != (MEAN, STD)
    converted = path.with_suffix("")
    assert {file.suffix for file in converted.iterdir()} == {".json", ".safetensors"}
    assert changes("x-clip", str(path), 8, base(tmp_path / "clip")) == [
        f"the positions of '{path}' for 4 frames were resized to 8"
    ]


def without(name: str) -> State:
    return {key: value for key, value in published(model()).items() if key != f"module.{name}"}


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (lambda: without("mit.positional_embedding"), "holds no integration over time"),
        (published_state, "image_encoder.* is not a tensor of X-CLIP"),
        (lambda: without("prompts_generator.alpha"), r"1 weight is missing, first prompts_generator.alpha"),
        (
            lambda: without("visual.transformer.resblocks.1.message_attn.in_proj_weight"),
            r"3 weights are missing, first vision_model.encoder.layers.1.message_attn.k_proj.weight.*layer 1",
        ),
        (
            lambda: published(model()) | {"module.visual.conv1.weight": torch.ones(40, 3, 16, 16)},
            r"patch_embedding.weight of shape \[40, 3, 16, 16\] in place of \[40, 3, 8, 8\]",
        ),
        (
            lambda: published(model()) | {"module.mit.resblocks.0.attn.in_proj_bias": torch.ones(5)},
            "expected queries, keys and values in one",
        ),
    ],
)
def test_another_network_is_refused_by_name(tmp_path: Path, state: Any, message: str) -> None:
    path = save_published(tmp_path / "xclip.pth", state())
    with pytest.raises(ActScribeError, match=message):
        load_backbone("x-clip", str(path), FRAMES, base=base(tmp_path / "clip"))
    assert not (tmp_path / "xclip").exists()


def test_the_recognizer_names_the_base_it_needs(tmp_path: Path) -> None:
    path = save_published(tmp_path / "xclip.pth", published(model()))
    assert parse_settings("x-clip", {"model": str(path), "base": "clip-b32"}).base == "clip-b32"
    with pytest.raises(ActScribeError, match="actscribe models pull clip-b16"):
        load_backbone("x-clip", str(path), FRAMES)
