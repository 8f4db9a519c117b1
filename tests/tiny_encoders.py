"""Random checkpoints of transformers' own encoders, each of its real class and small enough to run in a blink."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from tiny_classifiers import CONFIGS as CLASSIFIERS
from tiny_classifiers import tiny_classifier
from transformers import (
    AutoModel,
    CLIPConfig,
    CLIPVisionConfig,
    Dinov2Config,
    Dinov2WithRegistersConfig,
    DINOv3ConvNextConfig,
    DINOv3ViTConfig,
    PeVideoEncoderConfig,
    Siglip2Config,
    Siglip2VisionConfig,
    SiglipConfig,
    SiglipVisionConfig,
)

BODY: dict[str, Any] = {"hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 64}
PICTURES: dict[str, Any] = {**BODY, "image_size": 32, "patch_size": 16}
PATCHES: dict[str, Any] = {**BODY, "num_patches": 4, "patch_size": 16}
TEXT: dict[str, Any] = {**BODY, "vocab_size": 99, "max_position_embeddings": 16}
#: A family of image encoders, by the `model_type` of its checkpoint.
PICTURES: dict[str, Any] = {
    "clip": CLIPConfig(vision_config=PICTURES, text_config=TEXT, projection_dim=16),
    "clip_vision_model": CLIPVisionConfig(**PICTURES),
    "siglip": SiglipConfig(vision_config=PICTURES, text_config=TEXT),
    "siglip_vision_model": SiglipVisionConfig(**PICTURES),
    "siglip2": Siglip2Config(vision_config=PATCHES, text_config=TEXT),
    "siglip2_vision_model": Siglip2VisionConfig(**PATCHES),
    "dinov2": Dinov2Config(**PICTURES),
    "dinov2_with_registers": Dinov2WithRegistersConfig(**PICTURES),
    "dinov3_vit": DINOv3ViTConfig(**PICTURES),
    "dinov3_convnext": DINOv3ConvNextConfig(image_size=32, hidden_sizes=[8, 16, 24, 32], depths=[1, 1, 1, 1]),
}
VIT = {"architecture": "vit_tiny_patch16_224", "num_classes": 16, "model_args": {"depth": 1, "img_size": 32}}
#: A family of video encoders, likewise; those of the classifiers are in `tiny_classifiers`.
VIDEOS: dict[str, Any] = {
    "pe_video_encoder": PeVideoEncoderConfig(
        vision_config={**VIT, "do_pooling": True, "global_pool": "token"},
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        head_dim=16,
    ),
}
MEAN, STD = [0.4, 0.45, 0.5], [0.2, 0.25, 0.3]


def tiny_encoder(kind: str, folder: Path) -> Path:
    """Write a checkpoint of a kind with random weights and its preprocessing file."""
    if kind in CLASSIFIERS:
        return tiny_classifier(kind, folder)
    torch.manual_seed(0)
    model = AutoModel.from_config({**PICTURES, **VIDEOS}[kind])
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.05)
    model.save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps({"image_mean": MEAN, "image_std": STD}))
    return folder
