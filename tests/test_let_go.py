"""A trained network is let go before the saved one is loaded: a GPU need not hold both."""

from __future__ import annotations

import weakref
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import tiny_vlms
import torch
from small_studies import LEFT, RIGHT, lamp_study
from tiny_models import tiny_timesformer

from actscribe import load_study
from actscribe.runs import train as module

COMMON = {"batch_size": 4, "epochs": 1, "precision": "float32", "keep": "last"}


@pytest.mark.parametrize("name", ["timesformer", "vlm-lora"])
def test_one_network_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    is_vlm = name.startswith("vlm")
    model = tiny_vlms.build("smolvlm", tmp_path / "model") if is_vlm else tiny_timesformer(tmp_path / "model")
    settings = {**COMMON, "model": str(model)}
    study = lamp_study(
        tmp_path / "study",
        5,
        4.0,
        recognizers={name: settings},
        labels={"name": "lamps", "labels": [LEFT, RIGHT]},
        empty_labels="allow",
    )
    trained: list[weakref.ref[Any]] = []
    still_there: list[bool] = []
    code = module.implementation(name)

    def make(inputs: Any) -> Any:
        made = code.make(inputs)
        networks = _networks(made)
        assert networks
        trained.extend(weakref.ref(one) for one in networks)
        return made

    def load(folder: Path, labels: Any) -> Any:
        still_there.extend(one() is not None for one in trained)
        return code.load(folder, labels)

    monkeypatch.setattr(module, "implementation", lambda name: replace(code, make=make, load=load))
    run = module.train(load_study(study), name)
    assert run.info.status == "complete"
    assert still_there
    assert not any(still_there)


def _networks(made: Any) -> list[torch.nn.Module]:
    """Return the large networks of a recognizer, wherever it holds them."""
    if hasattr(made, "parts"):
        return [made.parts.backbone.vlm.model]
    return [made.model.model]
