"""Visual features of a model on disk: another copy of the model finds them, and few videos are held open."""

from __future__ import annotations

from pathlib import Path

import pytest
import tiny_vlms
import torch

from actscribe.features import vision
from actscribe.features.store import FeatureStore
from actscribe.features.vision import VisionShelves
from actscribe.models.vlm import load_vlm


def test_another_copy_finds_them_and_old_videos_are_let_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vision, "MOST_SHELVES", 2)
    folder = tiny_vlms.build("smolvlm", tmp_path / "model")
    vlm = load_vlm(folder, "float32")
    shelves = VisionShelves(vlm, FeatureStore(tmp_path / "store", 2**30))
    made = {
        (f"video {video}", (float(frame),), (32, 32)): (torch.randn(4, vlm.width),)
        for video in range(5)
        for frame in range(3)
    }
    for key, features in made.items():
        shelves.put(key, features)
    assert len(shelves._shelves) == 2
    shelves.write()
    again = VisionShelves(load_vlm(folder, "float32"), FeatureStore(tmp_path / "store", 2**30))
    for key, features in made.items():
        kept = again.get(key)
        assert kept is not None
        assert torch.equal(kept[0], features[0])
    assert again.get(("video 0", (9.0,), (32, 32))) is None
    other = VisionShelves(load_vlm(folder, "bfloat16"), FeatureStore(tmp_path / "store", 2**30))
    assert all(other.get(key) is None for key in made)


def test_a_full_store_is_no_error(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    vlm = load_vlm(tiny_vlms.build("smolvlm", tmp_path / "model"), "float32")
    shelves = VisionShelves(vlm, FeatureStore(tmp_path / "store", 10))
    shelves.put(("video", (0.0,), (32, 32)), (torch.randn(4, vlm.width),))
    shelves.write()
    assert "visual features are not kept" in caplog.text
    assert shelves.get(("video", (0.0,), (32, 32))) is None
