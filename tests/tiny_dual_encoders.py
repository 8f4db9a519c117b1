"""Tiny random CLIP and X-CLIP of transformers' own classes, with a tokenizer, on disk like any downloaded one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import transformers as hf
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from actscribe.models.dual_encoder.clip import ClipBackbone
from actscribe.models.dual_encoder.interface import Tokens
from actscribe.models.dual_encoder.xclip import XclipBackbone

WORDS = ["a", "photo", "of", "video", "push", "the", "cup", "to", "left", "right", "lift", "box", ".", "wave", "hand"]
PROMPTS = ("push cup left", "push cup right", "a photo of lift box .")
MEAN, STD = [0.481, 0.457, 0.408], [0.268, 0.261, 0.275]
SIDE, PATCH, JOINT = 32, 8, 24
TEXT = {
    "vocab_size": len(WORDS) + 2,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "max_position_embeddings": 12,
    "bos_token_id": len(WORDS),
    "eos_token_id": len(WORDS) + 1,
    "pad_token_id": len(WORDS) + 1,
}
VISION = {
    "hidden_size": 40,
    "intermediate_size": 64,
    "num_hidden_layers": 4,
    "num_attention_heads": 2,
    "image_size": SIDE,
    "patch_size": PATCH,
}
MIT = {"mit_hidden_size": JOINT, "mit_intermediate_size": 48, "mit_num_attention_heads": 2}


def clip_model(seed: int = 0) -> hf.CLIPModel:
    """Return a CLIP with random weights of a size at which every input leaves its mark."""
    torch.manual_seed(seed)
    return shaken(hf.CLIPModel(hf.CLIPConfig(text_config=TEXT, vision_config=VISION, projection_dim=JOINT)))


def xclip_model(frames: int = 4, seed: int = 0) -> hf.XCLIPModel:
    """Return an X-CLIP with random weights."""
    torch.manual_seed(seed)
    config = hf.XCLIPConfig(
        text_config=TEXT,
        vision_config={**VISION, **MIT, "num_frames": frames},
        projection_dim=JOINT,
        prompt_num_attention_heads=2,
    )
    return shaken(hf.XCLIPModel(config))


def backbone(kind: str, frames: int = 4) -> ClipBackbone | XclipBackbone:
    """Return a tiny adapter: "clip" or "x-clip"."""
    return ClipBackbone(clip_model()) if kind == "clip" else XclipBackbone(xclip_model(frames))


def tokenizer() -> hf.PreTrainedTokenizerFast:
    """Return a word-level tokenizer with the start and end marks of CLIP's."""
    marks = ("<|startoftext|>", "<|endoftext|>")
    words = {word: index for index, word in enumerate((*WORDS, *marks))}
    raw = Tokenizer(models.WordLevel(words, unk_token=marks[1]))
    raw.pre_tokenizer = pre_tokenizers.Whitespace()
    ends = [(mark, words[mark]) for mark in marks]
    raw.post_processor = processors.TemplateProcessing(single=f"{marks[0]} $A {marks[1]}", special_tokens=ends)
    return hf.PreTrainedTokenizerFast(
        tokenizer_object=raw, bos_token=marks[0], eos_token=marks[1], pad_token=marks[1], unk_token=marks[1]
    )


def tokens(prompts: Sequence[str] = PROMPTS) -> Tokens:
    """Return prompts as the tiny text towers take them."""
    made = tokenizer()(list(prompts), padding=True, return_tensors="pt")
    return Tokens(tuple(prompts), made["input_ids"], made["attention_mask"])


def write(model: Any, folder: Path, **statistics: object) -> Path:
    """Write a checkpoint folder: weights, tokenizer, and how pictures are fed."""
    model.save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    values = {"image_mean": MEAN, "image_std": STD, "size": {"shortest_edge": SIDE}} | statistics
    (folder / "preprocessor_config.json").write_text(json.dumps(values))
    return folder


def videos(batch: int = 2, frames: int = 4, seed: int = 0) -> torch.Tensor:
    """Return random normalised videos, shape (batch, frames, 3, SIDE, SIDE)."""
    return torch.randn(batch, frames, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(seed))


def shaken(model: Any) -> Any:
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim:
                parameter.add_(torch.randn_like(parameter) * 0.1)
    return model.eval()
