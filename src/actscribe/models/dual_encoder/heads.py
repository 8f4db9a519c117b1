"""From the scores of a dual encoder to the logits of a study: one softmax, or a sigmoid with its own bias per label."""

from __future__ import annotations

from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from actscribe.labels import Task
from actscribe.models.dual_encoder.interface import Backbone, Visual

#: Shares are kept this far from 0 and 1, so that a label that never or always occurs gets a finite bias.
LEAST_SHARE = 1e-3


class LabelHead(nn.Module):
    """Turns the scaled cosines of videos and prompts into logits.

    Multi-class studies take them as they are: softmax over the class prompts (CLIP). Multi-label studies add a learned
    bias per label, for a sigmoid (ours, as in SigLIP but one bias per label): scaled cosines of CLIP lie around 25
    whatever the video shows. Untrained, the bias has nothing to learn from; with `neutral` the last prompt says nothing
    of any label, such as "a video.", and its score is subtracted, so that sigmoid(logit) is the softmax over the
    label's prompt and the neutral one (ours).

    Args:
        task: "multi-label" or "multi-class".
        labels: how many.
        neutral: whether there is one score more than labels; multi-label only.
    """

    def __init__(self, task: Task, labels: int, neutral: bool = False) -> None:
        super().__init__()
        if neutral and task == "multi-class":
            raise ValueError("a multi-class study compares its prompts with each other, not with a neutral one")
        self.task, self.labels, self.neutral = task, labels, neutral
        self.bias = nn.Parameter(torch.zeros(labels)) if task == "multi-label" else None

    def forward(self, scores: Tensor) -> Tensor:
        """Return the logits, shape (batch, labels), of scores of the same shape, or with one column more if neutral."""
        if self.neutral:
            scores = scores[:, :-1] - scores[:, -1:]
        return scores if self.bias is None else scores + self.bias

    @torch.no_grad()
    def start(self, scores: Tensor, priors: np.ndarray) -> None:
        """Set the biases so that over clips each label's mean probability is its prior; multi-class: no change.

        Args:
            scores: of training clips by the untrained network, shape (clips, columns).
            priors: share of training clips with each label, shape (labels,).
        """
        if self.bias is None:
            return
        self.bias.zero_()
        logits = self(scores).cpu().double()  # not every GPU has float64
        wanted = torch.from_numpy(np.clip(priors, LEAST_SHARE, 1 - LEAST_SHARE)).double()
        middle = wanted.logit()
        low, high = middle - logits.amax(0), middle - logits.amin(0)  # at these all clips lie below, above the prior
        for _ in range(60):
            centre = (low + high) / 2
            above = (logits + centre).sigmoid().mean(0) > wanted
            low, high = torch.where(above, low, centre), torch.where(above, centre, high)
        self.bias.copy_((low + high) / 2)


class LinearProbe(nn.Module):
    """A linear classifier on the frozen video embedding, which never meets a prompt (CLIP's linear probe).

    The embedding is layer-normed without weights (ours: embeddings differ in scale between models); the classifier
    starts at zero, so an untrained probe answers its bias.

    Args:
        backbone: frozen here.
        bias: logits of an untrained probe, shape (labels,); see `training.losses.prior_logits`.
    """

    def __init__(self, backbone: Backbone, bias: np.ndarray) -> None:
        super().__init__()
        backbone.tune("none")
        self.backbone = backbone
        self.norm = nn.LayerNorm(backbone.joint, elementwise_affine=False)
        self.out = nn.Linear(backbone.joint, len(bias))
        nn.init.zeros_(self.out.weight)
        with torch.no_grad():
            self.out.bias.copy_(torch.from_numpy(bias))

    #: Blocks of the visual encoder whose outputs are needed.
    levels: tuple[int, ...] = ()

    def embed(self, pixel_values: Tensor) -> Tensor:
        """Return what `score` takes, shape (batch, D); it never changes, so it can be kept for all epochs."""
        return self.embedded(self.backbone.visual(pixel_values))

    def embedded(self, visual: Visual) -> Tensor:
        """Return what `embed` does, from what the backbone made of the videos."""
        return cast(Tensor, self.norm(visual.video.float()))

    def answered(self, visual: Visual) -> Tensor:
        """Return what `forward` does, from what the backbone made of the videos."""
        return self.score(self.embedded(visual))

    def score(self, embedded: Tensor) -> Tensor:
        """Return the logits of what `embed` made, shape (batch, labels), float32 under any autocast."""
        with torch.autocast(embedded.device.type, enabled=False):
            return cast(Tensor, self.out(embedded))

    def forward(self, pixel_values: Tensor) -> Tensor:
        """Return the logits of videos (batch, frames, 3, side, side), shape (batch, labels)."""
        return self.score(self.embed(pixel_values))
