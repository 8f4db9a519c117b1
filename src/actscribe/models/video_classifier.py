"""Networks that classify a video, through transformers' own classes: loading, frame counts, parts in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from torch import nn
from transformers import AutoConfig, AutoModelForVideoClassification
from transformers.models.auto.modeling_auto import MODEL_FOR_VIDEO_CLASSIFICATION_MAPPING_NAMES

from actscribe.counts import counted
from actscribe.errors import ActScribeError
from actscribe.models.catalog import checkpoint_folder
from actscribe.models.loading import again, load_part, load_weights, read_config
from actscribe.models.pixels import Pixels, read_pixels
from actscribe.models.video_families import FAMILIES, HEAD, Family

#: Numbers that all positions of a clip may have together; today's largest classifiers have 30 million.
MOST_POSITIONS = 10**8


@dataclass(frozen=True, slots=True, eq=False)
class Body:
    """A video encoder without a head.

    Args:
        network: of transformers.
        family: of it.
        steps: moments that it makes of a clip's frames.
    """

    network: nn.Module
    family: Family
    steps: int


class VideoClassifier(nn.Module):
    """A network of any family behind one call.

    Args:
        model: transformers' network.
    """

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    @property
    def family(self) -> Family:
        """What differs in it from other families."""
        return FAMILIES[self.model.config.model_type]

    @property
    def frames(self) -> int:
        """Frames of a clip."""
        return int(getattr(self.model.config, self.family.frames))

    @property
    def head(self) -> nn.Linear:
        """The layer with an output per label."""
        return cast(nn.Linear, self.model.classifier)

    def forward(self, pixel_values: torch.Tensor) -> torch.Tensor:
        """Return logits, shape (clips, labels), of pixels, shape (clips, frames, 3, side, side)."""
        logits = self.model(**{self.family.inputs: pixel_values}).logits
        return cast(torch.Tensor, logits.flatten(1))  # VideoPrism answers (clips, 1, labels)

    def parts(self) -> list[nn.Module]:
        """Return the pretrained parts from the input to the output."""
        modules: list[nn.Module] = []
        for name in self.family.parts:
            part = self.model.get_submodule(name)
            modules += list(part) if isinstance(part, nn.ModuleList) else [part]
        return modules


def load_classifier(
    checkpoint: str, labels: tuple[str, ...], frames: int, resize_mode: str = "stretch", families: Sequence[str] = ()
) -> tuple[VideoClassifier, Pixels]:
    """Return a video classifier with a head for `labels`, and how to feed it.

    Learned positions of another number of frames are resized by nearest neighbour, as published for TimeSformer;
    transformers' layers would otherwise mis-group the tokens. Computed ones are computed for `frames`. A head of other
    labels is replaced by a fresh one; every other weight comes from the checkpoint. `changes` tells of both.

    Args:
        checkpoint: as the user named it.
        labels: in the order of the outputs.
        frames: of a clip.
        resize_mode: how a picture becomes square, see `Pixels`.
        families: keys of `FAMILIES` that are taken; empty: all.

    Raises:
        ActScribeError: the checkpoint is not on this machine, is not a video classifier of these families, has no mean
            and std, takes other numbers of frames, or its weights do not fit its configuration.
    """
    folder = checkpoint_folder(checkpoint, "timesformer")
    config = _config(folder, checkpoint, families)
    family = FAMILIES[config.model_type]
    check_frames(config, frames)
    same_head = _head(config) == labels
    options = {family.side: picture_size(config)} | ({} if family.positions else {family.frames: frames})
    model = load_weights(
        AutoModelForVideoClassification,
        folder,
        checkpoint,
        () if same_head else (HEAD,),
        id2label=dict(enumerate(labels)),
        label2id={name: index for index, name in enumerate(labels)},
        dtype=torch.float32,
        **options,
    )
    made = VideoClassifier(model)
    if not same_head:
        nn.init.normal_(made.head.weight, std=0.02)
        nn.init.zeros_(made.head.bias)
    fit_frame_count(model, frames)
    return made, read_pixels(str(folder), checkpoint, picture_size(config), resize_mode)


def load_body(folder: Path, checkpoint: str, config: Any, frames: int) -> Body:
    """Return the encoder of a checkpoint, whether it was saved as a classifier, after pretraining or bare.

    Args:
        folder: of the checkpoint.
        checkpoint: as the user named it.
        config: from `encoder_configuration`.
        frames: of a clip; positions are made to fit as in `load_classifier`.

    Raises:
        ActScribeError: the network takes other numbers of frames, or its weights do not fit its configuration.
    """
    family = FAMILIES[config.model_type]
    check_frames(config, frames)
    options = {family.side: picture_size(config)} | ({} if family.positions else {family.frames: frames})
    model = load_weights(
        AutoModelForVideoClassification, folder, checkpoint, family.added, dtype=torch.float32, **options
    )
    fit_frame_count(model, frames)
    return Body(model.get_submodule(family.body), family, frames // _together(config))


def unfilled_body(config: Any, frames: int) -> Body:
    """Return the encoder of a configuration without values; to be called under `torch.device("meta")`."""
    family = FAMILIES[config.model_type]
    setattr(config, family.frames, frames)
    model = AutoModelForVideoClassification.from_config(config, dtype=torch.float32)
    return Body(model.get_submodule(family.body), family, frames // _together(config))


def encoder_configuration(folder: Path, checkpoint: str) -> Any:
    """Return the checked configuration of a checkpoint that holds an encoder of `FAMILIES`, of whatever class."""
    read_config(folder, checkpoint, tuple(FAMILIES))
    return _checked(folder, checkpoint)


def load_saved(folder: Path) -> VideoClassifier:
    """Return the video classifier that `save_pretrained` wrote into a folder, whole.

    Raises:
        ActScribeError: a file is missing or damaged, or the weights do not fit the configuration.
    """
    name = str(folder)
    _config(checkpoint_folder(name, "timesformer"), name)
    return VideoClassifier(load_weights(AutoModelForVideoClassification, folder, name))


def changes(checkpoint: str, frames: int) -> list[str]:
    """Return in words what `load_classifier` resizes; no weight is read.

    A new head is not mentioned: whoever trains on labels of their own expects nothing else.
    """
    config = configuration(checkpoint)
    family, notes = FAMILIES[config.model_type], []
    own = getattr(config, family.frames)
    if own != frames:
        how = "were resized to" if family.positions else "are computed for"
        notes.append(f"the positions of '{checkpoint}' for {counted(own, 'frame')} {how} {frames}")
    return notes


def configuration(checkpoint: str, families: Sequence[str] = ()) -> Any:
    """Return the configuration of a checkpoint, checked, without loading its weights."""
    return _config(checkpoint_folder(checkpoint, "timesformer"), checkpoint, families)


def check_frames(config: Any, frames: int) -> None:
    """Prove that a network can take clips of so many frames.

    Raises:
        ActScribeError: it joins several frames to one token, and these do not come out even; or it has no positions of
            time that could be resized.
    """
    family, together = FAMILIES[config.model_type], _together(config)
    if frames % together:
        raise ActScribeError(
            f"{family.name} takes {counted(together, 'frame')} at a time, and clips have {frames}.",
            f"Set windows.frames to a multiple of {together} in the study file.",
        )
    own = getattr(config, family.frames)
    if frames != own and getattr(config, "attention_type", "") == "space_only":
        raise ActScribeError(
            f"This TimeSformer takes {counted(own, 'frame')} without temporal positions, found {frames}.",
            f"Set windows.frames to {own} in the study file.",
        )


def fit_frame_count(model: Any, frames: int) -> None:
    """Change the number of frames that a network with learned positions takes, in place.

    Raises:
        ActScribeError: see `check_frames`.
    """
    check_frames(model.config, frames)
    family = FAMILIES[model.config.model_type]
    own = getattr(model.config, family.frames)
    if own == frames:
        return
    where, _, name = family.positions.rpartition(".")
    held, together = model.get_submodule(where), _together(model.config)
    old = getattr(held, name).detach()
    first, grid = (old[:, :1], old[:, 1:]) if family.joint else (old[:, :0], old)
    steps = grid.reshape(own // together, -1) if family.joint else grid[0]  # one row for each moment
    new = nn.functional.interpolate(steps.T[None], size=frames // together, mode="nearest")[0].T
    setattr(held, name, nn.Parameter(torch.cat([first, new.reshape(1, -1, old.shape[-1])], dim=1).contiguous()))
    setattr(model.config, family.frames, frames)


def _config(folder: Path, checkpoint: str, families: Sequence[str] = ()) -> Any:
    """Return the configuration of a checkpoint, of which everything that counts or divides was checked."""
    values = read_config(folder, checkpoint, tuple(families) or tuple(FAMILIES))
    _check_class(values, folder, checkpoint)
    return _checked(folder, checkpoint)


def _checked(folder: Path, checkpoint: str) -> Any:
    config = load_part(AutoConfig, folder, checkpoint, "config.json")
    try:
        _check_sizes(config)
    except ValueError as error:
        raise ActScribeError(f"{folder / 'config.json'}: {error}", again(checkpoint)) from error
    setattr(config, FAMILIES[config.model_type].side, picture_size(config))  # TimeSformer divides it, and takes no list
    return config


def _check_class(values: dict[str, Any], folder: Path, checkpoint: str) -> None:
    """Refuse a checkpoint that was saved from another class than its family's classifier of videos."""
    named = values.get("architectures")
    expected = MODEL_FOR_VIDEO_CLASSIFICATION_MAPPING_NAMES[values["model_type"]]
    if named is not None and not (isinstance(named, list) and expected in named):
        raise ActScribeError(
            f"'{checkpoint}' is not a classifier of videos: its config.json says {named}, expected {expected}.",
            "Choose another model.",
        )


def _check_sizes(config: Any) -> None:
    """Prove that a network of such sizes can be built and be given square pictures.

    Raises:
        ValueError: it cannot; in the words of a message.
    """
    family = FAMILIES[config.model_type]
    sizes = (family.frames, "patch_size", "hidden_size", "num_hidden_layers", "num_attention_heads")
    for key in (one for one in sizes if hasattr(config, one)):
        _check_whole(key, getattr(config, key))
    side = getattr(config, family.side)
    sides = side if isinstance(side, (list, tuple)) else [side, side]
    if len(sides) != 2 or sides[0] != sides[1]:
        raise ValueError(f"expected {family.side} to be the side of a square, found {side!r}.")
    _check_whole(family.side, sides[0])
    together, *patch = _tubelet(config)
    if max(patch) > sides[0] or together > getattr(config, family.frames):
        token_size = f"{counted(together, 'frame')} of {patch[0]} x {patch[1]} pixels"
        raise ValueError(f"expected a token to be smaller than a clip, found one of {token_size}.")
    tokens = (getattr(config, family.frames) // together) * (sides[0] // patch[0]) * (sides[0] // patch[1])
    if tokens * config.hidden_size > MOST_POSITIONS:
        raise ValueError(
            f"{family.frames}, {family.side} and hidden_size make {tokens} positions of {config.hidden_size} numbers,"
            f" expected at most {MOST_POSITIONS} numbers."
        )


def _tubelet(config: Any) -> tuple[int, int, int]:
    """Return the frames, rows and columns that a network joins to one token."""
    tubelet = getattr(config, "tubelet_size", 1)
    if not isinstance(tubelet, (list, tuple)):
        _check_whole("tubelet_size", tubelet)
        return tubelet, config.patch_size, config.patch_size
    if len(tubelet) != 3:
        raise ValueError(f"expected tubelet_size to be frames, rows and columns, found {tubelet!r}.")
    for one in tubelet:
        _check_whole("tubelet_size", one)
    return tubelet[0], tubelet[1], tubelet[2]


def _check_whole(key: str, value: object) -> None:
    if type(value) is not int or value < 1:
        raise ValueError(f"expected {key} to be a whole number above 0, found {value!r}.")


def _head(config: Any) -> tuple[str, ...]:
    """Return the classes of a checkpoint's head in the order of its outputs; none where an output has no name."""
    named = {int(index): name for index, name in (config.id2label or {}).items()}
    if sorted(named) != list(range(len(named))):
        return ()
    return tuple(named[index] for index in range(len(named)))  # the file may have them in any order


def picture_size(config: Any) -> int:
    """Return the side of the square input in pixels."""
    size = getattr(config, FAMILIES[config.model_type].side)
    return int(size if isinstance(size, int) else size[0])


def _together(config: Any) -> int:
    """Return how many frames a network joins to one token."""
    return _tubelet(config)[0]
