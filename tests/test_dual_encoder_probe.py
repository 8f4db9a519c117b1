"""The linear probe on CLIP and X-CLIP: what it sees, computed once for all that meet the same clips."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from dual_encoder_inputs import CLASSES, SEVERAL, training_inputs
from tiny_dual_encoders import MEAN, STD

from actscribe.data.input_spec import ClipFrames
from actscribe.labels import LabelSet
from actscribe.models.dual_encoder.shared_frames import SharedFrameEncoder
from actscribe.recognizers.base import implementation
from actscribe.recognizers.dual_encoder import recognizer as dual_encoder


@pytest.mark.parametrize(("name", "labels"), [("x-clip", SEVERAL), ("clip", CLASSES)])
def test_a_probe_sees_the_normed_embedding_of_each_clip_once_for_all_seeds_and_after_it_was_saved(
    name: str, labels: LabelSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACTSCRIBE_CACHE", str(tmp_path / "cache"))
    counts: list[int] = []

    def visual(self: SharedFrameEncoder, clips: list[ClipFrames]) -> Any:
        counts.append(len(clips))
        return whole(self, clips)

    whole = SharedFrameEncoder.visual
    monkeypatch.setattr(SharedFrameEncoder, "visual", visual)
    works = [
        replace(training_inputs(tmp_path / str(seed), name, tmp_path, labels, learns="probe", epochs=5), seed=seed)
        for seed in (0, 1)
    ]
    made = [dual_encoder.make(work) for work in works]
    assert sum(counts) == 12  # eight training clips and four of validation, by the first training alone
    (tmp_path / "model").mkdir()
    made[1].save(tmp_path / "model")
    loaded = implementation(name).load(tmp_path / "model", labels)
    assert loaded.embedder.encoder == made[0].embedder.encoder
    clip = works[0].train[3]
    (vector,) = loaded.embedder.embed([clip])
    backbone = loaded.embedder._probe.backbone
    pixels = torch.from_numpy((clip.frames / 255 - MEAN) / STD).float().permute(0, 3, 1, 2)[None]
    expected = backbone.visual(pixels).video
    torch.testing.assert_close(
        vector, torch.nn.functional.layer_norm(expected, expected.shape[1:]), atol=1e-4, rtol=1e-4
    )
