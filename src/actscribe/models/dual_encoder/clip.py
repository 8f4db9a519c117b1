"""CLIP on video: transformers' CLIPModel on each frame, the mean over time; also the network of ViFi-CLIP.

ViFi-CLIP (Rasheed et al., 2023) is this network with both towers fine-tuned on video: frame features are averaged
before they are normalised.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from actscribe.models.dual_encoder.interface import Backbone, FrameFeatures, Towers, Visual, class_level

#: Parameter names of each tower. Token embeddings never learn, as in ViFi-CLIP; the logit scale only with both towers.
IMAGE = ("vision_model.", "visual_projection.")
TEXT = ("text_model.", "text_projection.")
NEVER = "token_embedding."


class ClipBackbone(Backbone):
    """transformers' CLIPModel on frames; for one frame, or equal frames, its logits are the model's own.

    Args:
        model: a CLIPModel.
    """

    def visual(self, pixels: Tensor, levels: Sequence[int] = ()) -> Visual:
        """Return what the image tower makes of videos; see `Backbone.visual`."""
        return self.joined(self.encode_frames(pixels.flatten(0, 1), levels), len(pixels))

    def forward(self, pixels: Tensor, levels: Sequence[int] = ()) -> FrameFeatures:
        """Return `encode_frames`: frames are seen one by one, so that clips that overlap can share them."""
        return self.encode_frames(pixels, levels)

    def encode_frames(self, pixels: Tensor, levels: Sequence[int] = ()) -> FrameFeatures:
        """Return what the image tower makes of single frames, shape (frames, 3, side, side)."""
        out = self.hidden(pixels.unsqueeze(1), levels)
        kept = tuple(out.hidden_states[level] for level in levels)
        return FrameFeatures(self.model.visual_projection(out.pooler_output), out.last_hidden_state, kept)

    def joined(self, frames: FrameFeatures, videos: int) -> Visual:
        """Return the mean over the frames of each video, and their tokens, from those of all frames in order."""
        mean = frames.video.unflatten(0, (videos, -1)).mean(dim=1)
        levels = tuple(class_level(level, videos) for level in frames.levels)
        return Visual(mean, class_level(frames.last, videos), levels)

    def tune(self, towers: Towers) -> None:
        """Let the parameters of `towers` learn, and no other."""
        learns: dict[Towers, tuple[str, ...]] = {
            "none": (),
            "image": IMAGE,
            "text": TEXT,
            "both": (*IMAGE, *TEXT, "logit_scale"),
        }
        for name, parameter in self.model.named_parameters():
            parameter.requires_grad_(name.startswith(learns[towers]) and NEVER not in name)
