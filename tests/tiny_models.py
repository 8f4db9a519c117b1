"""Small random checkpoints of real classes, on disk like any downloaded one."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from transformers import TimesformerConfig, TimesformerForVideoClassification

MEAN, STD = [0.45, 0.45, 0.45], [0.225, 0.225, 0.225]


def tiny_timesformer(folder: Path, frames: int = 4, labels: int = 3, size: int = 32, **changes: object) -> Path:
    """Write a TimeSformer with random weights and its preprocessing file into `folder`."""
    config = TimesformerConfig(
        image_size=size,
        patch_size=16,
        num_frames=frames,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        num_labels=labels,
        **changes,
    )
    torch.manual_seed(0)
    model = TimesformerForVideoClassification(config)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.05)
    model.save_pretrained(folder)
    values = {"image_mean": MEAN, "image_std": STD, "size": {"shortest_edge": size}}
    (folder / "preprocessor_config.json").write_text(json.dumps(values))
    return folder
