"""Configurations of known models, so that `actscribe models plan` needs no download. Sizes from their config.json."""

from __future__ import annotations

from typing import Any

#: Model type, video processor's class, its settings, the configuration's settings.
Dimensions = tuple[str, str, dict[str, Any], dict[str, Any]]

_SIGLIP_B16 = {
    "hidden_size": 768,
    "intermediate_size": 3072,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "image_size": 512,
    "patch_size": 16,
}
_SIGLIP_SO400M = {
    "hidden_size": 1152,
    "intermediate_size": 4304,
    "num_attention_heads": 16,
    "image_size": 384,
    "patch_size": 14,
}
_CLIP_L14 = {
    "model_type": "clip_vision_model",
    "hidden_size": 1024,
    "intermediate_size": 4096,
    "num_hidden_layers": 24,
    "num_attention_heads": 16,
    "patch_size": 14,
}
_VICUNA_7B = {
    "model_type": "llama",
    "vocab_size": 32064,
    "hidden_size": 4096,
    "intermediate_size": 11008,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 32,
}


def _text(
    width: int, inner: int, layers: int, heads: int, kv_heads: int, vocabulary: int, **more: Any
) -> dict[str, Any]:
    return {
        "hidden_size": width,
        "intermediate_size": inner,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": kv_heads,
        "vocab_size": vocabulary,
        **more,
    }


_QWEN2_05B = _text(896, 4864, 24, 14, 2, 151674, model_type="qwen2")
_QWEN2_7B = _text(3584, 18944, 28, 28, 4, 152064)
#: Total pixels of a clip and of a frame that the checkpoints' own processors allow.
_QWEN25_SIZE = {"shortest_edge": 3136, "longest_edge": 12845056}
_QWEN3_SIZE = {"shortest_edge": 4096, "longest_edge": 25165824}


def _smolvlm(vision: dict[str, Any], scale: int, text: dict[str, Any]) -> Dimensions:
    side = {"longest_edge": vision["image_size"]}
    config = {"vision_config": vision, "text_config": {"model_type": "llama", **text}, "scale_factor": scale}
    return "smolvlm", "SmolVLMVideoProcessor", {"max_image_size": side}, config


def _qwen25(text: dict[str, Any], tie: bool) -> Dimensions:
    vision = {"hidden_size": 1280, "intermediate_size": 3420, "depth": 32, "out_hidden_size": text["hidden_size"]}
    config = {"vision_config": vision, "text_config": text, "tie_word_embeddings": tie}
    return "qwen2_5_vl", "Qwen2VLVideoProcessor", {"size": _QWEN25_SIZE}, config


def _qwen3(text: dict[str, Any], vision: tuple[int, int, int], tie: bool) -> Dimensions:
    width, inner, depth = vision
    tower = {
        "hidden_size": width,
        "intermediate_size": inner,
        "depth": depth,
        "num_position_embeddings": 2304,
        "deepstack_visual_indexes": [5, 11, 17] if depth == 24 else [8, 16, 24],
        "out_hidden_size": text["hidden_size"],
    }
    config = {"vision_config": tower, "text_config": {**text, "head_dim": 128}, "tie_word_embeddings": tie}
    return "qwen3_vl", "Qwen3VLVideoProcessor", {"size": _QWEN3_SIZE}, config


def _onevision(text: dict[str, Any]) -> Dimensions:
    vision = {"model_type": "siglip_vision_model", **_SIGLIP_SO400M, "num_hidden_layers": 26, "vision_use_head": False}
    config = {"vision_config": vision, "text_config": {"model_type": "qwen2", **text}}
    return "llava_onevision", "LlavaOnevisionVideoProcessor", {}, config


def _internvl(text: dict[str, Any]) -> Dimensions:
    vision = {"hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24, "attention_bias": True}
    config = {
        "vision_config": vision,
        "text_config": {**text, "model_type": "qwen2"},
        "tie_word_embeddings": False,
    }
    return "internvl", "InternVLVideoProcessor", {"size": {"height": 448, "width": 448}}, config


#: By name in the catalog.
DIMENSIONS: dict[str, Dimensions] = {
    "smolvlm2-256m": _smolvlm(_SIGLIP_B16, 4, _text(576, 1536, 30, 9, 3, 49280)),
    "smolvlm2-500m": _smolvlm(_SIGLIP_B16, 4, _text(960, 2560, 32, 15, 5, 49280)),
    "smolvlm2-2.2b": _smolvlm({**_SIGLIP_SO400M, "num_hidden_layers": 27}, 3, _text(2048, 8192, 24, 32, 32, 49280)),
    "qwen2.5-vl-3b": _qwen25(_text(2048, 11008, 36, 16, 2, 151936), tie=True),
    "qwen2.5-vl-7b": _qwen25(_QWEN2_7B, tie=False),
    "qwen3-vl-2b": _qwen3(_text(2048, 6144, 28, 16, 8, 151936), (1024, 4096, 24), tie=True),
    "qwen3-vl-4b": _qwen3(_text(2560, 9728, 36, 32, 8, 151936), (1024, 4096, 24), tie=True),
    "qwen3-vl-8b": _qwen3(_text(4096, 12288, 36, 32, 8, 151936), (1152, 4304, 27), tie=False),
    "llava-next-video-7b": (
        "llava_next_video",
        "LlavaNextVideoVideoProcessor",
        {"size": {"shortest_edge": 336}, "crop_size": {"height": 336, "width": 336}},
        {"vision_config": {**_CLIP_L14, "image_size": 336}, "text_config": _VICUNA_7B},
    ),
    "video-llava-7b": (
        "video_llava",
        "VideoLlavaVideoProcessor",
        {},
        {"vision_config": {**_CLIP_L14, "image_size": 224}, "text_config": _VICUNA_7B},
    ),
    "llava-onevision-0.5b": _onevision({**_QWEN2_05B, "vocab_size": 152000, "tie_word_embeddings": True}),
    "llava-onevision-7b": _onevision({**_QWEN2_7B, "vocab_size": 152128}),
    "internvl3-1b": _internvl(_QWEN2_05B),
    "internvl3-2b": _internvl(_text(1536, 8960, 28, 12, 2, 151674)),
    "internvl3-8b": _internvl({**_QWEN2_7B, "vocab_size": 151674}),
}
