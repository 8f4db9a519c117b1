"""X-CLIP (Ni et al., 2022) through transformers' XCLIPModel: cross-frame attention, video-specific prompts.

Text tower and logit scale are frozen, as published, so text features are computed once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from torch import Tensor, nn

from actscribe.counts import counted
from actscribe.errors import ActScribeError
from actscribe.models.dual_encoder.interface import Backbone, Towers, Visual, class_level

#: What never learns (published: only names with visual, mit and prompts do).
FROZEN = ("text_model.", "text_projection.", "logit_scale")


class XclipBackbone(Backbone):
    """transformers' XCLIPModel; its logits are the model's own.

    Args:
        model: an XCLIPModel, for as many frames as its configuration says; see `fit_frame_count`.
    """

    new_parts = ("message_", "mit.", "prompts_")
    meets_patches = True

    @property
    def frames(self) -> int:
        """Frames that the network takes."""
        return int(self.model.config.vision_config.num_frames)

    def visual(self, pixels: Tensor, levels: Sequence[int] = ()) -> Visual:
        """Return what the video tower makes of videos; see `Backbone.visual`.

        Raises:
            ActScribeError: another number of frames than the network was set to; it would attend across videos.
        """
        batch = len(pixels)
        if pixels.shape[1] != self.frames:
            raise ActScribeError(
                f"This X-CLIP takes {counted(self.frames, 'frame')} of each video, found {pixels.shape[1]}.",
                "Set windows.frames to the number that the recognizer was made with, or load it for this number.",
            )
        out = self.hidden(pixels, levels)
        frames = self.model.visual_projection(out.pooler_output).unflatten(0, (batch, -1))
        kept = tuple(class_level(out.hidden_states[level], batch) for level in levels)
        return Visual(self.model.mit(frames).pooler_output, class_level(out.last_hidden_state, batch), kept)

    def condition(self, text: Tensor, visual: Visual) -> Tensor:
        """Return text features with X-CLIP's own video-specific prompts added, shape (batch, prompts, D)."""
        patches = self.model.prompts_visual_layernorm(visual.last.patches)
        patches = (patches @ self.model.prompts_visual_projection).mean(dim=1)
        text = super().condition(text, visual)
        return cast(Tensor, text + self.model.prompts_generator(text, patches))

    def tune(self, towers: Towers) -> None:
        """Let everything but the text tower and the logit scale learn; with "none" or "text", nothing."""
        learns = towers in ("image", "both")
        for name, parameter in self.model.named_parameters():
            parameter.requires_grad_(learns and not name.startswith(FROZEN))


def fit_frame_count(model: Any, frames: int) -> None:
    """Change the number of frames that an XCLIPModel takes, in place.

    The only thing that knows a moment is the position table of the last integration over time; it is interpolated
    linearly between segment centres (ours). Messages between frames carry no position, so they need no change.

    Args:
        model: an XCLIPModel.
        frames: from 1.

    Raises:
        ActScribeError: fewer than one frame.
    """
    if frames < 1:
        raise ActScribeError(f"X-CLIP needs at least 1 frame, found {frames}.", "Set windows.frames in the study file.")
    if model.config.vision_config.num_frames == frames:
        return
    old = model.mit.position_embedding.detach().transpose(1, 2)
    new = nn.functional.interpolate(old, size=frames, mode="linear", align_corners=False).transpose(1, 2)
    model.mit.position_embedding = nn.Parameter(new.contiguous())
    model.config.vision_config.num_frames = frames
    for layer in model.vision_model.encoder.layers:
        layer.num_frames = frames
