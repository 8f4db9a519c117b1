"""TimeSformer through transformers' own class: loading and frame counts."""

from __future__ import annotations

from typing import cast

import torch
from torch import nn
from transformers import TimesformerConfig, TimesformerForVideoClassification

from actscribe.errors import ActScribeError
from actscribe.models.catalog import checkpoint_folder
from actscribe.models.pixels import Pixels, read_pixels
from actscribe.models.quiet import quiet

#: The name under which the tiny TimeSformer of the package is chosen.
EMBEDDED = "embedded"


def load_timesformer(
    checkpoint: str, labels: tuple[str, ...], frames: int, fit: str = "stretch"
) -> tuple[TimesformerForVideoClassification, Pixels]:
    """Return a TimeSformer with a head for `labels`, and how to feed it.

    A frame count other than the checkpoint's resizes the temporal position embeddings by nearest neighbour, as the
    paper does; transformers' layers would otherwise mis-group the tokens. A head of other labels is replaced by a
    fresh one.

    Raises:
        ActScribeError: the checkpoint is not on this machine, is no TimeSformer, or carries no mean and std.
    """
    folder = str(checkpoint_folder(checkpoint, "timesformer"))
    config = _config(folder, checkpoint)
    same_head = tuple((config.id2label or {}).values()) == labels
    with quiet():
        model = TimesformerForVideoClassification.from_pretrained(
            folder,
            id2label=dict(enumerate(labels)),
            label2id={name: index for index, name in enumerate(labels)},
            ignore_mismatched_sizes=not same_head,
            dtype=torch.float32,
            local_files_only=True,
            use_safetensors=True,
        )
    if not same_head:
        head = cast(nn.Linear, model.classifier)
        nn.init.normal_(head.weight, std=0.02)
        nn.init.zeros_(head.bias)
    fit_frame_count(model, frames)
    return model, read_pixels(folder, checkpoint, _side(config), fit)


def picture_size(checkpoint: str) -> int:
    """Return the side of the checkpoint's square input in pixels, without loading its weights."""
    return _side(_config(str(checkpoint_folder(checkpoint, "timesformer")), checkpoint))


def fit_frame_count(model: TimesformerForVideoClassification, frames: int) -> None:
    """Change the number of frames that `model` takes, in place.

    Raises:
        ActScribeError: the model attends over space only and has no temporal positions to resize.
    """
    if model.config.num_frames == frames:
        return
    embeddings = model.timesformer.embeddings
    if model.config.attention_type == "space_only":
        raise ActScribeError(
            f"This TimeSformer takes {model.config.num_frames} frames without temporal positions, found {frames}.",
            f"Set windows.frames to {model.config.num_frames} in the study file.",
        )
    old = embeddings.time_embeddings.detach().transpose(1, 2)
    new = nn.functional.interpolate(old, size=frames, mode="nearest").transpose(1, 2)
    embeddings.time_embeddings = nn.Parameter(new.contiguous())
    model.config.num_frames = frames


def blocks(model: TimesformerForVideoClassification) -> list[nn.Module]:
    """Return the transformer blocks from the first to the last."""
    return list(model.timesformer.encoder.layer)


def _config(folder: str, checkpoint: str) -> TimesformerConfig:
    try:
        config = TimesformerConfig.from_pretrained(folder, local_files_only=True)
    except OSError as error:
        raise ActScribeError(
            f"TimeSformer checkpoint '{checkpoint}' is neither a folder nor in the local Hugging Face cache.",
            f"Type: actscribe models pull {checkpoint}   or use checkpoint: embedded",
        ) from error
    if config.architectures and "TimesformerForVideoClassification" not in config.architectures:
        raise ActScribeError(f"'{checkpoint}' is no TimeSformer: its config.json says {config.architectures}.")
    return config


def _side(config: TimesformerConfig) -> int:
    size = config.image_size
    return int(size if isinstance(size, int) else size[0])
