"""A linear probe on what CLIP, ViFi-CLIP or X-CLIP make of a clip (Radford et al. 2021, section 3.2)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import cast

import torch
import transformers
from torch import Tensor, nn

from actscribe.data.input_spec import ClipFrames, InputSpec
from actscribe.features.embedder import Encoder, check_numbers, encoder_key
from actscribe.files import write_text
from actscribe.labels import LabelSet
from actscribe.models.device import autocast, device
from actscribe.models.dual_encoder.heads import LinearProbe
from actscribe.models.dual_encoder.loading import Loaded, save_network
from actscribe.models.dual_encoder.shared_frames import SharedFrameEncoder, clips_together
from actscribe.recognizers.dual_encoder.options import DualEncoderOptions
from actscribe.recognizers.on_features import OnFeatures
from actscribe.recognizers.saved import RECOGNIZER_FILE
from actscribe.training.heads import clip_features, fit_head
from actscribe.training.inputs import TrainingInputs
from actscribe.training.losses import prior_logits

#: Part of every key; raise it when vectors are made in another way.
VERSION = 1


class DualEmbedder:
    """The video embedding of a frozen dual encoder, normed: one vector a clip.

    Args:
        probe: whose backbone makes it.
        loaded: how clips are fed.
        how: precision and frames.
    """

    def __init__(self, probe: LinearProbe, loaded: Loaded, options: DualEncoderOptions) -> None:
        self._probe, self._bfloat16 = probe, options.bfloat16
        key = {
            "version": VERSION,
            "made_by": transformers.__version__,
            "backbone": options.backbone,
            "weights": _digest(probe.backbone),
            "pixels": asdict(loaded.pixels),
            "bfloat16": options.bfloat16,
        }
        self._sight = SharedFrameEncoder(probe.eval().backbone, loaded.pixels, options.bfloat16)
        width = probe.out.in_features
        self.encoder = Encoder(encoder_key(key), "clip", width, 1, 4, clips_together(self._sight.backbone))

    def embed(self, clips: Sequence[ClipFrames]) -> list[Tensor]:
        """Return what the classifier sees of each clip, float32, shape (1, D).

        Raises:
            ActScribeError: they are not numbers.
        """
        visual = self._sight.visual(clips)
        with torch.inference_mode(), autocast(self._bfloat16):
            made = [row[None] for row in self._probe.embedded(visual).cpu()]
        check_numbers(made, clips)
        return made


class OnEmbedding(nn.Module):
    """The classifier of a probe, on vectors that are there already.

    Args:
        out: of the probe.
    """

    def __init__(self, out: nn.Linear) -> None:
        super().__init__()
        self.out = out

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """Return the logits of vectors (n, 1, D), shape (n, labels); `mask` is True throughout."""
        return cast(Tensor, self.out(states[:, 0]))


def recognizer(probe: LinearProbe, loaded: Loaded, labels: LabelSet, options: DualEncoderOptions) -> OnFeatures:
    """Return a trained probe as a recognizer; labels in the order of its outputs."""

    def save(folder: Path) -> None:
        save_network(probe, loaded, options.backbone, folder)
        write_text(folder / RECOGNIZER_FILE, json.dumps(asdict(options), indent=1))

    embedder = DualEmbedder(probe.to(device()), loaded, options)
    return OnFeatures(embedder, InputSpec(options.frames, options.short_side), OnEmbedding(probe.out), labels, save)


def train(inputs: TrainingInputs, loaded: Loaded, options: DualEncoderOptions) -> OnFeatures:
    """Return a probe that learned from the training clips, whose embeddings are kept in the feature store."""
    probe = LinearProbe(loaded.backbone, prior_logits(inputs.train_targets, inputs.labels.task)).to(device())
    made = recognizer(probe, loaded, inputs.labels, options)
    fit_head(inputs, made.head, clip_features(made.embedder, inputs), inputs.settings, inputs.folder)
    probe.requires_grad_(False)
    return made


def _digest(network: nn.Module) -> str:
    """Return the digest of all tensors by name: files of the same weights differ after they were saved again."""
    state = hashlib.blake2b(digest_size=16)
    for name, value in network.state_dict().items():
        state.update(name.encode())
        state.update(value.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().data)
    return state.hexdigest()
