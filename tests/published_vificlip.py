"""A checkpoint in the layout of ViFi-CLIP's published files, and its logits computed by hand from the same tensors."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from tiny_dual_encoders import JOINT, PATCH, SIDE, TEXT, VISION
from torch import Tensor
from torch.nn.functional import conv2d, layer_norm, linear

State = dict[str, Tensor]


class CfgNode(dict):
    """Stands in for yacs' class of that name, whose pickle lies beside the weights in published files."""

    def __init__(self, **values: Any) -> None:
        super().__init__(values)
        own = {"__immutable__": True, "__deprecated_keys__": set(), "__renamed_keys__": {}, "__new_allowed__": False}
        self.__dict__.update(own)  # the attributes that yacs gives each node


def published_state(seed: int = 3) -> State:
    """Return random tensors under OpenAI's names as ViFi-CLIP saves them, sizes of the tiny CLIP."""
    made = torch.Generator().manual_seed(seed)

    def fill(*shape: int, around: float = 0.0) -> Tensor:
        return around + torch.randn(*shape, generator=made) * 0.2

    width, words = VISION["hidden_size"], TEXT["hidden_size"]
    state: State = {
        "image_encoder.class_embedding": fill(width),
        "image_encoder.positional_embedding": fill((SIDE // PATCH) ** 2 + 1, width),
        "image_encoder.proj": fill(width, JOINT),
        "image_encoder.conv1.weight": fill(width, 3, PATCH, PATCH),
        "text_encoder.positional_embedding": fill(TEXT["max_position_embeddings"], words),
        "text_encoder.text_projection": fill(words, JOINT),
        "logit_scale": torch.tensor(2.5),
        "prompt_learner.complete_text_embeddings": fill(5, TEXT["max_position_embeddings"], words),
    }
    for name in ("image_encoder.ln_pre", "image_encoder.ln_post", "text_encoder.ln_final"):
        size = words if "text" in name else width
        state |= {f"{name}.weight": fill(size, around=1.0), f"{name}.bias": fill(size)}
    for tower, config in (("image_encoder", VISION), ("text_encoder", TEXT)):
        for number in range(config["num_hidden_layers"]):
            block = _block(fill, config["hidden_size"], config["intermediate_size"])
            state |= {f"{tower}.transformer.resblocks.{number}.{name}": value for name, value in block.items()}
    return {f"module.{name}": value for name, value in state.items()}


def _block(fill: Any, width: int, inner: int) -> State:
    return {
        "attn.in_proj_weight": fill(3 * width, width),
        "attn.in_proj_bias": fill(3 * width),
        "attn.out_proj.weight": fill(width, width),
        "attn.out_proj.bias": fill(width),
        "ln_1.weight": fill(width, around=1.0),
        "ln_1.bias": fill(width),
        "mlp.c_fc.weight": fill(inner, width),
        "mlp.c_fc.bias": fill(inner),
        "mlp.c_proj.weight": fill(width, inner),
        "mlp.c_proj.bias": fill(width),
        "ln_2.weight": fill(width, around=1.0),
        "ln_2.bias": fill(width),
    }


def save_published(path: Path, state: State) -> Path:
    """Write a checkpoint as the published training code does: weights, optimiser, settings."""
    modules = {name: ModuleType(name) for name in ("yacs", "yacs.config")}
    modules["yacs.config"].CfgNode = CfgNode
    CfgNode.__module__ = "yacs.config"
    sys.modules.update(modules)
    settings = CfgNode(MODEL=CfgNode(ARCH="ViT-B/16"), BASE=[""])
    saved = {
        "model": state,
        "optimizer": {"state": {0: {"exp_avg": torch.ones(2)}}, "param_groups": [{"lr": 8e-6, "params": [0]}]},
        "lr_scheduler": {"t_initial": 10},
        "max_accuracy": 81.25,
        "epoch": 9,
        "config": settings,
    }
    try:
        torch.save(saved, path)
    finally:
        for name in modules:
            del sys.modules[name]
    return path


def logits_by_hand(state: State, token_embedding: Tensor, ids: Tensor, clips: Tensor) -> Tensor:
    """Return what the published network computes, written from its description, shape (batch, prompts)."""
    weights = {name.removeprefix("module."): value for name, value in state.items()}
    batch, frames = clips.shape[:2]
    image = _image({n.removeprefix("image_encoder."): v for n, v in weights.items()}, clips.flatten(0, 1))
    video = image.view(batch, frames, -1).mean(1)
    text = _text({n.removeprefix("text_encoder."): v for n, v in weights.items()}, token_embedding[ids], ids)
    video = video / video.norm(dim=-1, keepdim=True)
    text = text / text.norm(dim=-1, keepdim=True)
    return weights["logit_scale"].exp() * video @ text.t()


def _image(w: State, pictures: Tensor) -> Tensor:
    patches = conv2d(pictures, w["conv1.weight"], stride=PATCH).flatten(2).transpose(1, 2)
    first = w["class_embedding"].expand(len(pictures), 1, -1)
    states = torch.cat([first, patches], 1) + w["positional_embedding"]
    states = _normed(states, w, "ln_pre")
    for number in range(VISION["num_hidden_layers"]):
        states = _run(states, w, f"transformer.resblocks.{number}", VISION["num_attention_heads"])
    return _normed(states[:, 0], w, "ln_post") @ w["proj"]


def _text(w: State, embedded: Tensor, ids: Tensor) -> Tensor:
    length = ids.shape[1]
    states = embedded + w["positional_embedding"][:length]
    future = torch.full((length, length), float("-inf")).triu(1)
    for number in range(TEXT["num_hidden_layers"]):
        states = _run(states, w, f"transformer.resblocks.{number}", TEXT["num_attention_heads"], future)
    states = _normed(states, w, "ln_final")
    return states[torch.arange(len(ids)), ids.argmax(-1)] @ w["text_projection"]


def _run(states: Tensor, w: State, name: str, heads: int, mask: Tensor | None = None) -> Tensor:
    joined = linear(
        _normed(states, w, f"{name}.ln_1"), w[f"{name}.attn.in_proj_weight"], w[f"{name}.attn.in_proj_bias"]
    )
    query, key, value = (part.unflatten(-1, (heads, -1)).transpose(1, 2) for part in joined.chunk(3, -1))
    scores = query @ key.transpose(-1, -2) / query.shape[-1] ** 0.5
    mixed = (scores if mask is None else scores + mask).softmax(-1) @ value
    states = states + _through(mixed.transpose(1, 2).flatten(2), w, f"{name}.attn.out_proj")
    inner = _through(_normed(states, w, f"{name}.ln_2"), w, f"{name}.mlp.c_fc")
    return states + _through(inner * torch.sigmoid(1.702 * inner), w, f"{name}.mlp.c_proj")


def _normed(states: Tensor, w: State, name: str) -> Tensor:
    return layer_norm(states, states.shape[-1:], w[f"{name}.weight"], w[f"{name}.bias"])


def _through(states: Tensor, w: State, name: str) -> Tensor:
    return linear(states, w[f"{name}.weight"], w[f"{name}.bias"])
