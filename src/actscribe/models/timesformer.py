"""TimeSformer through transformers' own class: loading and frame counts."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import torch
from torch import nn
from transformers import TimesformerConfig, TimesformerForVideoClassification

from actscribe.errors import ActScribeError
from actscribe.models.catalog import checkpoint_folder
from actscribe.models.loading import again, load_part, load_weights, read_config
from actscribe.models.pixels import Pixels, read_pixels

#: How the names of the head's weights begin.
HEAD = "classifier."


def load_timesformer(
    checkpoint: str, labels: tuple[str, ...], frames: int, fit: str = "stretch"
) -> tuple[TimesformerForVideoClassification, Pixels]:
    """Return a TimeSformer with a head for `labels`, and how to feed it.

    A frame count other than the checkpoint's resizes the temporal position embeddings by nearest neighbour, as the
    paper does; transformers' layers would otherwise mis-group the tokens. A head of other labels is replaced by a
    fresh one; every other weight comes from the checkpoint. `changes` tells of both.

    Raises:
        ActScribeError: the checkpoint is not on this machine, is no TimeSformer, carries no mean and std, or its
            weights do not fit its configuration.
    """
    folder = checkpoint_folder(checkpoint, "timesformer")
    config = _config(folder, checkpoint)
    same_head = _head(config) == labels
    model = load_weights(
        TimesformerForVideoClassification,
        folder,
        checkpoint,
        () if same_head else (HEAD,),
        id2label=dict(enumerate(labels)),
        label2id={name: index for index, name in enumerate(labels)},
        dtype=torch.float32,
    )
    if not same_head:
        head = cast(nn.Linear, model.classifier)
        nn.init.normal_(head.weight, std=0.02)
        nn.init.zeros_(head.bias)
    fit_frame_count(model, frames)
    return model, read_pixels(str(folder), checkpoint, _side(config), fit)


def load_saved(folder: Path) -> TimesformerForVideoClassification:
    """Return the TimeSformer that `save_pretrained` wrote into a folder, whole.

    Raises:
        ActScribeError: a file is missing or damaged, or the weights do not fit the configuration.
    """
    name = str(folder)
    _config(checkpoint_folder(name, "timesformer"), name)
    return load_weights(TimesformerForVideoClassification, folder, name)


def changes(checkpoint: str, labels: tuple[str, ...], frames: int) -> list[str]:
    """Return in words what `load_timesformer` makes anew or resizes; no weight is read."""
    config = configuration(checkpoint)
    told = []
    if _head(config) != labels:
        told.append(f"the head of '{checkpoint}' ({config.num_labels} classes) was replaced by a new one")
    if config.num_frames != frames:
        told.append(f"the positions of '{checkpoint}' for {config.num_frames} frames were resized to {frames}")
    return told


def configuration(checkpoint: str) -> TimesformerConfig:
    """Return the configuration of a checkpoint, checked, without loading its weights."""
    return _config(checkpoint_folder(checkpoint, "timesformer"), checkpoint)


def picture_size(checkpoint: str) -> int:
    """Return the side of the checkpoint's square input in pixels, without loading its weights."""
    return _side(configuration(checkpoint))


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


def _config(folder: Path, checkpoint: str) -> TimesformerConfig:
    values = read_config(folder, checkpoint, ("timesformer",))
    named = values.get("architectures") or [TimesformerForVideoClassification.__name__]
    if not isinstance(named, list) or TimesformerForVideoClassification.__name__ not in named:
        raise ActScribeError(
            f"'{checkpoint}' is no TimeSformer of videos: its config.json says {named}.", "Choose another model."
        )
    config = load_part(TimesformerConfig, folder, checkpoint, "config.json")
    for key in ("num_frames", "patch_size", "hidden_size", "num_hidden_layers", "num_attention_heads"):
        found = getattr(config, key)
        if type(found) is not int or found < 1:
            raise ActScribeError(
                f"{folder / 'config.json'}: expected {key} to be a whole number above 0, found {found!r}.",
                again(checkpoint),
            )
    return config


def _head(config: TimesformerConfig) -> tuple[str, ...]:
    """Return the classes of a checkpoint's head, in order."""
    return tuple((config.id2label or {}).values())


def _side(config: TimesformerConfig) -> int:
    size = config.image_size
    return int(size if isinstance(size, int) else size[0])
