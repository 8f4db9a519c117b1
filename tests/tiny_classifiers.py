"""Random checkpoints of transformers' own video classifiers, small enough to train in a second."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from transformers import (
    AutoModelForVideoClassification,
    PreTrainedConfig,
    VideoMAEConfig,
    VideoPrismVisionConfig,
    VivitConfig,
    VJEPA2Config,
)

BODY = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
CONFIGS: dict[str, PreTrainedConfig] = {
    "videomae": VideoMAEConfig(image_size=32, num_frames=4, tubelet_size=2, **BODY),
    "vivit": VivitConfig(image_size=32, num_frames=4, tubelet_size=[2, 16, 16], **BODY),
    "vjepa2": VJEPA2Config(
        crop_size=32,
        frames_per_clip=4,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        mlp_ratio=2,
        num_pooler_layers=1,
        pred_hidden_size=24,
        pred_num_attention_heads=2,
        pred_num_hidden_layers=1,
        pred_num_mask_tokens=1,
    ),
    "videoprism_vision_model": VideoPrismVisionConfig(
        image_size=36,
        num_frames=4,
        hidden_size=32,
        num_attention_heads=2,
        intermediate_size=64,
        num_spatial_layers=2,
        num_temporal_layers=1,
    ),
}
#: Mean and std of each, all different.
STATISTICS = {name: ([0.4 + index / 50] * 3, [0.2 + index / 50] * 3) for index, name in enumerate(CONFIGS)}


def tiny_classifier(kind: str, folder: Path) -> Path:
    """Write a checkpoint of a kind (key of `CONFIGS`) with random weights and its preprocessing file."""
    torch.manual_seed(0)
    model = AutoModelForVideoClassification.from_config(CONFIGS[kind])
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.05)
    model.save_pretrained(folder)
    mean, std = STATISTICS[kind]
    (folder / "video_preprocessor_config.json").write_text(json.dumps({"image_mean": mean, "image_std": std}))
    return folder
