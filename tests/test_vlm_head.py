"""A head on a frozen vision-language model: learns, saves, loads, resumes, and runs the model once per clip."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tiny_vlms
import torch
import vlm_inputs
from sklearn.metrics import average_precision_score

from actscribe.data.input_spec import ClipFrames
from actscribe.errors import ActScribeError
from actscribe.features.embedders.vlm import AT_ONCE
from actscribe.labels import LabelSet
from actscribe.models.vlm import Hidden, Vlm, load_vlm
from actscribe.recognizers import vlm_head
from actscribe.recognizers.base import implementation
from actscribe.recognizers.on_features import OnFeatures
from actscribe.settings.study import parse_settings


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tiny_vlms.build("smolvlm", tmp_path_factory.mktemp("model")))


@pytest.fixture(autouse=True)
def own_features(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin every test with an empty feature store."""
    monkeypatch.setenv("ACTSCRIBE_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Sizes of the batches that run through a model."""
    sizes: list[int] = []
    hidden = Vlm.hidden

    def counting(vlm: Vlm, inputs: list) -> Hidden:
        sizes.append(len(inputs))
        return hidden(vlm, inputs)

    monkeypatch.setattr(Vlm, "hidden", counting)
    return sizes


def weights(recognizer: OnFeatures) -> torch.Tensor:
    return torch.cat([weight.detach().flatten() for weight in recognizer.head.parameters()])


@pytest.mark.parametrize("changes", [{}, {"pooling": "attention", "hidden": 8}])
def test_a_head_learns_what_separates_and_comes_back(
    folder: str, tmp_path: Path, changes: dict, ran: list[int]
) -> None:
    inputs = vlm_inputs.training_inputs(
        tmp_path, "vlm-head", 12, model=folder, epochs=6, batch_size=4, head_learning_rate=0.05, **changes
    )
    made = vlm_head.make(inputs)
    assert sum(ran) == 24  # six epochs, and every clip ran through the model once
    scores = vlm_inputs.scores(made, inputs.validation)
    assert average_precision_score(inputs.validation_targets[:, 0], scores[:, 0]) == 1
    saved = tmp_path / "model"
    saved.mkdir()
    made.save(saved)
    loaded = implementation("vlm-head").load(saved, inputs.labels)
    np.testing.assert_allclose(vlm_inputs.scores(loaded, inputs.validation), scores, atol=1e-5)
    assert loaded.input_spec == inputs.input_spec
    assert sorted(path.name for path in saved.iterdir()) == ["head.safetensors", "recognizer.json"]
    assert sum(path.stat().st_size for path in saved.iterdir()) < 20_000  # the model is not copied
    values = json.loads((saved / "recognizer.json").read_text())
    assert values["prompt"] == (
        "A video of a lamp. Watch the whole clip and note which of the following can be seen in it, and when:"
        " bright; left."
    )
    assert values["prompt_version"] == 1


def test_classes_share_one_softmax(folder: str, tmp_path: Path) -> None:
    labels = LabelSet(name="lamp", task="multi-class", labels=("On", "Off"))  # type: ignore[arg-type]
    inputs = vlm_inputs.training_inputs(
        tmp_path, "vlm-head", 8, model=folder, epochs=5, batch_size=4, head_learning_rate=0.05
    )
    first, second = (
        np.stack([t[:, 0], 1 - t[:, 0]], axis=1) for t in (inputs.train_targets, inputs.validation_targets)
    )
    made = vlm_head.make(replace(inputs, labels=labels, train_targets=first, validation_targets=second))
    scores = vlm_inputs.scores(made, inputs.validation)
    np.testing.assert_allclose(scores.sum(axis=1), 1, atol=1e-5)
    assert (scores.argmax(axis=1) == second.argmax(axis=1)).all()


def test_a_killed_training_goes_on_to_the_same_head(
    folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ran: list[int]
) -> None:
    settings = {"model": folder, "epochs": 3, "batch_size": 4, "head_learning_rate": 0.05, "dropout": 0.3, "hidden": 4}
    whole = vlm_head.make(vlm_inputs.training_inputs(tmp_path / "whole", "vlm-head", 8, **settings))
    inputs = vlm_inputs.training_inputs(tmp_path / "killed", "vlm-head", 8, **settings)
    forward, calls = vlm_head.PooledHead.forward, itertools.count()

    def dying(self: torch.nn.Module, **features: torch.Tensor) -> torch.Tensor:
        if next(calls) == 5:  # two training batches and one of validation an epoch
            raise KeyboardInterrupt
        return forward(self, **features)

    with monkeypatch.context() as patch:
        patch.setattr(vlm_head.PooledHead, "forward", dying)
        with pytest.raises(KeyboardInterrupt):
            vlm_head.make(inputs)
    ran.clear()
    resumed = vlm_head.make(replace(inputs, resume=True))
    assert ran == []
    assert torch.equal(weights(resumed), weights(whole))


def test_another_head_on_a_known_model_runs_it_no_more(folder: str, tmp_path: Path, ran: list[int]) -> None:
    vlm_head.make(vlm_inputs.training_inputs(tmp_path / "one", "vlm-head", model=folder, epochs=1))
    assert sum(ran) == 8
    vlm_head.make(vlm_inputs.training_inputs(tmp_path / "two", "vlm-head", model=folder, epochs=1, hidden=4))
    assert sum(ran) == 8


def test_scores_come_in_order_from_mixed_sizes_and_an_endless_video(folder: str, tmp_path: Path) -> None:
    inputs = vlm_inputs.training_inputs(
        tmp_path, "vlm-head", 8, model=folder, epochs=2, batch_size=4, head_learning_rate=0.05
    )
    made = vlm_head.make(replace(inputs, settings=inputs.settings.model_copy(update={"batch_tokens": 200})))
    longer, _ = vlm_inputs.clips("longer", 4, 5, seed=3)
    clips = [clip for pair in zip(inputs.validation, longer, strict=False) for clip in pair]
    alone = np.concatenate([list(made.score([clip])) for clip in clips])
    np.testing.assert_allclose(list(made.score(clips)), alone, atol=1e-5)
    assert float(np.ptp(alone[:, 0])) > 0.1
    read = 0

    def endless() -> Iterator[ClipFrames]:
        nonlocal read
        for clip in itertools.cycle(clips):
            read += 1
            yield clip

    first = next(made.score(endless()))
    np.testing.assert_allclose(first, alone[0], atol=1e-5)
    assert read <= AT_ONCE


def test_an_untrained_head_answers_the_priors(folder: str, tmp_path: Path) -> None:
    inputs = vlm_inputs.training_inputs(tmp_path, "vlm-head", 4, model=folder)
    targets = np.array([[1, 0], [1, 0], [0, 0], [np.nan, 1]], dtype=np.float32)
    parts = vlm_head.start(replace(inputs, train_targets=targets))
    scores = next(parts.score([inputs.train[0]], "multi-label"))
    np.testing.assert_allclose(scores, [2.5 / 4, 1.5 / 5], atol=1e-6)


@pytest.mark.parametrize("family", tiny_vlms.FAMILIES)
def test_the_view_is_known_without_the_weights(family: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny_vlms.build(family, tmp_path)
    side = load_vlm(model).short_side
    monkeypatch.setattr(vlm_head, "load_vlm", None)
    shown = implementation("vlm-head").input_spec(parse_settings("vlm-head", {"model": str(model)}), 8)
    assert (shown.frames, shown.short_side) == (8, side)


def test_another_model_than_trained_on_is_refused(tmp_path: Path) -> None:
    model = tiny_vlms.build("smolvlm", tmp_path / "vlm")
    inputs = vlm_inputs.training_inputs(tmp_path, "vlm-head", model=str(model))
    saved = tmp_path / "model"
    saved.mkdir()
    vlm_head.recognizer(vlm_head.start(inputs), inputs.labels).save(saved)
    tiny_vlms.build("smolvlm", model, seed=1)
    with pytest.raises(ActScribeError, match=r"another version of .*expected digest"):
        vlm_head.load(saved, inputs.labels)


def test_own_prompts_are_filled_in() -> None:
    assert vlm_head.prompt("{labels}? {setting}", vlm_inputs.LABELS) == "bright; left? A video of a lamp."
    assert vlm_head.prompt("What {happens}?", vlm_inputs.LABELS) == "What {happens}?"


def test_augmenting_features_is_refused() -> None:
    with pytest.raises(ValueError, match=r"vlm-head\.augment"):
        parse_settings("vlm-head", {"augment": True})


def test_half_precision_comes_back(folder: str, tmp_path: Path) -> None:
    inputs = vlm_inputs.training_inputs(
        tmp_path, "vlm-head", 4, model=folder, epochs=2, precision="bfloat16", head_learning_rate=0.05
    )
    made = vlm_head.make(inputs)
    assert made.embedder.backbone.vlm.describe().dtype == "bfloat16"
    assert {weight.dtype for weight in made.head.parameters()} == {torch.float32}
    saved = tmp_path / "model"
    saved.mkdir()
    made.save(saved)
    scores = vlm_inputs.scores(made, inputs.validation)
    np.testing.assert_allclose(
        vlm_inputs.scores(vlm_head.load(saved, inputs.labels), inputs.validation), scores, atol=1e-5
    )
