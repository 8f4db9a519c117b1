"""A step of training of SmolVLM2-256M through adapters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import peft
import torch

from actscribe.batching import batched
from actscribe.data.clips import Clip
from actscribe.data.input_spec import ClipFrames
from actscribe.files import content_hash
from actscribe.models.vlm.pooling import mean_pool
from actscribe.recognizers import vlm_head, vlm_lora
from actscribe.video.sampling import sample_times
from actscribe.video.windows import clip_frames
from two_ways.language import Plain, head_folder, once, vlm_folder
from two_ways.ways import FRAMES, LABELS, Ways, spans


def lora(folder: Path, video: Path, bf16: bool, layers: int | None) -> Ways:
    """A training step over windows in batches of two; returns scores before the step, which is not taken back."""
    model = vlm_folder(folder, layers)
    saved = head_folder(folder, model, bf16)
    parts = once(vlm_head.load_parts(saved)[0])
    vlm, prompt = parts.backbone.vlm, vlm_head.prompt("", LABELS)
    targets = tuple(vlm.lora_targets("language"))
    torch.manual_seed(2)
    vlm_lora.inject(vlm, vlm_lora.Adapter(targets, 8, 16, 0.0))
    vlm.model.requires_grad_(False)
    learned = list(vlm_lora.adapter_weights(vlm).values())
    for weight in learned:
        weight.requires_grad_(True)
    user, head = Plain(model, bf16), vlm_head.load_parts(saved)[0].head
    user.model.requires_grad_(False)
    torch.manual_seed(2)
    config = peft.LoraConfig(r=8, lora_alpha=16, lora_dropout=0.0, target_modules=list(targets))
    peft.inject_adapter_in_model(config, user.model)
    theirs = [weight for name, weight in user.model.named_parameters() if ".lora_" in name]
    for weight in theirs:
        weight.data = weight.data.float()
        weight.requires_grad_(True)
    truth = torch.zeros(2, len(LABELS))

    def step(logits: torch.Tensor, weights: list[Any]) -> np.ndarray:
        torch.nn.functional.binary_cross_entropy_with_logits(logits, truth[: len(logits)].to(logits.device)).backward()
        for weight in weights:
            weight.grad = None  # the optimizer's own step costs both the same, and would let the two drift apart
        return logits.detach().sigmoid().cpu().numpy()

    decoded: dict[int, list[Any]] = {}  # ours trains from a cache of frames

    def clips(windows: int) -> list[Any]:
        if windows not in decoded:
            content, times = content_hash(video), [sample_times(start, end, FRAMES) for start, end in spans(windows)]
            decoded[windows] = [
                ClipFrames(Clip("scene", *span), content, images, moments)
                for span, (images, moments) in zip(spans(windows), clip_frames(video, times), strict=True)
            ]
        return decoded[windows]

    def ours(windows: int) -> np.ndarray:
        rows = []
        for batch in batched(clips(windows), 2):
            hidden = vlm.hidden(parts.backbone.inputs(batch))
            rows.append(
                step(parts.head(hidden.states, hidden.mask, hidden.video), [*learned, *parts.head.parameters()])
            )
        return np.concatenate(rows)

    def plain(windows: int) -> np.ndarray:
        rows = []
        for batch in batched(spans(windows), 2):
            states, mask = user.states(user.fed(video, batch, [prompt], "right"))
            rows.append(step(head.score(mean_pool(states, mask)), [*theirs, *head.parameters()]))
        return np.concatenate(rows)

    return Ways(ours, plain)
