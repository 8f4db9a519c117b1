"""Checkpoints of every vision-language family: its real classes, a tiny random configuration, a real tokenizer.

`build(family, folder)` writes one to disk with `save_pretrained`, as a downloaded one would lie there.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import transformers as hf
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

SENTENCES = (
    "Is the baby visible in this video? Answer yes or no.",
    "A person moves a red cup from left to right. Yes, No. yes no YES NO",
    "Which of the activities happen in this clip: ventilation, stimulation, suction?",
    "Frame from 00:00: Frame1: You are provided the following series of eight frames from a 0:00:03 [H:MM:SS] video.",
    "USER: describe what happens. ASSISTANT: the hand puts the box on the table. User Assistant system user",
)
TEXT = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 4096,
}
VISION = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
VICUNA = (
    "{% for m in messages %}{% if m.role == 'user' %}USER: {% for c in m.content %}{% if c.type == 'video' %}<video>\n"
    "{% elif c.type == 'text' %}{{ c.text }}{% endif %}{% endfor %}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %} ASSISTANT:{% endif %}"
)
CHATML = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{% for c in m.content %}{% if c.type == 'video' %}VIDEO"
    "{% elif c.type == 'text' %}{{ c.text }}{% endif %}{% endfor %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def build(family: str, folder: Path, seed: int = 0, **changes: Any) -> Path:
    """Write a tiny checkpoint of `family` into `folder` and return it; `changes` go to the text configuration."""
    torch.manual_seed(seed)
    config, processor = FAMILIES[family](TEXT | changes)
    model = hf.AutoModelForImageTextToText.from_config(config).eval()
    for name, value in model.named_parameters():  # random weights of a size at which every input leaves its mark
        if value.ndim > 1 and "norm" not in name:
            torch.nn.init.normal_(value, std=0.15)
    model.generation_config.eos_token_id = processor.tokenizer.eos_token_id
    model.generation_config.pad_token_id = processor.tokenizer.pad_token_id
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def tokenizer(
    specials: dict[str, str], extra: tuple[str, ...] = (), eos: str = "</s>", pieces: int = 400
) -> hf.PreTrainedTokenizerFast:
    """Train a byte-level BPE on SENTENCES, with the special tokens of a family."""
    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=pieces, show_progress=False, initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
    )
    raw.train_from_iterator(SENTENCES, trainer)
    made = hf.PreTrainedTokenizerFast(
        tokenizer_object=raw, eos_token=eos, pad_token="<pad>", bos_token="<s>", extra_special_tokens=specials
    )
    made.add_tokens(list(extra), special_tokens=True)
    return made


def _ids(words: hf.PreTrainedTokenizerFast) -> dict[str, int]:
    return {
        "vocab_size": len(words),
        "pad_token_id": words.pad_token_id,
        "bos_token_id": words.bos_token_id,
        "eos_token_id": words.eos_token_id,
    }


def _smolvlm(text: dict[str, Any]) -> tuple[Any, Any]:
    words = tokenizer(
        {
            "image_token": "<image>",
            "fake_image_token": "<fake_token_around_image>",
            "global_image_token": "<global-img>",
            "end_of_utterance_token": "<end_of_utterance>",
        },
        ("<|im_start|>",),
        eos="<end_of_utterance>",
    )
    config = hf.SmolVLMConfig(
        text_config={"model_type": "llama", **_ids(words), **text},
        vision_config={**VISION, "image_size": 32, "patch_size": 8},
        image_token_id=words.convert_tokens_to_ids("<image>"),
        scale_factor=2,
    )
    side = {"longest_edge": 32}
    processor = hf.SmolVLMProcessor(
        hf.SmolVLMImageProcessor(size=side, max_image_size=side, do_image_splitting=False),
        words,
        hf.SmolVLMVideoProcessor(size=side, max_image_size=side),
        image_seq_len=4,
    )
    return config, processor


def _qwen(text: dict[str, Any], config: Any, vision: dict[str, Any], processors: tuple[Any, ...]) -> tuple[Any, Any]:
    words = tokenizer(
        {"image_token": "<|image_pad|>", "video_token": "<|video_pad|>"},
        ("<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>"),
        eos="<|im_end|>",
    )
    half = text.get("head_dim", text["hidden_size"] // text["num_attention_heads"]) // 2
    sections = [half // 4, half // 4, half - 2 * (half // 4)]
    rope = {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": sections}
    made = config(
        text_config={**_ids(words), "rope_parameters": rope, **text},
        vision_config=vision,
        image_token_id=words.convert_tokens_to_ids("<|image_pad|>"),
        video_token_id=words.convert_tokens_to_ids("<|video_pad|>"),
        vision_start_token_id=words.convert_tokens_to_ids("<|vision_start|>"),
        vision_end_token_id=words.convert_tokens_to_ids("<|vision_end|>"),
    )
    processor, image, video = processors
    template = CHATML.replace("VIDEO", "<|vision_start|><|video_pad|><|vision_end|>")
    return made, processor(image, words, video, chat_template=template)


def _qwen2_5_vl(text: dict[str, Any]) -> tuple[Any, Any]:
    vision = {
        "hidden_size": 32,
        "intermediate_size": 64,
        "depth": 2,
        "num_heads": 2,
        "out_hidden_size": text["hidden_size"],
        "fullatt_block_indexes": [1],
        "window_size": 56,
        "tokens_per_second": 2,
    }
    size = {"shortest_edge": 56 * 56, "longest_edge": 84 * 84}
    processors = (
        hf.Qwen2_5_VLProcessor,
        hf.Qwen2VLImageProcessor(size=size),
        hf.Qwen2VLVideoProcessor(size=size),
    )
    return _qwen(text, hf.Qwen2_5_VLConfig, vision, processors)


def _qwen3_vl(text: dict[str, Any]) -> tuple[Any, Any]:
    vision = {
        "hidden_size": 32,
        "intermediate_size": 64,
        "depth": 3,
        "num_heads": 2,
        "out_hidden_size": text["hidden_size"],
        "num_position_embeddings": 16,
        "deepstack_visual_indexes": [0, 1],
    }
    size = {"shortest_edge": 64 * 64, "longest_edge": 8 * 64 * 64}
    processors = (
        hf.Qwen3VLProcessor,
        hf.Qwen2VLImageProcessor(patch_size=16, size=size),
        hf.Qwen3VLVideoProcessor(size=size),
    )
    return _qwen({"head_dim": 8, **text}, hf.Qwen3VLConfig, vision, processors)


def _vicuna_words() -> hf.PreTrainedTokenizerFast:
    return tokenizer({"image_token": "<image>", "video_token": "<video>"})


def _llava_next_video(text: dict[str, Any]) -> tuple[Any, Any]:
    words = _vicuna_words()
    config = hf.LlavaNextVideoConfig(
        text_config={"model_type": "llama", **_ids(words), **text},
        vision_config={"model_type": "clip_vision_model", **VISION, "image_size": 32, "patch_size": 8},
        image_token_index=words.convert_tokens_to_ids("<image>"),
        video_token_index=words.convert_tokens_to_ids("<video>"),
        image_grid_pinpoints=[[32, 64], [64, 32]],
    )
    square = {"height": 32, "width": 32}
    processor = hf.LlavaNextVideoProcessor(
        hf.LlavaNextVideoVideoProcessor(size={"shortest_edge": 32}, crop_size=square),
        hf.LlavaNextImageProcessor(size={"shortest_edge": 32}, crop_size=square, image_grid_pinpoints=[[32, 64]]),
        words,
        chat_template=VICUNA,
        patch_size=8,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
    )
    return config, processor


def _video_llava(text: dict[str, Any]) -> tuple[Any, Any]:
    words = _vicuna_words()
    config = hf.VideoLlavaConfig(
        text_config={"model_type": "llama", **_ids(words), **text},
        vision_config={"model_type": "clip_vision_model", **VISION, "image_size": 32, "patch_size": 8},
        image_token_index=words.convert_tokens_to_ids("<image>"),
        video_token_index=words.convert_tokens_to_ids("<video>"),
    )
    square = {"height": 32, "width": 32}
    processor = hf.VideoLlavaProcessor(  # no chat template, like its first releases
        hf.VideoLlavaImageProcessor(size={"shortest_edge": 32}, crop_size=square),
        hf.VideoLlavaVideoProcessor(size={"shortest_edge": 32}, crop_size=square),
        words,
        patch_size=8,
    )
    return config, processor


def _llava_onevision(text: dict[str, Any]) -> tuple[Any, Any]:
    words = tokenizer(
        {"image_token": "<image>", "video_token": "<video>"}, ("<|im_start|>", "<|im_end|>"), eos="<|im_end|>"
    )
    config = hf.LlavaOnevisionConfig(
        text_config={"model_type": "qwen2", **_ids(words), **text},
        vision_config={
            "model_type": "siglip_vision_model",
            **VISION,
            "image_size": 24,
            "patch_size": 8,
            "vision_use_head": False,
        },
        image_token_index=words.convert_tokens_to_ids("<image>"),
        video_token_index=words.convert_tokens_to_ids("<video>"),
    )
    square = {"height": 24, "width": 24}
    processor = hf.LlavaOnevisionProcessor(
        hf.LlavaOnevisionImageProcessor(size=square),
        words,
        hf.LlavaOnevisionVideoProcessor(size=square),
        num_image_tokens=9,
        vision_feature_select_strategy="full",
        chat_template=CHATML.replace("VIDEO", "<video>\n"),
    )
    return config, processor


def _internvl(text: dict[str, Any]) -> tuple[Any, Any]:
    words = tokenizer(
        {
            "start_image_token": "<img>",
            "end_image_token": "</img>",
            "context_image_token": "<IMG_CONTEXT>",
            "video_token": "<video>",
        },
        ("<|im_start|>", "<|im_end|>"),
        eos="<|im_end|>",
    )
    config = hf.InternVLConfig(
        text_config={"model_type": "qwen2", **_ids(words), **text},
        vision_config={**VISION, "image_size": [32, 32], "patch_size": [8, 8]},
        image_token_id=words.convert_tokens_to_ids("<IMG_CONTEXT>"),
        image_seq_length=4,
    )
    square = {"height": 32, "width": 32}
    processor = hf.InternVLProcessor(
        hf.GotOcr2ImageProcessor(size=square),
        words,
        hf.InternVLVideoProcessor(size=square),
        image_seq_length=4,
        chat_template=CHATML.replace("VIDEO", "<video>\n"),
    )
    return config, processor


FAMILIES: dict[str, Callable[[dict[str, Any]], tuple[Any, Any]]] = {
    "smolvlm": _smolvlm,
    "qwen2_5_vl": _qwen2_5_vl,
    "qwen3_vl": _qwen3_vl,
    "llava_next_video": _llava_next_video,
    "video_llava": _video_llava,
    "llava_onevision": _llava_onevision,
    "internvl": _internvl,
}
#: Visual tokens of a clip of 8 and of 5 frames of 48 x 64 pixels, counted by hand from the tiny configurations.
TOKENS = {
    "smolvlm": (32, 20),  # 32/8 = 4 patches a side, 2 x 2 merged: 4 a frame
    "internvl": (32, 20),
    "llava_next_video": (32, 20),
    "video_llava": (136, 85),  # 16 patches and a class token a frame
    "llava_onevision": (33, 21),  # 3 x 3 pooled to 2 x 2, and one newline a clip
    "qwen2_5_vl": (16, 12),  # 56 x 84 is too large, 56 x 56: 2 x 2 merged patches for every 2 frames
    "qwen3_vl": (16, 12),
}
#: Layers that hold query and value in the two or three blocks of the vision tower, where they are not four.
VISION_TARGETS = {"qwen2_5_vl": 2, "qwen3_vl": 3}
#: Those that look at two frames together.
PAIRED = {"qwen2_5_vl", "qwen3_vl"}
