"""Eight recognizers over two encoders: each video is decoded once, each frame encoded once per encoder."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
import tiny_encoders
import tiny_vlms
from small_studies import lamp_study

from actscribe.compare.compare import compare
from actscribe.features.embedders import network
from actscribe.models.vlm import vision
from actscribe.settings.study import load_study
from actscribe.video import reading


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Counter[tuple[str, str, float]]:
    """How often each frame of each video was encoded, by encoder."""
    counted: Counter[tuple[str, str, float]] = Counter()
    feed, encode = network.NetworkEmbedder.feed, vision.encode

    def embedding(self, clips):  # type: ignore[no-untyped-def]
        counted.update(("dinov2", clip.content, float(time)) for clip in clips for time in clip.times)
        return feed(self, clips)

    def encoding(model, family, store, units, keys, grids):  # type: ignore[no-untyped-def]
        known = {key for clip in keys for key in clip if store.get(key) is not None}
        missing = {key for clip in keys for key in clip} - known
        counted.update(("vlm", content, time) for content, times, _ in missing for time in times)
        return encode(model, family, store, units, keys, grids)

    # Two things look at clips again on purpose: the check that a saved recognizer is the trained one, and the clock.
    monkeypatch.setattr("actscribe.runs.train.COMPARED_CLIPS", 0)
    monkeypatch.setattr("actscribe.compare.work.measure_cost", lambda run, memory: None)
    monkeypatch.setattr("actscribe.compare.work.kept_cost", lambda run: "measured")
    monkeypatch.setattr(network.NetworkEmbedder, "feed", embedding)
    monkeypatch.setattr("actscribe.models.vlm.vlm.encode", encoding)
    return counted


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each video is decoded from its beginning on."""
    counted: Counter[str] = Counter()
    together = reading.frames_together

    def counting(path, wants):  # type: ignore[no-untyped-def]
        counted[path.name] += any(want.times for want in wants)
        return together(path, wants)

    monkeypatch.setattr(reading, "frames_together", counting)
    monkeypatch.setattr("actscribe.video.sharing.frames_together", counting)
    return counted


@pytest.mark.slow
def test_each_video_is_decoded_once_and_each_frame_encoded_once_per_encoder(
    tmp_path: Path,
    shown: Counter[tuple[str, str, float]],
    passes: Counter[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ACTSCRIBE_CACHE", str(tmp_path / "cache"))
    vlm = str(tiny_vlms.build("smolvlm", tmp_path / "vlm"))
    dino = str(tiny_encoders.tiny_encoder("dinov2", tmp_path / "dino"))
    recognizers = {
        "linear": {"recognizer": "probe", "model": dino},
        "attentive": {"recognizer": "probe", "model": dino, "head": "attentive", "epochs": 1},
        "temporal": {"model": dino, "step": 0.5, "epochs": 1, "channels": 4, "layers": 2, "stages": 1},
        "vlm-yesno": {"model": vlm, "dtype": "float32", "caption_share": 0.0},
        "vlm-list": {"model": vlm, "dtype": "float32", "max_new_tokens": 2},
        "vlm-ground": {"model": vlm, "dtype": "float32", "max_new_tokens": 2, "window": 3, "stride": 2, "frames": 5},
        "vlm-head": {"model": vlm, "precision": "float32", "epochs": 1},
        "vlm-lora": {"model": vlm, "precision": "float32", "epochs": 1, "rank": 2},
    }
    study = lamp_study(tmp_path / "study", 6, 4.0, recognizers=recognizers, empty_labels="allow")
    done = compare(load_study(study), seeds=1)
    assert {encoder for encoder, _, _ in shown} == {"dinov2", "vlm"}
    assert max(shown.values()) == 1, shown.most_common(3)
    assert passes == {f"{one.name}.mp4": 1 for one in done.provenance.recordings}
