"""Checkpoints of the vision-language families whose processors write times: see `tiny_vlms`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tiny_vlms
import transformers as hf
from tiny_vlms import CHATML, VISION, tokenizer

_ENDS = ("<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>")
_PADS = {"image_token": "<|image_pad|>", "video_token": "<|video_pad|>"}
_SIZE = {"shortest_edge": 64 * 64, "longest_edge": 8 * 64 * 64}


def _framed(words: Any) -> dict[str, int]:
    names = {"image": "image_pad", "video": "video_pad", "vision_start": "vision_start", "vision_end": "vision_end"}
    return {f"{key}_token_id": words.convert_tokens_to_ids(f"<|{name}|>") for key, name in names.items()}


def _qwen3_5(text: dict[str, Any]) -> tuple[Any, Any]:
    words = tokenizer(_PADS, _ENDS, eos="<|im_end|>")
    linear = {f"linear_{kind}_head_dim": 8 for kind in ("key", "value")}
    linear |= {f"linear_num_{kind}_heads": 4 for kind in ("key", "value")}
    rope = {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [1, 1, 2], "partial_rotary_factor": 1.0}
    layers = {"layer_types": ["linear_attention", "full_attention"], "head_dim": 8, "rope_parameters": rope}
    vision = {"hidden_size": 32, "intermediate_size": 64, "depth": 2, "num_heads": 2, "num_position_embeddings": 16}
    config = hf.Qwen3_5Config(
        text_config={**tiny_vlms._ids(words), **text, **linear, **layers},
        vision_config={**vision, "out_hidden_size": 32},
        **_framed(words),
    )
    return config, _qwen_processor(hf.Qwen3VLProcessor, words)


def _lfm3_vl(text: dict[str, Any]) -> tuple[Any, Any]:
    words = tokenizer(_PADS, _ENDS, eos="<|im_end|>")
    layers = {"layer_types": ["conv", "full_attention"], "head_dim": 8}
    vision = {"layer_types": ["conv", "full_attention"], "num_key_value_heads": 2, **VISION}
    config = hf.Lfm3VlConfig(
        text_config={"model_type": "lfm3", **tiny_vlms._ids(words), **text, **layers},
        vision_config=vision,
        projector_hidden_size=32,
        **_framed(words),
    )
    return config, _qwen_processor(hf.Lfm3VlProcessor, words)


def _qwen_processor(kind: Any, words: Any) -> Any:
    template = CHATML.replace("VIDEO", "<|vision_start|><|video_pad|><|vision_end|>")
    image = hf.Qwen2VLImageProcessor(patch_size=16, size=_SIZE)
    return kind(image, words, hf.Qwen3VLVideoProcessor(size=_SIZE), chat_template=template)


def _glm46v(text: dict[str, Any]) -> tuple[Any, Any]:
    marks = tuple(f"<|{end}_of_{kind}|>" for kind in ("image", "video") for end in ("begin", "end"))
    words = tokenizer(
        {"image_token": "<|image|>", "video_token": "<|video|>"},
        ("<|im_start|>", "<|im_end|>", *marks),
        eos="<|im_end|>",
    )
    ids = words.convert_tokens_to_ids
    vision = {"hidden_size": 32, "intermediate_size": 64, "depth": 2, "num_heads": 2, "out_hidden_size": 32}
    rope = {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [1, 1, 2]}
    config = hf.Glm46VConfig(
        text_config={"model_type": "glm4v_text", **tiny_vlms._ids(words), **text, "rope_parameters": rope},
        vision_config={"model_type": "glm4v_vision", "image_size": 56, "patch_size": 14, **vision},
        image_token_id=ids("<|image|>"),
        video_token_id=ids("<|video|>"),
        image_start_token_id=ids(marks[0]),
        image_end_token_id=ids(marks[1]),
        video_start_token_id=ids(marks[2]),
        video_end_token_id=ids(marks[3]),
    )
    size = {"shortest_edge": 56 * 56, "longest_edge": 8 * 56 * 84}
    processor = hf.Glm46VProcessor(
        hf.Glm46VImageProcessor(size=size),
        words,
        hf.Glm46VVideoProcessor(size=size),
        chat_template=CHATML.replace("VIDEO", "<|begin_of_video|><|video|><|end_of_video|>"),
    )
    return config, processor


def _video_llama_3(text: dict[str, Any]) -> tuple[Any, Any]:
    words = tokenizer(_PADS, _ENDS, eos="<|im_end|>")
    config = hf.VideoLlama3Config(
        text_config={"model_type": "qwen2", **tiny_vlms._ids(words), **text},
        vision_config={**VISION, "patch_size": 14},
        image_token_id=words.convert_tokens_to_ids("<|image_pad|>"),
        video_token_id=words.convert_tokens_to_ids("<|video_pad|>"),
    )
    size = {"shortest_edge": 56 * 56, "longest_edge": 8 * 56 * 84}
    processor = hf.VideoLlama3Processor(
        hf.VideoLlama3ImageProcessor(size=size),
        words,
        hf.VideoLlama3VideoProcessor(size=size),
        chat_template=CHATML.replace("VIDEO", "<|video_pad|>\n"),
    )
    return config, processor


def _gemma4(text: dict[str, Any]) -> tuple[Any, Any]:
    words = tokenizer(
        {
            "image_token": "<|image|>",
            "boi_token": "<|image>",
            "eoi_token": "<image|>",
            "audio_token": "<|audio|>",
            "boa_token": "<|audio>",
            "eoa_token": "<audio|>",
        },
        ("<|video|>", "<|im_start|>", "<|im_end|>"),
        eos="<|im_end|>",
    )
    layers = {
        "layer_types": ["sliding_attention", "full_attention"],
        "sliding_window": 16,
        "head_dim": 8,
        "global_head_dim": 8,
        "vocab_size_per_layer_input": len(words),
        "hidden_size_per_layer_input": 8,
        "use_bidirectional_attention": "vision",
        "final_logit_softcapping": 3.0,
    }
    ids = words.convert_tokens_to_ids
    heads = {"num_key_value_heads": 2, "head_dim": 16}
    config = hf.Gemma4Config(
        text_config={**tiny_vlms._ids(words), **text, **layers},
        vision_config={**VISION, **heads, "patch_size": 4, "position_embedding_size": 64},
        audio_config=None,
        image_token_id=ids("<|image|>"),
        video_token_id=ids("<|video|>"),
        boi_token_id=ids("<|image>"),
        eoi_token_id=ids("<image|>"),
        audio_token_id=ids("<|audio|>"),
    )
    processor = hf.Gemma4Processor(
        hf.Gemma4AudioFeatureExtractor(),
        hf.Gemma4ImageProcessor(patch_size=4),
        words,
        hf.Gemma4VideoProcessor(patch_size=4),
        chat_template=CHATML.replace("VIDEO", "<|video|>"),
    )
    return config, processor


def _molmo2(text: dict[str, Any]) -> tuple[Any, Any]:
    marks = ("<im_patch>", "<im_col>", "<im_start>", "<low_res_im_start>", "<frame_start>", "<im_end>", "<frame_end>")
    words = tokenizer(
        {"image_token": "<|image|>", "video_token": "<|video|>"},
        (*marks, "<im_low>", "<|im_start|>", "<|im_end|>"),
        eos="<|im_end|>",
    )
    ids = words.convert_tokens_to_ids
    vision = {**VISION, "num_key_value_heads": 2, "head_dim": 16, "image_size": [56, 56], "patch_size": 8}
    adapter = {"hidden_size": 32, "num_attention_heads": 2, "num_key_value_heads": 2, "head_dim": 16}
    config = hf.Molmo2Config(
        text_config={**tiny_vlms._ids(words), **text, "head_dim": 8, "additional_vocab_size": 0},
        vision_config=vision,
        adapter_config={**adapter, "intermediate_size": 64, "text_hidden_size": 32, "vision_feature_layer": [1, 0]},
        image_patch_id=ids("<im_patch>"),
        image_start_token_id=ids("<im_start>"),
        low_res_image_start_token_id=ids("<low_res_im_start>"),
        image_end_token_id=ids("<im_end>"),
        frame_start_token_id=ids("<frame_start>"),
        frame_end_token_id=ids("<frame_end>"),
    )
    square = {"height": 56, "width": 56}
    processor = hf.Molmo2Processor(
        hf.Molmo2ImageProcessor(size=square, patch_size=8),
        hf.Molmo2VideoProcessor(size=square, patch_size=8),
        words,
        chat_template="<s>" + CHATML.replace("VIDEO", "<|video|>"),
    )
    return config, processor


def _internvl3_5(text: dict[str, Any]) -> tuple[Any, Any]:
    """InternVL 3.5 is InternVL 3 with Qwen3 in place of Qwen2.5."""
    config, processor = tiny_vlms._internvl(text)
    values = config.to_dict()
    values["text_config"] = {"model_type": "qwen3", **tiny_vlms._ids(processor.tokenizer), **text, "head_dim": 8}
    return hf.InternVLConfig(**values), processor


FAMILIES: dict[str, Callable[[dict[str, Any]], tuple[Any, Any]]] = {
    "qwen3_5": _qwen3_5,
    "glm46v": _glm46v,
    "video_llama_3": _video_llama_3,
    "lfm3_vl": _lfm3_vl,
    "gemma4": _gemma4,
    "molmo2": _molmo2,
    "internvl3_5": _internvl3_5,
}
#: Those that look at two frames together.
PAIRED = {"qwen3_5", "glm46v", "lfm3_vl"}
