"""Low-rank adapters on vision-language models of every family: what learns, what is saved, what merging gives."""

from __future__ import annotations

import itertools
import os
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tiny_vlms
import torch
import vlm_inputs

from actscribe.data.input_spec import ClipFrames
from actscribe.errors import ActScribeError
from actscribe.models.vlm import load_vlm
from actscribe.models.vlm.loading import digest
from actscribe.models.vlm.prompts import ClipInputs, Prompter
from actscribe.recognizers import vlm_head, vlm_lora
from actscribe.recognizers.base import implementation
from actscribe.settings.study import parse_settings
from actscribe.training.inputs import TrainingInputs

QUICK = {"epochs": 2, "batch_size": 2, "learning_rate": 0.01, "head_learning_rate": 0.05}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_vlms.build("smolvlm", tmp_path_factory.mktemp("model"))


def learned(recognizer: vlm_lora.VlmLoraRecognizer) -> torch.Tensor:
    parts = recognizer.parts
    both = [*vlm_lora.adapter_weights(parts.backbone.vlm).values(), *parts.head.parameters()]
    return torch.cat([weight.detach().flatten() for weight in both])


def save(recognizer: object, folder: Path) -> Path:
    folder.mkdir()
    recognizer.save(folder)  # type: ignore[attr-defined]
    return folder


@pytest.mark.parametrize("family", tiny_vlms.FAMILIES)
def test_every_family_trains_saves_loads_and_merges(family: str, tmp_path: Path) -> None:
    model = tiny_vlms.build(family, tmp_path / "vlm")
    before = digest(model)
    for name, more in (
        ("vlm-head", {}),
        ("vlm-lora", {"tower": "both", "targets": "all-linear", "probe_first": True, "probe_epochs": 1}),
    ):
        inputs = vlm_inputs.training_inputs(
            tmp_path / name, name, model=str(model), **{**QUICK, "epochs": 1, "learning_rate": 0.05, **more}
        )
        made = implementation(name).make(inputs)
        scores = vlm_inputs.scores(made, inputs.validation)
        assert float(np.ptp(scores, axis=0).max()) > 0.01  # else equal scores would say nothing
        loaded = implementation(name).load(save(made, tmp_path / name / "model"), inputs.labels)
        np.testing.assert_allclose(vlm_inputs.scores(loaded, inputs.validation), scores, atol=1e-5)
    assert digest(model) == before
    stranger = implementation("vlm-head").load(
        tmp_path / "vlm-lora" / "model", inputs.labels
    )  # the same head without adapters
    assert float(np.abs(vlm_inputs.scores(stranger, inputs.validation) - scores).max()) > 1e-3
    vlm_lora.merge(tmp_path / "vlm-lora" / "model", tmp_path / "merged")
    for path in model.iterdir():
        path.unlink()  # a merged folder needs nothing else
    merged = implementation("vlm-head").load(tmp_path / "merged", inputs.labels)
    np.testing.assert_allclose(vlm_inputs.scores(merged, inputs.validation), scores, atol=1e-4)


def test_a_layer_that_the_model_lacks_is_refused_before_anything_is_decoded(folder: Path) -> None:
    settings = parse_settings("vlm-lora", {"model": str(folder), "targets": ["attention", "k_prj"]})
    with pytest.raises(ActScribeError, match=r"(?s)language tower is called 'k_prj'.*'k_proj'.*has down_proj, gate"):
        implementation("vlm-lora").input_spec(settings, 4)
    implementation("vlm-lora").input_spec(parse_settings("vlm-lora", {"model": str(folder), "targets": "k_proj"}), 4)
    with pytest.raises(ActScribeError, match="'gate_proj'"):  # the vision tower has none
        implementation("vlm-lora").input_spec(
            settings.model_copy(update={"targets": ("gate_proj",), "tower": "vision"}), 4
        )


@pytest.mark.parametrize("tower", ["language", "vision"])
def test_only_adapters_and_head_learn(folder: Path, tmp_path: Path, tower: str) -> None:
    inputs = vlm_inputs.training_inputs(tmp_path, "vlm-lora", model=str(folder), tower=tower, **QUICK)
    made = vlm_lora.make(inputs)
    vlm = made.parts.backbone.vlm
    base = dict(load_vlm(folder, "float32").model.named_parameters())
    adapters = vlm_lora.adapter_weights(vlm)
    for name, weight in vlm.model.named_parameters():
        if name not in adapters:
            assert torch.equal(weight, base.pop(name.replace(".base_layer", "")))
    assert base == {}
    grown = [float(weight.abs().sum()) for name, weight in adapters.items() if "lora_B" in name]
    assert len(grown) == 4  # two layers, query and value
    assert min(grown) > 0  # they begin at zero
    assert all(("vision_model" in name) == (tower == "vision") for name in adapters)


def randomised(inputs: TrainingInputs, parts: vlm_head.HeadedVlm) -> vlm_lora.Tuned:
    """An untrained network whose adapters and head are away from zero, so that every gradient is."""
    vlm = parts.backbone.vlm
    vlm_lora.inject(vlm, vlm_lora.Adapter(tuple(vlm.lora_targets("both")), 4, 8, 0.2))
    torch.manual_seed(7)
    for weight in (*vlm_lora.adapter_weights(vlm).values(), *parts.head.parameters()):
        torch.nn.init.normal_(weight, std=0.2)
    return vlm_lora.Tuned(parts).train()


def test_checkpointing_gives_the_same_gradients(folder: Path, tmp_path: Path) -> None:
    inputs = vlm_inputs.training_inputs(tmp_path, "vlm-lora", model=str(folder))
    gradients, passes = [], []
    for checkpointing in (False, True):
        parts = vlm_head.start(inputs)
        network = randomised(inputs, parts)
        if checkpointing:
            network.model.activation_checkpointing_enable({"use_reentrant": False})
        runs: list[int] = []
        layer = next(part for name, part in network.model.named_modules() if name.endswith("q_proj"))
        layer.register_forward_hook(lambda *_, runs=runs: runs.append(1))
        torch.manual_seed(3)  # the same dropout
        example = vlm_lora.clip_examples(inputs.train, parts.backbone, inputs)
        network([example(None, index)["clips"] for index in range(4)]).square().sum().backward()
        gradients.append({n: w.grad for n, w in network.named_parameters() if w.requires_grad})
        passes.append(len(runs))
    assert passes == [1, 2]
    assert len(gradients[0]) == 16 + 2
    for name, expected in gradients[0].items():
        assert float(expected.abs().max()) > 0
        torch.testing.assert_close(gradients[1][name], expected, atol=1e-5, rtol=1e-4)


def test_accumulated_passes_are_one_batch(folder: Path, tmp_path: Path) -> None:
    made = []
    for passes in (1, 2):
        settings = {
            **QUICK,
            "batch_size": 4,
            "adapter_dropout": 0.0,
            "gradient_accumulation_steps": passes,
            "learning_rate": 1e-3,
        }
        made.append(
            vlm_lora.make(vlm_inputs.training_inputs(tmp_path / str(passes), "vlm-lora", model=str(folder), **settings))
        )
    torch.testing.assert_close(learned(made[1]), learned(made[0]), atol=2e-4, rtol=0)


def test_the_processor_is_not_run_while_the_network_is(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither in training nor where processes beside it prepare clips, as they do beside a GPU: the same weights."""
    forward, prepare = vlm_lora.Tuned.forward, Prompter.inputs
    running_now: list[int] = []

    def running(self: torch.nn.Module, **batch: object) -> torch.Tensor:
        running_now.append(1)
        logits = forward(self, **batch)  # type: ignore[arg-type]
        running_now.pop()
        return logits

    def preparing(self: Prompter, clip: ClipFrames, text: str) -> ClipInputs:
        assert not running_now
        (tmp_path / f"prepared-by-{os.getpid()}").touch()
        return prepare(self, clip, text)

    monkeypatch.setattr(vlm_lora.Tuned, "forward", running)
    monkeypatch.setattr(Prompter, "inputs", preparing)
    made = []
    for readers in (0, 2):
        monkeypatch.setattr(vlm_lora, "readers", lambda data, readers=readers: readers)
        inputs = vlm_inputs.training_inputs(
            tmp_path / str(readers), "vlm-lora", model=str(folder), augment=True, **QUICK
        )
        made.append(learned(vlm_lora.make(inputs)))
        prepared_by = {path.name for path in tmp_path.glob("prepared-by-*")}
        assert (len(prepared_by) == 1) == (readers == 0)
    assert torch.equal(*made)


def test_a_killed_training_goes_on_to_the_same_weights(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {**QUICK, "model": str(folder), "epochs": 3, "probe_first": True, "probe_epochs": 1, "augment": True}
    whole = vlm_lora.make(vlm_inputs.training_inputs(tmp_path / "whole", "vlm-lora", checkpointing=True, **settings))
    inputs = vlm_inputs.training_inputs(tmp_path / "killed", "vlm-lora", checkpointing=True, **settings)
    forward, calls = vlm_lora.Tuned.forward, itertools.count()

    def dying(self: torch.nn.Module, **batch: torch.Tensor) -> torch.Tensor:
        if next(calls) == 5:  # two training batches and one of validation an epoch
            raise KeyboardInterrupt
        return forward(self, **batch)

    with monkeypatch.context() as patch:
        patch.setattr(vlm_lora.Tuned, "forward", dying)
        with pytest.raises(KeyboardInterrupt):
            vlm_lora.make(inputs)
    monkeypatch.setattr(vlm_lora, "train_head", None)  # the probe ended before the kill
    resumed = vlm_lora.make(replace(inputs, resume=True))
    torch.testing.assert_close(learned(resumed), learned(whole), atol=1e-6, rtol=0)


def test_a_probe_trains_the_head_before_the_adapters(folder: Path, tmp_path: Path) -> None:
    settings = {**QUICK, "model": str(folder), "learning_rate": 1e-12, "head_learning_rate": 0.05, "epochs": 1}
    inputs = vlm_inputs.training_inputs(tmp_path, "vlm-lora", probe_first=True, probe_epochs=4, **settings)
    parts = vlm_head.start(inputs)
    vlm_lora._probe(inputs, parts)
    scores = np.stack(list(parts.score(iter(inputs.train), "multi-label")))
    assert scores[inputs.train_targets[:, 0] == 1, 0].min() > scores[inputs.train_targets[:, 0] == 0, 0].max()


def test_augmented_clips_differ_by_epoch_and_are_not_kept(folder: Path, tmp_path: Path) -> None:
    inputs = vlm_inputs.training_inputs(tmp_path, "vlm-lora", model=str(folder), augment=True)
    example = vlm_lora.clip_examples(inputs.train, vlm_head.start(inputs).backbone, inputs)
    plain, first, again, second = (example(epoch, 0)["clips"] for epoch in (None, 0, 0, 1))
    assert plain.keys[0][0] == "digest of training"
    assert first.keys[0][0] == ""
    assert torch.equal(first.units, again.units)
    assert not torch.equal(first.units, second.units)


def test_half_precision_keeps_adapters_whole(folder: Path, tmp_path: Path) -> None:
    inputs = vlm_inputs.training_inputs(tmp_path, "vlm-lora", model=str(folder), **{**QUICK, "precision": "bfloat16"})
    made = vlm_lora.make(inputs)
    assert made.parts.backbone.vlm.model.dtype == torch.bfloat16
    assert {weight.dtype for weight in vlm_lora.adapter_weights(made.parts.backbone.vlm).values()} == {torch.float32}
    loaded = vlm_lora.load(save(made, tmp_path / "model"), inputs.labels)
    scores = vlm_inputs.scores(made, inputs.validation)
    np.testing.assert_allclose(vlm_inputs.scores(loaded, inputs.validation), scores, atol=1e-5)


def test_without_peft_the_extra_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(ActScribeError, match=r"pip install 'actscribe\[lora\]'"):
        implementation("vlm-lora").input_spec(parse_settings("vlm-lora", {"model": str(folder)}), 8)


def test_merging_a_head_says_what_is_missing(folder: Path, tmp_path: Path) -> None:
    inputs = vlm_inputs.training_inputs(tmp_path, "vlm-head", model=str(folder))
    saved = save(vlm_head.recognizer(vlm_head.start(inputs), inputs.labels), tmp_path / "model")
    with pytest.raises(ActScribeError, match=r"holds no adapter\.safetensors"):
        vlm_lora.merge(saved, tmp_path / "merged")


def test_moments_are_drawn_in_training_alone(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = vlm_inputs.training_inputs(tmp_path, "vlm-lora", model=str(folder), temporal_jitter=3)
    assert implementation("vlm-lora").input_spec(inputs.settings, 4).temporal_jitter == 3
    backbone, asked = vlm_head.start(inputs).backbone, []

    def drawn(self: vlm_inputs.MadeClips, index: int, rng: np.random.Generator) -> ClipFrames:
        asked.append((index, int(rng.integers(10**9))))
        return self[index]

    monkeypatch.setattr(vlm_inputs.MadeClips, "drawn", drawn)
    train, validation = (vlm_lora.clip_examples(data, backbone, inputs) for data in (inputs.train, inputs.validation))
    for clip, epoch in ((0, 0), (1, 0), (0, 1), (0, None)):
        train(epoch, clip)
    validation(None, 0)
    expected = [(0, 0), (1, 0), (0, 1)]
    assert asked == [(i, int(np.random.default_rng((inputs.seed, e, i)).integers(10**9))) for i, e in expected]
