"""The tiny CLIP and X-CLIP before training: transformers' classes in small configurations, and their tokenizer."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
import transformers as hf
from material import COMMON, PATCH, SIDE, byte_level_bpe
from tokenizers import Tokenizer, processors

from actscribe.models.dual_encoder.vghif import moment_waves
from actscribe.models.quiet import quiet

VOCABULARY = 1024
MARKS = ("<|startoftext|>", "<|endoftext|>", "<pad>")
JOINT = 128
VISION = {
    "hidden_size": 128,
    "intermediate_size": 512,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "image_size": SIDE,
    "patch_size": PATCH,
}
TEXT = {
    "hidden_size": 128,
    "intermediate_size": 384,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "max_position_embeddings": 77,
}
#: Of X-CLIP: one layer of integration over time, two of video-specific prompts, as published.
TIME = {
    "mit_hidden_size": JOINT,
    "mit_intermediate_size": 512,
    "mit_num_hidden_layers": 1,
    "mit_num_attention_heads": 4,
}
#: Size of a moment's position; waves have no mean over a clip, so they shift no video embedding.
POSITION = 0.5
PROMPT = {"prompt_layers": 2, "prompt_num_attention_heads": 4, "prompt_alpha": 0.1}


def tokenizer(texts: Iterable[str]) -> hf.PreTrainedTokenizerFast:
    """Train a lower-case byte-level BPE on captions and on common English words, each said a few times."""
    corpus = [*texts, *[f" {word}" for word in COMMON] * 8, *["a video of", "a video."] * 99]
    raw = byte_level_bpe(corpus, VOCABULARY, MARKS, as_clip=True)
    ends = [(mark, raw.token_to_id(mark)) for mark in MARKS[:2]]
    raw.post_processor = processors.TemplateProcessing(single=f"{MARKS[0]} $A {MARKS[1]}", special_tokens=ends)
    return _fast(raw)


def _fast(raw: Tokenizer) -> hf.PreTrainedTokenizerFast:
    return hf.PreTrainedTokenizerFast(
        tokenizer_object=raw, bos_token=MARKS[0], eos_token=MARKS[1], pad_token=MARKS[2], model_max_length=77
    )


def renumbered(words: hf.PreTrainedTokenizerFast, model: Any) -> tuple[hf.PreTrainedTokenizerFast, Any]:
    """Return tokenizer and CLIP with the end mark as the highest id; the model gives the same numbers as before.

    X-CLIP takes the highest id for the end of a text; a BPE trainer numbers its special tokens first.
    """
    text = words.backend_tokenizer.to_str()
    values = json.loads(text)
    vocabulary = values["model"]["vocab"]
    end, last = MARKS[1], max(vocabulary, key=vocabulary.__getitem__)
    old, new = vocabulary[end], vocabulary[last]
    vocabulary[end], vocabulary[last] = new, old
    for token in values["added_tokens"]:
        token["id"] = vocabulary[token["content"]]
    for token in values["post_processor"]["special_tokens"].values():
        token["ids"] = [vocabulary[name] for name in token["tokens"]]
    made = _fast(Tokenizer.from_str(json.dumps(values)))
    with torch.no_grad():
        table = model.text_model.embeddings.token_embedding.weight
        table[[old, new]] = table[[new, old]]
    model.config.text_config.eos_token_id = made.eos_token_id
    model.text_model.eos_token_id = made.eos_token_id
    return made, model


def clip(words: hf.PreTrainedTokenizerFast, seed: int) -> Any:
    """Return an untrained CLIP, float32."""
    torch.manual_seed(seed)
    return hf.CLIPModel(hf.CLIPConfig(text_config=_text(words), vision_config=VISION, projection_dim=JOINT))


def xclip(words: hf.PreTrainedTokenizerFast, start: Any, frames: int, seed: int) -> Any:
    """Return an X-CLIP that has the towers of a trained CLIP; what X-CLIP adds is untrained.

    Its additions start small (ours): at transformers' own start they drown what the towers have learned.
    """
    torch.manual_seed(seed)
    vision = {**VISION, **TIME, "num_frames": frames}
    config = hf.XCLIPConfig(text_config=_text(words), vision_config=vision, projection_dim=JOINT, **PROMPT)
    made = hf.XCLIPModel(config)
    towers = {name.replace("pre_layrnorm", "pre_layernorm"): value for name, value in start.state_dict().items()}
    keys = made.load_state_dict(towers, strict=False)
    if keys.unexpected_keys:
        raise RuntimeError(f"X-CLIP has no place for {keys.unexpected_keys}")
    with torch.no_grad():
        for name, weight in made.named_parameters():
            if (name.endswith("out_proj.weight") and "message_attn" in name) or (
                name.startswith("mit.encoder") and (name.endswith(("out_proj.weight", "fc2.weight")))
            ):
                weight.zero_()
            if "message_fc" in name:
                weight.mul_(0.1)
        made.mit.position_embedding.copy_(POSITION * moment_waves(frames, JOINT))
    return made


def save(model: Any, words: hf.PreTrainedTokenizerFast, out: Path) -> None:
    """Write a checkpoint folder; weights as float16, which halves it and changes no prediction."""
    state = {name: value.detach().half().contiguous() for name, value in model.state_dict().items()}
    with quiet():
        model.save_pretrained(out, state_dict=state)
    words.save_pretrained(out)
    half = [0.5, 0.5, 0.5]
    feeding = {"image_mean": half, "image_std": half, "size": {"shortest_edge": SIDE}}
    (out / "preprocessor_config.json").write_text(json.dumps(feeding, indent=1), encoding="utf-8")


def _text(words: hf.PreTrainedTokenizerFast) -> dict[str, Any]:
    ids = {
        "bos_token_id": words.bos_token_id,
        "eos_token_id": words.eos_token_id,
        "pad_token_id": words.pad_token_id,
    }
    return {**TEXT, **ids, "vocab_size": len(words)}
