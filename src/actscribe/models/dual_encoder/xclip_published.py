"""X-CLIP's published checkpoints (microsoft/VideoX, folder X-CLIP) under the names of transformers' XCLIPModel.

CLIP's own parts lie below `visual.` and, for text, at the top. What X-CLIP added: `message_fc`, `message_ln` and
`message_attn` in each visual block (cct.py), `mit` (mit.py), `prompts_generator` (prompt.py), `prompts_visual_ln` and
`prompts_visual_proj` (xclip.py). Sizes are read off the tensors; attention of `mit` and of the prompts has one head for
64 numbers, as published.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, cast

from torch import Tensor
from transformers import CLIPModel, XCLIPConfig, XCLIPModel

from actscribe.errors import ActScribeError
from actscribe.models.dual_encoder.published import Names, fitted, translated
from actscribe.settings.named_models import VIFI_CLIP

NAMES = Names(
    network="X-CLIP",
    whole={
        "visual.class_embedding": "vision_model.embeddings.class_embedding",
        "visual.positional_embedding": "vision_model.embeddings.position_embedding.weight",
        "visual.conv1.weight": "vision_model.embeddings.patch_embedding.weight",
        "token_embedding.weight": "text_model.embeddings.token_embedding.weight",
        "positional_embedding": "text_model.embeddings.position_embedding.weight",
        "logit_scale": "logit_scale",
        "prompts_visual_proj": "prompts_visual_projection",
        "mit.positional_embedding": "mit.position_embedding",
        "prompts_generator.alpha": "prompts_generator.alpha",
    },
    turned={"visual.proj": "visual_projection.weight", "text_projection": "text_projection.weight"},
    parts={
        "visual.ln_pre.": "vision_model.pre_layernorm.",
        "visual.ln_post.": "vision_model.post_layernorm.",
        "visual.transformer.resblocks.": "vision_model.encoder.layers.",
        "ln_final.": "text_model.final_layer_norm.",
        "transformer.resblocks.": "text_model.encoder.layers.",
        "prompts_visual_ln.": "prompts_visual_layernorm.",
        "mit.resblocks.": "mit.encoder.layers.",
        "prompts_generator.norm.": "prompts_generator.layernorm.",
        "prompts_generator.decoder.": "prompts_generator.decoder.",
    },
    ignored=("input_resolution", "context_length", "vocab_size"),
)
#: Numbers that one head of the added attention sees.
_HEAD = 64
_TEXT = ("vocab_size", "max_position_embeddings", "hidden_act", "layer_norm_eps")
_TOWER = ("hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads")


def build(state: dict[str, Tensor], clip: CLIPModel, path: Path) -> XCLIPModel:
    """Return an X-CLIP with the published weights, for as many frames as its file was trained with.

    Args:
        state: as `published.read_published` gives it.
        clip: that training started from; sizes of the towers are taken from it.
        path: of the file, for messages.

    Raises:
        ActScribeError: a tensor is missing, unknown or of another size.
    """
    tensors = translated(state, NAMES, path)
    return cast(XCLIPModel, fitted(tensors, XCLIPModel(_config(tensors, clip.config, path)), path))


def _config(tensors: Mapping[str, Tensor], clip: Any, path: Path) -> XCLIPConfig:
    moments, inner = tensors.get("mit.position_embedding"), tensors.get("mit.encoder.layers.0.mlp.fc1.weight")
    if moments is None or inner is None or moments.ndim != 3 or inner.ndim != 2:
        raise ActScribeError(
            f"{path}: holds no integration over time (mit), so it is not an X-CLIP.",
            f"A ViFi-CLIP file belongs to {VIFI_CLIP}.",
        )
    _, frames, joint = moments.shape
    heads = max(1, joint // _HEAD)
    text, vision = clip.text_config, clip.vision_config
    return XCLIPConfig(
        text_config={name: getattr(text, name) for name in (*_TEXT, *_TOWER)},
        vision_config={
            **{name: getattr(vision, name) for name in (*_TOWER, "image_size", "patch_size")},
            **{name: getattr(vision, name) for name in ("hidden_act", "layer_norm_eps")},
            "num_frames": frames,
            "mit_hidden_size": joint,
            "mit_intermediate_size": len(inner),
            "mit_num_hidden_layers": _layers(tensors, "mit.encoder.layers."),
            "mit_num_attention_heads": heads,
        },
        projection_dim=clip.projection_dim,
        prompt_layers=_layers(tensors, "prompts_generator.decoder."),
        prompt_num_attention_heads=heads,
    )


def _layers(names: Collection[str], start: str) -> int:
    """Return how many layers there are of names that begin with `start`."""
    return len({name.removeprefix(start).partition(".")[0] for name in names if name.startswith(start)})
