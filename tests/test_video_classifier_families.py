"""VideoMAE, ViViT, V-JEPA 2 and VideoPrism as recognizers, each on a small random checkpoint of its real class."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from small_studies import lamp_study
from tiny_classifiers import CONFIGS, STATISTICS, tiny_classifier
from tiny_models import tiny_timesformer
from transformers import AutoModelForVideoClassification

from actscribe.data.clips import Clip
from actscribe.data.input_spec import ClipFrames
from actscribe.errors import ActScribeError
from actscribe.labels import Label, LabelSet
from actscribe.models.video_classifier import changes, configuration, load_classifier
from actscribe.recognizers.plans.clips import plan_classifier
from actscribe.recognizers.video_classifier import VideoClassifierRecognizer, input_spec
from actscribe.runs.evaluate import evaluate
from actscribe.runs.train import train
from actscribe.settings.recognizers.video_classifier import TimesformerSettings, VideoClassifierSettings
from actscribe.settings.study import load_study

LABELS = LabelSet(name="two", labels=(Label(name="A"), Label(name="B")))


@pytest.fixture(scope="module", params=CONFIGS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def checkpoint(kind: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_classifier(kind, tmp_path_factory.mktemp(kind))


def clip(frames: int, side: int, seed: int = 0) -> ClipFrames:
    shown = np.random.default_rng(seed).integers(0, 256, size=(frames, side, side, 3), dtype=np.uint8)
    return ClipFrames(Clip("r", 0.0, 1.0, (1.0, 0.0)), "", shown, np.arange(frames) / frames)


def test_scores_are_those_of_transformers_own_forward_with_the_checkpoints_mean_and_std(
    kind: str, checkpoint: Path
) -> None:
    names = tuple(CONFIGS[kind].id2label.values())
    model, pixels = load_classifier(str(checkpoint), names, 4)
    labels = LabelSet(name="own", labels=tuple(Label(name=name) for name in names))
    shown = clip(4, pixels.size)
    (scores,) = VideoClassifierRecognizer(model, pixels, labels, False).score([shown])
    mean, std = STATISTICS[kind]
    fed = torch.from_numpy(((shown.frames / 255 - mean) / std).astype(np.float32)).permute(0, 3, 1, 2)[None]
    plain = AutoModelForVideoClassification.from_pretrained(checkpoint).eval()
    with torch.no_grad():
        logits = plain(fed).logits[0]
    np.testing.assert_allclose(scores, torch.sigmoid(logits).flatten().numpy(), atol=1e-5)


def test_another_number_of_frames_is_told_apart_and_said(kind: str, checkpoint: Path) -> None:
    model, pixels = load_classifier(str(checkpoint), LABELS.names, 8)
    assert model.frames == 8
    recognizer = VideoClassifierRecognizer(model, pixels, LABELS, False)
    assert recognizer.input_spec.frames == 8
    one = clip(8, pixels.size)
    other = ClipFrames(one.clip, "", one.frames[::-1], one.times)
    first, second = recognizer.score([one, other])
    assert abs(first - second).max() > 1e-4  # the order of the frames is seen
    (change,) = [word for word in changes(str(checkpoint), 8) if "positions" in word]
    assert change.endswith("were resized to 8" if kind.startswith(("vivit", "videoprism")) else "are computed for 8")


def test_learned_positions_repeat_the_nearest_moment(tmp_path: Path) -> None:
    folder = tiny_classifier("vivit", tmp_path)
    old = AutoModelForVideoClassification.from_pretrained(folder).vivit.embeddings.position_embeddings[0]
    new = load_classifier(str(folder), LABELS.names, 8)[0].model.vivit.embeddings.position_embeddings[0]
    assert torch.equal(new[0], old[0])  # the class token
    patches, moments = old[1:].reshape(2, 4, -1), new[1:].reshape(4, 4, -1)  # 2 x 2 patches
    assert torch.equal(moments, patches[[0, 0, 1, 1]])


def test_frames_that_do_not_come_out_even_are_refused(kind: str, checkpoint: Path) -> None:
    settings = VideoClassifierSettings(model=str(checkpoint))
    if kind.startswith("videoprism"):
        assert input_spec(settings, 3).frames == 3
        return
    with pytest.raises(ActScribeError, match="takes 2 frames at a time, and clips have 3") as caught:
        input_spec(settings, 3)
    assert "a multiple of 2" in caught.value.hint


def test_it_is_trained_saved_and_measured_in_a_study(kind: str, checkpoint: Path, tmp_path: Path) -> None:
    settings = {
        "recognizer": "video-classifier",
        "model": str(checkpoint),
        "epochs": 2,
        "batch_size": 8,
        "frozen_epochs": 0,
        "unfreeze_blocks": 0,
        "learning_rate": 1e-3,
        "precision": "float32",
    }
    study = load_study(lamp_study(tmp_path / "study", recognizers={"mine": settings}))
    run = train(study, "mine")  # saves, loads again and compares scores
    assert evaluate(run).evaluation.headline() > 0
    body = {name: value for name, value in run.recognizer().model.model.named_parameters() if "classifier" not in name}
    before = dict(AutoModelForVideoClassification.from_pretrained(checkpoint).named_parameters())
    learned = {name for name, value in body.items() if not torch.equal(value, before[name])}
    assert learned >= {name for name in body if "layer" in name and "predictor" not in name and "bias" not in name}
    assert plan_classifier(VideoClassifierSettings(model=str(checkpoint)), 4, 2).memory > 0


@pytest.mark.parametrize(
    ("kind", "values", "message"),
    [
        ("videomae", {"tubelet_size": 0}, "tubelet_size to be a whole number above 0, found 0"),
        ("vivit", {"tubelet_size": [0, 16, 16]}, "tubelet_size to be a whole number above 0, found 0"),
        ("vivit", {"tubelet_size": []}, r"tubelet_size to be frames, rows and columns, found \[\]"),
        ("vivit", {"tubelet_size": [2, 16]}, "tubelet_size to be frames, rows and columns"),
        ("vivit", {"tubelet_size": [2, 16, 64]}, "token to be smaller than a clip, found one of 2 frames of 16 x 64"),
        ("vjepa2", {"crop_size": 0}, "crop_size to be a whole number above 0, found 0"),
        ("vjepa2", {"tubelet_size": 8}, "token to be smaller than a clip, found one of 8 frames"),
        ("videomae", {"image_size": [32, 48]}, r"image_size to be the side of a square, found \[32, 48\]"),
        ("videomae", {"image_size": []}, "image_size to be the side of a square"),
        ("videomae", {"image_size": [-1, -1]}, "image_size to be a whole number above 0, found -1"),
        ("videomae", {"image_size": 100_000}, "78125000 positions of 32 numbers"),
        ("vivit", {"image_size": 100_000}, "78125000 positions of 32 numbers"),
        ("videomae", {"num_frames": 10**9}, "2000000000 positions of 32 numbers"),
        ("videoprism_vision_model", {"num_frames": 10**9}, "positions of 32 numbers"),
        ("videomae", {"hidden_size": 10**9}, "8 positions of 1000000000 numbers"),
        ("videomae", {"architectures": ["XForVideoClassification"]}, "expected VideoMAEForVideoClassification"),
        ("videomae", {"architectures": ["VivitForVideoClassification"]}, "expected VideoMAEForVideoClassification"),
        ("videomae", {"architectures": []}, "is not a classifier of videos"),
    ],
)
def test_a_damaged_configuration_is_refused_before_anything_is_built(
    tmp_path: Path, kind: str, values: dict[str, object], message: str
) -> None:
    folder = tiny_classifier(kind, tmp_path)
    config = folder / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | values))
    with pytest.raises(ActScribeError, match=message):
        configuration(str(folder))


@pytest.mark.parametrize("kind", ["timesformer", "videomae", "vivit", "videoprism_vision_model"])
def test_a_side_told_twice_is_one(tmp_path: Path, kind: str) -> None:
    folder = tiny_timesformer(tmp_path) if kind == "timesformer" else tiny_classifier(kind, tmp_path)
    config = folder / "config.json"
    values = json.loads(config.read_text())
    side = values["image_size"]
    config.write_text(json.dumps(values | {"image_size": [side, side]}))
    model, pixels = load_classifier(str(folder), LABELS.names, 4)
    assert pixels.size == side
    with torch.no_grad():
        assert model(torch.zeros(1, 4, 3, side, side)).shape == (1, 2)
    assert plan_classifier(VideoClassifierSettings(model=str(folder)), 4, 2).memory > 0


def test_the_recognizer_timesformer_takes_no_other_family(checkpoint: Path, tmp_path: Path) -> None:
    with pytest.raises(ActScribeError, match="expected a timesformer"):
        input_spec(TimesformerSettings(model=str(checkpoint)), 4)
    assert input_spec(TimesformerSettings(model=str(tiny_timesformer(tmp_path))), 4).frames == 4
