"""A dual encoder as one network from pixels to logits: backbone, prompts, VgHIF where asked for, head."""

from __future__ import annotations

from typing import cast

from torch import Tensor, nn

from actscribe.models.dual_encoder.heads import LabelHead
from actscribe.models.dual_encoder.interface import Backbone, TextFeatures, Tokens, Towers, Visual, encode_texts
from actscribe.models.dual_encoder.vghif import Vghif
from actscribe.settings.vghif import VghifConfig


class DualEncoder(nn.Module):
    """Scores videos against the prompts of a label set.

    Text features are computed once, here, unless the text tower learns; then once per batch.

    Args:
        backbone: an adapter.
        tokens: of the prompts, in the order of the labels; a neutral one last if the head has it.
        head: of the study's task.
        vghif: its configuration; None leaves the backbone as it is.
        towers: which learn.
    """

    ids: Tensor
    mask: Tensor
    features: Tensor | None

    def __init__(
        self,
        backbone: Backbone,
        tokens: Tokens,
        head: LabelHead,
        vghif: VghifConfig | None = None,
        towers: Towers = "none",
    ) -> None:
        super().__init__()
        backbone.tune(towers)
        self.backbone, self.head = backbone, head
        self.vghif = Vghif(vghif, backbone.depth, backbone.width, backbone.joint) if vghif else None
        self.towers, self.prompts = towers, tokens.prompts
        self.register_buffer("ids", tokens.ids, persistent=False)
        self.register_buffer("mask", tokens.mask, persistent=False)
        known = None if backbone.text_learns else encode_texts(backbone, tokens).features
        self.register_buffer("features", known, persistent=False)

    def texts(self) -> TextFeatures:
        """Return the features of the prompts: kept ones, or if the text tower learns, those of this moment."""
        if self.features is not None:
            return TextFeatures(self.prompts, self.features)
        return TextFeatures(self.prompts, self.backbone.text(Tokens(self.prompts, self.ids, self.mask)))

    def scores(self, pixel_values: Tensor) -> Tensor:
        """Return scaled cosines of videos (batch, frames, 3, side, side) and prompts, shape (batch, prompts)."""
        return self.compared(self.backbone.visual(pixel_values, self.levels))

    @property
    def levels(self) -> tuple[int, ...]:
        """Blocks of the visual encoder whose outputs are needed."""
        return tuple(self.vghif.levels) if self.vghif else ()

    def compared(self, visual: Visual) -> Tensor:
        """Return what `scores` does, from what the backbone made of the videos."""
        return match(self.backbone, self.vghif, visual, self.texts().features)

    def answered(self, visual: Visual) -> Tensor:
        """Return what `forward` does, from what the backbone made of the videos."""
        return cast(Tensor, self.head(self.compared(visual)))

    def forward(self, pixel_values: Tensor) -> Tensor:
        """Return the logits of videos (batch, frames, 3, side, side), shape (batch, labels)."""
        return self.answered(self.backbone.visual(pixel_values, self.levels))

    def freeze(self) -> None:
        """Stop all learning, and compute the text features for good: for scoring after training."""
        self.towers = "none"
        self.requires_grad_(False)
        tokens = Tokens(self.prompts, self.ids, self.mask)
        self.features = encode_texts(self.backbone, tokens).features

    def for_prompts(self, tokens: Tokens, head: LabelHead) -> DualEncoder:
        """Return a frozen network with the weights of this one, which is frozen too, for other prompts and labels."""
        where = self.ids.device
        placed = Tokens(tokens.prompts, tokens.ids.to(where), tokens.mask.to(where))
        made = DualEncoder(self.backbone, placed, head.to(where))
        made.vghif = self.vghif
        made.freeze()
        return made.eval()

    def groups(self) -> dict[str, list[nn.Parameter]]:
        """Return the parameters that learn, by what their learning rate should be.

        "pretrained": of the backbone; "new": what X-CLIP added to CLIP (10 times the rate, as published); "vghif";
        "head": biases of a multi-label study.
        """
        parts = self.backbone.new_parts
        groups: dict[str, list[nn.Parameter]] = {"pretrained": [], "new": [], "vghif": [], "head": []}
        for name, parameter in self.named_parameters():
            if parameter.requires_grad:
                first, _, rest = name.partition(".")
                is_new = any(part in rest for part in parts)
                kind = {"backbone": "new" if is_new else "pretrained", "vghif": "vghif", "head": "head"}[first]
                groups[kind].append(parameter)
        return groups


def match(backbone: Backbone, vghif: Vghif | None, visual: Visual, text: Tensor) -> Tensor:
    """Return scaled cosines of videos and prompts, refined by VgHIF where there is one, shape (batch, prompts).

    Args:
        backbone: an adapter.
        vghif: made for it, or None.
        visual: of the adapter, with VgHIF's levels.
        text: features of the prompts, not normalised, shape (prompts, D).
    """
    video, met = visual.video, backbone.condition(text, visual)
    if vghif is not None:
        video, met = vghif(visual, met)
    return backbone.logits(video, met)
