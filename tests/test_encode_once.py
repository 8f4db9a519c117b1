"""Six recognizers over two encoders: each frame is encoded once per encoder, in training and in scoring.

Decoding is shared where vectors are: a second recognizer on an encoder whose vectors are in the feature store opens no
video. Whoever shows pictures to a model reads each video again, also where the vision tower has seen them.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
import tiny_encoders
import tiny_vlms
from small_studies import lamp_study

from actscribe.compare import work
from actscribe.compare.compare import compare
from actscribe.features.embedders import network
from actscribe.models.vlm import vision
from actscribe.settings.study import load_study
from actscribe.video import reading


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Counter[tuple[str, str, float]]:
    """How often each frame of each video was encoded, by encoder."""
    counted: Counter[tuple[str, str, float]] = Counter()
    embed, encode = network.NetworkEmbedder.embed, vision.encode

    def embedding(self, clips):  # type: ignore[no-untyped-def]
        counted.update(("dinov2", clip.content, float(time)) for clip in clips for time in clip.times)
        return embed(self, clips)

    def encoding(model, family, store, units, keys, grids):  # type: ignore[no-untyped-def]
        known = {key for clip in keys for key in clip if store.get(key) is not None}
        missing = {key for clip in keys for key in clip} - known
        counted.update(("vlm", content, time) for content, times, _ in missing for time in times)
        return encode(model, family, store, units, keys, grids)

    # Two things look at clips again on purpose: the check that a saved recognizer is the trained one, and the clock.
    monkeypatch.setattr("actscribe.runs.train.COMPARED_CLIPS", 0)
    monkeypatch.setattr("actscribe.compare.work.measure_cost", lambda run, memory: None)
    monkeypatch.setattr("actscribe.compare.work.kept_cost", lambda run: "measured")
    monkeypatch.setattr(network.NetworkEmbedder, "embed", embedding)
    monkeypatch.setattr("actscribe.models.vlm.vlm.encode", encoding)
    return counted


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> Counter[tuple[str, str]]:
    """How often a recognizer reads each video from its beginning on, whatever decodes it."""
    counted: Counter[tuple[str, str]] = Counter()
    current = [""]
    frames, finish = reading._frames, work.finish

    def framing(path, times, *given):  # type: ignore[no-untyped-def]
        counted[current[0], path.name] += bool(times)
        return frames(path, times, *given)

    def finishing(part, *given):  # type: ignore[no-untyped-def]
        current[0] = part.recognizer
        return finish(part, *given)

    monkeypatch.setattr(reading, "_frames", framing)
    monkeypatch.setattr("actscribe.compare.compare.finish", finishing)
    return counted


def test_each_frame_is_encoded_once_per_encoder(
    tmp_path: Path,
    shown: Counter[tuple[str, str, float]],
    passes: Counter[tuple[str, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ACTSCRIBE_CACHE", str(tmp_path / "cache"))
    vlm = str(tiny_vlms.build("smolvlm", tmp_path / "vlm"))
    dino = str(tiny_encoders.tiny_encoder("dinov2", tmp_path / "dino"))
    recognizers = {
        "linear": {"recognizer": "probe", "model": dino},
        "attentive": {"recognizer": "probe", "model": dino, "head": "attentive", "epochs": 1},
        "vlm-yesno": {"model": vlm, "dtype": "float32", "caption_share": 0.0},
        "vlm-list": {"model": vlm, "dtype": "float32", "max_new_tokens": 2},
        "vlm-head": {"model": vlm, "precision": "float32", "epochs": 1},
        "vlm-lora": {"model": vlm, "precision": "float32", "epochs": 1, "rank": 2},
    }
    study = lamp_study(tmp_path / "study", 6, 4.0, recognizers=recognizers, empty_labels="allow")
    done = compare(load_study(study), seeds=1)
    assert {encoder for encoder, _, _ in shown} == {"dinov2", "vlm"}
    assert max(shown.values()) == 1, shown.most_common(3)
    split_of = {one.name: one.split for one in done.provenance.recordings}
    read: dict[str, dict[str, set[int]]] = {name: {} for name in recognizers}
    for (name, video), count in passes.items():
        read[name].setdefault(split_of[Path(video).stem], set()).add(count)
    once = {"train": {1}, "validation": {1}, "test": {1}}
    asked = {"validation": {1}, "test": {1}}  # nothing is learned from train
    assert read == {
        "linear": once,
        "attentive": {},  # on the vectors that the linear head left
        "vlm-yesno": asked,
        "vlm-list": asked,
        "vlm-head": once,
        "vlm-lora": once | {"validation": {2}},  # into the frame cache for training, and past it for the thresholds
    }
