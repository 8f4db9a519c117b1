"""A probe: its heads by hand, its fit against scikit-learn, and the way through a study."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import tiny_encoders
import torch
import vlm_inputs
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score

from actscribe.errors import ActScribeError
from actscribe.labels import LabelSet
from actscribe.models.probe_heads import AttentiveHead, LinearHead, pool
from actscribe.recognizers import probe
from actscribe.recognizers.base import implementation
from actscribe.settings.recognizers.probe import ProbeSettings
from actscribe.settings.reference import settings_of
from actscribe.settings.study import parse_settings
from actscribe.training.logistic import MIDDLE, choose_strength, fit_logistic


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tiny_encoders.tiny_encoder("dinov2", tmp_path_factory.mktemp("model")))


@pytest.fixture(autouse=True)
def own_features(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACTSCRIBE_CACHE", str(tmp_path / "cache"))


def test_statistics_over_time_by_hand() -> None:
    states = torch.tensor([[[1.0], [3.0], [2.0], [99.0]], [[4.0], [0.0], [0.0], [0.0]]])
    mask = torch.tensor([[True, True, True, False], [True, False, False, False]])
    expected = [[2.0, (2 / 3) ** 0.5, 1.5], [4.0, 0.0, 0.0]]
    np.testing.assert_allclose(pool(states, mask, "statistics"), expected, rtol=1e-6)
    np.testing.assert_allclose(pool(states, mask, "mean"), [[2.0], [4.0]], rtol=1e-6)


@pytest.mark.parametrize("kind", ["linear", "attentive"])
def test_padding_changes_no_logit(kind: str) -> None:
    torch.manual_seed(0)
    head = (LinearHead(8, 3, "statistics") if kind == "linear" else AttentiveHead(8, 3, 2, 0.0)).eval()
    torch.nn.init.normal_(head.out.weight if isinstance(head, LinearHead) else head.last.weight)
    states, mask = torch.randn(2, 5, 8), torch.ones(2, 5, dtype=torch.bool)
    longer = torch.cat([states, torch.full((2, 2, 8), 7.0)], dim=1)
    wider = torch.cat([mask, torch.zeros(2, 2, dtype=torch.bool)], dim=1)
    torch.testing.assert_close(head(states, mask), head(longer, wider), atol=1e-5, rtol=1e-5)


def test_an_attentive_head_knows_the_order_of_moments() -> None:
    torch.manual_seed(0)
    head, states = AttentiveHead(8, 2, 2, 0.0).eval(), torch.randn(1, 6, 8)
    mask = torch.ones(1, 6, dtype=torch.bool)
    with torch.inference_mode():
        assert float((head(states, mask) - head(states.flip(1), mask)).abs().max()) > 1e-4


def standardised(values: np.ndarray) -> np.ndarray:
    return (values - values.mean(axis=0)) / values.std(axis=0)


@pytest.mark.parametrize("columns", [4, 200], ids=["fewer columns than clips", "more columns than clips"])
def test_the_fit_is_scikit_learns_per_label_without_what_nobody_annotated(columns: int) -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(60, columns)).astype(np.float32) * np.resize([1, 10, 0.1, 3], columns) + 2
    targets = (features[:, :4] @ rng.normal(size=(4, 2)) > rng.normal(size=2)).astype(np.float32)
    targets[:7, 1] = np.nan
    head = LinearHead(columns, 2, "mean")
    fit_logistic(head, features.astype(np.float32), targets, "multi-label", 0.1, ProbeSettings(positive_weight=False))
    logits = head.out((torch.tensor(features, dtype=torch.float32) - head.mean) / head.scale).detach().numpy()
    for label, known in ((0, slice(None)), (1, slice(7, None))):
        values = standardised(features)
        line = LogisticRegression(C=0.1, tol=1e-9, max_iter=5000).fit(values[known], targets[known, label])
        np.testing.assert_allclose(logits[:, label], line.decision_function(values), atol=3e-3)


@pytest.mark.parametrize("classes", [2, 3])
def test_classes_are_those_of_scikit_learn(classes: int) -> None:
    rng = np.random.default_rng(1)
    features = rng.normal(size=(90, 5)).astype(np.float32)
    truth = np.arange(90) % classes
    features[np.arange(90), truth] += 2
    head = LinearHead(5, 4, "mean")  # the fourth class is in no clip
    fit_logistic(
        head, features, np.eye(4, dtype=np.float32)[truth], "multi-class", 0.1, ProbeSettings(positive_weight=False)
    )
    values = standardised(features)
    probabilities = head.out(torch.tensor(values, dtype=torch.float32)).softmax(-1).detach().numpy()
    expected = LogisticRegression(C=0.1).fit(values, truth).predict_proba(values)
    np.testing.assert_allclose(probabilities[:, :classes], expected, atol=2e-3)
    assert probabilities[:, classes:].max() < 1e-3


@pytest.mark.parametrize("changes", [{}, {"pooling": "mean"}, {"head": "attentive", "epochs": 12}])
def test_a_head_learns_what_separates_and_comes_back(folder: str, tmp_path: Path, changes: dict) -> None:
    usual = {"model": folder, "batch_size": 4, "head_learning_rate": 0.01}
    inputs = vlm_inputs.training_inputs(tmp_path, "probe", 12, **(usual | changes))
    made = probe.make(inputs)
    scores = vlm_inputs.scores(made, inputs.validation)
    assert average_precision_score(inputs.validation_targets[:, 0], scores[:, 0]) == 1
    saved = tmp_path / "saved"
    saved.mkdir()
    made.save(saved)
    again = probe.load(saved, inputs.labels)
    np.testing.assert_allclose(vlm_inputs.scores(again, inputs.validation), scores, atol=1e-6)
    assert made.input_spec == inputs.input_spec


def test_multi_class_scores_sum_to_one(folder: str, tmp_path: Path) -> None:
    inputs = vlm_inputs.training_inputs(tmp_path, "probe", 8, model=folder)
    labels = LabelSet(name="two", task="multi-class", labels=({"name": "Bright"}, {"name": "Dark"}))  # type: ignore[arg-type]
    bright = inputs.train_targets[:, :1]
    both = np.concatenate([bright, 1 - bright], axis=1)
    shown = inputs.validation_targets[:, :1]
    other = np.concatenate([shown, 1 - shown], axis=1)
    made = probe.make(replace(inputs, labels=labels, train_targets=both, validation_targets=other))
    scores = vlm_inputs.scores(made, inputs.validation)
    np.testing.assert_allclose(scores.sum(axis=1), 1, atol=1e-5)
    assert (scores.argmax(1) == other.argmax(1)).all()


def test_the_penalty_is_chosen_on_validation_or_on_folds_of_groups(folder: str, tmp_path: Path) -> None:
    for keep in ("best", "last"):
        inputs = vlm_inputs.training_inputs(tmp_path / keep, "probe", 12, model=folder, keep=keep)
        inputs.folder.mkdir(parents=True)
        if keep == "last":
            recordings = inputs.train.recordings
            clips = [
                replace(clip, recording=f"{clip.recording}-{index % 3}")
                for index, clip in enumerate(inputs.train.clips)
            ]
            (one,) = recordings.values()
            inputs.train.recordings = {
                f"{one.name}-{group}": replace(
                    one, name=f"{one.name}-{group}", content=f"{one.content}-{group}", group=str(group)
                )
                for group in range(3)
            }
            inputs.train.clips = tuple(clips)
        probe.make(inputs)
        history = json.loads((inputs.folder / "training.json").read_text())
        assert len(history["tried"]) == 7
        assert min(history["tried"].values()) < 0.5 < history["best_validation_score"]
    fixed = vlm_inputs.training_inputs(tmp_path / "fixed", "probe", 12, model=folder, inverse_strength=0.5)
    fixed.folder.mkdir(parents=True)
    probe.make(fixed)
    assert json.loads((fixed.folder / "training.json").read_text())["tried"] == {}


def test_losses_that_say_nothing_choose_the_middle() -> None:
    assert choose_strength(lambda _: 0.5)[0] == pytest.approx(MIDDLE)
    assert choose_strength(lambda _: float("nan"))[0] == pytest.approx(MIDDLE)
    assert choose_strength(lambda strength: abs(strength - 1e-5))[0] == pytest.approx(1e-5)


def test_another_encoder_than_trained_on_is_refused(tmp_path: Path) -> None:
    model = tiny_encoders.tiny_encoder("dinov2", tmp_path / "encoder")
    inputs = vlm_inputs.training_inputs(tmp_path, "probe", 8, model=str(model))
    saved = tmp_path / "model"
    saved.mkdir()
    probe.make(inputs).save(saved)
    weights = model / "model.safetensors"
    from safetensors.torch import load_file, save_file

    values = load_file(weights)
    values["layernorm.weight"] += 0.1
    save_file(values, weights)
    with pytest.raises(ActScribeError, match=r"another version of .*expected digest"):
        probe.load(saved, inputs.labels)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"head": "attentive", "inverse_strength": 1.0}, "belongs to a linear head"),
        ({"augment": True}, r"probe\.augment"),
        ({"above_layers": -1}, r"probe\.above_layers"),
        ({"attention_heads": 0}, r"probe\.attention_heads"),
    ],
)
def test_settings_that_mean_nothing_are_refused(given: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_settings("probe", given)


def test_heads_that_do_not_divide_the_width_are_refused_before_anything_is_decoded(folder: str, tmp_path: Path) -> None:
    inputs = vlm_inputs.training_inputs(tmp_path, "probe", 4, model=folder, head="attentive", attention_heads=5)
    with pytest.raises(ActScribeError, match=r"attention_heads is 5.*32"):
        implementation("probe").starting(inputs.settings, inputs.labels, 2)


class Watched(ProbeSettings):
    """Notes which keys are read."""

    read: ClassVar[set[str]] = set()

    def __getattribute__(self, name: str) -> object:
        Watched.read.add(name)
        return super().__getattribute__(name)


@pytest.mark.parametrize("head", ["linear", "attentive"])
def test_what_the_page_of_settings_says_to_act_on_nothing_is_not_read(folder: str, tmp_path: Path, head: str) -> None:
    inputs = vlm_inputs.training_inputs(tmp_path, "probe", 4, model=folder, head=head, epochs=1)
    settings = Watched(**inputs.settings.model_dump())
    Watched.read.clear()
    probe.make(replace(inputs, settings=settings))
    condition = re.compile(r"Acts (?:with `(.+?): (.+?)` alone|on nothing here)\.$")
    conditional = {one.name: match for one in settings_of(ProbeSettings) if (match := condition.search(one.meaning))}
    assert "learning_rate" in conditional
    values = {name: str(value).lower() for name, value in ProbeSettings(head=head).model_dump().items()}
    inert = {name for name, match in conditional.items() if values.get(match[1]) != match[2] or not match[1]}
    assert ("epochs" in inert) == (head == "linear")
    refused_at_once = {"pooling", "attention_heads", "dropout"}
    assert Watched.read & inert - refused_at_once == set()
