"""What the dual encoders have in common: what they see of a video, and the backbone that every adapter fills in."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

import torch
from torch import Tensor, nn

#: Which towers learn. X-CLIP keeps its text tower frozen whatever is asked for.
Towers = Literal["none", "image", "text", "both"]


@dataclass(frozen=True, slots=True)
class Level:
    """The output of one block of a visual encoder, W wide.

    Args:
        frame: one token per frame: the class token, or what stands for it; shape (batch, frames, W).
        patches: in rows from the top left; shape (batch, frames, patches, W).
    """

    frame: Tensor
    patches: Tensor


@dataclass(frozen=True, slots=True)
class Visual:
    """What a visual encoder makes of a batch of videos.

    Args:
        video: in the joint space, not normalised, shape (batch, D).
        last: output of the last block.
        levels: outputs of the blocks that were asked for, in that order.
    """

    video: Tensor
    last: Level
    levels: tuple[Level, ...]


@dataclass(frozen=True, slots=True)
class FrameFeatures:
    """What a visual encoder makes of frames that it looks at one by one.

    Args:
        video: in the joint space, not normalised, shape (frames, D).
        last: output of the last block, class token first, shape (frames, 1 + patches, W).
        levels: outputs of the blocks that were asked for, each of the shape of `last`.
    """

    video: Tensor
    last: Tensor
    levels: tuple[Tensor, ...]


@dataclass(frozen=True, slots=True)
class Tokens:
    """Prompts as a text tower takes them, one per label.

    Args:
        prompts: in words.
        ids, mask: shape (prompts, tokens).
    """

    prompts: tuple[str, ...]
    ids: Tensor
    mask: Tensor


@dataclass(frozen=True, slots=True)
class TextFeatures:
    """What a text tower makes of the prompts of a label set: computed once where the tower is frozen.

    Args:
        prompts: in words.
        features: in the joint space, not normalised, shape (prompts, D).
    """

    prompts: tuple[str, ...]
    features: Tensor


class Backbone(nn.Module, ABC):
    """A dual encoder on video: an adapter around transformers' own model, whose logits are those of that model.

    An adapter for another model fills in `visual`, and what else differs from CLIP.

    Args:
        model: of transformers, with the parts `text_model`, `vision_model` and `logit_scale`.
    """

    #: How prompts of different length become one tensor: to the longest, or to the most that the tower takes.
    padding: Literal["longest", "max_length"] = "longest"
    #: Parts of parameter names that X-CLIP calls new: they start from nothing and learn at a higher rate.
    new_parts: tuple[str, ...] = ()
    #: Whether texts meet the patches of the last block.
    meets_patches: bool = False

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model
        vision = model.config.vision_config
        self.depth, self.width = int(vision.num_hidden_layers), int(vision.hidden_size)
        self.side, self.patch = int(vision.image_size), int(vision.patch_size)

    @property
    def joint(self) -> int:
        """Width D of the joint space."""
        return int(self.model.config.projection_dim)

    def forward(self, pixels: Tensor, levels: Sequence[int] = ()) -> Any:
        """Return what a frozen backbone is asked for at once: `visual`, if nothing smaller can be kept."""
        return self.visual(pixels, levels)

    @abstractmethod
    def visual(self, pixels: Tensor, levels: Sequence[int] = ()) -> Visual:
        """Return what the visual encoder makes of videos.

        Args:
            pixels: normalised, shape (batch, frames, 3, side, side).
            levels: block numbers from 1, ascending.
        """

    def text(self, tokens: Tokens) -> Tensor:
        """Return the text features of prompts, not normalised, shape (prompts, D)."""
        return cast(
            Tensor, self.model.get_text_features(input_ids=tokens.ids, attention_mask=tokens.mask).pooler_output
        )

    def condition(self, text: Tensor, visual: Visual) -> Tensor:
        """Return text features (prompts, D) as each video meets them, contiguous, shape (batch, prompts, D)."""
        return text.expand(len(visual.video), -1, -1).contiguous()

    def logits(self, video: Tensor, text: Tensor) -> Tensor:
        """Return the backbone's own score of videos (batch, D) and texts (batch, prompts, D), (batch, prompts)."""
        return scaled_cosine(video, text, self.model.logit_scale)

    @abstractmethod
    def tune(self, towers: Towers) -> None:
        """Choose which parameters learn."""

    @property
    def text_learns(self) -> bool:
        """Whether text features change while training, so that they cannot be computed once."""
        return any(parameter.requires_grad for parameter in self.text_parameters())

    def text_parameters(self) -> list[nn.Parameter]:
        """Parameters that text features depend on."""
        return [p for name, p in self.model.named_parameters() if name.startswith(("text_model.", "text_projection."))]

    def hidden(self, pixels: Tensor, levels: Sequence[int]) -> Any:
        """Run the vision tower over all frames and keep the outputs of the blocks in `levels`, and of no other."""
        return self.model.vision_model(
            pixel_values=pixels.flatten(0, 1), output_hidden_states=list(levels) if levels else False
        )


def class_level(states: Tensor, batch: int) -> Level:
    """Return the output of a block, (batch * frames, 1 + patches, W), whose first token is the class token."""
    split = states.unflatten(0, (batch, -1))
    return Level(split[:, :, 0], split[:, :, 1:])


def scaled_cosine(video: Tensor, text: Tensor, log_scale: Tensor) -> Tensor:
    """Return exp(log_scale) * cosine of videos (batch, D) and texts (batch, prompts, D), shape (batch, prompts).

    In float32 under any autocast: at CLIP's scale of 100, bfloat16 would round the logits to halves.
    """
    video, text = video.float(), text.float()
    video = video / video.norm(dim=-1, keepdim=True)
    text = text / text.norm(dim=-1, keepdim=True)
    return (video.unsqueeze(1) * text).sum(-1) * log_scale.float().exp()


def encode_texts(backbone: Backbone, tokens: Tokens) -> TextFeatures:
    """Return the features of prompts as a constant: nothing learns through them."""
    with torch.no_grad():
        return TextFeatures(tokens.prompts, backbone.text(tokens).detach())
