"""ViFi-CLIP's published checkpoints (muzairkhattak/ViFi-CLIP) under the names of transformers' CLIPModel.

Names lie below `image_encoder`, `text_encoder` and `logit_scale`; token embeddings were never trained and are not in
the file, so they come from the CLIP that training started from.
"""

from __future__ import annotations

from pathlib import Path
from typing import cast

from torch import Tensor
from transformers import CLIPModel

from actscribe.errors import ActScribeError
from actscribe.models.dual_encoder.published import Names, fitted, translated

NAMES = Names(
    network="ViFi-CLIP",
    whole={
        "image_encoder.class_embedding": "vision_model.embeddings.class_embedding",
        "image_encoder.positional_embedding": "vision_model.embeddings.position_embedding.weight",
        "image_encoder.conv1.weight": "vision_model.embeddings.patch_embedding.weight",
        "text_encoder.positional_embedding": "text_model.embeddings.position_embedding.weight",
        "logit_scale": "logit_scale",
    },
    turned={
        "image_encoder.proj": "visual_projection.weight",
        "text_encoder.text_projection": "text_projection.weight",
    },
    parts={
        "image_encoder.ln_pre.": "vision_model.pre_layrnorm.",
        "image_encoder.ln_post.": "vision_model.post_layernorm.",
        "image_encoder.transformer.resblocks.": "vision_model.encoder.layers.",
        "text_encoder.ln_final.": "text_model.final_layer_norm.",
        "text_encoder.transformer.resblocks.": "text_model.encoder.layers.",
    },
    # Embeddings of the class names of that run, and sizes.
    ignored=("prompt_learner.complete_text_embeddings", "input_resolution", "context_length", "vocab_size"),
)
#: Names of runs that learned prompts in front of the tokens: another network.
_PROMPTED = ("prompt_learner.ctx", "VPT", "prompt_learner.token_")
_TOKEN_EMBEDDING = "text_model.embeddings.token_embedding.weight"


def build(state: dict[str, Tensor], clip: CLIPModel, path: Path) -> CLIPModel:
    """Return `clip` with the published weights in place of its own, in place; its token embeddings stay.

    Args:
        state: as `published.read_published` gives it.
        clip: that training started from.
        path: of the file, for messages.

    Raises:
        ActScribeError: prompts were learned, or a tensor is missing, unknown or of another size.
    """
    prompted = [name for name in state if any(part in name for part in _PROMPTED)]
    if prompted:
        raise ActScribeError(
            f"{path}: this run learned prompts ({prompted[0]}), which is not the network of ViFi-CLIP fine-tuned.",
            "Use a checkpoint of full fine-tuning.",
        )
    kept = {_TOKEN_EMBEDDING: clip.get_parameter(_TOKEN_EMBEDDING).detach()}
    return cast(CLIPModel, fitted(kept | translated(state, NAMES, path), clip, path))
