"""TimeSformer through transformers' own class: loading, frame counts, pictures to tensors."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import nn
from transformers import TimesformerConfig, TimesformerForVideoClassification
from transformers.utils.hub import cached_file

from actscribe.errors import ActScribeError
from actscribe.models.catalog import checkpoint_folder
from actscribe.models.quiet import quiet

#: The name under which the tiny TimeSformer of the package is chosen.
EMBEDDED = "embedded"


@dataclass(frozen=True, slots=True)
class Pixels:
    """How uint8 frames become the checkpoint's input.

    Args:
        size: of the square input, in pixels.
        mean, std: per channel, of values in [0, 1]; always the checkpoint's own.
        fit: "stretch" keeps the whole picture, "crop" takes the centre square.
    """

    size: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    fit: str

    def tensor(self, frames: np.ndarray) -> torch.Tensor:
        """Return uint8 frames, (frames, height, width, 3), resized, as float in [0, 255], (frames, 3, size, size)."""
        video = torch.from_numpy(np.ascontiguousarray(frames)).permute(0, 3, 1, 2)
        if self.fit == "crop":
            side = min(video.shape[-2:])
            top, left = (video.shape[-2] - side) // 2, (video.shape[-1] - side) // 2
            video = video[..., top : top + side, left : left + side]
        if video.shape[-2:] == (self.size, self.size):
            return video.float()
        resized = nn.functional.interpolate(
            video.float(), size=(self.size, self.size), mode="bilinear", antialias=True, align_corners=False
        )
        return resized.clamp(0, 255)

    def normalise(self, video: torch.Tensor) -> torch.Tensor:
        """Return values in [0, 255], shape (..., 3, size, size), as the checkpoint expects them."""
        mean = torch.tensor(self.mean, device=video.device).view(3, 1, 1)
        std = torch.tensor(self.std, device=video.device).view(3, 1, 1)
        return (video / 255 - mean) / std


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
    return model, _pixels(folder, checkpoint, _side(config), fit)


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


def _pixels(folder: str, checkpoint: str, size: int, fit: str) -> Pixels:
    """Read mean and std from the checkpoint's own file; a library's default would silently be another set's."""
    for name in ("video_preprocessor_config.json", "preprocessor_config.json"):
        path = cached_file(folder, name, local_files_only=True, _raise_exceptions_for_missing_entries=False)
        if path:
            break
    else:
        raise ActScribeError(
            f"'{checkpoint}' has no preprocessor_config.json, so its mean and std are unknown.",
            "Copy the file from where the checkpoint came from.",
        )
    values = json.loads(Path(path).read_text(encoding="utf-8"))
    mean, std = tuple(values.get("image_mean") or ()), tuple(values.get("image_std") or ())
    if len(mean) != 3 or len(std) != 3 or not all(value > 0 for value in std):
        raise ActScribeError(
            f"{path}: expected image_mean and a positive image_std for 3 channels, found {mean}, {std}."
        )
    return Pixels(size, mean, std, fit)
