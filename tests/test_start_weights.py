"""Runs know the weights that they started from: another checkpoint at the same path is no reason to reuse them."""

from __future__ import annotations

import hashlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from small_benchmarks import ActionSet
from tiny_dual_encoders import clip_model, write

from actscribe.benchmark.benchmark import benchmark
from actscribe.errors import ActScribeError
from actscribe.recognizers.base import implementation
from actscribe.run_folder.run import Run
from actscribe.runs import reuse
from actscribe.settings.recognizers.dual_encoder import ClipSettings
from actscribe.settings.registry import BUILT_IN, recognizer


def by_hand(path: Path) -> str:
    return hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()


def test_every_recognizer_that_trains_tells_what_it_starts_from() -> None:
    for name in BUILT_IN:
        settings = BUILT_IN[name].settings()
        weights = implementation(name).weights(settings)
        starts = hasattr(settings, "model") and ("clip" in name or recognizer(name).trains(settings))
        assert bool(weights) == starts, name
        assert weights == implementation(name).weights(settings)


def test_the_digest_is_of_the_weights_and_of_all_of_them(tmp_path: Path) -> None:
    write(clip_model(), tmp_path)
    settings = ClipSettings(model=str(tmp_path))
    before = implementation("clip").weights(settings)
    assert before == by_hand(tmp_path / "model.safetensors")
    (tmp_path / "README.md").write_text("of no influence")
    assert implementation("clip").weights(settings) == before
    clip_model(seed=1).save_pretrained(tmp_path)
    assert implementation("clip").weights(settings) == by_hand(tmp_path / "model.safetensors") != before


def rewrite(folder: Path, **facts: Any) -> None:
    run = Run.open(folder)
    Run(folder, run.info.model_copy(update=facts)).save_info()


@pytest.mark.slow
def test_runs_of_other_weights_are_not_reused(tmp_path: Path) -> None:
    actions = ActionSet(tmp_path)
    plan, out = actions.plan(0, "clip"), tmp_path / "out"
    weights = actions.checkpoint / "model.safetensors"
    benchmark(plan, out, cache=actions.cache)
    path = out / plan.run_name(False, 0) / "run.json"
    whole, first = path.read_text(), weights.read_bytes()
    assert Run.open(path.parent).info.weights == by_hand(weights)
    benchmark(plan, out, resume=True, cache=actions.cache)

    clip_model(seed=1).save_pretrained(actions.checkpoint)
    message = rf"model {actions.checkpoint} has different weights than when this run was made"
    with pytest.raises(ActScribeError, match=rf"used different settings or data; it differs in: {message}") as caught:
        benchmark(plan, out, resume=True, cache=actions.cache)
    assert "--out" in caught.value.hint
    rewrite(path.parent, status="training")
    with pytest.raises(ActScribeError, match=rf"used different settings or data; it differs in: {message}"):
        benchmark(plan, out, resume=True, cache=actions.cache)

    rewrite(path.parent, status="complete", weights="")  # where nothing tells, it is taken as it is
    benchmark(plan, out, resume=True, cache=actions.cache)
    path.write_text(whole)
    weights.write_bytes(first)
    benchmark(plan, out, resume=True, cache=actions.cache)
    assert path.read_text() == whole


def test_a_model_that_another_package_calls_otherwise_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reuse, "implementation", lambda name: SimpleNamespace(weights=lambda settings: "now"))
    monkeypatch.setattr(reuse, "recognizer", lambda name: SimpleNamespace(model=lambda settings: settings.checkpoint))
    run: Any = SimpleNamespace(info=SimpleNamespace(weights="then", recognizer="theirs"))
    changes = reuse._other_weights(run, SimpleNamespace(checkpoint="mine"))
    assert changes == ["model mine has different weights than when this run was made"]
