"""CLIP on video: transformers' CLIPModel on each frame, the mean over time; also the network of ViFi-CLIP.

ViFi-CLIP (Rasheed et al., 2023) is this network with both towers fine-tuned on video: frame features are averaged
before they are normalised.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from actscribe.models.dual_encoder.interface import Backbone, Towers, Visual, class_level

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
        batch = len(pixels)
        out = self.hidden(pixels, levels)
        frames = self.model.visual_projection(out.pooler_output).unflatten(0, (batch, -1))
        kept = tuple(class_level(out.hidden_states[level], batch) for level in levels)
        return Visual(frames.mean(dim=1), class_level(out.last_hidden_state, batch), kept)

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
