"""The TimeSformer before training, from the vision tower of a SmolVLM checkpoint, and its checkpoint folder."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import torch
from shared import resized
from transformers import TimesformerConfig, TimesformerForVideoClassification

from actscribe.files import folder_beside, write_text

FRAMES = 8
#: Side of the picture in pixels: a catheter is three of them wide. The tower saw 96; its positions are interpolated.
SIZE = 128
#: As the vision tower takes its pixels.
MEAN, STD = (0.5,) * 3, (0.5,) * 3


def new_model(
    tower: torch.nn.Module, seed: int, labels: Sequence[str] = ("no", "yes")
) -> TimesformerForVideoClassification:
    """Return a TimeSformer that begins as an image transformer, the vision tower of a SmolVLM checkpoint.

    Args:
        tower: of the checkpoint.
        seed: of what is new.
        labels: of the head.
    """
    vision = tower.config
    config = TimesformerConfig(
        image_size=SIZE,
        patch_size=vision.patch_size,
        num_frames=FRAMES,
        hidden_size=vision.hidden_size,
        num_hidden_layers=vision.num_hidden_layers,
        num_attention_heads=vision.num_attention_heads,
        intermediate_size=vision.intermediate_size,
        hidden_act=vision.hidden_act,
        id2label=dict(enumerate(labels)),
        label2id={name: index for index, name in enumerate(labels)},
    )
    torch.manual_seed(seed)
    model = TimesformerForVideoClassification(config)
    embeddings, own = model.timesformer.embeddings, tower.embeddings
    with torch.no_grad():
        embeddings.patch_embeddings.projection.load_state_dict(own.patch_embedding.state_dict())
        embeddings.position_embeddings[0, 1:] = resized(own.position_embedding.weight, SIZE // vision.patch_size)
        embeddings.position_embeddings[0, 0] = own.position_embedding.weight.mean(dim=0)
        torch.nn.init.trunc_normal_(embeddings.time_embeddings, std=0.02)
        model.timesformer.layernorm.load_state_dict(tower.post_layernorm.state_dict())
    for block, layer in zip(model.timesformer.encoder.layer, tower.encoder.layers, strict=True):
        copy_layer(block, layer)
    return model


def copy_layer(block: torch.nn.Module, layer: torch.nn.Module) -> None:
    """Copy a vision layer into a divided space-time block: its attention serves space, and time as published."""
    for attention in (block.attention, block.temporal_attention):
        parts = (layer.self_attn.q_proj, layer.self_attn.k_proj, layer.self_attn.v_proj)
        with torch.no_grad():
            attention.attention.qkv.weight.copy_(torch.cat([part.weight for part in parts]))
            attention.attention.qkv.bias.copy_(torch.cat([part.bias for part in parts]))
        attention.output.dense.load_state_dict(layer.self_attn.out_proj.state_dict())
    for norm in (block.layernorm_before, block.temporal_layernorm):
        norm.load_state_dict(layer.layer_norm1.state_dict())
    block.layernorm_after.load_state_dict(layer.layer_norm2.state_dict())
    block.intermediate.dense.load_state_dict(layer.mlp.fc1.state_dict())
    block.output.dense.load_state_dict(layer.mlp.fc2.state_dict())
    torch.nn.init.zeros_(block.temporal_dense.weight)
    torch.nn.init.zeros_(block.temporal_dense.bias)


def save(model: TimesformerForVideoClassification, out: Path, facts: dict[str, object]) -> None:
    """Write the checkpoint in bf16 with its preprocessing file and scores."""
    size = model.config.image_size
    with folder_beside(out) as beside:
        model.to(torch.bfloat16).save_pretrained(beside)
        preprocessing = {"image_mean": MEAN, "image_std": STD, "size": {"height": size, "width": size}}
        write_text(beside / "preprocessor_config.json", json.dumps(preprocessing, indent=1))
        if facts:
            write_text(beside / "scores.json", json.dumps(facts, indent=1))
