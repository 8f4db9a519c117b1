"""Two processes on Gloo train every recognizer that learns to the run that one process makes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import tiny_encoders
import tiny_vlms
from dual_encoder_inputs import QUICK, checkpoint
from small_studies import LEFT, RIGHT, lamp_study
from test_processes import NAMES, TORCHRUN, same, together
from tiny_classifiers import tiny_classifier

from actscribe import load_study, train
from actscribe.settings import registry

FRAMES = {"batch_size": 4, "epochs": 2, "precision": "float32", "learning_rate": 1e-3, "patience": 2}
DUAL_ENCODER = {**QUICK, **FRAMES}
ENCODED = {"batch_size": 4, "epochs": 3, "precision": "float32"}
#: What is trained here, by the name of its run; the other ones are in test_processes.py.
OTHERS = {
    "clip": {**DUAL_ENCODER, "recognizer": "clip", "learns": "both"},
    "clip-vghif": {**DUAL_ENCODER, "recognizer": "clip", "learns": "image", "vghif": True, "vghif_learning_rate": 1e-4},
    "clip-probe": {"recognizer": "clip", "learns": "probe", "epochs": 2, "batch_size": 4},
    "x-clip": {**DUAL_ENCODER, "recognizer": "x-clip", "learning_rate": 1e-4},
    "video-classifier": {**FRAMES, "recognizer": "video-classifier"},
    "probe-linear": {"recognizer": "probe", "head": "linear"},
    "probe-attentive": {**ENCODED, "recognizer": "probe", "head": "attentive", "dropout": 0.0},
    "vlm-lora-fsdp": {
        **FRAMES,
        "recognizer": "vlm-lora",
        "fsdp": True,
        "dropout": 0.0,
        "warmup": 0.0,
        "rank": 2,
        "adapter_dropout": 0.0,
    },
    "temporal": {"recognizer": "temporal", "epochs": 3, "batch_size": 2, "layers": 3, "stages": 2, "channels": 8},
}
#: How far scores may be apart: those of a random X-CLIP move by 6e-5 when its weights are moved by 1e-6 at random.
MOST = {"x-clip": 1e-4}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    root = tmp_path_factory.mktemp("every")
    encoder = tiny_encoders.tiny_encoder("dinov2", root / "dino")
    models = {
        "clip": checkpoint("vifi-clip", root),
        "x-clip": checkpoint("x-clip", root),
        "video-classifier": tiny_classifier("videomae", root / "videomae"),
        "probe": encoder,
        "temporal": encoder,
        "vlm-lora": tiny_vlms.build("smolvlm", root / "vlm"),
    }
    recognizers = {name: {**own, "model": str(models[str(own["recognizer"])])} for name, own in OTHERS.items()}
    words = [{"name": LEFT, "phrase": "push cup left"}, {"name": RIGHT, "phrase": "push cup right"}]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ACTSCRIBE_CACHE", str(root / "cache"))
        labels = {"name": "lamps", "labels": words}
        yield lamp_study(root / "study", 6, 4.0, recognizers=recognizers, labels=labels, empty_labels="allow").parent


def test_no_recognizer_that_learns_is_left_out() -> None:
    asked = {"clip": {"learns": "image"}}  # zero-shot unless it is asked to learn
    learning = {
        name
        for name, spec in registry.BUILT_IN.items()
        if spec.trains(spec.settings.model_validate(asked.get(name, {})))
    }
    assert learning == {*NAMES, *(str(own["recognizer"]) for own in OTHERS.values())}


@pytest.mark.slow
def test_two_processes_make_the_run_that_one_makes_of_all_others(study: Path, tmp_path: Path) -> None:
    jobs = [["train", str(study), "--recognizer", name, "--out", str(tmp_path / name)] for name in OTHERS]
    code, printed, errors = together(TORCHRUN, json.dumps(jobs))
    assert code == 0, errors
    assert printed.count("Run: ") == len(OTHERS)
    assert errors.count("FSDP: 2 processes divide ") == 1
    loaded = load_study(study)
    for name in OTHERS:
        same(train(loaded, name).folder, tmp_path / name, MOST.get(name, 1e-6))


@pytest.mark.slow
def test_a_training_with_divided_weights_that_was_killed_goes_on_to_the_same_run(study: Path, tmp_path: Path) -> None:
    """With FSDP a checkpoint holds what learns, which is whole in each process, so `--resume` needs nothing else."""
    name = "vlm-lora-fsdp"
    alone = train(load_study(study), name, tmp_path / "alone").folder
    steps = json.loads((alone / "training.json").read_text())["steps"]
    killed = ["train", str(study), "--recognizer", name, "--out", str(tmp_path / "killed")]
    code, _, _ = together(TORCHRUN, "--die", str(steps // 2 + 1), json.dumps([killed]))
    assert code != 0
    assert list((tmp_path / "killed" / "checkpoints").glob("checkpoint-*/digests.json"))
    code, _, errors = together(TORCHRUN, json.dumps([[*killed, "--resume"]]))
    assert code == 0, errors
    assert "FSDP: 2 processes divide " in errors
    same(alone, tmp_path / "killed")
    assert len(list((tmp_path / "killed" / "tensorboard").glob("events.*"))) == 2  # it did not begin anew
