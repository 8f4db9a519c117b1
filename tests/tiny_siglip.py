"""A fourth backbone: all that SigLIP needs to be used with VgHIF is this adapter."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import transformers as hf
from tiny_dual_encoders import TEXT, VISION, shaken, tokens
from torch import Tensor

from actscribe.models.dual_encoder.interface import Backbone, Level, Tokens, Towers, Visual


class SiglipBackbone(Backbone):
    """transformers' SiglipModel, which SigLIP 2 of a fixed picture size uses too: no class token, a bias on logits."""

    padding = "max_length"

    @property
    def joint(self) -> int:
        return int(self.model.config.text_config.projection_size)

    def visual(self, pixels: Tensor, levels: Sequence[int] = ()) -> Visual:
        out = self.hidden(pixels, levels)

        def level(states: Tensor) -> Level:
            split = states.unflatten(0, (len(pixels), -1))
            return Level(split.mean(dim=2), split)

        frames = out.pooler_output.unflatten(0, (len(pixels), -1))
        kept = tuple(level(out.hidden_states[number]) for number in levels)
        return Visual(frames.mean(dim=1), level(out.last_hidden_state), kept)

    def text(self, tokens: Tokens) -> Tensor:
        return self.model.get_text_features(input_ids=tokens.ids).pooler_output

    def logits(self, video: Tensor, text: Tensor) -> Tensor:
        return super().logits(video, text) + self.model.logit_bias

    def tune(self, towers: Towers) -> None:
        self.model.requires_grad_(towers == "both")


def siglip_backbone() -> SiglipBackbone:
    torch.manual_seed(0)
    text = {**TEXT, "hidden_size": VISION["hidden_size"], "projection_size": VISION["hidden_size"]}
    return SiglipBackbone(shaken(hf.SiglipModel(hf.SiglipConfig(text_config=text, vision_config=VISION))))


def siglip_tokens() -> Tokens:
    short = tokens()
    fill = TEXT["max_position_embeddings"] - short.ids.shape[1]
    ids = torch.nn.functional.pad(short.ids, (0, fill), value=TEXT["pad_token_id"])
    return Tokens(short.prompts, ids, torch.ones_like(ids))
